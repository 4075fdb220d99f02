from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from rich.console import RenderableType
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from msopt_tui.link.base import EngineLink
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.commands import Pause
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.panes.base import Pane, TextPane
from msopt_tui.ui.panes.charts import ThemedChart
from msopt_tui.ui.requests import Requests
from msopt_tui.ui.screens.history import HistoryScreen
from msopt_tui.ui.screens.run_view import REST_SECONDS, Outcome
from msopt_tui.ui.ways import Places
from msopt_tui.ui.widgets.chart import Chart
from tests.ui.cockpit import make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.hostile_app import PAYLOADS
from tests.ui.scripted import ended_run, scripted_run, state_of, waiting_run

SIZES = [(160, 45), (120, 36), (80, 24), (20, 5), (300, 90)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("story", [[], scripted_run(400, gpus=1), waiting_run(), ended_run("failed")])
async def test_no_size_is_a_crash_and_the_status_is_always_there(size: tuple[int, int], story: list[ev.Event]) -> None:
    async with started(FakeLink(story), size=size) as ui:
        await ui.press("escape")
        glyph_and_word = {
            "running": "● running",
            "deciding": "? your decision",
            "failed": "✗ failed",
            "starting": "○ starting",
        }
        assert glyph_and_word[state_of(story).status] in ui.row(0)
        assert all(len(line) <= size[0] for line in ui.text().splitlines())


async def test_the_essentials_at_80_by_24() -> None:
    async with started(FakeLink(scripted_run(400)), size=(80, 24)) as ui:
        shown = ui.text()
        for piece in (
            "3 train ▶  400/1200",
            "ETA",
            "1 loss",
            "◆ validation",
            "4 evaluation",
            "★",
            "7 journal",
            "q quit",
        ):
            assert piece in shown, piece


async def test_a_banner_leaves_a_low_screen_its_chart() -> None:
    async with started(FakeLink(ended_run("failed", reason="no room")), size=(80, 24)) as ui:
        assert "the traceback is at the end of" in ui.text()
        await ui.pilot.resize_terminal(60, 13)
        await ui.frame()
        lines = ui.text().splitlines()
        assert "✗ failed at step 600" in lines[1]
        assert "! what went wrong" in lines[3]
        assert "╭─ 1 loss" in lines[4]


async def test_a_storm_of_resizes() -> None:
    async with started(FakeLink(scripted_run(400))) as ui:
        for size in [*SIZES, (1, 1), (81, 25)]:
            await ui.pilot.resize_terminal(*size)
        await ui.pilot.resize_terminal(160, 45)
        await ui.pilot.pause()
        await ui.frame()
        assert "5 samples" in ui.text()
        assert "● running" in ui.row(0)


async def test_a_pane_that_comes_into_view_shows_what_is_new() -> None:
    async with started(FakeLink(scripted_run(400)), size=(80, 24)) as ui:
        await ui.press("9")
        await ui.until(lambda: "llama, 1.05M parameters" in ui.text(), "the pane to be drawn")
        await ui.press("escape", "6")
        await ui.until(lambda: "lr_scheduler_type" in ui.text(), "the pane to be drawn")


async def test_the_first_frame_does_not_wait_for_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []

    class WatchedLink(FakeLink):
        def poll(self, seconds: float = 0.05) -> list[ev.Event]:
            happened.append("poll")
            return super().poll(seconds)

    def display(app: CockpitApp, screen: Screen[object], renderable: RenderableType | None) -> None:
        happened.append("frame")
        original(app, screen, renderable)

    original = CockpitApp._display
    monkeypatch.setattr(CockpitApp, "_display", display)
    async with started(WatchedLink(scripted_run(100))):
        assert happened.index("frame") < happened.index("poll")


async def test_a_pane_is_drawn_only_when_its_part_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def spy(pane: Pane, state: RunState) -> None:
        before = pane._seen
        original(pane, state)
        if pane._seen != before:
            drawn.append(pane.PANE)

    original = Pane.show
    async with started(FakeLink(scripted_run(400))) as ui:
        await ui.frame()
        monkeypatch.setattr(Pane, "show", spy)
        await ui.frame()
        assert drawn == []
        await ui.feed(ev.Noted(level="info", text="hello"))
        assert drawn == ["journal"]
        drawn.clear()
        steps = ev.StepsDone(first=401, losses=[2.0], grad_norms=[1.0], learning_rates=[1e-3], seconds=0.1, tokens=9)
        await ui.feed(steps)
        assert drawn == ["loss", "rate"]


async def test_while_the_journal_is_long_keys_get_through_and_it_is_said() -> None:
    link = FakeLink(a_poll=1)
    async with started(link) as ui:
        link.feed(*scripted_run(1_100))
        ui.screen.tick()
        first_row = ui.screen.strip.lines[0]
        assert any("reading" in text for text, _ in first_row)
        ui.app.post_message(events.Key("p", "p"))
        while not link.sent:
            await asyncio.sleep(0)
            assert link.behind, "the key had to wait for the whole journal"
        while link.behind:
            await asyncio.sleep(0)
        await ui.frame()
        assert "1100/1200" in ui.row(0)


class TestRequests:
    async def test_a_link_that_takes_nothing_says_why(self) -> None:
        link = FakeLink(scripted_run(100))
        link.refusal = "evaluate: the control socket is gone"
        async with started(link) as ui:
            await ui.press("e")
            assert "✗ not sent · evaluate: the control socket is gone" in ui.row(-1)

    async def test_a_read_only_cockpit_sends_nothing(self) -> None:
        link = FakeLink(scripted_run(100))
        async with started(link, make_app(link, readonly=True)) as ui:
            await ui.press("e", "p", "s", "z", "r")
            assert link.sent == []
            assert "read-only" in ui.row(-1)

    def test_an_answer_goes_after_a_while_and_a_slow_one_is_counted(self) -> None:
        now = 100.0
        link = FakeLink()
        requests = Requests(clock=lambda: now)
        command = Pause()
        requests.send(link, command)
        state = RunState()
        assert requests.message(state) == ("pause requested…", "accent")
        now += 5
        assert requests.message(state) == ("pause requested… 5 s", "accent")
        state.apply(ev.CommandRequested(id=command.id, command="pause", who="person"))
        assert requests.waits_for(Pause, state)
        state.apply(ev.CommandApplied(id=command.id, command="pause", step=1_234))
        assert requests.message(state) == ("✓ pause applied at step 1,234", "good")
        assert not requests.waits_for(Pause, state)
        now += 7
        assert requests.message(state) is not None
        now += 2
        assert requests.message(state) is None

    def test_another_command_of_the_same_kind_is_another_request(self) -> None:
        requests, state, link = Requests(clock=lambda: 0.0), RunState(), FakeLink()
        first, second = Pause(), Pause()
        requests.send(link, first)
        state.apply(ev.CommandApplied(id=first.id, command="pause", step=1))
        requests.send(link, second)
        assert requests.message(state) == ("pause requested…", "accent")


class TestEnds:
    async def test_a_lost_engine_is_said_and_can_be_resumed(self) -> None:
        fresh = FakeLink(scripted_run(600))
        taken_up: list[Path] = []

        def resume_run(path: Path) -> EngineLink:
            taken_up.append(path)
            return fresh

        link = FakeLink(scripted_run(400))
        async with started(link, make_app(link, resume_run=resume_run)) as ui:
            link.lose("the engine was killed by SIGKILL")
            await ui.frame()
            assert "✗ engine lost" in ui.row(0)
            assert "the engine is gone · the engine was killed by SIGKILL" in ui.row(1)
            assert " R resume " in ui.row(-1)
            await ui.press("R")
            await ui.until(lambda: fresh.polls > 0, "the new link to be read")
            await ui.frame()
            assert taken_up == [link.run_dir]
            assert link.is_closed
            assert "600/1200" in ui.row(0)
            assert "the engine is gone" not in ui.text()
            await ui.press("e")
            assert [command.name for command in fresh.sent] == ["evaluate"]

    async def test_a_resume_that_fails_says_why(self) -> None:
        def resume_run(path: Path) -> EngineLink:
            raise OSError("no space left on device")

        link = FakeLink(ended_run("failed"))
        async with started(link, make_app(link, resume_run=resume_run)) as ui:
            await ui.press("R")
            await ui.until(lambda: "not resumed: no space left" in ui.row(-1), "the answer")

    async def test_a_completed_run_has_nothing_to_resume(self) -> None:
        link = FakeLink(ended_run())
        async with started(link, make_app(link, resume_run=lambda _: FakeLink())) as ui:
            assert "resume" not in ui.text()
            await ui.press("R")
            assert "the run is completed: there is nothing to go on with" in ui.row(-1)

    async def test_a_run_of_the_past_whose_engine_died_can_be_resumed(self) -> None:
        link, fresh = FakeLink(scripted_run(100), status="readonly"), FakeLink(scripted_run(200))
        async with started(link, make_app(link, resume_run=lambda _: fresh)) as ui:
            assert "■ interrupted" in ui.row(0)
            assert " R resume " in ui.row(-1)
            await ui.press("R")
            await ui.until(lambda: fresh.polls > 0, "the new link to be read")

    async def test_the_banner_takes_lines_only_while_there_is_something_to_say(self) -> None:
        async with started(FakeLink(scripted_run(400))) as ui:
            assert ui.screen.banner.size.height == 0
            await ui.feed(ev.RunEnded(status="failed", step=400, reason="ValueError: no"))
            await ui.until(lambda: ui.screen.banner.size.height == 4, "the banner")
            assert "ValueError: no" in ui.row(1)
            await ui.feed(ev.EngineStarted(process=1))
            await ui.until(lambda: ui.screen.banner.size.height == 0, "the banner to go when the run is taken up again")


class TestHistory:
    async def test_a_run_opened_there_is_a_cockpit_of_its_own_and_leads_back(self, tmp_path: Path) -> None:
        other = FakeLink(ended_run(), status="readonly")
        link = FakeLink(scripted_run(100))
        async with started(link, make_app(link, runs_dir=tmp_path, open_run=lambda _: other)) as ui:
            await ui.press("h")
            ui.app.open_run(tmp_path / "x")
            await ui.until(lambda: other.polls > 0, "the other run to be read")
            await ui.frame()
            assert "✓ completed · read only" in ui.row(0)
            await ui.type("q", "q")
            await ui.until(lambda: ui.on_top() is ui.screen, "the first cockpit to be back")
            assert ui.screen.feed.link is link
            assert other.is_closed
            assert not link.is_closed
            await ui.frame()
            assert "● running" in ui.row(0)

    async def test_a_run_that_can_not_be_opened_is_said(self, tmp_path: Path) -> None:
        def make_link(path: Path) -> EngineLink:
            raise OSError("permission denied")

        link = FakeLink(scripted_run(100))
        async with started(link, make_app(link, runs_dir=tmp_path, open_run=make_link)) as ui:
            ui.app.open_run(tmp_path / "[b]x")
            await ui.pilot.pause()
            assert [note.message for note in ui.app._notifications] == ["[b]x can't be opened: permission denied"]

    async def test_without_a_link_the_history_is_the_first_screen(self, tmp_path: Path) -> None:
        app = CockpitApp(None, places=Places(tmp_path))
        async with app.run_test(size=(120, 36)) as pilot:
            await wait_for_a_frame(pilot)
            assert isinstance(app.screen, HistoryScreen)
            await pilot.press("q")
        assert app.return_value is None


async def wait_for_a_frame(pilot: Pilot[Outcome]) -> None:
    await pilot.pause()
    await pilot.pause()


HOSTILE = "[@click=app.quit]x[/] [/] [b]bold[/b] \x1b]0;owned\x07 \x1b[2J \u202eevil\u202c \x9b31m \x07"


class TestHostileText:
    async def test_it_is_shown_and_does_nothing(self) -> None:
        sample = ev.Sample(prompt=HOSTILE, text=HOSTILE)
        finding = ev.Finding(kind="plateau", confidence=1.0, evidence=HOSTILE)
        proposal = ev.Proposal(id=HOSTILE, title=HOSTILE, reason=HOSTILE, changes={HOSTILE: HOSTILE})
        story: list[ev.Event] = [
            ev.RunStarted(run=HOSTILE, project=HOSTILE, settings={"train.x": HOSTILE, HOSTILE: HOSTILE}),
            *[event for event in scripted_run(200) if not isinstance(event, ev.RunStarted)],
            ev.Sampled(step=200, samples=[sample]),
            ev.Noted(level="error", text=HOSTILE),
            ev.Evaluated(step=200, round=1, split="validation", reason="asked", metrics={HOSTILE: 1.0}, seconds=1),
            ev.CommandRefused(id="x", command=HOSTILE, reason=HOSTILE),
            ev.Diagnosed(round=1, step=200, findings=[finding]),
            ev.Proposed(round=1, step=200, proposals=[proposal]),
        ]
        link = FakeLink(story)
        async with started(link, size=(300, 90)) as ui:
            seen = ui.text()
            await ui.press("escape")
            seen += ui.text()
            for key in "123456789":
                await ui.press(key)
                seen += ui.text()
            assert "[@click=app.quit]x[/]" in seen, "markup is text"
            for forbidden in ("\x1b", "\x07", "\x9b", "\u202e"):
                assert forbidden not in seen
            await ui.pilot.click("SamplesPane", offset=(3, 1))
            assert ui.app.is_running
            link.feed(ev.RunEnded(status="failed", step=200, reason=HOSTILE, model=HOSTILE))
            await ui.frame()
            assert "\x1b" not in ui.text()

    async def test_every_known_payload_in_the_samples(self) -> None:
        async with started(FakeLink(scripted_run(50)), size=(120, 36)) as ui:
            await ui.press("5")
            for payload in PAYLOADS:
                await ui.feed(ev.Sampled(step=50, samples=[ev.Sample(prompt="p", text=payload)]))
                for strip in ui.app.screen._compositor.render_strips():
                    for segment in strip:
                        assert segment.text.isprintable(), segment
                        assert segment.style is None or "@click" not in segment.style.meta


async def test_a_click_focuses_a_pane_and_the_wheel_scrolls_it() -> None:
    async with started(FakeLink(scripted_run(400))) as ui:
        await ui.pilot.click("SettingsPane", offset=(5, 2))
        assert ui.focused == "settings"
        await ui.pilot._post_mouse_events([events.MouseScrollDown], "SettingsPane")
        pane = ui.screen.board.panes["settings"]
        assert isinstance(pane, TextPane)
        assert pane.top == 3


async def test_charts_take_their_colours_from_the_theme_and_not_from_css() -> None:
    assert Chart.COMPONENT_CLASSES, "else ThemedChart is not needed any more"
    async with started(FakeLink(scripted_run(100))) as ui:
        charts = [chart for pane in ui.screen.chart_panes for chart in pane.charts]
        assert all(isinstance(chart, ThemedChart) and not chart._component_styles for chart in charts)
        colours = {style.color.name for style in ui.app.theme_file.chart_styles.values() if style.color is not None}
        drawn = {
            segment.style.color.get_truecolor().hex
            for y in range(charts[0].size.height)
            for segment in charts[0].render_line(y)
            if segment.style is not None and segment.style.color is not None
        }
        assert ui.app.theme_file.curves.second in drawn & colours


async def test_a_run_that_is_over_is_looked_at_less_often_until_somebody_takes_it_up_again() -> None:
    link = FakeLink(ended_run())
    async with started(link) as ui:
        screen = ui.screen
        assert screen._beat is not None
        assert screen._beat_seconds == REST_SECONDS
        link.feed(ev.EngineStarted(process=1), *scripted_run(700)[-20:])
        before = time.monotonic()
        await ui.until(lambda: "completed" not in ui.row(0), "the run to be seen at work again")
        assert time.monotonic() - before < 2.0
        assert screen._beat_seconds == 1 / screen.options.fps
        await ui.feed(ev.RunEnded(status="completed", step=700))
        assert screen._beat_seconds == REST_SECONDS
        # A dialog is shown the run as often as usual.
        await ui.press("question_mark")
        await ui.frame()
        assert screen._beat_seconds == 1 / screen.options.fps
