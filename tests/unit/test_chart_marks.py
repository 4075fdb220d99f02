"""Of many marks a frame draws one of each kind a cell, and none that has a cell is missing."""

from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.ui.widgets.chart_marks import FEW, VisibleMarks
from msopt_tui.ui.widgets.chart_model import Mark
from msopt_tui.ui.widgets.chart_window import Range

KINDS = ("eval", "checkpoint", "adjust")


def of(kind: int, step: int) -> Mark:
    return Mark.of(KINDS[kind], step)


def cells_of(marks: tuple[Mark, ...], window: Range, cells: int) -> set[tuple[str, int]]:
    scale = cells / window.length
    return {(mark.kind, int((mark.step - window.x0) * scale)) for mark in marks if window.x0 <= mark.step < window.x1}


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5_000)), min_size=FEW + 1, max_size=FEW + 200),
    st.integers(0, 4_000),
    st.integers(1, 3_000),
    st.integers(1, 60),
)
def test_every_cell_that_has_a_mark_of_a_kind_gets_one(
    drawn: list[tuple[int, int]], x0: int, length: int, cells: int
) -> None:
    marks = tuple(of(kind, step) for kind, step in drawn)
    window = Range(x0, x0 + length)
    seen = VisibleMarks().of(marks, window, cells)
    assert cells_of(seen, window, cells) == cells_of(marks, window, cells)
    assert set(seen) <= set(marks)
    assert len(seen) <= len(KINDS) * (2 * cells + 1)


def test_what_is_added_is_seen_and_another_run_is_another() -> None:
    visible, window = VisibleMarks(), Range(0, 1_000)
    marks = tuple(Mark.of("eval", step) for step in range(500))
    assert max(mark.step for mark in visible.of(marks, window, 50)) >= 480
    marks += (Mark.of("eval", 990),)
    assert Mark.of("eval", 990) in visible.of(marks, window, 50)
    other = tuple(Mark.of("checkpoint", step) for step in range(600))
    assert {mark.kind for mark in visible.of(other, window, 50)} == {"checkpoint"}
