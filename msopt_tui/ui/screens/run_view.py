"""A run with all its panes on a screen, read from its link and shown; what keys do is in `actions` and `cockpit`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from textual.app import ComposeResult
from textual.message import Message
from textual.timer import Timer

from msopt_tui.config.schema import AlertsTable
from msopt_tui.link.base import EngineLink
from msopt_tui.protocol.commands import Command
from msopt_tui.state.numbers import duration
from msopt_tui.ui.feed import Feed
from msopt_tui.ui.hints import Hints
from msopt_tui.ui.keys import Keys, PaneName
from msopt_tui.ui.layout_memory import LayoutMemory
from msopt_tui.ui.over import Over
from msopt_tui.ui.panes.about import AboutPane
from msopt_tui.ui.panes.banner import MARGINS, Banner, ended_lines, lost_lines
from msopt_tui.ui.panes.board import Board
from msopt_tui.ui.panes.charts import ChartPane, LossPane, RatePane
from msopt_tui.ui.panes.evaluation import EvaluationPane
from msopt_tui.ui.panes.findings import FindingsPane
from msopt_tui.ui.panes.journal import JournalPane
from msopt_tui.ui.panes.pipeline import PipelineStrip
from msopt_tui.ui.panes.resources import ResourcesPane
from msopt_tui.ui.panes.samples import SamplesPane
from msopt_tui.ui.panes.settings import SettingsPane
from msopt_tui.ui.requests import Requests
from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.widgets.chart_mouse import ChartMoved
from msopt_tui.ui.widgets.keybar import KeyBar

if TYPE_CHECKING:
    from msopt_tui.link.ahead import Ahead
    from msopt_tui.ui.screens.data import DataScreen

PAUSE_SECONDS = 0.001
"""Between two slices of a long journal."""
WAIT_SECONDS = 0.005
"""Between two looks whether another process has read it."""
BEHIND_SECONDS = 1.0
"""Between two looks at the panes while such a journal is read, or behind a dialog."""
REST_SECONDS = 1.0
"""Between two looks at a run that nobody is at work on: all that can come is that somebody takes it up again."""
Outcome = Literal["detached", "ended", "left"]
"""How the cockpit was left: the run goes on without it; it is over; it was only looked at."""
ResumeRun = Callable[[Path], EngineLink]
"""Takes a run up again and returns the link to its engine; may block for a while, may raise OSError or ValueError."""

BranchRun = Callable[[Path, int, Sequence[str]], EngineLink]
"""Begins a new run from a checkpoint of a run with `table.key=value` over its settings; may block and raise as well."""


class Options(NamedTuple):
    """What a cockpit may do besides showing."""

    fps: int = 4
    """Redraws a second at most."""
    readonly: bool = False
    """Commands are not sent, proposals are not asked about."""
    can_detach: bool = True
    """The run goes on without this process."""
    resume_run: ResumeRun | None = None
    branch_run: BranchRun | None = None
    is_root: bool = True
    """Leaving it leaves the program; otherwise the screen below comes back."""
    ahead: Ahead | None = None
    """Reads the past of the run that the cockpit begins with."""
    clock: Callable[[], float] = time.monotonic
    alerts: AlertsTable = AlertsTable()
    hints: Hints | None = None
    """What a person sees in their first cockpit; nothing without."""
    remembered: LayoutMemory | None = None
    """The person's layout; without one it is the usual, and nothing is kept."""


