import pytest

from msopt_tui.ui.widgets.sparkline import spark


def test_eight_heights_from_low_to_high() -> None:
    assert spark([0, 1, 2, 3, 4, 5, 6, 7, 8], 9, 0, 8) == "▁▂▃▄▅▆▇██"


def test_the_newest_values_stand_at_the_right() -> None:
    assert spark([8, 8, 8, 0, 4], 3, 0, 8) == "█▁▅"
    assert spark([8], 3, 0, 8) == "  █"


def test_values_beyond_the_range_are_held() -> None:
    assert spark([-5, float("inf"), float("-inf"), 99], 4, 0, 8) == "▁█▁█"


def test_no_value_is_a_space() -> None:
    assert spark([8, None, float("nan"), 8], 4, 0, 8) == "█  █"


@pytest.mark.parametrize("width", [0, -3])
def test_no_room_is_no_text(width: int) -> None:
    assert spark([1.0], width, 0, 1) == ""


def test_a_range_without_length() -> None:
    assert spark([1.0, 2.0, 3.0], 3, 2.0, 2.0) == "▁▁█"
