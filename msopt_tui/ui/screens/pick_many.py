"""Several names out of many: `enter` takes one or gives it back, the dialog stays open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msopt_tui.ui.screens.pick import PickDialog
from msopt_tui.ui.widgets.lines import Words


class PickManyDialog(PickDialog):
    """What was taken is put into force at once; `esc` closes."""

    def __init__(
        self, title: str, keys: Sequence[str], hint: str, taken: Callable[[str], str], toggle: Callable[[str], None]
    ) -> None:
        """`taken` is the mark of a name that is taken (empty for one that is not), `toggle` is called by `enter`."""
        super().__init__(title, keys, "", hint)
        self._taken, self._toggle = taken, toggle

    def pick(self, key: str) -> None:
        """Take it or give it back."""
        self._toggle(key)
        self.draw()

    def entry(self, key: str, *, here: bool) -> Words:
        """With its mark."""
        mark = self._taken(key)
        return [(f"{mark or '·'} ", "accent" if mark else "muted"), (key, "title" if here else "")]
