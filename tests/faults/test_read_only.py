"""Row 22: whatever is asked for in a folder that can't be written, there is one clear line and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from msopt_tui.protocol import commands as cmd
from tests.faults.disks import read_only
from tests.ml import live
from tests.projects import Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "work", tmp_path / "cache")


def test_a_new_run_in_a_read_only_folder_is_refused_with_the_way_out(session: Session) -> None:
    with read_only(session.folder):
        done = session.run(str(session.project), "--headless")
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert "can't be made in" in line
    assert "Read-only file system: give another --runs-dir" in line


def test_a_run_there_can_be_looked_at_but_neither_gone_on_with_nor_branched(session: Session) -> None:
    run = live.create(session.folder, "train.max_steps=10", "train.save_steps=5", "evaluate.prompts=[]")
    live.serve(run, {7: [cmd.Stop(save=False)]})
    name = str(run.path)
    words = {
        "resume": ["resume", name, "--headless"],
        "branch": ["branch", name, "--headless"],
        "replay": ["replay", name, "--headless"],
        "reindex": ["reindex"],
    }
    with read_only(session.folder):
        refused = {word: session.run(*arguments) for word, arguments in words.items()}
        shown = [session.run(*arguments) for arguments in (["show", name], ["history"])]
    for word, done in refused.items():
        assert done.returncode == 1, word
        lines = (done.stdout + done.stderr).splitlines()
        assert len(lines) == 1, (word, lines)
        assert "Read-only file system" in lines[0], word
    assert [done.returncode for done in shown] == [0, 0]
