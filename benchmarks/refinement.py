"""Whether refinement is worth its compute: five scenarios, equal tokens for everybody, test bits per byte.

Results are appended to a JSON-lines file as they come, and what is in it is not computed again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.refining import comparators, ours, table
from benchmarks.refining.comparators import Contestant
from benchmarks.refining.lab import SCENARIOS, STEPS
from benchmarks.refining.table import Key, Results

PLACES = {"a": "topics", "b": "topics", "c": "bible", "d": "docstrings", "e": "topics"}
"""Which corpus a scenario is measured on first; `--corpora` takes others."""
CLOSE = 1.02
"""Cells of the oracle's grid within 2 % of the first seed's best are measured on the other seeds too."""


def contestants(args: argparse.Namespace) -> dict[str, Contestant]:
    """By name."""
    everybody = {**comparators.CONTESTANTS, table.OURS: ours.run}
    return {name: run for name, run in everybody.items() if not args.only or name in args.only}


def jobs(args: argparse.Namespace, done: Results) -> Iterator[tuple[Key, Contestant]]:
    """What is still to be computed, seed by seed, so that a table exists early."""
    for seed in range(args.seeds):
        for scenario in args.scenarios:
            for corpus in args.corpora or [PLACES[scenario]]:
                for name, run in contestants(args).items():
                    yield Key(scenario, corpus, seed, name, args.steps), run
                if not args.only or "oracle" in args.only:
                    yield from oracle_jobs(scenario, corpus, seed, args.steps, done)


def oracle_jobs(scenario: str, corpus: str, seed: int, steps: int, done: Results) -> Iterator[tuple[Key, Contestant]]:
    """The whole grid on the first seed, what came close to its best on the others."""
    where = table.oracle_scenario(scenario)
    size = SCENARIOS[where].size
    for kind in comparators.ORACLE_KINDS:
        for rate in comparators.ORACLE_RATES[size]:
            first = done.get(Key(where, corpus, 0, table.cell(kind, rate), steps))
            if seed == 0 or (first is not None and first <= CLOSE * table.best_cell(done, where, corpus, 0, steps)):
                yield Key(where, corpus, seed, table.cell(kind, rate), steps), comparators.oracle(kind, rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--scenarios", nargs="+", default=list(SCENARIOS), choices=SCENARIOS)
    parser.add_argument("--corpora", nargs="+", default=[])
    parser.add_argument("--only", nargs="+", default=[], help="contestants by name; oracle for the grid")
    parser.add_argument("--results", type=Path, default=Path("refinement.jsonl"))
    parser.add_argument("--table", action="store_true", help="only print what the results file holds")
    parser.add_argument("--quick", action="store_true", help="one seed of a few steps: does it work at all")
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.steps = 1, 60
    torch.set_num_threads(1)
    done = table.read(args.results)
    if not args.table:
        for key, run in jobs(args, done):
            if key not in done:
                began = time.monotonic()
                twin = next((same for same in table.twins(key) if same in done), None)
                done[key] = done[twin] if twin else run(SCENARIOS[key.scenario], key.corpus, key.seed, key.steps)
                line = {**key._asdict(), "bits_per_byte": done[key], "seconds": round(time.monotonic() - began, 1)}
                with args.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
    print(table.markdown(done, args.steps))


if __name__ == "__main__":
    main()
