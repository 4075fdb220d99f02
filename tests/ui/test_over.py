"""Other runs over this one in its charts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from msopt_tui.protocol import events as ev
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.ui.over import STYLES, Over
from msopt_tui.ui.screens.pick_many import PickManyDialog
from tests.ui.cockpit import started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import scripted_run
from tests.unit.runs_maker import make_run


def run_with(runs_dir: Path, name: str, events: list[ev.Event], project: str = "docs") -> Path:
    path = make_run(runs_dir, name, project)
    write(path, events)
    return path


def write(path: Path, events: list[ev.Event]) -> None:
    writer = JournalWriter(path / "events.jsonl")
    writer.append(events)
    writer.close()


async def test_runs_are_put_over_this_one_followed_read_out_and_taken_away(tmp_path: Path) -> None:
    here = make_run(tmp_path, "here")
    longer = run_with(tmp_path, "wider", scripted_run(700))
    run_with(tmp_path, "other-corpus", scripted_run(200), "poems")
    async with started(FakeLink(scripted_run(400), run_dir=here)) as ui:
        (chart,) = ui.screen.loss.charts
        alone = chart._curves
        await ui.press("O")
        await ui.until(lambda: isinstance(ui.on_top(), PickManyDialog), "the list of runs")
        assert "docs/here" not in ui.text(), "this run is no other"
        assert "docs/wider" in ui.text()
        await ui.press(*"wid", "enter")
        await ui.until(lambda: len(ui.screen.over) == 1, "the journal to be read")
        assert "A docs/wider" in ui.text(), "the list says which letter it has"
        await ui.press("escape")
        assert "A wider" in ui.text(), "so does the frame of the chart"
        ours, theirs = chart._curves[: len(alone)], chart._curves[len(alone) :]
        assert [curve.label for curve in ours] == [curve.label for curve in alone]
        assert {curve.style for curve in theirs} == {STYLES["A"]}
        assert chart.window.x1 >= 700, "its end is in view"
        assert "step 400" in ui.text(), "the numbers are read where this run is"
        await ui.press("m", *"perp", "enter")
        await ui.frame()
        assert len(ui.screen.board.panes["rate"].charts[1]._curves) == 2  # type: ignore[attr-defined]
        write(
            longer,
            [
                ev.StepsDone(
                    first=701, losses=[1.5] * 9, grad_norms=[1.0] * 9, learning_rates=[1e-3] * 9, seconds=1, tokens=9
                )
            ],
        )
        await ui.frame()
        assert theirs[0].series.last_step == 709, "a run under way is followed"
        for words in ("tokens", "time", "epoch", "step"):
            await ui.press("x")
            await ui.frame()
            assert chart._unit.name == words
            assert len(chart._curves[-2].series) == 709
        await ui.press("O")
        await ui.until(lambda: isinstance(ui.on_top(), PickManyDialog), "the list of runs")
        await ui.press(*"wid", "enter", "escape")
        assert len(ui.screen.over) == 0
        assert len(chart._curves) == len(alone)


async def test_letters_are_stable_free_ones_are_given_again_and_there_is_an_end(tmp_path: Path) -> None:
    over = Over()
    paths = [run_with(tmp_path, f"run-{number}", scripted_run(20)) for number in range(len(STYLES) + 1)]
    await asyncio.gather(*(over.put(path) for path in paths[:-1]))
    assert "".join(run.letter for run in over) == "".join(STYLES)
    with pytest.raises(ValueError, match="take one away first"):
        await over.put(paths[-1])
    over.take_away(paths[1])
    await over.put(paths[-1])
    assert over.letter_of(paths[-1]) == "B"
    assert over.letter_of(paths[2]) == "C"


async def test_a_run_that_can_not_be_read_says_so_and_takes_no_letter(tmp_path: Path) -> None:
    over = Over()
    with pytest.raises(ValueError, match="no events"):
        await over.put(make_run(tmp_path, "empty"))
    await over.put(run_with(tmp_path, "whole", scripted_run(20)))
    assert over.words == "A whole"
