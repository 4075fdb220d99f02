"""SIGKILL at named points of a run, each time resumed: `python -m benchmarks.reliability_parts.kill_points`.

Where `kills` meets a moment by chance, this meets the ones that matter: within an update, a save, the renames of a
checkpoint, a line of the journal, a pointer, a race, and the index of the runs. Survived means the same as there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.reliability_parts.kills import start, verdict
from msopt_tui.ml import checkpoint, manifest, optim
from msopt_tui.ml.checkpoint import write
from msopt_tui.runs import history, index
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.steps.refine import race
from tests.ml import live
from tests.projects import losses_of, state_of

OVERRIDES = (
    "train.max_steps=24",
    "train.save_steps=8",
    "train.eval_steps=12",
    "refine.mode=auto",
    "refine.max_rounds=2",
    "refine.probe_steps=4",
    "evaluate.prompts=[]",
)


class Point(NamedTuple):
    """A function, and the call of it at which the process is killed."""

    name: str
    owner: Any
    attribute: str
    call: int
    instead: Callable[[Any], None] = lambda _: None
    """Done of the call before, with its arguments."""
    counts: Callable[[Any], bool] = lambda _: True
    """Which calls are counted, by their arguments."""


def _half_a_line(arguments: Any) -> None:
    """Part of what waits for the journal reaches the file."""
    writer: JournalWriter = arguments[0]
    lines = b"".join(line for line, _ in writer._waiting)
    os.write(writer._fd, lines[: len(lines) // 2])


def _tells_of_a_checkpoint(arguments: Any) -> bool:
    """Whether the journal is about to."""
    return any(b'"CheckpointSaved"' in line for line, _ in arguments[0]._waiting)


def _half_a_file(arguments: Any) -> None:
    """Part of a checkpoint's file is written."""
    Path(arguments[0]).write_bytes(b"half")


POINTS = (
    Point("within an update", optim.AdamW, "_broken", 6),
    Point("within a save", manifest, "write", 12, _half_a_file),
    Point("before a checkpoint's rename", write, "put", 1),
    Point("before a pointer is moved", checkpoint, "point", 1),
    Point("within a line of the journal", JournalWriter, "flush", 1, _half_a_line, _tells_of_a_checkpoint),
    Point("within a race", race, "_report", 2),
)
"""One behind the other: every engine but the last is killed, and the next one goes on."""


def measure(points: tuple[Point, ...] = POINTS) -> list[str]:
    """What was wrong; nothing where a run that was killed at every point ended as the undisturbed one."""
    with tempfile.TemporaryDirectory(prefix="msopt-points-") as name:
        folder = Path(name)
        whole, run = live.create(folder, *OVERRIDES), live.create(folder, *OVERRIDES)
        _whole(whole)
        assert state_of(whole).status == "completed", whole.output_log.read_text()
        wrong = [_killed(point, partial(_whole, run)) for point in points]
        _whole(run)
        wrong.append(verdict(run, losses_of(whole)))
        wrong.append(_killed(Point("within the index", index, "_store", 2), partial(_listed, folder / "runs")))
        if _listed(folder / "runs") != 2:
            wrong.append("runs are missing in the list behind a kill within the index")
    return [one for one in wrong if one]


def _listed(runs: Path) -> int:
    return len(history.list_runs(runs))


def _whole(run: RunDirectory) -> int:
    """The status that the run's engine ended with."""
    return os.waitpid(start(run), 0)[1]


def _killed(point: Point, work: Callable[[], int]) -> str:
    """Work in a process that ends itself at the point; what is wrong where it does not."""
    pid = os.fork()
    if pid == 0:
        try:
            _arm(point)
            status = work()
            os._exit(0 if not os.WIFSIGNALED(status) else 99)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    reached = os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 99
    return "" if reached else f"{point.name}: not reached"


def _arm(point: Point) -> None:
    real, calls = getattr(point.owner, point.attribute), 0

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += point.counts(arguments)
        if calls == point.call:
            point.instead(arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)

    setattr(point.owner, point.attribute, counted)


def main() -> int:
    wrong = measure()
    print(json.dumps({"points": [point.name for point in POINTS], "wrong": wrong}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
