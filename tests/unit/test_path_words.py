"""Paths on a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from msopt_tui.ui.path_words import near, path_in


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.chdir(tmp_path)


def test_near_is_as_it_would_be_typed_here(tmp_path: Path) -> None:
    assert near(tmp_path / "runs" / "a") == "runs/a"
    assert near(Path("runs/a")) == "runs/a"
    assert near(Path("/home/ann/work/a.toml")) == "~/work/a.toml"
    assert near(Path("/home/annette/a")) == "/home/annette/a"
    assert near(tmp_path) == str(tmp_path), "never empty"


def test_without_a_working_directory_or_a_home_it_is_the_whole_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Path:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", gone)
    monkeypatch.setattr(Path, "home", gone)
    assert near(Path("/a/b")) == "/a/b"


@pytest.mark.parametrize("width", [0, 1, 2, 9, 11, 40])
def test_the_end_stays(width: int) -> None:
    for path in ("/long/way/to/model", "/données/模型/モデル", "/a\x1b[2J\u202e/b"):
        text = path_in(Path(path), width)
        assert cell_len(text) <= width
        assert "\x1b" not in text
        assert text == path or text[:1] in ("…", "", "/")
    assert path_in(Path("/long/way/to/model"), 9) == "…to/model"
