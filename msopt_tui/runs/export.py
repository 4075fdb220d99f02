"""The figures of a run as files for other programs: steps, evaluations, and what the run was."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory, write_text_atomic
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.journal import JournalReader
from msopt_tui.runs.record import read_meta
from msopt_tui.runs.scan import read_run

Form = Literal["csv", "jsonl"]
Cell = str | float | int | None
STEP_COLUMNS = ("step", "round", "loss", "grad_norm", "learning_rate", "time")
"""`time`: seconds since 1970 at which the step was written down."""
EVALUATION_COLUMNS = ("step", "round", "split", "reason", "best", "time")
"""Before the metrics."""


class Exported(NamedTuple):
    """What was written."""

    folder: Path
    steps: int
    evaluations: int
    model: Path | None
    """The finished model, where there is one; it is not copied."""


@dataclass
class _Figures:
    steps: dict[int, tuple[Cell, ...]] = field(default_factory=dict)
    evaluations: list[ev.Evaluated] = field(default_factory=list)
    round: int = 0

    def take(self, event: ev.Event) -> None:
        if isinstance(event, ev.StepsDone):
            rows = zip(event.losses, event.grad_norms, event.learning_rates, strict=True)
            for step, row in enumerate(rows, event.first):
                self.steps[step] = (step, self.round, *row, event.time)
        elif isinstance(event, ev.Evaluated):
            self.evaluations.append(event)
        elif isinstance(event, ev.RoundStarted):
            self.round = event.round
        elif isinstance(event, ev.RunStarted) and event.resumed_from_step is not None:
            # What came after that checkpoint did not last; the resumed run did it again.
            last = event.resumed_from_step
            self.steps = {step: row for step, row in self.steps.items() if step <= last}
            self.evaluations = [one for one in self.evaluations if one.step <= last]


def export_run(run: Path, folder: Path, form: Form = "csv") -> Exported:
    """Write `steps`, `evaluations` (as CSV or as JSON lines), `run.json` and `config.toml` of a run to a folder.

    Every step is there, none averaged; a figure that is not finite is empty. Files of these names are replaced, others
    in the folder left alone. Raises OSError where it can't be written.
    """
    directory, figures = RunDirectory(run), _Figures()
    reader = JournalReader(directory.events)
    more = True
    while more:
        for event in reader.read(seconds=1.0):
            figures.take(event)
        more = reader.behind
    folder.mkdir(parents=True, exist_ok=True)
    steps = [figures.steps[step] for step in sorted(figures.steps)]
    metrics = sorted({name for one in figures.evaluations for name in one.metrics})
    sources = list(dict.fromkeys(name for one in figures.evaluations for name in one.source_losses))
    evaluations = [_evaluation(one, metrics, sources) for one in figures.evaluations]
    _write_rows(folder / f"steps.{form}", STEP_COLUMNS, steps)
    _write_rows(
        folder / f"evaluations.{form}",
        (*EVALUATION_COLUMNS, *metrics, *(f"loss of {name}" for name in sources)),
        evaluations,
    )
    model = _model(directory)
    write_text_atomic(folder / "run.json", _facts(directory, model), durable=False)
    if directory.config.is_file():
        write_text_atomic(folder / "config.toml", directory.config.read_bytes(), durable=False)
    return Exported(folder, len(steps), len(evaluations), model)


def _evaluation(one: ev.Evaluated, metrics: Sequence[str], sources: Sequence[str]) -> tuple[Cell, ...]:
    best = "yes" if one.best else ""
    measured = [one.metrics.get(name) for name in metrics] + [one.source_losses.get(name) for name in sources]
    return (one.step, one.round, one.split, one.reason, best, one.time, *measured)


def _model(directory: RunDirectory) -> Path | None:
    name = read_run(directory.path).model
    path = directory.path / name
    return path if name and path.is_dir() else None


def _facts(directory: RunDirectory, model: Path | None) -> bytes:
    facts = {
        "record": read_run(directory.path),
        "meta": read_meta(directory.meta),
        "notes": _notes(directory.path / "notes.json"),
        "run_directory": str(directory.path),
        "model": str(model) if model else None,
    }
    return msgspec.json.format(encode_json(facts), indent=2) + b"\n"


def _notes(path: Path) -> object:
    """What people wrote of the run, as it stands there; `None` for nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _write_rows(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    text = io.StringIO(newline="")
    if path.suffix == ".csv":
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        for row in rows:
            text.write(encode_json(dict(zip(columns, row, strict=True))).decode() + "\n")
    write_text_atomic(path, text.getvalue(), durable=False)
