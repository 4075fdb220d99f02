"""Sends the terminal just the cells that look different from before.

Textual 8.2 cuts a partial refresh off at its right end, but begins each line at the left edge of
the widget, whatever the region says, and names the colours of every piece of text anew. A chart that
changes at its front would send every line it touches from the axis on, and a cell that changes behind a
dialog all of the screen. A screen that wants better is `SendsChanges` too, and its app has it forget what the
terminal shows where that may have changed: when it is stopped and continued, or frames were dropped.

`_compositor` is Textual's own attribute: a test holds that the exchange still works.
"""

from collections.abc import Iterable, Mapping, Sequence

from rich.color import ColorSystem
from rich.console import Console
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from msopt_tui.ui.widgets.screen_image import ScreenImage, is_simple


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
        drawing = _Drawing(self._image, self._size, console)
        for y, first, stop in self.spans:
            for end, (begin, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                left, right = max(first, begin), min(stop, end)
                if strip is not None and left < right:
                    drawing.add(y, left, strip.crop(left - begin, right - begin))
        return drawing.finish()


class TrimmedLayout(LayoutUpdate):
    """An update of the whole screen without the cells that are on the terminal already."""

    def __init__(self, strips: list[Iterable[Strip]], region: Region, image: ScreenImage) -> None:
        super().__init__(strips, region)
        self._image = image

    def render_segments(self, console: Console) -> str:
        """What changed anywhere as text for the terminal; the image has it from here on."""
        drawing = _Drawing(self._image, self.region.size, console)
        for y, line in enumerate(self.strips, self.region.y):
            x = self.region.x
            for strip in line:
                drawing.add(y, x, strip)
                x += strip.cell_length
        return drawing.finish()


class _Drawing:
    """Strips on their way through the image to the terminal."""

    def __init__(self, image: ScreenImage, size: Size, console: Console) -> None:
        self._color_system = console._color_system or ColorSystem.TRUECOLOR
        self._image = image
        self._pen = image.pen(size, self._color_system)

    def add(self, y: int, x: int, strip: Strip) -> None:
        for segment in strip:
            text, style, _ = segment
            if is_simple(text, style):
                self._image.draw(self._pen, y, x, text, style)
                x += len(text)
            else:
                rendered = Strip.render_style(style, text, self._color_system) if style is not None else text
                self._image.draw_rendered(self._pen, y, x, rendered, segment.cell_length)
                x += segment.cell_length

    def finish(self) -> str:
        return self._pen.finish()


class TrimmingCompositor(Compositor):
    """A compositor whose updates are trimmed."""

    def __init__(self) -> None:
        super().__init__()
        self._image = ScreenImage()

    def forget(self) -> None:
        """What is on the terminal is no longer ours: the next update of all sends all."""
        self._image.forget()

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        """Everything."""
        update = super().render_full_update(simplify)
        return TrimmedLayout(update.strips, update.region, self._image)

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed since the last update; None if nothing did."""
        update = super().render_partial_update()
        if update is None:
            return None
        return TrimmedUpdate(update.chops, update.spans, update.chop_ends, image=self._image, size=self.size)


class SendsChanges:
    """Put before `Screen` among the bases of a screen: it gets a compositor that trims."""

    def __init__(self) -> None:
        super().__init__()
        self._trimming = TrimmingCompositor()
        self._compositor: Compositor = self._trimming

    def forget_terminal(self) -> None:
        """Who knows what is on the terminal now: the next full redraw is a full one."""
        self._trimming.forget()

    def on_screen_suspend(self) -> None:
        """What another screen writes over this one is not known here."""
        self.forget_terminal()
