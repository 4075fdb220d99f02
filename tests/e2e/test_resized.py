"""A terminal made larger and smaller while a run trains: a pseudo-terminal, and tmux where there is one."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from msopt_tui.protocol.commands import Stop
from tests.projects import Session, losses_of
from tests.pty_session import PtySession

pytestmark = pytest.mark.xdist_group("resized")
SIZES = ((80, 24), (220, 60), (60, 15), (120, 36), (20, 5), (160, 45))


class Terminal(Protocol):
    """What the test needs of one."""

    def resize(self, columns: int, lines: int) -> None: ...

    def send(self, keys: str) -> None: ...

    def screen(self) -> list[str]: ...

    def wait(self, what: Callable[[list[str]], bool], said: str) -> None: ...


class Pty:
    def __init__(self, session: PtySession) -> None:
        self._session = session
        self.resize, self.screen = session.resize, session.screen

    def send(self, keys: str) -> None:
        self._session.send(keys)

    def wait(self, what: Callable[[list[str]], bool], said: str) -> None:
        try:
            self._session.wait_for(lambda session: what(session.screen()), 40)
        except TimeoutError as error:
            raise TimeoutError(f"{said}: {error}") from None


class Tmux:
    """A session of a server of its own."""

    def __init__(self, session: Session, *arguments: str) -> None:
        # The path of a socket must be short.
        self._place = tempfile.TemporaryDirectory(prefix="tmux-")
        self._folder, self._env = session.folder, session.env | {"TERM": "xterm-256color"}
        command = shlex.join(session.command(*arguments))
        self._tmux("new-session", "-d", "-s", "it", "-x", "160", "-y", "45", command)

    def close(self) -> None:
        self._tmux("kill-server")
        self._place.cleanup()

    def resize(self, columns: int, lines: int) -> None:
        self._tmux("resize-window", "-t", "it", "-x", str(columns), "-y", str(lines))

    def send(self, keys: str) -> None:
        self._tmux("send-keys", "-t", "it", "-l", keys)

    def screen(self) -> list[str]:
        return [line.rstrip() for line in self._tmux("capture-pane", "-p", "-t", "it").splitlines()]

    def wait(self, what: Callable[[list[str]], bool], said: str) -> None:
        # tmux tells nobody that a pane has changed.
        for _ in range(400):
            if what(self.screen()):
                return
            time.sleep(0.1)
        raise TimeoutError(f"{said}; the screen:\n" + "\n".join(self.screen()))

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", f"{self._place.name}/it", "-f", "/dev/null", *arguments],
            capture_output=True, text=True, check=True, env=self._env, cwd=self._folder, timeout=20,
        )  # fmt: skip
        return done.stdout


@contextmanager
def terminal_of(kind: str, session: Session, *arguments: str) -> Iterator[Terminal]:
    if kind == "tmux":
        tmux = Tmux(session, *arguments)
        try:
            yield tmux
        finally:
            tmux.close()
    else:
        command = session.command(*arguments)
        with PtySession(command, columns=160, lines=45, cwd=session.folder, env=session.env) as pty:
            yield Pty(pty)


def is_whole(columns: int, lines: int) -> Callable[[list[str]], bool]:
    """Whether a screen of this size is drawn to its edges and holds nothing of another size."""

    def check(screen: list[str]) -> bool:
        status = screen[0]
        if "running" not in status and "evaluating" not in status:
            return False
        if columns < 40 or lines < 8:
            return not any(row.strip() for row in screen[1 : lines - 1]) or columns >= 40
        board = screen[1 : lines - 1]
        return (
            all(len(row) == columns and row[-1] in "│╮╯┃" and row[0] in "│╭╰" for row in board)
            and board[0].startswith("╭─ 1 loss")
            and board[-1].startswith("╰")
            and bool(screen[lines - 1].strip())
        )

    return check


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Session]:
    """A run that trains all the while, watched by nobody at first."""
    session = Session(tmp_path_factory.mktemp("resized") / "work", cache)
    process = session.start(str(session.project), "--headless", "train.max_steps=1000000", "train.eval_steps=1000000")
    run = session.wait_for_latest(process)
    session.wait_for(run, lambda state: state.step > 0)
    yield session
    session.send_when(run, Stop(save=False), lambda state: True)
    process.communicate(timeout=60)
    losses = losses_of(run)
    assert list(losses) == list(range(1, len(losses) + 1)), "no step was lost"


@pytest.mark.parametrize("kind", ["pty", "tmux"])
def test_every_size_is_drawn_whole_while_the_run_trains(kind: str, training: Session) -> None:
    if kind == "tmux" and shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    state = training.folder / kind
    (state / "msopt-tui").mkdir(parents=True)
    (state / "msopt-tui/hints-shown").touch()
    training.env["XDG_STATE_HOME"] = str(state)
    run = training.latest()
    with terminal_of(kind, training, "attach", run.name) as shown:
        shown.wait(is_whole(160, 45), "the first frame")
        before = max(losses_of(run))
        for columns, lines in SIZES:
            shown.resize(columns, lines)
            shown.wait(is_whole(columns, lines), f"{columns}×{lines} to be drawn whole")
        assert max(losses_of(run)) > before, "the run goes on meanwhile"
        # A burst of sizes, as a dragged window makes them, with keys in between that change the layout.
        for at in range(12):
            shown.resize(100 + 5 * at, 30 + at)
            shown.send("}" if at % 2 else "<")
        shown.send("2w")
        shown.wait(lambda screen: is_whole(155, 41)(screen) and "2 learning rate" not in "".join(screen), "the burst")
        shown.resize(80, 24)
        shown.wait(is_whole(80, 24), "the person's layout at 80×24")
        shown.send("q")
        shown.wait(lambda screen: "without saving" in "".join(screen), "the question")
        shown.send("d")
