from __future__ import annotations

from msopt_tui.protocol import events as ev
from msopt_tui.steps.replay import Replay


def adjusted(step: int, new: float) -> ev.Adjusted:
    return ev.Adjusted(step=step, setting="train.learning_rate", old=0.1, new=new, who="ann")


def asked(step: int) -> ev.Evaluated:
    return ev.Evaluated(step=step, round=1, split="validation", reason="asked", metrics={}, seconds=0.0)


def test_only_what_the_checkpoint_does_not_know_is_done_again() -> None:
    replay = Replay([adjusted(40, 0.2), adjusted(55, 0.3), asked(45), asked(58)], from_step=50)
    assert replay.adjusted_at(40) == []
    assert [event.new for event in replay.adjusted_at(55)] == [0.3]
    assert not replay.evaluation_at(45)
    assert replay.evaluation_at(58)


def test_each_is_done_once() -> None:
    replay = Replay([adjusted(55, 0.3), asked(55)], from_step=50)
    assert replay.adjusted_at(55)
    assert not replay.adjusted_at(55)
    assert replay.evaluation_at(55)
    assert not replay.evaluation_at(55)
    assert not replay


def test_the_loop_stops_where_something_is_due() -> None:
    replay = Replay(
        [adjusted(55, 0.3), asked(52), ev.RoundEnded(round=1, step=70, reason="asked")],
        from_step=50,
    )
    assert replay.next_stop(50, 100) == 52
    assert replay.next_stop(52, 100) == 55
    assert replay.next_stop(55, 100) == 70
    assert replay.next_stop(70, 100) == 100
    assert replay.round_end(1) == 70


def test_a_round_begun_after_the_checkpoint_is_begun_the_same_way() -> None:
    began = ev.RoundStarted(round=2, step=50, last_step=100, from_step=40, changes={"train.learning_rate": 0.05})
    replay = Replay([began], from_step=50)
    assert replay.round_start(2) == began
    assert replay.round_start(2) is None


def test_a_round_that_ended_by_itself_ends_by_itself_again() -> None:
    assert Replay([ev.RoundEnded(round=1, step=70, reason="all steps done")], from_step=50).round_end(1) is None


def test_a_fresh_run_has_nothing_to_replay() -> None:
    assert not Replay()
    assert Replay().next_stop(0, 100) == 100
