"""A realistic run as a list of events: seeded, with frozen times, for tests, snapshots and the demo."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState

START = 1_767_261_600.0
"""2026-01-01 10:00:00 UTC."""
STEPS = 1_200
TOKENS_PER_STEP = 2_048
PROMPTS = ("The `for` statement is used to", "A class definition")
WORD_TEXT = (
    "the value of an expression is evaluated in the current scope and bound to a name object which may be "
    "imported from a module if the statement raises an exception it is handled by the first clause that matches"
)
WORDS = WORD_TEXT.split()


SETTINGS: dict[str, bool | int | float | str] = {
    # Not those of today's schema: snapshots must not change with it.
    "project.name": "python-docs",
    "project.runs_dir": "runs",
    "data.max_length": 128,
    "data.deduplicate": "document",
    "tokenizer.vocab_size": 2_048,
    "model.architecture": "llama",
    "model.hidden_size": 128,
    "model.num_hidden_layers": 4,
    "model.tie_word_embeddings": True,
    "model.dropout": 0.0,
    "train.learning_rate": 1e-3,
    "train.lr_scheduler_type": "cosine",
    "train.warmup_steps": 0,
    "train.min_lr_rate": 0.1,
    "train.optim": "adamw_torch_fused",
    "train.weight_decay": 0.1,
    "train.max_grad_norm": 1.0,
    "train.per_device_train_batch_size": 16,
    "train.max_steps": STEPS,
    "train.eval_steps": 100,
    "train.save_steps": 200,
    "train.bf16": "auto",
    "train.seed": 42,
    "evaluate.max_new_tokens": 48,
    "evaluate.temperature": 0.8,
    "evaluate.top_k": 50,
    "refine.mode": "ask",
    "refine.max_rounds": 4,
    "resources.threads": 2,
    "ui.theme": "dark",
}


class Script:
    """Makes the events one after the other, with a clock of its own."""

    def __init__(self, seed: int = 7, *, gpus: int = 0, batch_size: int = 10) -> None:
        self.random = random.Random(seed)
        self.traffic = random.Random(seed)
        self.now = START
        self.gpus = gpus
        self.batch_size = batch_size
        self.step = 0
        self.best = math.inf
        self.rate = 3e-3

    def events(self, steps: int = STEPS, rounds: int = 1) -> Iterator[ev.Event]:
        """From the start to the end of the last round, without the end of the run."""
        yield from self.opening(steps)
        for number in range(1, rounds + 1):
            yield from self.round(number, steps)

    def opening(self, steps: int) -> Iterator[ev.Event]:
        """Preprocess and initialise."""
        yield ev.RunStarted(
            time=self.now,
            run="20260101-100000-python-docs",
            project="python-docs",
            description="a small model of the language reference",
            settings=SETTINGS | {"train.max_steps": steps},
            versions={"python": "3.11.7", "torch": "2.13.0", "transformers": "5.2.0", "msopt-tui": "0.1.0"},
        )
        yield ev.PhaseChanged(time=self.now, phase="preprocess", status="started")
        for done in range(0, 465_001, 155_000):
            yield ev.Progressed(time=self.later(0.4), phase="preprocess", done=done, total=465_000, unit="characters")
        yield ev.DataPrepared(
            time=self.later(0.2),
            cached=False,
            key="5f2c",
            sha256="9a" * 32,
            documents={"train": 612, "validation": 34, "test": 33},
            tokens={"train": 118_400, "validation": 6_210, "test": 6_105},
            bytes={"train": 418_000, "validation": 22_000, "test": 21_600},
            removed={"duplicate": 11},
            vocab_size=2_048,
            seconds=1.8,
        )
        yield ev.PhaseChanged(time=self.now, phase="preprocess", status="finished", seconds=1.8)
        yield ev.PhaseChanged(time=self.now, phase="initialise", status="started")
        yield ev.ModelReady(
            time=self.later(0.6),
            architecture="llama",
            parameters=1_048_704,
            trainable=1_048_704,
            bytes=16_779_264,
            flops_per_token=6_690_000.0,
            device="cpu",
            dtype="float32",
        )
        yield ev.PhaseChanged(time=self.now, phase="initialise", status="finished", seconds=0.6)

    def round(self, number: int, steps: int) -> Iterator[ev.Event]:
        """Train with evaluations, one adjustment and one pause in the first round, then the diagnosis."""
        first = self.step
        yield ev.RoundStarted(
            time=self.now,
            round=number,
            step=first,
            last_step=first + steps,
            from_step=None if number == 1 else first,
            changes={} if number == 1 else {"train.learning_rate": 1e-3},
            tokens_per_step=TOKENS_PER_STEP,
        )
        yield ev.PhaseChanged(time=self.now, phase="train", status="started", round=number, step=first)
        while self.step < first + steps:
            yield self.batch(min(self.batch_size, first + steps - self.step))
            if self.step % 50 == 0:
                yield self.resources()
            if self.step % 100 == 0:
                yield from self.evaluation(number)
            if number == 1 and self.step == 500:
                yield from self.adjustment()
            if number == 1 and self.step == 700:
                yield from self.pause()
        yield ev.PhaseChanged(time=self.now, phase="train", status="finished", round=number, step=self.step)
        best = max(first + 100, self.step - 100)
        yield ev.RoundEnded(
            time=self.now, round=number, step=self.step, reason="all steps done", best_step=best, best_loss=self.best
        )

    def batch(self, count: int) -> ev.StepsDone:
        """Consecutive steps."""
        seconds = count * 0.05
        first = self.step + 1
        self.step += count
        steps = range(first, first + count)
        return ev.StepsDone(
            time=self.later(seconds),
            first=first,
            losses=[self.loss(step) + self.random.gauss(0, 0.09) for step in steps],
            grad_norms=[0.4 + 3.0 * math.exp(-step / 120) + abs(self.random.gauss(0, 0.12)) for step in steps],
            learning_rates=[self.learning_rate(step) for step in steps],
            seconds=seconds,
            tokens=count * TOKENS_PER_STEP,
        )

    def evaluation(self, number: int) -> Iterator[ev.Event]:
        """Metrics, samples, now and then a checkpoint."""
        yield ev.PhaseChanged(time=self.now, phase="evaluate", status="started", round=number, step=self.step)
        loss = self.loss(self.step) + 0.12 + self.step / 20_000 + self.random.gauss(0, 0.02)
        is_best = loss < self.best
        self.best = min(self.best, loss)
        yield ev.Evaluated(
            time=self.later(1.1),
            step=self.step,
            round=number,
            split="validation",
            reason="cadence",
            metrics={
                "loss": loss,
                "perplexity": math.exp(loss),
                "bits_per_byte": loss / math.log(2) / 3.54,
                "accuracy": 100 * math.exp(-loss / 2.6),
            },
            seconds=1.1,
            best=is_best,
        )
        yield ev.Sampled(
            time=self.now,
            step=self.step,
            samples=[ev.Sample(prompt=prompt, text=self.text()) for prompt in PROMPTS],
        )
        yield ev.PhaseChanged(time=self.now, phase="evaluate", status="finished", round=number, step=self.step)
        if self.step % 200 == 0:
            yield ev.CheckpointSaved(
                time=self.later(0.1),
                step=self.step,
                path=f"checkpoints/checkpoint-{self.step}",
                bytes=12_600_000,
                seconds=0.1,
                reason="best" if is_best else "cadence",
            )

    def adjustment(self) -> Iterator[ev.Event]:
        """A person halves the rate."""
        detail = "train.learning_rate = 0.0015"
        yield ev.CommandRequested(time=self.now, id="c1", command="adjust", detail=detail, who="person")
        yield ev.CommandApplied(time=self.now, id="c1", command="adjust", step=self.step, detail=detail)
        yield ev.Adjusted(
            time=self.now,
            step=self.step,
            setting="train.learning_rate",
            old=0.003,
            new=0.0015,
            who="person",
            why="the loss swings",
        )
        self.rate = 1.5e-3

    def pause(self) -> Iterator[ev.Event]:
        """A person pauses for eight seconds."""
        yield ev.CommandRequested(time=self.now, id="c2", command="pause", who="person")
        yield ev.CommandApplied(time=self.now, id="c2", command="pause", step=self.step)
        yield ev.Paused(time=self.now, step=self.step, reason="asked by person")
        yield ev.CommandRequested(time=self.later(8.0), id="c3", command="continue", who="person")
        yield ev.CommandApplied(time=self.now, id="c3", command="continue", step=self.step)
        yield ev.Continued(time=self.now, step=self.step)

    def resources(self) -> ev.ResourcesSampled:
        """One look at the machine."""
        gauss = self.random.gauss
        gib = 2**30
        return ev.ResourcesSampled(
            time=self.now,
            cpu=min(max(62 + gauss(0, 12), 0), 100),
            process_cpu=99.0,
            process_memory=int(1.3 * gib),
            memory_used=int((5.1 + gauss(0, 0.1)) * gib),
            memory_total=16 * gib,
            disk_free=41 * gib,
            disk_total=64 * gib,
            disk_read=abs(self.traffic.gauss(0, 2)) * 2**20,
            disk_written=30 * 2**20 if self.step % 200 < 20 else 4096.0,
            net_received=abs(self.traffic.gauss(0, 3)) * 2**10,
            net_sent=abs(self.traffic.gauss(0, 1)) * 2**10,
            gpu_energy=512.0 * self.gpus if self.gpus else None,
            gpus=[
                ev.Gpu(
                    name="NVIDIA H200",
                    utilisation=min(max(93 + gauss(0, 4), 0), 100),
                    memory_used=18 * gib,
                    memory_total=140 * gib,
                    temperature=61.0,
                    power=512.0,
                )
                for _ in range(self.gpus)
            ],
        )

    def proposal(self, number: int = 1) -> Iterator[ev.Event]:
        """Diagnosis, probes, a proposal that waits."""
        yield ev.PhaseChanged(time=self.now, phase="refine", status="started", round=number, step=self.step)
        yield ev.Diagnosed(
            time=self.later(0.1),
            round=number,
            step=self.step,
            findings=[
                ev.Finding(
                    kind="plateau",
                    confidence=0.8,
                    evidence="validation loss improved by 0.011 ± 0.009 nats/token over the last four evaluations",
                )
            ],
        )
        yield ev.Probed(time=self.later(4), round=number, proposal="control", from_step=self.step, steps=40, loss=2.412)
        yield ev.Probed(
            time=self.later(4),
            round=number,
            proposal="lr-third",
            from_step=self.step,
            steps=40,
            loss=2.391,
            margin=0.021,
            standard_error=0.006,
        )
        yield ev.Proposed(
            time=self.now,
            round=number,
            step=self.step,
            proposals=[
                ev.Proposal(
                    id="lr-third",
                    title="Go on from the best checkpoint with a third of the learning rate",
                    reason="the loss has stopped falling while the gradient norm stays level: steps overshoot",
                    expected="a drop of about 0.02 nats/token within 100 steps",
                    changes={"train.learning_rate": 5e-4, "train.warmup_steps": 20},
                )
            ],
        )

    def loss(self, step: int) -> float:
        """The course without noise (nats a token)."""
        return 2.05 + 5.4 * math.exp(-step / 90) + 0.75 * math.exp(-step / 700)

    def learning_rate(self, step: int) -> float:
        """Warm-up and cosine."""
        return self.rate * min(step / 60, 1.0) * (0.55 + 0.45 * math.cos(math.pi * min(step / STEPS, 1.0)))

    def text(self) -> str:
        """Words that make no sense, as a small model's."""
        return " " + " ".join(self.random.choices(WORDS, k=24))

    def later(self, seconds: float) -> float:
        """The time so many seconds on."""
        self.now += seconds
        return self.now


