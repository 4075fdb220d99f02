"""Row 4: killed within an update, a save, a rename, a line of the journal, a race, the index; then as undisturbed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_run_that_is_killed_at_every_point_that_matters_ends_as_the_undisturbed_one() -> None:
    """In a process of its own: it forks, which is sound only while torch has made no thread."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reliability_parts.kill_points"],
        cwd=ROOT,
        env=dict(os.environ) | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = json.loads(done.stdout or "{}")
    assert found.get("wrong") == [], done.stderr[-2000:] or found
    assert len(found["points"]) == 6
