"""The refine screen by keys, on a real pseudo-terminal over a real engine: accepted, another change instead, ended."""

from __future__ import annotations

from msopt_tui.protocol import events as ev
from tests.projects import Session, events_of
from tests.pty_session import PtySession

ASK = ("refine.mode=ask", "refine.probe_steps=4", "refine.max_rounds=4", "train.eval_steps=15")
CLEAR_LINE = "\x15"
OPEN, OWN = "refine: your decision", "your own change"


def test_a_person_accepts_in_one_round_does_something_else_in_the_next_and_ends_it(session: Session) -> None:
    argv = session.command(str(session.project), *ASK)
    with PtySession(argv, columns=160, lines=45, cwd=session.folder, env=session.env) as terminal:
        terminal.wait_for(OPEN, 120)
        terminal.wait_for("race from step", 20)
        terminal.wait_for("probe control", 20)
        terminal.send("a")
        terminal.wait_for(lambda now: OPEN not in now.text(), 20)
        terminal.wait_for(OPEN, 120)
        terminal.send("o")
        terminal.wait_for(OWN, 20)
        terminal.send(f"{CLEAR_LINE}0.002\r")
        terminal.wait_for(lambda now: OWN not in now.text(), 20)
        terminal.wait_for(OPEN, 120)
        terminal.send("f")
        terminal.wait_for("completed at step", 120)
        terminal.send("q")
        assert terminal.wait_exit(20) == 0
    events = events_of(session.latest())
    asked = next(event for event in events if isinstance(event, ev.Proposed))
    first, second, third = (event for event in events if isinstance(event, ev.Decided))
    assert (first.decision, first.changes) == ("accepted", asked.proposals[0].changes)
    assert (second.decision, second.proposal, second.changes) == ("edited", "own", {"train.learning_rate": 0.002})
    assert (third.decision, third.reason) == ("rejected", "no further round")
    rounds = [event for event in events if isinstance(event, ev.RoundStarted)]
    assert [one.round for one in rounds] == [1, 2, 3]
    for decided, began in ((first, rounds[1]), (second, rounds[2])):
        assert decided.changes.items() <= began.changes.items()
    assert {event.proposal for event in events if isinstance(event, ev.Probed)} > {"control"}
