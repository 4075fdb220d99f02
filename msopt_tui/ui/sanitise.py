"""Foreign text made harmless, before a widget sees it and again before the terminal does.

Data rows, generated text, exceptions, file names and run names are hostile until shown otherwise.
`sanitise` cleans a string, `plain` and `plain_rich` wrap one for a widget without parsing markup, and
`SanitisingFilter` is the last gate: it sees every line of every widget on its way to the terminal.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, get_character_cell_size, set_cell_size
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

MAX_ATTACHED: Final = 6
"""Zero-width characters kept after one base character: the longest honest case is a flag's six tags."""
MAX_JOINS: Final = 3
"""Joiners kept in one emoji: a family of four has three."""
DEFAULT_MAX_LINE: Final = 10_000
"""Code points kept of one line when the caller names no other limit."""

_JOINER: Final = "\u200d"
_REPLACEMENT: Final = "\ufffd"

# Embeddings, overrides, isolates, marks and their deprecated kin: they reorder what a reader sees.
_BIDI: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb"
_SEPARATORS: Final = "\x85\u2028\u2029"
_UNSAFE: Final = rf"\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029{_BIDI}"

# What a terminal would take for one command (ECMA-48 §5.3-5.6, 7- and 8-bit). No body may hold another
# introducer, so the search stays linear and an unterminated string swallows nothing but its introducer.
_ESCAPES: Final = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\n\r\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\n\r\x1b\x80-\x9f]*(?:\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_FORBIDDEN: Final = re.compile(rf"{_ESCAPES}|\r\n|[{_UNSAFE}]")

_UNSAFE_CHARACTER: Final = re.compile(f"[{_UNSAFE}]")

# Runs that may be zero-width: neither letters nor in the blocks of punctuation, symbols, braille and
# emoji, or conjoining jamo. A false alarm only costs the exact check that follows.
_MAYBE_ATTACHED: Final = (
    r"[^\w\x00-\u02ff\u2010-\u2027\u2030-\u205f\u2070-\u20cf\u2100-\u2cee\u2e00-\u3029\u3030-\u303f"
    r"\ufe30-\ufefe\uff00-\uffef\U0001f000-\U0001f3fa\U0001f400-\U0001faff]"
)
_JAMO: Final = r"[\u1160-\u11ff\u3164\ud7b0-\ud7ff\uffa0]"
_TOO_MANY: Final = MAX_ATTACHED + 1
_SUSPECT_RUN: Final = rf"{_MAYBE_ATTACHED}{{{_TOO_MANY}}}|{_JAMO}{{{_TOO_MANY}}}"
_ATTACHED: Final = re.compile(f"{_JOINER}|{_SUSPECT_RUN}")
_SUSPECT: Final = re.compile(f"[{_UNSAFE}{_JOINER}]|{_SUSPECT_RUN}")
# One class at a time is what the regex engine scans fastest: 2 µs for a line of braille, not 8.
_ANY_ATTACHED: Final = re.compile(_MAYBE_ATTACHED)
_ANY_JAMO: Final = re.compile(_JAMO)


def is_harmless(text: str) -> bool:
    """Whether a segment's text can go to the terminal as it is: no control, tab or line break either."""
    if text.isascii():
        return text.isprintable()
    if text.isprintable() and not _ANY_ATTACHED.search(text) and not _ANY_JAMO.search(text):
        return True
    return _SUSPECT.search(text) is None


def sanitise(
    text: str,
    *,
    multiline: bool = True,
    max_line: int = DEFAULT_MAX_LINE,
    ellipsis: str = "…",
) -> str:
    """Return foreign text with nothing in it that could act on a terminal or mislead a reader.

    Whole escape sequences and bidi controls go; other C0 controls become their pictures (␀ … ␡), C1
    controls and lone surrogates U+FFFD; at most `MAX_ATTACHED` zero-width characters stay on one base;
    joiners stay only between emoji. Other text is unchanged, and a second call changes nothing.

    Args:
        text: Any string.
        multiline: Keep tabs, and keep line breaks as ``\\n``; otherwise each becomes a space.
        max_line: Most code points of one line, at least 1, the ellipsis included.
        ellipsis: What ends a line that was cut: text of ours, taken as it is.

    Raises:
        ValueError: `max_line` is below 1.
    """
    if max_line < 1:
        raise ValueError(f"max_line must be at least 1, not {max_line}")
    if not is_harmless(text):
        text = _FORBIDDEN.sub(_multiline if multiline else _single_line, text)
    text = _limit_attached(text)
    if len(text) > max_line:
        text = "\n".join(_shorten(line, max_line, ellipsis) for line in text.split("\n"))
        # What a joiner stood beside may be gone now.
        text = _limit_attached(text)
    return text


def plain(text: str) -> Content:
    """Foreign text for a widget that takes Textual content: sanitised, and never parsed as markup."""
    return Content(sanitise(text))


def plain_rich(text: str) -> Text:
    """Foreign text for a widget that takes Rich text (DataTable, Tree, RichLog): likewise."""
    return Text(sanitise(text))


class SanitisingFilter(LineFilter):
    """Lets nothing but printable text reach the terminal from any widget, and keeps each line's width.

    Hyperlinks (OSC 8) and click actions in styles are dropped too: both come from markup, and here
    neither is ever meant. Add one instance to what `App.get_line_filters` returns; strips cache by it.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with unsafe text and styles replaced."""
        return [
            _clean_segment(segment) if (style is not None and _acts(style)) or not is_harmless(text) else segment
            for segment in segments
            for text, style, _control in (segment,)
        ]


class SanitisingHook(RenderHook):
    """The same for what a Rich console prints outside the screen: push it as a render hook.

    Textual prints the traceback of a crash so, with the message of the exception in it.
    """

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Return the renderables, each behind the filter."""
        return [_Sanitised(renderable) for renderable in renderables]


class _Sanitised:
    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._renderable, options):
            for line_break, line in enumerate(segment.text.split("\n")):
                if line_break:
                    yield Segment.line()
                yield _clean_segment(Segment(line, segment.style))


@lru_cache(4096)
def _acts(style: Style) -> bool:
    """Whether a style holds a link or an action for a mouse event."""
    return style.link is not None or any(key.startswith("@") for key in style.meta)


def _without_actions(style: Style) -> Style:
    kept = {key: value for key, value in style.meta.items() if not key.startswith("@")}
    return style.clear_meta_and_links() + Style.from_meta(kept)


def _clean_segment(segment: Segment) -> Segment:
    """Clean one segment; its control flag goes, because strips write such text as it is."""
    text, style, _control = segment
    if not is_harmless(text):
        width = cell_len(text)
        text = set_cell_size(_limit_attached(_UNSAFE_CHARACTER.sub(_erase, text)), width)
    return Segment(text, None if style is None else _without_actions(style))


def _erase(match: re.Match[str]) -> str:
    """Textual counts controls as zero cells wide, so the last gate removes them; surrogates count one."""
    return _REPLACEMENT if "\ud800" <= match[0] <= "\udfff" else ""


def _multiline(match: re.Match[str]) -> str:
    """What stands for a forbidden piece of text that may have lines."""
    piece = match[0]
    if piece in ("\n", "\t"):
        return piece
    return "\n" if piece in ("\r", "\r\n") or piece in _SEPARATORS else _picture(piece)


def _single_line(match: re.Match[str]) -> str:
    """What stands for a forbidden piece of text on one line."""
    piece = match[0]
    return " " if piece in ("\n", "\t", "\r", "\r\n") or piece in _SEPARATORS else _picture(piece)


def _picture(piece: str) -> str:
    """The visible stand-in of a control, or nothing for an escape sequence or a bidi control."""
    if len(piece) > 1:
        return ""
    if piece < " ":
        return chr(0x2400 + ord(piece))
    if piece == "\x7f":
        return "\u2421"
    return _REPLACEMENT if piece < "\xa0" or "\ud800" <= piece <= "\udfff" else ""


def _limit_attached(text: str) -> str:
    """Drop zero-width characters beyond the limit for one base, and joiners outside emoji."""
    if text.isascii() or _ATTACHED.search(text) is None:
        return text
    return "".join(_attached_within_limits(text))


def _attached_within_limits(text: str) -> Iterator[str]:
    base, attached, joins, joined = "", 0, 0, False
    for index, character in enumerate(text):
        if character == _JOINER:
            following = text[index + 1 : index + 2]
            joined = joins < MAX_JOINS and _is_emoji(base) and _is_emoji(following)
            if joined:
                joins += 1
                yield character
        elif character in "\n\t" or get_character_cell_size(character):
            base, attached = character, 0
            joins, joined = (joins if joined else 0), False
            yield character
        else:
            attached += 1
            if attached <= MAX_ATTACHED:
                yield character


def _is_emoji(character: str) -> bool:
    """Whether a joiner beside this character may be part of an emoji (blocks, not the full property)."""
    return (
        "\U0001f000" <= character <= "\U0001faff"
        or "\u2600" <= character <= "\u27bf"
        or "\u2190" <= character <= "\u21ff"
        or "\u2b00" <= character <= "\u2bff"
    )


def _shorten(line: str, max_line: int, ellipsis: str) -> str:
    return line if len(line) <= max_line else line[: max(0, max_line - len(ellipsis))] + ellipsis[:max_line]
