"""Samples with references and evaluations with classes: what the panes make of other tasks than language modelling."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.panes.confusion import matrix_lines
from msopt_tui.ui.panes.evaluation import EvaluationPane, rows_wanted
from msopt_tui.ui.panes.sample_lines import CONTEXT_LINES, history_lines, sample_lines
from msopt_tui.ui.theme import HITS, MISSES
from msopt_tui.ui.widgets.lines import Words, words_length
from tests.ui.cockpit import started
from tests.ui.fake_link import FakeLink
from tests.ui.hostile_app import PAYLOADS
from tests.ui.scripted import scripted_run, state_of
from tests.ui.stories import LABELS, QUESTION, story_of


def text(lines: list[Words]) -> list[str]:
    return ["".join(piece for piece, _ in words).rstrip() for words in lines]


CLASSES = state_of(story_of("classification", 500))
TRANSLATION = state_of(story_of("translation", 250))


class TestSources:
    @pytest.mark.parametrize("width", [20, 34, 60])
    def test_the_loss_of_each_source_and_its_change_stand_below_the_latest_rows(self, width: int) -> None:
        state = state_of(story_of("mixture", 400))
        lines = list(EvaluationPane().lines_of(state, width))
        shown = text(lines)
        at = next(number for number, line in enumerate(shown) if line.startswith("source"))
        assert ["400" in shown[1], "300" in shown[2]] == [True, True], "two rows are in view above it"
        assert at <= 7, "nothing but the metrics without a column stands between"
        one, two, three = shown[at + 1 : at + 4]
        before, now = (state.evaluations[number].metrics["loss"] for number in (-2, -1))
        assert before is not None
        assert now is not None
        assert f"{now - before:+.4f}" in one
        assert f"{now + 0.4:.4f}" in two
        assert three.split()[-1] == "✗", "a loss that is not finite is a sign, and has no change"
        assert all(words_length(line) <= max(width, 26) for line in lines[at:])
        assert rows_wanted(state) == 3 + 2 + 4
        assert rows_wanted(state_of(story_of("language", 400))) == 0


class TestSamples:
    def test_a_prompt_without_a_reference_looks_as_ever(self) -> None:
        assert text(sample_lines(ev.Sample(prompt="Once", text=" upon a time"), 40)) == ["› Once", "upon a time"]

    def test_a_right_answer_needs_no_reference(self) -> None:
        sample = ev.Sample(prompt="p", text="asyncio", reference="asyncio", note="confidence 0.98", correct=True)
        assert text(sample_lines(sample, 60)) == ["› p", "✓ asyncio  confidence 0.98"]

    def test_a_wrong_one_stands_above_what_it_should_be(self) -> None:
        sample = ev.Sample(prompt="p", text="email", reference="asyncio", note="confidence 0.6", correct=False)
        lines = sample_lines(sample, 60)
        assert text(lines) == ["› p", "✗ email  confidence 0.6", "= asyncio"]
        assert lines[1][0] == ("✗ ", "bad")

    def test_words_that_differ_are_marked_by_signs_and_roles(self) -> None:
        lines = sample_lines(TRANSLATION.samples[-1].samples[0], 80)
        assert text(lines)[1:] == [
            "» In the beginning, God [-made-] the [-heaven-] and the earth.  chrF 52",
            "= In the beginning, God {+created+} the {+heavens+} and the earth.",
        ]
        assert ("[-made-]", "bad") in [span for line in lines for span in line]
        assert ("{+created+}", "good") in [span for line in lines for span in line]

    def test_in_a_wide_pane_both_stand_side_by_side(self) -> None:
        _, line, *_ = text(sample_lines(TRANSLATION.samples[-1].samples[1], 130))
        assert line.index("» The earth was [-without form-] and empty.") == 0
        assert line.index("= The earth was {+formless+} and empty.") == 65

    def test_a_question_shows_the_beginning_of_its_context(self) -> None:
        long = msgspec.structs.replace(QUESTION, context="word " * 200)
        lines = text(sample_lines(long, 42))
        assert lines[0] == "› Who wrote it?"
        assert lines[1] == "  " + ("word " * 8).strip()
        assert lines[1 + CONTEXT_LINES].startswith("  … ")
        assert lines[1 + CONTEXT_LINES].endswith(" more characters")
        assert lines[-2:] == ["✗ Peters  F1 67", "= {+Tim+} Peters"]

    def test_nothing_written_is_said(self) -> None:
        assert "✗ (nothing)" in text(sample_lines(ev.Sample(prompt="p", text=" \n", reference="r", correct=False), 40))

    def test_one_sample_over_the_steps_has_the_latest_first(self) -> None:
        sample = CLASSES.samples[0].samples[1]
        lines = text(history_lines(sample, CLASSES.samples, 60))
        assert lines[0].startswith("› Create a MIME-compliant header")
        assert "= email" in lines
        steps = [line.split() for line in lines if line.startswith("   ")]
        assert [(words[0], words[1], words[2]) for words in steps] == [
            ("500", "✓", "email"), ("400", "✓", "email"), ("300", "✓", "email"),
            ("200", "✗", "collections"), ("100", "✗", "collections"),
        ]  # fmt: skip

    def test_an_evaluation_without_the_sample_is_passed_over(self) -> None:
        other = ev.Sampled(step=600, samples=[ev.Sample(prompt="another", text="x")])
        sample = CLASSES.samples[0].samples[0]
        assert not any("600" in line for line in text(history_lines(sample, [*CLASSES.samples, other], 60)))

    @given(
        st.builds(
            ev.Sample, prompt=st.text(max_size=30), text=st.text(max_size=50), reference=st.text(max_size=50),
            context=st.text(max_size=300), note=st.text(max_size=10), correct=st.sampled_from([None, True, False]),
        ),
        st.integers(12, 140),
    )  # fmt: skip
    def test_every_sample_fits_every_width(self, sample: ev.Sample, width: int) -> None:
        for line in [
            *sample_lines(sample, width),
            *history_lines(sample, [ev.Sampled(step=1, samples=[sample])], width),
        ]:
            assert words_length(line) <= width

    async def test_the_sample_in_view_is_the_one_shown_over_the_steps(self) -> None:
        async with started(FakeLink(story_of("translation", 500)), size=(80, 24)) as ui:
            await ui.press("5", "v")
            assert "sample 1 of 3" in ui.text()
            await ui.press("v")
            ui.screen.samples.scroll_lines(0)
            ui.screen.samples.top = 4
            await ui.press("v")
            assert "sample 2 of 3" in ui.text()
            await ui.press("[")
            assert "sample 1 of 3" in ui.text()

    async def test_new_evaluations_come_into_an_open_view_over_the_steps(self) -> None:
        async with started(FakeLink(scripted_run(250))) as ui:
            await ui.press("v")
            prompt = ui.screen.feed.state.samples[0].samples[0].prompt
            await ui.feed(ev.Sampled(step=300, samples=[ev.Sample(prompt=prompt, text="new words")]))
            assert "300 » new words" in ui.pane("samples")

    async def test_every_known_payload_in_every_part_does_nothing(self) -> None:
        async with started(FakeLink(story_of("classification", 100)), size=(120, 36)) as ui:
            await ui.press("5")
            for payload in PAYLOADS:
                sample = ev.Sample(
                    prompt="p", text=payload, reference="r " + payload, context=payload, note=payload, correct=False
                )
                confusion = ev.Confusion(labels=[payload, "b" + payload], counts=[[3, 1], [0, 2]])
                await ui.feed(
                    ev.Sampled(step=100, samples=[sample]),
                    evaluated(confusion=confusion, signatures={payload: payload}),
                )
                for pressed in ("v", "4", "5"):
                    await ui.press(pressed)
                    for strip in ui.app.screen._compositor.render_strips():
                        for segment in strip:
                            assert segment.text.isprintable(), segment
                            assert segment.style is None or "@click" not in segment.style.meta


def evaluated(**more: object) -> ev.Evaluated:
    facts: dict[str, object] = {
        "step": 100, "round": 1, "split": "validation", "reason": "asked", "metrics": {"loss": 1.0}, "seconds": 1.0,
    }  # fmt: skip
    return ev.Evaluated(**(facts | more))  # type: ignore[arg-type]  # a test's shorthand


class TestEvaluation:
    def lines(self, state: RunState, width: int = 60) -> list[str]:
        return text(list(EvaluationPane().lines_of(state, width)))

    def test_the_matrix_stands_between_the_latest_and_the_earlier_evaluations(self) -> None:
        lines = self.lines(CLASSES, 70)
        title = next(at for at, line in enumerate(lines) if line.startswith("confusion"))
        assert [line.split()[-3] for line in lines[1:3]] == ["500", "400"]
        assert lines[title + 1].split() == ["asyncio", "collections", "email", "unittest", "recall"]
        assert [line.split()[0] for line in lines[title + 2 : title + 7]] == [*LABELS, "precision"]
        assert [line.split()[0] for line in lines[title + 7 :]] == ["300", "200", "100"]

    def test_the_test_has_the_last_word(self) -> None:
        confusion = ev.Confusion(labels=["a", "b"], counts=[[9, 1], [0, 10]])
        state = state_of([*story_of("classification", 300), evaluated(split="test", step=300, confusion=confusion)])
        lines = self.lines(state)
        assert any(line.startswith("confusion in the test") for line in lines)
        assert any(line.split() == ["a", "9", "1", "90", "%"] for line in lines)

    def test_signatures_end_it(self) -> None:
        assert self.lines(TRANSLATION, 80)[-1] == "BLEU: nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.5.1"

    def test_what_has_no_column_is_said_in_words_and_what_decides_always_has_one(self) -> None:
        metrics: dict[str, float | None] = {"loss": 2.0, "bleu": 20.5, "chrf": 41.25, "f1": 55.0}
        state = state_of([evaluated(metrics=metrics)])
        assert "also: chrF 41.25, F1 % 55.00" in self.lines(state, 30)
        state.settings["evaluate.metric_for_best_model"] = "f1"
        assert self.lines(state, 30)[0].split() == ["step", "loss", "↓", "F1", "%", "↑"]
        assert "also: BLEU 20.50, chrF 41.25" in self.lines(state, 30)

    def test_the_pane_asks_for_room_only_where_there_are_classes(self) -> None:
        assert rows_wanted(state_of(scripted_run(300))) == 0
        assert rows_wanted(CLASSES) == 12
        wide = ev.Confusion(labels=[str(n) for n in range(77)], counts=[[1] * 77] * 77)
        assert rows_wanted(state_of([evaluated(confusion=wide)])) == 16


class TestMatrix:
    def test_cells_are_shaded_by_their_share_of_the_true_class(self) -> None:
        matrix = ev.Confusion(labels=["a", "b"], counts=[[8, 2], [0, 3]])
        _, first, second, _ = matrix_lines(matrix, 60)
        assert [role for _, role in first[1:3]] == [HITS[3], MISSES[0]]
        assert [role for _, role in second[1:3]] == ["", HITS[3]]
        assert text([first])[0].split() == ["a", "8", "2", "80", "%"]

    def test_long_labels_are_cut_and_recall_gives_way_first(self) -> None:
        matrix = ev.Confusion(labels=["a very long label", "b"], counts=[[8, 2], [0, 3]])
        wide, narrow = (text(matrix_lines(matrix, width)) for width in (60, 34))
        assert wide[0].endswith("recall")
        assert wide[1].startswith("a very long l… ")
        assert not narrow[0].endswith("recall")

    def test_too_many_classes_are_told_by_what_is_confused_most(self) -> None:
        labels = [f"class {n}" for n in range(30)]
        counts = [[40 if a == b else 7 if (a, b) == (3, 4) else 0 for b in range(30)] for a in range(30)]
        lines = text(matrix_lines(ev.Confusion(labels=labels, counts=counts), 50))
        assert lines[0] == "30 classes: more columns than fit"
        assert lines[2].split() == ["7", "14.9%", "class", "3", "→", "class", "4"]
        assert lines[5].split() == ["class", "3", "47", "85", "%", "100", "%"]
        assert len(lines) == 5 + 30

    @pytest.mark.parametrize("counts", [[[0]], [[0, 0], [0, 0]], [[123_456, 9], [1, 0]]])
    def test_every_matrix_has_lines(self, counts: list[list[int]]) -> None:
        labels = [f"label {n}" for n in range(len(counts))]
        assert len(matrix_lines(ev.Confusion(labels=labels, counts=counts), 40)) >= len(counts) + 2
        assert matrix_lines(ev.Confusion(labels=[], counts=[]), 40) == []

    @given(st.integers(1, 12), st.integers(20, 90), st.integers(0, 10_000))
    def test_a_matrix_fits(self, classes: int, width: int, count: int) -> None:
        matrix = ev.Confusion(labels=["猫" * 9] * classes, counts=[[count] * classes] * classes)
        lines = matrix_lines(matrix, width)
        if not text(lines)[0].endswith("than fit"):
            assert all(words_length(line) <= width for line in lines)
