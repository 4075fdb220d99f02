"""The lines of the editor: its title, what is wrong, what the key under the cursor means. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msopt_tui.config.at_line import help_of, key_at
from msopt_tui.config.errors import Problem
from msopt_tui.protocol.adjustable import ADJUSTABLE
from msopt_tui.ui.path_words import near
from msopt_tui.ui.widgets.lines import Words, wrap


def title_words(path: Path, problems: Sequence[Problem] | None, is_dirty: bool) -> Words:
    """The file, whether it is saved, whether it is right; what counts most stands first."""
    words: Words = [(f" {path.name} ", "title")]
    if is_dirty:
        words.append(("● not saved  ", "warn"))
    if problems is None:
        words.append(("checking…", "muted"))
    elif problems:
        words.append((f"✗ {len(problems)} problem{'s' if len(problems) > 1 else ''}", "bad"))
    else:
        words.append(("✓ nothing wrong", "good"))
    return [*words, (f"  {near(path.parent)}", "muted")]


def problem_lines(problems: Sequence[Problem], width: int) -> list[Words]:
    """Line, key and what is wrong, by line; what goes on is indented."""
    lines: list[Words] = []
    for one in sorted(problems, key=lambda problem: problem.line):
        place = f"line {one.line}" if one.line else "file"
        head = f" ✗ {place:<9}"
        first, *rest = wrap(f"{one.key}: {one.message}" if one.key else one.message, max(width - len(head), 10))
        lines.append([(head, "bad"), (first, "")])
        lines += [[(" " * len(head) + line, "")] for line in rest]
    return lines


def meaning_lines(lines: Sequence[str], at: int, width: int) -> list[Words]:
    """What the key or table of a line means; six lines at most, the first ones matter most."""
    found = help_of(key_at(lines, at))
    if not found.path:
        return _indented(found.text, width, 6)
    head: Words = [(f" {found.path}", "key")]
    if found.allowed:
        head.append((f"  {found.allowed} · default {found.default}", "muted"))
    if found.path in ADJUSTABLE:
        head.append((" · ✎ may change while the run is under way", "muted"))
    return [head, *_indented(found.text, width, 5)]


def _indented(text: str, width: int, at_most: int) -> list[Words]:
    return [[(f" {line}", "")] for line in wrap(text, max(width, 10))[:at_most]]
