from __future__ import annotations

from pathlib import Path

from msopt_tui.config.load import load_project
from msopt_tui.engine.launch import base_dir_of, create_run
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.record import read_meta
from tests.projects import write_project


def test_a_run_directory_holds_the_resolved_project_and_where_it_came_from(tmp_path: Path) -> None:
    project = write_project(tmp_path / "work")
    config = load_project(project, ["train.seed=7"])
    run = create_run(config, project, tmp_path / "runs")
    assert load_project(run.config) == config
    meta = read_meta(run.meta)
    assert meta is not None
    assert (meta.run, meta.project) == (run.name, "tiny")
    assert base_dir_of(run) == tmp_path / "work"
    assert run.path.parent == tmp_path / "runs" / "tiny"


def test_the_commit_is_read_without_git(tmp_path: Path) -> None:
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("0123456789abcdef\n")
    project = write_project(tmp_path / "work")
    run = create_run(load_project(project), project, tmp_path / "runs")
    meta = read_meta(run.meta)
    assert meta is not None
    assert meta.git == "0123456789ab"


def test_without_meta_the_working_directory_is_the_base(tmp_path: Path) -> None:
    assert base_dir_of(RunDirectory(tmp_path)) == Path.cwd()
