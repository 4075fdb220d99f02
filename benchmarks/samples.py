"""The sample projects that run offline: what a model reaches on the test split over three seeds, and what trivial
answers get there.

Run: python benchmarks/samples.py [--quick: baselines only] [--only NAME …] [--seeds 1,2,3] [--results FILE]
     [--work FOLDER: prepared data and runs] [KEY=VALUE …: settings for every run]

Each run is the command that a person would type, in a process of its own. What is done is a line in the results file,
so that the script can be stopped and started again; a run counts for its project file and settings.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks import sample_baselines as baselines
from benchmarks.pairs import ROOT
from msopt_tui.config.load import load_project
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.prepare import PreparedData, prepare
from msopt_tui.data.pretrained import bytes_of_token
from msopt_tui.data.records.record import Labelled, Pair, Question
from msopt_tui.data.split import SplitName
from msopt_tui.protocol.events import Evaluated
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.runs.journal import JournalReader

Metrics = Mapping[str, float | None]
R = TypeVar("R", Labelled, Pair, Question)
SEEDS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample project."""

    metrics: tuple[str, ...]
    """What it is judged by, the most telling first."""
    trivial: Callable[[PreparedData], Mapping[str, Metrics]]
    """The test metrics of every trivial answer, by what it is."""
    settings: tuple[str, ...] = ()
    """For a run that nobody watches."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run to its end."""

    sample: str
    seed: int
    key: str
    """Of the project file and the settings beside it."""
    metrics: dict[str, float | None]
    step: int
    """Of the checkpoint that was tested."""
    seconds: float
    """On the clock, start and preparation included."""
    cpu_seconds: float


def records(data: PreparedData, split: SplitName, kind: type[R]) -> list[R]:
    """What a split's examples were made of."""
    examples = data.examples[split]
    found = [examples.record(number, kind) for number in range(examples.records)]
    return [record for record in found if isinstance(record, kind)]


def _counted_tokens(data: PreparedData) -> Mapping[str, Metrics]:
    train, test = data.store["train"].ids, data.store["test"].ids
    text_bytes = data.bytes["test"] - bytes_of_token(bpe.load(data.tokenizer_dir), int(test[0]))
    return {
        name: baselines.counted(nats, train, test, data.vocab_size, text_bytes)
        for name, nats in (("unigram", baselines.unigram_nats), ("bigram", baselines.bigram_nats))
    }


def _summaries(data: PreparedData) -> Mapping[str, Metrics]:
    test = records(data, "test", Pair)
    one = baselines.one_for_all(records(data, "train", Pair))
    return {
        "function's name": baselines.summarised(test, baselines.name_in_words),
        "lead-1": baselines.summarised(test, baselines.lead_line),
        f"always “{one}”": baselines.summarised(test, lambda _: one),
    }


def _answers(data: PreparedData) -> Mapping[str, Metrics]:
    test = records(data, "test", Question)
    return {
        "no answer": baselines.answered(test, lambda _: ""),
        "first sentence": baselines.answered(test, lambda row: baselines.first_sentence(row.context)),
    }


def _classes(data: PreparedData) -> Mapping[str, Metrics]:
    train, test = records(data, "train", Labelled), records(data, "test", Labelled)
    return {
        "most frequent class": baselines.always(baselines.most_frequent_class(train), test),
        "that of the test split itself": baselines.always(baselines.most_frequent_class(test), test),
    }


SAMPLES = {
    "python-docs": Sample(("bits_per_byte",), _counted_tokens, ("refine.mode=off",)),
    "docstring-summaries": Sample(("rougeL", "rouge1", "rouge2"), _summaries),
    "modern-english": Sample(("bleu", "chrf"), lambda data: {"copy": baselines.copied(records(data, "test", Pair))}),
    "docstring-answers": Sample(("f1", "exact_match", "has_answer_f1", "no_answer_exact_match"), _answers),
    "which-library": Sample(("accuracy", "f1_macro"), _classes),
}


def project_file(name: str) -> Path:
    """Where a sample project is."""
    return ROOT / "sample_projects" / name / "project.toml"


def key_of(name: str, settings: Sequence[str]) -> str:
    """Changes with the project file and the settings beside it."""
    return hashlib.sha256("\0".join([project_file(name).read_text(), *settings]).encode()).hexdigest()[:16]


