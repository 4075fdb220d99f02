from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.ui.arrange import (
    LEAST_MAIN,
    LEAST_SIDE,
    MIN_HEIGHT,
    MIN_WIDTH,
    Border,
    Box,
    arrange,
    border_at,
    move_border,
)
from msopt_tui.ui.keys import PANES, PaneName
from msopt_tui.ui.layout import PaneLayout

BARS = 2
"""The status line and the keys."""


def names(width: int, height: int) -> set[str]:
    return set(arrange(width, height - BARS))


def test_what_is_shown_at_the_sizes_that_matter() -> None:
    assert names(80, 24) == {"loss", "evaluation", "journal"}
    assert names(120, 36) == {"loss", "rate", "journal", "resources", "evaluation", "samples", "settings"}
    assert names(160, 45) >= names(120, 36)
    assert names(300, 90) == set(PANES)


@pytest.mark.parametrize(("width", "height"), [(79, 30), (120, 23), (40, 12)])
def test_below_the_least_size_only_the_loss_is_left(width: int, height: int) -> None:
    assert names(width, height) == {"loss"}


@pytest.mark.parametrize(("width", "height"), [(20, 5), (39, 40), (100, 6), (1, 1), (0, 0)])
def test_where_not_even_a_chart_fits_there_is_none(width: int, height: int) -> None:
    assert names(width, height) == set()


@given(st.integers(MIN_WIDTH, 400), st.integers(MIN_HEIGHT, 150), st.integers(5, 12))
def test_panes_fill_the_board_without_overlap(width: int, height: int, resource_rows: int) -> None:
    boxes = arrange(width, height - BARS, resource_rows=resource_rows)
    assert sum(box.width * box.height for box in boxes.values()) == width * (height - BARS)
    assert not any(_overlap(one, other) for one, other in combinations(boxes.values(), 2))
    assert all(box.x + box.width <= width and box.y + box.height <= height - BARS for box in boxes.values())


@given(st.integers(MIN_WIDTH, 300), st.integers(MIN_HEIGHT, 120))
def test_every_pane_has_room_for_its_frame_and_some_lines(width: int, height: int) -> None:
    for name, box in arrange(width, height - BARS).items():
        assert box.height >= 6, name
        assert box.width >= 38, name


@given(st.integers(110, 209), st.integers(30, 119))
def test_a_taller_window_never_shows_less(width: int, height: int) -> None:
    assert names(width, height) <= names(width, height + 1)


def test_a_maximised_pane_has_it_all() -> None:
    assert arrange(120, 34, maximised="about") == {"about": Box(0, 0, 120, 34)}
    assert arrange(20, 3, maximised="about") == {"about": Box(0, 0, 20, 3)}


def test_gpus_get_the_lines_they_need() -> None:
    assert arrange(160, 43, resource_rows=8)["resources"].height == 8 + BARS
    assert arrange(160, 63, resource_rows=8, resource_more=4)["resources"].height == 12 + BARS
    assert set(arrange(160, 43, resource_more=4)) == set(arrange(160, 43)), "no pane folds away for what may wait"


shares = st.floats(0.0, 1.0, exclude_min=True, allow_subnormal=False)
layouts = st.builds(
    PaneLayout,
    hidden=st.lists(st.sampled_from(PANES), unique=True, max_size=8).map(tuple),
    heights=st.dictionaries(st.sampled_from(PANES), shares),
    side=st.none() | shares,
)


@given(layouts, st.integers(MIN_WIDTH, 300), st.integers(MIN_HEIGHT, 100), st.integers(5, 12), st.integers(0, 40))
def test_any_remembered_layout_fits_any_size(
    layout: PaneLayout, width: int, height: int, resource_rows: int, evaluation_rows: int
) -> None:
    rows = height - BARS
    boxes = arrange(width, rows, resource_rows=resource_rows, evaluation_rows=evaluation_rows, layout=layout)
    assert sum(box.width * box.height for box in boxes.values()) == width * rows, "the whole space is filled"
    assert not any(_overlap(one, other) for one, other in combinations(boxes.values(), 2))
    assert set(boxes) <= set(layout.visible)
    assert boxes
    assert all(box.height >= 6 and box.width >= LEAST_SIDE for box in boxes.values())
    if "loss" in boxes and width >= 110:
        assert boxes["loss"].width >= LEAST_MAIN


@given(layouts, st.integers(MIN_WIDTH, 300), st.integers(MIN_HEIGHT, 100), st.sampled_from(PANES), st.integers(-9, 9))
def test_a_border_that_is_moved_stands_where_it_was_moved_to(
    layout: PaneLayout, width: int, height: int, name: PaneName, rows: int
) -> None:
    before = arrange(width, height - BARS, layout=layout)
    column = move_border(before, name, rows) if name in before else None
    if column is None:
        return
    after = arrange(width, height - BARS, layout=layout.with_rows(column, height - BARS))
    for names_of_slot, wanted in column:
        assert {after[one].height for one in names_of_slot} == {wanted}
    assert 0 < abs(after[name].height - before[name].height) <= abs(rows)
    assert set(after) == set(before), "no pane comes or goes"


def test_a_hidden_pane_leaves_its_room_to_the_others() -> None:
    layout = PaneLayout().hide("rate").hide("journal")
    assert arrange(160, 43, layout=layout)["loss"].height == 43
    for name in ("samples", "evaluation", "resources", "settings", "findings", "about"):
        layout = layout.hide(name)
    assert arrange(160, 43, layout=layout) == {"loss": Box(0, 0, 160, 43)}
    with pytest.raises(ValueError, match="the last pane stays"):
        layout.hide("loss")
    about = PaneLayout(hidden=tuple(name for name in PANES if name != "about"))
    assert set(arrange(80, 22, layout=about)) == {"about"}, "it has no place of its own at this width"


def test_which_border_is_under_the_pointer() -> None:
    boxes = arrange(160, 43)
    loss, resources = boxes["loss"], boxes["resources"]
    assert border_at(boxes, 20, loss.height - 1) == Border("loss", -1)
    assert border_at(boxes, 20, loss.height) == Border("loss", 0)
    assert border_at(boxes, resources.x - 1, 3) == Border(None, -1, 1)
    assert border_at(boxes, 20, 42) is None, "nothing is below"
    assert border_at(boxes, 20, 5) is None
    assert border_at(arrange(80, 22), 40, 18) is None, "one column has none at its side"


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )
