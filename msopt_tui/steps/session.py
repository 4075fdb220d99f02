"""What training needs in memory, from initialisation to the end: model, optimiser, loop, round, best so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.schema import Config
from msopt_tui.data.order import Stretch
from msopt_tui.data.prepare import PreparedData
from msopt_tui.ml import checkpoint, freeze, lora_rank, optim
from msopt_tui.ml import model as models
from msopt_tui.ml.loop import RoundPlan, TrainingLoop
from msopt_tui.ml.tasks.base import Task
from msopt_tui.protocol.adjustable import rows_per_step as rows_per_step
from msopt_tui.refinement.budget import Costs, Ledger, Limits, affordable_steps
from msopt_tui.refinement.guard import NORM_RATIO, Guard
from msopt_tui.steps import rows
from msopt_tui.steps.background import Job
from msopt_tui.steps.rows import steps_in_round as steps_in_round


class Kept(NamedTuple):
    """What became of a checkpoint that could be written."""

    saved: checkpoint.Saved
    ended: float
    """By the monotonic clock, without the removal of old ones."""
    removed: list[int]
    error: str
    """Why old ones could not be removed."""


class Saving(NamedTuple):
    """A checkpoint that is being written while training goes on."""

    step: int
    reason: str
    began: float
    """By the monotonic clock."""
    then: Callable[[], None]
    job: Job[Kept]


class Best(NamedTuple):
    """The best validation at some time."""

    step: int | None
    cost: float
    loss: float
    row_losses: dict[int, list[float]]


NO_BEST = Best(None, math.inf, math.inf, {})


@dataclass
class Session:
    """The run in memory. Only the worker thread touches it."""

    prepared: PreparedData
    model: PreTrainedModel
    optimizer: optim.AdamW
    device: torch.device
    dtype: torch.dtype | None
    """Of the matrix products; `None` for the weights' own float32."""
    task: Task
    loop: TrainingLoop
    plan: RoundPlan
    guard: Guard
    """Sees every batch of steps as it is reported."""
    stretches: list[Stretch]
    """How many rows the steps learned from so far; the last one is in force."""
    ordered: Stretch
    """The one that the loop's batches follow."""
    round: int = 1
    from_step: int | None = None
    """Checkpoint the round began with; `None` for the initial weights."""
    best_step: int | None = None
    best_cost: float = math.inf
    """The lowest value of `evaluate.metric_for_best_model` so far, its negative where higher is better."""
    best_loss: float = math.inf
    """Validation loss at the best step (nats a target)."""
    evaluations_since_best: int = 0
    last_evaluated_step: int = -1
    last_saved_step: int = -1
    """Also of one that is being written."""
    saving: Saving | None = None
    best_before: Best = NO_BEST
    """What was best before `best_step` was: what counts again should that not be kept."""
    row_losses: dict[int, list[float]] = field(default_factory=dict)
    """Loss of every validation row by step, of the latest and the best evaluation: what races are paired over."""
    compiled: bool = False
    """Whether a step has been taken, by which `train.torch_compile` has compiled the network."""
    rollbacks: int = 0
    """In this round."""
    dropout: float = 0.0
    """As it is set in the model now."""
    frozen: list[str] = field(default_factory=list)
    """`model.freeze` as the model follows it now."""
    rank: lora_rank.Rank | None = None
    """Of the adapters as they are now; `None` without any."""
    told: tuple[list[str], lora_rank.Rank | None] = ([], None)
    """What is frozen and the rank as the journal has them."""
    base: str = ""
    """Hash of the frozen weights that adapters learn beside; empty without adapters."""
    ledger: Ledger = field(default_factory=Ledger)
    """What evaluations and probes took."""
    limits: Limits = field(default_factory=Limits)
    end_at: int | None = None
    """Where refinement ends the round early."""
    end_reason: str = ""
    intact: bool = True
    """False while probes have other weights in the model: nothing may be saved then."""

    @property
    def step(self) -> int:
        """Optimiser steps done, all rounds counted."""
        return self.loop.step

    def remember_best(self, best: Best) -> None:
        """These weights are the best so far."""
        self.best_before = Best(self.best_step, self.best_cost, self.best_loss, self.row_losses)
        self.best_step, self.best_cost, self.best_loss, self.row_losses = best
        self.evaluations_since_best = 0

    def forget_best(self, step: int) -> bool:
        """There is no checkpoint of a step: go back to what was best before it. True where that was the best."""
        if self.best_before.step == step:
            self.best_before = NO_BEST
        if self.best_step != step:
            return False
        self.best_step, self.best_cost, self.best_loss, self.row_losses = self.best_before
        return True

    def refuse(self, config: Config) -> None:
        """Raises ValueError for settings that this model or its data can't follow."""
        rows.refuse(config, self.prepared)
        if bool(config.model.lora.r) != (self.rank is not None):
            raise ValueError("model.lora.r: adapters can't be put in or taken out on the way: branch the run with it")
        if config.model.freeze == self.frozen:
            return
        if self.base:
            raise ValueError("model.freeze: with [model.lora] all of the model is frozen and only the adapters learn")
        freeze.frozen_by(self.model, config.model.freeze)

    def follow_shape(self, config: Config) -> None:
        """Have adapters of the rank, and those parts of the model learn, that the settings say; before a checkpoint is
        read into it, which one of a lower rank can be."""
        rank = lora_rank.Rank(config.model.lora.r, config.model.lora.alpha) if config.model.lora.r else None
        if rank != self.rank and rank is not None:
            lora_rank.resize(self.model, rank)
            self.optimizer.replace(self.model.named_parameters())
            self.guard.reset()
            self.rank = rank
        if config.model.freeze != self.frozen:
            freeze.freeze_only(self.model, config.model.freeze)
            self.optimizer.follow()
            self.guard.reset()
            self.frozen = list(config.model.freeze)

    def apply(self, config: Config) -> None:
        """Bring model and round in line with the settings in force."""
        self.follow_shape(config)
        if config.model.dropout != self.dropout:
            models.set_dropout(self.model, config.model.dropout)
            self.dropout = config.model.dropout
        self.guard.spike_sigmas = config.train.spike_sigmas
        self.guard.max_broken_steps = config.train.max_broken_steps
        self.optimizer.skip_ratio = NORM_RATIO if config.train.spike_sigmas else 0.0
        rows.follow(self, config)
        last = rows.last_step(self, config)
        affordable = self.affordable(config)
        if affordable is not None:
            last = min(last, self.step + affordable)
        self.plan.last_step = last if self.end_at is None else min(last, self.end_at)

    @property
    def spent(self) -> dict[str, int]:
        """Tokens by use."""
        return self.ledger.spent(self.loop.tokens)

    def affordable(self, config: Config) -> int | None:
        """Steps that the budget still pays for, their evaluations included; `None` without a budget."""
        left = self.limits.left(sum(self.spent.values()))
        if left is None:
            return None
        costs = self.costs(config)
        # The evaluation before the first step is still to come.
        ahead = costs.evaluation if self.last_evaluated_step < 0 else 0
        return affordable_steps(max(0, left - ahead), self.step, costs)

    def costs(self, config: Config) -> Costs:
        """What steps and evaluations take."""
        tokens = rows_per_step(config) * config.data.max_length
        return Costs(tokens, self.ledger.evaluation_tokens, config.train.eval_steps)
