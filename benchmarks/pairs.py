"""Alternating pairs: A B A B …, so that a machine whose speed drifts does not decide the comparison."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def ratios(measure_a: Callable[[], float], measure_b: Callable[[], float], pairs: int) -> list[tuple[float, float]]:
    """`pairs` measurements of each, in turn."""
    found = []
    for number in range(pairs):
        # Every other pair starts with B: what the first of two leaves warm must not always help the same one.
        if number % 2 == 0:
            a = measure_a()
            b = measure_b()
        else:
            b = measure_b()
            a = measure_a()
        found.append((a, b))
        print(f"  pair {number + 1}: {a:9.2f} {b:9.2f}  ratio {a / b:.3f}", flush=True)
    return found


def summary(name: str, pairs: list[tuple[float, float]], target: str) -> str:
    """Median ratio with its range, and both medians."""
    quotients = sorted(a / b for a, b in pairs)
    middle = statistics.median(quotients)
    return (
        f"{name}: {middle:.3f} (range {quotients[0]:.3f} to {quotients[-1]:.3f}, {len(pairs)} pairs; reach {target}); "
        f"medians {statistics.median(a for a, _ in pairs):.2f} and {statistics.median(b for _, b in pairs):.2f}"
    )


def in_fresh_process(script: str, *arguments: str, threads: int = 1) -> dict[str, float]:
    """Run `python SCRIPT ARGUMENTS` with so many torch threads; its last line is the result as JSON."""
    env = dict(os.environ) | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
