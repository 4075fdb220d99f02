"""Results by key, and the table that is made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.refining.lab import SCENARIOS


class Key(NamedTuple):
    """What a result is of."""

    scenario: str
    corpus: str
    seed: int
    contestant: str
    steps: int


Results = dict[Key, float]
"""Bits per byte of the test split."""
OURS = "refine"
NAMES = ("constant", "cosine", "WSD", "early stopping", "range test, cosine", OURS)


def cell(kind: str, rate: float) -> str:
    """Name of a cell of the oracle's grid."""
    return f"oracle {kind} {rate:g}"


def oracle_scenario(scenario: str) -> str:
    """Scenarios that differ in what is written only have one oracle."""
    return "e" if scenario in ("a", "b", "e") else scenario


def twins(key: Key) -> Iterator[Key]:
    """Keys of the very same run: what a scenario has wrong may not touch a contestant."""
    if key.contestant == "range test, cosine":
        yield from (
            key._replace(scenario=other)
            for other in SCENARIOS
            if oracle_scenario(other) == oracle_scenario(key.scenario)
        )
    kind = {"cosine": "cosine", "WSD": "warmup_stable_decay"}.get(key.contestant)
    if kind:
        yield key._replace(
            scenario=oracle_scenario(key.scenario), contestant=cell(kind, SCENARIOS[key.scenario].learning_rate)
        )
    for name, written in (("cosine", "cosine"), ("WSD", "warmup_stable_decay")):
        if key.contestant == cell(written, SCENARIOS[key.scenario].learning_rate):
            yield key._replace(contestant=name)


def read(path: Path) -> Results:
    """What a results file holds."""
    if not path.is_file():
        return {}
    found: Results = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        values = json.loads(line)
        found[Key(*(values[name] for name in Key._fields))] = float(values["bits_per_byte"])
    return found


def best_cell(results: Results, scenario: str, corpus: str, seed: int, steps: int) -> float:
    """The lowest of a seed's grid."""
    found = [
        bits
        for key, bits in results.items()
        if (key.scenario, key.corpus, key.seed, key.steps) == (scenario, corpus, seed, steps)
        and key.contestant.startswith("oracle")
    ]
    return min(found, default=float("inf"))


def oracle(results: Results, scenario: str, corpus: str, steps: int) -> tuple[str, dict[int, float]]:
    """The cell with the lowest median over the seeds that all close cells have, and its figure by seed."""
    cells: dict[str, dict[int, float]] = {}
    for key, bits in results.items():
        if (key.scenario, key.corpus, key.steps) == (scenario, corpus, steps) and key.contestant.startswith("oracle"):
            cells.setdefault(key.contestant, {})[key.seed] = bits
    most = max(map(len, cells.values()), default=0)
    whole = {name: seeds for name, seeds in cells.items() if len(seeds) == most}
    if not whole:
        return "", {}
    best = min(whole, key=lambda name: median(whole[name].values()))
    return best, whole[best]


def markdown(results: Results, steps: int) -> str:
    """A row a scenario and corpus: median (lowest to highest) of every contestant, and how ours stands."""
    lines = [
        f"| scenario | corpus | seeds | {' | '.join(NAMES)} | oracle | {OURS} ÷ oracle | {OURS} best in |",
        "|---" * (len(NAMES) + 6) + "|",
    ]
    places = sorted({(key.scenario, key.corpus) for key in results if not key.contestant.startswith("oracle")})
    for scenario, corpus in places:
        by_name = {
            name: {
                key.seed: bits
                for key, bits in results.items()
                if (key.scenario, key.corpus, key.contestant, key.steps) == (scenario, corpus, name, steps)
            }
            for name in NAMES
        }
        cell_name, best = oracle(results, oracle_scenario(scenario), corpus, steps)
        ours = by_name[OURS]
        shared = sorted(set(ours) & set(best))
        ratio = f"{median(ours[seed] / best[seed] for seed in shared):.3f}" if shared else "–"
        rivals = [by_name[name] for name in NAMES if name != OURS]
        compared = [seed for seed in ours if all(seed in rival for rival in rivals)]
        won = sum(all(ours[seed] < rival[seed] for rival in rivals) for seed in compared)
        figures = " | ".join(_figure(by_name[name]) for name in NAMES)
        seeds = max((len(found) for found in by_name.values()), default=0)
        lines.append(
            f"| ({scenario}) {SCENARIOS[scenario].name} | {corpus} | {seeds} | {figures} | {_figure(best)} "
            f"{cell_name.removeprefix('oracle ')} | {ratio} | {won} of {len(compared)} |"
        )
    return "\n".join(lines)


def _figure(seeds: dict[int, float]) -> str:
    if not seeds:
        return "–"
    values = sorted(seeds.values())
    return f"{median(values):.3f} ({values[0]:.3f}–{values[-1]:.3f})"
