"""The editor's part of the table of keys; none of them is a character, since those are typed."""

from __future__ import annotations

from msopt_tui.ui.key_action import Action


def _action(name: str, keys: tuple[str, ...], label: str, help: str, footer: int) -> Action:  # noqa: A002
    return Action(f"editor_{name}", keys, label, help, "Project file", (), footer, on="editor")


EDITOR: tuple[Action, ...] = (
    _action("save", ("ctrl+s",), "save", "Save the project file; asks where it was changed by others meanwhile.", 1),
    _action("start", ("ctrl+r", "f5"), "start", "Save it and start a run with it, if nothing is wrong with it.", 2),
    _action("next_problem", ("ctrl+n", "f8"), "next problem", "Go to the line of the next problem.", 3),
    _action("help", ("f1",), "help", "All keys.", 91),
    _action("back", ("escape", "ctrl+q"), "leave", "Leave the editor; asks where something is not saved.", 92),
)
