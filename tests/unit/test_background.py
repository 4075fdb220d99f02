"""Work beside the worker keeps a pace until somebody waits for it."""

import threading
import time

import pytest

from msopt_tui.steps import background
from msopt_tui.steps.background import Job, Pace


def test_whoever_waits_ends_the_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PAUSE_SECONDS", 30.0)
    pausing = threading.Event()

    def work(pace: Pace) -> str:
        pausing.set()
        pace.pause()
        pace.pause()
        return "done"

    job, began = Job(work, "test"), time.monotonic()
    assert pausing.wait(10)
    assert not job.done
    assert job.result() == "done"
    assert time.monotonic() - began < 15


def test_between_pieces_others_get_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PAUSE_SECONDS", 0.05)
    pace, began = Pace(), time.monotonic()
    pace.pause()
    assert time.monotonic() - began >= 0.045


def test_what_the_work_raises_is_raised_where_it_is_taken() -> None:
    def work(pace: Pace) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        Job(work, "test").result()
