"""What a checkpoint costs training: the step time around a save against that of a stretch of steps without one.

    python benchmarks/save_cost.py [--pairs 20] [--project sample_projects/python-docs/project.toml]

A sample project's own network and batch shape, its optimiser and the engine's loop, on one torch thread; and the same,
tiny: 2 layers of width 64, rows 4×64. Pairs alternate:
STRETCH steps with a save begun before the first of them, and as many without. The first step's time has the copy in it;
a step counts as taken during the save while the thread that writes is at work. Files are flushed to the disk that
`--folder` is on.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from msopt_tui.config.load import load_project
from msopt_tui.config.schema import Config
from msopt_tui.data.order import Stretch
from msopt_tui.ml import checkpoint, optim
from msopt_tui.ml import model as models
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.forward import logits_of
from msopt_tui.ml.loop import RoundPlan, TrainingLoop
from msopt_tui.ml.stream import ROWS
from msopt_tui.ml.tasks import causal_lm
from msopt_tui.steps.background import Job, Pace

ROOT = Path(__file__).resolve().parent.parent
TINY = (
    "model.hidden_size=64",
    "model.num_hidden_layers=2",
    "data.max_length=64",
    "train.per_device_train_batch_size=4",
)
"""Dispatch-bound, as in `training_speed.py`: a save lasts for many steps."""
WARMUP = 20
STRETCH = 24
"""Steps of each half of a pair."""
CPU = torch.device("cpu")


class Rows:
    """Made-up rows of the project's shape."""

    def __init__(self, config: Config) -> None:
        rows, length = config.train.per_device_train_batch_size, config.data.max_length
        generator = torch.Generator().manual_seed(0)
        self._pool = torch.randint(config.tokenizer.vocab_size, (16, rows, length + 1), generator=generator)
        self.rows = 16 * rows
        self.tokens_per_step = rows * length

    def begin(self, stretch: Stretch) -> None:
        """Every stretch has the same batches."""

    def batch(self, step: int) -> Batch:
        return Batch({ROWS: self._pool[step % 16]}, self.tokens_per_step, self.tokens_per_step)


class Bench:
    """A network in training and a folder to save it in."""

    def __init__(self, config: Config, folder: Path) -> None:
        torch.set_num_threads(1)
        self.config, self.folder = config, folder
        self.tokenizer = folder / "tokenizer"
        self.tokenizer.mkdir()
        (self.tokenizer / "tokenizer.json").write_text("{}" * 50_000)
        self.model = models.build(
            config.model,
            vocab_size=config.tokenizer.vocab_size,
            max_length=config.data.max_length,
            eos_token_id=0,
            pad_token_id=None,
            seed=1,
            device=CPU,
        )
        self.optimizer = optim.build(self.model, config.train, CPU)
        forward = logits_of(self.model)
        self.loop = TrainingLoop(
            model=self.model,
            optimizer=self.optimizer,
            loss_of=lambda batch: causal_lm.summed_loss(forward, batch[ROWS], 0.0, None),
            batches=Rows(config),
            device=CPU,
            report=lambda _: None,
        )

    def step(self) -> float:
        """Seconds of one optimiser step."""
        began = time.perf_counter()
        self.loop.run(self.config, RoundPlan(0, 1_000_000), self.loop.step + 1, lambda: True)
        return time.perf_counter() - began

    def snapshot(self) -> checkpoint.Snapshot:
        """As a run takes it."""
        state = checkpoint.TrainingState(
            step=self.loop.step, round=1, round_first_step=0, round_last_step=10_000, tokens=self.loop.tokens
        )
        return checkpoint.snapshot(self.model, self.optimizer, self.tokenizer, state, CPU)

    def write(self, taken: checkpoint.Snapshot, pace: Pace) -> float:
        """On the thread that writes: what a run does there; returns its seconds."""
        began = time.perf_counter()
        saved = checkpoint.store(self.folder / "checkpoints", taken, pause=pace.pause)
        pace.pause()
        checkpoint.point(self.folder / "latest", saved.path.name)
        pace.pause()
        checkpoint.retain(self.folder / "checkpoints", 2, set())
        return time.perf_counter() - began


class Cost:
    """Times in seconds, as they come."""

    def __init__(self) -> None:
        self.alone: list[float] = []
        self.first: list[float] = []
        self.during: list[float] = []
        self.copying: list[float] = []
        self.writing: list[float] = []
        self.at_once: list[float] = []
        """All of a save in one go, as it would be on the training thread."""
        self.megabytes = 0.0

    def without(self, bench: Bench) -> None:
        self.alone += [bench.step() for _ in range(STRETCH)]

    def with_a_save(self, bench: Bench) -> None:
        began = time.perf_counter()
        taken = bench.snapshot()
        self.copying.append(time.perf_counter() - began)
        job = Job(lambda pace: bench.write(taken, pace), "checkpoint-writer")
        bench.step()
        self.first.append(time.perf_counter() - began)
        self.during.append(self.first[-1])
        for _ in range(STRETCH - 1):
            at_work = not job.done
            seconds = bench.step()
            if at_work:
                self.during.append(seconds)
        while not job.done:
            time.sleep(0.001)
        self.writing.append(job.result())
        began, hurried = time.perf_counter(), Pace()
        hurried.hurry()
        bench.write(bench.snapshot(), hurried)
        self.at_once.append(time.perf_counter() - began)
        self.megabytes = sum(content.size for content in taken.tensors.values()) / 1e6

    def report(self) -> str:
        usual = statistics.median(self.alone)
        tenths = statistics.quantiles(self.alone, n=10)
        median = statistics.median
        held, took = median(self.during) / usual, median(self.writing)
        lines = (
            f"step without a save: median {usual * 1e3:.2f} ms ({len(self.alone)} steps; a tenth of them below",
            f"  {tenths[0] * 1e3:.2f}, a tenth above {tenths[-1] * 1e3:.2f})",
            f"copy {median(self.copying) * 1e3:.2f} ms, writing {took * 1e3:.1f} ms, {self.megabytes:.1f} MB",
            f"step during a save, the copy included ÷ median step: {held:.3f} ({len(self.during)} steps; reach ≤ 1.1)",
            f"  the one with the copy: {median(self.first) / usual:.3f}",
            f"  all of it on the training thread: {1 + median(self.at_once) / usual:.3f}",
        )
        return "\n".join(lines)


def measure(config: Config, pairs: int, parent: Path | None) -> Cost:
    """So many alternating pairs."""
    with tempfile.TemporaryDirectory(dir=parent, prefix="msopt-save-") as folder:
        bench, cost = Bench(config, Path(folder)), Cost()
        for _ in range(WARMUP):
            bench.step()
        for number in range(pairs):
            halves = (cost.without, cost.with_a_save)
            for half in halves if number % 2 == 0 else reversed(halves):
                half(bench)
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--project", type=Path, default=ROOT / "sample_projects" / "python-docs" / "project.toml")
    parser.add_argument("--folder", type=Path, help="where to write; the system's folder for temporary files")
    given = parser.parse_args()
    for name, overrides in (("as it is", ()), ("tiny", TINY)):
        config = load_project(given.project, overrides)
        print(f"{given.project.parent.name}, {name}: one torch thread, torch {torch.__version__}")
        print(measure(config, given.pairs, given.folder).report(), flush=True)


if __name__ == "__main__":
    main()
