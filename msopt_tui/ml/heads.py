"""What a network ends in: which of transformers' classes a task takes, and which of its weights may be new.

A body that was pretrained on something else gets a new head for a task of its own: those weights start from random
numbers. Any other weight that a directory lacks is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from transformers.models.auto import modeling_auto as auto

from msopt_tui.data.family import Family

Model = type[
    auto.AutoModelForCausalLM
    | auto.AutoModelForMaskedLM
    | auto.AutoModelForSeq2SeqLM
    | auto.AutoModelForSequenceClassification
    | auto.AutoModelForQuestionAnswering
]
AdapterTask = Literal["CAUSAL_LM", "SEQ_2_SEQ_LM", "SEQ_CLS", "QUESTION_ANS", ""]


@dataclass(frozen=True, slots=True)
class Head:
    """One kind of end."""

    name: str
    """For a person: `causal language model`."""
    model: Model
    """The auto class that finds the network's own class."""
    classes: Mapping[str, str]
    """`model_type` to the name of the class with this head."""
    adapter_task: AdapterTask
    """What PEFT calls it; empty where it has no name for it."""
    new: frozenset[str] = frozenset()
    """Pieces of the names of weights that may start from random numbers."""
    exact: bool = False
    """Whether only a network that was saved with this head will do."""


_TAUGHT = frozenset({"classifier", "score", "pre_classifier", "pooler", "qa_outputs", "dense", "out_proj", "head"})
_WORDS = frozenset({"cls", "lm_head", "predictions", "generator_lm_head", "generator_predictions", "head", "decoder"})

CAUSAL = Head(
    "causal language model",
    auto.AutoModelForCausalLM,
    auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    "CAUSAL_LM",
    exact=True,
)
MASKED = Head(
    "masked language model",
    auto.AutoModelForMaskedLM,
    auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    "",
    new=_WORDS | {"vocab_transform", "vocab_layer_norm", "vocab_projector"},
)
SEQ2SEQ = Head(
    "encoder-decoder",
    auto.AutoModelForSeq2SeqLM,
    auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "SEQ_2_SEQ_LM",
    exact=True,
)
CLASSES = Head(
    "network for text classification",
    auto.AutoModelForSequenceClassification,
    auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    "SEQ_CLS",
    new=_TAUGHT,
)
SPANS = Head(
    "network for extractive question answering",
    auto.AutoModelForQuestionAnswering,
    auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
    "QUESTION_ANS",
    new=_TAUGHT,
)


def head_of(task: str, family: Family) -> Head:
    """The head of a task on a network of a family."""
    if task == "masked-lm":
        return MASKED
    if task == "text-classification":
        return CLASSES
    if task == "question-answering" and family == "encoder":
        return SPANS
    return SEQ2SEQ if family == "encoder-decoder" else CAUSAL


def module_of(name: str, head: Head) -> str:
    """The part of a head that a weight lies in, such as `classifier` or `bert.pooler`; empty for weights of the body.

    A pretrained body may lack such a weight; it starts from random numbers then.
    """
    pieces = name.split(".")
    # Bodies have layers called `dense` and `decoder` too, far from the end.
    if "layer" in pieces or "layers" in pieces:
        return ""
    place = next((at for at, piece in enumerate(pieces[:3]) if piece in head.new), None)
    return "" if place is None else ".".join(pieces[: place + 1])
