"""A race of proposals against the control, and the range test before it: as lines, while they run and afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.protocol.events import Probed, RateTested
from msopt_tui.state.numbers import significant
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Words
from msopt_tui.ui.widgets.sparkline import spark

SURE = 2.0
"""Standard errors: what is inside them can't be told from nothing."""
SCALE_CELLS = 21
"""Of the margin's interval; zero is in the middle."""
CURVE_CELLS = 40


def race_lines(probes: Sequence[Probed]) -> list[Words]:
    """Every contestant as it stands, the control first: loss, margin with its noise, course over the heats."""
    by_name: dict[str, list[Probed]] = {}
    for probe in probes:
        by_name.setdefault(probe.proposal, []).append(probe)
    if not by_name:
        return []
    first = probes[0]
    heat = max(probe.heat for probe in probes)
    lines: list[Words] = [[("race", "title"), (f" from step {first.from_step:,} · heat {heat}", "muted")]]
    reach = max(
        (abs(one.margin) + SURE * (one.standard_error or 0.0) for one in probes if one.margin is not None), default=0
    )
    for course in by_name.values():
        lines.append(probe_words(course[-1]))
        lines.append(_course_words(course, reach))
    return lines


def probe_words(probe: Probed) -> Words:
    """`probe lr-half  40 steps  loss 2.31  +0.012 ± 0.004 better`."""
    words: Words = [
        (f"probe {probe.proposal}", "muted" if probe.eliminated else "strong"),
        (f"  {probe.steps} steps  loss {significant(probe.loss)}", ""),
    ]
    if probe.margin is not None:
        error = probe.standard_error or 0.0
        clear = abs(probe.margin) > SURE * error
        verdict = ("better" if probe.margin > 0 else "worse") if clear else "no clear difference"
        role: Role = "good" if clear and probe.margin > 0 else "warn"
        words += [(f"  {probe.margin:+.4f} ± {error:.4f} ", ""), (verdict, role)]
    return words


def _course_words(course: Sequence[Probed], reach: float) -> Words:
    """Interval of the margin about zero, the losses heat by heat, and whether it is out."""
    latest = course[-1]
    words: Words = [("  ", "")]
    words += _interval(latest.margin, SURE * (latest.standard_error or 0.0), reach)
    if len(course) > 1:
        words.append((f"  {' → '.join(significant(one.loss) for one in course)}", "muted"))
    if latest.eliminated:
        words.append(("  ✗ out of the race", "muted"))
    return words


def _interval(margin: float | None, spread: float, reach: float) -> Words:
    """`┄┄┄┄┼┄━━●━━┄┄`: better lies to the right."""
    half = SCALE_CELLS // 2
    cells = ["┄"] * SCALE_CELLS
    cells[half] = "┼"
    if margin is None or reach <= 0:
        return [("".join(cells), "muted")]

    def at(value: float) -> int:
        return half + max(-half, min(half, round(value / reach * half)))

    for cell in range(at(margin - spread), at(margin + spread) + 1):
        cells[cell] = "━"
    cells[at(margin)] = "●"
    role: Role = "good" if margin > spread else "bad" if margin < -spread else "muted"
    return [("".join(cells), role)]


def rate_test_lines(test: RateTested) -> list[Words]:
    """The curve of the range test over rising rates, and what it suggests."""
    finite = [loss for loss in test.losses if loss is not None]
    if not finite:
        return []
    drawn = spark(test.losses[-CURVE_CELLS:], min(len(test.losses), CURVE_CELLS), min(finite), max(finite))
    said = f"{test.suggested:g} leaves room" if test.suggested is not None else "does not say"
    return [
        [("range test", "title"), (f" {test.rates[0]:.1g} to {test.rates[-1]:.2g}: ", "muted"), (said, "strong")],
        [(f"  {drawn}", "accent")],
    ]
