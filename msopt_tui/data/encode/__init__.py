"""From records to token ids and what is learned of them: one file a kind of example, found by `encoder_of`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msopt_tui.config.schema import Config
from msopt_tui.data.encode.base import Encoder, Example, Generative
from msopt_tui.data.encode.causal import AnswerEncoder, ChatEncoder
from msopt_tui.data.encode.classification import ClassificationEncoder
from msopt_tui.data.encode.extractive import ExtractiveEncoder
from msopt_tui.data.encode.preference import PreferenceEncoder
from msopt_tui.data.encode.seq2seq import Seq2SeqEncoder
from msopt_tui.data.errors import DataError
from msopt_tui.data.family import Family
from msopt_tui.data.vocabulary import Vocabulary

__all__ = ["ENCODERS", "Encoder", "Example", "Generative", "encoder_of"]

Make = Callable[[Config, Vocabulary, Sequence[str]], Encoder]


def _without_labels(encoder: Callable[[Config, Vocabulary], Encoder]) -> Make:
    return lambda config, vocabulary, labels: encoder(config, vocabulary)


_ANSWER, _SEQ2SEQ = _without_labels(AnswerEncoder), _without_labels(Seq2SeqEncoder)

ENCODERS: dict[str, dict[Family, Make]] = {
    "instruction": {"causal": _without_labels(ChatEncoder), "encoder-decoder": _SEQ2SEQ},
    "summarization": {"causal": _ANSWER, "encoder-decoder": _SEQ2SEQ},
    "translation": {"causal": _ANSWER, "encoder-decoder": _SEQ2SEQ},
    "question-answering": {
        "causal": _ANSWER,
        "encoder": _without_labels(ExtractiveEncoder),
        "encoder-decoder": _SEQ2SEQ,
    },
    "text-classification": {"causal": ClassificationEncoder, "encoder": ClassificationEncoder},
    "preference": {"causal": _without_labels(PreferenceEncoder)},
}
"""By `task.name` and the network's family: what makes the examples. Other tasks learn from running text."""


def encoder_of(config: Config, vocabulary: Vocabulary, labels: Sequence[str] = ()) -> Encoder:
    """The encoder of the project's task for a network of the vocabulary's family.

    `labels` are the classes of `text-classification`, in the order of their numbers. Raises DataError where the task
    and the family do not go together, or where a template can't be used.
    """
    task = config.task.name
    if task not in ENCODERS:
        raise DataError(f'task.name = "{task}" learns from running text, not from rows')
    makers = ENCODERS[task]
    if vocabulary.family not in makers:
        raise DataError(
            f'task.name = "{task}" can\'t be learned by a network of the family "{vocabulary.family}": '
            f"it needs one of {' or '.join(makers)}; choose another model"
        )
    if config.task.prompt and not (vocabulary.family == "causal" and makers["causal"] is _ANSWER):
        raise DataError(f'task.prompt says nothing with task.name = "{task}" and this model: leave it out')
    return makers[vocabulary.family](config, vocabulary, labels)
