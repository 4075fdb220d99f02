"""The wheel: themes and sample projects are inside, and it runs from another directory without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    # Without isolation: hatchling is here, and a build must not need the network in a test.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("*.whl"))


def test_the_wheel_holds_what_the_program_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "msopt_tui/_themes/dark.toml" in names
    assert "msopt_tui/_sample_projects/python-docs/project.toml" in names
    assert {name for name in names if name.endswith("cockpit.tcss")}
    shipped = {f"msopt_tui/{path.relative_to(ROOT / 'msopt_tui')}" for path in (ROOT / "msopt_tui").rglob("*.py")}
    assert shipped <= names
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)


def test_the_installed_program_trains_from_another_directory(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # In front of the editable install: what runs is what the wheel brought.
    env = dict(os.environ) | {"PYTHONPATH": str(site), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    where = "import msopt_tui.paths as p; print(p.__file__); print(p.sample_projects_dir()); print(p.themes_dirs()[-1])"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert all(line.startswith(str(site)) for line in found), found
    project = Path(found[1]) / "python-docs" / "project.toml"
    arguments = [str(project), "--headless", "train.max_steps=3", "train.warmup_steps=1", "refine.mode=off"]
    small = ["model.hidden_size=16", "model.num_hidden_layers=1", "data.max_length=16", "evaluate.max_new_tokens=2"]
    done = subprocess.run(
        [sys.executable, "-m", "msopt_tui", *arguments, *small],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "run completed" in done.stdout
