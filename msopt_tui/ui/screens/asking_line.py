"""What a cockpit asks in one line: how far, a file, which checkpoint to go back to or to branch from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from msopt_tui.config.fields import find
from msopt_tui.protocol import commands
from msopt_tui.ui.screens.line_dialog import LineDialog
from msopt_tui.ui.screens.run_view import BranchRun, RunView


def open_until(screen: RunView) -> None:
    """Ask at which step to pause."""
    step = screen.feed.state.step

    def check(text: str) -> str:
        if not text.isdecimal():
            return "a step is a whole number"
        return "" if int(text) > step else f"{step} steps are done already"

    dialog = LineDialog("go on until", "step", f"{step:,} are done", check)
    _ask(screen, dialog, lambda text: screen.send(commands.Until(step=int(text))))


def open_file(screen: RunView) -> None:
    """Ask for a file that the current weights are measured on."""

    def check(text: str) -> str:
        return "" if Path(text).expanduser().is_file() else "no such file"

    def chosen(text: str) -> None:
        screen.send(commands.Evaluate(file=str(Path(text).expanduser().absolute())))

    hint = "UTF-8 text, or rows of the task (.jsonl, …)"
    _ask(screen, LineDialog("measure a file", "file", hint, check), chosen)


def open_rollback(screen: RunView) -> None:
    """Ask which checkpoint of this run to go back to."""
    steps = sorted(screen.feed.state.checkpoints)
    if not steps:
        screen.say("there is no checkpoint yet to go back to")
        return
    dialog = LineDialog(
        "roll back", "checkpoint", f"there are {_listed(steps)}", partial(_wrong_step, steps), str(steps[-1])
    )
    _ask(screen, dialog, lambda text: screen.send(commands.RollBack(step=int(text))))


def open_branch(screen: RunView) -> None:
    """Ask for a checkpoint and settings that a new run begins with."""
    steps, branch_run = sorted(screen.feed.state.checkpoints), screen.options.branch_run
    if branch_run is None or screen.options.readonly:
        screen.say("no run can be begun from here")
    elif not steps:
        screen.say("there is no checkpoint yet to branch from")
    else:

        def chosen(text: str) -> None:
            screen.run_worker(_branch(screen, branch_run, text), exclusive=True, exit_on_error=False)

        hint = f"there are {_listed(steps)}; then table.key=value …"
        dialog = LineDialog("branch into a new run", "checkpoint", hint, partial(_wrong_branch, steps), f"{steps[-1]} ")
        _ask(screen, dialog, chosen)


async def _branch(screen: RunView, branch_run: BranchRun, text: str) -> None:
    """Begin the new run and show it over this one."""
    step, *changes = text.split()
    screen.say("branching…")
    try:
        link = await asyncio.to_thread(branch_run, screen.feed.run_dir, int(step), changes)
    except (OSError, ValueError) as error:
        screen.say(f"not branched: {' '.join(str(error).split())}")
        return
    screen.say(f"branched into {link.run_dir.name}")
    screen.post_message(RunView.RunWanted(link))


def _ask(screen: RunView, dialog: LineDialog, then: Callable[[str], object]) -> None:
    def answered(text: str | None) -> None:
        if text is not None:
            then(text)

    screen.app.push_screen(dialog, answered)


_SHOWN = 8
"""Checkpoints that a hint lists: the latest."""


def _listed(steps: list[int]) -> str:
    return ("… " if len(steps) > _SHOWN else "") + ", ".join(map(str, steps[-_SHOWN:]))


def _wrong_step(steps: list[int], text: str) -> str:
    return "" if text.isdecimal() and int(text) in steps else f"there are {_listed(steps)}"


def _wrong_branch(steps: list[int], text: str) -> str:
    step, *changes = text.split()
    for change in changes:
        path, sign, value = change.partition("=")
        if not sign:
            return f"{change}: write table.key=value"
        try:
            find(path).parse(value)
        except KeyError:
            return f"{path}: no such setting"
        except ValueError as error:
            return f"{path}: {error}"
    return _wrong_step(steps, step)
