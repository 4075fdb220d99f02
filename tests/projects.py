"""Tiny projects on real text, and runs of them in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from msopt_tui.link.socket_client import SocketLink
from msopt_tui.protocol.commands import Command
from msopt_tui.protocol.events import Event, StepsDone
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalReader
from msopt_tui.state.run_state import RunState

TINY = """
[project]
name = "tiny"
[data]
max_length = 32
deduplicate = "paragraph"
[[data.sources]]
kind = "python-topics"
[tokenizer]
vocab_size = 320
[model]
hidden_size = 32
num_hidden_layers = 2
num_attention_heads = 2
dropout = 0.1
[train]
learning_rate = 3e-3
warmup_steps = 2
per_device_train_batch_size = 4
max_steps = 60
eval_steps = 20
save_steps = 20
save_total_limit = 50
[evaluate]
prompts = ["The "]
max_new_tokens = 4
per_device_eval_batch_size = 64
[refine]
mode = "off"
[resources]
device = "cpu"
threads = 1
"""


def environment(cache: Path) -> dict[str, str]:
    """No network, one thread, prepared data shared by the tests of a session."""
    return dict(os.environ) | {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "XDG_CACHE_HOME": str(cache),
        "PYTHONUNBUFFERED": "1",
    }


def write_project(folder: Path, text: str = TINY) -> Path:
    """A project file in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "project.toml"
    path.write_text(text, encoding="utf-8")
    return path


class Session:
    """Runs the command line on one folder of runs."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        # What is remembered of the screen is the test's own.
        self.env = environment(cache) | {"XDG_STATE_HOME": str(folder / "state")}
        self.project = write_project(folder)

    def command(self, *arguments: str) -> list[str]:
        """How to call it."""
        return [sys.executable, "-m", "msopt_tui", *arguments]

    def run(self, *arguments: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def train(self, *overrides: str) -> RunDirectory:
        """A whole run as lines; fails loudly when it does."""
        done = self.run(str(self.project), "--headless", *overrides)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:] + self.log()
        return self.latest()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start and leave it to the caller to end it."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def latest(self) -> RunDirectory:
        """The run begun last."""
        return RunDirectory(max((self.folder / "runs" / "tiny").iterdir(), key=lambda path: path.stat().st_ctime))

    def wait_for_latest(self, process: subprocess.Popen[str], after: int = 0) -> RunDirectory:
        """The run that a process has just begun, once it has a journal; `after` runs that were there before."""
        folder = self.folder / "runs" / "tiny"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if folder.is_dir() and len(list(folder.iterdir())) > after and self.latest().events.exists():
                return self.latest()
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        raise TimeoutError("no journal appeared")

    def log(self) -> str:
        """What the latest engine printed."""
        try:
            return "\noutput.log:\n" + self.latest().output_log.read_text()[-3000:]
        except (OSError, ValueError):
            return ""

    def wait_for(self, directory: RunDirectory, when: Callable[[RunState], bool], timeout: float = 60.0) -> RunState:
        """Follow a run until it is where it is wanted; returns its state then."""
        return self._follow(directory, when, None, timeout)

    def send_when(
        self, directory: RunDirectory, command: Command, when: Callable[[RunState], bool], timeout: float = 60.0
    ) -> RunState:
        """Send a command as soon as the run is where it is wanted and wait for its answer; returns the state then."""
        return self._follow(directory, when, command, timeout)

    def _follow(
        self, directory: RunDirectory, when: Callable[[RunState], bool], command: Command | None, timeout: float
    ) -> RunState:
        link, state = SocketLink(directory.path), RunState()
        deadline = time.monotonic() + timeout
        reached = False
        while time.monotonic() < deadline:
            for event in link.poll():
                state.apply(event)
            if not reached and when(state):
                reached = True
                if command is not None:
                    link.send(command)
            answer = state.commands.get(command.id) if command is not None else None
            if reached and (command is None or (answer is not None and answer.status != "requested")):
                link.close()
                return state
            time.sleep(0.01)
        raise TimeoutError(f"{command} at status {state.status}, step {state.step}{self.log()}")


def events_of(directory: RunDirectory, damaged: int = 0) -> list[Event]:
    """Every event of a finished run's journal, in which so many lines are damaged; one torn by a kill is no event."""
    reader = JournalReader(directory.events)
    events = reader.read(seconds=60.0)
    assert not reader.behind
    assert reader.damaged == damaged
    return events


def losses_of(directory: RunDirectory) -> dict[int, float | None]:
    """Loss by step as the run ended up with it: what a resume did again overwrites."""
    losses: dict[int, float | None] = {}
    for event in events_of(directory):
        if isinstance(event, StepsDone):
            losses.update(zip(range(event.first, event.first + len(event.losses)), event.losses, strict=True))
    return losses


def state_of(directory: RunDirectory, damaged: int = 0) -> RunState:
    """The journal, folded."""
    state = RunState()
    for event in events_of(directory, damaged):
        state.apply(event)
    return state
