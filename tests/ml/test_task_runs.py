"""Every task from its project file to a model that others load: learned, measured, shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from msopt_tui.config.tasks import METRICS_OF
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.commands import Evaluate
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.steps import streamed
from tests.ml import task_projects as projects
from tests.projects import events_of, state_of

torch.set_num_threads(1)

CASES = {
    "causal-lm llama": ("causal-lm", "llama", AutoModelForCausalLM),
    "masked-lm bert": ("masked-lm", "bert", AutoModelForMaskedLM),
    "instruction llama": ("instruction", "llama", AutoModelForCausalLM),
    "summarization t5": ("summarization", "t5", AutoModelForSeq2SeqLM),
    "summarization gpt2": ("summarization", "gpt2", AutoModelForCausalLM),
    "translation t5": ("translation", "t5", AutoModelForSeq2SeqLM),
    "question-answering bert": ("question-answering", "bert", AutoModelForQuestionAnswering),
    "question-answering t5": ("question-answering", "t5", AutoModelForSeq2SeqLM),
    "text-classification bert": ("text-classification", "bert", AutoModelForSequenceClassification),
    "text-classification llama": ("text-classification", "llama", AutoModelForSequenceClassification),
}


WRITING = ("causal-lm", "instruction", "summarization", "translation", "question-answering")


@pytest.mark.parametrize("case", CASES)
def test_a_task_from_its_project_file_to_a_model_that_others_load(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed, "PIECE_SECONDS", 0.0)
    task, architecture, auto = CASES[case]
    asked = Evaluate(prompt="the old [MASK]")
    directory = projects.run(projects.write(tmp_path, task, model=projects.small(architecture)), ask=asked, at=30)
    state = state_of(directory)
    # A typed prompt is answered, or refused with a reason where the task takes none.
    served = state.commands[asked.id]
    if case == "question-answering bert":
        assert served.status == "refused"
        assert "a typed question has no context" in served.answer
    else:
        (answer,) = state.answers
        assert served.status == "applied"
        assert answer.prompt == asked.prompt
        assert served.answer == answer.text
        told = ""
        for piece in events_of(directory):
            if isinstance(piece, ev.AnswerGrew):
                told = told[: piece.kept] + piece.text
        # Those that write are read as they write, the others at once.
        assert told == (answer.text if task in WRITING else "")
        assert answer.text or task in WRITING, "nothing is an answer of those alone"
    assert state.best is not None
    assert state.test is not None
    # What an evaluation promises is there, and learning lowered the loss.
    for name in METRICS_OF[task]:
        assert name in METRICS
        assert name in state.best.metrics
    first, best = state.evaluations[0].metrics["loss"], state.best.metrics["loss"]
    assert first is not None
    assert best is not None
    assert best < 0.9 * first
    # Every step is on the record, with what it was averaged over.
    assert len(state.losses) == state.step == 40
    assert state.tokens > 0
    shown = state.samples[-1].samples if state.samples else []
    if task not in ("causal-lm", "text-classification"):
        assert shown
        assert all(sample.prompt for sample in shown)
    # Others load what came of it.
    loaded, tokenizer = (
        auto.from_pretrained(directory.path / "model"),
        AutoTokenizer.from_pretrained(directory.path / "model"),
    )
    ids = torch.tensor([tokenizer("the old cat").input_ids])
    inputs = {"input_ids": ids} | ({"decoder_input_ids": ids} if loaded.config.is_encoder_decoder else {})
    with torch.no_grad():
        output = loaded(**inputs)
    scores = output.start_logits if task == "question-answering" and "bert" in case else output.logits
    assert torch.isfinite(scores).all()


def test_classes_have_their_names_and_a_confusion_matrix(tmp_path: Path) -> None:
    directory = projects.run(projects.write(tmp_path, "text-classification", model=projects.small("bert"), steps=60))
    loaded = AutoModelForSequenceClassification.from_pretrained(directory.path / "model")
    assert loaded.config.id2label == {0: "animal", 1: "plant"}
    evaluated = [event for event in events_of(directory) if isinstance(event, ev.Evaluated)]
    for event in evaluated:
        assert event.confusion is not None
        assert event.confusion.labels == ["animal", "plant"]
        rows = sum(map(sum, event.confusion.counts))
        right = sum(event.confusion.counts[at][at] for at in range(2))
        assert event.metrics["accuracy"] == pytest.approx(100 * right / rows)
    assert evaluated[-1].metrics["accuracy"] > 90  # type: ignore[operator]  # checked above
    wrong = [sample for event in events_of(directory) if isinstance(event, ev.Sampled) for sample in event.samples]
    assert all(sample.text != sample.reference and sample.correct is False for sample in wrong)


def test_the_best_checkpoint_is_told_by_the_metric_that_was_named(tmp_path: Path) -> None:
    project = projects.write(
        tmp_path, "text-classification", model=projects.small("bert"), evaluate='metric_for_best_model = "accuracy"'
    )
    state = state_of(projects.run(project, "train.eval_steps=5"))
    assert state.best is not None
    highest = max(one.metrics["accuracy"] or 0.0 for one in state.evaluations)
    assert state.best.metrics["accuracy"] == highest
    assert state.ended is not None
    assert state.ended.reason.startswith(f"best validation accuracy {highest:.4g} at step {state.best.step}, loss ")
