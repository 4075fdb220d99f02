"""The data screen: what it says, how it follows the run, and that hostile rows do nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.screens.data import DataScreen
from msopt_tui.ui.screens.data_lines import histogram_lines, join, row_lines, sections
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.widgets.lines import LinesView, Words, words_length
from tests.ui.cockpit import Cockpit, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.hostile_app import PAYLOADS
from tests.ui.scripted import Script, scripted_run, state_of
from tests.ui.stories import Classifying, story_of


def text(lines: list[Words]) -> str:
    return "\n".join("".join(piece for piece, _ in words) for words in lines)


def shown(state: RunState, width: int = 100) -> str:
    return text(join(sections(state, width))[0])


CLASSES = state_of(story_of("classification", 0))


class TestLines:
    def test_everything_that_is_known_is_there(self) -> None:
        seen = shown(CLASSES)
        for piece in (
            "! 6.0 % of the examples are cut (data.max_length = 128): data.max_length = 448 would hold 99 %",
            "classification: docstring → text; package → label (4 classes)",
            "train           4,120  902,114",
            "cut to fit      247 (6.0 %)",
            "email/header.py#2  128 tokens, 1 target · cut",
            "[CLS]Return True if the queue is empty, False otherwise.[SEP]⟦asyncio⟧",
            "duplicates  61 repeated records",
            "· Initialize self. → email",
            "leakage     9 training records that stand in validation or test",
            "dropped     3 rows without a label",
            "changed     14 line breaks unified",
        ):
            assert piece in seen

    def test_what_needs_attention_comes_first(self) -> None:
        assert sections(CLASSES, 100)[0].title == "before you train"
        assert sections(state_of(story_of("translation", 0)), 100)[0].title == "sources"

    @pytest.mark.parametrize("width", [20, 40, 76, 129, 130, 300])
    @pytest.mark.parametrize("kind", ["classification", "translation", "language"])
    def test_lines_that_matter_fit_every_width(self, width: int, kind: str) -> None:
        for part in sections(state_of(story_of(kind, 0)), width):
            if part.title in ("rows", "before you train", "sources"):
                lines = [line for line in part.lines if line and line[0][1] != "strong"]
                assert all(words_length(line) <= width for line in lines), part.title

    def test_learned_text_is_told_by_brackets_and_by_its_role(self) -> None:
        row = ev.PreviewRow(origin="a#1", pieces=[ev.Piece("Q: ", False), ev.Piece("A", True)], tokens=2, supervised=1)
        assert row_lines(row, 80)[1] == [("  ", ""), ("Q: ", ""), ("⟦A⟧", "learned")]

    def test_every_example_is_in_the_histogram(self) -> None:
        lines = text(histogram_lines(ev.Histogram(edges=[0, 10, 20], counts=[1, 3]), 60)).splitlines()
        assert [line.split()[0] for line in lines] == ["0–9", "10–19"]
        assert [line.split()[-3] for line in lines] == ["1", "3"]
        assert lines[0].count("█") * 2 < lines[1].count("█")

    def test_one_length_for_all_is_a_sentence(self) -> None:
        lengths = ev.Histogram(edges=[128, 129], counts=[900])
        assert text(histogram_lines(lengths, 60)) == "each of the 900 has 128 tokens"
        assert text(histogram_lines(ev.Histogram(edges=[0], counts=[]), 60)) == "no examples"

    def test_running_text_needs_no_shapes(self) -> None:
        assert "rows are cut from all of it" in shown(state_of([*story_of("language", 0), bare()]))

    def test_hidden_tokens_are_not_shown_as_learned(self) -> None:
        rows = [ev.PreviewRow(origin="row 1", pieces=[ev.Piece("text", False)], tokens=20, supervised=3)]
        seen = shown(state_of([*story_of("language", 0), msgspec.structs.replace(bare(), rows=rows)]))
        assert "which tokens are learned is drawn anew for every batch" in seen
        assert "⟦" not in seen

    def test_a_run_without_an_inspection_shows_what_there_is(self) -> None:
        seen = shown(state_of(scripted_run(50)))
        assert "train             612  418,000" in seen
        assert "none were looked at in this run" in seen

    def test_before_the_data_is_ready_it_says_how_far_it_is(self) -> None:
        started_, begun, *_ = Script().opening(100)
        assert shown(state_of([started_, begun])) == "the data is being prepared"
        progress = ev.Progressed(
            phase="preprocess", done=30, total=120, unit="documents", detail="reading corpus.txt \x1b[2J"
        )
        seen = shown(state_of([started_, begun, progress]))
        assert "██████████······························  25%" in seen
        assert "30 of 120 documents" in seen
        assert "reading corpus.txt" in seen
        assert "\x1b" not in seen

    def test_a_run_that_ended_before_says_why(self) -> None:
        end = ev.RunEnded(status="failed", step=0, reason="DataError: no text in data.sources")
        seen = shown(state_of([next(iter(Script().opening(100))), end]))
        assert "the run ended before, failed" in seen
        assert "no text in data.sources" in seen


def bare() -> ev.DataInspected:
    return ev.DataInspected(
        rows=[], examples=9, lengths=ev.Histogram(edges=[128, 129], counts=[9]), truncated=0, unended=0,
        supervised=1_152, padding=0.0,
    )  # fmt: skip


def top(ui: Cockpit) -> int:
    return ui.on_top().query_one("#text-lines", LinesView).top


class TestScreen:
    async def test_it_scrolls_jumps_and_closes_with_the_keys_of_the_table(self) -> None:
        async with started(FakeLink(story_of("classification")), size=(80, 24)) as ui:
            await ui.press("D")
            assert "4,120 examples · 4.12k targets" in ui.row(0)
            await ui.press("down", "down")
            assert top(ui) == 2
            await ui.press("tab")
            assert ui.row(1).strip().startswith("sources")
            await ui.press("tab", "tab")
            assert ui.row(1).strip().startswith("lengths")
            await ui.press("down", "shift+tab")
            assert ui.row(1).strip().startswith("lengths"), "back to the beginning of the section in view"
            await ui.press("tab", "tab")
            assert "14 line breaks unified" in ui.row(-2), "as far as there is something"
            await ui.press("tab")
            assert ui.row(1).strip().startswith("before you train"), "and round"
            await ui.press("G")
            assert "14 line breaks unified" in ui.row(-2)
            await ui.press("pageup", "g")
            assert top(ui) == 0
            await ui.press("?")
            assert isinstance(ui.on_top(), HelpDialog)
            await ui.press("escape")
            assert isinstance(ui.on_top(), DataScreen)
            await ui.press("p", "e")
            assert ui.sent == [], "what acts on the run does so in the cockpit only"
            await ui.press("escape")
            assert ui.on_top() is ui.screen

    async def test_it_follows_the_run_while_it_is_open(self) -> None:
        opening = list(Classifying().opening(100))
        before = next(at for at, event in enumerate(opening) if isinstance(event, ev.DataPrepared))
        async with started(FakeLink(opening[:before])) as ui:
            await ui.press("D")
            assert "the data is being prepared" in ui.text()
            await ui.feed(*opening[before:])
            assert "⟦asyncio⟧" in ui.text()
            assert "4,120 examples" in ui.row(0)

    async def test_it_shows_the_data_of_a_run_opened_from_the_history(self, tmp_path: Path) -> None:
        past = FakeLink([*story_of("translation"), ev.RunEnded(status="completed", step=500)])
        link = FakeLink(scripted_run(100))
        async with started(link, make_app(link, runs_dir=tmp_path, open_run=lambda _: past)) as ui:
            ui.app.open_run(tmp_path / "past")
            await ui.until(lambda: len(ui.app.screen_stack) == 2, "the run to open")
            await ui.frame()
            await ui.press("D")
            assert "pair: kjv → source; web → target" in ui.text()
            await ui.press("escape", "escape")
            assert len(ui.app.screen_stack) == 1

    async def test_the_smallest_terminal_is_no_trouble(self) -> None:
        async with started(FakeLink(story_of("classification")), size=(20, 5)) as ui:
            await ui.press("D", "down", "tab", "G", "escape")
            assert ui.on_top() is ui.screen

    async def test_every_known_payload_in_every_place_does_nothing(self) -> None:
        async with started(FakeLink(story_of("classification")), size=(120, 60)) as ui:
            await ui.press("D")
            for payload in PAYLOADS:
                await ui.feed(*hostile(payload))
                await ui.press("g")
                for strip in ui.app.screen._compositor.render_strips():
                    for segment in strip:
                        assert segment.text.isprintable(), segment
                        assert segment.style is None or "@click" not in segment.style.meta
            assert ui.app.is_running


def hostile(payload: str) -> list[ev.Event]:
    """Foreign text wherever a source or a row may bring it in."""
    seen = Classifying().inspected()
    prepared = Classifying().prepared()
    row = ev.PreviewRow(
        origin=payload, pieces=[ev.Piece(payload, True), ev.Piece(payload, False)], tokens=1, supervised=1
    )
    return [
        msgspec.structs.replace(prepared, removed={payload: 1}),
        msgspec.structs.replace(
            seen, shapes={payload: payload}, rows=[row], changed={payload: 2}, removed_examples={payload: [payload]}
        ),
    ]
