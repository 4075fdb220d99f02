from __future__ import annotations

import pytest

from msopt_tui.data.encode import ENCODERS, encoder_of
from msopt_tui.data.encode.base import Generative
from msopt_tui.data.encode.causal import AnswerEncoder, ChatEncoder
from msopt_tui.data.encode.classification import ClassificationEncoder
from msopt_tui.data.encode.extractive import ExtractiveEncoder
from msopt_tui.data.encode.preference import PreferenceEncoder
from msopt_tui.data.encode.seq2seq import Seq2SeqEncoder
from msopt_tui.data.errors import DataError
from msopt_tui.data.family import Family
from msopt_tui.data.records.record import RECORDS
from msopt_tui.data.vocabulary import Vocabulary
from tests import vocabularies
from tests.vocabularies import project

VOCABULARIES: dict[Family, Vocabulary] = {
    "causal": vocabularies.causal(),
    "encoder": vocabularies.encoder(),
    "encoder-decoder": vocabularies.encoder_decoder(),
}
KINDS = {
    ("instruction", "causal"): ChatEncoder,
    ("instruction", "encoder-decoder"): Seq2SeqEncoder,
    ("summarization", "causal"): AnswerEncoder,
    ("summarization", "encoder-decoder"): Seq2SeqEncoder,
    ("translation", "causal"): AnswerEncoder,
    ("translation", "encoder-decoder"): Seq2SeqEncoder,
    ("question-answering", "causal"): AnswerEncoder,
    ("question-answering", "encoder"): ExtractiveEncoder,
    ("question-answering", "encoder-decoder"): Seq2SeqEncoder,
    ("text-classification", "causal"): ClassificationEncoder,
    ("text-classification", "encoder"): ClassificationEncoder,
    ("preference", "causal"): PreferenceEncoder,
}


def generative(encoder: ChatEncoder | AnswerEncoder | Seq2SeqEncoder) -> Generative:
    """Type checkers see here that they are."""
    return encoder


@pytest.mark.parametrize("family", VOCABULARIES)
@pytest.mark.parametrize("task", RECORDS)
def test_every_pair_of_task_and_family_has_its_encoder_or_is_refused(task: str, family: Family) -> None:
    kind = KINDS.get((task, family))
    if kind is None:
        with pytest.raises(DataError, match=f"{task}.*can't be learned by.*{family}.*choose another model"):
            encoder_of(project(task), VOCABULARIES[family], ["a"])
        return
    encoder = encoder_of(project(task), VOCABULARIES[family], ["a"])
    assert encoder.packs == (family == "causal" and kind in (ChatEncoder, AnswerEncoder))
    assert isinstance(encoder, kind)


def test_tasks_of_running_text_have_no_encoder() -> None:
    assert ENCODERS.keys() == RECORDS.keys()
    with pytest.raises(DataError, match="learns from running text"):
        encoder_of(project("causal-lm"), VOCABULARIES["causal"])


@pytest.mark.parametrize(("task", "family"), [("instruction", "causal"), ("summarization", "encoder-decoder")])
def test_a_prompt_that_nothing_would_read_is_refused(task: str, family: Family) -> None:
    with pytest.raises(DataError, match=r"task\.prompt says nothing"):
        encoder_of(project(task, prompt="{source}"), VOCABULARIES[family])


def test_a_large_vocabulary_takes_four_bytes_a_token() -> None:
    from dataclasses import replace

    large = replace(VOCABULARIES["causal"], size=(1 << 16) + 1)
    assert encoder_of(project("summarization"), large).columns["input_ids"] == "<u4"
