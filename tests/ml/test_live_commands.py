"""Commands to a real run: rollbacks are replayed, pinned checkpoints stay, prompts and files are answered."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from msopt_tui.engine.engine import Engine
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.runs.pins import read_pins, steps_of
from msopt_tui.steps import streamed
from tests.ml.live import create, serve
from tests.projects import events_of, losses_of

torch.set_num_threads(1)

SHORT = ("train.max_steps=24", "train.save_steps=6", "train.eval_steps=24")


def test_a_rollback_resumed_before_and_behind_it_is_the_same(tmp_path: Path) -> None:
    back = cmd.RollBack(step=6)
    whole = serve(create(tmp_path, *SHORT), {12: [back], 15: [back]})
    assert [event.from_step for event in events_of(whole) if isinstance(event, ev.RolledBack)] == [6, 6]
    cut = create(tmp_path, *SHORT)
    serve(cut, {12: [back], 15: [back], 16: [cmd.Stop(save=False)]})
    serve(cut, {20: [cmd.Stop(save=False)]})
    serve(cut)
    assert losses_of(cut) == losses_of(whole)


def test_a_pinned_checkpoint_outlives_retention_until_it_is_let_go(tmp_path: Path) -> None:
    run = create(tmp_path, *SHORT, "train.save_total_limit=1")
    serve(run, {7: [cmd.Pin()], 20: [cmd.Pin(step=6, keep=False), cmd.Pin(step=18)]})
    assert read_pins(run) == {18}
    removed = [event.step for event in events_of(run) if isinstance(event, ev.CheckpointRemoved)]
    assert 6 in removed
    assert removed.index(12) < removed.index(6), "it went only when it was let go"
    assert steps_of(run.checkpoints) == [18, 24]


def test_prompts_and_files_are_answered_and_change_nothing(tmp_path: Path) -> None:
    text = tmp_path / "other.txt"
    text.write_text("the cat sat on the red mat\n" * 20, encoding="utf-8")
    asked: list[cmd.Command] = [
        cmd.Evaluate(prompt="the cat"),
        cmd.Evaluate(file=str(text)),
        cmd.Evaluate(file=str(tmp_path / "none.txt")),
    ]
    run = serve(create(tmp_path, *SHORT, "model.dropout=0.1"), {9: asked})
    plain = serve(create(tmp_path, *SHORT, "model.dropout=0.1"))
    assert losses_of(run) == losses_of(plain)
    written, measured = [event for event in events_of(run) if isinstance(event, ev.Answered)]
    assert (written.id, written.prompt, measured.file) == (asked[0].id, "the cat", str(text))
    assert measured.metrics["bits_per_byte"]
    (refused,) = [event for event in events_of(run) if isinstance(event, ev.CommandRefused)]
    assert "none.txt: No such file" in refused.reason
    assert sum(isinstance(event, ev.Evaluated) for event in events_of(run)) == 3, "start, end, test"


def test_an_answer_comes_in_pieces_and_ends_where_it_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed, "PIECE_SECONDS", 0.0)
    whole, cut, late = cmd.Evaluate(prompt="the cat"), cmd.Evaluate(prompt="a dog"), cmd.Evaluate(prompt="seven")
    pieces: dict[str, str] = {}

    def answer(engine: Engine, event: ev.Event) -> None:
        if isinstance(event, ev.AnswerGrew):
            pieces[event.id] = pieces.get(event.id, "")[: event.kept] + event.text
            if event.id == cut.id and len(pieces[cut.id]) > 5:
                engine.submit(cmd.CancelAnswer(answer=late.id))
                engine.submit(cmd.CancelAnswer(answer=cut.id))

    settings = "evaluate.max_new_tokens=60", "evaluate.temperature=5"
    asked: list[cmd.Command] = [whole, cut, late, cmd.CancelAnswer(answer="nobody's")]
    run = serve(create(tmp_path, *SHORT, *settings), {9: asked}, heard=answer)
    answers = {event.id: event for event in events_of(run) if isinstance(event, ev.Answered)}
    assert answers[whole.id].text.startswith(pieces[whole.id])
    assert len(pieces[whole.id]) > 20
    assert not answers[whole.id].cancelled
    assert answers[cut.id].cancelled
    assert answers[cut.id].text == pieces[cut.id]
    refused = {event.id: event.reason for event in events_of(run) if isinstance(event, ev.CommandRefused)}
    assert refused == {late.id: "cancelled by person", asked[3].id: "there is no such answer under way"}


def test_more_steps_asked_for_at_the_last_step_are_taken(tmp_path: Path) -> None:
    run = serve(create(tmp_path, *SHORT), {24: [cmd.Adjust(changes={"train.max_steps": 30})]})
    assert max(losses_of(run)) == 30
