"""A run printed: figures by their labels, the confusion matrix, what the best weights wrote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from msopt_tui.protocol import events as ev
from msopt_tui.protocol.codec import encode_line
from msopt_tui.report import print_run
from msopt_tui.runs.directory import RunDirectory
from tests.ui.hostile_app import PAYLOADS
from tests.ui.scripted import ended_run
from tests.ui.stories import story_of


def printed(tmp_path: Path, events: list[ev.Event], capsys: pytest.CaptureFixture[str]) -> str:
    run = tmp_path / "run"
    run.mkdir(exist_ok=True)
    RunDirectory(run).events.write_bytes(b"".join(map(encode_line, events)))
    assert print_run(run) == 0
    return capsys.readouterr().out


def test_a_classification_shows_its_matrix_and_its_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(tmp_path, story_of("classification"), capsys)
    axis = next(line for line in shown.splitlines() if line.split()[:2] == ["100", "200"])
    assert axis.split() == ["100", "200", "300", "400", "500"], "whole steps"
    assert "best        loss 2.574, accuracy 82.19 % at step 500" in shown
    assert "examples    learned 4.12k targets, cut to fit 247 (6.0 %), without an end none" in shown
    assert "!           6.0 % of the examples are cut" in shown
    assert "confusion, step 500 (rows true, columns predicted):" in shown
    assert "  collections        5           45      3         2    82 %" in shown
    assert "  precision       75 %         83 %   83 %      88 %" in shown
    assert "samples at step 500:" in shown
    assert "  ✓ Return True if the queue is empty, False otherwise. | asyncio (confidence 0.65)" in shown


def test_the_tests_matrix_is_worth_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = ev.Evaluated(
        step=500, round=1, split="test", reason="final", metrics={"loss": 1.0}, seconds=1.0,
        confusion=ev.Confusion(labels=["yes", "no"], counts=[[9, 1], [0, 10]]),
    )  # fmt: skip
    shown = printed(tmp_path, [*story_of("classification"), test], capsys)
    assert "confusion, test (rows true, columns predicted):" in shown
    assert re.search(r"^  yes +9 +1 +90 %$", shown, re.MULTILINE)


def test_many_classes_are_told_by_their_confusions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = [[9 if a == b else 2 if (a, b) == (4, 7) else 0 for b in range(20)] for a in range(20)]
    evaluated = ev.Evaluated(
        step=500, round=1, split="test", reason="final", metrics={"loss": 1.0}, seconds=1.0,
        confusion=ev.Confusion(labels=[f"c{n}" for n in range(20)], counts=counts),
    )  # fmt: skip
    shown = printed(tmp_path, [*story_of("classification"), evaluated], capsys)
    assert "most confused, test (true → predicted):\n        2  18.2%  c4 → c7\n" in shown


def test_a_translation_shows_its_signature_and_references(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(tmp_path, story_of("translation", 250), capsys)
    assert "signature   BLEU: nrefs:1|case:mixed" in shown
    assert "| should be: The earth was formless and empty. (chrF 61)" in shown


def test_a_pipe_gets_no_escape_sequence_whatever_the_run_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for payload in PAYLOADS:
        foreign = payload.encode("utf-8", "replace").decode()  # as a journal can hold it
        evaluated = ev.Evaluated(
            step=600, round=1, split="test", reason="final", metrics={foreign: 1.0, "loss": 1.0}, seconds=1.0,
            confusion=ev.Confusion(labels=[foreign, "b"], counts=[[1, 2], [3, 4]]), signatures={foreign: foreign},
        )  # fmt: skip
        sample = ev.Sample(prompt=foreign, text=foreign, reference="r" + foreign, note=foreign, correct=False)
        events = [*ended_run(steps=200), evaluated, ev.Sampled(step=200, samples=[sample])]
        shown = printed(tmp_path, events, capsys)
        bad = [c for c in shown if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or 0x2028 <= ord(c) <= 0x202E]
        assert not bad, payload[:30]
