"""A tiny run in this process, with commands sent at given steps and, for resumes, an end at one."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.engine.engine import Engine
from msopt_tui.engine.host import make_engine
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol.events import Event, Paused
from msopt_tui.runs.directory import RunDirectory
from tests.projects import TINY, write_project

TEXT = TINY.replace('kind = "python-topics"', 'kind = "text"\npath = "words.txt"\ndocument = "line"')


WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "saw", "that", "red", "dog", "run", "far")
OTHER_WORDS = ("seven", "green", "birds", "fly", "over", "blue", "hills", "while", "we", "sing", "old", "songs")


def write_text(path: Path, words: Sequence[str] = WORDS, seed: int = 0) -> None:
    """A small text with something to learn: sentences from a few words."""
    draw = random.Random(seed)
    lines = (" ".join(draw.choice(words) for _ in range(12)) for _ in range(400))
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def create_mixed(folder: Path, *overrides: str) -> RunDirectory:
    """The same with two sources: `words.txt` and `other.txt`, which has words of its own."""
    second = '\n[[data.sources]]\nkind = "text"\npath = "other.txt"\ndocument = "line"\n[tokenizer]'
    project = write_project(folder / "work", TEXT.replace("\n[tokenizer]", second))
    write_text(project.parent / "words.txt")
    write_text(project.parent / "other.txt", OTHER_WORDS, 1)
    arguments = [f"data.cache_dir={folder / 'cache'}", *overrides]
    return launch.create_run(load_project(project, arguments), project, folder / "runs")


def create(folder: Path, *overrides: str) -> RunDirectory:
    """A run directory of the tiny project, its prepared data shared by all in `folder`."""
    project = write_project(folder / "work", TEXT)
    write_text(project.parent / "words.txt")
    arguments = [f"data.cache_dir={folder / 'cache'}", *overrides]
    return launch.create_run(load_project(project, arguments), project, folder / "runs")


def serve(
    directory: RunDirectory,
    commands: Mapping[int, Sequence[cmd.Command]] | None = None,
    *,
    fails: bool = False,
    heard: Callable[[Engine, Event], None] = lambda engine, event: None,
) -> RunDirectory:
    """Work on a run to its end, or to where a command ends it; commands are sent when a step is reached.

    The run pauses at each of these steps, so that what is sent counts from there and nowhere else.
    """
    engine = make_engine(directory, somebody_watches=False)
    emit, left = engine._control._emit, dict(commands or {})

    def watch(event: Event) -> None:
        emit(event)
        heard(engine, event)
        if isinstance(event, Paused):
            send_due(engine, left, event.step)

    engine._control._emit = engine._context.emit = watch
    for step in left:
        engine._control.submit(cmd.Pause(at_step=step))
    engine.serve()
    assert engine.ended is not None
    assert (engine.ended.status == "failed") is fails, engine.ended.reason
    return directory


def send_due(engine: Engine, left: dict[int, Sequence[cmd.Command]], step: int) -> None:
    """Send what is due at a step, and let the run go on behind it."""
    for command in [*left.pop(step, ()), cmd.Continue()] if step in left else []:
        engine.submit(command)
