"""A long past that another process reads is the same past, and one that can't be read so is read as any other."""

from __future__ import annotations

import io
import mmap
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.link import ahead as room
from msopt_tui.link.ahead import Ahead, Past, read_ahead
from msopt_tui.link.tail import JournalLink, JournalTail
from msopt_tui.protocol import events as ev
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.journal import JournalReader, JournalWriter
from msopt_tui.runs.journal_lines import LineDecoder
from msopt_tui.runs.sealed import seal
from msopt_tui.state.evaluations import EvaluationLines
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.feed import Feed
from tests.ui.scripted import scripted_run, state_of


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "docs" / "20260101-100000-docs"
    path.mkdir(parents=True)
    with closing(JournalWriter(path / "events.jsonl")) as writer:
        writer.append(scripted_run(900))
    return path


def content(state: RunState) -> dict[str, object]:
    """What the state says, as values that can be compared."""
    said: dict[str, object] = {"lines": list(state.journal), "count": state.journal.count}
    for field in fields(state):
        value = getattr(state, field.name)
        if field.name == "journal":
            continue
        if field.name in ("losses", "grad_norms", "learning_rates"):
            said[field.name] = list(value.points(0, 1e9)), list(value.not_finite_in(0, 1e9))
        elif field.name == "metrics":
            said[field.name] = {name: list(series.points(0, 1e9)) for name, series in value.items()}
        elif field.name == "marks":
            said[field.name] = {kind: list(value.of(kind)) for kind in value}
        elif field.name in ("evaluations", "answers", "resources", "alerts"):
            said[field.name] = list(value)
        elif "__eq__" not in {name for kind in type(value).__mro__[:-1] for name in vars(kind)}:
            said[field.name] = pickle.dumps(value)  # of those that are compared by identity
        else:
            said[field.name] = value
    return said


def test_what_comes_back_is_the_state_of_the_events(run_dir: Path) -> None:
    past: Past = pickle.loads(pickle.dumps(room._past_of(run_dir, mmap.mmap(-1, 8))))
    whole = state_of(list(JournalReader(run_dir / "events.jsonl").read()))
    assert len(whole.evaluations) > 1
    assert content(past.state) == content(whole)
    with closing(JournalWriter(run_dir / "events.jsonl")) as writer:
        more = ev.Noted(level="info", text="and on")
        writer.append([more])
    assert past.tail.read(1.0) == [more]


def test_a_process_reads_it_and_the_feed_goes_on_from_there(run_dir: Path) -> None:
    """In a process of its own: this one has threads, with which nothing is forked."""
    assert read_ahead(run_dir) is None
    script = f"""
import os, signal, sys, time
from pathlib import Path
from msopt_tui.link import ahead as room
from msopt_tui.link.tail import JournalLink
from msopt_tui.ui.feed import Feed
path = Path({str(run_dir)!r})
assert room.read_ahead(path) is None, "it is short"
assert room.read_ahead(path / "none") is None
room.LONG_BYTES = 1000
def feed_of(ahead):
    feed = Feed(JournalLink(path), ahead)
    while not feed.read() or feed.behind:
        time.sleep(0.001)
    return feed
ahead = room.read_ahead(path)
feed = feed_of(ahead)
assert ahead.share == 1.0 and not feed.is_waiting
killed = room.read_ahead(path)
os.kill(killed._process, signal.SIGKILL)
assert feed_of(killed).state.version == feed.state.version
dropped = Feed(JournalLink(path), room.read_ahead(path))
dropped.close()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print(feed.state.version, feed.state.step)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    whole = state_of(list(JournalReader(run_dir / "events.jsonl").read()))
    assert (done.stdout.split(), done.stderr) == ([str(whole.version), str(whole.step)], "")


class Slow(Ahead):
    """Is done when it is asked for the third time."""

    def __init__(self, found: bytes) -> None:
        share = mmap.mmap(-1, 8)
        room._Share.pack_into(share, 0, 0.25)
        super().__init__(0, io.BytesIO(found), share)
        self._asked = 0

    def is_done(self) -> bool:
        self._asked += 1
        return self._asked > 2


@pytest.mark.parametrize("found", [b"", b"no pickle", None], ids=["died", "damaged", "well"])
def test_a_feed_waits_for_it_and_does_without_it(run_dir: Path, found: bytes | None) -> None:
    tail, state = JournalTail(run_dir), RunState()
    state.apply_all(tail.read(1.0))
    feed = Feed(JournalLink(run_dir), Slow(pickle.dumps(Past(tail, state)) if found is None else found))
    assert (feed.read(), feed.read()) == (False, False)
    assert (feed.behind, feed.is_waiting, feed.standing, feed.share) == (True, True, "reading", 0.25)
    feed.read()
    assert (feed.is_waiting, feed.share) == (False, None)
    assert content(feed.state) == content(state)


EVENTS: Sequence[ev.Event] = [
    ev.EngineStarted(time=1.0, process=1),
    ev.StepsDone(
        time=2.0, first=1, losses=[2.5, None], grad_norms=[1.0, 1.0], learning_rates=[0.1, 0.1], seconds=1.0, tokens=8
    ),
    *(
        ev.Evaluated(
            time=step,
            step=step,
            round=1,
            split="test" if step == 7 else "validation",
            reason="probe" if step == 5 else "cadence",
            metrics={"loss": 1 / step, "f1": None},
            seconds=0.5,
            best=step % 2 == 0,
        )
        for step in range(3, 8)
    ),
]
LINES = [seal(encode_json(event)) for event in EVENTS]
line = st.sampled_from([*LINES, encode_json(EVENTS[3]), b"", b"{", LINES[3][:-9], b'{"type":"New"}'])
"""Whole ones, one without its checksum, torn ones, one of a newer version."""


@given(st.lists(line, max_size=12), st.none() | st.integers(0, 8 * len(LINES[3]) - 1))
def test_read_as_lines_or_not_the_events_are_the_same(lines: list[bytes], flipped: int | None) -> None:
    if flipped is not None:
        damaged = bytearray(LINES[3])
        damaged[flipped // 8] ^= 1 << flipped % 8
        lines = [*lines, bytes(damaged)]
    text = b"".join(one + b"\n" for one in lines)
    plain, packed = LineDecoder(), LineDecoder()
    found, states = packed.take_packed(text), (RunState(), RunState())
    events = plain.take(text)
    assert list(unpacked(found)) == events
    assert (plain.skipped, plain.damaged) == (packed.skipped, packed.damaged)
    states[0].apply_all(events)
    states[1].apply_all(found)
    assert content(states[0]) == content(states[1])


def unpacked(found: Sequence[ev.Event | EvaluationLines]) -> Iterator[ev.Event]:
    for one in found:
        if isinstance(one, EvaluationLines):
            yield from one
        else:
            yield one
