"""Lines instead of a screen: the same events, readable, harmless, with the run's exit code."""

from __future__ import annotations

import io
import json
import signal
from pathlib import Path

import pytest

from msopt_tui.headless import Lines, stop_and_wait
from msopt_tui.link.base import LinkStatus
from msopt_tui.link.tail import JournalTail
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.commands import Command, Stop
from msopt_tui.protocol.events import Event


class ScriptedLink:
    """Hands out events in portions; the run is over when they are."""

    run_dir = Path("/nowhere")
    reason = "it fell over"
    behind = False

    def __init__(self, *portions: list[Event], at_end: LinkStatus = "ended") -> None:
        self._portions = list(portions)
        self._at_end = at_end
        self.sent: list[Command] = []

    @property
    def status(self) -> LinkStatus:
        return "live" if self._portions else self._at_end

    def poll(self, seconds: float = 0.05) -> list[Event]:
        return self._portions.pop(0) if self._portions else []

    def go_on_from(self, tail: JournalTail) -> None:
        raise AssertionError("nobody has read ahead")

    def send(self, command: Command) -> None:
        self.sent.append(command)
        self._portions.append([ENDED])

    def close(self) -> None: ...


STARTED = ev.RunStarted(run="r", project="p", settings={"train.logging_steps": 2})
STEPS = ev.StepsDone(
    first=1, losses=[3.0, 2.5, None, 2.0], grad_norms=[1.0] * 4, learning_rates=[0.1] * 4, seconds=1.0, tokens=4
)
ENDED = ev.RunEnded(status="completed", step=4, exit_code=0)


@pytest.fixture(autouse=True)
def _signals_as_before() -> object:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def lines(link: ScriptedLink, *, as_json: bool = False) -> tuple[int, list[str]]:
    out = io.StringIO()
    code = Lines(link, as_json=as_json, out=out).run()
    return code, out.getvalue().splitlines()


def test_every_logging_steps_a_line_and_the_rest_as_in_the_journal() -> None:
    code, said = lines(ScriptedLink([STARTED, STEPS], [ENDED]))
    assert code == 0
    assert [line.split()[2] for line in said if " step " in line] == ["2/0", "4/0"]
    assert any("loss 2.500" in line for line in said)
    assert said[-1].endswith("run completed")


def test_long_work_says_now_and_then_how_far_it_is() -> None:
    reports: list[Event] = [
        ev.Progressed(
            time=1e9 + at, phase="preprocess", done=100 * at, total=6_000, unit="rows", detail="a\x1b[2J", seconds=at
        )
        for at in range(1, 31)
    ]
    _, said = lines(ScriptedLink([STARTED, *reports], [ENDED]))
    told = [line.partition(" ")[2] for line in said if "rows" in line]
    assert len(told) == 3, "every ten seconds, from the third on"
    assert told[1] == "a\ufffd[2J 1.30k/6.00k rows, 100 rows/s, 47 s left"


def test_json_lines_are_the_events() -> None:
    _, said = lines(ScriptedLink([STARTED, STEPS, ENDED]), as_json=True)
    assert [json.loads(line)["type"] for line in said] == ["RunStarted", "StepsDone", "RunEnded"]


def test_the_runs_exit_code_is_ours() -> None:
    assert lines(ScriptedLink([STARTED, ev.RunEnded(status="failed", step=0, exit_code=1)]))[0] == 1


def test_an_engine_that_is_gone_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(ScriptedLink([STARTED], at_end="lost"))[0] == 1
    said = capsys.readouterr().err
    assert "it fell over" in said
    assert "output.log says more; msopt-tui resume goes on" in said


def test_foreign_text_can_not_write_to_the_terminal() -> None:
    hostile = "a\x1b]0;owned\x07b\x9b2Jc\u202ed"
    sampled = ev.Sampled(step=1, samples=[ev.Sample(prompt=hostile, text=hostile + "\nnext")])
    _, said = lines(ScriptedLink([STARTED, sampled, ev.Noted(level="warning", text=hostile), ENDED]))
    text = "".join(said)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e" for c in text)
    assert "owned" in text


def test_a_signal_saves_and_stops_and_is_the_exit_code() -> None:
    class Interrupted(ScriptedLink):
        def poll(self, seconds: float = 0.05) -> list[Event]:
            if not self.sent:
                signal.raise_signal(signal.SIGTERM)
            return super().poll(seconds)

    link = Interrupted([STARTED])
    code, _ = lines(link)
    assert code == 143
    assert isinstance(link.sent[0], Stop)
    assert link.sent[0].save


def test_a_reader_that_goes_away_ends_the_lines_and_not_the_run() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    link = ScriptedLink([STARTED, ENDED])
    assert Lines(link, as_json=False, out=Closed()).run() == 141
    assert not link.sent


def test_stop_waits_for_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    link = ScriptedLink([STARTED], [])
    assert stop_and_wait(link) == 0
    assert isinstance(link.sent[0], Stop)
    assert "completed at step 4" in capsys.readouterr().out


def test_stopping_what_is_over_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert stop_and_wait(ScriptedLink([STARTED, ENDED])) == 1
    assert "it fell over" in capsys.readouterr().err


def test_data_is_said_with_advice_and_evaluations_with_what_they_were_computed_with() -> None:
    inspected = ev.DataInspected(
        rows=[], examples=100, lengths=ev.Histogram(edges=[0, 10], counts=[100]), truncated=23, unended=0,
        supervised=900, padding=0.0, length_for_99=512,
    )  # fmt: skip
    evaluated = ev.Evaluated(
        step=4, round=1, split="validation", reason="cadence", metrics={"loss": 2.0, "bleu": 20.5}, seconds=1.0,
        signatures={"bleu": "nrefs:1\x1b[2J"},
    )  # fmt: skip
    sample = ev.Sample(prompt="Q", text="no", reference="yes", note="F1 0", correct=False)
    _, said = lines(ScriptedLink([STARTED, inspected, STEPS, evaluated, ev.Sampled(step=4, samples=[sample]), ENDED]))
    assert any(line.endswith("100 examples, 900 targets · 23 cut (23 %)") for line in said)
    assert any(line.strip().startswith("! 23 % of the examples are cut") for line in said)
    assert any("validation: loss 2.000, BLEU 20.50" in line for line in said)
    assert any(line.strip().startswith("BLEU: nrefs:1") and "\x1b" not in line for line in said)
    assert any(line.strip() == "✗ Q | no | should be: yes (F1 0)" for line in said)
