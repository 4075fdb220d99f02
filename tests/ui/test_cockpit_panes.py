from __future__ import annotations

import math
import re
from pathlib import Path
from typing import get_args

import pytest

from msopt_tui.protocol import events as ev
from msopt_tui.state.describe import Line
from msopt_tui.state.run_state import RunState, Status
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.panes.about import AboutPane
from msopt_tui.ui.panes.banner import ended_lines, lost_lines
from msopt_tui.ui.panes.evaluation import EvaluationPane
from msopt_tui.ui.panes.findings import FindingsPane
from msopt_tui.ui.panes.journal import JournalPane, journal_rows
from msopt_tui.ui.panes.pipeline import STATUS, pipeline_words
from msopt_tui.ui.panes.race import probe_words, race_lines, rate_test_lines
from msopt_tui.ui.panes.resources import ROWS_MORE, ResourcesPane, rows_needed
from msopt_tui.ui.panes.samples import SamplesPane
from msopt_tui.ui.panes.settings import SettingsPane
from msopt_tui.ui.widgets.keybar import keybar_words
from msopt_tui.ui.widgets.lines import Words, words_length
from tests.ui.scripted import START, Script, ended_run, scripted_run, state_of, waiting_run

RUN_DIR = Path("runs/python-docs/20260101-100000-python-docs")
NEW = state_of([])


def said(words: Words) -> str:
    return "".join(text for text, _ in words)


def text(lines: object) -> str:
    assert isinstance(lines, list)
    return "\n".join(said(words) for words in lines)


