"""One random bit flipped in a checkpoint's files, again and again: is it noticed before the weights are used?

    python -m benchmarks.reliability_parts.bit_flips [TRIES]

Noticed means refused by name, or harmless: the manifest still vouches for the very same bytes of every other file.
The other files of a run are the business of `damage`.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import torch

from msopt_tui.config.schema import ModelTable, TrainTable
from msopt_tui.ml import checkpoint, manifest, optim
from msopt_tui.ml import model as models

SEED = 0


class Flips(NamedTuple):
    """What came of the flips."""

    detected: int
    tried: int
    missed: list[str]
    """File and bit of each that was not noticed."""


def measure(tries: int) -> Flips:
    """Flip `tries` bits, one at a time, files in turn, each put back afterwards."""
    torch.set_num_threads(1)
    draw, missed = random.Random(SEED), []
    with tempfile.TemporaryDirectory() as folder:
        path = _saved(Path(folder))
        sealed = manifest.read(path).files
        files = sorted(path.iterdir())
        for number in range(tries):
            file = files[number % len(files)]
            whole = file.read_bytes()
            bit = draw.randrange(len(whole) * 8)
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            file.write_bytes(damaged)
            try:
                checkpoint.check(path)
            except checkpoint.CheckpointError:
                pass  # noticed: what is counted here
            else:
                if file.name != manifest.NAME or manifest.read(path).files != sealed:
                    missed.append(f"{file.name} bit {bit}")
            file.write_bytes(whole)
    return Flips(tries - len(missed), tries, missed)


def _saved(folder: Path) -> Path:
    table = ModelTable(hidden_size=32, num_hidden_layers=2, num_attention_heads=4)
    device = torch.device("cpu")
    model = models.build(table, vocab_size=300, max_length=16, eos_token_id=0, pad_token_id=1, seed=1, device=device)
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "tokenizer.json").write_text("{}\n")
    state = checkpoint.TrainingState(step=1, round=1, round_first_step=0, round_last_step=9, tokens=64)
    optimizer = optim.build(model, TrainTable(), device)
    return checkpoint.save(folder / "checkpoints", model, optimizer, folder / "tokenizer", state, device).path


def main() -> int:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
    print(f"bit flips in a checkpoint's files detected: {found.detected}/{found.tried}")
    for missed in found.missed:
        print(f"  missed: {missed}")
    return 1 if found.missed else 0


if __name__ == "__main__":
    sys.exit(main())
