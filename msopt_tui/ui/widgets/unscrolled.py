"""A widget that never scrolls the way Textual does, and so is laid out and painted once when its size changes."""

from textual.geometry import Size
from textual.widget import Widget


class Unscrolled(Widget):
    """Textual 8.2 asks for one more layout, and paints everything again, where the size of what a widget could scroll
    over has changed; here that is its size, for which it has just been laid out. `_size_updated` is Textual's own
    name: a test holds that one change of size is one layout.
    """

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        return super()._size_updated(size, virtual_size, container_size, layout=False)
