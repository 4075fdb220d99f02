from __future__ import annotations

from msopt_tui.config.fields import Scalar
from msopt_tui.engine.undo import undoable
from msopt_tui.protocol import events as ev

RATE, DROPOUT = "train.learning_rate", "model.dropout"


def adjusted(setting: str, old: Scalar, new: Scalar, why: str = "") -> ev.Adjusted:
    return ev.Adjusted(step=5, setting=setting, old=old, new=new, who="ann", why=why)


def applied(command: str, detail: str = "") -> ev.CommandApplied:
    return ev.CommandApplied(id="x", command=command, step=5, detail=detail)


def test_what_a_person_adjusted_and_nobody_took_back_is_there_the_latest_last() -> None:
    journal: list[ev.Event] = [
        adjusted(RATE, 0.1, 0.2),
        adjusted(DROPOUT, 0.0, 0.3),
        applied("adjust", f"{RATE} = 0.2, {DROPOUT} = 0.3"),
        adjusted(RATE, 0.2, 0.4),
        applied("adjust", f"{RATE} = 0.4"),
    ]
    both: list[dict[str, Scalar]] = [{RATE: 0.1, DROPOUT: 0.0}, {RATE: 0.2}]
    assert undoable(journal) == both
    undone = [*journal, adjusted(RATE, 0.4, 0.2, "undone"), applied("undo", f"{RATE} = 0.2")]
    assert undoable(undone) == both[:1]


def test_what_the_run_did_itself_or_again_is_not_taken_back() -> None:
    guarded: list[ev.Event] = [adjusted(RATE, 0.4, 0.2, "after the rollback"), applied("evaluate")]
    again: list[ev.Event] = [adjusted(RATE, 0.1, 0.2, "replayed after a resume"), adjusted(DROPOUT, 0.0, 0.3)]
    assert undoable([*guarded, *again, applied("adjust", f"{DROPOUT} = 0.3")]) == [{DROPOUT: 0.0}]
    already = applied("adjust", f"{RATE} is 0.2 already")
    assert undoable([*guarded[:1], already]) == []
    assert undoable([]) == []