class TestPipelineStrip:
    def strip(self, state: RunState, width: int) -> str:
        return said(pipeline_words(state, "", width))

    def test_a_wide_one_names_the_steps(self) -> None:
        shown = " ".join(self.strip(state_of(scripted_run(400)), 160).split())
        assert shown == (
            "python-docs │ 1 preprocess ✓ 2 initialise ✓ 3 train ▶ 400/1200 4 evaluate ✓ 5 refine · "
            "round 1/4 │ 41.0k tok/s │ ETA 49 s │ ● running"
        )

    def test_without_refinement_there_are_no_rounds_to_count(self) -> None:
        state = state_of(scripted_run(400))
        state.settings["refine.mode"] = "off"
        assert "round" not in self.strip(state, 160)

    @pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 160, 300])
    @pytest.mark.parametrize("state", [NEW, state_of(scripted_run(400)), state_of(ended_run("failed"))])
    def test_it_fits_every_width_and_says_how_the_run_stands(self, state: RunState, width: int) -> None:
        words = pipeline_words(state, "", width)
        assert words_length(words) <= width
        assert STATUS[state.status][1] in said(words)

    def test_the_smallest_one_says_what_matters_most_first(self) -> None:
        state = state_of(scripted_run(400))
        assert self.strip(state, 20) == "● running  400/1200"
        assert self.strip(state, 32).startswith("● running  400/1200 loss 2.")

    def test_where_nobody_is_at_work_any_more_nothing_is_under_way(self) -> None:
        lost = said(pipeline_words(state_of(scripted_run(400)), "lost", 120))
        assert "3 train ✗  400/1200" in lost
        assert "ETA" not in lost
        assert "tok/s" not in lost
        stopped = state_of([*waiting_run(), ev.RunEnded(step=600, status="stopped")])
        assert "5 refine ■" in self.strip(stopped, 120)
        assert "▶" not in self.strip(stopped, 120)

    def test_nothing_moves_while_numbers_grow(self) -> None:
        early, late = (self.strip(state_of(scripted_run(steps)), 160) for steps in (90, 1_190))
        assert early.index("round") == late.index("round")
        assert early.index("●") == late.index("●")

    def test_every_status_has_a_glyph_and_a_word_of_its_own(self) -> None:
        assert set(get_args(Status)) <= set(STATUS)
        assert len({word for _, word, _ in STATUS.values()}) == len(STATUS)

    def test_progress_of_the_other_steps(self) -> None:
        script = Script()
        events = list(script.opening(100))[:4]
        strip = self.strip(state_of(events), 160)
        assert "1 preprocess ▶  33%" in strip
        assert "155k/465k characters │  387k characters/s │ left  0.8 s │ ◔ preparing" in strip

    def test_a_checkpoint_that_is_being_written_is_seen_at_every_width(self) -> None:
        state = state_of(scripted_run(100))
        for second in range(3):
            done = second * 2**20
            state.apply(
                ev.Progressed(
                    time=1e9 + second, phase="train", done=done, total=2**22, unit="bytes", detail="checkpoint 100"
                )
            )
        for width in (30, 80, 120, 160, 220):
            assert "● running ▲ 50%" in self.strip(state, width), width
        assert "checkpoint 100 2.0 MiB of 4.0 MiB   1.0 MiB/s left  2.0 s" in self.strip(state, 220)

    @pytest.mark.parametrize("phase", ["preprocess", "evaluate", "refine"])
    def test_all_long_work_shows_how_far_how_fast_and_how_long(self, phase: ev.Phase) -> None:
        state = state_of(scripted_run(100))
        state.apply(ev.PhaseChanged(phase=phase, status="started"))
        for second in range(3):
            report = ev.Progressed(time=1e9 + second, phase=phase, done=10 * second, total=60, unit="rows", detail="x")
            state.apply(report)
        for width in (80, 120, 160, 220):
            strip = self.strip(state, width)
            assert "10 rows/s │ left  4.0 s" in strip, width
            assert "33%" in strip
        assert "x 20/60 rows" in self.strip(state, 160)
        state.apply(ev.StepsDone(first=101, losses=[2.0], grad_norms=[1.0], learning_rates=[1.0], seconds=1, tokens=9))
        assert "rows/s" not in self.strip(state, 160), "training goes on"

    @pytest.mark.parametrize(
        ("unit", "detail", "rate"),
        [("", "merging pairs", ""), ("documents", "reading some/long/path/of/a/file.jsonl", "10 documents/s │ ")],
    )
    def test_work_without_an_end_is_named_at_every_width_and_ticks(self, unit: str, detail: str, rate: str) -> None:
        state = state_of(list(Script().opening(100))[:2])
        for second in range(2):
            done = 10 * second if unit else 0
            report = ev.Progressed(
                time=1e9 + second, phase="preprocess", done=done, total=0, unit=unit, detail=detail, seconds=second
            )
            state.apply(report)
        for width in (80, 120, 160, 220):
            strip = self.strip(state, width)
            assert f"{rate} 1.0 s so far │ ◔ " in strip, width
            assert detail.partition(" ")[0] in strip, width

    def test_a_pause_is_told_by_a_glyph_too(self) -> None:
        state = state_of([*scripted_run(400), ev.Paused(step=400, reason="asked")])
        assert "3 train ‖" in self.strip(state, 160)
        assert "ETA       –" in self.strip(state, 160), "no time left can be told"

    @pytest.mark.parametrize(
        ("standing", "shown"),
        [("lost", "✗ engine lost"), ("reading", "… reading"), ("read only", "● running · read only")],
    )
    def test_what_the_link_adds(self, standing: str, shown: str) -> None:
        state = state_of(scripted_run(400))
        assert shown in said(pipeline_words(state, standing, 160))  # type: ignore[arg-type]  # a parametrised Literal

    def test_a_run_of_the_past_that_just_stopped_is_not_called_running(self) -> None:
        shown = said(pipeline_words(state_of(scripted_run(400)), "no engine", 160))
        assert "■ interrupted" in shown
        assert "running" not in shown


class TestEvaluation:
    def table(self, events: list[ev.Event], width: int = 60) -> list[str]:
        return text(EvaluationPane().lines_of(state_of(events), width)).splitlines()

    def test_the_newest_is_first_and_the_best_marked(self) -> None:
        lines = self.table(scripted_run(400))
        assert lines[0].split() == ["step", "loss", "↓", "ppl", "↓", "bits/B", "↓", "acc", "%", "↑"]
        steps = [line.replace("★", "").split()[0] for line in lines[1:]]
        assert steps[-4:] == ["400", "300", "200", "100"]
        assert [line.split()[1] for line in lines if line.startswith("★")][-1] == "400"

    def test_a_best_that_is_out_of_view_is_brought_to_the_top(self) -> None:
        lines = self.table(scripted_run(1_190))
        assert lines[1].startswith("★"), "the pane has no height in this test, so nothing is in view"

    def test_narrow_tables_keep_the_most_important_metrics(self) -> None:
        assert self.table(scripted_run(200), 36)[0].split() == ["step", "loss", "↓", "ppl", "↓", "bits/B", "↓"]
        assert all(len(line) <= 36 for line in self.table(scripted_run(200), 36))

    def test_the_test_split_has_its_own_row(self) -> None:
        assert self.table(ended_run())[1].split()[:2] == ["TEST", "2.6100"]

    def test_what_is_not_finite_is_a_mark_and_huge_numbers_are_short(self) -> None:
        metrics: dict[str, float | None] = {"loss": None, "perplexity": math.exp(25), "strange_metric": 0.5}
        event = ev.Evaluated(step=5, round=1, split="validation", reason="asked", metrics=metrics, seconds=1)
        lines = self.table([event])
        assert lines[-1].split() == ["5", "✗", "72.0G", "0.5000"]
        assert "strang" in lines[0]

    def test_before_the_first_there_is_a_word(self) -> None:
        state = state_of(scripted_run(50))
        state.metric("loss")
        assert text(EvaluationPane().lines_of(state, 60)) == "no evaluation yet"


