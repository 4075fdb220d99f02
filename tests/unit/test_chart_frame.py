import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.state.series import Series
from msopt_tui.ui.widgets.chart_frame import ChartPainter, Layout
from msopt_tui.ui.widgets.chart_model import (
    CURSOR,
    FAINT,
    Curve,
    Mark,
    Picture,
    Row,
    changed_cells,
    plain,
    style_index,
    style_runs,
)
from msopt_tui.ui.widgets.chart_window import Range

seeds = st.integers(0, 2**32)


def series_of(*values: float | None, first: int = 0) -> Series:
    series = Series()
    series.extend(first, values)
    return series


def paint(*curves: Curve, width: int = 48, height: int = 12, **options: object) -> list[str]:
    return [row.text for row in rows(*curves, width=width, height=height, **options)]


def rows(*curves: Curve, width: int = 48, height: int = 12, **options: object) -> list[Row]:
    picture = Picture("loss", curves, **{"marks": (), "window": Range(0, 12), **options})  # type: ignore[arg-type]
    return ChartPainter().paint(picture, width, height)


def plot_of(lines: list[str]) -> list[str]:
    """The plot alone: what stands right of the axis line, without legend, axis and labels."""
    return [line.split("┤" if "┤" in line else "│", 1)[1] for line in lines[1:-2]]


def test_a_chart_as_it_should_look() -> None:
    validation = Series()
    validation.extend_points([4, 9], [2.5, 2.0])
    assert paint(
        Curve("train", series_of(4, 3, 2.5, 2, 2, 3.9, None, 1.5, 1.2, 1, 1)),
        Curve("val", validation, "curve-2", 1, glyph="◆", points=True),
        marks=(Mark.of("eval", 4), Mark.of("adjust", 8), Mark.of("checkpoint", 9)),
    ) == [
        "loss   ━ train 1.0000    ◆ val 2.0000    step 10",
        "      4 ┤⢣              ⢀⠆  ✗      ┊     ·      ",
        "        │ ⢣             ⡸          ┊            ",
        "        │  ⢣           ⢠⠃          ┊            ",
        "      3 ┤·  ⠑⢄⡀        ⡜ ·         ┊     ·      ",
        "        │     ⠈⠢⡀     ◆⠤⣀⣀⣀        ┊            ",
        "      2 ┤·      ⠈⠒⢄⣀⣀⣀⡎  · ⠉⠉⠉⠒⠒⠒⠢⠤⠤⢄⣀◆  ·      ",
        "        │                          ┊            ",
        "        │                      ⠐⠤⣀ ┊            ",
        "      1 ┤·               ·        ⠉⠒⠤⢄⣀⣀⣀⣀      ",
        "        └┬────────────◆──┬─────────✎──▲──┬──────",
        "   step  0               5              10      ",
    ]


def test_nothing_yet() -> None:
    lines = paint(Curve("train", Series()), width=40, height=8)
    assert lines[0].startswith("loss   ━ train –")
    assert "no steps yet" in lines[3]
    assert lines[-2] == "        └" + "─" * 31
    assert paint(width=40, height=8)[0].strip() == "loss"


@pytest.mark.parametrize("height", range(1, 12))
@pytest.mark.parametrize("width", [1, 2, 5, 15, 16, 20, 35, 36, 80])
def test_every_row_fills_its_width(width: int, height: int) -> None:
    for values in ((), (1.0,), (1.0, None, 1.0), (3.0, 1.0, 2.0)):
        picture = rows(Curve("train", series_of(*values)), width=width, height=height)
        assert [(len(row.text), len(row.styles)) for row in picture] == [(width, width)] * height


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (0, 0)])
def test_no_room_no_rows(width: int, height: int) -> None:
    assert rows(Curve("train", series_of(1.0)), width=width, height=height) == []


