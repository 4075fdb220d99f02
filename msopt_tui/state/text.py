"""Foreign text made harmless for a plain terminal line."""

from __future__ import annotations

REPLACEMENT = "�"
_FORBIDDEN = dict.fromkeys((*range(32), *range(127, 160)), REPLACEMENT)
_FORBIDDEN |= dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), REPLACEMENT)


def clean(text: str) -> str:
    """One line without control characters (C0, C1) and without bidirectional overrides."""
    return text.expandtabs(4).replace("\n", " ").translate(_FORBIDDEN)
