"""The Textual app: themes, the first screen, the way to the history, the command palette."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from textual import events
from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from msopt_tui.config.schema import UiTable
from msopt_tui.link.base import EngineLink
from msopt_tui.paths import themes_dirs
from msopt_tui.ui.hints import Hints
from msopt_tui.ui.keys import CHARTS, Keys
from msopt_tui.ui.layout_memory import LayoutMemory
from msopt_tui.ui.sanitise import SanitisingFilter
from msopt_tui.ui.screens.actions import perform
from msopt_tui.ui.screens.cockpit import CockpitScreen
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.screens.run_view import Options, Outcome, RunView
from msopt_tui.ui.theme import ThemeFile, load_theme, theme_names
from msopt_tui.ui.theme_watch import SECONDS, ThemeWatch
from msopt_tui.ui.ways import NO_WAYS, USUAL_PLACES, Places, Ways
from msopt_tui.ui.widgets.partial_update import SendsChanges

if TYPE_CHECKING:
    from msopt_tui.link.ahead import Ahead
    from msopt_tui.runs.project_file import ProjectFile


class CockpitApp(App[Outcome], inherit_bindings=False):
    """The cockpit of one run, or the history of all.

    `run()` returns how it was left: see `Outcome`; `None` where a signal or a lost terminal ended it.
    """

    TITLE = "msopt-tui"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = []
    CLOSE_TIMEOUT = 1.0

    def __init__(
        self,
        link: EngineLink | None,
        *,
        ways: Ways = NO_WAYS,
        places: Places = USUAL_PLACES,
        config_ui: UiTable | None = None,
        readonly: bool = False,
        open_history: bool = False,
        can_detach: bool = True,
        edit: ProjectFile | None = None,
        ahead: Ahead | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """Make the app; nothing is read from the link before the first frame stands.

        Args:
            link: The run to show; without one the history is shown.
            ways: What the screens can do besides showing.
            places: Runs, themes, and what is remembered of the person.
            config_ui: Theme, frame rate and keys.
            readonly: Show only; no command is sent.
            open_history: Begin with the history of all runs; `link` is then not used.
            can_detach: The run goes on when this process ends; else the quit dialog does not offer to detach.
            edit: Begin with the editor of this project file; `link` is then `None`.
            ahead: Reads the past of `link` already.
            driver_class: The terminal's driver; by default Textual's.
        """
        ui = config_ui or UiTable()
        self._edit, self._link = edit, None if open_history else link
        self._theme_folders = list(themes_dirs() if places.themes is None else places.themes)
        self._theme_watch = ThemeWatch("monochrome" if "NO_COLOR" in os.environ else ui.theme, self._theme_folders)
        self.theme_file, problems = load_theme(self._theme_watch.name, self._theme_folders)
        # Textual does not load the CSS of the base screen by itself.
        css = "edit" if edit is not None else "history" if self._link is None else "cockpit"
        super().__init__(driver_class, f"screens/{css}.tcss", ansi_color=_is_ansi(self.theme_file))
        self.when_settled: Callable[[], None] | None = None
        """Called once, when the first frame stands and, of a run, the past is read."""
        self.keys = Keys(ui.keys)
        self._ways, self._has_hints = ways, ui.hints
        self._ahead = ahead
        self._runs_dir = places.runs_dir or (link.run_dir.parent.parent if link is not None else Path("runs"))
        layout = LayoutMemory(places.layout)
        self._problems = [*problems, *self.keys.problems, *filter(None, [layout.problem])]
        self._options = _options(ui, ways, places)._replace(readonly=readonly, can_detach=can_detach, remembered=layout)
        self._sanitiser = SanitisingFilter()
        self._use_first_theme()

    def _use_first_theme(self) -> None:
        """Before any CSS is read, so that it is read once."""
        self.register_theme(self.theme_file.textual())
        self.set_reactive(App.theme, self.theme_file.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        """The cockpit, the history or the editor is the base screen: one less to make before the first frame."""
        if self._edit is not None:
            return self._editor(self._edit, self.exit)
        if self._link is None:
            return self._history_screen(self.exit)
        return CockpitScreen(self._link, self.keys, self._options._replace(ahead=self._ahead))

    def refresh(self, *, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Redraw everything, whatever the terminal is thought to show: it may have been stopped, or lost frames."""
        for screen in self.screen_stack if self._screen_stack else ():
            if isinstance(screen, SendsChanges):
                screen.forget_terminal()
        return super().refresh(repaint=repaint, layout=layout, recompose=recompose)

    def get_line_filters(self) -> list[LineFilter]:
        """Whatever a widget draws passes the sanitiser."""
        return [*super().get_line_filters(), self._sanitiser]

    async def on_event(self, event: events.Event) -> None:
        """Keys for a cockpit and what it opens are served here and in their turn.

        On the way through its widgets' queues a key would be overtaken: typed fast or over a slow line, `q` `enter`
        would maximise a pane before the dialog that `q` opens is there.
        """
        if isinstance(event, events.Key):
            screen = self.screen
            if self.keys.means(event.key, "redraw"):
                self.refresh()  # on any screen, and in the middle of a dialog
                return
            if isinstance(screen, KeyScreen) and screen.press(event):
                return
        await super().on_event(event)

    def on_mount(self) -> None:
        """What is wrong in `[ui]` is said once, not fatal."""
        if not isinstance(self.screen, RunView):
            self.call_after_refresh(self._settle)
        for problem in self._problems:
            self.notify(problem, severity="warning", timeout=12, markup=False)
        self.set_interval(SECONDS, self.look_at_theme)

    def on_run_view_run_wanted(self, message: RunView.RunWanted) -> None:
        """Show a run that was begun from the cockpit over it."""
        self._push_run(message.link)

    def on_run_view_caught_up(self) -> None:
        """What comes now comes bit by bit."""
        self._settle()

    def _settle(self) -> None:
        settled, self.when_settled = self.when_settled, None
        if settled is not None:
            settled()

    def on_run_view_history_wanted(self) -> None:
        """Show all runs over the cockpit."""
        self.push_screen(self._history_screen())

    def on_queue_wanted(self) -> None:
        """Show the queue over what is there."""
        if self._ways.queue is None:
            self.notify("there is no queue here", severity="warning")
            return
        from msopt_tui.ui.screens.queue import QueueScreen, QueueWays

        self.push_screen(QueueScreen(self.keys, self._runs_dir, QueueWays(self.open_run, *self._ways.queue)))

    def open_run(self, run_dir: Path) -> None:
        """Show another run over the history."""
        if self._ways.open_run is None:
            self.notify("runs can't be opened from here", severity="warning")
            return
        try:
            link = self._ways.open_run(run_dir)
        except (OSError, ValueError) as error:
            self.notify(f"{run_dir.name} can't be opened: {error}", severity="error", markup=False)
            return
        self._push_run(link)

    def resume_run(self, run_dir: Path) -> None:
        """Take a run up again and show it over the history."""
        resume = self._ways.resume_run
        if resume is None:
            self.notify("runs can't be resumed from here", severity="warning")
            return
        self.run_worker(self._begin(resume, run_dir, "not resumed"), exclusive=True, exit_on_error=False)

    async def _begin(self, way: Callable[[Path], EngineLink], path: Path, failed: str) -> None:
        """Go a way that may take a while, and show the run it leads to."""
        try:
            link = await asyncio.to_thread(way, path)
        except (OSError, ValueError) as error:
            self.notify(f"{path.name} {failed}: {error}", severity="error", markup=False)
            return
        self._push_run(link)

    def edit_project(self, path: Path) -> None:
        """Show the editor of a project file over the history."""
        from msopt_tui.runs.project_file import ProjectFile

        try:
            self.push_screen(self._editor(ProjectFile(path)))
        except ValueError as error:
            self.notify(str(error), severity="error", markup=False)

    def start_project(self, path: Path) -> None:
        """Start a run with a project file and show it over what is there."""
        start = self._ways.start_project
        if start is None:
            self.notify("runs can't be started from here", severity="warning")
            return
        self.run_worker(self._begin(start, path, "not started"), exclusive=True, exit_on_error=False)

    def _push_run(self, link: EngineLink) -> None:
        self.push_screen(CockpitScreen(link, self.keys, self._options._replace(is_root=False)))

    def use_theme(self, name: str) -> None:
        """Change the theme now."""
        theme, problems = load_theme(name, self._theme_folders)
        for problem in problems:
            self.notify(problem, severity="warning", markup=False)
        self._theme_watch.use(name)
        self._paint_in(theme)

    def look_at_theme(self) -> None:
        """Repaint where the theme's file was edited; a broken one is named, and the colours stay."""
        theme, problems = self._theme_watch.changed()
        for problem in problems:
            self.notify(problem, severity="warning", markup=False)
        if theme is not None:
            self._paint_in(theme)

    def _paint_in(self, theme: ThemeFile) -> None:
        self.theme_file = theme
        self.ansi_color = _is_ansi(theme, self.no_color)
        self.register_theme(theme.textual())
        if self.theme == theme.name:
            self.mutate_reactive(App.theme)  # the same name, other colours
        self.theme = theme.name

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every action of the key table, and the themes."""
        view = screen if isinstance(screen, RunView) else None
        if view is not None:
            for action in self.keys.actions:
                if action.id not in ("palette", "back") and action.panes in ((), CHARTS):
                    keys = f"{action.help}  {self.keys.key_of(action.id)}"
                    yield SystemCommand(action.title or action.label, keys, lambda action=action: perform(view, action))
        for name in theme_names(self._theme_folders):
            yield SystemCommand(f"theme: {name}", "Change the colours.", lambda name=name: self.use_theme(name))

    def _history_screen(self, leave: Callable[[], None] | None = None) -> Screen[None]:
        from msopt_tui.ui.screens.history import HistoryScreen

        return HistoryScreen(
            self._runs_dir,
            self.open_run,
            self.resume_run,
            leave,
            keys=self.keys,
            edit_project=self.edit_project,
            has_hints=self._has_hints,
        )

    def _editor(self, file: ProjectFile, leave: Callable[[], None] | None = None) -> Screen[None]:
        from msopt_tui.ui.screens.edit import EditScreen

        return EditScreen(self.keys, file, self.start_project, leave)


def _options(ui: UiTable, ways: Ways, places: Places) -> Options:
    """What a cockpit is given of `[ui]`, of the ways out and of the hints."""
    return Options(
        fps=ui.fps,
        resume_run=ways.resume_run,
        branch_run=ways.branch_run,
        alerts=ui.alerts,
        hints=Hints(places.hints) if places.hints is not None and ui.hints else None,
    )


def _is_ansi(theme: ThemeFile, no_color: bool = False) -> bool | None:
    """What Textual is told of colours: `True` passes the terminal's own through, else they become grey for NO_COLOR."""
    return True if theme.ansi or no_color else None
