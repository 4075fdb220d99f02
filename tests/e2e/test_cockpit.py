"""The cockpit on a real pseudo-terminal over a real engine: start, watch, pause, evaluate, leave, come back, finish."""

from __future__ import annotations

import os
import re
import signal
import time

import psutil

from msopt_tui.protocol.commands import Stop
from msopt_tui.runs.record import read_record
from tests.projects import Session, losses_of, state_of
from tests.pty_session import PtySession

STEPS = "train.max_steps=2000"


def start(session: Session, *arguments: str, columns: int = 160, lines: int = 45) -> PtySession:
    return PtySession(session.command(*arguments), columns=columns, lines=lines, cwd=session.folder, env=session.env)


def test_the_whole_story(session: Session) -> None:
    with start(session, str(session.project), STEPS, "train.eval_steps=500") as terminal:
        terminal.wait_for("● running", 60)
        terminal.wait_for("validation", 20)
        terminal.send("p")
        terminal.wait_for("pause applied at step", 20)
        terminal.wait_for("‖ paused", 20)
        terminal.send("e")
        terminal.wait_for("evaluate applied at step", 20)
        terminal.send("s")
        terminal.wait_for("save applied at step", 20)
        run = session.latest()
        terminal.send("q")
        terminal.wait_for("detach", 10)
        terminal.send("\r")
        assert terminal.wait_exit(10) == 0
        assert 1049 not in terminal.modes, "the shell's screen is back"
        assert terminal.cooked
        # The engine is still there, paused, and lets itself be taken up where it was left.
        with start(session, "attach") as again:
            again.wait_for("‖ paused", 20)
            again.wait_for("evaluate applied at step", 20)
            again.send("p")
            again.wait_for("● running", 20)
            again.wait_for("completed", 120)
            again.send("q")
            assert again.wait_exit(10) == 0
    state = state_of(run)
    assert state.status == "completed"
    assert [command.status for command in state.commands.values()] == ["applied"] * 4
    assert losses_of(run).keys() == set(range(1, 2001))
    with start(session, "history") as history:
        history.wait_for(run.name, 20)
        history.wait_for("completed", 10)
        history.send("\r")
        history.wait_for("2000", 20)


def test_a_terminal_that_goes_away_leaves_the_run_alone(session: Session) -> None:
    with start(session, str(session.project), "train.max_steps=300") as keeper:
        keeper.wait_for("● running", 60)
        run = session.latest()
        keeper.close_terminal()
        assert keeper.wait_exit(10) in (129, -signal.SIGHUP)
        attached = session.run("attach", run.name, "--headless")
        assert attached.returncode == 0
    assert state_of(run).status == "completed"
    undisturbed = session.train("train.max_steps=300")
    assert losses_of(undisturbed) == losses_of(run)


def test_an_engine_that_dies_is_named_and_can_be_resumed_by_key(session: Session) -> None:
    with start(session, str(session.project), "train.max_steps=3000") as terminal:
        terminal.wait_for("● running", 60)
        run = session.latest()
        terminal.send("s")
        terminal.wait_for("save applied", 20)
        record = read_record(run.state)
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)
        terminal.wait_for("SIGKILL", 20)
        terminal.wait_for("resume", 5)


def test_every_size_shows_the_run(session: Session) -> None:
    done = session.train("train.max_steps=20")
    for columns, lines in ((120, 36), (80, 24), (20, 5), (300, 90)):
        with start(session, "attach", done.name, columns=columns, lines=lines) as terminal:
            terminal.wait_for("completed", 20)
            terminal.resize(160, 45)
            terminal.wait_for("validation", 20)
            terminal.send("q")
            assert terminal.wait_exit(10) == 0


def test_a_locale_without_a_dot_in_its_letters_gets_an_answer(session: Session) -> None:
    """`LANG=C` as old batch systems set it: an ASCII pipe, and a terminal that takes bytes."""
    plain = {"LC_ALL": "POSIX", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    session.env |= plain
    done = session.train("train.max_steps=20")
    shown = session.run("show", done.name)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.isascii()
    assert "completed" in shown.stdout
    with PtySession(session.command("attach", done.name), cwd=session.folder, env=session.env) as terminal:
        terminal.wait_for("completed", 20)
        terminal.send("q")
        assert terminal.wait_exit(10) == 0


def _step_on(terminal: PtySession) -> int | None:
    """The step that the first line shows."""
    found = re.search(r"(\d+)/1000000", terminal.screen()[0])
    return int(found[1]) if found else None


def test_a_stalled_terminal_costs_the_run_no_step(session: Session) -> None:
    with start(session, str(session.project), "train.max_steps=1000000", "train.eval_steps=1000000") as terminal:
        terminal.wait_for("● running", 60)
        run = session.latest()
        cockpit = psutil.Process(terminal.pid)

        def rate(seconds: float) -> float:
            first = session.wait_for(run, lambda state: state.step > 0)
            time.sleep(seconds)  # what is measured is a rate
            last = session.wait_for(run, lambda state: state.step > first.step)
            return (last.step - first.step) / (last.last_time - first.last_time)

        before = rate(2.0)
        terminal.stall()
        resident = cockpit.memory_info().rss
        assert rate(4.0) > 0.6 * before, "the machine may be busy, but nobody waits for the terminal"
        assert cockpit.memory_info().rss - resident < 8 * 2**20
        now = session.wait_for(run, lambda state: state.step > 0).step
        terminal.resume_reading()
        terminal.wait_for(lambda seen: (step := _step_on(seen)) is not None and step >= now, 10)
        terminal.wait_for("● running", 10)
        session.send_when(run, Stop(save=False), lambda state: state.step > 0)


def test_a_bad_project_file_is_answered_before_any_screen(session: Session) -> None:
    session.project.write_text("[train]\nlerning_rate = 1\n")
    with start(session, str(session.project)) as terminal:
        assert terminal.wait_exit(10) == 3
        terminal.wait_for("did you mean learning_rate?", 5)
        assert 1049 not in terminal.modes
        assert b"\x1b[?1049h" not in terminal.raw


def test_a_dumb_terminal_gets_lines(session: Session) -> None:
    session.env |= {"TERM": "dumb"}
    argv = session.command(str(session.project), "train.max_steps=20")
    with PtySession(argv, cwd=session.folder, env={**session.env, "TERM": "dumb"}) as terminal:
        terminal.wait_for("run completed", 60)
        assert terminal.wait_exit(10) == 0
        assert b"\x1b[?1049h" not in terminal.raw
