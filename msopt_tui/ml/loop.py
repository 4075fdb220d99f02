"""The training loop: θ ← θ − α∇L(θ), with nothing between the steps that the device would have to wait for.

Losses and gradient norms stay on the device as they are computed and are fetched in batches, ten times a second at
most; on CUDA the copy is asynchronous and read when it has arrived.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

import torch

from msopt_tui.config.schema import Config
from msopt_tui.ml import optim, rng
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.ml.schedule import learning_rate
from msopt_tui.ml.stopwatch import Read, stopwatch_for
from msopt_tui.protocol.codec import finite
from msopt_tui.protocol.events import StepsDone

T = TypeVar("T")
REPORT_SECONDS = 0.1
"""No more often than this are figures fetched from the device."""
MAX_UNREPORTED = 4_096
"""Steps after which figures are fetched even so: bounds memory where steps take microseconds."""


class OutOfMemory(Exception):
    """A step did not fit into memory and has changed nothing: no weight, no moment, no random number."""


LossOf = Callable[[Batch], torch.Tensor]
"""Summed loss of the rows of a batch: a scalar on the device, differentiable. The loop divides by `batch.targets`."""


@dataclass(slots=True)
class RoundPlan:
    """Where the current round lies among all steps of the run."""

    first_step: int
    """Steps done before it."""
    last_step: int

    @property
    def total(self) -> int:
        """Steps in the round."""
        return self.last_step - self.first_step


class TrainingLoop:
    """Takes optimiser steps and reports every one of them. Lives on the worker thread."""

    def __init__(
        self,
        *,
        model: torch.nn.Module,
        optimizer: optim.AdamW,
        loss_of: LossOf,
        batches: Batches,
        device: torch.device,
        report: Callable[[StepsDone], None],
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self._loss_of = loss_of
        self.batches = batches
        """Where the rows of a step come from; another one where the number of rows a step changes."""
        self._figures = _Figures(device, report)
        self.step = 0
        """Optimiser steps done, all rounds counted."""
        self.tokens = 0
        """Tokens trained on."""

    def run(self, config: Config, plan: RoundPlan, until: int, idle: Callable[[], bool]) -> None:
        """Take steps up to `until`, or until `idle()` is false; looks at it before every step.

        `config` holds still for the stretch: whoever changes a setting makes `idle()` false first. Raises OutOfMemory
        for a step whose passes or update do not fit, with everything as it was before that step.
        """
        train = config.train
        betas = (train.adam_beta1, train.adam_beta2)
        accumulation = train.gradient_accumulation_steps
        optimizer, figures = self._optimizer, self._figures
        self._model.train()
        figures.resume_clock()
        while self.step < until and idle():
            step = self.step + 1
            rate = learning_rate(
                step - plan.first_step,
                plan.total,
                train.learning_rate,
                train.lr_scheduler_type,
                train.warmup_steps,
                train.decay_ratio,
                train.min_lr_rate,
            )
            watch = figures.watch
            watch.start()
            batch = self.batches.batch(step)
            watch.lap("data")
            optim.apply(optimizer, rate, train.weight_decay, betas)
            loss, norm = self._fitting(partial(self._update, batch, accumulation, train.max_grad_norm))
            self.step = step
            self.tokens += batch.tokens
            watch.lap("optimiser")
            watch.keep()
            figures.add(step, loss, norm, rate, batch.tokens)
        figures.pause_clock()

    def _fitting(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives, or as if it had never been tried."""
        states = rng.capture(self._figures.device)
        try:
            return attempt()
        except torch.OutOfMemoryError as error:
            said = str(error).strip().splitlines() or ["no memory"]
        # Outside the handler: its traceback would hold on to the activations.
        self._optimizer.zero_grad()
        rng.restore(states, self._figures.device)
        self.drain()
        raise OutOfMemory(said[0][:200])

    def _update(self, batch: Batch, accumulation: int, max_norm: float) -> tuple[torch.Tensor, torch.Tensor]:
        """One step; its loss and gradient norm, on the device."""
        loss = self._gradients(batch, accumulation)
        self._figures.watch.lap("backward")
        return loss, self._optimizer.update(max_norm)

    def _gradients(self, batch: Batch, accumulation: int) -> torch.Tensor:
        """Backward over the step's rows; the mean loss over all its targets, on the device."""
        total: torch.Tensor | None = None
        for part in batch.parts(accumulation):
            loss = self._loss_of(part) / batch.targets
            loss.backward()
            total = loss.detach() if total is None else total + loss.detach()
        assert total is not None, "a step has rows"
        return total

    def gradient_norms(self, steps: int, accumulation: int) -> tuple[float, float]:
        """Squared 2-norms of gradients at the weights as they are, no step taken: the mean over the next `steps` steps'
        own, and that of their mean. Takes as much memory again as the gradients; raises OutOfMemory."""
        self._model.train()
        whole: list[torch.Tensor] = []
        own = 0.0
        for step in range(self.step + 1, self.step + steps + 1):
            batch = self.batches.batch(step)
            self._fitting(partial(self._gradients, batch, accumulation))
            self.tokens += batch.tokens
            gradients = self._optimizer.gradients()
            own += _squared(gradients) / steps
            if whole:
                torch._foreach_add_(whole, gradients)
            else:
                whole = [one.clone() for one in gradients]
            self._optimizer.zero_grad()
        return own, _squared(whole) / steps**2

    @contextmanager
    def unreported(self, instead: Callable[[StepsDone], None] = lambda _: None) -> Iterator[None]:
        """Steps taken while this lasts are on nobody's curve but told `instead`; `step` and `tokens` are put back."""
        self.drain()
        figures, step, tokens = self._figures, self.step, self.tokens
        self._figures = _Figures(figures.device, instead)
        try:
            yield
        finally:
            self._figures, self.step, self.tokens = figures, step, tokens

    def drain(self) -> None:
        """Report every step taken so far; waits for the device."""
        self._figures.drain()


