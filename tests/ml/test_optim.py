"""The optimiser against torch's own, and what a broken gradient must not do."""

from __future__ import annotations

import pytest
import torch

from msopt_tui.config.schema import TrainTable
from msopt_tui.ml import optim
from tests.ml.tiny import ARCHITECTURES, CPU, Architecture, network, rows, train

FUSED = TrainTable(max_grad_norm=0.5)
DEFAULT = TrainTable(max_grad_norm=0.5, optim="adamw_torch")
Weights = dict[str, torch.Tensor]


def quadratic(optimizer: optim.AdamW) -> None:
    """Gradients that differ from parameter to parameter."""
    loss = sum((parameter * (1.0 + at)).square().sum() for at, parameter in enumerate(optimizer.parameters))
    assert isinstance(loss, torch.Tensor)
    torch.autograd.backward(loss)


def small(settings: TrainTable = FUSED) -> tuple[torch.nn.Module, optim.AdamW]:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Embedding(5, 3), torch.nn.LayerNorm(3), torch.nn.Linear(3, 4))
    return model, optim.build(model, settings, CPU)


def weights_of(model: torch.nn.Module) -> Weights:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def same(one: Weights, other: Weights) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_matrices_and_embeddings_decay_and_norms_and_biases_never() -> None:
    _, optimizer = small()
    names = {group.decays: set(group.names) for group in optimizer.groups}
    assert names == {True: {"0.weight", "2.weight"}, False: {"1.weight", "1.bias", "2.bias"}}


def test_a_tied_weight_is_updated_once() -> None:
    optimizer = optim.build(network(tie_word_embeddings=True), FUSED, CPU)
    names = [name for group in optimizer.groups for name in group.names]
    assert "model.embed_tokens.weight" in names
    assert "lm_head.weight" not in names


@pytest.mark.parametrize("settings", [FUSED, DEFAULT], ids=["fused", "default"])
@pytest.mark.parametrize("max_norm", [0.0, 0.5])
def test_it_does_what_torch_does_with_clipping(settings: TrainTable, max_norm: float) -> None:
    model, ours = small(settings)
    reference, twin = small(settings)
    groups = [
        {"params": group.parameters, "weight_decay": settings.weight_decay if group.decays else 0.0}
        for group in twin.groups
    ]
    theirs = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.99), eps=1e-8, fused=ours.fused)
    optim.apply(ours, 0.01, settings.weight_decay, (0.9, 0.99))
    for _ in range(5):
        quadratic(ours)
        norm = ours.update(max_norm)
        quadratic(twin)
        expected = torch.nn.utils.clip_grad_norm_(reference.parameters(), max_norm or 1e9)
        theirs.step()
        theirs.zero_grad()
        torch.testing.assert_close(norm, expected, rtol=1e-6, atol=0)
    for (name, mine), (_, other) in zip(model.named_parameters(), reference.named_parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-7, msg=name)


@pytest.mark.parametrize("settings", [FUSED, DEFAULT], ids=["fused", "default"])
@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
@pytest.mark.parametrize("max_norm", [0.0, 0.5])
def test_a_broken_gradient_changes_nothing_and_is_forgotten(
    settings: TrainTable, broken: float, max_norm: float
) -> None:
    model, optimizer = small(settings)
    undisturbed, twin = small(settings)
    for one in (optimizer, twin):
        quadratic(one)
        one.update(max_norm)
    before = weights_of(model)
    quadratic(optimizer)
    gradient = optimizer.parameters[0].grad
    assert gradient is not None
    gradient.view(-1)[1] = broken
    norm = optimizer.update(max_norm)
    assert not torch.isfinite(norm)
    assert same(weights_of(model), before)
    for one in (optimizer, twin):
        quadratic(one)
        one.update(max_norm)
    assert same(weights_of(model), weights_of(undisturbed))


def spiking(optimizer: optim.AdamW, factor: float) -> torch.Tensor:
    """One update whose gradients are `factor` times the ordinary ones."""
    for parameter in optimizer.parameters:
        parameter.grad = torch.ones_like(parameter) * factor
    return optimizer.update(0.0)


@pytest.mark.parametrize("settings", [FUSED, DEFAULT], ids=["fused", "default"])
def test_a_gradient_out_of_the_ordinary_changes_nothing(settings: TrainTable) -> None:
    model, optimizer = small(settings)
    undisturbed, twin = small(settings)
    optimizer.skip_ratio = twin.skip_ratio = 4.0
    for _ in range(optim.NORM_ENOUGH):
        spiking(optimizer, 1.0)
        spiking(twin, 1.0)
    for _ in range(20):
        spiking(optimizer, 11.0)
    assert same(weights_of(model), weights_of(undisturbed))
    spiking(optimizer, 3.0)
    assert same(weights_of(model), weights_of(undisturbed)), "still in the stretch"
    for _ in range(2):
        spiking(optimizer, 1.0)
        spiking(twin, 1.0)
    spiking(optimizer, 3.0)
    spiking(twin, 3.0)
    assert same(weights_of(model), weights_of(undisturbed))


