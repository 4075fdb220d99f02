"""Step 2: the network on its device, with initial weights or those of the checkpoint that the run goes on from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.data import vocabulary as vocabularies
from msopt_tui.data.prepare import PreparedData
from msopt_tui.data.watch import Watcher
from msopt_tui.ml import checkpoint, device, lora, lora_rank, network, optim
from msopt_tui.ml import model as models
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.loop import LossOf, RoundPlan, TrainingLoop
from msopt_tui.ml.tasks import task_of
from msopt_tui.ml.tasks.base import Subject, Task
from msopt_tui.protocol.events import ModelReady, Noted, StepsDone
from msopt_tui.refinement.guard import NORM_RATIO, Guard
from msopt_tui.state.numbers import compact
from msopt_tui.steps import best_rows, branching, rows
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session, steps_in_round


def run(context: RunContext, prepared: PreparedData, start_from: Path | None) -> Session:
    """Build the session; `start_from` is a valid checkpoint directory of this run, or what a branch begins with."""
    with context.control.during("preparing"), context.phase("initialise") as phase:
        context.control.poll(0)
        session = _build(context, prepared)
        if start_from is not None and start_from.parent == context.directory.start:
            branching.begin(context, session, start_from)
        elif start_from is not None:
            restore(context, session, start_from)
        context.settings.check = session.refuse
        describe(context, session)
        phase.detail = f"{compact(models.facts(session.model, context.config.data.max_length).parameters)} parameters"
    return session


def describe(context: RunContext, session: Session) -> None:
    """Say what stands on the device, and how much of it learns."""
    facts = models.facts(session.model, context.config.data.max_length)
    session.told = (session.frozen, session.rank)
    context.emit(
        ModelReady(
            architecture=session.model.config.model_type,
            parameters=facts.parameters,
            trainable=facts.trainable,
            bytes=facts.bytes,
            flops_per_token=facts.flops_per_token,
            device=str(session.device),
            dtype=str(session.dtype or torch.float32).removeprefix("torch."),
        )
    )


def _build(context: RunContext, prepared: PreparedData) -> Session:
    config = context.config
    where = device.pick_device(config.resources)
    device.set_threads(config.resources)
    device.use(where)
    device.make_repeatable(where)
    dtype = device.autocast_dtype(where, config.train.bf16)
    torch.manual_seed(config.train.seed)
    vocabulary = vocabularies.load(prepared.tokenizer_dir, prepared.meta.family)
    model = _network(context, prepared, where)
    optimizer = optim.build(model, config.train, where)
    task = task_of(config, Subject(model, vocabulary, prepared, where, dtype))
    guard = Guard(spike_sigmas=config.train.spike_sigmas, max_broken_steps=config.train.max_broken_steps)
    loop = TrainingLoop(
        model=model,
        optimizer=optimizer,
        loss_of=_loss(context, task),
        batches=task.batches(config),
        device=where,
        report=_report(context, guard),
    )
    plan = RoundPlan(0, steps_in_round(config, prepared))
    rows.refuse(config, prepared)
    stretch = rows.first(config, prepared)
    loop.batches.begin(stretch)
    return Session(
        prepared=prepared,
        model=model,
        optimizer=optimizer,
        device=where,
        dtype=dtype,
        task=task,
        loop=loop,
        plan=plan,
        guard=guard,
        dropout=config.model.dropout,
        frozen=list(config.model.freeze),
        rank=lora_rank.rank_of(model) if lora.is_adapted(model) else None,
        stretches=[stretch],
        ordered=stretch,
        base=lora.base_digest(model) if lora.is_adapted(model) else "",
    )


def _network(context: RunContext, prepared: PreparedData, where: torch.device) -> PreTrainedModel:
    """The network as training begins with it; what starts from random numbers is noted."""

    def note(text: str) -> None:
        context.emit(Noted(level="info", text=text))

    def progress(done: int, total: int, unit: str, detail: str) -> None:
        context.doing.show("initialise", detail, done, total, unit)

    watcher = Watcher(progress, lambda: context.control.poll(0))
    model = network.build(context.config, prepared, context.base_dir, where, note, watcher)
    if context.config.train.gradient_checkpointing:
        models.enable_gradient_checkpointing(model)
    return model


def _report(context: RunContext, guard: Guard) -> Callable[[StepsDone], None]:
    """What becomes of steps: they are told, and looked at for what runs out of course."""

    def report(done: StepsDone) -> None:
        context.emit(done)
        guard.see(done.first, done.losses, done.grad_norms)
        told = guard.tell()
        if told is not None:
            count, first, last = told
            text = f"{count} steps from {first} to {last} left out: gradients over {NORM_RATIO:g} times the ordinary"
            context.emit(Noted(level="warning", text=text, step=last))

    return report


def _loss(context: RunContext, task: Task) -> LossOf:
    settings = context.settings

    def loss_of(batch: Batch) -> torch.Tensor:
        return task.loss(batch, settings.config.train.label_smoothing_factor)

    return loss_of


def restore(context: RunContext, session: Session, path: Path) -> None:
    """Put weights, optimiser, RNG, settings and counters of a checkpoint in force."""
    context.settings.change(checkpoint.read_state(path).settings)
    session.follow_shape(context.config)
    with context.at_work("initialise", f"reading {path.name}"):
        state = checkpoint.load(path, session.model, session.optimizer, session.device)
    if state.base != session.base:
        raise checkpoint.CheckpointError(
            f"{path.name}: its adapters learnt beside other weights than {context.config.model.pretrained} has now: "
            "bring that model back as it was, or start a new run"
        )
    if state.data_key and state.data_key != session.prepared.key:
        text = (
            "the prepared data is not what this checkpoint was trained on: the curves before and after differ in kind"
        )
        context.emit(Noted(level="warning", text=text, step=state.step))
    for difference in checkpoint.differences(state, session.device):
        context.emit(Noted(level="warning", text=f"resumed elsewhere, last bits may differ: {difference}"))
    session.loop.step, session.loop.tokens = state.step, state.tokens
    session.round, session.from_step = state.round, state.from_step
    session.plan.first_step, session.plan.last_step = state.round_first_step, state.round_last_step
    session.best_step, session.best_loss, session.best_cost = state.best_step, state.best_loss, state.best_cost
    session.evaluations_since_best = state.evaluations_since_best
    session.ledger.evaluated, session.ledger.probed = state.spent.get("evaluated", 0), state.spent.get("probed", 0)
    session.last_evaluated_step, session.last_saved_step = state.last_evaluated_step, state.step
    session.stretches = list(state.stretches) or session.stretches
    best_rows.recall(context, session)
    session.apply(context.config)
