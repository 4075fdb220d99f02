"""Foreign text made harmless for a plain terminal line."""

from __future__ import annotations

import re

REPLACEMENT = "�"
_FORBIDDEN = dict.fromkeys((*range(32), *range(127, 160)), REPLACEMENT)
_FORBIDDEN |= dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)), REPLACEMENT)
_FORBIDDEN |= dict.fromkeys(range(0xD800, 0xE000), REPLACEMENT)


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def without_colours(text: str) -> str:
    """Text of ours without the escape sequences for colours that a library put into it."""
    return _COLOURS.sub("", text)


def clean(text: str) -> str:
    """One line without control characters (C0, C1), line separators, bidirectional overrides and lone surrogates."""
    return text.expandtabs(4).replace("\n", " ").translate(_FORBIDDEN)
