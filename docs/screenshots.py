"""The pictures in docs/screenshots/, taken of real runs: `make screenshots`, some minutes on two cores.

Two small runs of the language reference and one of the classification sample are trained in a folder that is thrown
away. The real cockpit looks at them over the real link, without a terminal, and Textual writes what it drew as SVG.
Braille becomes dots that are drawn: few fonts have it, and a README's reader brings their own.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from msopt_tui.config.load import load_project
from msopt_tui.config.schema import UiTable
from msopt_tui.engine import launch
from msopt_tui.link.base import EngineLink
from msopt_tui.link.socket_client import SocketLink
from msopt_tui.link.tail import JournalLink
from msopt_tui.protocol.commands import Command, Decide
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.ways import Places, Ways

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "screenshots"
PATIENCE = 600.0
"""Seconds for a run to get where it is wanted."""
SMALL = (
    *("model.hidden_size=96", "model.num_hidden_layers=3", "data.max_length=96", "train.max_steps=400"),
    *("train.eval_steps=25", "train.save_steps=100", "refine.probe_steps=20", "refine.max_rounds=2"),
)
BESIDE = (*SMALL, "train.learning_rate=0.0006", "model.dropout=0.0", "refine.mode=off")
CLASSES = ("train.max_steps=120", "train.eval_steps=20", "refine.mode=off")
TEXT = re.compile(
    r'<text class="([^"]*)" x="([^"]*)" y="([^"]*)" textLength="([^"]*)" clip-path="([^"]*)">([^<]*)</text>'
)
"""A run of cells as Rich exports it; its line is 24.4 units high, the base line 18.5 below its top."""
BRAILLE = frozenset(map(chr, range(0x2801, 0x2900)))
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each bit of a braille character."""
WIDE, USUAL, SMALLEST = (160, 45), (120, 36), (80, 24)


class Run:
    """A run at work in a process of its own."""

    def __init__(self, project: Path, runs_dir: Path, overrides: Sequence[str]) -> None:
        self.directory: RunDirectory = launch.create_run(load_project(project, overrides), project, runs_dir)
        self._host = launch.start_host(self.directory, unattended=False)

    def link(self) -> SocketLink:
        """A new way to it."""
        return SocketLink(self.directory.path, host=self._host)

    def until(self, when: Callable[[RunState], bool], then: Callable[[RunState], Command] | None = None) -> None:
        """Wait until the run is there, and send a command."""
        link, state = self.link(), RunState()
        deadline = time.monotonic() + PATIENCE
        while not when(state):
            for event in link.poll():
                state.apply(event)
            if time.monotonic() > deadline or link.status == "lost":
                raise SystemExit(f"{self.directory.name}: {link.reason or 'not where it was to be in time'}")
            time.sleep(0.05)
        if then is not None:
            command = then(state)
            link.send(command)
            while command.id not in state.commands and time.monotonic() < deadline:
                for event in link.poll():
                    state.apply(event)
        link.close()


def with_dots(svg: str) -> str:
    """Braille characters of an exported screen as small squares in their cells."""

    def drawn(match: re.Match[str]) -> str:
        kind, x, y, length, clip, content = match.groups()
        text = html.unescape(content)
        if not any(char in BRAILLE for char in text):
            return match.group()
        width, squares = float(length) / len(text), []
        for column, char in enumerate(text):
            dots = ord(char) - 0x2800 if char in BRAILLE else 0
            for bit, (across, down) in enumerate(DOTS):
                if dots >> bit & 1:
                    left, top = float(x) + (column + 0.13 + 0.5 * across) * width, float(y) - 17.5 + 6.1 * down
                    squares.append(f"M{left:.1f} {top:.1f}h3v3h-3z")
        rest = "".join("\xa0" if char in BRAILLE else char for char in text)
        path = f'<path class="{kind}" d="{"".join(squares)}"/>'
        if not rest.strip("\xa0 "):
            return path
        label = html.escape(rest, quote=False).replace("\xa0", "&#160;").replace(" ", "&#160;")
        return f'<text class="{kind}" x="{x}" y="{y}" textLength="{length}" clip-path="{clip}">{label}</text>{path}'

    return TEXT.sub(drawn, svg)


async def picture(
    name: str,
    link: EngineLink | None,
    size: tuple[int, int],
    keys: Sequence[str] = (),
    *,
    theme: str = "dark",
    runs_dir: Path | None = None,
) -> None:
    """Open the cockpit or the history, press keys, and write what is on the screen."""
    app = CockpitApp(link, config_ui=UiTable(theme=theme), ways=Ways(JournalLink), places=Places(runs_dir))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(2.0)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.5)
        await pilot.pause(0.5)
        OUT.mkdir(exist_ok=True)
        (OUT / f"{name}.svg").write_text(with_dots(app.export_screenshot(title="msopt-tui")), encoding="utf-8")
        print(f"{name}.svg", flush=True)


def take(folder: Path) -> None:
    """All of them."""
    runs_dir = folder / "runs"
    docs, classes = (ROOT / "sample_projects" / name / "project.toml" for name in ("python-docs", "which-library"))
    beside = Run(docs, runs_dir, BESIDE)
    beside.until(lambda state: state.over)
    run = Run(docs, runs_dir, SMALL)
    run.until(lambda state: state.step >= 320)
    asyncio.run(picture("cockpit", run.link(), WIDE))
    asyncio.run(picture("small", run.link(), SMALLEST, theme="high-contrast"))
    run.until(lambda state: bool(state.proposals))
    asyncio.run(picture("proposal", run.link(), USUAL))
    asyncio.run(picture("refine", run.link(), USUAL, ("escape", "8")))
    run.until(
        lambda state: bool(state.proposals),
        lambda state: Decide(proposal=state.proposals[0].id, accept=False, finish=True),
    )
    run.until(lambda state: state.over)
    sorts = Run(classes, runs_dir, CLASSES)
    sorts.until(lambda state: state.over)
    asyncio.run(picture("classification", sorts.link(), USUAL, ("4", "enter")))
    asyncio.run(picture("data", sorts.link(), USUAL, ("D",)))
    asyncio.run(picture("history", None, USUAL, runs_dir=runs_dir))
    asyncio.run(picture("compare", None, USUAL, ("down", "space", "down", "space", "d"), runs_dir=runs_dir))


def main() -> int:
    """Take them all."""
    os.environ.pop("NO_COLOR", None)
    # The history shows the folder's name: one that is nobody's.
    folder = Path(tempfile.gettempdir()) / "msopt-tui-pictures"
    folder.mkdir()
    try:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        take(folder)
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
