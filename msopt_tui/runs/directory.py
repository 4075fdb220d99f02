"""The directory of one run: how it is named, where everything in it lies, how its small files are written."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NAME_LIMIT = 60
"""Characters of a name: with time and counter it stays well below the 255 bytes of every file system."""
SOCKET_LIMIT = 103
"""Bytes of a Unix socket's path: `sun_path` holds 108 on Linux and 104 elsewhere, the closing NUL included."""
PRIVATE_DIR = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Layout of a run directory. Nothing here needs to exist yet."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def config(self) -> Path:
        """The resolved project file."""
        return self.path / "config.toml"

    @property
    def meta(self) -> Path:
        """What never changes: `RunMeta`."""
        return self.path / "meta.json"

    @property
    def state(self) -> Path:
        """How it stands: `RunRecord`."""
        return self.path / "state.json"

    @property
    def events(self) -> Path:
        """The journal."""
        return self.path / "events.jsonl"

    @property
    def output_log(self) -> Path:
        """What the engine's process printed, tracebacks included."""
        return self.path / "output.log"

    @property
    def evaluations(self) -> Path:
        """Folder of the evaluations' details."""
        return self.path / "evaluations"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    def checkpoint(self, step: int) -> Path:
        """Folder of the checkpoint of a step."""
        return self.checkpoints / f"checkpoint-{step}"

    @property
    def start(self) -> Path:
        """Folder of the checkpoint that a branch began with: its own copy, whatever becomes of its parent's."""
        return self.path / "start"

    @property
    def best(self) -> Path:
        """Text file: name of the best checkpoint's folder."""
        return self.path / "best"

    @property
    def latest(self) -> Path:
        """Text file: name of the latest checkpoint's folder."""
        return self.path / "latest"

    @property
    def pinned(self) -> Path:
        """Text file: steps of the checkpoints that are kept whatever retention says, one a line."""
        return self.path / "pinned"

    @property
    def lock(self) -> Path:
        """Held by the kernel for the engine that owns the run."""
        return self.path / "lock"

    def control_socket(self) -> Path:
        """The engine's socket: in the run directory, or in a private folder where that path is too long for one.

        Engine and cockpit must come to the same answer in different sessions, so nothing of the environment decides.
        (`$XDG_RUNTIME_DIR` would also be emptied when the last login ends, and the run outlives that.)
        """
        real = os.path.realpath(self.path)
        inside = os.path.join(real, "control.sock")  # noqa: PTH118  # realpath keeps undecodable names, as text
        if len(os.fsencode(inside)) <= SOCKET_LIMIT:
            return Path(inside)
        import hashlib

        digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:32]
        return socket_folder() / f"{digest}.sock"


def socket_folder() -> Path:
    """The folder for the sockets of runs with long paths; see `private_folder` for making or checking it."""
    return Path(f"/tmp/msopt-tui-{os.getuid()}")


def private_folder(path: Path) -> None:
    """Make a folder that is ours alone, or make sure that the one there is.

    Raises PermissionError where it belongs to someone else or others can enter it: whoever owns the folder of a
    socket decides who answers there.
    """
    # A link or a file in its place is caught below: lstat does not follow.
    with contextlib.suppress(FileExistsError):
        _make_private(path)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a folder of yours: have it removed")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{path} is open to others: chmod 700 it or remove it")


def create(
    runs_dir: Path, project_name: str, slug: str = "run", clock: Callable[[], float] = time.time
) -> RunDirectory:
    """Make `<runs_dir>/<project>/<YYYYmmdd-HHMMSS>-<slug>/`, in local time, for this user only.

    Two runs in one second, or a clock that went back, get a number at the end: making a directory is atomic, so
    no two runs ever share one. Raises OSError where the place can't be written.
    """
    project = runs_dir / safe_name(project_name, "project")
    _make_missing(project)
    stem = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(clock()))}-{safe_name(slug, 'run')}"
    number = 1
    while True:
        path = project / (stem if number == 1 else f"{stem}-{number}")
        try:
            _make_private(path)
        except FileExistsError:
            number += 1
            continue
        for folder in ("checkpoints", "evaluations"):
            _make_private(path / folder)
        return RunDirectory(path)


def safe_name(text: str, fallback: str) -> str:
    """A folder name from any text: ASCII letters, digits, `-` and `_`, at most `NAME_LIMIT` of them.

    Where letters are lost or cut off, a hash of the whole text keeps different names different.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")
    complete = text.isascii() and len(name) <= NAME_LIMIT
    if complete:
        return name or fallback
    import hashlib

    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{name[: NAME_LIMIT - 7].rstrip('-_') or fallback}-{digest}"


def write_text_atomic(path: Path, text: str | bytes, durable: bool = True, mode: int = PRIVATE_FILE) -> None:
    """Replace a small file in one go: a reader finds the old text or the new, never half of one.

    With `durable` it also survives a power cut, for the price of waiting for the disk. Raises OSError (disk full,
    read-only, …) and leaves what was there.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    temporary = path.with_name(f".{path.name}-{os.urandom(6).hex()}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, mode)
            file.write(data)
            file.flush()
            if durable:
                os.fsync(fd)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            temporary.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Have the disk remember the names in a folder, after a file in it was made or renamed."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _make_missing(path: Path) -> None:
    """Make a folder and those above it that are missing, all of them private."""
    if path.is_dir():
        return
    if path.parent != path:
        _make_missing(path.parent)
    with contextlib.suppress(FileExistsError):  # another run made it in between
        _make_private(path)


def _make_private(path: Path) -> None:
    """`mkdir` for this user only; the mode is set again because a umask may have taken from it."""
    path.mkdir(mode=PRIVATE_DIR)
    path.chmod(PRIVATE_DIR)
