"""What a range test says about the rate that is written."""

from __future__ import annotations

from math import log

from msopt_tui.protocol.events import Finding
from msopt_tui.refinement.rate_test import WORTH_CHANGING, WORTH_CHANGING_CAUTIOUS, Reading

SURE_FACTOR = 10.0
"""A rate so many times off is certainly off."""


def of_test(written: float, reading: Reading, *, cautious: bool) -> Finding | None:
    """The written rate is not the one with room to spare; nothing where the two are near enough.

    `cautious`: something else than stability limits the rate, such as weights that were trained before, or text that
    is passed over often.
    """
    factor, near = written / reading.suggested, WORTH_CHANGING_CAUTIOUS if cautious else WORTH_CHANGING
    if 1 / near <= factor <= near:
        return None
    above = factor > 1
    times = factor if above else 1 / factor
    return Finding(
        kind="rate-too-high" if above else "rate-too-low",
        confidence=min(1.0, log(times) / log(SURE_FACTOR)),
        evidence=(
            f"the range test's loss is lowest at {reading.lowest_at:.2g} and rises beyond; {reading.suggested:.2g} "
            f"leaves room, and {written:.2g} is {times:.1f} times {'above' if above else 'below'} that"
        ),
        figures={"suggested": reading.suggested, "lowest_at": reading.lowest_at, "written": written},
    )
