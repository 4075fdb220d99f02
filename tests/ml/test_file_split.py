"""A chosen file is measured as the validation split is, for every kind of task; what does not fit is refused by row."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch

from msopt_tui.protocol.commands import Evaluate
from msopt_tui.protocol.events import Evaluated
from tests.ml import task_projects as projects
from tests.projects import events_of, state_of

torch.set_num_threads(1)

OWN_VALIDATION = """
[[data.sources]]
kind = "{kind}"
path = "held.{end}"
use = "validation"
"""
CASES = {
    "translation": "t5",
    "instruction": "llama",
    "question-answering": "bert",
    "text-classification": "bert",
    "masked-lm": "bert",
}


def write(folder: Path, task: str) -> tuple[Path, Path]:
    """A project with a validation source of its own, and that file."""
    project = projects.write(folder, task, model=projects.small(CASES[task]), steps=6)
    of_text = task == "masked-lm"
    held = folder / ("held.txt" if of_text else "held.jsonl")
    source = OWN_VALIDATION.format(kind="text" if of_text else "jsonl", end=held.suffix[1:])
    if of_text:
        held.write_text("the old red cat saw a big new dog. " * 40, encoding="utf-8")
    else:
        lines = [json.dumps(row) for row in projects.rows(task, 6, seed=9)]
        held.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if task == "translation":
        source += 'columns = { source = "translation.en", target = "translation.de" }\n'
    text = project.read_text(encoding="utf-8").replace("\n[model]", source + "[model]", 1)
    text = text.replace("max_length = 48", 'max_length = 48\ndeduplicate = "off"')
    project.write_text(text.replace("max_predictions = 6", "max_predictions = 0"), encoding="utf-8")
    return project, held


@pytest.mark.parametrize("task", CASES)
def test_a_file_has_the_figures_that_it_has_as_the_validation_split(task: str, tmp_path: Path) -> None:
    project, held = write(tmp_path, task)
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(held.read_text(encoding="utf-8") + '{"colour": "blue"}\n', encoding="utf-8")
    directory = projects.run(project, ask=[Evaluate(file=str(held)), Evaluate(file=str(wrong))])
    state = state_of(directory)
    first = next(event for event in events_of(directory) if isinstance(event, Evaluated))
    measured, *others = state.answers
    assert (first.step, measured.step) == (0, 0)
    assert measured.file == str(held)
    assert measured.metrics == pytest.approx(first.metrics, rel=1e-6, nan_ok=True)
    if task != "masked-lm":  # to which every text is one
        assert others == []
        refused = [one.answer for one in state.commands.values() if one.status == "refused"]
        assert len(refused) == 1
        assert "wrong.jsonl" in refused[0]
        assert "#7: " in refused[0]
        assert "max_broken_rows" not in refused[0], "a file that is measured has no such key"


def test_what_is_no_file_of_rows_is_refused_with_what_would_be(tmp_path: Path) -> None:
    project, held = write(tmp_path, "text-classification")
    rows = [json.loads(line) for line in held.read_text(encoding="utf-8").splitlines()]
    files = {name: tmp_path / name for name in ("notes.txt", "other.jsonl", "class.csv", "empty.jsonl", "good[1].csv")}
    files["notes.txt"].write_text("only text\n", encoding="utf-8")
    files["other.jsonl"].write_text('{"colour": "blue"}\n', encoding="utf-8")
    files["empty.jsonl"].write_text("\n", encoding="utf-8")
    for name, labels in (("class.csv", ["animal", "stone"]), ("good[1].csv", ["animal", "plant"])):
        with files[name].open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["text", "label"])
            writer.writeheader()
            writer.writerows({**row, "label": labels[at % 2]} for at, row in enumerate(rows))
    asked = [Evaluate(file=str(path)) for path in [*files.values(), tmp_path / "gone.jsonl"]]
    state = state_of(projects.run(project, ask=asked))
    text, other, label, empty, good, gone = (state.commands[one.id] for one in asked)
    assert "is measured on rows: a file that ends with .jsonl" in text.answer
    assert "is not recognised as rows for text-classification" in other.answer
    assert "the class 'stone' is none of this model's: animal, plant" in label.answer
    assert "class.csv#2" in label.answer
    assert "has no rows" in empty.answer
    assert "No such file" in gone.answer
    assert good.status == "applied"
    assert "F1" in good.answer
