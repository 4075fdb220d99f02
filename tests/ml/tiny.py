"""Models and data small enough for a test: a network of about 40,000 weights, a tokenizer of 300 tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.schema import ModelTable, TrainTable
from msopt_tui.data import tokenizer as bpe
from msopt_tui.ml import model as models
from msopt_tui.ml import optim
from msopt_tui.ml.forward import Logits, logits_of
from msopt_tui.ml.optim import AdamW
from msopt_tui.ml.schedule import learning_rate
from msopt_tui.ml.tasks import causal_lm

torch.set_num_threads(1)

CPU = torch.device("cpu")
Architecture = Literal["llama", "gpt2"]
ARCHITECTURES: tuple[Architecture, ...] = ("llama", "gpt2")
VOCABULARY = 300
LENGTH = 16
EOS, PAD = 0, 1
SETTINGS = TrainTable(max_grad_norm=0.5)
TEXT = "the quick brown fox jumps over the lazy dog; pack my box with five dozen liquor jugs. "


def table(architecture: Architecture = "llama", **changes: object) -> ModelTable:
    base = ModelTable(architecture=architecture, hidden_size=32, num_hidden_layers=2, num_attention_heads=4)
    return msgspec.convert({**msgspec.structs.asdict(base), **changes}, ModelTable)


def network(
    architecture: Architecture = "llama", *, seed: int = 7, device: torch.device = CPU, **changes: object
) -> PreTrainedModel:
    return models.build(
        table(architecture, **changes),
        vocab_size=VOCABULARY,
        max_length=LENGTH,
        eos_token_id=EOS,
        pad_token_id=PAD,
        seed=seed,
        device=device,
    )


def token_ids(count: int, seed: int = 0) -> npt.NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(2, VOCABULARY, count).astype(np.uint16)


def rows(step: int, count: int = 4, device: torch.device = CPU) -> torch.Tensor:
    ids = np.random.default_rng(1000 + step).integers(2, VOCABULARY, (count, LENGTH + 1))
    return torch.from_numpy(ids).to(device)


def mean_loss(forward: Logits, ids: torch.Tensor, autocast: torch.dtype | None = None) -> torch.Tensor:
    return causal_lm.summed_loss(forward, ids, autocast=autocast) / ids[:, 1:].numel()


def train(
    model: PreTrainedModel,
    optimizer: AdamW,
    first: int,
    last: int,
    *,
    settings: TrainTable = SETTINGS,
    autocast: torch.dtype | None = None,
) -> list[tuple[float, float]]:
    """Steps `first` to `last` of a round of 20; loss and gradient norm of each."""
    forward = logits_of(model)
    figures = []
    betas = (settings.adam_beta1, settings.adam_beta2)
    for step in range(first, last + 1):
        rate = learning_rate(step, 20, 1e-2, "cosine", warmup_steps=4)
        optim.apply(optimizer, rate, settings.weight_decay, betas)
        loss = mean_loss(forward, rows(step, device=model.device), autocast)
        torch.autograd.backward(loss)
        norm = optimizer.update(settings.max_grad_norm)
        figures.append((loss.item(), norm.item()))
    return figures


def tokenizer() -> Tokenizer:
    return bpe.train([TEXT * 20], VOCABULARY, 2)


def tokenizer_dir(parent: Path) -> Path:
    bpe.save(tokenizer(), parent / "tokenizer", LENGTH)
    return parent / "tokenizer"
