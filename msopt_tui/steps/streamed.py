"""An answer on its way to whoever asked: pieces of whole characters, a few a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import takewhile

PIECE_SECONDS = 0.1
"""No more often than this is a piece sent."""
UNFINISHED = "\ufffd"
"""What a tokenizer makes of bytes that are no character yet: the rest of it may be in the next token."""

Send = Callable[[int, str], None]
"""Takes how many characters of what was sent still stand, and what comes behind them."""


class Streamed:
    """Called after every token; see `ml.tasks.base.Grown`."""

    def __init__(self, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self._send, self._clock = send, clock
        self._sent, self._sent_at = "", clock()
        self._spell: Callable[[], str] = lambda: ""

    def __call__(self, spell: Callable[[], str]) -> None:
        """There is another token; `spell` makes the text so far."""
        self._spell = spell
        now = self._clock()
        if now - self._sent_at < PIECE_SECONDS:
            return
        self._sent_at = now
        text = self.text
        if text != self._sent:
            pairs = zip(self._sent, text, strict=False)
            kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            self._send(kept, text[kept:])
            self._sent = text

    @property
    def text(self) -> str:
        """All that there is so far, without half a character at its end."""
        return self._spell().rstrip(UNFINISHED)
