"""The same events as plain lines: in a pipe, in CI, under a batch system, or by `--headless`."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import TextIO

from msopt_tui.link.base import EngineLink, LinkClosed
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.codec import encode_line
from msopt_tui.protocol.commands import Stop
from msopt_tui.state.describe import Line, describe
from msopt_tui.state.figures import by_source_words, label
from msopt_tui.state.inspection import advice
from msopt_tui.state.numbers import compact, duration, significant
from msopt_tui.state.run_state import RunState
from msopt_tui.state.samples import sample_line
from msopt_tui.state.text import clean

POLL_SECONDS = 0.2
PROGRESS_SECONDS = 10.0
"""Between two lines about how far long work is."""
LONG_SECONDS = 3.0
"""What is over sooner gets no line."""
_MARGIN = " " * 11
"""Before lines that belong to the one above."""


class Lines:
    """Prints a run as it goes."""

    def __init__(self, link: EngineLink, *, as_json: bool, out: TextIO | None = None) -> None:
        self._link = link
        self._as_json = as_json
        self._out = out or sys.stdout
        self._state = RunState()
        self._stop_signal = 0
        self._progress_at = 0.0

    def run(self) -> int:
        """Follow the run to its end; returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        while not self._is_over():
            events = self._link.poll()
            try:
                for event in events:
                    self._print(event)
            except BrokenPipeError:
                return self._unread()
            if not events:
                if self._link.status == "lost":
                    print(f"the engine is gone: {self._link.reason}", file=sys.stderr)
                    log = self._link.run_dir / "output.log"
                    print(f"{log} says more; msopt-tui resume goes on from the last checkpoint", file=sys.stderr)
                    return 1
                time.sleep(POLL_SECONDS)
        ended = self._state.ended
        return 128 + self._stop_signal if self._stop_signal else ended.exit_code if ended else 1

    def _unread(self) -> int:
        """Whoever read the lines is gone, like a terminal that is closed: the run goes on without them."""
        if self._out is sys.stdout:
            # What Python still holds back for the pipe must not raise once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE

    def _is_over(self) -> bool:
        """An end in the journal is the end unless an engine is at the run again."""
        at_work = self._link.status in ("connecting", "live")
        return self._state.ended is not None and not self._link.behind and not at_work

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self._stop_signal:
            raise SystemExit(128 + number)
        self._stop_signal = number
        try:
            self._link.send(Stop(who=signal.Signals(number).name))
        except LinkClosed as error:
            print(error, file=sys.stderr)
            raise SystemExit(128 + number) from None
        print("saving and stopping; once more to leave at once (the run then goes on)", file=sys.stderr)

    def _print(self, event: ev.Event) -> None:
        self._state.apply(event)
        if self._as_json:
            self._write(encode_line(event).decode().rstrip("\n"))
            return
        if isinstance(event, ev.StepsDone):
            for line in self._training_lines(event):
                self._write(line)
            return
        if isinstance(event, ev.Progressed):
            self._write_progress(event)
            return
        said = describe(event)
        if said is not None:
            self._write(_format(said))
        self._write_more(event)

    def _write_more(self, event: ev.Event) -> None:
        """What belongs to the line of an event."""
        if isinstance(event, ev.DataInspected):
            for line in advice(event, self._state.settings):
                self._write(f"{_MARGIN}! {clean(line)}")
        if isinstance(event, ev.Evaluated):
            if event.source_losses:
                self._write(f"{_MARGIN}loss by source: {clean(by_source_words(event))}")
            for name, signature in event.signatures.items():
                self._write(f"{_MARGIN}{clean(label(name))}: {clean(signature)}")
        if isinstance(event, ev.Sampled):
            for sample in event.samples:
                self._write(_MARGIN + sample_line(sample))

    def _write_progress(self, event: ev.Progressed) -> None:
        """Long work says now and then how far it is."""
        work = self._state.saving if event.phase == "train" else self._state.work
        is_long = work is not None and work.seconds >= LONG_SECONDS
        if work is not None and is_long and event.time - self._progress_at >= PROGRESS_SECONDS:
            self._progress_at = event.time
            self._write(f"{_clock(event.time)} {clean(work.line)}")

    def _training_lines(self, event: ev.StepsDone) -> list[str]:
        every = self._state.settings.get("train.logging_steps", 10)
        assert isinstance(every, int), "checked when the project file was read"
        state, lines = self._state, []
        for at, loss in enumerate(event.losses):
            step = event.first + at
            if step % every == 0:
                rate = state.rate.tokens_per_second
                lines.append(
                    f"{_clock(event.time)} step {step}/{state.last_step}  loss {significant(loss)}"
                    f"  lr {event.learning_rates[at]:.2e}  grad norm {significant(event.grad_norms[at], 3)}"
                    f"  {compact(rate) + ' tok/s' if rate else ''}  ETA {duration(state.eta_seconds)}"
                )
        return lines

    def _write(self, line: str) -> None:
        print(line, file=self._out, flush=True)


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _format(line: Line) -> str:
    step = f"[{line.step}] " if line.step is not None else ""
    return f"{_clock(line.time)} {step}{clean(line.text)}"


def stop_and_wait(link: EngineLink) -> int:
    """Ask an engine to save and stop, and wait for its end; 0 when it has ended, 1 where there is none to ask."""
    state = RunState()
    asked = False
    while True:
        events = link.poll()
        for event in events:
            state.apply(event)
        if link.behind:
            continue
        if asked and state.ended is not None:
            print(f"{state.ended.status} at step {state.ended.step}")
            return 0
        if link.status in ("ended", "lost", "readonly"):
            print(link.reason or "the run is over already", file=sys.stderr)
            return 1
        if not asked and link.status == "live":
            link.send(Stop(who="msopt-tui stop"))
            asked = True
        time.sleep(POLL_SECONDS)