class TestSettings:
    def test_values_stand_below_each_other(self) -> None:
        lines = text(SettingsPane().lines_of(state_of(scripted_run(100)), 80)).splitlines()
        (longest,) = (line for line in lines if "per_device_train_batch_size" in line)
        (other,) = (line for line in lines if "max_steps" in line)
        assert longest.index("16") == len(longest) - 2 == other.index("1200")

    def test_changed_settings_come_first_with_their_old_value(self) -> None:
        lines = text(SettingsPane().lines_of(state_of(scripted_run(600)), 80)).splitlines()
        assert lines[0] == "✎ changed since the project file"
        assert lines[1].split() == ["train.learning_rate", "0.0015", "was", "0.001"]
        assert lines[2] == "[train]"
        assert lines[3].split() == ["✎", "learning_rate", "0.0015"]

    def test_unchanged_ones_carry_no_mark(self) -> None:
        shown = text(SettingsPane().lines_of(state_of(scripted_run(100)), 80))
        assert "✎" not in shown
        assert "tie_word_embeddings         true" in shown
        assert "[ui]" not in shown


class TestSamples:
    def test_prompt_then_continuation(self) -> None:
        shown = text(SamplesPane().lines_of(state_of(scripted_run(200)), 60))
        assert shown.startswith("› The `for` statement is used to\n")
        assert "› A class definition" in shown
        assert max(map(len, shown.splitlines())) <= 60

    def test_it_says_why_there_are_none(self) -> None:
        state = state_of(scripted_run(50))
        assert text(SamplesPane().lines_of(state, 60)) == "no samples yet"
        state.settings["evaluate.prompts"] = ""
        assert text(SamplesPane().lines_of(state, 60)) == "no prompts in [evaluate]"


class TestJournal:
    def test_a_row_says_when_at_which_step_and_what(self) -> None:
        line = Line(START + 3_661, 1_200, "checkpoint", "checkpoint 1200 saved")
        assert text(journal_rows(line, 80)) == "11:01:01   1,200 ▲ checkpoint 1200 saved"

    def test_long_text_goes_on_under_its_beginning(self) -> None:
        rows = journal_rows(Line(START, None, "error", "word " * 30), 60)
        assert len(rows) > 1
        assert all(words_length(row) <= 60 for row in rows)
        assert said(rows[1]).startswith(" " * 19 + "word")
        assert rows[1][-1][1] == "bad"

    def test_narrow_rows_keep_minutes_and_text(self) -> None:
        assert text(journal_rows(Line(START, 7, "run", "started"), 40)) == "10:00 ● started"

    def test_only_new_lines_are_made(self) -> None:
        pane, state = JournalPane(), state_of(scripted_run(400))
        first = list(pane.lines_of(state, 100))
        state.apply(ev.Noted(level="warning", text="disk nearly full", time=START))
        second = pane.lines_of(state, 100)
        assert len(second) == len(first) + 1
        assert all(one is other for one, other in zip(first, second, strict=False))
        assert said(second[-1]).endswith("! disk nearly full")

    def test_another_run_or_width_starts_anew(self) -> None:
        pane = JournalPane()
        pane.lines_of(state_of(scripted_run(400)), 100)
        other = state_of(scripted_run(100))
        assert len(pane.lines_of(other, 100)) == len(JournalPane().lines_of(other, 100))
        assert len(pane.lines_of(other, 50)) == len(JournalPane().lines_of(other, 50))

    def test_more_lines_than_are_kept_are_no_trouble(self) -> None:
        pane, state = JournalPane(), RunState()
        for number in range(12_000):
            state.apply(ev.Noted(level="info", text=f"line {number}", time=START))
            if number % 5_000 == 0:
                pane.lines_of(state, 80)
        assert said(pane.lines_of(state, 80)[-1]).endswith("line 11999")


