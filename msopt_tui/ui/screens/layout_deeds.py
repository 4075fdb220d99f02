"""What a person does to the layout: hide a pane, move a border, put everything back."""

from __future__ import annotations

from collections.abc import Callable

from msopt_tui.ui.arrange import NARROW
from msopt_tui.ui.keys import PaneName
from msopt_tui.ui.layout import USUAL
from msopt_tui.ui.panes.board import Board
from msopt_tui.ui.screens.run_view import RunView

ROWS, CELLS = 2, 4
"""How far a border moves at a key."""


def _hide(screen: RunView) -> None:
    """The focused pane goes, or comes back where it was opened although it is hidden."""
    board, name = screen.board, screen.board.focused
    if name is None:
        screen.say("no pane has the focus")
    elif name in board.remembered.layout.hidden:
        board.use(board.remembered.layout.unhide(name))
        _focus(board, name)
        screen.say(f"{name} is back" if name in board.shown else f"{name} is back where there is room for it")
    else:
        try:
            board.use(board.remembered.layout.hide(name))
        except ValueError as error:
            screen.say(str(error))
            return
        _focus(board, name)
        keys = screen.keys
        screen.say(f"{name} hidden: {keys.key_of(name)} opens it, {keys.key_of('usual_layout')} brings all panes back")
    screen.refresh_soon()


def _focus(board: Board, name: PaneName) -> None:
    """Focus a pane among the others, or the first there is."""
    board.maximise(None)
    shown = board.shown
    if shown:
        board.focus_pane(name if name in shown else shown[0])


def _usual(screen: RunView) -> None:
    screen.board.use(USUAL)
    screen.say("the usual layout")
    screen.refresh_soon()


def _side(cells: int) -> Callable[[RunView], None]:
    def deed(screen: RunView) -> None:
        board = screen.board
        if board.size.width < NARROW:
            screen.say("there is no column at the side at this width")
        elif not board.widen_side(cells):
            screen.say("the columns can't be " + ("wider" if cells > 0 else "narrower"))
        screen.refresh_soon()

    return deed


def _taller(rows: int) -> Callable[[RunView], None]:
    def deed(screen: RunView) -> None:
        board, name = screen.board, screen.board.focused
        if name is None or board.maximised is not None:
            screen.say("only a pane among others can be resized")
        elif not board.make_taller(name, rows):
            screen.say(f"{name} can't be " + ("taller" if rows > 0 else "shorter"))
        screen.refresh_soon()

    return deed


LAYOUT_DEEDS: dict[str, Callable[[RunView], None]] = {
    "hide_pane": _hide,
    "usual_layout": _usual,
    "side_wider": _side(CELLS),
    "side_narrower": _side(-CELLS),
    "pane_taller": _taller(ROWS),
    "pane_shorter": _taller(-ROWS),
}
