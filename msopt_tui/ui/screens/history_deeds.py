"""What each key of the history does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msopt_tui.ui.screens import history_ways as ways

if TYPE_CHECKING:
    from msopt_tui.ui.screens.history import HistoryScreen

_FAR = 10**9
DEEDS: dict[str, Callable[[HistoryScreen], None]] = {
    "history_open": lambda screen: screen.action_open(),
    "history_resume": lambda screen: screen.action_resume(),
    "history_filter": lambda screen: screen.action_filter(),
    "history_sort": ways.sort_key,
    "history_sort_left": lambda screen: screen.action_sort(-1),
    "history_sort_right": lambda screen: screen.action_sort(1),
    "history_reverse": lambda screen: screen.action_reverse(),
    "history_tags": lambda screen: screen.action_tags(),
    "history_note": lambda screen: screen.action_note(),
    "history_pin": lambda screen: screen.action_pin(),
    "history_archive": lambda screen: screen.action_archive(),
    "history_archived": lambda screen: screen.action_archived(),
    "history_delete": lambda screen: screen.action_delete(),
    "history_export": lambda screen: screen.action_export(),
    "history_mark": lambda screen: screen.action_mark(),
    "history_compare": ways.compare,
    "history_lineage": ways.lineage,
    "history_postmortem": ways.postmortem,
    "history_edit": ways.edit_project,
    "history_queue": ways.queue,
    "history_up": lambda screen: screen.action_move(-1),
    "history_down": lambda screen: screen.action_move(1),
    "history_page_up": lambda screen: screen.action_page(-1),
    "history_page_down": lambda screen: screen.action_page(1),
    "history_top": lambda screen: screen.action_move(-_FAR),
    "history_bottom": lambda screen: screen.action_move(_FAR),
    "history_back": lambda screen: screen.action_back(),
    "history_help": ways.show_help,
    "history_leave": lambda screen: screen.action_leave(),
}
"""By the action's id; a test holds that there is one for each."""
