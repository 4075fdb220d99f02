"""JSONL and CSV: every row is a document, or counted and shown, or too many of them an error."""

import csv
import json
from pathlib import Path

import pytest

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources import blocks, read
from msopt_tui.data.tally import Tally


def read_rows(source: Source, base_dir: Path) -> tuple[list[Document], Tally]:
    tally = Tally()
    return list(read(source, base_dir, tally)), tally


def jsonl(max_broken_rows: int = 10, text_column: str = "text") -> Source:
    return Source(kind="jsonl", path="rows.jsonl", max_broken_rows=max_broken_rows, text_column=text_column)


def write(base_dir: Path, content: str | bytes, name: str = "rows.jsonl") -> None:
    (base_dir / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_every_row_is_a_document_with_its_number(tmp_path: Path) -> None:
    write(tmp_path, '\ufeff{"text": "Größe 🙂", "id": 1}\r\n\n{"text": "second\\nline"}')
    found, tally = read_rows(jsonl(), tmp_path)
    assert found == [Document("Größe 🙂", "rows.jsonl", 1), Document("second\nline", "rows.jsonl", 3)]
    assert not tally.removed


def test_another_column_is_another_origin(tmp_path: Path) -> None:
    write(tmp_path, '{"title": "a", "text": "b"}\n')
    found, _ = read_rows(jsonl(text_column="title"), tmp_path)
    assert [(document.text, document.label) for document in found] == [("a", "rows.jsonl[title]#1")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"text": "torn', "not valid JSON"),
        (b'["a list"]', "not an object"),
        (b'{"text": 7}', "a int where text is meant"),
        (b'{"other": "x"}', 'no column "text"'),
        (b'{"text": "\xff"}', "not UTF-8"),
        (b'{"text": "\\ud800"}', "not valid JSON"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_row_is_counted_and_shown_and_the_rest_is_read(tmp_path: Path, line: bytes, why: str) -> None:
    write(tmp_path, b'{"text": "one"}\n' + line + b'\n{"text": "three"}\n')
    found, tally = read_rows(jsonl(), tmp_path)
    assert [document.text for document in found] == ["one", "three"]
    assert tally.removed == {"broken rows": 1}
    assert tally.examples["broken rows"][0].startswith(f"rows.jsonl#2: {why}")


def test_one_broken_row_too_many_is_an_error_that_shows_it(tmp_path: Path) -> None:
    write(tmp_path, '{"text": "one"}\n' + "\x1b]52;c;evil\n" * 3)
    with pytest.raises(DataError, match=r"rows\.jsonl#4: broken row: not valid JSON.*max_broken_rows = 2") as caught:
        read_rows(jsonl(max_broken_rows=2), tmp_path)
    assert str(caught.value).isprintable()


def test_an_endless_line_is_a_broken_row_and_not_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "ROW_LIMIT", 1000)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    write(tmp_path, '{"text": "' + "x" * 5000 + '"}\n{"text": "fine"}')
    found, tally = read_rows(jsonl(), tmp_path)
    assert [document.text for document in found] == ["fine"]
    assert tally.removed == {"broken rows": 1}


def test_rows_without_text_and_nul_characters_are_counted(tmp_path: Path) -> None:
    write(tmp_path, '{"text": null}\n{"text": ""}\n{"text": "a\\u0000b"}\n')
    found, tally = read_rows(jsonl(), tmp_path)
    assert [document.text for document in found] == ["ab"]
    assert tally.removed == {"rows without text": 2, "NUL characters": 1}


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_column_that_is_not_there_names_those_that_are(tmp_path: Path, kind: str) -> None:
    rows = {"jsonl": '{"title": "a", "body": "b"}\n', "csv": "title,body\na,b\n"}[kind]
    write(tmp_path, rows, f"rows.{kind}")
    source = {"jsonl": jsonl(), "csv": Source(kind="csv", path="rows.csv")}[kind]
    with pytest.raises(DataError, match=r'no column "text": set data\.sources\.text_column to one of: title, body'):
        read_rows(source, tmp_path)


def test_utf_16_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, json.dumps({"text": "a"}).encode("utf-16"))
    with pytest.raises(DataError, match=r"rows\.jsonl: is UTF-16, not UTF-8"):
        read_rows(jsonl(), tmp_path)


def test_a_file_that_changes_while_it_is_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 20)
    write(tmp_path, '{"text": "one"}\n' * 9)
    reading = read(jsonl(), tmp_path, Tally())
    next(reading)
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write("more")
    with pytest.raises(DataError, match=r"rows\.jsonl: changed while it was being read"):
        list(reading)


def test_only_the_first_documents_are_read_where_so_many_are_wanted(tmp_path: Path) -> None:
    write(tmp_path, "".join(json.dumps({"text": f"row {number}"}) + "\n" for number in range(9)))
    source = Source(kind="jsonl", path="rows.jsonl", max_documents=4)
    assert len(read_rows(source, tmp_path)[0]) == 4


@pytest.mark.parametrize(("name", "delimiter"), [("rows.csv", ","), ("rows.tsv", "\t")])
def test_csv_is_read_with_quotes_line_breaks_and_its_own_delimiter(tmp_path: Path, name: str, delimiter: str) -> None:
    with (tmp_path / name).open("w", newline="") as file:
        table = csv.writer(file, delimiter=delimiter)
        table.writerows([["id", "text"], ["1", 'a "quoted"\nline,\twith all'], ["2", "plain"]])
    found, _ = read_rows(Source(kind="csv", path=name), tmp_path)
    assert [document.text for document in found] == ['a "quoted"\nline,\twith all', "plain"]


def test_csv_rows_of_another_width_or_with_open_quotes_are_broken(tmp_path: Path) -> None:
    write(tmp_path, 'id,text\n1,fine\n2,too,many\n3\n4,"a" b\n5,fine too\n6,"never closed\n', "rows.csv")
    found, tally = read_rows(Source(kind="csv", path="rows.csv"), tmp_path)
    assert [document.text for document in found] == ["fine", "fine too"]
    assert tally.removed == {"broken rows": 4}
    assert "3 columns instead of 2" in tally.examples["broken rows"][0]


def test_a_nul_byte_in_csv_is_refused(tmp_path: Path) -> None:
    write(tmp_path, b"id,text\n1,a\0b\n", "rows.csv")
    with pytest.raises(DataError, match="NUL byte at 11"):
        read_rows(Source(kind="csv", path="rows.csv"), tmp_path)
