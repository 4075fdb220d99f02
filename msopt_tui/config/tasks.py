"""What goes with each task: its metrics (see `protocol/metrics.py`), and the networks that can do it."""

from __future__ import annotations

from typing import Literal

_WRITTEN = ("loss", "perplexity", "accuracy")

METRICS_OF: dict[str, tuple[str, ...]] = {
    "causal-lm": ("loss", "perplexity", "bits_per_byte", "accuracy"),
    "masked-lm": _WRITTEN,
    "instruction": _WRITTEN,
    "summarization": (*_WRITTEN, "rouge1", "rouge2", "rougeL"),
    "translation": (*_WRITTEN, "bleu", "chrf"),
    "question-answering": ("loss", "exact_match", "f1"),
    "text-classification": (
        "loss",
        "accuracy",
        "precision_macro",
        "recall_macro",
        "f1_macro",
        "f1_micro",
        "f1_weighted",
    ),
    "preference": ("loss", "reward_accuracy", "reward_margin"),
}
"""By `task.name`; every evaluation of the task has these, whatever the network."""

Architecture = Literal["llama", "gpt2", "bert", "t5"]
_CAUSAL: tuple[Architecture, ...] = ("llama", "gpt2")

ARCHITECTURES: dict[str, tuple[Architecture, ...]] = {
    "causal-lm": _CAUSAL,
    "masked-lm": ("bert",),
    "instruction": (*_CAUSAL, "t5"),
    "summarization": ("t5", *_CAUSAL),
    "translation": ("t5", *_CAUSAL),
    "question-answering": ("bert", "t5", *_CAUSAL),
    "text-classification": ("bert", *_CAUSAL),
    "preference": _CAUSAL,
}
"""Networks with random weights that a task can be learned by, the usual one first."""

USUAL_ARCHITECTURE: dict[str, Architecture] = {task: known[0] for task, known in ARCHITECTURES.items()}
"""What `model.architecture = "auto"` means without a preset."""
