"""The training loop: every step reported once, in order, without disturbing what is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
import torch

from msopt_tui.config.schema import Config, ModelTable, TrainTable
from msopt_tui.data.order import Stretch
from msopt_tui.ml import model as models
from msopt_tui.ml import optim
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.forward import logits_of
from msopt_tui.ml.loop import RoundPlan, TrainingLoop
from msopt_tui.ml.stream import ROWS
from msopt_tui.ml.tasks import causal_lm
from msopt_tui.protocol.events import StepsDone

CPU = torch.device("cpu")
TABLE = ModelTable(hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
TRAIN = TrainTable(learning_rate=1e-2, lr_scheduler_type="constant", warmup_steps=0)


class Source:
    rows = 64
    tokens_per_step = 4 * 8

    def __init__(self, device: torch.device = CPU) -> None:
        self.device = device

    def begin(self, stretch: Stretch) -> None: ...

    def batch(self, step: int) -> Batch:
        ids = torch.randint(64, (4, 9), generator=torch.Generator().manual_seed(step))
        return Batch({ROWS: ids.to(self.device)}, self.tokens_per_step, self.tokens_per_step)


def build(train: TrainTable = TRAIN) -> tuple[TrainingLoop, list[StepsDone], torch.nn.Module]:
    torch.manual_seed(0)
    model = models.build(TABLE, vocab_size=64, max_length=8, eos_token_id=0, pad_token_id=None, seed=1, device=CPU)
    said: list[StepsDone] = []
    forward = logits_of(model)
    loop = TrainingLoop(
        model=model,
        optimizer=optim.build(model, train, CPU),
        loss_of=lambda batch: causal_lm.summed_loss(forward, batch[ROWS]),
        batches=Source(),
        device=CPU,
        report=said.append,
    )
    return loop, said, model


def config(train: TrainTable = TRAIN) -> Config:
    return Config(train=train)


def losses_in(said: list[StepsDone]) -> list[float | None]:
    return [loss for event in said for loss in event.losses]


def always() -> bool:
    return True


def counted(limit: int) -> Callable[[], bool]:
    left = [limit]

    def idle() -> bool:
        left[0] -= 1
        return left[0] >= 0

    return idle


def test_the_seconds_of_the_steps_are_told_in_parts() -> None:
    loop, said, _ = build()
    loop.run(config(), RoundPlan(0, 3), 3, always)
    for event in said:
        assert set(event.split) == {"data", "backward", "optimiser"}
        assert 0 < sum(event.split.values()) <= event.seconds


def test_every_step_is_reported_once_and_in_order() -> None:
    loop, said, _ = build()
    loop.run(config(), RoundPlan(0, 50), 50, always)
    steps = [step for event in said for step in range(event.first, event.first + len(event.losses))]
    assert steps == list(range(1, 51))
    assert all(len(e.losses) == len(e.grad_norms) == len(e.learning_rates) for e in said)
    assert sum(event.tokens for event in said) == loop.tokens == 50 * 32
    assert sum(event.seconds for event in said) > 0


def test_it_stops_when_someone_wants_something_and_goes_on_as_if_nothing_had_been() -> None:
    whole, said_whole, model_whole = build()
    whole.run(config(), RoundPlan(0, 30), 30, always)
    parts, said_parts, model_parts = build()
    parts.run(config(), RoundPlan(0, 30), 30, counted(11))
    assert parts.step == 11
    parts.run(config(), RoundPlan(0, 30), 30, always)
    assert losses_in(said_parts) == losses_in(said_whole)
    for a, b in zip(model_whole.parameters(), model_parts.parameters(), strict=True):
        assert torch.equal(a, b)


def test_it_descends_the_gradient_as_torch_does() -> None:
    """θ ← θ − α∇L(θ) by AdamW: the same weights as torch's own optimiser over the same loss."""
    loop, _, model = build()
    loop.run(config(), RoundPlan(0, 5), 5, always)
    torch.manual_seed(0)
    plain = models.build(TABLE, vocab_size=64, max_length=8, eos_token_id=0, pad_token_id=None, seed=1, device=CPU)
    groups = [
        {"params": [p for p in plain.parameters() if p.ndim >= 2], "weight_decay": TRAIN.weight_decay},
        {"params": [p for p in plain.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    reference = torch.optim.AdamW(groups, lr=1e-2, betas=(TRAIN.adam_beta1, TRAIN.adam_beta2), eps=TRAIN.adam_epsilon)
    for step in range(1, 6):
        rows = Source().batch(step)[ROWS]
        logits = plain(input_ids=rows[:, :-1]).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        reference.step()
        reference.zero_grad()
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_accumulation_is_the_same_step_in_smaller_parts() -> None:
    whole, said_whole, model_whole = build()
    whole.run(config(), RoundPlan(0, 5), 5, always)
    split = msgspec.structs.replace(TRAIN, gradient_accumulation_steps=2, per_device_train_batch_size=2)
    parts, said_parts, model_parts = build(split)
    parts.run(config(split), RoundPlan(0, 5), 5, always)
    assert losses_in(said_whole) == pytest.approx(losses_in(said_parts), abs=1e-6)
    for a, b in zip(model_whole.parameters(), model_parts.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def test_what_a_probe_does_is_nobodys_curve() -> None:
    loop, said, _ = build()
    loop.run(config(), RoundPlan(0, 30), 5, always)
    before = len(said)
    with loop.unreported():
        loop.run(config(), RoundPlan(5, 9), 9, always)
        assert loop.step == 9
    assert (loop.step, loop.tokens, len(said)) == (5, 5 * 32, before)


def test_a_broken_loss_is_reported_as_none_and_changes_no_weight() -> None:
    loop, said, model = build()
    before = [p.clone() for p in model.parameters()]
    sound = loop._loss_of
    loop._loss_of = lambda batch: sound(batch) * float("nan")
    loop.run(config(), RoundPlan(0, 3), 3, always)
    assert losses_in(said) == [None, None, None]
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_the_plan_counts_from_its_first_step() -> None:
    assert RoundPlan(10, 30).total == 20
    assert replace(RoundPlan(10, 30), last_step=40).total == 30


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_figures_arrive_later_but_all_of_them() -> None:
    device = torch.device("cuda")
    model = models.build(TABLE, vocab_size=64, max_length=8, eos_token_id=0, pad_token_id=None, seed=1, device=device)
    said: list[StepsDone] = []
    forward = logits_of(model)

    loop = TrainingLoop(
        model=model,
        optimizer=optim.build(model, TRAIN, device),
        loss_of=lambda batch: causal_lm.summed_loss(forward, batch[ROWS]),
        batches=Source(device),
        device=device,
        report=said.append,
    )
    loop.run(config(), RoundPlan(0, 200), 200, always)
    assert said[0].first == 1
    assert sum(len(e.losses) for e in said) == 200