class TestResources:
    def test_no_gpu_is_a_value(self) -> None:
        shown = text(ResourcesPane().lines_of(state_of(scripted_run(400)), 50)).splitlines()
        assert len(shown) == rows_needed(0) + 3
        assert [line.split()[0] for line in shown[:5]] == ["cpu", "memory", "step", "time", "compute"]
        assert shown[-1].split() == ["gpu", "none"]
        assert "TFLOP/s" in shown[4]
        assert "41.0 GiB free" in shown[5]
        assert re.search(r"read [\d.]+[KM] · write 30\.0M B/s$", shown[6])
        assert any(block in shown[6] for block in "▂▃▄▅▆▇█"), "with a history"
        assert shown[7].startswith("network")
        assert re.fullmatch(r"time     train \d+ · eval \d+( · other \d+)? %", shown[3])

    def test_each_gpu_has_its_lines(self) -> None:
        shown = text(ResourcesPane().lines_of(state_of(scripted_run(400, gpus=2)), 60)).splitlines()
        assert len(shown) == rows_needed(2) + ROWS_MORE
        assert "61 °C · 512 W" in shown[2]
        assert "18.0 GiB of 140.0 GiB" in shown[3]
        assert any(block in shown[2] for block in "▁▂▃▄▅▆▇█")
        assert "energy   2.28 Wh (gpu)" in shown, "eight samples of two GPUs"

    def test_what_the_driver_does_not_say_is_left_out(self) -> None:
        sample = ev.ResourcesSampled(
            cpu=1, process_cpu=1, process_memory=1, memory_used=1, memory_total=0, disk_free=1, disk_total=0,
            gpus=[ev.Gpu(name="odd")],
        )  # fmt: skip
        shown = text(ResourcesPane().lines_of(state_of([sample]), 60)).splitlines()
        assert ["gpu", "0", "?", "%"] in [line.split() for line in shown]
        assert not any(line.split()[0] in ("io", "network", "energy") for line in shown)

    def test_a_nearly_full_disk_stands_out(self) -> None:
        sample = ev.ResourcesSampled(
            cpu=1, process_cpu=1, process_memory=1, memory_used=1, memory_total=2, disk_free=5, disk_total=2**40
        )
        (disk,) = (words for words in ResourcesPane().lines_of(state_of([sample]), 60) if said(words)[:4] == "disk")
        assert disk[1][1] == "bad"
        assert said(ResourcesPane().lines_of(state_of([sample]), 60)[2]).startswith("disk"), "nearly at the top"