def _squared(gradients: list[torch.Tensor]) -> float:
    return float(optim.norm_of(gradients).double() ** 2)


class _Batch(NamedTuple):
    """Consecutive steps whose figures are fetched together."""

    first: int
    rates: list[float]
    tokens: int
    seconds: float
    laps: Read


class _Flying(NamedTuple):
    """Figures on their way from a CUDA device to pinned memory."""

    figures: torch.Tensor
    arrived: torch.cuda.Event
    batch: _Batch


class _Figures:
    """Per-step figures on their way from the device to the journal."""

    def __init__(self, device: torch.device, report: Callable[[StepsDone], None]) -> None:
        self.device = device
        self._report = report
        self._asynchronous = device.type == "cuda"
        self._first = 0
        self._values: list[torch.Tensor] = []
        self._rates: list[float] = []
        self._tokens = 0
        self.watch = stopwatch_for(device)
        self._flying: _Flying | None = None
        self._since = time.perf_counter()
        self._running = False

    def resume_clock(self) -> None:
        if not self._running:
            self._since = time.perf_counter()
            self._running = True

    def pause_clock(self) -> None:
        """Evaluations, saves and pauses don't count as training time, so what is open is reported before them."""
        self.drain()
        self._running = False

    def add(self, step: int, loss: torch.Tensor, norm: torch.Tensor, rate: float, tokens: int) -> None:
        if not self._rates:
            self._first = step
        self._values += (loss, norm)
        self._rates.append(rate)
        self._tokens += tokens
        if time.perf_counter() - self._since >= REPORT_SECONDS or len(self._rates) >= MAX_UNREPORTED:
            self._send()

    def _send(self) -> None:
        if self._flying is not None:
            if not self._flying.arrived.query():
                return  # still on its way: look again after the next step rather than wait
            self._land()
        now = time.perf_counter()
        seconds, self._since = now - self._since, now
        figures = torch.stack([value.float() for value in self._values])
        batch = _Batch(self._first, self._rates, self._tokens, seconds, self.watch.take())
        self._values, self._rates, self._tokens = [], [], 0
        if not self._asynchronous:
            self._emit(figures, batch)
            return
        target = torch.empty(figures.shape, pin_memory=True)
        target.copy_(figures, non_blocking=True)
        arrived = torch.cuda.Event()
        arrived.record()
        self._flying = _Flying(target, arrived, batch)

    def _land(self) -> None:
        assert self._flying is not None
        flying, self._flying = self._flying, None
        flying.arrived.synchronize()
        self._emit(flying.figures, flying.batch)

    def _emit(self, figures: torch.Tensor, batch: _Batch) -> None:
        values = [finite(value) for value in figures.tolist()]
        self._report(
            StepsDone(
                first=batch.first,
                losses=values[0::2],
                grad_norms=values[1::2],
                learning_rates=batch.rates,
                seconds=batch.seconds,
                tokens=batch.tokens,
                split=batch.laps(batch.seconds),
            )
        )

    def drain(self) -> None:
        if self._flying is not None:
            self._land()
        if self._rates:
            self._send()
        if self._flying is not None:
            self._land()
