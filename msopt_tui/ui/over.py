"""Other runs over this one in its charts: their letters and colours, read on a thread, then followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.ui.daemon import on_daemon
from msopt_tui.ui.sanitise import sanitise

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

STYLES: Mapping[str, str] = {"A": "curve-3", "B": "curve-4", "C": "curve-6", "D": "curve-7", "E": "curve-8"}
"""The colour of each letter: none of those that the run itself is drawn in."""
FOLLOW_SECONDS = 0.003
"""So long may reading on take, a frame and run."""


class OverRun:
    """One of them; its journal is read to the end before it is shown."""

    def __init__(self, path: Path, letter: str) -> None:
        from msopt_tui.link.tail import JournalLink  # neither of them before the first frame
        from msopt_tui.state.run_state import RunState

        self.path = path
        self.letter = letter
        self.state: RunState = RunState()
        self._link = JournalLink(path)

    @property
    def style(self) -> str:
        """Its colour."""
        return STYLES[self.letter]

    def read_all(self) -> None:
        """Fold in the whole journal; raises OSError or ValueError where it can't be read."""
        from msopt_tui.link.whole import catch_up

        catch_up(self._link, self.state)
        if not self.state.version:
            raise ValueError(self._link.unreadable or "its journal has no events")

    def follow(self) -> None:
        """Fold in what has come since."""
        self.state.apply_all(self._link.poll(FOLLOW_SECONDS))


class Over:
    """The runs that are over this one now, in the order of their letters."""

    def __init__(self) -> None:
        self._runs: dict[Path, OverRun] = {}
        self._reading: set[str] = set()

    def __iter__(self) -> Iterator[OverRun]:
        return iter(sorted(self._runs.values(), key=lambda run: run.letter))

    def __len__(self) -> int:
        return len(self._runs)

    def letter_of(self, path: Path) -> str:
        """The letter of a run, empty where it is not over this one."""
        run = self._runs.get(path)
        return run.letter if run is not None else ""

    async def put(self, path: Path) -> None:
        """Put a run over this one. Raises OSError or ValueError: unreadable, or no letter is free."""
        taken = self._reading | {run.letter for run in self._runs.values()}
        letter = next((letter for letter in STYLES if letter not in taken), None)
        if letter is None:
            raise ValueError(f"{len(STYLES)} runs are over this one already: take one away first")
        run = OverRun(path, letter)
        self._reading.add(letter)
        try:
            await on_daemon(run.read_all)
        finally:
            self._reading.discard(letter)
        self._runs[path] = run

    def take_away(self, path: Path) -> None:
        """No longer."""
        self._runs.pop(path, None)

    def follow(self) -> None:
        """Read on in those that are under way."""
        for run in self._runs.values():
            if not run.state.over:
                run.follow()

    @property
    def extent(self) -> tuple[tuple[str, int], ...]:
        """Differs when a chart with these runs does."""
        return tuple((run.letter, run.state.version) for run in self)

    @property
    def words(self) -> str:
        """`A 20260101-100000-base · B …`: which letter is which run; empty without any."""
        return " · ".join(f"{run.letter} {sanitise(run.path.name, multiline=False)}" for run in self)
