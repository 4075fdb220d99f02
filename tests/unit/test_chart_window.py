import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.ui.widgets.chart_window import SHORTEST, Range, Window, whole_range

WHOLE = Range(0.0, 5000.0)
LAST = 4700.0


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.one_of(st.none(), st.integers(1, 2 * 10**6)))
def test_the_whole_range_holds_every_step_and_wastes_little(first: int, length: int, total: int | None) -> None:
    last = first + length
    shown = whole_range(first, last, total)
    assert shown.x0 <= first
    assert shown.x1 >= last
    assert last - shown.x0 >= 0.7 * shown.length or shown.length <= SHORTEST


def test_the_whole_range_stands_still_between_its_jumps() -> None:
    ends = {whole_range(1, last).x1 for last in range(3001, 5001)}
    assert ends == {4000.0, 5000.0}


def test_the_whole_range_ends_where_the_run_ends() -> None:
    assert whole_range(1, 4100, 4321).x1 == 4321.0
    assert whole_range(1, 900, 4321).x1 == 1000.0
    assert whole_range(1, 5000, 4321).x1 == 5000.0


def test_a_branch_starts_near_the_left_edge() -> None:
    shown = whole_range(10_000, 10_060)
    assert 9_990 <= shown.x0 <= 10_000
    assert shown.x1 <= 10_100


def test_zooming_in_while_following_goes_on_following() -> None:
    window = Window()
    window.zoom(4.0, WHOLE, LAST)
    assert window.is_following
    shown = window.range(WHOLE, LAST)
    assert shown.length == 1250.0
    assert shown.x0 <= LAST <= shown.x1
    assert window.range(WHOLE, LAST + 1) == shown
    assert window.range(WHOLE, LAST + 200).x0 > shown.x0


def test_zooming_about_a_step_keeps_it_in_its_place() -> None:
    window = Window()
    window.zoom(5.0, WHOLE, LAST, about=1000.0)
    assert not window.is_following
    assert window.range(WHOLE, LAST) == Range(800.0, 1800.0)
    window.zoom(2.0, WHOLE, LAST)
    assert window.range(WHOLE, LAST) == Range(1050.0, 1550.0)


def test_zooming_out_far_enough_shows_everything_again() -> None:
    window = Window()
    window.zoom(10.0, WHOLE, LAST, about=500.0)
    window.zoom(0.05, WHOLE, LAST)
    assert window.is_whole
    assert window.range(WHOLE, LAST) == WHOLE


def test_zooming_in_ends_at_the_shortest_window() -> None:
    window = Window()
    window.zoom(1e9, WHOLE, LAST, about=100.0)
    assert window.range(WHOLE, LAST).length == SHORTEST


def test_panning_holds_still_and_the_right_end_follows_again() -> None:
    window = Window()
    window.follow_last(1000)
    right = window.range(WHOLE, LAST).x1
    window.pan(-0.5, WHOLE, LAST)
    assert not window.is_following
    assert window.range(WHOLE, LAST) == Range(right - 1500.0, right - 500.0)
    assert window.range(WHOLE, LAST + 300) == Range(right - 1500.0, right - 500.0)
    window.pan(5.0, WHOLE, LAST)
    assert window.is_following


def test_panning_left_ends_at_the_start() -> None:
    window = Window()
    window.follow_last(1000)
    window.pan(-100.0, WHOLE, LAST)
    assert window.range(WHOLE, LAST) == Range(0.0, 1000.0)


def test_panning_the_whole_run_moves_nothing() -> None:
    window = Window()
    window.pan(-0.5, WHOLE, LAST)
    assert window.range(WHOLE, LAST) == WHOLE


@pytest.mark.parametrize(
    ("step", "shown"), [(100.0, (100.0, 1100.0)), (3000.0, (2000.0, 3000.0)), (1700.0, (1000.0, 2000.0))]
)
def test_showing_a_step_moves_just_far_enough(step: float, shown: tuple[float, float]) -> None:
    window = Window()
    window.zoom(5.0, WHOLE, LAST, about=1250.0)
    assert window.range(WHOLE, LAST) == (1000.0, 2000.0)
    window.show(step, WHOLE, LAST)
    assert window.range(WHOLE, LAST) == shown


@pytest.mark.parametrize("factor", [0.0, -2.0])
def test_a_factor_that_is_none_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        Window().zoom(factor, WHOLE, LAST)
