"""A run of a million points on the screen: how soon, how quick under the keys, how small, and how quiet afterwards.

    python benchmarks/large_run.py [--leet WANDB] [--keys 60] [--seconds 10]

Twenty metrics at each of 50,000 steps: three of training (loss, gradient norm, learning rate) and seventeen of an
evaluation after every step. `--leet` names a `wandb` program (in an environment of its own: `pip install wandb`);
the same points are then written as an offline run, and `wandb leet` is measured beside ours, one after the other.
"Fully on screen" is when the last step stands there and nothing more has come for a second.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from benchmarks.cockpit import PROGRAM, key_seconds, quantile
from msopt_tui.config.dump import flatten
from msopt_tui.config.schema import Config
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.runs.record import RunRecord, write_record
from tests.pty_session import PtySession

STEPS = 50_000
NAMES = list(METRICS)[:17]
A_BATCH = 100
QUIET_SECONDS = 1.0
PATIENCE = 60.0
WANDB_SCRIPT = """
import json, sys, wandb
names = json.loads(sys.argv[2])
run = wandb.init(mode="offline", dir=sys.argv[1], project="large", settings=wandb.Settings(console="off", silent=True))
with open(sys.argv[3]) as rows:
    for step, row in enumerate(map(json.loads, rows), 1):
        run.log(dict(zip(names, row)), step=step)
run.finish()
"""


def value(step: int, at: int) -> float:
    """A course that falls, with something on it at every step."""
    return 2 + 3 / (1 + step / 500) + 0.001 * at + 0.1 * ((step * 2_654_435_761) % 1000) / 1000


def write_run(folder: Path) -> Path:
    """A finished run as an engine writes it; returns its directory."""
    run = folder / "runs" / "large" / "20260101-100000-large"
    run.mkdir(parents=True)
    settings = flatten(Config())
    with closing(JournalWriter(run / "events.jsonl", buffer_bytes=1 << 30)) as writer:
        writer.append([ev.EngineStarted(process=1), ev.RunStarted(run=run.name, project="large", settings=settings)])
        writer.append([ev.RoundStarted(round=1, step=0, last_step=STEPS, tokens_per_step=1024)])
        for first in range(1, STEPS + 1, A_BATCH):
            steps = range(first, first + A_BATCH)
            losses, norms, rates = ([value(step, at) for step in steps] for at in range(3))
            done = ev.StepsDone(
                first=first, losses=[*losses], grad_norms=[*norms], learning_rates=rates, seconds=1.0, tokens=102_400
            )
            writer.append([done, *(_evaluated(step) for step in steps)])
        writer.append([ev.RunEnded(status="completed", step=STEPS)])
    write_record(run / "state.json", RunRecord(run=run.name, project="large", status="completed", step=STEPS))
    return run


def _evaluated(step: int) -> ev.Evaluated:
    metrics: dict[str, ev.Number] = {name: value(step, at + 3) for at, name in enumerate(NAMES)}
    return ev.Evaluated(step=step, round=1, split="validation", reason="cadence", metrics=metrics, seconds=0.01)


class Found(NamedTuple):
    """What one program showed."""

    painted: float
    """Seconds from exec to the first bytes of a screen."""
    complete: float
    """Seconds from exec to everything on the screen."""
    keys: list[float]
    """Seconds from key to paint; empty where it was not measured."""
    cpu: float
    """Of a core, per cent, with nobody doing anything."""
    kilobytes: float
    """A second, likewise."""
    memory: float
    """MiB resident, children included."""


def watch(argv: Sequence[str], cwd: Path, sign: bytes, done: str, keys: int, seconds: float) -> Found:
    """Start a program on a terminal of 160×45 and measure it; `sign` is in its first screen, `done` in its last."""
    began = time.perf_counter()
    with PtySession(argv, cwd=cwd) as session:
        painted = changed = 0.0
        size = 0
        while True:
            now = time.perf_counter() - began
            if now > PATIENCE:
                raise SystemExit(f"not on the screen within {PATIENCE:.0f} s:\n{session.text()}")
            if session.bytes_received != size:
                size, changed = session.bytes_received, now
                painted = painted or (now if sign in session.raw else 0.0)
            elif painted and now - changed > QUIET_SECONDS and done in session.text():
                break
            time.sleep(0.002)
        process = psutil.Process(session.pid)
        family = [process, *process.children(recursive=True)]
        before, received, since = _cpu(family), session.bytes_received, time.perf_counter()
        time.sleep(seconds)
        passed = time.perf_counter() - since
        cpu, kilobytes = (_cpu(family) - before) / passed * 100, (session.bytes_received - received) / passed / 1000
        memory = sum(one.memory_info().rss for one in family) / 2**20
        found = key_seconds(session, keys) if keys else []
    return Found(painted, changed, found, cpu, kilobytes, memory)


def _cpu(family: list[psutil.Process]) -> float:
    return float(sum(sum(one.cpu_times()[:2]) for one in family))


def line(name: str, found: Found) -> str:
    """For the table."""
    keys = "–"
    if found.keys:
        keys = f"{statistics.median(found.keys) * 1000:.0f} / {quantile(found.keys, 0.95) * 1000:.0f} ms"
    return (
        f"| {name} | {found.painted:.2f} s | {found.complete:.2f} s | {keys} | {found.cpu:.1f} % |"
        f" {found.kilobytes:.2f} kB/s | {found.memory:.0f} MiB |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leet", type=Path, help="the wandb program to measure beside ours")
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"XDG_CACHE_HOME": f"{name}/cache", "XDG_STATE_HOME": f"{name}/state"}
        run = write_run(folder)
        size = (run / "events.jsonl").stat().st_size / 1e6
        print(f"{20 * STEPS:,} points, a journal of {size:.0f} MB")
        print("| | first frame | all on screen | key to paint, p50 / p95 | idle CPU | idle bytes | resident |")
        print("|---|---|---|---|---|---|---|")
        leet = _offline_run(given.leet, folder) if given.leet else None
        for _ in range(given.times):
            ours = watch([*PROGRAM, "attach"], folder, b"journal", "completed", given.keys, given.seconds)
            print(line("msopt-tui", ours), flush=True)
            if leet is not None:
                argv = [str(given.leet), "leet", str(leet)]
                print(line("wandb leet", watch(argv, folder, b"loss", "", 0, given.seconds)), flush=True)
    return 0


def _offline_run(wandb: Path, folder: Path) -> Path:
    """The same points as `wandb` keeps them."""
    names = ["loss", "grad_norm", "learning_rate", *NAMES]
    env = dict(os.environ) | {"WANDB_SILENT": "true", "WANDB_MODE": "offline"}
    rows = folder / "rows.jsonl"
    with rows.open("w") as file:
        for step in range(1, STEPS + 1):
            file.write(json.dumps([value(step, at) for at in range(len(names))]) + "\n")
    arguments = [str(folder), json.dumps([f"m/{one}" for one in names]), str(rows)]
    command = [str(wandb.parent / "python"), "-c", WANDB_SCRIPT, *arguments]
    subprocess.run(command, env=env, cwd=folder, check=True, capture_output=True)
    found = sorted((folder / "wandb").glob("offline-run-*"))
    assert found, "wandb wrote no run"
    return found[-1]


if __name__ == "__main__":
    sys.exit(main())
