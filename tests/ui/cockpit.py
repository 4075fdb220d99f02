"""A cockpit without a terminal, for tests: start it, press keys, feed events, read the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from msopt_tui.config.schema import UiTable
from msopt_tui.protocol import events as ev
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.keys import PaneName
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.screens.cockpit import CockpitScreen
from msopt_tui.ui.screens.run_view import BranchRun, Outcome, ResumeRun
from msopt_tui.ui.ways import OpenRun, Places, Ways
from tests.ui.fake_link import FakeLink

THEMES = (Path(__file__).resolve().parents[2] / "themes",)
SIZE = (160, 45)


class Cockpit:
    """A running cockpit in a test's hands."""

    def __init__(self, app: CockpitApp, pilot: Pilot[Outcome], link: FakeLink) -> None:
        self.app = app
        self.pilot = pilot
        self.link = link

    @property
    def screen(self) -> CockpitScreen:
        """The cockpit screen, also while something is over it."""
        return next(one for one in reversed(self.app.screen_stack) if isinstance(one, CockpitScreen))

    def on_top(self) -> Screen[object]:
        """The screen that has the keys."""
        return self.app.screen

    @property
    def focused(self) -> PaneName | None:
        return self.screen.board.focused

    @property
    def sent(self) -> list[str]:
        """The words of the commands sent so far."""
        return [command.name for command in self.link.sent]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, *keys: str) -> None:
        """Keys in one burst, as a slow line delivers them; quicker than `press`, which waits after each."""
        for name in keys:
            self.app.post_message(events.Key(name, name if len(name) == 1 else None))
        await self.pilot.pause()
        await self.pilot.pause()

    async def feed(self, *events: ev.Event) -> None:
        """The engine says something, and the next frame shows it."""
        self.link.feed(*events)
        await self.frame()

    async def frame(self) -> None:
        """What the timer does, now."""
        self.screen.tick()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that other tasks bring about."""
        for _ in range(1_000):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"waited in vain for {what}")

    def text(self) -> str:
        """The whole screen as text."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def row(self, y: int) -> str:
        """One row of it; negative ones from the bottom."""
        return self.text().splitlines()[y]

    def pane(self, name: PaneName) -> str:
        """All lines of a list pane, seen or not."""
        pane = self.screen.board.panes[name]
        assert isinstance(pane, TextPane)
        return "\n".join("".join(text for text, _ in words) for words in pane.lines)


def make_app(
    link: FakeLink,
    *,
    ui: UiTable | None = None,
    readonly: bool = False,
    can_detach: bool = True,
    open_run: OpenRun | None = None,
    resume_run: ResumeRun | None = None,
    branch_run: BranchRun | None = None,
    runs_dir: Path | None = None,
    layout_file: Path | None = None,
) -> CockpitApp:
    """An app with the themes of the checkout and nobody's own."""
    return CockpitApp(
        link,
        ways=Ways(open_run, resume_run, branch_run),
        places=Places(runs_dir, THEMES, layout_file),
        config_ui=ui,
        readonly=readonly,
        can_detach=can_detach,
    )


@asynccontextmanager
async def started(
    link: FakeLink, app: CockpitApp | None = None, size: tuple[int, int] = SIZE
) -> AsyncIterator[Cockpit]:
    """Run the cockpit until it has shown what the link has."""
    app = app or make_app(link)
    async with app.run_test(size=size) as pilot:
        ui = Cockpit(app, pilot, link)
        await ui.until(lambda: link.polls > 0 and not link.behind, "the journal to be read")
        await ui.frame()
        await pilot.pause()
        yield ui