class TestFindings:
    def test_the_story_of_a_round(self) -> None:
        shown = text(FindingsPane().lines_of(state_of(waiting_run()), 70))
        assert "a proposal waits for your decision" in shown
        assert "plateau  ━━━━━━━━── 80% sure" in shown
        assert "✎ train.learning_rate: 0.0015 → 0.0005" in shown
        assert "probe lr-third  40 steps  loss 2.391  +0.0210 ± 0.0060 better" in shown
        assert "round 1 ended at 600" in shown

    @pytest.mark.parametrize(
        ("margin", "verdict"), [(0.02, "better"), (-0.02, "worse"), (0.01, "no clear difference"), (None, "")]
    )
    def test_a_margin_within_two_standard_errors_is_not_called_a_difference(
        self, margin: float | None, verdict: str
    ) -> None:
        probe = ev.Probed(
            round=1, proposal="x", from_step=1, steps=40, loss=2.0, margin=margin, standard_error=margin and 0.006
        )
        assert said(probe_words(probe)).endswith(verdict or "loss 2.000")

    def test_the_race_shows_margins_about_zero_and_who_is_out(self) -> None:
        def probe(name: str, heat: int, loss: float, margin: float | None, out: bool = False) -> ev.Probed:
            error = None if margin is None else 0.01
            return ev.Probed(
                round=1,
                proposal=name,
                from_step=400,
                steps=20 * heat,
                loss=loss,
                margin=margin,
                standard_error=error,
                heat=heat,
                eliminated=out,
            )

        race = [probe("control", 1, 2.5, None), probe("a", 1, 2.4, 0.1), probe("b", 1, 2.6, -0.1, out=True)]
        race += [probe("control", 2, 2.45, None), probe("a", 2, 2.3, 0.15)]
        lines = [said(words) for words in race_lines(race)]
        assert lines[0] == "race from step 400 · heat 2"
        better, worse = lines[lines.index(next(one for one in lines if one.startswith("probe a"))) + 1], lines[-1]
        assert "2.400 → 2.300" in better
        assert better.index("●") > 12 > worse.index("●")
        assert worse.endswith("out of the race")

    def test_the_range_test_is_a_curve_with_its_rate(self) -> None:
        tested = ev.RateTested(
            round=1, step=0, rates=[1e-4, 1e-3, 1e-2, 1e-1], losses=[6.0, 5.0, 4.0, None], suggested=2e-3
        )
        assert said(rate_test_lines(tested)[0]) == "range test 0.0001 to 0.1: 0.002 leaves room"
        assert "█" in said(rate_test_lines(tested)[1])
        assert rate_test_lines(ev.RateTested(round=1, step=0, rates=[1.0], losses=[None])) == []

    def test_who_runs_now_and_how_far(self) -> None:
        events = [
            *scripted_run(100),
            ev.PhaseChanged(phase="refine", status="started"),
            ev.Progressed(phase="refine", done=10, total=40, unit="steps", detail="probe control"),
        ]
        shown = text(FindingsPane().lines_of(state_of(events), 70))
        assert "probe control ━━━━━─────────────── 10/40 steps" in shown


class TestBanner:
    def lines(self, events: list[ev.Event], *, can_resume: bool = True) -> str:
        state = state_of(events)
        assert state.ended is not None
        return text(ended_lines(state, state.ended, RUN_DIR, Keys(), can_resume))

    def test_a_completed_run_shows_its_figures_and_its_model(self) -> None:
        shown = self.lines(ended_run(), can_resume=False)
        assert "✓ completed at step 600 after " in shown
        assert "test loss 2.610, perplexity 13.60, bits/byte 1.064" in shown
        assert f"{RUN_DIR}/model   for from_pretrained" in shown
        assert "resume" not in shown

    def test_a_failed_run_says_where_the_traceback_is_and_what_to_do(self) -> None:
        shown = self.lines(ended_run("failed", reason="RuntimeError: out of luck"))
        assert "✗ failed at step 600" in shown
        assert "RuntimeError: out of luck" in shown
        assert f"{RUN_DIR}/output.log" in shown
        assert "R resume from step 600" in shown

    def test_a_stopped_run_offers_resume_only_where_it_can(self) -> None:
        assert "R resume" in self.lines(ended_run("stopped"))
        assert "R resume" not in self.lines(ended_run("stopped"), can_resume=False)

    def test_a_lost_engine(self) -> None:
        shown = text(lost_lines(state_of(scripted_run(50)), "killed by SIGKILL", RUN_DIR, Keys(), True))
        assert "✗ the engine is gone · killed by SIGKILL" in shown
        assert "R resume from the start" in shown

    def test_the_keys_are_those_of_the_person(self) -> None:
        state = state_of(ended_run("stopped"))
        assert state.ended is not None
        shown = text(ended_lines(state, state.ended, RUN_DIR, Keys({"resume": "f9"}), True))
        assert "f9 resume" in shown


def test_about_names_data_model_and_checkpoints() -> None:
    shown = text(AboutPane(RUN_DIR).lines_of(state_of(scripted_run(400, gpus=1)), 70))
    for fact in ("118k", "duplicate 11", "llama, 1.05M parameters", "cpu, float32", "NVIDIA H200", "torch 2.13.0"):
        assert fact in shown, fact
    assert "checkpoint  400 · 12.0 MiB" in shown


@pytest.mark.parametrize("width", [5, 20, 60, 160])
def test_the_last_hints_and_the_message_have_priority_in_the_footer(width: int) -> None:
    from msopt_tui.ui.requests import Message

    hints = Keys().footer("loss")
    plain = keybar_words(hints, None, width)
    assert words_length(plain) <= width
    assert "q quit" in said(plain) or width < 20
    with_message = keybar_words(hints, Message("evaluate requested…", "accent"), width)
    assert words_length(with_message) <= width
    assert "evaluate requested…" in said(with_message) or width < 20
