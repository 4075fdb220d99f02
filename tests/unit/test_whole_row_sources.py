"""Whole rows of every format: what JSON can hold, classes by their names, broken rows counted, nothing else read."""

import datetime
import decimal
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.config.schema import Source
from msopt_tui.data.errors import DataError
from msopt_tui.data.row import Row
from msopt_tui.data.sources import SOURCES, read, rows, size
from msopt_tui.data.sources.rows import BrokenRow, reach
from msopt_tui.data.sources.values import DEEPEST, TooDeep, name_classes, plain
from msopt_tui.data.tally import Tally

ROWS = [
    {"article": "Größe 🙂", "id": 1, "pair": {"de": "Haus", "en": "house"}, "answers": ["a", "b"]},
    {"article": "second\nline", "id": 2, "pair": {"de": "Baum", "en": "tree"}, "answers": []},
]
TableKind = Literal["jsonl", "parquet", "arrow", "datasets"]


def write_jsonl(folder: Path) -> None:
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))


def write_parquet(folder: Path) -> None:
    pa, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    parquet.write_table(pa.Table.from_pylist(ROWS), folder / "rows.parquet", row_group_size=1)


def write_arrow(folder: Path) -> None:
    pa = importlib.import_module("pyarrow")
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(str(folder / "rows.arrow"), table.schema) as file:
        file.write_table(table)


def write_datasets(folder: Path) -> None:
    importlib.import_module("datasets").Dataset.from_list(ROWS).save_to_disk(folder / "rows.datasets")


WRITERS: dict[TableKind, Callable[[Path], None]] = {
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "arrow": write_arrow,
    "datasets": write_datasets,
}


def all_rows(source: Source, base_dir: Path) -> tuple[list[Row], Tally]:
    tally = Tally()
    return list(rows(source, base_dir, tally)), tally


@pytest.mark.parametrize("kind", WRITERS)
def test_whole_rows_come_in_order_with_their_numbers(tmp_path: Path, kind: TableKind) -> None:
    WRITERS[kind](tmp_path)
    source = Source(kind=kind, path=f"rows.{kind}")
    found, tally = all_rows(source, tmp_path)
    assert [row.values for row in found] == ROWS
    assert [row.part for row in found] == [1, 2]
    assert not tally.removed
    one = msgspec.structs.replace(source, max_documents=1)
    assert all_rows(one, tmp_path)[0] == found[:1]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_dot_in_text_column_reaches_inside(tmp_path: Path, kind: TableKind) -> None:
    WRITERS[kind](tmp_path)
    source = Source(kind=kind, path=f"rows.{kind}", text_column="pair.de")
    assert [document.text for document in read(source, tmp_path, Tally())] == ["Haus", "Baum"]
    with pytest.raises(DataError, match=r"pair\.fr"):
        list(read(msgspec.structs.replace(source, text_column="pair.fr", max_broken_rows=1), tmp_path, Tally()))


def test_sources_that_read_other_columns_of_one_file_have_other_origins(tmp_path: Path) -> None:
    write_jsonl(tmp_path)
    there = Source(kind="jsonl", path="rows.jsonl", columns={"source": "pair.de", "target": "pair.en"})
    back = Source(kind="jsonl", path="rows.jsonl", columns={"source": "pair.en", "target": "pair.de"})
    origins = [all_rows(source, tmp_path)[0][0].origin for source in (there, back)]
    assert origins == ["rows.jsonl[pair.de, pair.en]", "rows.jsonl[pair.en, pair.de]"]


