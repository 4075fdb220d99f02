"""The one table of settings that may change while a run is under way.

The adjust dialog, the engine's check of a request, the command line and the documentation all read it; bounds come
from the schema, where they stand once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from msopt_tui.config.change import value_of, with_changes
from msopt_tui.config.fields import Scalar, find, nearest
from msopt_tui.config.schema import Config
from msopt_tui.config.source_rules import drawn

SOURCE_WEIGHTS = "data.source_weights"
MICRO, ACCUMULATION = "train.per_device_train_batch_size", "train.gradient_accumulation_steps"


@dataclass(frozen=True, slots=True)
class Adjustable:
    """One setting: from when on a new value counts, what is done then, and what taking it back does."""

    path: str
    effect: str
    """From when on: `next step`, `next evaluation`."""
    unit: str = ""
    applied: str = "read afresh"
    """How it is put in force."""
    undone: str = "the old value, from then on"
    """What `z` brings back; steps that were taken with the new value stay taken."""
    known_by_run: bool = False
    """Whether only model and data in memory tell if a value is possible: what is asked before they are there waits."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return find(self.path).allowed


_RATE = "the schedule is worked out anew for the step, as if it had always been so"
_GATHER = "the rows of a step are cut into other parts"
_LAST = "the end of the round moves"

_ROWS = (
    Adjustable("train.learning_rate", "next step", "peak", _RATE),
    Adjustable("train.lr_scheduler_type", "next step", "", _RATE),
    Adjustable("train.min_lr_rate", "next step", "share of the peak", _RATE),
    Adjustable("train.warmup_steps", "next step", "steps from the beginning of the round", _RATE),
    Adjustable("train.decay_ratio", "next step", "share of the round", _RATE),
    Adjustable("train.weight_decay", "next step"),
    Adjustable("train.max_grad_norm", "next step", "2-norm; 0 is off"),
    Adjustable("train.adam_beta1", "next step", "", "used with the moments as they are"),
    Adjustable("train.adam_beta2", "next step", "", "used with the moments as they are"),
    Adjustable("train.label_smoothing_factor", "next step"),
    Adjustable("model.dropout", "next step", "probability", "set in every layer"),
    Adjustable(
        "model.freeze",
        "next step",
        'as JSON, such as ["layers.0"]',
        "no gradients for these; their moments are kept and wait",
        "they learn again, with their moments as they were",
        known_by_run=True,
    ),
    Adjustable(MICRO, "next step", "rows in a forward pass; accumulation follows", _GATHER),
    Adjustable(ACCUMULATION, "next step", "forward passes in a step; rows in one follow", _GATHER),
    Adjustable(
        SOURCE_WEIGHTS,
        "next step",
        "as JSON, a number a source",
        "rows are drawn by the new weights from there on; every source goes on with the rows that it had next",
        "the old weights, from then on",
        known_by_run=True,
    ),
    Adjustable("train.max_steps", "next step", "steps in a round", _LAST),
    Adjustable("train.eval_steps", "next step", "steps"),
    Adjustable("train.save_steps", "next step", "steps"),
    Adjustable("train.save_total_limit", "next checkpoint", "checkpoints", "retention", "removed ones stay removed"),
    Adjustable("train.logging_steps", "next step", "steps"),
    Adjustable("train.spike_sigmas", "next step", "robust sigma; 0 is off"),
    Adjustable("train.max_broken_steps", "next step", "steps in fifty; 0 is off"),
    Adjustable("train.max_rollbacks", "next spike", "rollbacks in a round"),
    Adjustable("train.early_stopping_patience", "next evaluation", "evaluations; 0 is off"),
    Adjustable("evaluate.prompts", "next evaluation", "JSON list of texts"),
    Adjustable("evaluate.max_new_tokens", "next evaluation", "tokens"),
    Adjustable("evaluate.temperature", "next evaluation"),
    Adjustable("evaluate.top_k", "next evaluation", "tokens; 0 is all"),
    Adjustable("evaluate.num_beams", "next evaluation", "beams"),
    Adjustable("evaluate.max_predictions", "next evaluation", "rows; 0 is all"),
)

