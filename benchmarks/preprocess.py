"""Step 1 in figures: what cleaning leaves, how fast it is beside `datasets.map`, its memory, the cache, a batch.

Run: python benchmarks/preprocess.py [--large MB: memory and time of one text file of so many megabytes instead]
     [--rows: rows of prompts and answers only] [--throughput: only the speed beside `datasets.map`]
"""

from __future__ import annotations

import random
import resource
import shutil
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Literal

from benchmarks import preprocess_rows
from benchmarks.pairs import ratios, summary
from msopt_tui.config.schema import Config, DataTable, ModelTable, Source, TokenizerTable
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.clean import normalise
from msopt_tui.data.order import Batches
from msopt_tui.data.prepare import PreparedData, prepare
from msopt_tui.data.readings import SETTLED_SECONDS
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.split import SPLITS
from msopt_tui.data.tally import Tally

TOPICS = Source(kind="python-topics")
STDLIB = Source(kind="text", path=f"{sysconfig.get_paths()['stdlib']}/*.py")
WINDOW = 50
"""Characters of the windows that are looked for in the training text."""
ROUNDS = 5
PAIRS = 4


def config_of(source: Source, deduplicate: str = "paragraph") -> Config:
    modes = {"document": DataTable(sources=[source]), "paragraph": DataTable(sources=[source], deduplicate="paragraph")}
    return Config(data=modes[deduplicate], tokenizer=TokenizerTable(vocab_size=2048))


def run(config: Config, cache: Path) -> PreparedData:
    return prepare(config, Path.cwd(), cache, lambda *_: None, lambda: None)


def timed(config: Config, folder: Path) -> tuple[PreparedData, float, float]:
    """The prepared data, and the median seconds of first and cached runs."""
    first, cached = [], []
    for number in range(ROUNDS):
        cache = folder / f"{config.data.deduplicate}-{config.data.sources[0].kind}-{number}"
        first.append(run(config, cache).seconds)
        cached.append(run(config, cache).seconds)
    return run(config, cache), median(first), median(cached)


def leaked(data: PreparedData, split: str) -> float:
    """Share of the windows of a split, white space collapsed, that stand in the training text word for word."""
    tokenizer = bpe.load(data.tokenizer_dir)
    texts = {name: " ".join(tokenizer.decode(data.store[name].ids.tolist()).split()) for name in SPLITS}
    train = {texts["train"][start : start + WINDOW] for start in range(len(texts["train"]) - WINDOW)}
    windows = [
        text[start : start + WINDOW] for name, text in texts.items() if name == split for start in range(len(text))
    ]
    return sum(window in train for window in windows) / len(windows)


def report(title: str, source: Source, deduplicate: str, folder: Path) -> PreparedData:
    data, first, cached = timed(config_of(source, deduplicate), folder)
    raw = data.meta.raw_characters
    kept = sum(size.characters for size in data.meta.splits.values())
    print(f"\n{title}, deduplicate = {deduplicate}")
    print(f"  characters        {raw:,} read, {kept:,} kept ({kept / raw:.0%})")
    print(f"  removed           {data.removed}")
    for name in SPLITS:
        size = data.meta.splits[name]
        counts = f"{size.documents:,} documents, {size.characters:,} characters, {size.tokens:,} tokens"
        print(f"  {name:<17} {counts} ({size.characters / kept:.1%} of the characters)")
    print(
        f"  validation seen   {leaked(data, 'validation'):.1%} of its {WINDOW}-character windows are in the train split"
    )
    print(f"  first run         {first:.3f} s, {raw / first / 1e6:.2f} MB/s")
    print(f"  cached run        {cached * 1000:.1f} ms")
    return data


