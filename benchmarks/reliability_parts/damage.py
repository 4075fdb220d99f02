"""One random bit flipped, or the end cut off, in the small files of a run: what does a resume, or a list, make of it?

    python -m benchmarks.reliability_parts.damage [TRIES]

Of a run that was adjusted behind its last checkpoint. Survived means: nothing raises, and what is read is what was
written, or the damage is said, or the run is refused in words. Curves, notes and the index are only shown: a word of a
note may come out different, and the index is derived, so that one a person doubts is made anew by `msopt-tui reindex`.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import load_project
from msopt_tui.engine import resume
from msopt_tui.engine.launch import base_dir_of
from msopt_tui.ml.checkpoint import CheckpointError
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol.events import Event, Noted
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.history import list_runs
from msopt_tui.runs.journal import JournalReader
from msopt_tui.runs.notes import read_notes, write_notes
from msopt_tui.runs.pins import PinError, read_pins
from msopt_tui.runs.record import lost_of_journal, read_record
from msopt_tui.runs.row import RunNotes
from msopt_tui.runs.scan import read_run
from msopt_tui.state.describe import describe
from msopt_tui.state.run_state import RunState
from msopt_tui.steps import best_rows
from tests.ml import live

Read = Callable[[RunDirectory], object]
REFUSED, SAID = "refused", "said"


class Damaged(NamedTuple):
    """What came of the damage done to one kind of file."""

    tried: int
    said: int
    """Of them, how often it was said or refused; the others made no difference."""
    missed: list[str]


def taken_up(run: RunDirectory) -> object:
    """All that a resumed run takes from its directory besides its weights; REFUSED or SAID where it says so."""
    said: list[Event] = []
    try:
        config = load_project(run.config)
        lost = lost_of_journal(run.events, read_record(run.state))
        taken = resume.take_up(run, config, lost, said.append)
    except (ConfigError, CheckpointError) as error:
        return REFUSED if str(error).strip() else "refused without a word"
    try:
        pins = read_pins(run)
    except PinError:
        return SAID
    if any(isinstance(event, Noted) and event.level == "warning" for event in said):
        return SAID
    best = taken.at.best_step if taken.at else None
    rows = best_rows.read(run, best) if best is not None else None
    if best is not None and rows is None:
        return SAID  # measured anew: the same figures
    return config, taken.at, vars(taken.replay), pins, rows, base_dir_of(run)


def shown(run: RunDirectory) -> object:
    """What is shown of a run: only that it can be, since a curve may lack what the journal has lost."""
    state, reader = RunState(), JournalReader(run.events)
    for event in reader.read(seconds=60.0):
        state.apply(event)
        describe(event)
    return type(state)


def recorded(run: RunDirectory) -> object:
    """What the list of runs has from its record; SAID where it is read from the journal instead."""
    return read_record(run.state) or (read_run(run.path) and SAID)


def listed(run: RunDirectory) -> object:
    """The row of the index: no more than that there is one, which may be damaged."""
    return len(list_runs(run.path.parent.parent))


def noted(run: RunDirectory) -> object:
    """Notes are text for a person."""
    return type(read_notes(run.path))


class Kind(NamedTuple):
    """Files that are read alike."""

    what: str
    files: Callable[[RunDirectory], list[Path]]
    reads: tuple[Read, ...]


KINDS = (
    Kind("journal", lambda run: [run.events], (taken_up, shown)),
    Kind("settings", lambda run: [run.config], (taken_up,)),
    Kind("origin (meta.json)", lambda run: [run.meta], (taken_up, recorded)),
    Kind("record (state.json)", lambda run: [run.state], (taken_up, recorded)),
    Kind("row losses of the best", lambda run: sorted(run.evaluations.glob("rows-of-best-*")), (taken_up,)),
    Kind("pointers and pins", lambda run: [run.best, run.latest, run.pinned], (taken_up,)),
    Kind("notes", lambda run: [run.path / "notes.json"], (noted,)),
    Kind("index", lambda run: [run.path.parent.parent / "index.db"], (listed,)),
)


def measure(tries: int, seed: int = 0) -> dict[str, Damaged]:
    """Damage each kind so often, one bit or one cut at a time, each put back afterwards."""
    with tempfile.TemporaryDirectory(prefix="msopt-damage-") as folder:
        run = _stopped(Path(folder))
        return {kind.what: _damage(run, kind, tries, random.Random(seed)) for kind in KINDS}


def _damage(run: RunDirectory, kind: Kind, tries: int, draw: random.Random) -> Damaged:
    files = kind.files(run)
    sound = [read(run) for read in kind.reads]
    said, missed = 0, list[str]()
    for number in range(tries):
        file = files[number % len(files)]
        whole = file.read_bytes()
        damaged, where = _cut(whole, draw) if number % 5 == 4 else _flip(whole, draw)
        file.write_bytes(damaged)
        spoken = False
        for read, before in zip(kind.reads, sound, strict=True):
            try:
                now = read(run)
            except Exception as error:  # noqa: BLE001  # whatever gets out is what is looked for
                missed.append(f"{file.name} {where}: {type(error).__name__}: {error}")
                continue
            spoken |= now in (REFUSED, SAID)
            if now not in (REFUSED, SAID) and now != before:
                missed.append(f"{file.name} {where}: read as something else, in silence")
        said += spoken
        file.write_bytes(whole)
    return Damaged(tries, said, missed)


def _flip(whole: bytes, draw: random.Random) -> tuple[bytes, str]:
    bit = draw.randrange(len(whole) * 8)
    damaged = bytearray(whole)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged), f"bit {bit}"


def _cut(whole: bytes, draw: random.Random) -> tuple[bytes, str]:
    length = draw.randrange(len(whole))
    return whole[:length], f"cut to {length} of {len(whole)}"


def _stopped(folder: Path) -> RunDirectory:
    """A run that was adjusted and evaluated behind its last checkpoint, and has one pinned and a note."""
    run = live.create(folder, "train.max_steps=60", "train.save_steps=10", "train.eval_steps=10")
    live.serve(
        run,
        {
            12: [cmd.Pin(step=10)],
            23: [cmd.Adjust(changes={"train.learning_rate": 0.0123})],
            25: [cmd.Evaluate(), cmd.Adjust(changes={"train.weight_decay": 0.25})],
            27: [cmd.Stop(save=False)],
        },
    )
    write_notes(run.path, RunNotes(note="what was seen", tags=("first",)))
    list_runs(run.path.parent.parent)  # makes the index
    return run


def total(found: dict[str, Damaged]) -> Damaged:
    """All kinds together, what was missed with its kind."""
    missed = [f"{what}: {one}" for what, kind in found.items() for one in kind.missed]
    return Damaged(sum(kind.tried for kind in found.values()), sum(kind.said for kind in found.values()), missed)


def main() -> int:
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    wrong = 0
    for what, found in measure(tries).items():
        print(f"{what}: {found.tried - len(found.missed)}/{found.tried} survived, {found.said} of them said")
        for missed in found.missed[:10]:
            print(f"  missed: {missed}")
        wrong += len(found.missed)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
