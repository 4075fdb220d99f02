"""Alerts on the screen: told by every way asked for, and never about the past."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.config.schema import AlertsTable, UiTable
from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.alerts import News, desktop_sequence
from tests.ui.cockpit import make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import scripted_run


def test_the_past_is_no_news() -> None:
    state, news = RunState(), News()
    state.apply(ev.Alerted(step=1, text="a"))
    assert news.look(state, is_past=False) == [], "so it was before anybody looked"
    state.apply(ev.Alerted(step=2, text="b"))
    assert news.look(state, is_past=True) == [], "still reading the journal"
    state.apply(ev.Alerted(step=3, text="c"))
    state.apply(ev.Alerted(step=3, text="d"))
    assert [alert.text for alert in news.look(state, is_past=False)] == ["c", "d"]
    assert news.look(state, is_past=False) == []
    assert news.look(RunState(), is_past=False) == []


@given(st.text(max_size=60))
def test_a_message_never_breaks_out_of_its_sequence(text: str) -> None:
    sequence = desktop_sequence(text)
    assert sequence.startswith("\x1b]")
    assert sequence.endswith("\x07")
    assert not any(char in sequence[2:-1] for char in "\x1b\x07\x9c\n\r")


def test_the_sequence_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VTE_VERSION", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert desktop_sequence("a;4") == "\x1b]9;msopt-tui: a 4\x07"
    monkeypatch.setenv("TERM", "foot")
    assert desktop_sequence("a") == "\x1b]777;notify;msopt-tui;a\x07"


async def test_every_way_of_telling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = ev.Alerted(step=50, text="train loss 60 > 50 at step 50")
    link = FakeLink([*scripted_run(100), old], run_dir=tmp_path)
    async with started(link, make_app(link, ui=UiTable(alerts=AlertsTable(rules=["train_loss > 50"])))) as ui:
        written: list[str] = []
        driver = ui.app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", written.append)
        monkeypatch.setattr(ui.app, "bell", lambda: written.append("bell"))
        await ui.feed(ev.Alerted(step=101, text="train loss 70 > 50 at step 101"))
        notes = [note.message for note in ui.app._notifications]
        assert notes == [f"{link.run_dir.name}: train loss 70 > 50 at step 101"]
        assert "bell" in written
        assert any(data.startswith("\x1b]") for data in written)
