"""A branch by key and the comparison with its parent, on a real pseudo-terminal over real engines."""

from __future__ import annotations

from msopt_tui.runs.record import read_meta
from tests.projects import Session, losses_of, state_of
from tests.pty_session import PtySession


def start(session: Session, *arguments: str) -> PtySession:
    return PtySession(session.command(*arguments), columns=160, lines=45, cwd=session.folder, env=session.env)


def test_a_run_is_branched_by_key_and_compared_with_its_branch(session: Session) -> None:
    parent = session.train("train.max_steps=20")
    with start(session, "attach", parent.name) as terminal:
        terminal.wait_for("completed", 30)
        terminal.send("b")
        terminal.wait_for("branch into a new run", 10)
        terminal.send("train.max_steps=30 train.lr=1e-4\r")
        terminal.wait_for("completed at step 30", 60)
    branch = session.latest()
    meta, state = read_meta(branch.meta), state_of(branch)
    assert meta is not None
    assert (meta.parent, meta.parent_step) == (parent.name, 20)
    assert state.status == "completed"
    assert any("begins with checkpoint-20" in line.text for line in state.journal)
    assert list(losses_of(branch)) == list(range(21, 31))
    with start(session, "history") as history:
        history.wait_for(branch.name, 30)
        history.send("  ")
        history.wait_for("2 marked", 10)
        history.send("d")
        history.wait_for("train.learning_rate", 30)
        history.wait_for("train.max_steps", 10)
        history.send("\x1b")
        history.wait_for("2 runs in", 10)
        history.send("L")
        history.wait_for("└─ at step 20", 10)
    tree = session.run("history", "--tree").stdout.splitlines()
    assert tree[1].startswith(f"└─ at step 20: tiny/{branch.name}")
