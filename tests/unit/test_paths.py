"""Where things lie: environment variables, a checkout, a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from msopt_tui import paths


def test_the_users_themes_come_before_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    users, ours = paths.themes_dirs()
    assert users == tmp_path / "msopt-tui" / "themes"
    assert ours.is_dir()
    assert ours.name in ("themes", "_themes")


def test_sample_projects_are_there() -> None:
    assert (paths.sample_projects_dir() / "python-docs").is_dir()


def test_a_wheel_keeps_them_inside_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "msopt_tui"
    (package / "_themes").mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.themes_dirs()[1] == package / "_themes"
    assert paths.sample_projects_dir() == tmp_path / "sample_projects", "not in this wheel: as in a checkout"


@pytest.mark.parametrize("value", [None, "", "relative/folder"])
def test_without_a_usable_variable_the_home_folder_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CACHE_HOME",):
        monkeypatch.delenv(variable, raising=False)
        if value is not None:
            monkeypatch.setenv(variable, value)
    assert paths.cache_dir() == tmp_path / ".cache" / "msopt-tui"