ADJUSTABLE: dict[str, Adjustable] = {row.path: row for row in _ROWS}
"""By dotted key, in the order of the adjust dialog."""


BETWEEN_ROUNDS = ("model.lora.r", "model.lora.alpha")
"""What an answer to a proposal may change besides: the next round begins with it."""


def check(path: str, value: object, *, between_rounds: bool = False) -> Scalar:
    """Return the value as the setting's type; of a list its JSON text. `between_rounds`: for a round that is to begin.

    Raises ValueError with the allowed range, or with the nearest adjustable setting.
    """
    try:
        field = find(path)
    except KeyError:
        raise ValueError(f"{path}: no such setting{nearest(path, list(ADJUSTABLE))}") from None
    if field.path not in ADJUSTABLE and not (between_rounds and field.path in BETWEEN_ROUNDS):
        raise ValueError(f"{field.path} can't change while the run is under way: branch the run with it")
    try:
        checked = field.parse(value) if isinstance(value, str) else field.convert(value)
    except ValueError as error:
        raise ValueError(f"{field.path}: {error}") from None
    return checked if isinstance(checked, bool | int | float | str) else msgspec.json.encode(checked).decode()


def check_all(changes: Mapping[str, Scalar], *, between_rounds: bool = False) -> dict[str, Scalar]:
    """Every change checked and under its full name; raises ValueError with all that is wrong."""
    checked: dict[str, Scalar] = {}
    wrong: list[str] = []
    for path, value in changes.items():
        try:
            checked[find(path).path if _known(path) else path] = check(path, value, between_rounds=between_rounds)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("; ".join(wrong))
    return checked


def complete(config: Config, changes: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Checked changes with what must change beside them, so that a step keeps its rows.

    Of rows in a forward pass and forward passes in a step one follows the other; given both, a step has other rows from
    then on, the next ones that would have come. Raises ValueError with the allowed divisors where that does not come
    out even.
    """
    whole = dict(changes)
    rows = rows_per_step(config)
    if SOURCE_WEIGHTS in whole:
        weights = with_changes(config, {SOURCE_WEIGHTS: whole[SOURCE_WEIGHTS]}).data.source_weights
        wrong = drawn(weights, len(config.data.sources))
        if wrong:
            raise ValueError(f"{SOURCE_WEIGHTS}: {wrong}")
    if (MICRO in whole) == (ACCUMULATION in whole):
        return whole
    given, follows = (MICRO, ACCUMULATION) if MICRO in whole else (ACCUMULATION, MICRO)
    value = whole[given]
    assert isinstance(value, int), "checked against the schema"
    if rows % value:
        divisors = [number for number in range(1, rows + 1) if rows % number == 0]
        raise ValueError(
            f"{given}: {value} does not divide the {rows} rows of a step: one of {_listed(divisors)}, "
            f"or give {follows} too for another number of rows"
        )
    if rows // value != value_of(config, follows):
        whole[follows] = rows // value
    return whole


def differing(config: Config, changes: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Those of checked changes that are not in force already."""
    return {path: value for path, value in changes.items() if value_of(config, path) != value}


def rows_per_step(config: Config) -> int:
    """Rows that one optimiser step learns from: the global batch."""
    return config.train.per_device_train_batch_size * config.train.gradient_accumulation_steps


_SHOWN = 12
"""Divisors that a message lists."""


def _listed(numbers: list[int]) -> str:
    words = [str(number) for number in numbers]
    return ", ".join(words if len(words) <= _SHOWN else [*words[: _SHOWN - 1], "…", words[-1]])


def _known(path: str) -> bool:
    try:
        find(path)
    except KeyError:
        return False
    return True
