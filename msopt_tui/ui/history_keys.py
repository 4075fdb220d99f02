"""The history's part of the table of keys; `keys.py` joins it to the cockpit's."""

from __future__ import annotations

from msopt_tui.ui.key_action import Action


def _action(name: str, keys: tuple[str, ...], label: str, help: str, footer: int = 0) -> Action:  # noqa: A002
    return Action(f"history_{name}", keys, label, help, "History", (), footer, on="history")


HISTORY: tuple[Action, ...] = (
    _action("open", ("enter",), "open", "Open the run; one that died can be resumed instead.", 1),
    _action("resume", ("R",), "resume", "Take the run up again.", 2),
    _action("filter", ("/",), "filter", "Filter: words, or `val_loss < 2 and task = chat`.", 3),
    _action("sort", ("s",), "sort by", "Sort by any column, metric or setting.", 4),
    _action("sort_left", ("left",), "sort by the column before", "Sort by the column to the left."),
    _action("sort_right", ("right",), "sort by the next column", "Sort by the column to the right."),
    _action("reverse", ("o",), "other way round", "Turn the order round.", 10),
    _action("tags", ("t",), "tags", "Write tags; `tag = wide` in the filter finds them.", 5),
    _action("note", ("n",), "note", "Write a note.", 6),
    _action("pin", ("p",), "pin", "Keep the run at the top, or no longer.", 7),
    _action("archive", ("a",), "archive", "Put the run away, or back.", 8),
    _action("archived", ("A",), "show archived", "List the archived runs too, or no longer."),
    _action("delete", ("x", "delete"), "delete", "Delete the run and all in its folder; asks first.", 9),
    _action("export", ("e",), "export", "Write the figures of the run as files: steps, evaluations, what it was.", 13),
    _action("mark", ("space",), "mark", "Mark the run for a comparison, or no longer.", 11),
    _action("compare", ("d",), "compare", "Compare the marked runs: settings that differ, metrics, curves.", 12),
    _action("lineage", ("L",), "lineage", "What branched from what, as a tree."),
    _action("postmortem", ("!",), "what went wrong", "What went wrong: traceback, last journal lines, ways on.", 14),
    _action("edit", ("E",), "edit project", "Edit the project file of the run, or another one, and start it.", 15),
    _action("queue", ("Q",), "queue", "Project files that run one after another: look at, add, reorder.", 16),
    _action("up", ("up", "k"), "up", "Go to the run above."),
    _action("down", ("down", "j"), "down", "Go to the run below."),
    _action("page_up", ("pageup",), "page up", "Go a page up."),
    _action("page_down", ("pagedown",), "page down", "Go a page down."),
    _action("top", ("g", "home"), "first", "Go to the first run."),
    _action("bottom", ("G", "end"), "last", "Go to the last run."),
    _action("back", ("escape",), "back", "Out of the filter, then out of the history."),
    _action("help", ("?", "f1"), "help", "All keys.", 91),
    _action("leave", ("q", "h", "f2", "ctrl+c", "ctrl+q"), "leave", "Leave the history.", 92),
)
