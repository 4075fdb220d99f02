"""The control point: every command in every situation is applied, refused with a reason, or kept until it can be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from msopt_tui.config.schema import Config
from msopt_tui.engine.control import Control
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.pins import read_pins
from msopt_tui.steps.context import LiveSettings, Situation, StopRun


class Bench:
    """A control point with everything it says written down; serves what is asked of a run in training."""

    def __init__(self, directory: RunDirectory) -> None:
        self.said: list[ev.Event] = []
        self.settings = LiveSettings(Config())
        self.control = Control(self.settings, self.said.append, directory)
        self.evaluations = 0
        self.saves = self.settled = 0
        self.made_way: list[str] = []
        self.rolled_back: list[int] = []

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.said]

    def of(self, kind: type[ev.Base]) -> list[ev.Event]:
        return [event for event in self.said if isinstance(event, kind)]

    def evaluate(self) -> None:
        self.evaluations += 1
        with self.control.during("evaluating"):
            self.control.poll(5)

    def make_way(self, command: cmd.Command) -> None:
        self.made_way.append(command.name)

    def settle(self) -> None:
        self.settled += 1

    def save(self, then: Callable[[], None]) -> None:
        self.saves += 1
        then()

    def answer(self, command: cmd.Evaluate) -> str:
        if command.file:
            raise ValueError("no such file")
        return command.prompt.upper()

    def roll_back(self, command: cmd.RollBack) -> None:
        if command.step > 5:
            raise ValueError("there is no checkpoint 9")
        self.rolled_back.append(command.step)

    @contextmanager
    def training(self) -> Iterator[None]:
        with self.control.during("training"), self.control.serve_with(self):
            yield

    def send(self, *commands: cmd.Command, step: int = 5) -> None:
        for command in commands:
            self.control.submit(command)
        self.control.poll(step)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(RunDirectory(tmp_path))


def test_nothing_asked_is_idle(bench: Bench) -> None:
    assert bench.control.idle()
    bench.control.submit(cmd.Save())
    assert not bench.control.idle()


def test_pause_waits_and_serves_and_goes_on(bench: Bench) -> None:
    with bench.training():
        # Everything that a paused run is asked lies in the queue already; the last of it lets it go on.
        bench.send(cmd.Pause(), cmd.Evaluate(), cmd.Save(), cmd.Adjust(changes={"train.eval_steps": 7}), cmd.Continue())
        bench.control.poll(5)
    # The save came while the evaluation was under way and waited for its end.
    assert bench.kinds() == [
        *("CommandApplied", "Paused"),
        "CommandApplied",
        *("Adjusted", "CommandApplied"),
        *("CommandApplied", "Continued"),
        "CommandApplied",
    ]
    assert (bench.evaluations, bench.saves) == (1, 1)
    assert bench.settings.config.train.eval_steps == 7


def test_a_pause_blocks_the_worker_until_someone_lets_it_go(bench: Bench) -> None:
    through = threading.Event()

    def work() -> None:
        with bench.training():
            bench.send(cmd.Pause())
        through.set()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    assert not through.wait(0.1)
    bench.control.submit(cmd.Continue())
    assert through.wait(5.0)
    worker.join()


def test_fifty_presses_of_evaluate_make_one_evaluation(bench: Bench) -> None:
    with bench.training():
        bench.send(*[cmd.Evaluate() for _ in range(50)])
    assert bench.evaluations == 1
    assert len(bench.of(ev.CommandApplied)) == 50


def test_ten_keys_during_an_evaluation_lose_none(bench: Bench) -> None:
    keys: list[cmd.Command] = [cmd.Adjust(changes={"train.learning_rate": 0.1 + n / 100}) for n in range(8)]
    with bench.training():
        with bench.control.during("evaluating"):
            bench.send(*keys, cmd.Save(), cmd.Pause())
            assert bench.saves == 0
            assert len(bench.of(ev.Adjusted)) == 8
        bench.control.submit(cmd.Continue())
        bench.control.poll(6)
    assert bench.saves == 1
    answered = {event.id for event in bench.said if isinstance(event, ev.CommandApplied)}
    assert {key.id for key in keys} <= answered
    assert len(answered) == 11


def test_what_comes_before_training_waits_for_it(bench: Bench) -> None:
    with bench.control.during("preparing"):
        bench.send(cmd.Evaluate(), cmd.Save(), step=0)
        assert not bench.said
    with bench.training():
        bench.control.poll(0)
    assert (bench.evaluations, bench.saves) == (1, 1)


def test_a_pause_before_training_keeps_nobody_waiting(bench: Bench) -> None:
    asked: list[cmd.Command] = [cmd.Evaluate(), cmd.Save(), cmd.Adjust(changes={"model.freeze": "[]"}), cmd.Refine()]
    with bench.control.during("preparing"):
        bench.send(cmd.Pause(), *asked, cmd.Step(), step=0)
        refused = [event for event in bench.said if isinstance(event, ev.CommandRefused)]
        assert [event.id for event in refused] == [one.id for one in asked]
        assert {event.reason for event in refused} == {"paused before there is a network: go on first"}
        assert bench.kinds()[-1] == "Continued", "a step goes on"
    with bench.training():
        bench.send(step=0)
    assert bench.kinds()[-1] == "CommandApplied"
    assert bench.control.next_stop(0, 100) == 1


@pytest.mark.parametrize("situation", ["preparing", "training", "evaluating", "probing", "deciding"])
def test_stop_ends_the_run_wherever_it_is(bench: Bench, situation: Situation) -> None:
    with bench.control.during(situation), pytest.raises(StopRun) as caught:
        bench.send(cmd.Stop(save=False, exit_code=143, who="SIGTERM"))
    assert (caught.value.save, caught.value.exit_code) == (False, 143)
    assert caught.value.reason == "asked by SIGTERM"


def test_a_paused_run_can_be_stopped(bench: Bench) -> None:
    with bench.training(), pytest.raises(StopRun):
        bench.send(cmd.Pause(), cmd.Stop())


@pytest.mark.parametrize("situation", ["probing", "deciding"])
@pytest.mark.parametrize("command", [cmd.Evaluate(), cmd.Save(), cmd.Refine()])
def test_while_refining_the_round_is_closed(bench: Bench, situation: Situation, command: cmd.Command) -> None:
    with bench.control.during(situation):
        bench.send(command)
    (refused,) = bench.said
    assert isinstance(refused, ev.CommandRefused)
    assert refused.reason


def test_a_decision_is_taken_only_when_one_waits(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Decide(proposal="longer", accept=True))
    assert isinstance(bench.said[-1], ev.CommandRefused)
    with bench.control.during("deciding"):
        bench.control.submit(cmd.Pause())
        bench.control.submit(cmd.Decide(proposal="longer", accept=True, changes={"train.learning_rate": -1.0}))
        bench.control.submit(cmd.Decide(proposal="longer", accept=True, changes={"train.lr": 0.5}))
        answer = bench.control.wait_for_decision(5)
    assert answer.changes == {"train.learning_rate": 0.5}
    assert bench.kinds()[-3:] == ["CommandRefused", "CommandRefused", "CommandApplied"]


def test_a_bad_adjustment_changes_nothing_and_says_the_range(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Adjust(changes={"train.learning_rate": -1.0, "train.eval_steps": 3}))
    (refused,) = bench.said
    assert isinstance(refused, ev.CommandRefused)
    assert "> 0 and <= 10" in refused.reason
    assert bench.settings.config == Config()


def test_undo_goes_back_one_adjustment_at_a_time(bench: Bench) -> None:
    with bench.training():
        bench.send(
            cmd.Adjust(changes={"train.learning_rate": 0.5}),
            cmd.Adjust(changes={"train.learning_rate": 0.7, "train.eval_steps": 9}),
            cmd.Undo(),
        )
        assert bench.settings.config.train.learning_rate == 0.5
        assert bench.settings.config.train.eval_steps == Config().train.eval_steps
        bench.send(cmd.Undo())
        assert bench.settings.config == Config()
        bench.send(cmd.Undo())
    assert isinstance(bench.said[-1], ev.CommandRefused)


def test_what_is_in_force_already_is_said_to_be_and_is_no_adjustment_to_undo(bench: Bench) -> None:
    steps = Config().train.eval_steps
    with bench.training():
        bench.send(
            cmd.Adjust(changes={"train.learning_rate": 0.5}),
            cmd.Adjust(changes={"train.lr": 0.5}),
            cmd.Adjust(changes={"train.learning_rate": 0.5, "train.eval_steps": steps + 1}),
        )
        assert [event.setting for event in bench.said if isinstance(event, ev.Adjusted)] == [
            *("train.learning_rate", "train.eval_steps")
        ]
        answers = [event.detail for event in bench.said if isinstance(event, ev.CommandApplied)]
        assert answers[1] == "train.learning_rate is 0.5 already"
        assert answers[2] == f"train.eval_steps = {steps + 1}; train.learning_rate is 0.5 already"
        bench.send(cmd.Undo(), cmd.Undo())
    assert bench.settings.config == Config()


@pytest.mark.parametrize(
    ("situation", "why"), [("probing", "range test"), ("deciding", "the first round has not begun")]
)
def test_before_the_first_round_no_round_is_said_to_be_over(bench: Bench, situation: Situation, why: str) -> None:
    asked: list[cmd.Command] = [
        *(cmd.Step(), cmd.Evaluate(), cmd.Evaluate(prompt="a"), cmd.Save(), cmd.RollBack(step=0), cmd.Refine())
    ]
    with bench.control.during(situation):
        bench.send(*asked, step=0)
        assert all(why in event.reason for event in bench.said if isinstance(event, ev.CommandRefused))
        assert bench.kinds() == ["CommandRefused"] * len(asked)
        bench.said.clear()
        bench.send(cmd.Step(), step=9)
    (refused,) = bench.said
    assert isinstance(refused, ev.CommandRefused)
    assert "the round is over" in refused.reason


def test_continue_without_a_pause_is_refused(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Continue())
    assert isinstance(bench.said[-1], ev.CommandRefused)


def test_refine_ends_the_round_and_a_pause_with_it(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Pause(), cmd.Refine())
        assert bench.control.refine_asked
    assert bench.kinds() == ["CommandApplied", "Paused", "CommandApplied", "Continued"]


def test_refine_before_the_first_step_has_nothing_to_go_by(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Refine(), step=0)
    assert isinstance(bench.said[-1], ev.CommandRefused)


def test_a_probe_can_be_paused(bench: Bench) -> None:
    with bench.control.during("probing"):
        bench.send(cmd.Pause(), cmd.Continue())
    assert bench.kinds() == ["CommandApplied", "Paused", "CommandApplied", "Continued"]


def test_what_is_adjusted_during_a_probe_stays_and_the_probes_own_values_go(bench: Bench) -> None:
    with bench.settings.temporarily({"train.learning_rate": 0.9}):
        bench.settings.change({"train.eval_steps": 11})
        assert bench.settings.config.train.learning_rate == 0.9
        assert bench.settings.differing() == {"train.eval_steps": 11}
    assert bench.settings.config.train.learning_rate == Config().train.learning_rate
    assert bench.settings.config.train.eval_steps == 11


def test_a_pause_can_be_asked_for_ahead_and_stops_the_loop_there(bench: Bench) -> None:
    with bench.control.during("preparing"):
        bench.send(cmd.Pause(at_step=8), step=0)
    assert bench.control.next_stop(0, 100) == 8
    assert bench.control.next_stop(8, 100) == 100
    with bench.training():
        bench.control.poll(7)
        assert not bench.of(ev.Paused)
        release = threading.Timer(0.05, bench.control.submit, [cmd.Continue()])
        release.start()
        bench.control.poll(8)
    assert bench.kinds() == ["CommandApplied", "Paused", "CommandApplied", "Continued"]


def test_a_pause_at_a_step_that_is_behind_is_refused(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Pause(at_step=5), step=5)
    assert isinstance(bench.said[-1], ev.CommandRefused)


def test_a_micro_batch_takes_accumulation_with_it_and_undo_brings_both_back(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Adjust(changes={"train.batch_size": 4}))
        train = bench.settings.config.train
        assert (train.per_device_train_batch_size, train.gradient_accumulation_steps) == (4, 4)
        bench.send(cmd.Undo())
        bench.send(cmd.Adjust(changes={"train.batch_size": 5}))
    assert bench.settings.config == Config()
    refused = bench.said[-1]
    assert isinstance(refused, ev.CommandRefused)
    assert "one of 1, 2, 4, 8, 16" in refused.reason


def test_what_is_adjusted_during_a_probe_is_undone_to_what_the_run_had(bench: Bench) -> None:
    with bench.control.during("probing"), bench.settings.temporarily({"train.learning_rate": 0.9}):
        bench.send(cmd.Adjust(changes={"train.learning_rate": 0.5}), cmd.Undo())
    assert bench.settings.config == Config()


def test_single_steps_pause_again_and_go_on_from_a_pause(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Pause(), cmd.Step())
        assert bench.control.next_stop(5, 100) == 6
        release = threading.Timer(0.05, bench.control.submit, [cmd.Until(step=20)])
        release.start()
        bench.control.poll(6)
        assert bench.control.next_stop(6, 100) == 20
        bench.send(cmd.Step(steps=0), cmd.Until(step=6), step=6)
    assert bench.kinds() == [
        *("CommandApplied", "Paused", "CommandApplied", "Continued"),
        *("Paused", "CommandApplied", "Continued"),
        *("CommandRefused", "CommandRefused"),
    ]


def test_a_prompt_is_answered_and_what_can_not_be_is_refused_with_the_reason(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.Evaluate(prompt="the"), cmd.Evaluate(file="/nowhere"))
    applied, refused = bench.said
    assert isinstance(applied, ev.CommandApplied)
    assert isinstance(refused, ev.CommandRefused)
    assert (applied.detail, refused.reason, bench.evaluations) == ("THE", "no such file", 0)


def test_a_rollback_to_what_is_not_there_is_refused(bench: Bench) -> None:
    with bench.training():
        bench.send(cmd.RollBack(step=3), cmd.RollBack(step=9))
    assert bench.rolled_back == [3]
    assert bench.kinds() == ["CommandApplied", "CommandRefused"]


def test_pinning_twice_is_pinning_once_and_what_is_not_there_is_refused(bench: Bench, tmp_path: Path) -> None:
    with bench.training():
        bench.send(cmd.Pin())
        (tmp_path / "checkpoints" / "checkpoint-20").mkdir(parents=True)
        (tmp_path / "checkpoints" / "checkpoint-40").mkdir()
        bench.send(cmd.Pin(), cmd.Pin(), cmd.Pin(step=20), cmd.Pin(step=30), cmd.Pin(step=20, keep=False))
    assert read_pins(RunDirectory(tmp_path)) == {40}
    assert [(event.step, event.pinned) for event in bench.said if isinstance(event, ev.CheckpointPinned)] == [
        *((40, True), (20, True)),
        (20, False),
    ]
    refused = [event for event in bench.said if isinstance(event, ev.CommandRefused)]
    assert ["no checkpoint" in event.reason for event in refused] == [True, True]


EVERY: list[cmd.Command] = [
    cmd.Pause(),
    cmd.Pause(at_step=50),
    cmd.Step(),
    cmd.Until(step=50),
    cmd.Continue(),
    cmd.Evaluate(),
    cmd.Evaluate(prompt="the"),
    cmd.Evaluate(file="/nowhere"),
    cmd.CancelAnswer(answer="nobody's"),
    cmd.Save(),
    cmd.Pin(),
    cmd.RollBack(step=3),
    cmd.Refine(),
    cmd.Adjust(changes={"train.learning_rate": 0.5}),
    cmd.Adjust(changes={"train.learning_rate": -1.0}),
    cmd.Undo(),
    cmd.Decide(proposal="longer", accept=True),
]


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("situation", ["preparing", "training", "evaluating", "probing", "deciding"])
@pytest.mark.parametrize("command", EVERY, ids=lambda one: f"{one.name} {one.detail}".strip())
def test_every_command_in_every_situation_is_answered_once_in_the_end(
    bench: Bench, situation: Situation, command: cmd.Command, paused: bool
) -> None:
    with bench.training():
        bench.control.poll(5)
        if paused:
            bench.control.submit(cmd.Pause())
        with bench.control.during(situation):
            bench.send(command, cmd.Continue())
        bench.control.submit(cmd.Continue())
        bench.control.poll(5)
    bench.control.close()
    answers = [e for e in bench.said if isinstance(e, ev.CommandApplied | ev.CommandRefused) and e.id == command.id]
    assert len(answers) == 1
    assert isinstance(answers[0], ev.CommandApplied) or answers[0].reason


def test_what_waits_when_the_run_ends_is_refused(bench: Bench) -> None:
    with bench.control.during("evaluating"):
        bench.send(cmd.Save(), cmd.RollBack(step=3))
    bench.control.close()
    assert bench.kinds() == ["CommandRefused", "CommandRefused"]


def test_what_waits_for_an_evaluation_in_a_pause_is_served_before_the_step_is_left(
    bench: Bench, tmp_path: Path
) -> None:
    """At the last step nobody polls again: it would be refused because the run ended."""

    def pressed(event: ev.Event) -> None:
        bench.said.append(event)
        if isinstance(event, ev.Paused):
            bench.control.submit(cmd.Evaluate(id="evaluate"))
        elif isinstance(event, ev.CommandApplied) and event.id == "evaluate":
            for command in (cmd.Save(id="save"), cmd.Evaluate(id="prompt", prompt="once"), cmd.Continue(id="go")):
                bench.control.submit(command)

    bench.control = Control(bench.settings, pressed, RunDirectory(tmp_path))
    with bench.training():
        bench.send(cmd.Pause(at_step=5), step=4)
        bench.control.poll(5)
        assert bench.control.idle()
    bench.control.close()
    assert not bench.of(ev.CommandRefused)
    assert bench.saves == 1


def test_what_only_the_run_in_memory_can_judge_waits_for_it_and_is_refused_by_it(bench: Bench) -> None:
    freeze, rate = cmd.Adjust(changes={"model.freeze": '["layers.9"]'}), cmd.Adjust(changes={"train.eval_steps": 7})

    def check(config: Config) -> None:
        if config.model.freeze:
            raise ValueError("model.freeze: 'layers.9' names no part of this model")

    with bench.control.during("preparing"):
        bench.send(freeze, rate, step=0)
        applied = [event.id for event in bench.said if isinstance(event, ev.CommandApplied)]
        assert applied == [rate.id], "that one's bounds are known"
        assert bench.of(ev.CommandRefused) == []
    bench.settings.check = check
    with bench.training():
        bench.send(step=0)
    (refused,) = bench.of(ev.CommandRefused)
    assert isinstance(refused, ev.CommandRefused)
    assert (refused.id, "names no part" in refused.reason) == (freeze.id, True)
    assert bench.settings.config.model.freeze == []


def test_an_answer_may_change_what_only_a_new_round_can(bench: Bench) -> None:
    bench.settings.check = lambda config: None
    with bench.control.during("deciding"):
        rank = cmd.Decide(proposal="more-rank", accept=True, changes={"model.lora.r": 16})
        wide = cmd.Decide(proposal="own", accept=True, changes={"model.hidden_size": 64})
        bench.control.submit(wide)
        bench.control.submit(rank)
        assert bench.control.wait_for_decision(5).changes == {"model.lora.r": 16}
    (refused,) = bench.of(ev.CommandRefused)
    assert isinstance(refused, ev.CommandRefused)
    assert (refused.id, "branch the run" in refused.reason) == (wide.id, True)
    bench.send(cmd.Adjust(changes={"model.lora.r": 16}))
    assert len(bench.of(ev.CommandRefused)) == 2, "but not in the middle of one"