def run(name: str, seed: int, settings: Sequence[str], work: Path) -> Result:
    """One run by the command line, judged by the test evaluation in its journal."""
    runs = work / "runs" / f"{name}-{seed}-{time.time_ns()}"
    own = (f"train.seed={seed}", f"project.runs_dir={runs}", f"data.cache_dir={work / 'cache'}")
    command = [sys.executable, "-m", "msopt_tui", str(project_file(name)), "--headless", "--in-process"]
    began, before = time.monotonic(), _children_seconds()
    done = subprocess.run(
        [*command, *SAMPLES[name].settings, *settings, *own],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name}, seed {seed}, ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    (journal,) = runs.glob("*/*/events.jsonl")
    tested = test_evaluation(journal)
    return Result(
        sample=name,
        seed=seed,
        key=key_of(name, settings),
        metrics=tested.metrics,
        step=tested.step,
        seconds=time.monotonic() - began,
        cpu_seconds=_children_seconds() - before,
    )


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_evaluation(journal: Path) -> Evaluated:
    """The one of the test split, at the end of a run."""
    reader, more = JournalReader(journal), True
    found = []
    while more:
        found += [event for event in reader.read(seconds=1.0) if isinstance(event, Evaluated) and event.split == "test"]
        more = reader.behind
    return found[-1]


def read_results(path: Path) -> list[Result]:
    """What earlier calls left."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Result(**json.loads(line)) for line in lines]


def measure(
    names: Sequence[str], seeds: Sequence[int], settings: Sequence[str], work: Path, path: Path
) -> list[Result]:
    """Every run that the results file lacks; returns all that were asked for."""
    found = {(result.sample, result.seed, result.key): result for result in read_results(path)}
    wanted = [(name, seed, key_of(name, settings)) for seed in seeds for name in names]
    for place in wanted:
        if place not in found:
            name, seed, _ = place
            result = found[place] = run(name, seed, settings, work)
            with path.open("a") as file:
                file.write(json.dumps({field: getattr(result, field) for field in Result.__slots__}) + "\n")
            shown = ", ".join(f"{metric} {_number(metric, result.metrics[metric])}" for metric in SAMPLES[name].metrics)
            print(f"{name}, seed {seed}: {shown} · {result.cpu_seconds:.0f} s of CPU", file=sys.stderr, flush=True)
    return [found[place] for place in wanted]


def _number(metric: str, value: float | None) -> str:
    digits = 3 if METRICS[metric].unit == "bits" else 1
    return "–" if value is None else f"{value:.{digits}f}"


def spread(metric: str, results: Sequence[Result]) -> str:
    """Mean and range over the seeds."""
    values = [value for result in results if (value := result.metrics[metric]) is not None]
    if not values:
        return "–"
    middle, low, high = (_number(metric, value) for value in (statistics.mean(values), min(values), max(values)))
    return f"**{middle}** ({low} to {high})"


def table(trivial: Mapping[str, Mapping[str, Metrics]], results: Sequence[Result]) -> str:
    """Markdown: a row for every metric of every sample."""
    lines = ["| sample | metric | reached, mean (range) | trivial | CPU of a run |", "|---|---|---|---|---|"]
    for name, others in trivial.items():
        own = [result for result in results if result.sample == name]
        seconds = f"{statistics.median([result.cpu_seconds for result in own]):.0f} s" if own else "–"
        for metric in SAMPLES[name].metrics:
            row = METRICS[metric]
            label = f"{row.label} ({row.unit})" if row.unit else row.label
            arrow = "↓" if row.better == "lower" else "↑"
            beside = ", ".join(f"{what} {_number(metric, figures.get(metric))}" for what, figures in others.items())
            lines.append(f"| {name} | {label} {arrow} | {spread(metric, own)} | {beside} | {seconds} |")
    return "\n".join(lines)


def prepared(name: str, work: Path) -> PreparedData:
    """The project's data, made as a run makes it."""
    path = project_file(name)
    return prepare(load_project(path), path.parent, work / "cache", lambda *_: None, lambda: None)


def main(arguments: Sequence[str]) -> None:
    names, seeds, settings, quick = list(SAMPLES), list(SEEDS), [], False
    work = Path(os.environ.get("TMPDIR", "/tmp"), "msopt-tui-samples")
    results: Path | None = None
    waiting = list(arguments)
    while waiting:
        match waiting.pop(0):
            case "--quick":
                quick = True
            case "--only":
                names = [name for name in SAMPLES if name in waiting]
                waiting = [word for word in waiting if word not in SAMPLES]
            case "--seeds":
                seeds = [int(seed) for seed in waiting.pop(0).split(",")]
            case "--results":
                results = Path(waiting.pop(0)).absolute()
            case "--work":
                work = Path(waiting.pop(0)).absolute()
            case setting:
                settings.append(setting)
    work.mkdir(parents=True, exist_ok=True)
    done = [] if quick else measure(names, seeds, settings, work, results or work / "results.jsonl")
    trivial = {name: SAMPLES[name].trivial(prepared(name, work)) for name in names}
    print(table(trivial, done))


if __name__ == "__main__":
    main(sys.argv[1:])
