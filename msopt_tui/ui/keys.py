"""The one table of keys: dispatch, footer, help screen, README and `[ui.keys]` all read it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msopt_tui.config.fields import nearest
from msopt_tui.protocol import commands
from msopt_tui.ui.editor_keys import EDITOR
from msopt_tui.ui.history_keys import HISTORY
from msopt_tui.ui.key_action import CHARTS, LISTS, PANES, Action, Group, PaneName, Place
from msopt_tui.ui.queue_keys import QUEUE

__all__ = [
    "ACTIONS",
    "BY_ID",
    "CHARTS",
    "LISTS",
    "PANES",
    "Action",
    "Group",
    "Keys",
    "PaneName",
    "markdown_table",
    "shown",
]


def _pane(number: int, name: PaneName, what: str) -> Action:
    return Action(name, (str(number),), f"go to {name}", f"Go to {what}.", "Panes")


def _chart(id: str, key: str, label: str, help: str, footer: int = 0, title: str = "") -> Action:  # noqa: A002
    return Action(id, (key,), label, help, "Charts", CHARTS, footer, title=title)


def _list(id: str, keys: tuple[str, ...], label: str, help: str, footer: int = 0) -> Action:  # noqa: A002
    return Action(id, keys, label, help, "Lists and samples", LISTS, footer)


def _sample(id: str, key: str, label: str, help: str, footer: int) -> Action:  # noqa: A002
    return Action(id, (key,), label, help, "Lists and samples", (), footer, None, "samples")


ACTIONS: tuple[Action, ...] = (
    Action("pause", ("p",), "pause", "Pause before the next step, or go on.", "Run", (), 20),
    Action("evaluate", ("e",), "evaluate", "Evaluate the current weights now.", "Run", (), 21, commands.Evaluate),
    Action("refine", ("r",), "refine", "End the round and refine, or open the proposal that waits.", "Run", (), 22),
    Action("adjust", ("a",), "adjust", "Change settings from the next step on.", "Run", (), 23),
    Action("undo", ("z",), "undo", "Take the last adjustment back.", "Run", (), 25, commands.Undo),
    Action("save", ("s",), "save", "Write a checkpoint now.", "Run", (), 24, commands.Save),
    Action("step", ("n",), "one step", "Take one step and pause again.", "Run", (), 0, commands.Step),
    Action("until", ("u",), "go on until", "Go on until a step, then pause; asks which.", "Run"),
    Action(
        "try_prompt",
        ("t",),
        "try a prompt",
        "Type prompts to the current weights and read the answers as they are written.",
        "Run",
    ),
    Action("try_file", ("M",), "measure a file", "Measure the current weights on a file of text or rows.", "Run"),
    Action(
        "pin_checkpoint", ("P",), "pin checkpoint", "Keep the latest checkpoint for good.", "Run", (), 0, commands.Pin
    ),
    Action("roll_back", ("B",), "roll back", "Put a checkpoint's weights in force again; asks which.", "Run"),
    Action("branch", ("b",), "branch", "Begin a new run from a checkpoint, with edited settings.", "Run"),
    Action("resume", ("R",), "resume", "Resume a run that has ended or was lost.", "Run", (), 19),
    Action("postmortem", ("!",), "what went wrong", "What went wrong: traceback, last journal lines, ways on.", "Run"),
    _pane(1, "loss", "the loss, training and validation"),
    _pane(2, "rate", "learning rate and gradient norm"),
    _pane(3, "resources", "resources: CPU, memory, disk, GPUs"),
    _pane(4, "evaluation", "the metrics of all evaluations"),
    _pane(5, "samples", "samples: the prompts continued"),
    _pane(6, "settings", "the settings in force"),
    _pane(7, "journal", "the journal: what happened, who asked"),
    _pane(8, "findings", "refinement: findings, proposals, rounds"),
    _pane(9, "about", "data, model, versions, folders"),
    Action("next_pane", ("tab",), "next pane", "Go to the next pane.", "Panes"),
    Action("previous_pane", ("shift+tab",), "previous pane", "Go to the pane before.", "Panes"),
    Action("maximise", ("enter",), "maximise", "Maximise the focused pane, or put it back.", "Panes", (), 40),
    Action("back", ("escape",), "back", "One layer back: out of a dialog or a maximised pane.", "Panes"),
    Action("hide_pane", ("w",), "hide pane", "Hide the focused pane; one that is hidden gets its place back.", "Panes"),
    Action("usual_layout", ("W",), "usual layout", "All panes back in their usual places and sizes.", "Panes"),
    Action("side_wider", ("<",), "wider side", "Make the columns at the side wider.", "Panes"),
    Action("side_narrower", (">",), "narrower side", "Make the columns at the side narrower.", "Panes"),
    Action("pane_taller", ("}",), "taller pane", "Make the focused pane taller.", "Panes"),
    Action("pane_shorter", ("{",), "shorter pane", "Make the focused pane shorter.", "Panes"),
    Action("maximise_journal", ("l",), "journal", "Maximise the journal, or put it back.", "Panes"),
    Action(
        "log_scale",
        ("y",),
        "log scale",
        "Logarithmic or linear value axis.",
        "Charts",
        (),
        26,
    ),
    Action("smoother", ("+",), "smoother", "Smooth the training loss more.", "Charts", (), 27),
    Action("rougher", ("-",), "rougher", "Smooth the training loss less.", "Charts", (), 28),
    Action("smooth_default", ("0",), "usual smoothing", "Smooth the training loss as at first.", "Charts"),
    _chart(
        "cursor_left", "left", "cursor", "Move the cursor of all charts to earlier steps.", 1, "cursor to earlier steps"
    ),
    _chart("cursor_right", "right", "cursor to later steps", "Move the cursor of all charts to later steps."),
    _chart("zoom_in", "up", "zoom", "Show fewer steps, around the cursor or the latest.", 2, "zoom in"),
    _chart("zoom_out", "down", "zoom out", "Show more steps."),
    _chart("pan_left", "shift+left", "pan to earlier steps", "Move the charts to earlier steps."),
    _chart("pan_right", "shift+right", "pan to later steps", "Move the charts to later steps."),
    _chart("whole_run", "home", "whole run", "Show the whole run, without the cursor.", 3),
    Action("x_axis", ("x",), "x axis", "Count the x axis in steps, tokens, training time or epochs.", "Charts"),
    Action(
        "metric", ("m",), "choose metric", "Choose what the second small chart shows: any figure of the run.", "Charts"
    ),
    Action(
        "filter",
        ("/",),
        "find or filter",
        "Find a figure for the small chart, or filter the journal by words and kinds.",
        "Charts",
    ),
    Action("over", ("O",), "other runs", "Put other runs over this one in its charts, or take them away.", "Charts"),
    _chart("robust", "o", "outliers out or in", "Leave the outermost values out of the axis, or in."),
    _sample("sample_before", "[", "earlier samples", "Samples of the evaluation before; over the steps, another.", 35),
    _sample("sample_after", "]", "later samples", "Samples of the evaluation after; over the steps, another.", 36),
    _sample(
        "sample_steps", "v", "over steps", "The first sample in view at all evaluations, or all samples again.", 37
    ),
    _list("scroll_up", ("up",), "scroll", "Scroll one line up.", 2),
    _list("scroll_down", ("down",), "scroll down", "Scroll one line down."),
    _list("page_up", ("pageup",), "page up", "Scroll a page up."),
    _list("page_down", ("pagedown",), "page down", "Scroll a page down."),
    _list("top", ("g", "home"), "top", "Go to the first line.", 3),
    _list("bottom", ("G", "end"), "bottom", "Go to the last line and follow.", 4),
    Action("follow", ("f",), "follow", "Follow new lines, or stay.", "Lists and samples", ("journal",), 1),
    Action(
        "data", ("D",), "data", "Data: rows, tokens and loss mask; lengths; what cleaning dropped.", "Program", (), 29
    ),
    Action("history", ("h", "f2"), "history", "All runs: look at, compare, resume.", "Program", (), 30),
    Action("queue", ("Q",), "queue", "Project files that run one after another: look at, add, reorder.", "Program"),
    Action("help", ("?", "f1"), "help", "All keys.", "Program", (), 91),
    Action("redraw", ("ctrl+l",), "redraw", "Draw the whole screen anew, over what others wrote on it.", "Program"),
    Action("palette", (":", "ctrl+p"), "commands", "Find an action by its name.", "Program", (), 41),
    Action("quit", ("q", "ctrl+c", "ctrl+q"), "quit", "Leave, or end the run; asks which.", "Program", (), 92),
)

ELSEWHERE: tuple[Action, ...] = (*HISTORY, *EDITOR, *QUEUE)
"""Keys of screens other than the cockpit."""
BY_ID: dict[str, Action] = {action.id: action for action in (*ACTIONS, *ELSEWHERE)}

_NAMED = (
    r"enter|tab|escape|space|backspace|delete|insert|home|end|up|down|left|right|pageup|pagedown|f[1-9]|f1[0-9]|f2[0-4]"
)
_KEY = rf"(?:[!-~]|(?:(?:ctrl|alt|shift)\+)*(?:{_NAMED})|(?:(?:ctrl|alt)\+)+[a-z0-9])\Z"
_SHOWN = {"escape": "esc", "left": "←", "right": "→", "up": "↑", "down": "↓", "pageup": "pgup", "pagedown": "pgdn"}


class Keys:
    """The table with a person's changes applied."""

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        """`overrides` are `[ui.keys]`: action to key, or to several with commas between."""
        self.problems: list[str] = []
        """What in `[ui.keys]` can't be used, one line each; the usual keys stay for those."""
        changed = dict(ACTIONS_KEYS)
        for name, text in (overrides or {}).items():
            keys = self._checked(name, text)
            if keys:
                changed[name] = keys
        self._drop_clashes(changed)
        self.actions: tuple[Action, ...] = tuple(action._replace(keys=changed[action.id]) for action in ACTIONS)
        self.elsewhere: tuple[Action, ...] = tuple(action._replace(keys=changed[action.id]) for action in ELSEWHERE)
        self._by_key: dict[str, list[Action]] = {}
        for action in self.actions:
            for key in action.keys:
                self._by_key.setdefault(key, []).append(action)
        self._by_place = {(action.on, key): action for action in self.elsewhere for key in action.keys}

    def find(self, key: str, character: str | None, pane: str | None) -> Action | None:
        """The action of a key press while `pane` has the focus; one for that pane wins over one for any."""
        rows = self._by_key.get(key) or self._by_key.get(character or "") or []
        here = [action for action in rows if not action.panes or pane in action.panes]
        return max(here, key=lambda action: bool(action.panes), default=None)

    def find_on(self, place: Place, key: str, character: str | None) -> Action | None:
        """The action of a key press on a screen other than the cockpit."""
        return self._by_place.get((place, key)) or self._by_place.get((place, character or ""))

    def means(self, key: str, action_id: str) -> bool:
        """Whether a key is one of an action's."""
        return any(key in one.keys for one in (*self.actions, *self.elsewhere) if one.id == action_id)

    def key_of(self, action_id: str) -> str:
        """The first key of an action, as it is shown."""
        return next((shown(one.keys[0]) for one in (*self.actions, *self.elsewhere) if one.id == action_id), "")

    def footer(self, pane: str | None, *, alive: bool = True, resumable: bool = False) -> list[tuple[str, str]]:
        """Key and label of what the footer offers while `pane` has the focus: its own first, help and quit last.

        What needs an engine is left out where none is `alive`; `resume` is for runs that are `resumable`.
        """
        rows = [action for action in self.actions if action.footer and (not action.panes or pane in action.panes)]
        rows = [row for row in rows if row.group != "Run" or (resumable if row.id == "resume" else alive)]
        return [(shown(row.keys[0]), row.label) for row in sorted(rows, key=lambda row: (row.home != pane, row.footer))]

    def footer_on(self, place: Place) -> list[tuple[str, str]]:
        """Key and label of what the footer of a screen other than the cockpit offers."""
        rows = sorted((one for one in self.elsewhere if one.on == place and one.footer), key=lambda row: row.footer)
        return [(shown(row.keys[0]), row.label) for row in rows]

    def groups(self) -> dict[Group, list[Action]]:
        """All actions by group, in the order of the table."""
        groups: dict[Group, list[Action]] = {}
        for action in (*self.actions, *self.elsewhere):
            groups.setdefault(action.group, []).append(action)
        return groups

    def _checked(self, name: str, text: str) -> tuple[str, ...]:
        if name not in BY_ID:
            hint = nearest(name, list(BY_ID)) or "; the help screen lists them"
            self.problems.append(f"ui.keys.{name}: no such action{hint}")
            return ()
        keys = tuple(key.strip() for key in text.split(",")) if text != "," else (",",)
        for key in keys:
            if not re.match(_KEY, key):
                self.problems.append(f"ui.keys.{name}: {key!r} is no key; write one like E, ctrl+e, f5 or space")
                return ()
        return keys

    def _drop_clashes(self, changed: dict[str, tuple[str, ...]]) -> None:
        """Where two actions want one key in one place, the changed one goes back to its usual keys."""
        for _ in range(len(changed)):
            clash = _first_clash(changed)
            if clash is None:
                return
            first, second, key = clash
            name = second if changed[second] != ACTIONS_KEYS[second] else first
            other = first if name == second else second
            self.problems.append(f"ui.keys.{name}: {key!r} is already the key of {other}; give that one another key")
            changed[name] = ACTIONS_KEYS[name]


