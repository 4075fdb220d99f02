"""What each action of the key table does on the cockpit screen."""

from __future__ import annotations

from collections.abc import Callable

from msopt_tui.protocol import commands
from msopt_tui.ui.keys import PANES, Action, PaneName
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.screens.chart_deeds import CHART_DEEDS
from msopt_tui.ui.screens.key_screen import QueueWanted
from msopt_tui.ui.screens.layout_deeds import LAYOUT_DEEDS
from msopt_tui.ui.screens.run_view import RunView
from msopt_tui.ui.widgets.chart import Chart

Deed = Callable[[RunView], None]


def perform(screen: RunView, action: Action) -> None:
    """Do what a key is for."""
    if action.command is not None:
        screen.send(action.command())
    elif action.id in PANES:
        screen.go_to(_pane_name(action.id))
    else:
        DEEDS[action.id](screen)


def open_proposal(screen: RunView) -> None:
    """Put the proposal before the person."""
    from msopt_tui.ui.screens import asking  # the first frame does not wait for the dialogs

    asking.open_proposal(screen)


def _pane_name(name: str) -> PaneName:
    return next(pane for pane in PANES if pane == name)


def _pause(screen: RunView) -> None:
    # A second press before the first was served takes it back.
    state = screen.feed.state
    is_pausing = screen.requests.waits_for(commands.Pause, state)
    is_paused = state.status == "paused" and not screen.requests.waits_for(commands.Continue, state)
    screen.send(commands.Continue() if is_paused or is_pausing else commands.Pause())


def _refine(screen: RunView) -> None:
    if screen.feed.state.proposals and screen.feed.alive and not screen.options.readonly:
        open_proposal(screen)
    else:
        screen.send(commands.Refine())


def _resume(screen: RunView) -> None:
    resume_run = screen.options.resume_run
    if screen.feed.alive:
        screen.say("the run is under way: there is nothing to resume")
    elif not screen.feed.resumable:
        screen.say(f"the run is {screen.feed.state.status}: there is nothing to go on with")
    elif resume_run is None:
        screen.say("this run can't be resumed from here")
    else:
        screen.run_worker(screen.resume(resume_run), exclusive=True, exit_on_error=False)


def _postmortem(screen: RunView) -> None:
    from msopt_tui.ui.screens.postmortem import Ended, PostmortemScreen

    feed, ended = screen.feed, screen.feed.state.ended
    failed = ended is not None and ended.status == "failed"
    if not failed and feed.standing not in ("lost", "no engine"):
        screen.say("nothing went wrong: the run " + ("is under way" if ended is None else f"is {ended.status}"))
        return
    what = Ended(
        feed.run_dir,
        "failed" if failed else "the engine is gone",
        feed.state.step,
        ended.reason if ended else feed.link.reason,
        max(feed.state.checkpoints, default=None),
    )
    can_resume = feed.resumable and screen.options.resume_run is not None
    screen.app.push_screen(PostmortemScreen(screen.keys, what, (lambda: _resume(screen)) if can_resume else None))


def _redraw(screen: RunView) -> None:
    screen.app.refresh()


def _quit(screen: RunView) -> None:
    from msopt_tui.ui.screens import asking

    if screen.options.is_root and screen.feed.alive and not screen.options.readonly:
        asking.open_quit(screen)
    else:
        was_ours = screen.feed.state.over and screen.feed.link.status != "readonly"
        screen.leave("ended" if was_ours else "left")


def _adjust(screen: RunView) -> None:
    from msopt_tui.ui.screens import asking

    if screen.feed.alive and not screen.options.readonly:
        asking.open_adjust(screen)
    else:
        screen.say("nothing to adjust: no engine takes commands here")


def _try_prompt(screen: RunView) -> None:
    from msopt_tui.ui.screens.playground import PlaygroundDialog

    if screen.feed.alive and not screen.options.readonly:
        screen.app.push_screen(PlaygroundDialog(screen.feed.state, screen.send, screen.tick))
    else:
        screen.say("no engine takes commands here")


def _asking_line(opener: str) -> Deed:
    """A question of one line, where an engine takes the answer."""

    def deed(screen: RunView) -> None:
        from msopt_tui.ui.screens import asking_line

        if screen.feed.alive and not screen.options.readonly:
            openers: dict[str, Deed] = {
                "until": asking_line.open_until,
                "file": asking_line.open_file,
                "rollback": asking_line.open_rollback,
            }
            openers[opener](screen)
        else:
            screen.say("no engine takes commands here")

    return deed


def _branch(screen: RunView) -> None:
    from msopt_tui.ui.screens import asking_line

    asking_line.open_branch(screen)


def _help(screen: RunView) -> None:
    from msopt_tui.ui.screens import asking

    asking.open_help(screen)


def _palette(screen: RunView) -> None:
    screen.app.action_command_palette()


