"""Packed or not, the validations of a run are what they were."""

import pickle
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.protocol.events import Evaluated, Number
from msopt_tui.state import evaluations as room
from msopt_tui.state.evaluations import Evaluations
from msopt_tui.state.metric_curves import MetricCurves
from msopt_tui.state.series import Series

METRICS = st.dictionaries(st.sampled_from(["loss", "f1", "a b", ""]), st.none() | st.floats(-9, 9), max_size=3)


def evaluated(step: int, metrics: dict[str, Number]) -> Evaluated:
    return Evaluated(
        step=step, round=1, split="validation", reason="cadence", metrics=metrics, seconds=1.0, best=step % 3 == 0
    )


@given(st.lists(METRICS, max_size=40), st.integers(0, 40), st.data())
def test_it_is_a_sequence_of_what_came(drawn: list[dict[str, Number]], left: int, data: st.DataObject) -> None:
    events = [evaluated(step, metrics) for step, metrics in enumerate(drawn)]
    all_of_them = Evaluations()
    block, room.BLOCK = room.BLOCK, 4
    try:
        curves = MetricCurves(all_of_them)
        for event in events[:9]:
            all_of_them.extend([event])
            curves.of("loss")
        all_of_them.extend(events[9:])
        _hold_the_same(pickle.loads(pickle.dumps(all_of_them)), events)
        _hold_the_same(all_of_them, events)
        begin = data.draw(st.integers(0, len(events)))
        points = [(one.step, one.metrics["loss"]) for one in events[begin:] if "loss" in one.metrics]
        assert list(chain.from_iterable(all_of_them.points("loss", begin))) == points
        all_of_them.forget_after(left)
        kept = [one for one in events if one.step <= left]
        _hold_the_same(all_of_them, kept)
        assert set(all_of_them.names()) == {name for one in kept for name in one.metrics}
        _is_course_of(curves.of("loss"), kept)
    finally:
        room.BLOCK = block


def _hold_the_same(found: Evaluations, events: list[Evaluated]) -> None:
    assert list(found) == events
    assert [found[at] for at in range(-len(events), len(events))] == events + events
    assert found[::-2] == events[::-2]
    assert found[:-5:-1] == events[:-5:-1]


def _is_course_of(series: Series, events: list[Evaluated]) -> None:
    wanted = Series()
    for one in events:
        if "loss" in one.metrics:
            wanted.append(one.step, one.metrics["loss"])
    assert list(series.points(0, 99)) == list(wanted.points(0, 99))
    assert list(series.not_finite_in(0, 99)) == list(wanted.not_finite_in(0, 99))
