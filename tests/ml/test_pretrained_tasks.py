"""Every task from a pretrained directory of its family to a model that others load: same answers, new heads told."""

from __future__ import annotations

from collections.abc import Mapping
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
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.load import load_project
from msopt_tui.data.errors import DataError
from msopt_tui.data.prepare import PreparedData, prepare
from msopt_tui.ml import checkpoint, lora, network, optim
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from tests.ml import task_projects as projects
from tests.ml.pretrained_dirs import of_family
from tests.ml.tiny import CPU
from tests.projects import events_of, state_of

torch.set_num_threads(1)

START = '[model]\npretrained = "base"\n'
LORA = "[model.lora]\nr = 4\nalpha = 16\n"
AUTO = {
    "causal-lm": AutoModelForCausalLM,
    "masked-lm": AutoModelForMaskedLM,
    "text-classification": AutoModelForSequenceClassification,
    "question-answering": AutoModelForQuestionAnswering,
    "instruction": AutoModelForCausalLM,
    "preference": AutoModelForCausalLM,
    "summarization": AutoModelForSeq2SeqLM,
    "translation": AutoModelForSeq2SeqLM,
}
PLAIN = [
    ("masked-lm", "bert"),
    ("masked-lm", "bert-body"),
    ("masked-lm", "roberta"),
    ("text-classification", "bert"),
    ("text-classification", "bert-body"),
    ("text-classification", "roberta"),
    ("text-classification", "distilbert"),
    ("text-classification", "gpt2"),
    ("question-answering", "bert"),
    ("question-answering", "roberta"),
    ("question-answering", "distilbert"),
    ("question-answering", "t5"),
    ("translation", "t5"),
    ("instruction", "chat"),
    ("instruction", "t5"),
    ("causal-lm", "gpt2"),
]
ADAPTED = [
    ("masked-lm", "bert-body"),
    ("text-classification", "bert"),
    ("text-classification", "roberta"),
    ("text-classification", "gpt2"),
    ("question-answering", "bert-body"),
    ("translation", "t5"),
    ("summarization", "gpt2"),
    ("instruction", "chat"),
    ("preference", "chat"),
]
NEW = {
    ("masked-lm", "bert-body"): "cls.predictions.bias",
    ("text-classification", "bert"): "bert.pooler.dense.bias, bert.pooler.dense.weight, classifier.bias",
    ("text-classification", "bert-body"): "classifier.bias, classifier.weight",
    ("text-classification", "roberta"): "classifier.dense.bias",
    ("text-classification", "distilbert"): "classifier.bias, classifier.weight, pre_classifier.bias",
    ("text-classification", "gpt2"): "score.weight",
    ("question-answering", "bert"): "qa_outputs.bias",
    ("question-answering", "bert-body"): "qa_outputs.bias",
    ("question-answering", "roberta"): "qa_outputs.bias",
    ("question-answering", "distilbert"): "qa_outputs.bias",
}
"""What starts from random numbers; nothing in the other cases."""


def auto_class(task: str, kind: str) -> type[AutoModelForCausalLM]:
    """What a stranger loads it with."""
    if kind == "t5":
        return AutoModelForSeq2SeqLM  # type: ignore[return-value]  # they have no common base
    return AutoModelForCausalLM if kind in ("gpt2", "chat") and AUTO[task] is AutoModelForSeq2SeqLM else AUTO[task]  # type: ignore[return-value]


def best_of(directory: RunDirectory, project: Path) -> tuple[PreTrainedModel, PreparedData]:
    """The network as the run had it when it was best."""
    config = load_project(directory.config)
    prepared = prepare(config, project.parent, project.parent / "cache", lambda *_: None, lambda: None)
    model = network.build(config, prepared, project.parent, CPU)
    best = state_of(directory).best
    assert best is not None
    checkpoint.load(directory.checkpoint(best.step), model, optim.build(model, config.train, CPU), CPU)
    return model.eval(), prepared


