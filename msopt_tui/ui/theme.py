"""Themes: TOML files of colours, checked, and turned into what Textual and our own line widgets draw with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
import tomli
from rich.style import Style
from textual.theme import Theme

Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
MAX_BYTES = 100_000
"""A theme file larger than this is taken for something else."""

_NAME = r"^[\w-]{1,40}$"

Role = Literal[
    "",
    "muted",
    "strong",
    "title",
    "primary",
    "accent",
    "good",
    "warn",
    "bad",
    "key",
    "cursor",
    "first",
    "learned",
    "hit1",
    "hit2",
    "hit3",
    "hit4",
    "miss1",
    "miss2",
    "miss3",
    "miss4",
]
"""What a piece of text is, in the line widgets; a theme says how that looks. `""` is plain text. `hit` and `miss` are
cells of a confusion matrix, the fuller the higher their number."""
HITS: tuple[Role, ...] = ("hit1", "hit2", "hit3", "hit4")
MISSES: tuple[Role, ...] = ("miss1", "miss2", "miss3", "miss4")
_SHADES = (0.1, 0.2, 0.3, 0.4)
"""How much of the colour is in the background of a cell; text stays readable on the last."""


class Colours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[colours]` of a theme file."""

    background: Colour = "#11151c"
    surface: Colour = "#171c26"
    panel: Colour = "#202734"
    foreground: Colour = "#d6dbe5"
    muted: Colour = "#8690a2"
    frame: Colour = "#364054"
    primary: Colour = "#6cb6ff"
    secondary: Colour = "#b794f4"
    accent: Colour = "#f5b95f"
    success: Colour = "#7fd88f"
    warning: Colour = "#f2cc60"
    error: Colour = "#ff7b86"


class Curves(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[curves]`: in the order in which a chart uses them."""

    first: Colour = "#6cb6ff"
    second: Colour = "#f5b95f"
    third: Colour = "#7fd88f"
    fourth: Colour = "#ff7b86"
    fifth: Colour = "#b794f4"
    sixth: Colour = "#56d4cf"


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[marks]`: what happened at a step, on the charts."""

    evaluation: Colour = "#f5b95f"
    checkpoint: Colour = "#7fd88f"
    adjusted: Colour = "#6cb6ff"
    round: Colour = "#b794f4"
    rollback: Colour = "#ff7b86"


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A whole theme file; the defaults are the theme `dark`."""

    name: Annotated[str, msgspec.Meta(pattern=_NAME)] = "dark"
    dark: bool = True
    colours: Colours = Colours()
    curves: Curves = Curves()
    marks: Marks = Marks()

    @cached_property
    def styles(self) -> dict[Role, Style]:
        """The style of each role; the background is the widget's own."""
        c = self.colours
        return {
            "": Style(),
            "muted": Style(color=c.muted),
            "strong": Style(bold=True),
            "title": Style(color=c.primary, bold=True),
            "primary": Style(color=c.primary),
            "accent": Style(color=c.accent),
            "good": Style(color=c.success),
            "warn": Style(color=c.warning),
            "bad": Style(color=c.error, bold=True),
            "key": Style(color=c.accent, bold=True),
            "cursor": Style(color=c.primary, bgcolor=c.panel, bold=True),
            "first": Style(color=self.curves.first),
            "learned": Style(color=c.success, underline=True),
            **{
                role: Style(bgcolor=mixed(c.background, colour, share))
                for roles, colour in ((HITS, c.success), (MISSES, c.error))
                for role, share in zip(roles, _SHADES, strict=True)
            },
        }

    @cached_property
    def chart_styles(self) -> dict[str, Style]:
        """The style of each part of a chart, by the names that `Chart` has for them."""
        c, m = self.colours, self.marks
        colours = {
            "plain": c.foreground,
            "title": c.foreground,
            "axis": c.muted,
            "grid": c.frame,
            "empty": c.muted,
            "note": c.muted,
            "not-finite": c.error,
            "clipped": c.warning,
            "mark-eval": m.evaluation,
            "mark-checkpoint": m.checkpoint,
            "mark-adjust": m.adjusted,
            "mark-round": m.round,
            "mark-rollback": m.rollback,
            **{f"curve-{index}": value for index, value in enumerate(msgspec.structs.astuple(self.curves), 1)},
            "curve-7": c.foreground,
            "curve-8": c.muted,
        }
        bold = ("title", "not-finite", "mark-adjust", "mark-round", "mark-rollback")
        styles = {name: Style(color=colour, bold=name in bold or None) for name, colour in colours.items()}
        return styles | {"cursor": Style(bgcolor=c.panel)}

    def textual(self) -> Theme:
        """The same as Textual's kind of theme, for what is styled by CSS."""
        c = self.colours
        return Theme(
            name=self.name,
            primary=c.primary,
            secondary=c.secondary,
            accent=c.accent,
            warning=c.warning,
            error=c.error,
            success=c.success,
            foreground=c.foreground,
            background=c.background,
            surface=c.surface,
            panel=c.panel,
            dark=self.dark,
            variables={"frame": c.frame, "muted": c.muted},
        )


ROLES: tuple[Role, ...] = get_args(Role)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two, with so much of the second in it (0 to 1)."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a + (b - a) * share) for a, b in pairs).hex()


def load_theme(name: str, folders: Sequence[Path]) -> tuple[ThemeFile, list[str]]:
    """The theme of that name from the first folder that has a usable one, and what was wrong on the way.

    A broken or missing file is never fatal: the built-in `dark` takes its place.
    """
    problems: list[str] = []
    paths = [folder / f"{name}.toml" for folder in folders] if re.match(_NAME, name) else []
    for path in paths:
        if path.is_file():
            theme, problem = read_theme(path)
            if theme is not None:
                return theme, problems
            problems.append(problem)
    if not problems:
        known = ", ".join(theme_names(folders)) or "none"
        problems.append(f"no theme {name!r} (ui.theme): there are {known}")
    return ThemeFile(), problems


def read_theme(path: Path) -> tuple[ThemeFile | None, str]:
    """A theme file, or `None` and what is wrong with it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None, f"theme {path.name} skipped: larger than {MAX_BYTES:,} bytes"
        raw = tomli.loads(path.read_text(encoding="utf-8"))
        theme = msgspec.convert(raw, ThemeFile)
    except OSError as error:
        return None, f"theme {path.name} skipped: {error.strerror}"
    except (UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        return None, f"theme {path.name} skipped: not valid TOML: {error}"
    except msgspec.ValidationError as error:
        return None, f"theme {path.name} skipped: {error}"
    if theme.name != path.stem:
        return None, f"theme {path.name} skipped: `name` is {theme.name!r}, not the file's"
    return theme, ""


def theme_names(folders: Sequence[Path]) -> list[str]:
    """The names of all themes there are, each once, in the order of the folders."""
    names = [path.stem for folder in folders for path in sorted(folder.glob("*.toml"))]
    return list(dict.fromkeys(names))
