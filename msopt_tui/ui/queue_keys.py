"""The queue's part of the table of keys."""

from __future__ import annotations

from msopt_tui.ui.key_action import Action


def _action(name: str, keys: tuple[str, ...], label: str, help: str, footer: int = 0) -> Action:  # noqa: A002
    return Action(f"queue_{name}", keys, label, help, "Queue", (), footer, on="queue")


QUEUE: tuple[Action, ...] = (
    _action("open", ("enter",), "open run", "Open the run of the project under the cursor.", 1),
    _action("add", ("a",), "add", "Add a project file; it is checked before.", 2),
    _action("remove", ("x", "delete"), "remove", "Take a project out of the queue; its run stays.", 3),
    _action("earlier", ("K", "shift+up"), "earlier", "Have a project that waits run earlier.", 4),
    _action("later", ("J", "shift+down"), "later", "Have a project that waits run later.", 5),
    _action("again", ("r",), "again", "Have a finished project wait once more, for a new run.", 6),
    _action("work", ("w",), "work it off", "Have the queue worked off where nobody is at it.", 7),
    _action("up", ("up", "k"), "up", "Go to the project above."),
    _action("down", ("down", "j"), "down", "Go to the project below."),
    _action("help", ("?", "f1"), "help", "All keys.", 91),
    _action(
        "back", ("escape", "q", "Q", "ctrl+c", "ctrl+q"), "back", "Leave the queue; it is worked off meanwhile.", 92
    ),
)
