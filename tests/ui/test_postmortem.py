"""The screen of what went wrong: from the cockpit and from the history, with hostile words, long logs and no log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from msopt_tui.protocol import events as ev
from msopt_tui.runs import last_words
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.last_words import read_last_words
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.screens.history import HistoryScreen
from msopt_tui.ui.screens.postmortem import Ended, PostmortemScreen, lines_of
from tests.ui.cockpit import make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import ended_run, scripted_run
from tests.unit.runs_maker import make_run

LOG = """\
loading
Traceback (most recent call last):
  File "old.py", line 1, in <module>
KeyError: 'of an earlier try'
resumed
Traceback (most recent call last):
  File "loop.py", line 7, in step
ValueError: \x1b[31mbad\x1b[0m \x1b[2J row

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "train.py", line 9, in train
RuntimeError: out of luck
"""


@pytest.fixture
def failed(tmp_path: Path) -> Path:
    path = make_run(tmp_path / "runs", "20260101-000000-r", status="failed", reason="RuntimeError: out of luck", step=7)
    (path / "output.log").write_text(LOG)
    end = ev.RunEnded(step=7, status="failed", reason="RuntimeError: out of luck")
    note = ev.Noted(level="warning", text="the disk is \x1b[2J nearly full")
    (path / "events.jsonl").write_bytes(b"torn}\n" + encode_json(note) + b"\n" + encode_json(end) + b"\n")
    return path


def test_the_last_traceback_comes_with_what_it_was_raised_from(failed: Path) -> None:
    words = read_last_words(failed)
    assert words.has_traceback
    assert words.log[2] == "ValueError: bad \x1b[2J row", "colours are taken out, the rest is the screen's to sanitise"
    assert words.log[-1] == "RuntimeError: out of luck"
    assert not any("earlier try" in line for line in words.log)
    assert words.log_note == "what stands before it is in output.log"
    assert words.journal[0].text == "the disk is \x1b[2J nearly full"


def test_a_log_of_any_length_is_read_within_a_bound(failed: Path) -> None:
    log = failed / "output.log"
    with log.open("w") as file:
        file.write("Traceback (most recent call last):\n")
        file.truncate(5_000_000_000)
        file.seek(0, os.SEEK_END)
        file.write("\n" + "line\n" * 1_000)
    words = read_last_words(failed)
    assert (len(words.log), words.has_traceback) == (last_words.ORDINARY_LINES, False)
    log.write_text("Traceback (most recent call last):\n" + "  frame\n" * 1_000 + "E: end\n")
    assert read_last_words(failed).log[-1] == "E: end"
    assert len(read_last_words(failed).log) == last_words.LOG_LINES


def test_what_is_not_there_or_no_file_is_said(failed: Path) -> None:
    (failed / "output.log").unlink()
    os.mkfifo(failed / "output.log")
    (failed / "events.jsonl").unlink()
    words = read_last_words(failed)
    assert words.log_note == "output.log can't be read: not a regular file"
    assert words.journal_note == "events.jsonl can't be read: No such file or directory"
    (failed / "output.log").unlink()
    (failed / "output.log").touch()
    assert "the engine ended without a word" in read_last_words(failed).log_note


def test_an_engine_that_went_without_a_word() -> None:
    ended = Ended(Path("/runs/docs/it's"), "the engine is gone", 1_200, "", 1_000)
    seen = "\n".join("".join(text for text, _ in line) for line in lines_of(ended, None, Keys(), False, 200))
    assert "✗ the engine is gone at step 1,200: its engine went without a word: a signal" in seen
    assert "msopt-tui resume 'it'\"'\"'s'  goes on from step 1,000" in seen


async def test_from_the_cockpit_the_banner_names_the_key_and_resume_is_a_key_away(failed: Path) -> None:
    resumed: list[Path] = []

    def resume(path: Path) -> FakeLink:
        resumed.append(path)
        return FakeLink(scripted_run(20), run_dir=path)

    link = FakeLink(ended_run("failed", reason="RuntimeError: out of luck"), run_dir=failed)
    async with started(link, make_app(link, resume_run=resume), size=(80, 24)) as ui:
        assert "! what went wrong" in ui.text()
        await ui.press("!")
        assert isinstance(ui.on_top(), PostmortemScreen)
        await ui.until(lambda: "ValueError: bad" in ui.text(), "the traceback")
        text = ui.text()
        assert "what went wrong in 20260101-000000-r" in text
        assert "✗ failed at step 600: RuntimeError: out of luck" in text
        assert "R  goes on from step 600" in text
        assert "msopt-tui doctor 20260101-000000-r" in text
        await ui.press("G")
        assert "run failed · RuntimeError: out of luck" in ui.text()
        assert "\x1b" not in ui.text()
        await ui.press("!")
        assert ui.on_top() is ui.screen
        await ui.press("!", "R")
        await ui.until(lambda: resumed == [failed] and ui.on_top() is ui.screen, "the run to be resumed")


async def test_from_the_history(failed: Path) -> None:
    make_run(failed.parent.parent, "20260102-000000-well", status="completed", created=200.0)
    link = FakeLink(scripted_run(20), run_dir=failed)
    async with started(link, make_app(link, runs_dir=failed.parent.parent)) as ui:
        await ui.press("h")
        history = ui.on_top()
        assert isinstance(history, HistoryScreen)
        await ui.until(lambda: len(history.rows.rows) == 2, "the runs")
        await ui.press("!")
        assert "nothing went wrong: 20260102-000000-well is completed" in ui.row(-1)
        await ui.press("down", "!")
        await ui.until(lambda: "RuntimeError: out of luck" in ui.text(), "the traceback")
        await ui.press("escape")
        assert ui.on_top() is history