def scores(model: torch.nn.Module, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    with torch.no_grad():
        output = model(**inputs)
    return torch.cat((output.start_logits, output.end_logits)) if "start_logits" in output else output.logits


def inputs_of(directory: Path, model: PreTrainedModel) -> dict[str, torch.Tensor]:
    tokenizer = AutoTokenizer.from_pretrained(directory)
    ids = torch.tensor([tokenizer("the small old cat went home").input_ids])
    return {"input_ids": ids} | ({"decoder_input_ids": ids} if model.config.is_encoder_decoder else {})


def notes_of(directory: RunDirectory) -> list[str]:
    return [event.text for event in events_of(directory) if isinstance(event, ev.Noted)]


@pytest.mark.parametrize(("task", "kind"), PLAIN)
def test_from_a_pretrained_directory_to_a_model_that_others_load(task: str, kind: str, tmp_path: Path) -> None:
    of_family(kind, tmp_path)
    project = projects.write(tmp_path, task, model=START, steps=20)
    directory = projects.run(project)
    state = state_of(directory)
    assert len(state.losses) == 20
    assert state.best is not None
    heads = [text for text in notes_of(directory) if text.startswith("new head: ")]
    expected = NEW.get((task, kind))
    assert len(heads) == (expected is not None)
    assert not expected or heads[0].startswith(f"new head: {expected}")
    model, _ = best_of(directory, project)
    # Its annotations do not know that asking for the report makes a pair of the answer.
    answer: object = auto_class(task, kind).from_pretrained(directory.path / "model", output_loading_info=True)
    assert isinstance(answer, tuple)
    stranger, facts = answer
    assert not facts["missing_keys"]
    assert not facts["unexpected_keys"]
    inputs = inputs_of(directory.path / "model", model)
    own = model.state_dict()
    assert all(torch.equal(tensor, own[name]) for name, tensor in stranger.state_dict().items())
    # Not to the last bit: the same weights may lie in memory otherwise.
    assert torch.allclose(scores(stranger.eval(), inputs), scores(model, inputs), atol=1e-6)


@pytest.mark.parametrize(("task", "kind"), ADAPTED)
def test_adapters_and_the_merged_model_answer_alike(task: str, kind: str, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    base = of_family(kind, tmp_path)
    project = projects.write(tmp_path, task, model=START + LORA, steps=20)
    directory = projects.run(project)
    model, prepared = best_of(directory, project)
    inputs = inputs_of(directory.path / "model", model)
    expected = scores(model, inputs)
    names: dict[str, object] = {} if task != "text-classification" else {"num_labels": len(prepared.labels)}
    fresh = auto_class(task, kind).from_pretrained(base, **names)
    wrapped = peft.PeftModel.from_pretrained(fresh, directory.path / "adapter").eval()
    assert torch.allclose(scores(wrapped, inputs), expected, atol=1e-6)
    stranger = auto_class(task, kind).from_pretrained(directory.path / "model").eval()
    assert torch.allclose(scores(stranger, inputs), expected, atol=1e-5)
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    heads = {name for name in learning if "lora_" not in name}
    assert bool(heads) is ((task, kind) in NEW)
    assert learning > heads
    assert "bert.embeddings.word_embeddings.weight" not in heads
    with lora.without_adapters(model):
        assert not torch.equal(scores(model, inputs), expected)


WRONG = [
    ("translation", "bert", "of the family encoder; translation takes encoder-decoder or causal"),
    ("summarization", "bert", "of the family encoder"),
    ("instruction", "bert", "of the family encoder"),
    ("preference", "t5", "of the family encoder-decoder; preference takes causal"),
    ("masked-lm", "gpt2", "of the family causal; masked-lm takes encoder"),
    ("masked-lm", "t5", "of the family encoder-decoder"),
    ("causal-lm", "bert", "of the family encoder; causal-lm takes causal"),
    ("causal-lm", "t5", "of the family encoder-decoder"),
    ("text-classification", "t5", "of the family encoder-decoder"),
]


@pytest.mark.parametrize(("task", "kind", "said"), WRONG)
def test_a_model_that_can_not_learn_the_task_is_one_clear_line_before_any_row_is_read(
    task: str, kind: str, said: str, tmp_path: Path
) -> None:
    of_family(kind, tmp_path)
    project = projects.write(tmp_path, task, model=START + (LORA if task == "preference" else ""))
    (tmp_path / "rows.jsonl").unlink(missing_ok=True)
    config = load_project(project)
    with pytest.raises(DataError) as caught:
        prepare(config, tmp_path, tmp_path / "cache", lambda *_: None, lambda: None)
    assert str(caught.value).startswith("model.pretrained: base is a network ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_where_training_only_harms_the_pretrained_weights_are_what_is_exported(tmp_path: Path) -> None:
    base = of_family("gpt2", tmp_path)
    project = projects.write(tmp_path, "causal-lm", model=START, steps=20)
    learnt = projects.run(project)
    again = projects.write(tmp_path, "causal-lm", model=START.replace("base", "learnt"), steps=6)
    (learnt.path / "model").rename(tmp_path / "learnt")
    directory = projects.run(again, "train.learning_rate=10.0", "train.spike_sigmas=0")
    state = state_of(directory)
    assert state.best is not None
    assert state.best.step == 0
    kept, before = (AutoModelForCausalLM.from_pretrained(path) for path in (directory.path / "model", base))
    best = AutoModelForCausalLM.from_pretrained(tmp_path / "learnt").state_dict()
    assert all(torch.equal(tensor, best[name]) for name, tensor in kept.state_dict().items())
    assert any(not torch.equal(tensor, best[name]) for name, tensor in before.state_dict().items())


def test_a_text_of_the_projects_is_read_in_the_frame_of_the_rows(tmp_path: Path) -> None:
    """A causal network's head reads the last token: without the end that rows have it would read another."""
    of_family("chat", tmp_path)
    row = next(iter(projects.rows("text-classification")))
    project = projects.write(
        tmp_path, "text-classification", model=START, steps=6, evaluate=f'prompts = ["{row["text"]}"]'
    )
    directory = projects.run(project)
    model, prepared = best_of(directory, project)
    tokenizer = AutoTokenizer.from_pretrained(directory.path / "model")
    ids = [*tokenizer(str(row["text"]), add_special_tokens=False).input_ids, prepared.meta.end_of_text]
    chance = torch.softmax(scores(model, {"input_ids": torch.tensor([ids])}), -1).max()
    shown = [sample for event in events_of(directory) if isinstance(event, ev.Sampled) for sample in event.samples]
    notes = {sample.note for sample in shown if sample.prompt == row["text"] and not sample.reference}
    assert f"confidence {float(chance):.2f}" in notes
