"""SIGKILL of the engine at a random moment of a whole run, then a resume to its end: `--tries N`.

Survived: the resumed run completes, and every step's loss is that of an undisturbed run to the last bit. The engine is
forked behind the imports, before torch has made a thread, so that a try costs seconds and not ten.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from msopt_tui.engine import pipeline, resume
from msopt_tui.engine.host import make_engine
from msopt_tui.protocol.events import RunStarted, StepsDone
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalReader
from tests.ml import live
from tests.projects import losses_of, state_of

SAVE_STEPS = 10
OVERRIDES = (
    "train.max_steps=60",
    f"train.save_steps={SAVE_STEPS}",
    "refine.mode=auto",
    "refine.max_rounds=2",
    "refine.probe_steps=5",
)
LOADED = (pipeline, resume)
"""Imported here, and torch with them, so that no child does it again."""


class Kills(NamedTuple):
    survived: int
    tried: int
    median_lost: float
    max_lost: int
    save_interval: int
    wrong: list[str]
    """Of each that was not survived: when it was killed and what the resumed run came to."""


def start(run: RunDirectory) -> int:
    """An engine on the run in a forked process; returns its process id."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            log = os.open(run.output_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            engine = make_engine(run, somebody_watches=False)
            engine.serve()
            code = engine.ended.exit_code if engine.ended else 1
        finally:
            os._exit(code)
    return pid


def last_step(run: RunDirectory) -> int:
    """The last step that the journal tells of; a torn last line is read past."""
    done = [event for event in JournalReader(run.events).read(seconds=60.0) if isinstance(event, StepsDone)]
    return max((event.first + len(event.losses) - 1 for event in done), default=0)


def measure(tries: int, seed: int = 0) -> Kills:
    """Kill and resume so often."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="msopt-kills-") as name:
        folder = Path(name)
        whole = live.create(folder, *OVERRIDES)
        os.waitpid(start(whole), 0)  # prepares the data
        shutil.rmtree(whole.path)
        whole = live.create(folder, *OVERRIDES)
        began = time.monotonic()
        os.waitpid(start(whole), 0)
        seconds, expected = time.monotonic() - began, losses_of(whole)
        assert state_of(whole).status == "completed", whole.output_log.read_text()
        lost: list[int] = []
        wrong: list[str] = []
        for _ in range(tries):
            run = live.create(folder, *OVERRIDES)
            pid = start(run)
            after = draw.uniform(0.0, seconds)
            time.sleep(after)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            at = last_step(run)
            os.waitpid(start(run), 0)
            if bad := verdict(run, expected):
                wrong.append(f"killed after {after:.2f} s of {seconds:.2f}, at step {at}: {bad}")
            starts = [event for event in JournalReader(run.events).read(seconds=60.0) if isinstance(event, RunStarted)]
            lost.append(at - (starts[-1].resumed_from_step or 0))
            shutil.rmtree(run.path)
    return Kills(tries - len(wrong), tries, statistics.median(lost), max(lost), SAVE_STEPS, wrong)


def verdict(run: RunDirectory, expected: dict[int, float | None]) -> str:
    """What is wrong with a resumed run; nothing if it is as the undisturbed one."""
    state, found = state_of(run), losses_of(run)
    if state.status != "completed":
        return f"{state.status}: {run.output_log.read_text()[-500:]}"
    differing = sorted(step for step in expected.keys() | found.keys() if found.get(step) != expected.get(step))
    return f"{len(differing)} losses differ, from step {differing[0]} on" if differing else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    found = measure(arguments.tries, arguments.seed)
    print(
        f"kills survived {found.survived}/{found.tried}; steps lost: median {found.median_lost:g}, "
        f"max {found.max_lost}; save interval {found.save_interval}"
    )
    for wrong in found.wrong:
        print(f"  {wrong}")


if __name__ == "__main__":
    main()
