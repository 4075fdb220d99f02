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

_NAMES = "black|red|green|yellow|blue|magenta|cyan|white"
Colour = Annotated[str, msgspec.Meta(pattern=rf"^(#[0-9a-fA-F]{{6}}|ansi_default|ansi_(bright_)?({_NAMES}))$")]
"""`#rrggbb`, or one of the terminal's own sixteen, which its user has chosen: `ansi_red`, `ansi_bright_red`, or
`ansi_default` for none."""
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

    @property
    def ansi(self) -> bool:
        """Whether it uses the terminal's own colours: they can't be mixed, so bold, reverse and the like help out."""
        return self.colours.background.startswith("ansi_")

    @cached_property
    def styles(self) -> dict[Role, Style]:
        """The style of each role; the background is the widget's own."""
        c = self.colours
        return {
            "": Style(),
            "muted": _ink(c.muted),
            "strong": Style(bold=True),
            "title": _ink(c.primary, bold=True),
            "primary": _ink(c.primary),
            "accent": _ink(c.accent),
            "good": _ink(c.success),
            "warn": _ink(c.warning),
            "bad": _ink(c.error, bold=True),
            "key": _ink(c.accent, bold=True),
            "cursor": self._cursor,
            "first": _ink(self.curves.first),
            "learned": _ink(c.success, underline=True),
            **self._cells(HITS, c.success),
            **self._cells(MISSES, c.error),
        }

    @property
    def _cursor(self) -> Style:
        c = self.colours
        if self.ansi:
            return _ink(c.primary, bold=True, reverse=True)
        return Style(color=c.primary, bgcolor=c.panel, bold=True)

    def _cells(self, roles: Sequence[Role], colour: Colour) -> dict[Role, Style]:
        """The shades of a confusion matrix; where colours can't be mixed, plain, bold, reverse, both."""
        if self.ansi:
            return {role: _ink(colour, bold=at in (1, 3), reverse=at in (2, 3)) for at, role in enumerate(roles)}
        ground = self.colours.background
        return {role: Style(bgcolor=mixed(ground, colour, share)) for role, share in zip(roles, _SHADES, strict=True)}

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
        styles = {name: _ink(colour, bold=name in bold) for name, colour in colours.items()}
        return styles | {"cursor": Style(reverse=True) if self.ansi else Style(bgcolor=c.panel)}

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
            ansi=self.ansi,
            variables={"frame": c.frame, "muted": c.muted, **(_TERMINAL_OWN if self.ansi else {})},
        )


_TERMINAL_OWN = {
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
    "input-cursor-text-style": "reverse",
    "input-selection-background": "ansi_default",
    "border-blurred": "ansi_default",
    "scrollbar": "ansi_default",
    "scrollbar-background": "ansi_default",
}
"""Textual (8.2) makes no variables of its own for these where the colours are the terminal's."""

ROLES: tuple[Role, ...] = get_args(Role)


def _ink(colour: Colour, *, bold: bool = False, underline: bool = False, reverse: bool = False) -> Style:
    """Text in a colour; Rich names the terminal's own without `ansi_`."""
    name = colour.removeprefix("ansi_")
    return Style(color=name, bold=bold or None, underline=underline or None, reverse=reverse or None)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two `#rrggbb`, with so much of the second in it (0 to 1)."""
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
