from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.ui.arrange import MIN_HEIGHT, MIN_WIDTH, Box, arrange
from msopt_tui.ui.keys import PANES

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


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )
