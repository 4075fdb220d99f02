"""The one table of settings that may change while a run is under way.

The adjust dialog, the engine's check of a request, the command line and the documentation all read it; bounds come
from the schema, where they stand once.
"""

from __future__ import annotations

from dataclasses import dataclass

from msopt_tui.config.fields import Scalar, find, nearest


@dataclass(frozen=True, slots=True)
class Adjustable:
    """One setting and when a new value takes effect."""

    path: str
    effect: str
    """From when on: `next step`, `next evaluation`."""
    unit: str = ""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return find(self.path).allowed


_ROWS = (
    Adjustable("train.learning_rate", "next step"),
    Adjustable("train.lr_scheduler_type", "next step"),
    Adjustable("train.min_lr_rate", "next step", "share of the peak"),
    Adjustable("train.weight_decay", "next step"),
    Adjustable("train.max_grad_norm", "next step", "2-norm; 0 is off"),
    Adjustable("train.adam_beta1", "next step"),
    Adjustable("train.adam_beta2", "next step"),
    Adjustable("train.label_smoothing_factor", "next step"),
    Adjustable("model.dropout", "next step", "probability"),
    Adjustable("train.max_steps", "next step", "steps in a round"),
    Adjustable("train.eval_steps", "next step", "steps"),
    Adjustable("train.save_steps", "next step", "steps"),
    Adjustable("train.spike_sigmas", "next step", "robust sigma; 0 is off"),
    Adjustable("train.early_stopping_patience", "next evaluation", "evaluations; 0 is off"),
    Adjustable("evaluate.max_new_tokens", "next evaluation", "tokens"),
    Adjustable("evaluate.temperature", "next evaluation"),
    Adjustable("evaluate.top_k", "next evaluation", "tokens; 0 is all"),
)

ADJUSTABLE: dict[str, Adjustable] = {row.path: row for row in _ROWS}
"""By dotted key, in the order of the adjust dialog."""


def check(path: str, value: object) -> Scalar:
    """Return the value as the setting's type.

    Raises ValueError with the allowed range, or with the nearest adjustable setting.
    """
    try:
        field = find(path)
    except KeyError:
        raise ValueError(f"{path}: no such setting{nearest(path, list(ADJUSTABLE))}") from None
    if field.path not in ADJUSTABLE:
        raise ValueError(f"{field.path} can't change while the run is under way: branch the run with it")
    try:
        checked = field.parse(value) if isinstance(value, str) else field.convert(value)
    except ValueError as error:
        raise ValueError(f"{field.path}: {error}") from None
    assert isinstance(checked, bool | int | float | str), "an adjustable setting is a scalar"
    return checked


def check_all(changes: dict[str, Scalar]) -> dict[str, Scalar]:
    """Every change checked and under its full name; raises ValueError with all that is wrong."""
    checked: dict[str, Scalar] = {}
    wrong: list[str] = []
    for path, value in changes.items():
        try:
            checked[find(path).path if _known(path) else path] = check(path, value)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("; ".join(wrong))
    return checked


def _known(path: str) -> bool:
    try:
        find(path)
    except KeyError:
        return False
    return True
