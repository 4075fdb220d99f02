"""What the cockpit costs and how fast it answers, on a real pseudo-terminal of 160×45.

    python benchmarks/cockpit.py [--pairs 5] [--seconds 10]

The engine trains a dispatch-bound model (2 layers, width 64, batch 4×64, one torch thread) all the while. Steps a
second with the cockpit attached and without are measured in turn on the same run, from the journal.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from benchmarks.pairs import summary
from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.link.socket_client import SocketLink
from msopt_tui.protocol.commands import Stop
from msopt_tui.protocol.events import StepsDone
from msopt_tui.state.run_state import RunState
from tests.pty_session import PtySession

PROJECT = """
[data]
max_length = 64
[[data.sources]]
kind = "python-topics"
[tokenizer]
vocab_size = 512
[model]
hidden_size = 64
num_hidden_layers = 2
num_attention_heads = 4
[train]
per_device_train_batch_size = 4
max_steps = 1000000
eval_steps = 1000000
save_steps = 1000000
[refine]
mode = "off"
[resources]
device = "cpu"
threads = 1
"""
# As installed: with bytecode. Some build machines forbid it, and every start would compile the whole package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
PROGRAM = [sys.executable, "-m", "msopt_tui"]


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def milliseconds(name: str, seconds: list[float], reach: str) -> None:
    p50, p95 = statistics.median(seconds) * 1000, quantile(seconds, 0.95) * 1000
    print(f"{name}: median {p50:.0f} ms, p95 {p95:.0f} ms, of {len(seconds)} (reach {reach})", flush=True)


def command_seconds(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([*PROGRAM, *arguments], capture_output=True, check=False)
    return time.perf_counter() - began


def first_frame_seconds(cwd: Path, *arguments: str) -> tuple[float, float]:
    """From starting the process to the panes on the screen, and to the run in them."""
    began = time.perf_counter()
    panes = 0.0
    with PtySession([*PROGRAM, *arguments], cwd=cwd) as session:
        while True:
            now, raw = time.perf_counter() - began, session.raw
            panes = panes or (now if b"journal" in raw else 0.0)
            if b"preprocess" in raw:
                return panes, now
            if now > 20:
                raise SystemExit("no first frame within 20 s:\n" + session.text())
            time.sleep(0.001)


def first_frames(name: str, cwd: Path) -> None:
    found = [first_frame_seconds(cwd, "attach") for _ in range(11)][1:]
    milliseconds(f"exec to first frame, {name}", [panes for panes, _ in found], "≤ 300 ms")
    milliseconds(f"exec to the run in it, {name}", [run for _, run in found], "–")


def key_seconds(session: PtySession, presses: int) -> list[float]:
    """From a pane's number key to the keys of that pane in the footer, at full training load."""
    found = []
    for number in range(presses):
        key, word = (("6", b"scroll"), ("1", b"cursor"))[number % 2]
        before = len(session.raw)
        began = time.perf_counter()
        session.send(key)
        while word not in session.raw[before:]:
            if time.perf_counter() - began > 5:
                raise SystemExit("the key was not answered:\n" + session.text())
            time.sleep(0.0005)
        found.append(time.perf_counter() - began)
        time.sleep(0.13)  # no multiple of a frame, so that every phase between two frames is met
    return found


class Run:
    """A dispatch-bound run at work."""

    def __init__(self, folder: Path) -> None:
        project = folder / "project.toml"
        project.write_text(PROJECT)
        self.directory = launch.create_run(load_project(project), project, folder / "runs")
        os.environ |= {"OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / "cache")}
        self.host = launch.start_host(self.directory, unattended=True)
        self.link = SocketLink(self.directory.path, host=self.host)
        self.state = RunState()
        while self.state.step < 200:
            self.read()
            time.sleep(0.05)

    def read(self) -> list[StepsDone]:
        batches = []
        for event in self.link.poll():
            self.state.apply(event)
            if isinstance(event, StepsDone):
                batches.append(event)
        return batches

    def steps_per_second(self, seconds: float) -> float:
        """Wall clock, so that whatever the cockpit takes from the engine shows."""
        time.sleep(0.3)
        self.read()
        first, began = self.state.step, self.state.last_time
        time.sleep(seconds)
        batches = self.read()
        return (self.state.step - first) / (batches[-1].time - began)

    def stop(self) -> None:
        self.link.send(Stop(save=False))
        while self.host.poll() is None:
            self.link.poll()
            time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bad = folder / "bad.toml"
        bad.write_text("[train]\nlerning_rate = 1\n")
        milliseconds("msopt-tui --help", [command_seconds("--help") for _ in range(11)][1:], "≤ 150 ms")
        milliseconds("a bad project file's answer", [command_seconds(str(bad)) for _ in range(11)][1:], "≤ 150 ms")
        run = Run(folder)
        first_frames("attaching to a run at full load", folder)
        pairs, cpu, received = [], [], []
        for number in range(args.pairs):
            without = run.steps_per_second(args.seconds) if number % 2 == 0 else 0.0
            with PtySession([*PROGRAM, "attach"], cwd=folder) as session:
                session.wait_for("running")
                time.sleep(2.0)
                process = psutil.Process(session.pid)
                before, bytes_before, began = process.cpu_times(), session.bytes_received, time.perf_counter()
                attached = run.steps_per_second(args.seconds)
                after, passed = process.cpu_times(), time.perf_counter() - began
                cpu.append((after.user + after.system - before.user - before.system) / passed * 100)
                received.append((session.bytes_received - bytes_before) / passed / 1000)
                if number == args.pairs - 1:
                    milliseconds("key to paint at full training load", key_seconds(session, 60), "p95 ≤ 50 ms")
            without = without or run.steps_per_second(args.seconds)
            pairs.append((attached, without))
            print(f"  pair {number + 1}: {attached:.1f} {without:.1f} steps/s", flush=True)
        run.stop()
        print(summary("steps/s with the cockpit attached / without", pairs, "≥ 0.98"))
        print(f"cockpit CPU while watching: median {statistics.median(cpu):.1f} % of a core (reach ≤ 5 %)")
        print(f"bytes to the terminal: median {statistics.median(received):.1f} kB/s (reach ≤ 4 kB/s)")
        first_frames("a finished run", folder)


if __name__ == "__main__":
    main()