@pytest.mark.parametrize("settings", [FUSED, DEFAULT], ids=["fused", "default"])
def test_what_never_ends_is_taken_for_ordinary(settings: TrainTable) -> None:
    model, optimizer = small(settings)
    optimizer.skip_ratio = 4.0
    for _ in range(optim.NORM_ENOUGH):
        spiking(optimizer, 1.0)
    before = weights_of(model)
    for _ in range(optim.NORM_SKIPS):
        spiking(optimizer, 11.0)
    assert same(weights_of(model), before)
    for _ in range(3):
        spiking(optimizer, 11.0)
        after = weights_of(model)
        assert not same(after, before)
        before = after


@pytest.mark.parametrize("factor", [1.0, 1e6])
def test_without_a_ratio_and_at_the_start_everything_is_ordinary(factor: float) -> None:
    for ratio, before_it in ((0.0, optim.NORM_ENOUGH), (4.0, optim.NORM_ENOUGH - 1)):
        model, optimizer = small()
        optimizer.skip_ratio = ratio
        for _ in range(before_it):
            spiking(optimizer, 1.0)
        before = weights_of(model)
        spiking(optimizer, factor)
        assert not same(weights_of(model), before)


def test_a_new_rate_and_decay_hold_from_the_next_update_on() -> None:
    model, optimizer = small()
    before = weights_of(model)
    optim.apply(optimizer, 0.0, 0.1, (0.9, 0.99))
    quadratic(optimizer)
    optimizer.update(0.0)
    assert same(weights_of(model), before)
    optim.apply(optimizer, 0.1, 5.0, (0.9, 0.99))
    for parameter in optimizer.parameters:
        parameter.grad = torch.zeros_like(parameter)
    for group in optimizer.groups:
        for moment in group.exp_avgs:
            moment.zero_()
    optimizer.update(0.0)
    after = weights_of(model)
    torch.testing.assert_close(after["2.weight"], before["2.weight"] * 0.5)
    assert torch.equal(after["1.weight"], before["1.weight"])


@pytest.mark.parametrize("max_norm", [0.0, 0.01, 1e6])
def test_clip_scales_down_and_never_up(max_norm: float) -> None:
    model, optimizer = small()
    quadratic(optimizer)
    gradients = [parameter.grad.clone() for parameter in optimizer.parameters if parameter.grad is not None]
    expected = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    norm = optim.clip(list(model.parameters()), max_norm)
    torch.testing.assert_close(norm, expected)
    factor = min(1.0, max_norm / float(expected)) if max_norm else 1.0
    for parameter, gradient in zip(optimizer.parameters, gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient * factor)


def test_the_gradients_are_dropped_after_an_update() -> None:
    _, optimizer = small()
    quadratic(optimizer)
    optimizer.update(1.0)
    assert all(parameter.grad is None for parameter in optimizer.parameters)


@pytest.mark.parametrize("settings", [FUSED, DEFAULT], ids=["fused", "default"])
def test_its_state_goes_on_to_the_last_bit_in_another_optimiser(settings: TrainTable) -> None:
    model = network()
    optimizer = optim.build(model, settings, CPU)
    train(model, optimizer, 1, 5, settings=settings)
    state = {name: tensor.clone() for name, tensor in optimizer.state().items()}
    assert state["step"] == 5
    twin = network(seed=8)
    twin.load_state_dict(model.state_dict())
    other = optim.build(twin, settings, CPU)
    other.load_state(state)
    assert train(twin, other, 6, 9, settings=settings) == train(model, optimizer, 6, 9, settings=settings)


def test_a_frozen_weight_is_left_alone() -> None:
    model = network()
    frozen = model.get_parameter("model.norm.weight")
    frozen.requires_grad = False
    before = frozen.detach().clone()
    train(model, optim.build(model, FUSED, CPU), 1, 3)
    assert torch.equal(frozen, before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_step_on_a_gpu_waits_for_it(architecture: Architecture) -> None:
    gpu = torch.device("cuda", 0)
    model = network(architecture, device=gpu)
    optimizer = optim.build(model, FUSED, gpu)
    train(model, optimizer, 1, 2, autocast=torch.bfloat16)
    from msopt_tui.ml.forward import logits_of
    from tests.ml.tiny import mean_loss

    forward, batch = logits_of(model), rows(3, device=gpu)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(3):
            torch.autograd.backward(mean_loss(forward, batch, torch.bfloat16))
            optimizer.update(1.0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
