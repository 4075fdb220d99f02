"""What a person does to runs on the list besides opening them: notes, pins, putting away, export, deleting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from textual.screen import Screen

from msopt_tui.runs.notes import LONGEST_NOTE, branches_of, delete_run, tags_of, write_notes
from msopt_tui.runs.row import RunNotes, RunRow, with_notes
from msopt_tui.ui.screens.history_edit import DeleteDialog, EditDialog
from msopt_tui.ui.theme import Role

Changed = Callable[[RunRow, RunRow | None], None]
"""Told of a row that became another, or none."""
Say = Callable[[str, Role], None]


class Notebook:
    """Writes to the runs' folders, for one screen."""

    def __init__(self, screen: Screen[None], changed: Changed, say: Say) -> None:
        self._screen = screen
        self._changed = changed
        self._say = say

    def edit_tags(self, row: RunRow) -> None:
        """Ask for the tags."""

        def answered(text: str | None) -> None:
            if text is not None:
                self._write(row, msgspec.structs.replace(row.notes, tags=tags_of(text)))

        hint = "words with blanks between; the filter finds them: tag = wide"
        self._ask(EditDialog("tags", row.run, row.tags.strip(), hint, 300), answered)

    def edit_note(self, row: RunRow) -> None:
        """Ask for the note."""

        def answered(text: str | None) -> None:
            if text is not None:
                self._write(row, msgspec.structs.replace(row.notes, note=text.strip()))

        hint = 'the filter finds its words: note ~ "worth repeating"'
        self._ask(EditDialog("note", row.run, row.note, hint, LONGEST_NOTE), answered)

    def pin(self, row: RunRow) -> None:
        """At the top, or no longer."""
        self._write(row, msgspec.structs.replace(row.notes, pinned=not row.pinned))

    def archive(self, row: RunRow, key: str) -> None:
        """Away, or back; `key` lists what is away."""
        archived = not row.archived
        if self._write(row, msgspec.structs.replace(row.notes, archived=archived)):
            self._say(f"{row.run} archived; {key} lists it" if archived else f"{row.run} is back", "good")

    def delete(self, row: RunRow, rows: Sequence[RunRow]) -> None:
        """Ask whether to delete the run, and do it."""
        if not row.over:
            self._say(f"{row.run} is going on: stop it first", "warn")
            return

        def answered(answer: Literal["delete"] | None) -> None:
            if answer is not None:
                self._screen.run_worker(self._delete(row), exit_on_error=False)

        self._screen.app.push_screen(DeleteDialog(row, branches_of(row, rows)), answered)

    def export(self, row: RunRow) -> None:
        """Ask for a folder, and write the run's figures to it."""

        def answered(text: str | None) -> None:
            if text and text.strip():
                self._screen.run_worker(self._export(row, Path(text.strip()).expanduser()), exit_on_error=False)

        hint = "a folder: every step and evaluation as CSV, what the run was as JSON; the model stays where it is"
        self._ask(EditDialog("export to", row.run, f"{row.run}-export", hint, 1_000, "write"), answered)

    async def _export(self, row: RunRow, folder: Path) -> None:
        from msopt_tui.runs.export import export_run

        self._say(f"writing {folder}…", "muted")
        try:
            done = await asyncio.to_thread(export_run, Path(row.path), folder)
        except OSError as error:
            self._say(f"{row.run} not exported: {error.strerror or error}", "bad")
        else:
            self._say(f"{done.steps:,} steps and {done.evaluations:,} evaluations in {done.folder}", "good")

    async def _delete(self, row: RunRow) -> None:
        self._say(f"deleting {row.run}…", "muted")
        try:
            await asyncio.to_thread(delete_run, row)
        except OSError as error:
            self._say(f"{row.run} not deleted: {error}", "bad")
        else:
            self._changed(row, None)
            self._say(f"{row.run} deleted", "good")

    def _ask(self, dialog: EditDialog, answered: Callable[[str | None], None]) -> None:
        self._screen.app.push_screen(dialog, answered)

    def _write(self, row: RunRow, notes: RunNotes) -> bool:
        try:
            write_notes(Path(row.path), notes)
        except OSError as error:
            self._say(f"nothing noted of {row.run}: {error.strerror or error}", "bad")
            return False
        self._changed(row, with_notes(row, notes))
        return True
