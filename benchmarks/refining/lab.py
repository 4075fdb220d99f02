"""A bench for schedules: sessions as the engine makes them, without an engine around them, and a ledger of tokens."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.refining import corpora
from msopt_tui.config.change import with_changes
from msopt_tui.config.fields import Scalar
from msopt_tui.config.schema import (
    Config,
    DataTable,
    EvaluateTable,
    ModelTable,
    ProjectTable,
    RefineTable,
    ResourcesTable,
    Source,
    TokenizerTable,
    TrainTable,
)
from msopt_tui.data.order import Stretch
from msopt_tui.data.split import SplitName
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.ml.stream import ROWS
from msopt_tui.protocol.commands import Decide
from msopt_tui.protocol.events import Event
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.state.run_state import RunState
from msopt_tui.steps import initialise, preprocess
from msopt_tui.steps.context import LiveSettings, RunContext, Serving, Situation
from msopt_tui.steps.replay import Replay
from msopt_tui.steps.session import Session

STEPS = 800
"""What everybody has: so many steps, or the same number of tokens in evaluations and probes."""
ROWS_A_STEP, LENGTH, VOCABULARY = 16, 32, 512
TUNED_RATE = 5e-3
CORRUPTED = (0.6, 0.65)
"""Stretch of the steps whose rows are noise, in the scenario of the corrupted shard."""
CACHE = Path(tempfile.gettempdir()) / "msopt-tui-refinement" / "cache"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is wrong with a project, if anything."""

    name: str
    learning_rate: float = TUNED_RATE
    lr_scheduler_type: str = "cosine"
    size: str = "large"
    corrupted: bool = False


SCENARIOS = {
    "a": Scenario("rate 30 times too low", TUNED_RATE / 30),
    "b": Scenario("rate 30 times too high", TUNED_RATE * 30),
    "c": Scenario("small corpus that overfits", size="small"),
    "d": Scenario("one corrupted shard", corrupted=True),
    "e": Scenario("well tuned", lr_scheduler_type="warmup_stable_decay"),
}


def project(scenario: Scenario, corpus: str, seed: int, steps: int = STEPS) -> Config:
    """The project as written: a model of about 43,000 weights on one CPU thread, and a cosine unless it is tuned."""
    text = corpora.corpus(corpus, scenario.size)
    return with_changes(
        Config(
            project=ProjectTable(name="refinement"),
            data=DataTable(
                sources=[Source(kind="text", path=str(text.path), document="paragraphs", document_chars=256)],
                validation_fraction=text.validation_fraction,
                test_fraction=text.test_fraction,
                max_length=LENGTH,
                deduplicate="off",
                leakage="off",
            ),
            tokenizer=TokenizerTable(vocab_size=VOCABULARY),
            model=ModelTable(hidden_size=32, num_hidden_layers=2, num_attention_heads=2),
            train=TrainTable(
                per_device_train_batch_size=ROWS_A_STEP,
                max_steps=steps,
                warmup_steps=steps // 20,
                eval_steps=steps // 4,
                save_steps=steps // 10,
                save_total_limit=1_000,
                seed=seed,
                spike_sigmas=0.0,
                max_broken_steps=0,
            ),
            evaluate=EvaluateTable(per_device_eval_batch_size=64),
            refine=RefineTable(mode="off"),
            resources=ResourcesTable(device="cpu", threads=1),
        ),
        {
            "train.learning_rate": scenario.learning_rate,
            "train.lr_scheduler_type": scenario.lr_scheduler_type,
        },
    )


class Nobody:
    """A control point at which nobody asks for anything."""

    refine_asked = False

    def idle(self) -> bool:
        return True

    def poll(self, step: int) -> None: ...

    def next_stop(self, step: int, end: int) -> int:
        return end

    def hold(self, step: int, reason: str) -> None: ...

    @contextmanager
    def during(self, situation: Situation) -> Iterator[None]:
        yield

    @contextmanager
    def serve_with(self, serving: Serving) -> Iterator[None]:
        yield

    def unwanted(self, answer: str) -> bool:
        return False

    def wait_for_decision(self, step: int) -> Decide:
        raise AssertionError("nobody is asked in auto")


class Corrupted:
    """Batches of which those of a stretch of steps are noise."""

    def __init__(self, batches: Batches, first: int, last: int) -> None:
        self._batches = batches
        self._stretch = range(first, last + 1)
        self.rows, self.tokens_per_step = batches.rows, batches.tokens_per_step

    def begin(self, stretch: Stretch) -> None:
        self._batches.begin(stretch)

    def batch(self, step: int) -> Batch:
        batch = self._batches.batch(step)
        if step not in self._stretch:
            return batch
        noise = torch.randint(0, 256, batch[ROWS].shape, generator=torch.Generator().manual_seed(step))
        return Batch({ROWS: noise}, batch.targets, batch.tokens)


@dataclass
class Bench:
    """One contestant's run in memory."""

    context: RunContext
    session: Session
    budget: int
    """Tokens."""
    spent: int = 0
    events: list[Event] = field(default_factory=list)

    @property
    def steps_left(self) -> int:
        return (self.budget - self.spent) // (ROWS_A_STEP * LENGTH)

    def measure(self, split: SplitName = "validation") -> tuple[float, float]:
        """Loss and bits per byte; validation is charged."""
        result = self.session.task.measure(self.context.config, split, lambda *_: None)
        if split == "validation":
            self.spent += result.tokens
        loss, bits = result.metrics["loss"], result.metrics["bits_per_byte"]
        return loss if loss is not None else float("inf"), bits if bits is not None else float("inf")


@contextmanager
def bench(config: Config, corrupted: bool, steps: int = STEPS) -> Iterator[Bench]:
    """A fresh session of a project, its run directory thrown away afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        directory = RunDirectory(Path(folder))
        for inner in (directory.checkpoints, directory.evaluations):
            inner.mkdir()
        state, events = RunState(), list[Event]()

        def emit(event: Event) -> None:
            events.append(event)
            state.apply(event)

        context = RunContext(
            directory=directory,
            base_dir=Path(),
            cache_root=CACHE,
            settings=LiveSettings(config),
            control=Nobody(),
            emit=emit,
            state=state,
            replay=Replay(),
            somebody_watches=False,
        )
        session = initialise.run(context, preprocess.run(context), None)
        if corrupted:
            first, last = (round(share * steps) for share in CORRUPTED)
            session.loop.batches = Corrupted(session.loop.batches, first, last)
        yield Bench(context, session, steps * ROWS_A_STEP * LENGTH, events=events)


def train(one: Bench, last_step: int, changes: dict[str, Scalar] | None = None, until: int | None = None) -> None:
    """Steps of one schedule that ends at `last_step`, up to `until`; charged."""
    one.context.settings.change(changes or {})
    loop = one.session.loop
    one.session.plan.last_step = last_step
    before = loop.tokens
    loop.run(one.context.config, one.session.plan, until or last_step, lambda: True)
    one.spent += loop.tokens - before
