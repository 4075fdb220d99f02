import errno
import os
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources import SOURCES, python_topics, read
from msopt_tui.data.tally import Tally


def read_text(path: str, base_dir: Path) -> list[Document]:
    return list(read(Source(kind="text", path=path), base_dir, Tally()))


def origins(path: str, base_dir: Path) -> list[str]:
    return [document.origin for document in read_text(path, base_dir)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.txt", "c.md", "sub/d.txt", "sub/deep/e.txt", ".hidden/f.txt", ".g.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_every_kind_of_the_schema_has_a_reader() -> None:
    assert set(SOURCES) == set(get_args(get_type_hints(Source)["kind"]))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.txt", ["a.txt"]),
        ("*.txt", ["a.txt", "b.txt"]),
        ("**/*.txt", ["a.txt", "b.txt", "sub/d.txt", "sub/deep/e.txt"]),
        ("sub/**", ["sub/d.txt", "sub/deep/e.txt"]),
        ("*/d.txt", ["sub/d.txt"]),
        ("[ab].txt", ["a.txt", "b.txt"]),
        (".*.txt", [".g.txt"]),
        ("sub/../?.md", ["sub/../c.md"]),
        ("**/deep/**/*.txt", ["sub/deep/e.txt"]),
    ],
)
def test_patterns_name_files_in_sorted_order(tree: Path, pattern: str, expected: list[str]) -> None:
    assert origins(pattern, tree) == expected


def test_an_absolute_pattern_is_taken_as_it_is(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert origins(f"{tree}/*.md", elsewhere) == [f"{tree}/c.md"]


def test_a_file_whose_name_looks_like_a_pattern_is_found(tmp_path: Path) -> None:
    (tmp_path / "part[1].txt").write_text("text")
    assert origins("part[1].txt", tmp_path) == ["part[1].txt"]


def test_a_folder_that_links_to_its_parent_is_no_endless_loop(tree: Path) -> None:
    (tree / "sub" / "up").symlink_to(tree)
    assert origins("**/d.txt", tree) == ["sub/d.txt"]


def test_text_comes_as_it_is_without_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffGröße 🙂\r\n".encode())
    assert read_text("a.txt", tmp_path) == [Document("Größe 🙂\r\n", "a.txt")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Text".encode("utf-16"), r"a\.txt: is UTF-16, not UTF-8: convert it with `iconv -f UTF-16 -t UTF-8`"),
        ("Text".encode("utf-32"), r"a\.txt: is UTF-32, not UTF-8"),
        ("Text".encode("utf-16-le"), r"a\.txt: has a NUL byte at 1"),
        (b"Gr\xf6\xdfe", r"a\.txt: is not UTF-8 \(byte 0xf6 at 2\).*iconv"),
        (b"fine\x00", r"a\.txt: has a NUL byte at 4"),
        (b"\xef\xbb\xbf\xff", r"a\.txt: is not UTF-8"),
    ],
)
def test_what_is_not_utf_8_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_text("*.txt", tmp_path)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("none.txt", r"none\.txt: does not exist; data\.sources\.path is relative to the project file"),
        ("none/*.txt", r"none: can't be listed: No such file or directory"),
        ("*.rst", r"\*\.rst: no file matches"),
        ("sub", r'sub: is a folder; name the files in it, such as "sub/\*\*/\*\.txt"'),
    ],
)
def test_a_path_that_names_no_file_says_so(tree: Path, pattern: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_text(pattern, tree)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(DataError, match="is not a regular file"):
        read_text("pipe.txt", tmp_path)


def test_a_folder_that_can_not_be_read_is_an_error_and_not_an_absence(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def guarded(folder: Path) -> object:  # permissions would not bind root
        if folder.name == "deep":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(DataError, match="deep: can't be listed: Permission denied"):
        read_text("**/*.txt", tree)


def test_a_file_that_goes_between_listing_and_reading_is_named(tree: Path) -> None:
    reading = read(Source(kind="text", path="*.txt"), tree, Tally())
    next(reading)
    (tree / "b.txt").unlink()
    with pytest.raises(DataError, match=r"b\.txt: can't be read: No such file"):
        next(reading)


def test_the_topics_are_sorted_and_named(tmp_path: Path) -> None:
    topics = list(read(Source(kind="python-topics"), tmp_path, Tally()))
    names = [document.origin for document in topics]
    assert names == sorted(names)
    assert "python-topics/while" in names
    assert sum(len(document.text) for document in topics) > 300_000


def test_a_python_without_topics_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pydoc_data.topics", None)
    with pytest.raises(DataError, match="installed without pydoc_data; use a source of kind"):
        list(python_topics.read(Source(kind="python-topics"), tmp_path, Tally()))
