"""Rows instead of running text: prompts and answers encoded and packed, beside two `datasets.map` that only clean and
tokenise.

The rows are real: functions of the standard library as prompts, the first paragraphs of their docstrings as answers.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from benchmarks.pairs import ratios, summary
from msopt_tui.config.schema import Config, DataTable, ModelTable, Source, TaskTable
from msopt_tui.data.clean import normalise
from msopt_tui.data.prepare import PreparedData, prepare
from msopt_tui.data.readings import SETTLED_SECONDS
from msopt_tui.data.sources import rows
from msopt_tui.data.tally import Tally

MAX_LENGTH = 512
PAIRS = 4


def write_pairs(path: Path) -> int:
    """JSON lines of prompts and completions; returns their characters."""
    characters = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows(Source(kind="python-functions"), Path.cwd(), Tally()):
            prompt, completion = str(row.values["source"]), str(row.values["summary"])
            characters += len(prompt) + len(completion)
            file.write(json.dumps({"prompt": prompt, "completion": completion}) + "\n")
    return characters


def prepared(pairs: Path, directory: Path, cache: Path) -> PreparedData:
    """Read, cleaned, split, leaks taken out, encoded with the answers as targets, packed."""
    config = Config(
        data=DataTable(sources=[Source(kind="jsonl", path=str(pairs))], max_length=MAX_LENGTH),
        task=TaskTable(name="instruction"),
        model=ModelTable(pretrained=str(directory)),
    )
    return prepare(config, Path.cwd(), cache, lambda *_: None, lambda: None)


def ours(pairs: Path, characters: int, directory: Path, folder: Path) -> float:
    """Megabytes a second, from file to files."""
    cache = Path(tempfile.mkdtemp(dir=folder))
    began = time.perf_counter()
    done = prepared(pairs, directory, cache)
    assert not done.cached
    return characters / (time.perf_counter() - began) / 1e6


def theirs(pairs: Path, characters: int, directory: Path, folder: Path) -> float:
    """The same file by `datasets`: normalised in one `map`, tokenised with prompts masked in another; not packed."""
    import datasets
    from transformers import AutoTokenizer

    datasets.disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(directory)
    tokenizer.model_max_length = 10**9
    end = tokenizer.eos_token_id
    cache = tempfile.mkdtemp(dir=folder)

    def cleaned(batch: dict[str, list[str]]) -> dict[str, list[str]]:
        tally = Tally()
        return {name: [normalise(text, tally) for text in texts] for name, texts in batch.items()}

    def tokenised(batch: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        before, after = (
            tokenizer(batch[name], return_attention_mask=False)["input_ids"] for name in ("prompt", "completion")
        )
        ids = [[*a, *b, end][:MAX_LENGTH] for a, b in zip(before, after, strict=True)]
        labels = [[-100] * len(a) + [*b, end] for a, b in zip(before, after, strict=True)]
        return {"input_ids": ids, "labels": [row[:MAX_LENGTH] for row in labels]}

    began = time.perf_counter()
    table = datasets.load_dataset("json", data_files=[str(pairs)], split="train", cache_dir=cache)
    table.map(cleaned, batched=True).map(tokenised, batched=True, remove_columns=["prompt", "completion"])
    return characters / (time.perf_counter() - began) / 1e6


def report(directory: Path, folder: Path) -> None:
    """Throughput in pairs, padding, and the second start; `directory` holds the tokenizer for both sides."""
    pairs = folder / "pairs.jsonl"
    characters = write_pairs(pairs)
    print(f"\nrows: {characters / 1e6:.1f} MB of prompts and answers, MB/s beside datasets.map with the same tokenizer")
    found = ratios(
        lambda: ours(pairs, characters, directory, folder), lambda: theirs(pairs, characters, directory, folder), PAIRS
    )
    print(summary("encoded and packed", found, ">= 1.0"))
    # A file that has just been written is read again: it might have been written twice in one tick of its clock.
    time.sleep(SETTLED_SECONDS + 0.1)
    cache = folder / "rows-cache"
    prepared(pairs, directory, cache)
    second = prepared(pairs, directory, cache)
    assert second.cached
    print(f"  padding           {padding(second):.2%} of the positions in rows of {MAX_LENGTH} (reach <= 2 %)")
    print(f"  second start      {second.seconds * 1000:.1f} ms (reach <= 1,000)")


def padding(data: PreparedData) -> float:
    """Share of the positions of all training rows that no token stands in."""
    train = data.examples["train"]
    return 1.0 - int(train.lengths.sum()) / (train.rows * MAX_LENGTH)
