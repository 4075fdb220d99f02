"""`msopt-tui new`: a few questions with usual answers, and a commented project file that loads."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TextIO

from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import load_project
from msopt_tui.config.tasks import METRICS_OF, USUAL_ARCHITECTURE

SUFFIXES = {".txt": "text", ".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet", ".arrow": "arrow"}
OFFLINE = {
    "causal-lm": "python-topics",
    "masked-lm": "python-topics",
    "summarization": "python-functions",
    "question-answering": "python-questions",
    "text-classification": "package-docstrings",
    "translation": "bible-verses",
}
"""Sources that come with Python, or with an extra of ours, by the task they suit."""
FIELDS = {
    "instruction": "messages, or instruction and output",
    "summarization": "source and target",
    "translation": "source and target",
    "question-answering": "question, context and answers",
    "text-classification": "text and label",
    "preference": "prompt, chosen and rejected",
}


class NewError(ValueError):
    """An answer that can't be used; the message says which would."""


class Answers(NamedTuple):
    """What was asked."""

    name: str
    task: str
    data: str
    """A file, the name of a data set of the hub, or one of `OFFLINE`."""
    model: str
    """A pretrained model; empty for a small new one."""
    steps: int


class Question(NamedTuple):
    """One thing that is asked."""

    option: str
    text: str
    usual: str


def questions(path: Path, given: dict[str, str]) -> list[Question]:
    """What to ask, with usual answers that follow from those given so far."""
    task = given.get("--task") or "causal-lm"
    usual_model = "" if task == "preference" else "new"
    return [
        Question("--name", "name of the project", path.stem if path.stem != "project" else path.absolute().parent.name),
        Question("--task", f"task: {', '.join(METRICS_OF)}", "causal-lm"),
        Question("--data", "data: a file, a data set of the hub, or a built-in source", OFFLINE.get(task, "")),
        Question("--model", "pretrained model of the hub; new for a small one with random weights", usual_model),
        Question("--steps", "optimiser steps", "600"),
    ]


def ask(path: Path, given: dict[str, str], read: Callable[[str], str] | None, out: TextIO) -> Answers:
    """Ask what was not given; without `read` the usual answers are taken. Raises NewError."""
    answers = dict(given)
    for at in range(len(questions(path, answers))):
        question = questions(path, answers)[at]
        if _is_answered(question, answers):
            _check(question.option, answers)
        while not _is_answered(question, answers):
            answer = ""
            if read is not None:
                usual = f" [{question.usual}]" if question.usual else ""
                answer = read(_fitted(f"{question.text}{usual}: ")).strip()
            answers[question.option] = answer or question.usual
            try:
                _check(question.option, answers)
            except NewError as error:
                if read is None:
                    raise
                print(f"  {error}", file=out)
                del answers[question.option]
    return Answers(
        answers["--name"],
        answers["--task"],
        answers["--data"],
        "" if answers["--model"] == "new" else answers["--model"],
        int(answers["--steps"]),
    )


def _fitted(prompt: str) -> str:
    """In lines of the terminal, broken between words only."""
    width = max(shutil.get_terminal_size().columns, 20)
    return "\n".join(textwrap.wrap(prompt, width, break_on_hyphens=False, drop_whitespace=True)) + " "


def _is_answered(question: Question, answers: dict[str, str]) -> bool:
    return bool(answers.get(question.option))


def _check(option: str, answers: dict[str, str]) -> None:
    answer = answers[option]
    if option == "--task" and answer not in METRICS_OF:
        raise NewError(f"no task {answer}: there are {', '.join(METRICS_OF)}")
    if option == "--steps" and not (answer.isdecimal() and 1 <= int(answer) <= 10**9):
        raise NewError(f"steps are a whole number from 1, not {answer}")
    if option == "--model" and answers["--task"] == "preference" and answer in ("", "new"):
        raise NewError("preference compares with what a pretrained model (--model) said before: name one")
    if option == "--data" and not answer:
        raise NewError(f"{answers['--task']} needs data of yours (--data): a .jsonl with {FIELDS[answers['--task']]}")


def project_text(answers: Answers) -> str:
    """The project file, a comment for each thing one is likely to change."""
    rate = "5e-5" if answers.model else "1e-3"
    every = max(answers.steps // 10, 1)
    lines = [
        "# Made by `msopt-tui new`. `msopt-tui check` shows the plan and the data, `msopt-tui schema` tells every key.",
        "",
        "[project]",
        f"name = {_quoted(answers.name)}",
        'description = ""              # one line for the history',
        "",
        "[task]",
        f"name = {_quoted(answers.task)}",
        f"# judged by: {', '.join(METRICS_OF[answers.task])}",
        "",
        "[data]",
        "max_length = 128              # tokens of a row; longer ones are cut or split, which is counted",
        "validation_fraction = 0.05    # of the documents; what the curves and the best checkpoint go by",
        "test_fraction = 0.05          # looked at once, at the end",
        "",
        *_source_lines(answers),
        "",
        "[model]",
        *_model_lines(answers),
        "",
        "[train]",
        f"learning_rate = {rate}          # the largest figure here; can be changed while it trains (a)",
        "per_device_train_batch_size = 16",
        f"max_steps = {answers.steps}",
        f"warmup_steps = {max(answers.steps // 20, 1)}",
        f"eval_steps = {every}",
        f"save_steps = {every}",
        "",
        "[refine]",
        "max_rounds = 1                # more: diagnose, propose a change, race it, go on; see the README",
        "",
        "# [ui.alerts]",
        '# rules = ["loss < 2", "failed", "paused"]',
    ]
    return "\n".join(lines) + "\n"


def _source_lines(answers: Answers) -> list[str]:
    data, suffix = answers.data, Path(answers.data).suffix.lower()
    if data in OFFLINE.values():
        return ["[[data.sources]]", f'kind = "{data}"         # comes with Python: put your own data here']
    kind = SUFFIXES.get(suffix, "datasets")
    fields = FIELDS.get(answers.task)
    note = f"  # columns: {fields}; others are named by `columns`" if fields else ""
    lines = ["[[data.sources]]", f'kind = "{kind}"{note}', f"path = {_quoted(data)}"]
    return [*lines, 'split = "train"'] if kind == "datasets" else lines


def _model_lines(answers: Answers) -> list[str]:
    lora = ["", "[model.lora]                  # adapters; without them the model is the one compared with", "r = 16"]
    return [*_network_lines(answers), *(lora if answers.task == "preference" else [])]


def _network_lines(answers: Answers) -> list[str]:
    if answers.model:
        return [f"pretrained = {_quoted(answers.model)}   # its own tokenizer comes along"]
    return [
        f'architecture = "{USUAL_ARCHITECTURE[answers.task]}"        # random weights',
        "hidden_size = 128",
        "num_hidden_layers = 4",
        "num_attention_heads = 4",
        "",
        "[tokenizer]",
        "vocab_size = 2048             # trained on the training split",
    ]


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_project(path: Path, answers: Answers) -> None:
    """Write the file, once it is known to load. Raises NewError, also where there is one already."""
    if path.exists():
        raise NewError(f"{path} is there already: give another name")
    text = project_text(answers)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(suffix=".toml", prefix=".new-", dir=path.parent)
    except OSError as error:
        raise NewError(f"{path} can't be written: {error.strerror}") from None
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        load_project(draft)
        draft.chmod(0o644)
        os.link(draft, path)  # never over a file that came meanwhile
    except (ConfigError, FileExistsError) as error:
        raise NewError(str(error).replace(draft.name, path.name)) from None
    finally:
        draft.unlink()
