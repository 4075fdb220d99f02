"""From a source to records: what is broken is counted, shown and limited, in every format."""

import json
from pathlib import Path

import pytest

from msopt_tui.config.schema import Source
from msopt_tui.data.errors import DataError
from msopt_tui.data.records.reading import FIRST_ROWS, read
from msopt_tui.data.records.record import Pair
from msopt_tui.data.tally import Tally

GOOD = {"article": "a", "summary": "s", "day": "monday"}


def write(folder: Path, *rows: object) -> None:
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))


def source(max_broken_rows: int = 10, group_column: str = "") -> Source:
    return Source(kind="jsonl", path="rows.jsonl", max_broken_rows=max_broken_rows, group_column=group_column)


def test_every_row_comes_with_its_record(tmp_path: Path) -> None:
    write(tmp_path, *({**GOOD, "article": f"a{number}"} for number in range(FIRST_ROWS + 5)))
    shape, found = read("summarization", source(group_column="day"), tmp_path, Tally())
    assert shape.columns == {"source": "article", "target": "summary"}
    pairs = list(found)
    assert [row.part for row, _ in pairs] == [*range(1, FIRST_ROWS + 6)]
    assert pairs[-1][1] == Pair(source=f"a{FIRST_ROWS + 4}", target="s", group="monday")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"article": 7, "summary": "s"}, 'column "article" has a number where text is meant'),
        ({"article": "a"}, 'no column "summary"'),
        (["a list"], "not an object"),
    ],
)
def test_a_row_without_record_is_counted_and_one_too_many_an_error(tmp_path: Path, broken: object, why: str) -> None:
    write(tmp_path, GOOD, broken, GOOD)
    tally = Tally()
    _, found = read("summarization", source(1), tmp_path, tally)
    assert [row.part for row, _ in found] == [1, 3]
    assert tally.removed == {"broken rows": 1}
    assert tally.examples["broken rows"][0].startswith(f"rows.jsonl#2: {why}")
    with pytest.raises(DataError, match=r"rows\.jsonl#2: broken row: .*; more than data\.sources\.max_broken_rows = 0"):
        list(read("summarization", source(0), tmp_path, Tally())[1])


def test_hostile_text_in_a_broken_row_is_escaped(tmp_path: Path) -> None:
    write(tmp_path, GOOD, {"article": {"\x1b]52;c;evil": "\u202e"}, "summary": "s"})
    with pytest.raises(DataError) as caught:
        list(read("summarization", source(0), tmp_path, Tally())[1])
    assert str(caught.value).isprintable()


def test_a_source_without_rows_and_one_of_the_wrong_kind_say_so(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(DataError, match=r"rows\.jsonl: has no rows"):
        read("summarization", source(), tmp_path, Tally())
    with pytest.raises(DataError, match="has running text, no rows"):
        read("summarization", Source(path="rows.txt"), tmp_path, Tally())


def test_csv_holds_records_too(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('text,label\n"good, really",1\nbad,0\n')
    _, found = read("text-classification", Source(kind="csv", path="rows.csv"), tmp_path, Tally())
    assert [(record.text, record.label) for _, record in found] == [("good, really", "1"), ("bad", "0")]  # type: ignore[union-attr]  # Labelled