def scripted_run(steps: int = 900, *, seed: int = 7, gpus: int = 0) -> list[ev.Event]:
    """The events of a run that is under way: so many of its steps are done, in rounds of STEPS."""
    events: list[ev.Event] = []
    for event in Script(seed, gpus=gpus).events(rounds=steps // STEPS + 1):
        if isinstance(event, ev.StepsDone) and event.first > steps:
            break
        events.append(event)
    return events


def waiting_run(steps: int = 600) -> list[ev.Event]:
    """A run whose proposal waits for a person."""
    script = Script()
    return [*script.events(steps), *script.proposal()]


def ended_run(status: ev.EndStatus = "completed", steps: int = 600, reason: str = "") -> list[ev.Event]:
    """A run that is over."""
    script = Script()
    events = list(script.events(steps))
    metrics: dict[str, float | None] = {"loss": 2.61, "perplexity": 13.6, "bits_per_byte": 1.064, "accuracy": 36.7}
    if status == "completed":
        step = script.step
        events.append(
            ev.Evaluated(
                time=script.now, step=step, round=1, split="test", reason="final", metrics=metrics, seconds=1.0
            )
        )
    model = "model" if status == "completed" else ""
    return [
        *events,
        ev.RunEnded(time=script.later(2), status=status, step=script.step, reason=reason, model=model),
    ]


def state_of(events: list[ev.Event]) -> RunState:
    """What a run with these events looks like."""
    state = RunState()
    for event in events:
        state.apply(event)
    return state
