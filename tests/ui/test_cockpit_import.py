from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("torch", "numpy", "transformers", "datasets", "tokenizers", "safetensors", "plotext", "psutil", "pandas")
NOT_BEFORE_THE_FIRST_FRAME = (
    "msopt_tui.state.run_state",
    "msopt_tui.ui.screens.asking",
    "msopt_tui.ui.screens.history",
    "msopt_tui.runs.index",
    "textual.widgets._text_area",
    "textual.widgets._markdown",
    "textual.widgets._data_table",
    "sqlite3",
)


def loaded_by(code: str) -> set[str]:
    """Modules that a fresh interpreter has loaded after running some code."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout))


def test_the_cockpit_loads_nothing_of_machine_learning() -> None:
    assert not loaded_by("import msopt_tui.ui.app, msopt_tui.ui.screens.asking").intersection(HEAVY)


def test_what_the_first_frame_does_not_need_is_not_waited_for() -> None:
    assert not loaded_by("import msopt_tui.ui.start").intersection(NOT_BEFORE_THE_FIRST_FRAME)


def test_the_key_table_needs_no_toolkit() -> None:
    loaded = loaded_by(
        "import msopt_tui.ui.keys, msopt_tui.ui.arrange; print(end=msopt_tui.ui.keys.markdown_table()[:0])"
    )
    assert not {"textual", "rich"} & loaded
