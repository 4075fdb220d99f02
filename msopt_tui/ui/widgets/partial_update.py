"""Sends the terminal just the cells a widget asked to refresh.

Textual 8.2 cuts a partial refresh off at its right end, but begins each line at the left edge of
the widget, whatever the region says. A chart that changes at its front would send every line it
touches from the axis on. A screen that wants better does this in its `__init__`:

    self._compositor = TrimmingCompositor()

`_compositor` is Textual's own attribute: a test holds that the exchange still works.
"""

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor


class TrimmedUpdate(ChopsUpdate):
    """A partial update that begins each line at the first cell that is to be refreshed."""

    def render_segments(self, console: Console) -> str:
        """The cells of all spans as text for the terminal."""
        parts: list[str] = []
        for y, first, stop in self.spans:
            for end, (begin, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                left, right = max(first, begin), min(stop, end)
                if strip is not None and left < right:
                    parts.append(Control.move_to(left, y).segment.text)
                    parts.append(strip.crop(left - begin, right - begin).render(console))
        return "".join(parts)


class TrimmingCompositor(Compositor):
    """A compositor whose partial updates are trimmed."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed since the last update; None if nothing did."""
        update = super().render_partial_update()
        return update and TrimmedUpdate(update.chops, update.spans, update.chop_ends)
