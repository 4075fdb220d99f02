"""Checkpoints are written beside training: what they hold, what waits for them, and what a failed one costs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from msopt_tui.engine.engine import Engine
from msopt_tui.engine.host import make_engine
from msopt_tui.ml import checkpoint, manifest, optim
from msopt_tui.ml import model as models
from msopt_tui.ml.checkpoint import CheckpointError, Saved, Snapshot, files, write
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalReader
from tests.ml import live
from tests.ml.test_lora import adapted
from tests.ml.tiny import ARCHITECTURES, CPU, SETTINGS, network
from tests.projects import events_of, losses_of, state_of

Store = Callable[[Path, Snapshot], Saved]
SHORT = ("train.max_steps=40", "evaluate.prompts=[]")


def watched(run: RunDirectory, see: Callable[[Engine, ev.Event], None]) -> list[ev.Event]:
    """The whole run, every event shown on the worker thread as it is said."""
    engine = make_engine(run, somebody_watches=False)
    emit = engine._context.emit

    def tell(event: ev.Event) -> None:
        emit(event)
        see(engine, event)

    engine._context.emit = engine._control._emit = tell
    engine.serve()
    assert engine.ended is not None
    assert engine.ended.status in ("completed", "stopped"), engine.ended.reason
    return events_of(run)


def held(monkeypatch: pytest.MonkeyPatch, step: int) -> threading.Event:
    """The disk takes its time over the checkpoint of a step: until the event returned is set."""
    store, free, at_work = checkpoint.store, threading.Event(), threading.Lock()

    def slow(folder: Path, taken: Snapshot, *hooks: Callable[..., None]) -> Saved:
        assert at_work.acquire(blocking=False), "two saves at once"
        try:
            assert taken.step != step or free.wait(30)
            return store(folder, taken, *hooks)
        finally:
            at_work.release()

    monkeypatch.setattr(checkpoint, "store", slow)
    return free


def refused(monkeypatch: pytest.MonkeyPatch, *steps: int) -> None:
    """The disk is full while the checkpoints of these steps are written."""
    store = checkpoint.store

    def full(folder: Path, taken: Snapshot, *hooks: Callable[..., None]) -> Saved:
        if taken.step in steps:
            raise CheckpointError(f"checkpoint-{taken.step} could not be saved: No space left on device")
        return store(folder, taken, *hooks)

    monkeypatch.setattr(checkpoint, "store", full)


def saved_at(events: list[ev.Event]) -> list[int]:
    return [event.step for event in events if isinstance(event, ev.CheckpointSaved)]


def test_training_goes_on_meanwhile_and_the_checkpoint_is_of_its_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = live.serve(live.create(tmp_path, *SHORT))
    free = held(monkeypatch, 20)

    def see(engine: Engine, event: ev.Event) -> None:
        if isinstance(event, ev.StepsDone) and event.first + len(event.losses) > 30:
            free.set()

    run = live.create(tmp_path, *SHORT)
    events = watched(run, see)
    order = [type(event) for event in events if isinstance(event, ev.StepsDone | ev.CheckpointSaved)]
    at = next(
        number for number, event in enumerate(events) if isinstance(event, ev.CheckpointSaved) and event.step == 20
    )
    steps_before = max(e.first + len(e.losses) - 1 for e in events[:at] if isinstance(e, ev.StepsDone))
    assert steps_before > 30, order
    assert losses_of(run) == losses_of(whole)
    for step in checkpoint.list_steps(whole.checkpoints):
        ours, theirs = (manifest.read(one.checkpoint(step)).files for one in (run, whole))
        assert ours == theirs, step


def test_an_adjustment_at_the_step_of_a_checkpoint_under_way_is_not_taken_to_be_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, adjust = held(monkeypatch, 20), cmd.Adjust(changes={"train.learning_rate": 1e-2})
    run = live.create(tmp_path, *SHORT)

    def see(engine: Engine, event: ev.Event) -> None:
        # Between the evaluation and the checkpoint of step 20: it is served behind both, before step 21.
        if isinstance(event, ev.PhaseChanged) and (event.phase, event.status, event.step) == (
            "evaluate",
            "finished",
            20,
        ):
            engine.submit(adjust)
            threading.Timer(0.1, free.set).start()

    events = watched(run, see)
    told = [type(e).__name__ for e in events if getattr(e, "step", None) == 20]
    assert told.index("Adjusted") > told.index("CheckpointSaved")
    expected = losses_of(run)
    for step in checkpoint.list_steps(run.checkpoints):
        if step > 20:
            run.checkpoint(step).rename(tmp_path / f"gone-{step}")
    live.serve(run)
    assert [e.resumed_from_step for e in events_of(run) if isinstance(e, ev.RunStarted)] == [None, 20]
    assert losses_of(run) == expected


def test_a_stop_waits_for_the_checkpoint_under_way_and_whoever_asked_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = held(monkeypatch, 25)
    run = live.create(tmp_path, *SHORT)
    engine = make_engine(run, somebody_watches=False)
    engine._control.submit(cmd.Pause(at_step=25))
    emit = engine._control._emit

    def see(event: ev.Event) -> None:
        emit(event)
        if isinstance(event, ev.Paused):
            for command in (cmd.Save(id="save"), cmd.Continue(), cmd.Stop(save=False)):
                engine.submit(command)
            threading.Timer(0.1, free.set).start()

    engine._control._emit = see
    engine.serve()
    said = events_of(run)
    answers = [e for e in said if isinstance(e, ev.CommandApplied) and e.id == "save"]
    assert [e.step for e in answers] == [25]
    assert said.index(answers[0]) > next(
        n for n, e in enumerate(said) if isinstance(e, ev.CheckpointSaved) and e.step == 25
    )
    assert isinstance(said[-1], ev.RunEnded)
    assert checkpoint.check(run.checkpoint(25)).step == 25
    assert not list(run.checkpoints.glob(".tmp-*"))


def test_a_best_checkpoint_that_could_not_be_saved_is_not_gone_back_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(monkeypatch, 20)
    refine = ("refine.mode=auto", "refine.max_rounds=2", "refine.probe_steps=4")
    run = live.create(tmp_path, *SHORT, "train.max_steps=30", "train.eval_steps=10", *refine)
    # From 20 on the weights only get worse: what is best is lost with its checkpoint.
    adjust = cmd.Adjust(changes={"train.learning_rate": 3.0, "train.spike_sigmas": 0})
    live.serve(run, {21: [adjust]})
    events = events_of(run)
    failed = [e for e in events if isinstance(e, ev.CheckpointFailed)]
    assert {e.step for e in failed} == {20}
    notes = [e.text for e in events if isinstance(e, ev.Noted)]
    assert "the best weights, of step 20, are lost with it: the best kept are of step 10" in notes
    assert {e.from_step for e in events if isinstance(e, ev.Probed)} == {10}, "the race begins with what is there"
    assert 30 in saved_at(events), "later saves work"
    assert state_of(run).status == "completed"


def test_without_any_checkpoint_the_run_ends_with_the_weights_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(monkeypatch, *range(41))
    run = live.serve(live.create(tmp_path, *SHORT))
    assert saved_at(events_of(run)) == []
    assert any(isinstance(e, ev.Noted) and e.text.startswith("model of step 40 ") for e in events_of(run))
    assert state_of(run).status == "completed"


def test_a_best_checkpoint_damaged_meanwhile_is_replaced_by_the_newest(tmp_path: Path) -> None:
    run = live.create(tmp_path, *SHORT, "train.eval_steps=10")

    def see(engine: Engine, event: ev.Event) -> None:
        if isinstance(event, ev.PhaseChanged) and (event.phase, event.status) == ("train", "finished"):
            (run.path / run.checkpoints / run.best.read_text().strip() / "model.safetensors").write_bytes(b"")

    events = watched(run, see)
    assert any(isinstance(e, ev.Noted) and e.level == "error" and "take their place" in e.text for e in events)
    assert state_of(run).status == "completed"


def in_order(content: bytes) -> dict[str, object]:
    """PEFT writes sets as they come."""
    return {key: sorted(value) if isinstance(value, list) else value for key, value in json.loads(content).items()}


@pytest.mark.parametrize("name", [*ARCHITECTURES, "adapters"])
def test_what_stands_beside_the_weights_is_what_the_libraries_write(tmp_path: Path, name: str) -> None:
    model = adapted() if name == "adapters" else network("gpt2" if name == "gpt2" else "llama", dropout=0.2)
    if name != "adapters":
        files.described(model)
        models.set_dropout(model, 0.35)  # what was described before holds no more
    written = files.described(model)
    if name == "adapters":
        model.peft_config["default"].save_pretrained(str(tmp_path))
    else:
        model.save_pretrained(tmp_path)
    there = {path.name: in_order(path.read_bytes()) for path in tmp_path.iterdir() if path.suffix == ".json"}
    assert there == {file: in_order(content) for file, content in written.items()}


def test_a_snapshot_is_not_changed_by_training(tmp_path: Path) -> None:
    from tests.ml.tiny import tokenizer_dir, train

    model = network()
    optimizer = optim.build(model, SETTINGS, CPU)
    train(model, optimizer, 1, 2)
    state = checkpoint.TrainingState(step=2, round=1, round_first_step=0, round_last_step=20, tokens=128)
    tokenizer = tokenizer_dir(tmp_path)
    at_once = checkpoint.save(tmp_path / "a", model, optimizer, tokenizer, state, CPU)
    taken = checkpoint.snapshot(model, optimizer, tokenizer, state, CPU)
    train(model, optimizer, 3, 4)
    wrote: list[int] = []
    later = checkpoint.store(tmp_path / "b", taken, wrote.append)
    assert sum(wrote) == taken.bytes, "how far it is can be told"
    assert manifest.read(at_once.path).files == manifest.read(later.path).files


def test_no_checkpoint_is_there_before_the_journal_has_the_steps_it_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a kill between the two would leave steps that no journal tells of."""
    run, known = live.create(tmp_path, *SHORT), list[tuple[int, int]]()
    put = write.put

    def look(unfinished: Path, target: Path) -> None:
        if target.parent == run.checkpoints:
            done = [event for event in JournalReader(run.events).read() if isinstance(event, ev.StepsDone)]
            last = max((event.first + len(event.losses) - 1 for event in done), default=0)
            known.append((int(target.name.partition("-")[2]), last))
        put(unfinished, target)

    monkeypatch.setattr(write, "put", look)
    live.serve(run)
    assert len(known) >= 3
    assert all(last >= step for step, last in known), known