ACTIONS_KEYS: dict[str, tuple[str, ...]] = {action.id: action.keys for action in BY_ID.values()}


def _first_clash(keys: Mapping[str, tuple[str, ...]]) -> tuple[str, str, str] | None:
    seen: dict[str, list[str]] = {}
    for name, own in keys.items():
        for key in own:
            for other in seen.get(key, ()):
                if _overlap(BY_ID[name], BY_ID[other]):
                    return other, name, key
            seen.setdefault(key, []).append(name)
    return None


def _overlap(one: Action, other: Action) -> bool:
    if one.on != other.on:
        return False
    return not one.panes or not other.panes or bool(set(one.panes) & set(other.panes))


def shown(key: str) -> str:
    """A key as the footer writes it: `esc`, `←`, `ctrl+p`."""
    head, plus, last = key.rpartition("+")
    return f"{head}+{_SHOWN.get(last, last)}" if plus and last else _SHOWN.get(key, key)


def markdown_table(keys: Keys | None = None) -> str:
    """The table for the README: key, what it does, name in `[ui.keys]`."""
    lines = ["| key | what it does | name in `[ui.keys]` |", "|---|---|---|"]
    keys = keys or Keys()
    for action in (*keys.actions, *keys.elsewhere):
        written = " ".join(f"`{shown(key)}`" for key in action.keys)
        where = f" ({', '.join(action.panes)})" if action.panes and action.panes != LISTS else ""
        lines.append(f"| {written} | {action.help}{where} | `{action.id}` |")
    return "\n".join(lines) + "\n"
