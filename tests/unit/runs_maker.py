"""Run directories for tests, with records as an engine writes them."""

from __future__ import annotations

from pathlib import Path

from msopt_tui.runs.record import RunRecord, write_record


def make_run(runs_dir: Path, name: str, project: str = "docs", **values: object) -> Path:
    """A run directory with a `state.json`; `name` is the whole directory name."""
    path = runs_dir / project / name
    path.mkdir(parents=True)
    defaults: dict[str, object] = {"run": name, "project": project, "status": "completed", "created": 100.0}
    write_record(path / "state.json", RunRecord(**(defaults | values)))  # type: ignore[arg-type]
    return path
