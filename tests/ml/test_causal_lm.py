"""The loss and the evaluation against an independent, slow, plain implementation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml.forward import logits_of
from msopt_tui.ml.tasks import causal_lm
from msopt_tui.ml.tasks.base import EvaluationResult
from tests.ml.tiny import (
    ARCHITECTURES,
    CPU,
    LENGTH,
    TEXT,
    Architecture,
    mean_loss,
    network,
    rows,
    token_ids,
    tokenizer,
)

TEXT_BYTES = 1234


def evaluate(
    model: PreTrainedModel,
    ids: causal_lm.Ids,
    *,
    batch_size: int = 3,
    text_bytes: int = TEXT_BYTES,
    autocast: torch.dtype | None = None,
    check: Callable[[int, int], None] = lambda done, total: None,
) -> EvaluationResult:
    return causal_lm.evaluate(
        model,
        ids=ids,
        max_length=LENGTH,
        batch_size=batch_size,
        text_bytes=text_bytes,
        autocast=autocast,
        device=CPU,
        check=check,
    )


def slowly(model: PreTrainedModel, ids: causal_lm.Ids) -> tuple[list[list[float]], int]:
    """Losses row by row, token by token, in float64, and how many most likely tokens were right."""
    values = [int(token) for token in ids]
    losses, correct = [], 0
    with torch.no_grad():
        for start in range(0, len(values) - 1, LENGTH):
            inputs = values[start : start + LENGTH]
            targets = values[start + 1 : start + LENGTH + 1]
            scores = model(input_ids=torch.tensor([inputs])).logits[0].double()
            row = []
            for position, target in enumerate(targets):
                probabilities = torch.softmax(scores[position], dim=0)
                row.append(-math.log(float(probabilities[target])))
                correct += int(int(scores[position].argmax()) == target)
            losses.append(row)
    return losses, correct


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("count", [2, LENGTH, LENGTH + 1, LENGTH + 2, 5 * LENGTH + 7, 6 * LENGTH + 1])
def test_an_evaluation_is_what_the_slow_way_gives(architecture: Architecture, count: int) -> None:
    model, ids = network(architecture, initializer_range=0.3), token_ids(count)
    rows_slow, correct = slowly(model, ids)
    summed = math.fsum(loss for row in rows_slow for loss in row)
    result = evaluate(model, ids)
    assert result.tokens == count - 1 == sum(map(len, rows_slow))
    assert result.metrics["loss"] == pytest.approx(summed / (count - 1), rel=1e-5)
    assert result.metrics["perplexity"] == pytest.approx(math.exp(summed / (count - 1)), rel=1e-4)
    assert result.metrics["accuracy"] == pytest.approx(100 * correct / (count - 1))
    assert result.metrics["bits_per_byte"] == pytest.approx(summed / math.log(2) / TEXT_BYTES, rel=1e-5)
    assert result.per_row_losses == pytest.approx([math.fsum(row) / len(row) for row in rows_slow], rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_the_batch_size_changes_nothing(batch_size: int) -> None:
    model, ids = network(), token_ids(5 * LENGTH + 7)
    one, other = evaluate(model, ids, batch_size=4), evaluate(model, ids, batch_size=batch_size)
    assert other.metrics == pytest.approx(one.metrics, rel=1e-6)
    assert other.per_row_losses == pytest.approx(one.per_row_losses, rel=1e-6)


@pytest.mark.parametrize("count", [0, 1])
def test_a_split_without_a_token_to_predict_has_no_figures(count: int) -> None:
    result = evaluate(network(), token_ids(count))
    assert result.metrics == dict.fromkeys(("loss", "perplexity", "bits_per_byte", "accuracy"))
    assert (result.tokens, result.per_row_losses) == (0, [])


def test_every_type_of_ids_will_do() -> None:
    model, ids = network(), token_ids(40)
    expected = evaluate(model, ids).metrics
    assert evaluate(model, ids.astype(np.uint32)).metrics == expected
    assert evaluate(model, ids.astype(np.int64)).metrics == expected


def test_a_real_text_is_counted_in_its_bytes() -> None:
    trained = tokenizer()
    text = TEXT + "Grüße, 世界 🙂"
    ids = np.array([0, *trained.encode(text).ids, 0], dtype=np.uint16)
    result = evaluate(network(), ids, text_bytes=len(text.encode()))
    loss, bits = result.metrics["loss"], result.metrics["bits_per_byte"]
    assert loss is not None
    assert bits == pytest.approx(loss * result.tokens / math.log(2) / len(text.encode()))


def test_an_overflowing_perplexity_is_no_figure_but_the_loss_is() -> None:
    model = network(tie_word_embeddings=False)
    with torch.no_grad():
        model.get_parameter("lm_head.weight").mul_(1e7)
    metrics = evaluate(model, token_ids(40)).metrics
    assert metrics["perplexity"] is None
    assert metrics["loss"] is not None
    assert metrics["loss"] > 800


def test_a_broken_network_has_no_loss() -> None:
    model = network()
    with torch.no_grad():
        model.get_parameter("model.norm.weight").fill_(float("nan"))
    result = evaluate(model, token_ids(40))
    assert [result.metrics[name] for name in ("loss", "perplexity", "bits_per_byte")] == [None] * 3
    assert all(math.isnan(loss) for loss in result.per_row_losses)


@pytest.mark.parametrize("training", [True, False])
def test_it_leaves_mode_and_generator_as_they_were(training: bool) -> None:
    model = network(dropout=0.5)
    model.train(training)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = evaluate(model, token_ids(50))
    assert torch.equal(torch.rand(2), expected)
    assert model.training is training
    assert evaluate(model, token_ids(50)).metrics == first.metrics


class Enough(Exception):
    """Raised by a check."""


def test_a_check_between_batches_can_end_it() -> None:
    seen: list[tuple[int, int]] = []

    def check(done: int, total: int) -> None:
        seen.append((done, total))
        if done >= 4:
            raise Enough

    model = network()
    with pytest.raises(Enough):
        evaluate(model, token_ids(10 * LENGTH + 1), batch_size=2, check=check)
    assert seen == [(0, 10), (2, 10), (4, 10)]
    assert model.training


def test_the_check_hears_the_end() -> None:
    seen: list[tuple[int, int]] = []
    evaluate(network(), token_ids(3 * LENGTH), batch_size=2, check=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (2, 3), (3, 3)]


def test_the_training_loss_is_the_mean_over_all_targets() -> None:
    model, batch = network(), rows(1)
    losses, _ = slowly(model, batch[0].numpy())
    expected = [slowly(model, row.numpy())[0][0] for row in batch]
    assert len(losses) == 1
    mean = math.fsum(loss for row in expected for loss in row) / (len(batch) * LENGTH)
    assert mean_loss(logits_of(model), batch).item() == pytest.approx(mean, rel=1e-6)


def test_label_smoothing_spreads_its_share_over_the_vocabulary() -> None:
    model, batch = network(initializer_range=0.3), rows(1)
    with torch.no_grad():
        scores = torch.log_softmax(logits_of(model)(batch[:, :-1]).double(), -1)
    hit = scores.gather(-1, batch[:, 1:, None]).mean()
    expected = -(0.9 * hit + 0.1 * scores.mean())
    smoothed = causal_lm.summed_loss(logits_of(model), batch, 0.1).double() / batch[:, 1:].numel()
    torch.testing.assert_close(smoothed, expected, rtol=1e-5, atol=0)


def test_the_loss_stays_float32_under_bfloat16_products() -> None:
    model, batch = network(initializer_range=0.3), rows(1)
    exact = mean_loss(logits_of(model), batch)
    coarse = mean_loss(logits_of(model), batch, torch.bfloat16)
    assert coarse.dtype == torch.float32
    assert coarse.item() != exact.item()
    assert coarse.item() == pytest.approx(exact.item(), rel=0.02)
    ids = token_ids(50)
    rough, fine = evaluate(model, ids, autocast=torch.bfloat16), evaluate(model, ids)
    assert rough.metrics["loss"] == pytest.approx(fine.metrics["loss"], rel=0.02)
    assert rough.metrics["loss"] != fine.metrics["loss"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_measures_the_same() -> None:
    gpu = torch.device("cuda", 0)
    ids = token_ids(5 * LENGTH + 7)
    arguments = {"ids": ids, "max_length": LENGTH, "batch_size": 3, "text_bytes": TEXT_BYTES, "autocast": None}
    there = causal_lm.evaluate(network(device=gpu), **arguments, device=gpu, check=lambda *_: None)  # type: ignore[arg-type]  # one dict for several types
    assert there.metrics == pytest.approx(evaluate(network(), ids).metrics, rel=1e-4)
