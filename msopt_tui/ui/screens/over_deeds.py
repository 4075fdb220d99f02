"""Putting other runs over this one: which there are, and one of them taken or given back."""

from __future__ import annotations

from pathlib import Path

from msopt_tui.runs.row import RunRow
from msopt_tui.state.numbers import counted, significant
from msopt_tui.ui.daemon import on_daemon
from msopt_tui.ui.screens.pick_many import PickManyDialog
from msopt_tui.ui.screens.run_view import RunView


async def open_over(screen: RunView) -> None:
    """Ask which runs of the same folder shall be over this one."""
    from msopt_tui.runs.history import list_runs

    here = screen.feed.run_dir
    screen.say("looking for runs…")
    try:
        rows = await on_daemon(lambda: list_runs(here.resolve().parent.parent))
    except (OSError, ValueError) as error:
        screen.say(f"the runs can't be listed: {error}")
        return
    rows = [row for row in rows if Path(row.path).resolve() != here.resolve()]
    # The same project first; the newest first in each.
    rows.sort(key=lambda row: row.project != here.parent.name)
    named = {_words(row): Path(row.path) for row in rows}
    if not named:
        screen.say("there is no other run in this folder")
        return
    screen.say(counted(len(named), "other run"))

    def toggle(name: str) -> None:
        path = named[name]
        if screen.over.letter_of(path):
            screen.over.take_away(path)
            screen.show_all()
        else:
            screen.run_worker(_put(screen, path, dialog), group="put", exit_on_error=False)

    hint = "part of a name · enter over, again away · esc done"
    dialog = PickManyDialog(
        "runs over this one", list(named), hint, lambda name: screen.over.letter_of(named[name]), toggle
    )
    screen.app.push_screen(dialog)


async def _put(screen: RunView, path: Path, dialog: PickManyDialog) -> None:
    try:
        await screen.over.put(path)
    except (OSError, ValueError) as error:
        screen.app.notify(f"{path.name}: {error}", severity="warning", markup=False)
        return
    if dialog.is_attached:
        dialog.draw()
    screen.show_all()


def _words(row: RunRow) -> str:
    loss = f" · loss {significant(row.best_loss)}" if row.best_loss is not None else ""
    return f"{row.project}/{row.run} · {row.status} at {row.step:,}{loss}"
