from __future__ import annotations

import time

import pytest

from msopt_tui.ui.screens import cockpit


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the screen shows depends on neither this machine's time zone nor its environment."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for name in ("NO_COLOR", "TEXTUAL", "TEXTUAL_FILTERS", "TEXTUAL_COLOR_SYSTEM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    # Tests press keys without a pause between them and what comes by itself.
    monkeypatch.setattr(cockpit, "QUIET_SECONDS", 0.0)
