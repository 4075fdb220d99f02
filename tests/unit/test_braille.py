from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.ui.widgets.braille import BrailleCanvas, line_spans

coordinate = st.integers(-6, 30)


def drawing(canvas: BrailleCanvas) -> list[str]:
    return [text for text, _ in canvas.rows()]


def dots(canvas: BrailleCanvas) -> set[tuple[int, int]]:
    """The dots that are set, read back from the characters."""
    found = set()
    for row, text in enumerate(drawing(canvas)):
        for column, char in enumerate(text):
            mask = ord(char) - 0x2800 if char != " " else 0
            for bit, (x, y) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]):
                if mask >> bit & 1:
                    found.add((2 * column + x, 4 * row + y))
    return found


def test_every_dot_of_a_cell() -> None:
    shown = []
    for x in range(2):
        for y in range(4):
            canvas = BrailleCanvas(1, 1)
            canvas.dot(x, y, 1)
            shown += drawing(canvas)
    assert shown == ["⠁", "⠂", "⠄", "⡀", "⠈", "⠐", "⠠", "⢀"]


def test_a_falling_diagonal() -> None:
    canvas = BrailleCanvas(4, 2)
    canvas.line(0, 0, 7, 7, 1)
    assert drawing(canvas) == ["⠑⢄  ", "  ⠑⢄"]


def test_a_rising_line_is_its_mirror_image() -> None:
    canvas = BrailleCanvas(4, 2)
    canvas.line(0, 7, 7, 0, 1)
    assert drawing(canvas) == ["  ⡠⠊", "⡠⠊  "]


def test_a_shallow_line_goes_down_once() -> None:
    canvas = BrailleCanvas(3, 1)
    canvas.line(0, 0, 5, 1, 1)
    assert drawing(canvas) == ["⠉⠑⠒"]


def test_a_steep_line_turns_halfway() -> None:
    canvas = BrailleCanvas(1, 2)
    canvas.line(0, 0, 1, 7, 1)
    assert drawing(canvas) == ["⡇", "⢸"]


def test_a_span_over_three_cells() -> None:
    canvas = BrailleCanvas(1, 3)
    canvas.span(1, 2, 9, 1)
    assert drawing(canvas) == ["⢠", "⢸", "⠘"]


def test_a_polyline_of_three_points() -> None:
    canvas = BrailleCanvas(3, 1)
    canvas.polyline([(0, 3), (2, 0), (4, 3)], 1)
    assert drawing(canvas) == ["⡰⠣⡀"]


def test_one_point_is_a_dot() -> None:
    canvas = BrailleCanvas(1, 1)
    canvas.polyline([(1, 2)], 1)
    assert drawing(canvas) == ["⠠"]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_higher_layer_takes_the_cell_whole(order: tuple[int, int]) -> None:
    spans = {1: (0, 0, 3), 2: (1, 1, 1)}
    canvas = BrailleCanvas(2, 1)
    for layer in order:
        canvas.span(*spans[layer], layer)
    canvas.dot(2, 0, 1)
    assert canvas.rows() == [("⠐⠁", bytes([2, 1]))]


def test_empty_cells_are_spaces_of_layer_0() -> None:
    assert BrailleCanvas(3, 2).rows() == [("   ", b"\0\0\0")] * 2


def test_clearing_from_a_column_on() -> None:
    canvas = BrailleCanvas(3, 2)
    canvas.spans([0] * 6, [7] * 6, 1)
    canvas.clear(1)
    assert drawing(canvas) == ["⣿  ", "⣿  "]
    canvas.clear()
    assert drawing(canvas) == ["   ", "   "]


def test_spans_from_a_column_on_leave_the_rest() -> None:
    canvas = BrailleCanvas(2, 1)
    canvas.spans([0, 0, None, 1], [3, 3, 0, 2], 1, begin=1)
    assert drawing(canvas) == ["⢸⠰"]


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 3), (3, 0), (-1, 2)])
def test_a_canvas_without_room_takes_anything(width: int, height: int) -> None:
    canvas = BrailleCanvas(width, height)
    canvas.line(-3, -3, 9, 9, 1)
    canvas.clear()
    assert drawing(canvas) == [""] * max(height, 0)


@settings(max_examples=60)
@given(coordinate, coordinate, coordinate, coordinate)
def test_lines_are_clipped_never_wrapped(x0: int, y0: int, x1: int, y1: int) -> None:
    small, large = BrailleCanvas(5, 3), BrailleCanvas(40, 20)
    small.line(x0, y0, x1, y1, 1)
    large.line(x0, y0, x1, y1, 1)
    assert dots(small) == {(x, y) for x, y in dots(large) if x < 10 and y < 12}


@settings(max_examples=60)
@given(coordinate, coordinate, st.integers(1, 30), coordinate)
def test_a_line_has_no_holes(x0: int, y0: int, length: int, y1: int) -> None:
    spans = list(line_spans(x0, y0, x0 + length, y1))
    assert [x for x, _, _ in spans] == list(range(x0, x0 + length + 1))
    assert spans[0][1] <= y0 <= spans[0][2]
    assert spans[-1][1] <= y1 <= spans[-1][2]
    for (_, top, bottom), (_, next_top, next_bottom) in pairwise(spans):
        assert next_top <= bottom + 1
        assert next_bottom >= top - 1
