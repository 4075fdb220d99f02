"""FAULTS 25: a run all of whose texts are hostile, in every view of the cockpit and the history."""

from collections.abc import Sequence

from textual.filter import LineFilter

from benchmarks.reliability_parts import hostile_text
from tests.ui.hostile_app import PAYLOADS, HostileApp

MIXED = " ".join(payload[:60] for payload in PAYLOADS)
"""Something of each, in one text; every payload by itself is for `benchmarks/reliability.py`."""


def test_no_view_lets_anything_of_it_act() -> None:
    found = hostile_text.measure([MIXED])
    assert found.through == []
    assert found.tried >= 25
    assert found.shown > found.tried // 2, "the text did reach the views"


async def test_what_acts_is_found() -> None:
    class Unguarded(HostileApp):
        def get_line_filters(self) -> Sequence[LineFilter]:
            return []

    app = Unguarded()
    async with app.run_test(size=hostile_text.SIZE) as pilot:
        await pilot.pause()
        assert hostile_text.acts(app.screen) != []
