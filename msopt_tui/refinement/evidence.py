"""The figures of one round that refinement goes by, taken from the run's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import log
from statistics import median

from msopt_tui.state.run_state import RunState

Point = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Curves of one round; steps counted over the whole run."""

    round: int
    train: list[float]
    """Training loss of every step that was finite (nats a token), in order."""
    not_finite: int
    """Steps of the round whose loss or gradient was not finite."""
    validation: list[Point]
    """(step, loss) of every validation, the one before the round's first step included."""
    grad_norms: list[float] = field(default_factory=list)
    """2-norm of every gradient that was finite, before clipping."""
    passes: float = 0.0
    """How often the training data has been passed over, all rounds counted; 0 where that is not known."""
    chance: float | None = None
    """Loss of a model that knows nothing: ln of the vocabulary (nats a token)."""

    sources: dict[str, list[Point]] = field(default_factory=dict)
    """(step, loss) of every validation by source, where there are several and the loss was finite."""

    @property
    def best(self) -> Point | None:
        """The lowest validation, the earliest of equals."""
        return min(self.validation, key=lambda point: point[1], default=None)


def evidence_of(state: RunState) -> Evidence:
    """What the current round of a run shows."""
    first, last = state.round_first_step, state.step
    train = [value for _, value in state.losses.points(first + 1, last) if value is not None]
    norms = [value for _, value in state.grad_norms.points(first + 1, last) if value is not None]
    bad = set(state.losses.not_finite_in(first + 1, last)) | set(state.grad_norms.not_finite_in(first + 1, last))
    validation = [
        (one.step, loss)
        for one in state.evaluations
        if one.step >= first and (loss := one.metrics.get("loss")) is not None
    ]
    data = state.data
    tokens = data.tokens.get("train", 0) if data else 0
    chance = log(data.vocab_size) if data and data.vocab_size > 1 else None
    passes = state.tokens / tokens if tokens else 0.0
    sources: dict[str, list[Point]] = {}
    for one in state.evaluations:
        for name, loss in one.source_losses.items() if one.step >= first else ():
            if loss is not None:
                sources.setdefault(name, []).append((one.step, loss))
    return Evidence(state.round, train, len(bad), validation, norms, passes, chance, sources)


def window_medians(values: list[float], windows: int = 20) -> list[float]:
    """Medians of consecutive equal windows: the curve without its noise. Fewer values give fewer windows."""
    size = max(len(values) // windows, 5)
    return [median(values[at : at + size]) for at in range(0, len(values) - size + 1, size)] if values else []


def noise_of(values: list[float]) -> float:
    """Robust standard deviation of the step-to-step noise: 1.4826 · MAD of differences / √2 (nats a token)."""
    if len(values) < 3:
        return 0.0
    differences = [b - a for a, b in pairwise(values)]
    middle = median(differences)
    return 1.4826 * median(abs(d - middle) for d in differences) / 2**0.5