def test_rows_of_csv_are_texts(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('text,label\n"a, b",1\nbroken\nc,0\n')
    found, tally = all_rows(Source(kind="csv", path="rows.csv"), tmp_path)
    assert [row.values for row in found] == [{"text": "a, b", "label": "1"}, {"text": "c", "label": "0"}]
    assert [row.label for row in found] == ["rows.csv#1", "rows.csv#3"]
    assert tally.removed == {"broken rows": 1}
    with pytest.raises(DataError, match=r"rows\.csv#2: broken row: 1 columns instead of 2"):
        all_rows(Source(kind="csv", path="rows.csv", max_broken_rows=0), tmp_path)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,text\na,b\n")
    with pytest.raises(DataError, match='two columns are called "text"'):
        all_rows(Source(kind="csv", path="rows.csv"), tmp_path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"text": "torn', "not valid JSON"),
        (b'["a list"]', "not an object"),
        (b'{"text": "\xff"}', "not UTF-8"),
        (b'{"a": ' * 300 + b"1" + b"}" * 300, f"nested more than {DEEPEST} deep"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_line_is_counted_shown_and_limited(tmp_path: Path, line: bytes, why: str) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"text": "one"}\n' + line + b'\n{"other": 3}\n')
    source = Source(kind="jsonl", path="rows.jsonl", max_broken_rows=1)
    found, tally = all_rows(source, tmp_path)
    assert [row.values for row in found] == [{"text": "one"}, {"other": 3}]
    assert tally.examples["broken rows"][0].startswith(f"rows.jsonl#2: {why}")
    with pytest.raises(DataError, match="max_broken_rows = 0"):
        all_rows(msgspec.structs.replace(source, max_broken_rows=0), tmp_path)


def test_nul_characters_and_halves_of_characters_go_wherever_they_are() -> None:
    tally = Tally()
    value = {"a\0": ["x\0y", {"deep": "\ud800z\0"}], "n": 3}
    assert plain(value, "r#1", tally) == {"a": ["xy", {"deep": "z"}], "n": 3}
    assert tally.removed == {"NUL characters": 3, "surrogates, which are no characters": 1}


def test_what_json_has_no_word_for_is_text_or_nothing_and_counted() -> None:
    tally = Tally()
    value = [datetime.date(2020, 1, 2), decimal.Decimal("1.50"), float("nan"), float("inf"), b"raw", (1, True)]
    assert plain(value, "r#1", tally) == ["2020-01-02", "1.50", None, "inf", None, [1, True]]
    assert tally.removed == {"binary values": 1}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_every_value_becomes_json_and_doing_it_twice_changes_nothing_more(value: object) -> None:
    once = plain(value, "r#1", Tally())
    msgspec.json.encode(once)
    tally = Tally()
    assert plain(once, "r#1", tally) == once
    assert not tally.removed


def test_a_value_without_end_is_too_deep() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(TooDeep):
        plain(value, "r#1", Tally())


def test_a_column_whose_name_has_a_dot_comes_before_a_path() -> None:
    values = {"a.b": 1, "a": {"b": 2, "c": [{"d": 3}]}, "none": None}
    assert reach(values, "a.b") == 1
    assert reach(values, "a.c.0.d") == 3
    assert reach(values, "none.at.all") is None
    for missing in ("b", "a.x", "a.c.1", "a.b.c", "a.c.-1"):
        with pytest.raises(BrokenRow, match="no column"):
            reach(values, missing)


def classified() -> object:
    datasets = importlib.import_module("datasets")
    names = datasets.ClassLabel(names=["neg", "pos"])
    features = {"text": datasets.Value("string"), "label": names, "tags": datasets.List(names), "in": {"label": names}}
    table = {"text": ["a", "b"], "label": [1, -1], "tags": [[0, 1], []], "in": [{"label": 0}, {"label": None}]}
    return datasets.Dataset.from_dict(table, features=datasets.Features(features))


@pytest.mark.parametrize("how", ["saved", "parquet", "arrow", "loaded", "streamed"])
def test_numbers_of_classes_become_their_names(tmp_path: Path, how: str) -> None:
    table = classified()
    if how in ("parquet", "loaded", "streamed"):
        (tmp_path / "t").mkdir()
        table.to_parquet(tmp_path / "t" / "train.parquet")  # type: ignore[attr-defined]  # a Dataset
    else:
        table.save_to_disk(tmp_path / "d")  # type: ignore[attr-defined]  # a Dataset
    source = {
        "saved": Source(kind="datasets", path="d"),
        "parquet": Source(kind="parquet", path="t/train.parquet"),
        "loaded": Source(kind="datasets", path="t"),
        "streamed": Source(kind="datasets", path="t", streaming=True),
        "arrow": Source(kind="arrow", path="d/*.arrow"),
    }[how]
    found, _ = all_rows(source, tmp_path)
    assert [row.values for row in found] == [
        {"text": "a", "label": "pos", "tags": ["neg", "pos"], "in": {"label": "neg"}},
        {"text": "b", "label": None, "tags": [], "in": {"label": None}},
    ]


def test_classes_are_named_in_every_form_of_description() -> None:
    label = {"_type": "ClassLabel", "names": ["no", "yes"]}
    assert name_classes(1, label) == "yes"
    assert name_classes(7, label) == 7
    assert name_classes("given", label) == "given"
    assert name_classes([0, 1], {"_type": "Sequence", "feature": label}) == ["no", "yes"]
    assert name_classes([{"c": 0}], [{"c": label}]) == [{"c": "no"}]
    assert name_classes({"c": [0, 1]}, {"_type": "Sequence", "feature": {"c": label}}) == {"c": ["no", "yes"]}


@pytest.mark.parametrize("kind", ["parquet", "datasets"])
def test_pictures_are_not_decoded_but_counted(tmp_path: Path, kind: TableKind) -> None:
    pa, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    table = pa.table({"text": ["a"], "picture": [{"bytes": b"no picture at all", "path": "a.png"}]})
    features = {"text": {"_type": "Value", "dtype": "string"}, "picture": {"_type": "Image"}}
    described = {"huggingface": json.dumps({"info": {"features": features}})}
    (tmp_path / "set").mkdir()
    parquet.write_table(table.replace_schema_metadata(described), tmp_path / "set" / "train.parquet")
    path = "set/train.parquet" if kind == "parquet" else "set"
    found, tally = all_rows(Source(kind=kind, path=path), tmp_path)
    assert [row.values for row in found] == [{"text": "a"}]
    assert tally.removed == {"columns of pictures, sound and the like": 1}


@pytest.mark.parametrize("content", [b"", b"PAR1 but nothing else"])
def test_a_file_that_is_no_table_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.bin").write_bytes(content)
    for kind in ("parquet", "arrow"):
        with pytest.raises(DataError, match=r"rows\.bin: can't be read"):
            all_rows(Source(kind=kind, path="rows.bin"), tmp_path)


def test_a_kind_without_rows_names_those_that_have_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'kind "text" has running text, no rows; kinds with rows: .*jsonl, csv'):
        rows(Source(kind="text", path="x"), tmp_path, Tally())


def test_a_kind_without_running_text_says_so(tmp_path: Path) -> None:
    for name, kind in SOURCES.items():
        assert kind.read or kind.rows
        if kind.read is None:
            with pytest.raises(DataError, match=f'"{name}" has rows for other tasks'):
                read(Source(kind=name), tmp_path, Tally())  # type: ignore[arg-type]  # one of the kinds


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "arrow"])
def test_reading_tells_how_many_bytes_of_its_files_are_behind_it(tmp_path: Path, kind: TableKind) -> None:
    WRITERS[kind](tmp_path)
    source, tally, levels = Source(kind=kind, path=f"rows.{kind}"), Tally(), list[int]()
    for _ in rows(source, tmp_path, tally):
        levels.append(tally.bytes_read)
    whole = (tmp_path / f"rows.{kind}").stat().st_size
    assert levels == sorted(levels)
    assert whole // 2 <= tally.bytes_read <= whole
    assert size(source, tmp_path) == whole
    assert size(Source(kind=kind, path=f"rows.{kind}", max_documents=1), tmp_path) is None