class RunView(KeyScreen):
    """Reads the feed `fps` times a second and shows it."""

    CSS_PATH = "cockpit.tcss"
    BINDINGS = []
    AUTO_FOCUS = ""

    class HistoryWanted(Message):
        """The person wants to see all runs."""

    class RunWanted(Message):
        """Another run is to be shown over this one."""

        def __init__(self, link: EngineLink) -> None:
            super().__init__()
            self.link = link

    class CaughtUp(Message):
        """The past of the run is read; from here on it is followed."""

    def __init__(self, link: EngineLink, keys: Keys, options: Options) -> None:
        super().__init__()
        self._link = link
        self.keys = keys
        self.options = options
        self.requests = Requests(options.clock)
        self.strip = PipelineStrip()
        self.banner = Banner()
        self.loss = LossPane()
        self.samples = SamplesPane()
        self.journal = JournalPane()
        self.board = Board(
            [
                self.loss,
                RatePane(),
                ResourcesPane(),
                EvaluationPane(),
                self.samples,
                SettingsPane(),
                self.journal,
                FindingsPane(),
                AboutPane(link.run_dir),
            ],
            options.remembered,
        )
        self.over = Over()
        for pane in self.chart_panes:
            pane.over = self.over
        self.keybar = KeyBar()
        self.is_stopping = False
        """The run was asked to stop from here, and the cockpit leaves when it has."""
        self.asked: tuple[int, str] | None = None
        """Round and id of the proposal that was last put before the person by itself."""
        self.data_screen: DataScreen | None = None
        """The data of this run on a screen of its own, once it was opened."""
        self._is_catching_up = self._has_caught_up = False
        self._has_begun = False
        self._looked_at = 0.0
        """When the panes were drawn last."""
        self._beat: Timer | None = None
        self._beat_seconds = 0.0

    @cached_property
    def feed(self) -> Feed:
        """The run as it is watched; made after the first frame, which does not wait for the reducer's import."""
        return Feed(self._link, self.options.ahead)

    def compose(self) -> ComposeResult:
        """From the top."""
        yield self.strip
        yield self.banner
        yield self.board
        yield self.keybar

    def on_mount(self) -> None:
        """Paint an empty cockpit first, then read."""
        self.set_focus(self.loss, scroll_visible=False)
        self.strip.set_lines([[(" msopt-tui", "title")]])
        self.keybar.show(self.keys.footer("loss"), None)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._has_begun = True
        if self.feed.is_waiting:
            self._looked_at = self.options.clock()  # there is nothing to see yet
        self.tick()

    def tick(self) -> None:
        """Read what came and show it."""
        self.feed.read()
        self.over.follow()
        self._catch_up_soon()
        self._show_what_is_seen()
        self.react()
        self._keep_pace()

    def _show_what_is_seen(self) -> None:
        state, on_top = self.feed.state, self.app.screen
        if self.data_screen is not None and self.data_screen.is_current:
            self.data_screen.show(state)
        elif not self.is_current:
            return
        elif isinstance(on_top, Dialog) and self.options.clock() - self._looked_at < BEHIND_SECONDS:
            # For one cell that changes behind a dialog, Textual draws and tints all of the screen.
            on_top.show(state)
        else:
            self.show_all()

    def _keep_pace(self) -> None:
        """Look as often as something may have come."""
        seconds = REST_SECONDS if self._is_at_rest else 1 / self.options.fps
        if seconds == self._beat_seconds:
            return
        if self._beat is not None:
            self._beat.stop()
        self._beat, self._beat_seconds = self.set_interval(seconds, self.tick), seconds

    @property
    def _is_at_rest(self) -> bool:
        """Nobody is at work on this run nor on one over it, and no dialog waits to be shown how things stand."""
        is_followed = any(not run.state.over for run in self.over)
        return self.feed.at_rest and not is_followed and not isinstance(self.app.screen, Dialog)

    def react(self) -> None:
        """What the state calls for besides being shown."""

    def _catch_up_soon(self) -> None:
        """While the journal has more, read on between keys and not only once a frame."""
        if not self.feed.behind and not self._has_caught_up:
            self._has_caught_up = True
            self.post_message(self.CaughtUp())
        if self.feed.behind and not self._is_catching_up:
            self._is_catching_up = True
            # A timer and not `call_later`: a queue that is never empty would not let other tasks have their turn.
            self.set_timer(WAIT_SECONDS if self.feed.is_waiting else PAUSE_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        self._is_catching_up = False
        self.feed.read()
        self._catch_up_soon()
        if not self.feed.behind and self.is_current:
            self.show_all()  # and not only with the next frame

    def show_all(self) -> None:
        """Bring everything that can be seen up to date."""
        if not self._has_begun:
            return
        state = self.feed.state
        self.strip.show_run(state, self.feed.standing, self.feed.share)
        self._show_banner()
        if self._is_worth_a_look():
            self.board.show(state)
        self.show_keys()
        if isinstance(self.app.screen, Dialog):
            self.app.screen.show(state)

    def _is_worth_a_look(self) -> bool:
        """While a long journal is read, the panes are drawn now and then: each time takes from the reading."""
        now = self.options.clock()
        if self.feed.behind and now - self._looked_at < BEHIND_SECONDS:
            return False
        self._looked_at = now
        return True

    def show_keys(self) -> None:
        """The footer: keys of the focused pane, and how the latest request stands."""
        if self._has_begun:
            feed = self.feed
            alive = feed.alive and not self.options.readonly
            hints = self.keys.footer(self.board.focused, alive=alive, resumable=self._can_resume)
            self.keybar.show(hints, self.requests.message(feed.state))

    @property
    def _can_resume(self) -> bool:
        return self.options.resume_run is not None and self.feed.resumable

    def _show_banner(self) -> None:
        state, width = self.feed.state, self.size.width - MARGINS
        about = self.feed.run_dir, self.keys, self._can_resume, width
        if state.ended is not None:
            self.banner.show_lines(ended_lines(state, state.ended, *about))
        elif self.feed.lost:
            self.banner.show_lines(lost_lines(state, self.feed.link.reason, *about))
        elif self.feed.standing == "no engine":
            silent = f"nothing was heard of it for {duration(time.time() - state.last_time)}"
            self.banner.show_lines(lost_lines(state, silent, *about))
        else:
            hints, steers = self.options.hints, self.feed.alive and not self.options.readonly
            self.banner.show_lines(hints.lines(self.keys, *self.size, steers=steers) if hints is not None else [])

    def send(self, command: Command) -> bool:
        """Send a command, and show at once that it was requested."""
        if self.options.readonly:
            self.requests.say(f"{command.name} not sent: this view is read-only", "warn")
            sent = False
        else:
            sent = self.requests.send(self.feed.link, command)
        self.show_keys()
        return sent

    def say(self, text: str) -> None:
        """A message in the footer."""
        self.requests.say(text, "warn")
        self.show_keys()

    def leave(self, outcome: Outcome) -> None:
        """Leave the program, or go back to the screen below."""
        if self.options.is_root:
            ended = self.feed.state.ended
            self.app.exit(outcome, return_code=ended.exit_code if ended and outcome == "ended" else 0)
        else:
            self.dismiss(None)

    @property
    def chart_pane(self) -> ChartPane:
        """The focused charts, or the loss."""
        focused = self.board.focused_pane
        return focused if isinstance(focused, ChartPane) else self.loss

    @property
    def chart_panes(self) -> list[ChartPane]:
        """All panes of charts."""
        return [pane for pane in self.board.panes.values() if isinstance(pane, ChartPane)]

    def go_to(self, name: PaneName) -> None:
        """Focus a pane and show what it has."""
        self.board.go_to(name)
        self.show_keys()
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Show all once the layout has changed."""
        self.call_after_refresh(self.show_all)

    async def resume(self, resume_run: ResumeRun) -> None:
        """Take the run up again and watch it; the old link goes."""
        self.say("resuming…")
        try:
            link = await asyncio.to_thread(resume_run, self.feed.run_dir)
        except (OSError, ValueError) as error:
            self.requests.say(f"not resumed: {error}", "bad")
            self.show_keys()
            return
        self.feed.close()
        self.feed = Feed(link)
        self.asked = None
        self.requests.say("resumed", "good")
        self.tick()

    def on_chart_moved(self, message: ChartMoved) -> None:
        """All charts show the same stretch and the same step."""
        for pane in self.chart_panes:
            for chart in pane.charts:
                if chart is not message.chart:
                    message.change(chart)

    def on_descendant_focus(self) -> None:
        """The footer shows the keys of the pane that has the focus now."""
        self.show_keys()

    def on_resize(self) -> None:
        """Panes may have come into view."""
        self.refresh_soon()

    def on_screen_resume(self) -> None:
        """Back from another screen: show what happened meanwhile."""
        self.refresh_soon()

    def on_unmount(self) -> None:
        """Let go of the run; it goes on."""
        self.feed.close()
