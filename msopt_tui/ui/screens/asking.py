"""The dialogs of the cockpit and what their answers lead to; imported with the first one, not with the first frame."""

from __future__ import annotations

from functools import partial

from msopt_tui.config.fields import Scalar, find
from msopt_tui.protocol import commands
from msopt_tui.protocol.adjustable import ADJUSTABLE, check
from msopt_tui.ui.screens.changes import Changes, ChangesDialog
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.screens.proposal import ProposalDialog, Verdict
from msopt_tui.ui.screens.quit import Leaving, QuitDialog
from msopt_tui.ui.screens.run_view import RunView

OWN = "own"
"""Id of a change that a person thought of."""


def open_proposal(screen: RunView) -> None:
    """Put the proposal before the person."""
    screen.app.push_screen(ProposalDialog(screen.feed.state), partial(_decide, screen))


def _decide(screen: RunView, verdict: Verdict | None) -> None:
    if verdict is None:
        if screen.feed.state.proposals:
            screen.say(f"the run waits; {screen.keys.key_of('refine')} opens the proposal again")
        return
    proposal = verdict.proposal
    if verdict.what == "edit":
        form = ChangesDialog(
            "edit the proposal", list(proposal.changes), screen.feed.state.settings, _any_setting, proposal.changes
        )
        screen.app.push_screen(form, partial(_accept_edited, screen, proposal.id))
    elif verdict.what == "own":
        form = ChangesDialog(
            "your own change for the next round", list(ADJUSTABLE), screen.feed.state.settings, _any_setting
        )
        screen.app.push_screen(form, partial(_accept_edited, screen, OWN))
    else:
        screen.send(
            commands.Decide(proposal=proposal.id, accept=verdict.what == "accept", finish=verdict.what == "finish")
        )


def _accept_edited(screen: RunView, proposal: str, changes: Changes | None) -> None:
    if changes is not None:
        screen.send(commands.Decide(proposal=proposal, accept=True, changes=changes.values))
    elif screen.feed.state.proposals:
        open_proposal(screen)


def _any_setting(name: str, text: str) -> Scalar:
    """A value for the next round, which may change settings that a round under way can't."""
    try:
        value = find(name).parse(text)
    except KeyError:
        raise ValueError(f"{name}: no such setting") from None
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"{name} is a list: it can't be changed here")
    return value


def open_adjust(screen: RunView) -> None:
    """Ask which settings to change."""
    form = ChangesDialog("adjust from the next step on", list(ADJUSTABLE), screen.feed.state.settings, check)
    screen.app.push_screen(form, partial(_send_changes, screen))


def _send_changes(screen: RunView, changes: Changes | None) -> None:
    if changes is not None:
        screen.send(commands.Adjust(changes=changes.values, why=changes.why))


def open_quit(screen: RunView) -> None:
    """Ask how to leave."""
    dialog = QuitDialog(can_detach=screen.options.can_detach, is_stopping=screen.is_stopping)
    screen.app.push_screen(dialog, partial(_leave_as, screen))


def _leave_as(screen: RunView, how: Leaving | None) -> None:
    if how == "detach":
        screen.leave("detached")
    elif how is not None:
        screen.is_stopping = screen.send(commands.Stop(save=how == "save"))


def open_help(screen: RunView) -> None:
    """Show all keys."""
    screen.app.push_screen(HelpDialog(screen.keys))
