"""How many rows a step learns from, and which: what a change of the global batch does to the order of the rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msopt_tui.config.schema import Config
from msopt_tui.data.order import Stretch
from msopt_tui.data.prepare import PreparedData
from msopt_tui.protocol.adjustable import rows_per_step

if TYPE_CHECKING:
    from msopt_tui.steps.session import Session


def follow(session: Session, config: Config) -> None:
    """Another number of rows a step begins another stretch, at the row that would have come next."""
    rows, step = rows_per_step(config), session.step
    if session.stretches[-1].rows_per_step != rows:
        position = rows_before(session, step)
        # What was begun at this very step took none: a probe's stretch goes without a trace.
        kept = [one for one in session.stretches if one.first_step < step]
        if not kept or kept[-1].rows_per_step != rows:
            kept.append(Stretch(step, position, rows))
        session.stretches = kept
    stretch = session.stretches[-1]
    if stretch != session.ordered:
        session.loop.batches = session.task.batches(config)
        session.loop.batches.begin(stretch)
        session.ordered = stretch


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
