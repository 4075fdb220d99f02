"""Large text files in passages and lines: nothing lost, nothing cut where it need not be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.config.schema import Source
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources import blocks, passages, read
from msopt_tui.data.sources.passages import PATIENCE
from msopt_tui.data.tally import Tally

texts = st.text(alphabet="ab \n", max_size=300)


@given(texts, st.integers(1, 20), st.integers(1, 40))
def test_passages_put_together_are_the_text_and_never_too_long(text: str, chars: int, block: int) -> None:
    parts = [text[start : start + block] for start in range(0, len(text), block)]
    found = list(passages.passages(parts, chars))
    assert "".join(passage for passage, _ in found) == text
    assert all(len(passage) <= PATIENCE * chars for passage, _ in found)


@given(texts, st.integers(1, 20), st.integers(1, 40), st.integers(1, 40))
def test_passages_do_not_depend_on_the_blocks(text: str, chars: int, one: int, other: int) -> None:
    both = [
        list(passages.passages([text[start : start + block] for start in range(0, len(text), block)], chars))
        for block in (one, other)
    ]
    assert both[0] == both[1]


def test_a_passage_ends_at_the_first_blank_line_after_its_length() -> None:
    text = "one\n\ntwo two\n \nthree\n\nfour"
    assert [passage for passage, _ in passages.passages([text], 6)] == ["one\n\ntwo two\n \n", "three\n\nfour"]


def test_a_paragraph_that_never_ends_is_cut_at_a_line_break_then_at_a_space() -> None:
    lines = "word word\n" * 10
    found = list(passages.passages([lines], 12))
    assert all(forced and passage.endswith("\n") for passage, forced in found[:-1])
    assert all(passage.endswith(" ") for passage, _ in list(passages.passages(["word " * 30], 12))[:-1])


@given(texts)
def test_lines_are_the_lines_of_the_text(text: str) -> None:
    found = [line for line, _ in passages.short_lines([text[:7], text[7:]])]
    assert found == (text.removesuffix("\n").split("\n") if text else [])


def read_text(base_dir: Path, **keys: object) -> tuple[list[str], Tally]:
    tally = Tally()
    source = Source(path="a.txt", **keys)  # type: ignore[arg-type]  # the keys of one test
    return [document.text for document in read(source, base_dir, tally)], tally


def test_a_file_becomes_passages_with_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(("A sentence. " * 40 + "\n\n") * 5)
    tally = Tally()
    found = list(read(Source(path="a.txt", document="paragraphs", document_chars=256), tmp_path, tally))
    assert [document.label for document in found] == [f"a.txt#{number}" for number in range(1, 6)]
    assert not tally.changed


def test_blank_lines_are_counted_and_long_lines_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "LINE_CHARS", 10)
    (tmp_path / "a.txt").write_text("short\n\n \n" + "x" * 25 + "\nend")
    found, tally = read_text(tmp_path, document="line")
    assert found == ["short", "x" * 10, "x" * 10, "xxxxx", "end"]
    assert tally.removed == {"blank lines": 2}
    assert tally.changed == {"lines cut because they are too long": 2}


@pytest.mark.parametrize("document", ["paragraphs", "line"])
def test_one_endless_line_takes_bounded_pieces(tmp_path: Path, document: str) -> None:
    (tmp_path / "a.txt").write_text("x" * 3_000_000)
    found, tally = read_text(tmp_path, document=document)
    assert "".join(found) == "x" * 3_000_000
    assert max(map(len, found)) <= passages.LINE_CHARS
    assert tally.changed.total() >= 11


def test_a_file_too_large_for_one_document_says_how_to_cut_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "FILE_LIMIT", 100)
    (tmp_path / "a.txt").write_text("x" * 101)
    with pytest.raises(DataError, match=r'a\.txt: has 101 bytes.*set document = "paragraphs" or "line"'):
        read_text(tmp_path)
    assert read_text(tmp_path, document="line")[0] == ["x" * 101]


def first_bad_byte(raw: bytes) -> int | None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


@given(st.binary(max_size=40), st.integers(1, 5))
def test_blocks_decode_like_the_whole(tmp_path_factory: pytest.TempPathFactory, raw: bytes, size: int) -> None:
    path = tmp_path_factory.mktemp("bytes") / "a.txt"
    path.write_bytes(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", max(size, 4))
        try:
            text = "".join(blocks.text_blocks(path))
        except DataError as error:
            refusal = str(error)
        else:
            assert text == raw.decode("utf-8-sig")
            return
    assert "NUL byte" in refusal or "not UTF-8: convert" in refusal or f"at {first_bad_byte(raw)})" in refusal
