"""What refinement is compared with. Each returns the test split's bits per byte within the same budget of tokens."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median

import torch

from benchmarks.refining.lab import Bench, Scenario, bench, project, train
from msopt_tui.config.change import with_changes
from msopt_tui.config.fields import Scalar

ORACLE_RATES = {"large": (2.5e-3, 5e-3, 1e-2, 2e-2), "small": (6e-4, 1.25e-3, 2.5e-3, 5e-3, 1e-2)}
ORACLE_KINDS = ("cosine", "warmup_stable_decay")
Contestant = Callable[[Scenario, str, int, int], float]


def fixed(scenario: Scenario, corpus: str, seed: int, steps: int, changes: dict[str, Scalar]) -> float:
    """One schedule over the whole budget, no evaluation, last weights."""
    config = with_changes(project(scenario, corpus, seed, steps), changes)
    with bench(config, scenario.corrupted, steps) as one:
        train(one, steps)
        return one.measure("test")[1]


def as_written(kind: str) -> Contestant:
    """The project's rate with this schedule."""

    def run(scenario: Scenario, corpus: str, seed: int, steps: int) -> float:
        return fixed(scenario, corpus, seed, steps, {"train.lr_scheduler_type": kind})

    return run


def early_stopping(scenario: Scenario, corpus: str, seed: int, steps: int) -> float:
    """The project as written, evaluated at its cadence; stops after three without a better one, best back."""
    with bench(project(scenario, corpus, seed, steps), scenario.corrupted, steps) as one:
        every, best, bad = one.context.config.train.eval_steps, math.inf, 0
        kept = weights(one)
        while bad < 3:
            step = one.session.step
            # What the next evaluation costs is known from the split's size.
            ahead = min(every, one.steps_left - evaluation_steps(one))
            if ahead <= 0:
                break
            train(one, steps, until=step + ahead)
            loss, _ = one.measure()
            if loss < best:
                best, bad, kept = loss, 0, weights(one)
            else:
                bad += 1
        one.session.model.load_state_dict(kept)
        return one.measure("test")[1]


def range_test(scenario: Scenario, corpus: str, seed: int, steps: int) -> float:
    """Smith's learning-rate range test (arXiv:1506.01186) in its common form, then a cosine at what it found.

    A tenth of the budget goes through the rates from 1e-5 to 1 exponentially; the rate is that of the steepest descent
    of the smoothed loss.
    """
    config = with_changes(project(scenario, corpus, seed, steps), {"train.lr_scheduler_type": "cosine"})
    with bench(config, scenario.corrupted, steps) as one:
        start, count = weights(one), steps // 10
        rates = [1e-5 * (1e5 ** (n / (count - 1))) for n in range(count)]
        for number, rate in enumerate(rates, 1):
            train(one, steps, {"train.learning_rate": rate, "train.lr_scheduler_type": "constant"}, until=number)
        one.session.loop.drain()
        losses = [value if value is not None else math.inf for _, value in one.context.state.losses.points(1, count)]
        found = steepest(rates, losses)
    with bench(config, scenario.corrupted, steps) as one:
        one.session.model.load_state_dict(start)
        train(one, steps - count, {"train.learning_rate": found})
        return one.measure("test")[1]


def steepest(rates: list[float], losses: list[float]) -> float:
    """Rate at which the loss, smoothed over five steps, falls fastest before its minimum."""
    smooth = [median(losses[max(0, n - 2) : n + 3]) for n in range(len(losses))]
    lowest = max(smooth.index(min(smooth)), 3)
    return rates[min(range(2, lowest), key=lambda n: smooth[n] - smooth[n - 2])]


def weights(one: Bench) -> dict[str, torch.Tensor]:
    """A copy of the weights."""
    return {name: tensor.clone() for name, tensor in one.session.model.state_dict().items()}


def evaluation_steps(one: Bench) -> int:
    """Steps that one validation is worth, rounded up."""
    per_step = one.budget // one.context.config.train.max_steps
    return -(-one.session.prepared.tokens["validation"] // per_step)


CONTESTANTS: dict[str, Contestant] = {
    "constant": as_written("constant"),
    "cosine": as_written("cosine"),
    "WSD": as_written("warmup_stable_decay"),
    "early stopping": early_stopping,
    "range test, cosine": range_test,
}


def oracle(kind: str, rate: float) -> Contestant:
    """One cell of the oracle's grid."""

    def run(scenario: Scenario, corpus: str, seed: int, steps: int) -> float:
        return fixed(scenario, corpus, seed, steps, {"train.lr_scheduler_type": kind, "train.learning_rate": rate})

    return run