def batch_microseconds(data: PreparedData, rows: int, max_length: int, steps: int = 20_000) -> tuple[float, float]:
    """Median and 99th percentile of a batch (µs)."""
    batches = Batches(data.store["train"], max_length, rows, seed=42)
    times = []
    for step in range(1, steps + 1):
        began = time.perf_counter_ns()
        batches.batch(step)
        times.append(time.perf_counter_ns() - began)
    times.sort()
    return times[steps // 2] / 1000, times[steps * 99 // 100] / 1000


def model_directory(folder: Path) -> Path:
    """A directory with the tokenizer of the topics in the form of a pretrained model, so that both sides take it."""
    tokenizer = run(config_of(TOPICS), folder / "tokenizer-cache").tokenizer_dir
    directory = shutil.copytree(tokenizer, folder / "model")
    (directory / "config.json").write_text("{}")
    (directory / "model.safetensors").touch()
    return directory


def ours(directory: Path, folder: Path, leakage: Literal["off", "paragraph"]) -> float:
    """Megabytes a second of reading, cleaning, splitting and tokenising, from files to files."""
    data = DataTable(sources=[STDLIB], leakage=leakage)
    config = Config(data=data, model=ModelTable(pretrained=str(directory)))
    cache = Path(tempfile.mkdtemp(dir=folder))
    began = time.perf_counter()
    done = run(config, cache)
    assert not done.cached
    return done.meta.raw_characters / (time.perf_counter() - began) / 1e6


def theirs(directory: Path, folder: Path) -> float:
    """The same by `datasets`: the same files, the same normalisation in one `map`, the same tokenizer in another."""
    import datasets
    from transformers import AutoTokenizer

    datasets.disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(directory)
    tokenizer.model_max_length = 10**9
    files = [str(path) for path in find_files(STDLIB.path, Path.cwd())]
    cache = tempfile.mkdtemp(dir=folder)

    def cleaned(batch: dict[str, list[str]]) -> dict[str, list[str]]:
        tally = Tally()
        return {"text": [normalise(text, tally) for text in batch["text"]]}

    def tokenised(batch: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        return {"input_ids": tokenizer(batch["text"], return_attention_mask=False)["input_ids"]}

    began = time.perf_counter()
    rows = datasets.load_dataset("text", data_files=files, sample_by="document", split="train", cache_dir=cache)
    rows.map(cleaned, batched=True).map(tokenised, batched=True, remove_columns=["text"])
    seconds = time.perf_counter() - began
    return sum(len(text) for text in rows["text"]) / seconds / 1e6


def report_throughput(folder: Path, directory: Path) -> None:
    print("\nMB/s beside datasets.map, the same files, normalisation and tokenizer")
    bare = ratios(lambda: ours(directory, folder, "off"), lambda: theirs(directory, folder), PAIRS)
    print(summary("cleaning and tokenising", bare, ">= 1.0"))
    full = ratios(lambda: ours(directory, folder, "paragraph"), lambda: theirs(directory, folder), PAIRS)
    print(summary("with leaks looked for too", full, ">= 1.0"))


def report_large(megabytes: int) -> None:
    """Time and memory of one text file. In a process of its own: memory is the highest there ever was."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "large.txt"
        write_large(path, megabytes * 1_000_000)
        source = Source(path=str(path), document="paragraphs")
        config = Config(data=DataTable(sources=[source]), tokenizer=TokenizerTable(vocab_size=8192))
        time.sleep(SETTLED_SECONDS + 0.1)
        first = run(config, folder / "cache")
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        second = run(config, folder / "cache")
        print(f"one file of {megabytes:,} MB: {first.seconds:.1f} s, {megabytes / first.seconds:.2f} MB/s")
        print(f"  highest resident  {highest:,.0f} MiB (reach <= 1,500)")
        print(f"  second start      {second.seconds * 1000:.1f} ms (reach <= 1,000)")
        print(f"  documents         {first.documents}, removed {first.removed}")


def write_large(path: Path, size: int) -> None:
    """A file of paragraphs of real words that hardly repeat: sentences of the standard library, shuffled."""
    chance = random.Random(0)
    words = [word for file in find_files(STDLIB.path, Path.cwd()) for word in file.read_text("utf-8").split()]
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            start = chance.randrange(len(words) - 400)
            part = words[start : start + chance.randrange(40, 400)]
            chance.shuffle(part)
            file.write(" ".join(part) + "\n\n")


def main() -> None:
    if sys.argv[1:2] == ["--large"]:
        report_large(int(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        directory = model_directory(folder)
        if sys.argv[1:2] == ["--rows"]:
            preprocess_rows.report(directory, folder)
            return
        if sys.argv[1:2] == ["--throughput"]:
            report_throughput(folder, directory)
            return
        report("python-topics", TOPICS, "document", folder)
        data = report("python-topics", TOPICS, "paragraph", folder)
        report("standard library", STDLIB, "document", folder)
        report_throughput(folder, directory)
        preprocess_rows.report(directory, folder)
        print()
        for rows, max_length in ((16, 128), (64, 1024)):
            middle, late = batch_microseconds(data, rows, max_length)
            print(f"batch of {rows}×{max_length}: {middle:.1f} µs, 99th percentile {late:.1f} µs")


if __name__ == "__main__":
    main()
