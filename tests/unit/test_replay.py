from __future__ import annotations

from msopt_tui.protocol import events as ev
from msopt_tui.steps.replay import Replay


def adjusted(step: int, new: float) -> ev.Adjusted:
    return ev.Adjusted(step=step, setting="train.learning_rate", old=0.1, new=new, who="ann")


def asked(step: int) -> ev.Evaluated:
    return ev.Evaluated(step=step, round=1, split="validation", reason="asked", metrics={}, seconds=0.0)


BEGUN = ev.RoundStarted(round=1, step=0, last_step=70)


def test_only_what_the_checkpoint_does_not_know_is_done_again() -> None:
    replay = Replay([BEGUN, adjusted(40, 0.2), adjusted(55, 0.3), asked(45), asked(58)], from_step=50)
    assert replay.adjusted_at(1, 40) == []
    assert [event.new for event in replay.adjusted_at(1, 55)] == [0.3]
    assert not replay.evaluation_at(1, 45)
    assert replay.evaluation_at(1, 58)


def test_each_is_done_once() -> None:
    replay = Replay([BEGUN, adjusted(55, 0.3), asked(55)], from_step=50)
    assert replay.adjusted_at(1, 55)
    assert not replay.adjusted_at(1, 55)
    assert replay.evaluation_at(1, 55)
    assert not replay.evaluation_at(1, 55)
    assert not replay


def test_the_loop_stops_where_something_is_due() -> None:
    replay = Replay(
        [BEGUN, adjusted(55, 0.3), asked(52), ev.RoundEnded(round=1, step=70, reason="asked")],
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


def test_what_was_adjusted_in_a_race_belongs_to_neither_round() -> None:
    ended = ev.RoundEnded(round=1, step=70, reason="all steps done")
    second = ev.RoundStarted(round=2, step=70, last_step=140, changes={"model.dropout": 0.1})
    told_again = ev.RoundStarted(round=2, step=70, last_step=140)
    journal: list[ev.Event] = [
        adjusted(0, 0.5),
        BEGUN,
        adjusted(70, 0.2),
        ended,
        adjusted(70, 0.3),
        second,
        adjusted(70, 0.4),
        told_again,
    ]
    replay = Replay(journal, whole=True)
    assert [event.new for event in replay.adjusted_behind(0)] == [0.5]
    assert [event.new for event in replay.adjusted_at(1, 70)] == [0.2]
    assert [event.new for event in replay.adjusted_behind(1)] == [0.3]
    assert replay.adjusted_behind(1) == []
    assert [event.new for event in replay.adjusted_at(2, 70)] == [0.4]
    assert replay.round_start(2) == second, "a resume tells of the round again, without its changes"
    # A checkpoint of the second round holds what was adjusted before it.
    saved = ev.CheckpointSaved(step=70, path="", bytes=1, seconds=0.0, reason="asked")
    later = Replay([*journal, saved, adjusted(70, 0.6)], from_step=70)
    assert later.adjusted_behind(1) == []
    assert [event.new for event in later.adjusted_at(2, 70)] == [0.6]


def test_a_repeated_run_ends_where_the_first_one_was_said_to_end() -> None:
    ended = ev.RoundEnded(round=1, step=70, reason="all steps done")
    answer = ev.Decided(round=1, proposal="longer", decision="rejected", who="ann")
    assert Replay([BEGUN, ended, answer], whole=True).is_last(1)
    assert not Replay([answer, BEGUN, ended], whole=True).is_last(1), "that was of the range test"
    assert not Replay([BEGUN, ended, answer], from_step=70).is_last(1), "it may have been killed before the next began"
