"""A tiny project for every task, its rows made of a few words whose rule can be learned in a few steps."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.engine.host import make_engine
from msopt_tui.protocol.commands import Evaluate
from msopt_tui.protocol.events import Event
from msopt_tui.runs.directory import RunDirectory
from tests.ml.live import serve

ANIMALS = ["cat", "dog", "horse", "cow", "sheep", "goat", "fox", "wolf", "bear", "deer"]
PLANTS = ["oak", "pine", "birch", "rose", "tulip", "fern", "moss", "grass", "ivy", "thyme"]
WORDS = {"red": "rot", "blue": "blau", "green": "grün", "big": "groß", "small": "klein", "old": "alt", "new": "neu"}

BASE = """
[project]
name = "tiny"
[task]
name = "{task}"
{more}
[data]
max_length = 48
validation_fraction = 0.2
test_fraction = 0.1
[[data.sources]]
{source}
{model}
[train]
learning_rate = 1e-2
warmup_steps = 5
per_device_train_batch_size = 8
max_steps = {steps}
eval_steps = {half}
save_steps = {steps}
[evaluate]
max_new_tokens = 8
max_predictions = 6
{evaluate}
[refine]
mode = "off"
[resources]
device = "cpu"
threads = 1
"""


def _sentence(draw: random.Random) -> tuple[str, str]:
    """A few adjectives and an animal, and the same in other words."""
    adjectives = draw.sample(sorted(WORDS), draw.randint(1, 4))
    animal = draw.choice(ANIMALS)
    return " ".join([*adjectives, animal]), " ".join([*(WORDS[word] for word in adjectives), animal])


def rows(task: str, count: int = 160, seed: int = 0) -> Iterator[dict[str, object]]:
    """Rows in a shape that is recognised by itself."""
    draw = random.Random(seed)
    for number in range(count):
        source, target = _sentence(draw)
        animal = draw.choice(ANIMALS)
        kind = draw.choice(("animal", "plant"))
        name = draw.choice(ANIMALS if kind == "animal" else PLANTS)
        match task:
            case "translation":
                yield {"translation": {"en": source, "de": target}}
            case "summarization":
                yield {"article": f"{source} went home. Number {number} saw it.", "highlights": source}
            case "instruction":
                yield {"instruction": f"say {source} in other words", "input": "", "output": target}
            case "question-answering":
                context = f"the {source} lives in hut {number} with a {name}"
                known = number % 4 != 0
                answers = [f"hut {number}"] if known else []
                yield {
                    "context": context,
                    "question": "where does it live?" if known else "when was it born?",
                    "answers": {"text": answers, "answer_start": [context.index(text) for text in answers]},
                }
            case "text-classification":
                yield {"text": f"{source} and number {number} near a {name}", "label": kind}
            case "preference":
                yield {"prompt": f"name an animal, {number}", "chosen": f"a {animal}", "rejected": f"an {name} tree"}


def corpus() -> list[str]:
    """Text of all tasks, for a tokenizer to be trained on."""
    return [json.dumps(row, ensure_ascii=False) for task in ROWS_OF for row in rows(task, 40)]


ROWS_OF = ("translation", "summarization", "instruction", "question-answering", "text-classification", "preference")
"""Tasks that learn from rows."""
SMALL = "hidden_size = 32\nnum_hidden_layers = 2\nnum_attention_heads = 2\n[tokenizer]\nvocab_size = 400"
"""Sizes of a network with random weights, to be put behind its architecture."""


def small(architecture: str) -> str:
    """The tables of a small network."""
    return f'[model]\narchitecture = "{architecture}"\n{SMALL}'


def write(folder: Path, task: str, *, model: str, steps: int = 40, more: str = "", evaluate: str = "") -> Path:
    """A project file and its rows beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    if task in ("causal-lm", "masked-lm"):
        draw = random.Random(0)
        texts = "\n\n".join(". ".join(_sentence(draw)[0] for _ in range(12)) for _ in range(60))
        (folder / "text.txt").write_text(texts, encoding="utf-8")
        source = 'kind = "text"\npath = "text.txt"\ndocument = "paragraphs"\ndocument_chars = 256'
    else:
        lines = "\n".join(json.dumps(row) for row in rows(task))
        (folder / "rows.jsonl").write_text(lines + "\n", encoding="utf-8")
        source = 'kind = "jsonl"\npath = "rows.jsonl"'
        if task == "translation":
            source += '\ncolumns = { source = "translation.en", target = "translation.de" }'
    text = BASE.format(
        task=task, source=source, model=model, steps=steps, half=max(1, steps // 2), more=more, evaluate=evaluate
    )
    project = folder / "project.toml"
    project.write_text(text, encoding="utf-8")
    return project


def run(project: Path, *overrides: str, ask: Evaluate | Sequence[Evaluate] = (), at: int = 0) -> RunDirectory:
    """The whole run, in this process; `ask` is served when `at` steps are done."""
    config = load_project(project, [f"data.cache_dir={project.parent / 'cache'}", *overrides])
    directory = launch.create_run(config, project, project.parent / "runs")
    asked = [ask] if isinstance(ask, Evaluate) else ask
    if at:
        return serve(directory, {at: asked})
    engine = make_engine(directory, somebody_watches=False)
    for command in asked:
        engine.submit(command)
    engine.serve()
    assert engine.ended is not None
    assert engine.ended.status == "completed", engine.ended.reason
    return directory


def of_kind(events: list[Event], kind: type[Event]) -> list[Event]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]
