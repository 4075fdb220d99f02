"""How many rows a step learns from, and which: what a change of the global batch or of the sources' weights does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.config.schema import Config
from msopt_tui.config.source_names import names
from msopt_tui.data.mixture import portions_for
from msopt_tui.data.order import Stretch
from msopt_tui.data.prepare import PreparedData
from msopt_tui.protocol.adjustable import rows_per_step

if TYPE_CHECKING:
    from msopt_tui.steps.session import Session


def first(config: Config, prepared: PreparedData) -> Stretch:
    """What a run begins with."""
    return _stretch(config, prepared, 0, [])


def follow(session: Session, config: Config) -> None:
    """Another number of rows a step, or another mixture of the sources, begins another stretch where the last one is
    left: at the row that would have come next."""
    step = session.step
    if not _is_of(session.stretches[-1], config, session.prepared):
        # What was begun at this very step took none: a probe's stretch goes without a trace.
        kept = [one for one in session.stretches if one.first_step < step]
        if not kept or not _is_of(kept[-1], config, session.prepared):
            kept.append(_stretch(config, session.prepared, step, session.stretches))
        session.stretches = kept
    stretch = session.stretches[-1]
    if stretch != session.ordered:
        session.loop.batches = session.task.batches(config)
        session.loop.batches.begin(stretch)
        session.ordered = stretch


def _is_of(stretch: Stretch, config: Config, prepared: PreparedData) -> bool:
    """Whether steps of the stretch learn from what the settings ask for."""
    weights = config.data.source_weights
    if stretch.rows_per_step != rows_per_step(config) or len(stretch.portions) != len(weights):
        return False
    drawn = [(one.rows, one.weight) for one in stretch.portions]
    rows = prepared.source_rows(config.data.max_length) if weights else []
    return drawn == list(zip(rows, weights, strict=True))


def _stretch(config: Config, prepared: PreparedData, step: int, before: Sequence[Stretch]) -> Stretch:
    """A stretch that begins after `step` steps, behind the last of those before it that had any."""
    last = next((one for one in reversed(before) if one.first_step < step), None)
    rows, weights = prepared.source_rows(config.data.max_length), config.data.source_weights
    taken = last.taken(step, rows, config.train.seed) if last else [0] * len(rows)
    return Stretch(
        first_step=step,
        first_row=last.rows_before(step) if last else 0,
        rows_per_step=rows_per_step(config),
        portions=portions_for(rows, weights, taken) if weights else (),
    )


def refuse(config: Config, prepared: PreparedData) -> None:
    """Raises ValueError for weights that these sources can't have."""
    weights = config.data.source_weights
    if not weights:
        return
    rows = prepared.source_rows(config.data.max_length)
    for name, weight, count in zip(names(config.data.sources), weights, rows, strict=True):
        if weight and not count:
            raise ValueError(f"data.source_weights: {name} has no training row of its own: only 0 is possible for it")


def rows_before(session: Session, step: int) -> int:
    """Rows taken in the first `step` steps, all epochs counted."""
    return next(one for one in reversed(session.stretches) if one.first_step <= step).rows_before(step)


def last_step(session: Session, config: Config) -> int:
    """Where the round ends: `max_steps` after its beginning, or when its epochs are through."""
    first = session.plan.first_step
    if config.train.max_steps > 0 or session.stretches[-1].first_step <= first:
        return first + steps_in_round(config, session.prepared)
    # Epochs are counted in rows: what is left of them is taken at the size in force.
    taken = rows_before(session, session.step) - rows_before(session, first)
    left = session.prepared.training_rows(config.data.max_length) * config.train.num_train_epochs - taken
    return session.step + max(0, math.ceil(left / rows_per_step(config)))


def steps_in_round(config: Config, prepared: PreparedData) -> int:
    """Optimiser steps of one round: `max_steps`, or what `num_train_epochs` makes of the rows."""
    if config.train.max_steps > 0:
        return config.train.max_steps
    rows = prepared.training_rows(config.data.max_length)
    return max(1, math.ceil(rows * config.train.num_train_epochs / rows_per_step(config)))
