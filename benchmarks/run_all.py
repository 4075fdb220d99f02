"""Every figure of benchmarks/README.md, one script after the other, on a machine that should do nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    *("training_speed.py", "cockpit.py", "chart_cost.py", "preprocess.py", "history.py", "refinement.py"),
    *("save_cost.py", "reliability.py", "soak.py", "large_run.py"),
)


def main() -> int:
    folder = Path(__file__).resolve().parent
    failed = 0
    for script in SCRIPTS:
        print(f"== {script}", flush=True)
        failed |= subprocess.run([sys.executable, str(folder / script)], cwd=folder.parent, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