def _data(screen: RunView) -> None:
    from msopt_tui.ui.screens.data import DataScreen

    screen.data_screen = DataScreen(screen.keys, screen.feed.state)
    screen.app.push_screen(screen.data_screen)


def _history(screen: RunView) -> None:
    screen.post_message(RunView.HistoryWanted())


def _queue(screen: RunView) -> None:
    screen.post_message(QueueWanted())


def _maximise(screen: RunView) -> None:
    board = screen.board
    focused = board.focused
    if focused is not None:
        board.maximise(None if board.maximised else focused)
        board.focus_pane(focused)
        screen.refresh_soon()


def _maximise_journal(screen: RunView) -> None:
    is_open = screen.board.maximised == "journal"
    screen.board.maximise(None if is_open else "journal")
    screen.board.focus_pane("journal" if not is_open or "journal" in screen.board.shown else "loss")
    screen.refresh_soon()


def _back(screen: RunView) -> None:
    board, hints = screen.board, screen.options.hints
    if hints is not None and hints.close():
        screen.show_all()
    elif board.focused == "journal" and screen.journal.filter:
        screen.journal.use_filter("")
    elif board.maximised is not None:
        name = board.maximised
        board.maximise(None)
        board.focus_pane(name if name in board.shown else "loss")
        screen.refresh_soon()
    elif not screen.options.is_root:
        screen.leave("left")


def _go(by: int) -> Deed:
    def deed(screen: RunView) -> None:
        screen.board.step(by)
        screen.refresh_soon()

    return deed


def _smooth(by: int) -> Deed:
    return lambda screen: screen.loss.smooth(by)


def _log_scale(screen: RunView) -> None:
    for chart in screen.chart_pane.charts:
        chart.toggle_log()


def _robust(screen: RunView) -> None:
    for chart in screen.chart_pane.charts:
        chart.toggle_robust()


def _cursor(columns: int) -> Deed:
    """The focused chart's cursor moves; all others show the same step."""

    def deed(screen: RunView) -> None:
        first, *_ = screen.chart_pane.charts
        first.move_cursor(columns)
        for pane in screen.chart_panes:
            for chart in pane.charts:
                chart.cursor_step = first.cursor_step

    return deed


def _charts(change: Callable[[Chart], None]) -> Deed:
    """The same change of view in all charts."""

    def deed(screen: RunView) -> None:
        for pane in screen.chart_panes:
            for chart in pane.charts:
                change(chart)

    return deed


def _turn(by: int) -> Deed:
    return lambda screen: screen.samples.turn(by)


def _scroll(pages: float = 0, lines: int = 0, *, far: bool = False) -> Deed:
    """Scroll the focused list: by lines, by pages, or as far as it goes."""

    def deed(screen: RunView) -> None:
        pane = screen.board.focused_pane
        if isinstance(pane, TextPane):
            by = len(pane.lines) if far else max(pane.size.height - 1, 1)
            pane.scroll_lines(lines + round(pages * by))

    return deed


def _follow(screen: RunView) -> None:
    journal = screen.journal
    journal.set_follow(not journal.follow)
    journal.scroll_lines(0, to_end=journal.follow)


DEEDS: dict[str, Deed] = {
    "pause": _pause,
    "refine": _refine,
    "adjust": _adjust,
    "until": _asking_line("until"),
    "try_prompt": _try_prompt,
    "try_file": _asking_line("file"),
    "roll_back": _asking_line("rollback"),
    "branch": _branch,
    "resume": _resume,
    "postmortem": _postmortem,
    "next_pane": _go(1),
    "previous_pane": _go(-1),
    "maximise": _maximise,
    "back": _back,
    "maximise_journal": _maximise_journal,
    **LAYOUT_DEEDS,
    "log_scale": _log_scale,
    "smoother": _smooth(1),
    "rougher": _smooth(-1),
    "smooth_default": _smooth(0),
    "cursor_left": _cursor(-1),
    "cursor_right": _cursor(1),
    "zoom_in": _charts(lambda chart: chart.zoom(1.5)),
    "zoom_out": _charts(lambda chart: chart.zoom(1 / 1.5)),
    "pan_left": _charts(lambda chart: chart.pan(-0.25)),
    "pan_right": _charts(lambda chart: chart.pan(0.25)),
    "whole_run": _charts(Chart.reset_view),
    "robust": _robust,
    **CHART_DEEDS,
    "sample_before": _turn(-1),
    "sample_after": _turn(1),
    "sample_steps": lambda screen: screen.samples.toggle_history(),
    "scroll_up": _scroll(lines=-1),
    "scroll_down": _scroll(lines=1),
    "page_up": _scroll(-1),
    "page_down": _scroll(1),
    "top": _scroll(-1, far=True),
    "bottom": _scroll(1, far=True),
    "follow": _follow,
    "data": _data,
    "history": _history,
    "queue": _queue,
    "help": _help,
    "palette": _palette,
    "redraw": _redraw,
    "quit": _quit,
}
"""By the id of the action; those with a command of their own and the panes are not here."""
