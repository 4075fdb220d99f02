"""What a network can be trained for: one file a task, found by `task_of`."""

from __future__ import annotations

from collections.abc import Callable

from msopt_tui.config.schema import Config
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.base import Generative
from msopt_tui.data.records.record import RECORDS
from msopt_tui.ml.tasks.answering import Answering, Judge
from msopt_tui.ml.tasks.base import Subject, Task
from msopt_tui.ml.tasks.causal_form import CausalForm
from msopt_tui.ml.tasks.causal_lm import CausalLanguageModelling
from msopt_tui.ml.tasks.extraction import ExtractiveAnswering
from msopt_tui.ml.tasks.instruction import Unscored
from msopt_tui.ml.tasks.masked_lm import MaskedLanguageModelling
from msopt_tui.ml.tasks.preference import PreferenceTuning
from msopt_tui.ml.tasks.question_answering import Squad
from msopt_tui.ml.tasks.seq2seq_form import Seq2SeqForm
from msopt_tui.ml.tasks.summarization import Rouge
from msopt_tui.ml.tasks.text_classification import TextClassification
from msopt_tui.ml.tasks.translation import Bleu

JUDGES: dict[str, Callable[[Config], Judge]] = {
    "instruction": lambda config: Unscored(),
    "summarization": lambda config: Rouge(),
    "translation": lambda config: Bleu(config.task.bleu_tokenize),
    "question-answering": lambda config: Squad(),
}
"""How the answers of tasks that write are scored."""


def task_of(config: Config, subject: Subject) -> Task:
    """The task that a project file names, on a network that stands on its device. Raises DataError."""
    match config.task.name, subject.prepared.meta.family:
        case "causal-lm", _:
            return CausalLanguageModelling(subject, compiled=config.train.torch_compile)
        case "masked-lm", _:
            return MaskedLanguageModelling(subject, config)
        case "text-classification", _:
            return TextClassification(subject)
        case "question-answering", "encoder":
            return ExtractiveAnswering(subject, config.task.max_answer_length)
        case "preference", _:
            return PreferenceTuning(subject, config.task.beta)
        case name, family:
            meta = subject.prepared.meta
            encoder = encoder_of(config, subject.vocabulary, meta.labels)
            assert isinstance(encoder, Generative), "every other task writes its answers"
            form = Seq2SeqForm(subject, encoder) if family == "encoder-decoder" else CausalForm(subject, encoder)
            return Answering(subject, encoder, form, JUDGES[name](config), RECORDS[name])
