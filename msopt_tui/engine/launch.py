"""Making a run directory and starting its engine host. Imports neither torch nor the engine: the cockpit's way in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from msopt_tui.config.dump import to_toml
from msopt_tui.config.presets import short_name
from msopt_tui.config.schema import Config
from msopt_tui.runs import directory as directories
from msopt_tui.runs.directory import RunDirectory, write_text_atomic
from msopt_tui.runs.record import RunMeta, read_meta, write_meta


def create_run(config: Config, project_file: Path, runs_dir: Path) -> RunDirectory:
    """A new run directory with its resolved `config.toml` and `meta.json`. Raises OSError where it can't be written."""
    directory = directories.create(runs_dir, config.project.name, short_name(config.model))
    write_text_atomic(directory.config, to_toml(config))
    write_meta(
        directory.meta,
        RunMeta(
            run=directory.name,
            project=config.project.name,
            description=config.project.description,
            created=time.time(),
            git=_git_commit(project_file.resolve().parent),
            project_file=str(project_file.resolve()),
        ),
    )
    return directory


def base_dir_of(directory: RunDirectory) -> Path:
    """The folder that a run's sources are relative to: its project file's."""
    meta = read_meta(directory.meta)
    return Path(meta.project_file).parent if meta and meta.project_file else Path.cwd()


def start_host(directory: RunDirectory, *, unattended: bool) -> subprocess.Popen[bytes]:
    """Start the engine host in a session of its own, so that no terminal's end reaches it."""
    command = [sys.executable, "-m", "msopt_tui.engine.host", str(directory.path)]
    if unattended:
        command.append("--unattended")
    log = os.open(directory.output_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, close_fds=True
        )
    finally:
        os.close(log)


def _git_commit(folder: Path) -> str:
    """Commit of a working directory, read without starting git; empty outside of one."""
    for parent in (folder, *folder.parents):
        head = parent / ".git" / "HEAD"
        if not head.is_file():
            continue
        text = head.read_text(encoding="utf-8", errors="replace").strip()
        if not text.startswith("ref: "):
            return text[:12]
        ref = parent / ".git" / text[5:]
        return ref.read_text(encoding="utf-8", errors="replace").strip()[:12] if ref.is_file() else ""
    return ""
