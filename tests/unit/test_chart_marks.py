"""Of many marks a frame draws one of each kind a cell, and none that has a cell is missing."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.ui.widgets.chart_marks import visible
from msopt_tui.ui.widgets.chart_model import MARK_GLYPHS, Mark, MarkedSteps
from msopt_tui.ui.widgets.chart_window import Range

KINDS = ("eval", "checkpoint", "adjust")


def cells_of(marks: Collection[Mark], window: Range, cells: int) -> set[tuple[str, int]]:
    scale = cells / window.length
    return {(mark.kind, int((mark.step - window.x0) * scale)) for mark in marks if window.x0 <= mark.step < window.x1}


@given(
    st.lists(st.lists(st.integers(0, 5_000), max_size=200), min_size=3, max_size=3),
    st.integers(0, 4_000),
    st.integers(1, 3_000),
    st.integers(1, 60),
)
def test_every_cell_that_has_a_mark_of_a_kind_gets_one(
    drawn: list[list[int]], x0: int, length: int, cells: int
) -> None:
    marked = [MarkedSteps(MARK_GLYPHS[kind], kind, sorted(steps)) for kind, steps in zip(KINDS, drawn, strict=True)]
    window = Range(x0, x0 + length)
    every = {Mark.of(one.kind, step) for one in marked for step in one.steps}
    seen = visible(marked, window, cells)
    assert cells_of(seen, window, cells) == cells_of(every, window, cells)
    assert set(seen) <= every
    assert len(seen) <= len(KINDS) * (2 * cells + 1)
