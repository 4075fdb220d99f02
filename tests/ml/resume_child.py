"""A process of its own that takes a checkpoint up and goes on; prints every loss and gradient norm as exact numbers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from msopt_tui.ml import checkpoint, optim
from tests.ml.tiny import ARCHITECTURES, CPU, SETTINGS, network, train


def main(directory: Path) -> None:
    found = {}
    for architecture in ARCHITECTURES:
        model = network(architecture, seed=999, dropout=0.2)
        optimizer = optim.build(model, SETTINGS, CPU)
        state = checkpoint.load(directory / architecture / "checkpoint-10", model, optimizer, CPU)
        figures = train(model, optimizer, state.step + 1, 20)
        found[architecture] = [[loss.hex(), norm.hex()] for loss, norm in figures]
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
