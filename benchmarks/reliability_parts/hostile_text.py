"""Hostile text in every place of a run that holds text, shown in every pane, dialog and screen."""

from __future__ import annotations

import asyncio
import tempfile
import typing
import unicodedata
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
from textual.geometry import Size
from textual.screen import Screen

from msopt_tui.link.tail import JournalLink
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.runs.record import RunRecord, write_record
from tests.ui.cockpit import THEMES, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.hostile_app import PAYLOADS
from tests.ui.scripted import ended_run, waiting_run
from tests.ui.stories import story_of

COCKPIT = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "D", "a", "m", "B", "b", "t", "M", "?", ":")
"""Keys of the cockpit's views; `escape` leads out of each. The dialog of the proposal is there from the beginning."""
HISTORY = ("L", "d", "n", "t", "C", "/")
SIZE = (120, 36)
OVERRIDES = frozenset({"RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI"})
"""Unicode's bidirectional classes that turn what follows around."""
T = typing.TypeVar("T")
KEPT = frozenset({"id", "proposal", "name", "run"})
"""Fields that connect one event with another, or name a metric: their values stay."""


class Found(NamedTuple):
    """What a payload got through to."""

    tried: int
    """Payloads × views."""
    shown: int
    """Views in which something of the payload was to be read."""
    through: list[str]
    """Views in which something of it acts."""


def hostile(value: T, payload: str) -> T:
    """The same event with the payload in every free text, however deep."""
    return typing.cast("T", _replaced(value, payload))


def _replaced(value: object, payload: str) -> object:
    if isinstance(value, msgspec.Struct):
        kinds = typing.get_type_hints(type(value))
        changes = {
            field: _replaced(getattr(value, field), payload)
            for field in value.__struct_fields__
            if field not in KEPT and not _is_closed(kinds[field])
        }
        return msgspec.structs.replace(value, **changes)
    if isinstance(value, str):
        return payload
    if isinstance(value, list):
        return [_replaced(item, payload) for item in value]
    if isinstance(value, dict):
        # Keys name settings and metrics, which the program looks up; a setting's value is anybody's.
        return {key: _replaced(item, payload) for key, item in value.items()}
    return value


def _is_closed(kind: object) -> bool:
    """A set of words, of which a decoder lets no other in."""
    return typing.get_origin(kind) is typing.Literal


def acts(screen: Screen[object]) -> list[str]:
    """What on the screen a terminal or the interface would obey."""
    found = []
    for strip in screen._compositor.render_strips(Size(*SIZE)):
        for text, style, control in strip:
            bad = [char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
            bad += [char for char in text if unicodedata.bidirectional(char) in OVERRIDES]
            if bad or control or (style is not None and (style.link or "@click" in (style.meta or {}))):
                found.append(repr(text[:80]))
    return found


def measure(payloads: Iterable[str] = PAYLOADS) -> Found:
    """Every payload in every view of the cockpit and of the history."""
    found = Found(0, 0, [])
    for payload in payloads:
        for one in asyncio.run(_both(payload)):
            found = Found(found.tried + one.tried, found.shown + one.shown, found.through + one.through)
    return found


async def _both(payload: str) -> list[Found]:
    with tempfile.TemporaryDirectory() as folder:
        return [await _cockpit(payload), await _history(payload, Path(folder))]


async def _cockpit(payload: str) -> Found:
    events = [hostile(event, payload) for event in (*story_of("translation"), *waiting_run(300))]
    link = FakeLink(events)
    link.feed(hostile(ev.Noted(level="error", text="x"), payload), hostile(ev.Alerted(step=1, text="x"), payload))
    async with started(link, make_app(link), SIZE) as ui:
        views = [("proposal", *_look(ui.app.screen, payload))]
        await ui.press("escape")
        for key in COCKPIT:
            await ui.press(key, *(["enter"] if key.isdigit() else []))
            await ui.frame()
            views.append((key, *_look(ui.app.screen, payload)))
            await ui.press("escape")
        link.feed(ev.RunEnded(status="failed", step=300, reason=payload))
        await ui.frame()
        views.append(("banner", *_look(ui.app.screen, payload)))
    return _sum("cockpit", payload, views)


async def _history(payload: str, folder: Path) -> Found:
    names = ["20260101-100000-one", "20260101-100001-two"]
    for name in names:
        run = RunDirectory(folder / "project" / name)
        run.path.mkdir(parents=True)
        record = RunRecord(
            run=name, project="p", description="d", status="failed", created=1.0, reason="r", seconds=9.0
        )
        write_record(run.state, hostile(record, payload))
        with closing(JournalWriter(run.events)) as writer:
            # A journal is text: what is no character at all never comes out of one.
            text = payload.encode("utf-8", "replace").decode()
            writer.append(hostile(event, text) for event in ended_run("failed", 300))
    from msopt_tui.ui.app import CockpitApp
    from msopt_tui.ui.ways import Places, Ways

    app = CockpitApp(None, ways=Ways(JournalLink), places=Places(folder, THEMES))
    async with app.run_test(size=SIZE) as pilot:
        for _ in range(300):
            await pilot.pause(0.01)
            if names[0][-3:] in _text(app.screen):
                break
        views = [("list", *_look(app.screen, payload))]
        await pilot.press("space", "down", "space")
        for key in HISTORY:
            await pilot.press(key)
            await pilot.pause(0.1)
            views.append((key, *_look(app.screen, payload)))
            await pilot.press("escape")
    return _sum("history", payload, views)


def _sum(where: str, payload: str, views: list[tuple[str, list[str], bool]]) -> Found:
    through = [f"{where} {view}: {what} of {payload[:40]!r}" for view, acting, _ in views for what in acting]
    return Found(len(views), sum(shown for _, _, shown in views), through)


def _look(screen: Screen[object], payload: str) -> tuple[list[str], bool]:
    return acts(screen), payload.split(maxsplit=1)[0] in _text(screen)


def _text(screen: Screen[object]) -> str:
    return "\n".join(strip.text for strip in screen._compositor.render_strips(Size(*SIZE)))
