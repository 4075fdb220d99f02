"""Sends the terminal just the cells that look different from before.

Textual 8.2 cuts a partial refresh off at its right end, but begins each line at the left edge of
the widget, whatever the region says, and names the colours of every piece of text anew. A chart that
changes at its front would send every line it touches from the axis on. A screen that wants better does
this in its `__init__`, and calls `forget` when another screen comes over it:

    self._compositor = TrimmingCompositor()

`_compositor` is Textual's own attribute: a test holds that the exchange still works.
"""

from collections.abc import Mapping, Sequence

from rich.color import ColorSystem
from rich.console import Console
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

from msopt_tui.ui.widgets.screen_image import Pen, ScreenImage, is_simple


class TrimmedUpdate(ChopsUpdate):
    """A partial update without the cells that are on the terminal already."""

    def __init__(
        self,
        chops: Sequence[Mapping[int, Strip | None]],
        spans: list[tuple[int, int, int]],
        chop_ends: list[list[int]],
        *,
        image: ScreenImage,
        size: Size,
    ) -> None:
        super().__init__(chops, spans, chop_ends)
        self._image = image
        self._size = size

    def render_segments(self, console: Console) -> str:
        """What changed in all spans as text for the terminal; the image has it from here on."""
        color_system = console._color_system or ColorSystem.TRUECOLOR
        pen = self._image.pen(self._size.width, color_system)
        for y, first, stop in self.spans:
            for end, (begin, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                left, right = max(first, begin), min(stop, end)
                if strip is not None and left < right:
                    self._draw(pen, y, left, strip.crop(left - begin, right - begin), color_system)
        return pen.finish()

    def _draw(self, pen: Pen, y: int, x: int, strip: Strip, color_system: ColorSystem) -> None:
        for segment in strip:
            text, style, _ = segment
            if is_simple(text, style):
                self._image.draw(pen, y, x, text, style)
                x += len(text)
            else:
                rendered = Strip.render_style(style, text, color_system) if style is not None else text
                self._image.draw_rendered(pen, y, x, rendered, segment.cell_length)
                x += segment.cell_length


class TrimmingCompositor(Compositor):
    """A compositor whose partial updates are trimmed."""

    def __init__(self) -> None:
        super().__init__()
        self._image = ScreenImage()

    def forget(self) -> None:
        """What is on the terminal is no longer ours."""
        self._image.forget()

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        """Everything; what is known of the terminal begins anew with it."""
        self._image.forget()
        return super().render_full_update(simplify)

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed since the last update; None if nothing did."""
        update = super().render_partial_update()
        if update is None:
            return None
        return TrimmedUpdate(update.chops, update.spans, update.chop_ends, image=self._image, size=self.size)
