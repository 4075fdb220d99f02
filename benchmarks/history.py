"""What ten thousand runs cost in the history: to open (index up to date), to filter, to sort.

    python benchmarks/history.py [--runs 10000] [--keep FOLDER]

Runs are made up with records as an engine writes them, settings of the default project and all. "Open" is from the call
that reads the list to the rows on the screen, in a process that has done it before (warm file cache); "the first time"
builds the index. Filters and orders are taken from the key or the word to the rows in their new order.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from msopt_tui.config.dump import flatten
from msopt_tui.config.fields import Scalar
from msopt_tui.config.schema import Config
from msopt_tui.runs.history import list_runs
from msopt_tui.runs.query import Listing, Query, parse
from msopt_tui.runs.record import RunRecord, RunStatus, write_record

FILTERS = (
    "wide",
    "val_loss < 2",
    "val_loss < 2 and task = translation and lr > 1e-4",
    "not (status = failed or age > 3d) and optim ~ adamw",
)
ORDERS = ("created", "best_loss", "accuracy", "train.learning_rate", "task.name")
_TASKS = ("causal-lm", "masked-lm", "translation", "summarization")
_STATUS: tuple[RunStatus, ...] = ("completed", "completed", "stopped", "failed", "cancelled")


def make_runs(folder: Path, count: int) -> None:
    """`count` run directories in twenty projects; the same ones every time."""
    rng = random.Random(1)
    usual = flatten(Config())
    now = time.time()
    for number in range(count):
        name = f"run-{number:05}-{rng.choice(('wide', 'deep', 'baseline'))}"
        path = folder / f"project-{number % 20:02}" / name
        path.mkdir(parents=True)
        write_record(path / "state.json", _record(rng, name, number, now, usual))


def _record(rng: random.Random, name: str, number: int, now: float, usual: dict[str, Scalar]) -> RunRecord:
    loss = 1.0 + 4.0 * rng.random()
    settings = usual | {"train.learning_rate": 10 ** rng.uniform(-5, -2), "task.name": rng.choice(_TASKS)}
    return RunRecord(
        run=name,
        project=f"project-{number % 20:02}",
        description="made up",
        status=rng.choice(_STATUS),
        created=now - rng.uniform(0, 30 * 86_400),
        seconds=rng.uniform(60, 9000),
        step=rng.randrange(100_000),
        best_loss=loss,
        best_step=100,
        metrics={"loss": loss, "perplexity": math.exp(loss), "accuracy": rng.random()},
        settings=settings,
    )


def milliseconds(what: Callable[[], object], times: int = 15) -> list[float]:
    """How long a call takes, each time: of the processor, which is the wall clock's where nothing else runs."""
    found = []
    for _ in range(times):
        began = time.process_time()
        what()
        found.append((time.process_time() - began) * 1000)
    return found


def say(label: str, values: list[float], reach: str = "") -> None:
    """Median and range of a measurement."""
    print(f"{label}: median {statistics.median(values):.1f} ms ({min(values):.1f} to {max(values):.1f})  {reach}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="make the runs there and leave them")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = args.keep or Path(name)
        if not any(folder.glob("project-*")):
            make_runs(folder, args.runs)
        (folder / "index.db").unlink(missing_ok=True)
        say("open, the first time", milliseconds(lambda: Listing(list_runs(folder)), 1))
        say("open", milliseconds(lambda: Listing(list_runs(folder)).select(parse(""))), "(reach 400 ms)")
        listing = Listing(list_runs(folder))
        gc.freeze()  # as the cockpit does once its first frame stands
        assert len(listing.rows) == args.runs or args.keep
        for text in FILTERS:
            found = listing.select(parse(text))
            times = milliseconds(partial(_filter, listing, text))
            say(f"filter `{text}` ({len(found):,} found)", times, "(reach 50 ms)")
        for key in ORDERS:
            say(f"sort by {key}", milliseconds(partial(listing.select, Query(), key)), "(reach 50 ms)")


def _filter(listing: Listing, text: str) -> None:
    listing.select(parse(text))


if __name__ == "__main__":
    main()