def test_equal_values_are_a_level_line_in_the_middle() -> None:
    plot = plot_of(paint(Curve("train", series_of(*[7.0] * 13)), height=10))
    drawn = [index for index, line in enumerate(plot) if set(line) & set("⠉⠒⠤⣀")]
    assert drawn == [len(plot) // 2]


def test_one_point_is_seen() -> None:
    assert any("⠁" <= char <= "⣿" for line in plot_of(paint(Curve("train", series_of(3.0)))) for char in line)


def test_a_single_spike_among_a_hundred_thousand_is_seen() -> None:
    values = [1.0] * 100_000
    values[54_321] = 9.0
    lines = paint(Curve("train", series_of(*values)), window=Range(0, 100_000), width=80, height=20)
    top = next(line for line in plot_of(lines) if set(line) & set("⡀⢀⡇⢸⡆⢰⡄⢠"))
    assert top.strip(" ·") != ""
    assert abs(next(i for i, char in enumerate(top) if "⠁" <= char <= "⣿") - 0.54321 * 71) <= 1


def test_not_finite_steps_are_marked_at_the_top_edge() -> None:
    row = rows(Curve("train", series_of(1.0, math.nan, 2.0, math.inf, 1.0)))[1]
    cells = [cell for cell, char in enumerate(row.text) if char == "✗"]
    assert cells == [9 + int(step / 12 * 39) for step in (1, 3)]
    assert {row.styles[cell] for cell in cells} == {style_index("not-finite")}


def test_a_value_that_is_none_breaks_the_line() -> None:
    whole = plot_of(paint(Curve("train", series_of(1, 1, 1, 1, 1, 2)), height=7))
    broken = plot_of(paint(Curve("train", series_of(1, 1, None, 1, 1, 2)), height=7))
    assert whole[-1].count(" ") < broken[-1].count(" ")


def test_stretches_without_points_may_be_left_open() -> None:
    series = Series()
    series.extend_points([0, 1, 9, 10], [1.0, 1.0, 1.0, 2.0])
    joined = plot_of(paint(Curve("train", series), height=7))
    opened = plot_of(paint(Curve("train", series, max_gap=5), height=7))
    assert joined[-1].count(" ") < opened[-1].count(" ") - 20


def test_the_line_comes_in_from_the_left_and_goes_out_at_the_right() -> None:
    curve = Curve("train", series_of(*[float(step) for step in range(101)]))
    plot = plot_of(paint(curve, window=Range(40.5, 60.5)))
    assert plot[-1].startswith(("⠤", "⡠", "⣀", "⠔", "⢀", "⠠"))
    assert plot[0].endswith(("⠊", "⠉", "⠁", "⠔", "⠒"))


def test_a_logarithmic_axis_leaves_out_and_counts_what_is_not_positive() -> None:
    lines = paint(Curve("norm", series_of(0.0, 1.0, 10.0, -2.0, 100.0, 1000.0)), log_y=True, width=60)
    assert "2 ≤ 0 · log" in lines[0]
    labels = [line[:8].strip() for line in lines[1:-2]]
    assert [label for label in labels if label] == ["1000", "100", "10", "1"]


def test_a_logarithmic_axis_with_nothing_positive_is_empty() -> None:
    lines = paint(Curve("norm", series_of(0.0, -1.0)), log_y=True, width=60)
    assert any("no steps yet" in line for line in lines)
    assert "2 ≤ 0" in lines[0]


def test_a_robust_axis_gives_spikes_no_room_but_shows_that_they_are_there() -> None:
    values = [1.0 + (step % 10) / 10 for step in range(1000)]
    values[500] = 1e6
    values[700] = -1e6
    curve = Curve("train", series_of(*values))
    lines = paint(curve, window=Range(0, 1000), robust_y=True, width=80)
    assert "clipped" in lines[0]
    assert lines[1].index("↑") == 9 + 500 * 71 // 1000
    assert lines[-3].index("↓") == 9 + 700 * 71 // 1000
    labels = [line[:8].strip() for line in lines[1:-2]]
    assert [label for label in labels if label] == ["1.5", "1.0"]
    assert "↑" not in "".join(paint(curve, window=Range(0, 1000), width=80))


def test_where_marks_meet_the_more_important_one_is_seen() -> None:
    marks = (Mark.of("rollback", 6), Mark.of("eval", 6), Mark.of("checkpoint", 6), Mark.of("round", 300))
    lines = paint(Curve("train", series_of(1, 2)), marks=marks)
    assert "↺" in lines[-2]
    assert not set("◆▲⚑") & set(lines[-2])


def test_the_cursor_reads_out_its_step() -> None:
    curve = Curve("train", series_of(5, 4, 3, 2, 1, first=1))
    shown = rows(curve, cursor=3)
    assert shown[0].text.startswith("loss   ━ train 3.0000")
    assert shown[0].text.endswith("│ step 3")
    lit = {cell for row in shown[1:-2] for cell in range(48) if row.styles[cell] & CURSOR}
    assert lit == {9 + int(3 / 12 * 39)}
    assert "–" in rows(curve, cursor=0)[0].text


def test_the_higher_priority_keeps_its_cells_whatever_the_order() -> None:
    low, high = Curve("a", series_of(1, 2, 1), "curve-1", 0), Curve("b", series_of(2, 1, 2), "curve-2", 5)
    one, other = rows(low, high)[1:], rows(high, low)[1:]
    assert one == other
    assert any(style_index("curve-2") in row.styles for row in one)


def test_a_faint_curve_is_faint() -> None:
    drawn = rows(Curve("train", series_of(1, 2, 1), faint=True))[1:-2]
    assert any(style_index("curve-1") | FAINT in row.styles for row in drawn)


def test_a_legend_gives_up_what_does_not_fit_in_order() -> None:
    curves = (Curve("train", series_of(1, 2)), Curve("validation", series_of(3, 4), priority=1, glyph="◆"))
    legends = [paint(*curves, width=width)[0].rstrip() for width in (80, 48, 46, 40, 24, 16)]
    assert legends[0].endswith("step 1")
    assert legends[1] == "loss   ━ train 2.0000    ◆ validation 4.0000"
    assert legends[2] == legends[1]
    assert legends[3].startswith("loss ━ 2.0000  ◆ 4.0000")
    assert legends[4].startswith(" ━ 2.0000  ◆ 4.0000")
    assert legends[5] == "◆ 4.0000"


def test_a_legend_without_room_for_all_keeps_the_most_important_curves() -> None:
    curves = [Curve("", series_of(rank), priority=rank, glyph=letter) for rank, letter in enumerate("abc")]
    assert paint(*curves, width=25)[0].rstrip() == " b 1.0000  c 2.0000"


def test_a_curve_of_another_run_has_its_letter_on_it_and_is_read_out_where_this_run_is() -> None:
    mine, other = Curve("train", series_of(*[1.0] * 50)), Curve("", series_of(*range(2, 102)), glyph="A", run="A")
    picture = paint(mine, other, width=80, window=Range(0, 100))
    assert "A 51.000" in picture[0], "its value at the last step of this run"
    assert picture[0].rstrip().endswith("step 49")
    assert sum(row[10:].count("A") for row in picture[1:-2]) == 3, "in the plot it is not told by colour alone"
    assert "A 41.000" in paint(mine, other, width=80, cursor=39)[0]


def test_a_narrow_axis_writes_small_numbers_shorter_and_cuts_none() -> None:
    small = paint(Curve("rate", series_of(*[0.001 * step for step in range(4)])), width=30)
    labels = [row.partition("┤")[0].strip() for row in small if "┤" in row]
    assert "3e-3" in labels
    assert len(set(labels)) == len(labels)


def test_foreign_text_keeps_to_its_cells() -> None:
    assert plain("val\x1b[2J\u202e漢字é") == "val·[2J···é"
    assert paint(Curve("a\n漢", series_of(1.0)))[0].startswith("loss   ━ a·· 1.0000")


def test_style_runs_join_spaces_to_what_is_before_them() -> None:
    axis, curve = style_index("axis"), style_index("curve-1")
    row = Row("a  b c", bytes([axis, 0, 0, curve, 0, axis]))
    assert style_runs(row) == [("a  ", axis), ("b ", curve), ("c", axis)]
    lit = Row("a  b", bytes([axis, 0, CURSOR, CURSOR]))
    assert style_runs(lit) == [("a ", axis), (" b", CURSOR)]


def test_changed_cells() -> None:
    old = Row("abcdef", bytes(6))
    assert changed_cells(old, old) == (0, 0)
    assert changed_cells(old, Row("abXdef", bytes([0, 0, 0, 0, 1, 0]))) == (2, 5)


@settings(max_examples=150, deadline=None)
@given(
    seeds,
    st.sampled_from([(60, 14), (37, 9), (20, 5)]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([Range(0, 100), Range(-10, 37), Range(20, 30), Range(3.5, 700.25)]),
)
def test_a_painter_that_has_painted_before_paints_the_same(
    seed: int, size: tuple[int, int], log: bool, robust: bool, window: Range
) -> None:
    chance, series = random.Random(seed), (Series(), Series())
    curves = Curve("a", series[0], "curve-1"), Curve("b", series[1], "curve-2", 1, glyph="◆", points=True)
    picture = Picture("loss", curves, (), window, log_y=log, robust_y=robust)
    used = ChartPainter()
    used.paint(picture, *size)
    for _ in range(chance.randint(1, 8)):
        grown = chance.choice(series)
        first = (grown.last_step or 0) + chance.choice([1, 1, 1, 7, 40, -5])
        grown.extend(
            first,
            [
                chance.choice([chance.gauss(2, 1), chance.gauss(2, 1), None, 0.0, 1e308])
                for _ in range(chance.choice([1, 3, 120]))
            ],
        )
        assert used.paint(picture, *size) == ChartPainter().paint(picture, *size)


def test_neighbours_out_of_view_do_not_draw_more_than_their_line() -> None:
    values = [4.0 + 2.0 * (step % 2) for step in range(1000)]
    values[500], values[510] = 0.0, 10.0
    lines = paint(Curve("train", series_of(*values)), window=Range(450.4, 560.6), width=48, height=24)
    for edge in (9, -1):
        drawn = [y for y, line in enumerate(lines[1:-2]) if "⠁" <= line[edge] <= "⣿"]
        assert drawn[0] > 4
        assert drawn[-1] < 16


def test_a_layout_leaves_the_plot_for_last() -> None:
    heights = [Layout.fit(80, height).plot_height for height in range(1, 9)]
    assert heights == [1, 2, 2, 2, 3, 4, 4, 5]
    assert Layout.fit(10, 5).gutter == 0
