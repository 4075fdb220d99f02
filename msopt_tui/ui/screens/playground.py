"""The playground: prompts to the current weights, answers as they are written; it stays open for the next prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from msopt_tui.protocol.commands import CancelAnswer, Command, Evaluate
from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.widgets.flow import flow
from msopt_tui.ui.widgets.line_input import LineInput
from msopt_tui.ui.widgets.lines import LinesView, Span, Words

if TYPE_CHECKING:
    from msopt_tui.protocol.events import Answered
    from msopt_tui.state.run_state import RunState

LOOK_SECONDS = 0.1
"""While an answer is awaited, so often is the journal looked at: as often as pieces of it come."""
_AROUND = 9
"""Rows of the dialog that are not the transcript."""


class PlaygroundDialog(Dialog[None]):
    """A transcript over a line to type in."""

    TITLE_TEXT = "try the current weights"

    def __init__(self, state: RunState, send: Callable[[Command], bool], look: Callable[[], None]) -> None:
        """`look` reads the journal and shows what came."""
        super().__init__()
        self._state = state
        self._send = send
        self._look = look
        self._asked: list[Evaluate] = []
        self._recalled: int | None = None
        self._text = LinesView(id="transcript")
        self._text.follow = True
        self._line = LineInput(id="line", placeholder="a prompt", move=self._recall)
        self._hint = LinesView(classes="row")

    def body(self) -> ComposeResult:
        """What was said, the line, the keys."""
        yield self._text
        with Horizontal(classes="row"):
            yield self._line
        yield LinesView(classes="row")
        yield self._hint

    def on_mount(self) -> None:
        """Type at once."""
        self._line.focus()
        self.on_resize()
        self.set_interval(LOOK_SECONDS, self._look_while_waiting)

    def on_resize(self) -> None:
        """The transcript takes what the screen has."""
        self._text.styles.height = max(min(self.size.height - _AROUND, self.size.height * 3 // 5), 1)
        self.call_after_refresh(self._draw)

    def show(self, state: RunState) -> None:
        """Follow the run."""
        self._state = state
        self._draw()

    def _look_while_waiting(self) -> None:
        if self._open:
            self._look()

    @property
    def _open(self) -> list[Evaluate]:
        """Our prompts without an answer, the oldest first."""
        return [one for one in self._asked if self._standing(one) in ("", "requested")]

    def _standing(self, asked: Evaluate) -> str:
        known = self._state.commands.get(asked.id)
        return known.status if known is not None else ""

    def on_input_submitted(self) -> None:
        """Ask."""
        prompt = self._line.value
        if not prompt.strip():
            return
        command = Evaluate(prompt=prompt)
        if self._send(command):
            self._asked.append(command)
            self._line.value = ""
            self._recalled = None
            self._text.follow = True
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """`esc` cancels what is being written, then closes; pages of the transcript."""
        if event.key == "escape" and self._open:
            event.stop()
            event.prevent_default()
            self._send(CancelAnswer(answer=self._open[-1].id))
        elif event.key in ("pageup", "pagedown"):
            event.stop()
            page = max(self._text.size.height - 1, 1)
            self._text.follow = False
            self._text.scroll_lines(-page if event.key == "pageup" else page)
            self._text.follow = self._text.at_end

    def _recall(self, by: int) -> None:
        """An earlier prompt into the line, or a later one."""
        earlier = list(dict.fromkeys([*(one.prompt for one in self._answers), *(one.prompt for one in self._asked)]))
        if not earlier:
            return
        at = len(earlier) if self._recalled is None else self._recalled
        self._recalled = min(max(at + by, 0), len(earlier))
        self._line.value = earlier[self._recalled] if self._recalled < len(earlier) else ""
        self._line.cursor_position = len(self._line.value)

    @property
    def _answers(self) -> list[Answered]:
        return [one for one in self._state.answers if one.prompt]

    def _draw(self) -> None:
        width = self._text.size.width - 1
        if width < 2:
            return
        own = {one.id for one in self._asked}
        lines: list[Words] = []
        for answer in self._answers:
            if answer.id not in own:
                lines += _turn(answer.prompt, answer, _answer_spans(answer), width)
        for asked in self._asked:
            answered = next((one for one in self._state.answers if one.id == asked.id), None)
            lines += _turn(asked.prompt, answered, self._spans(asked, answered), width)
        self._text.set_lines(lines or [[("nothing was asked yet", "muted")]])
        self._hint.set_lines([_hints("cancel" if self._open else "close")])

    def _spans(self, asked: Evaluate, answer: Answered | None) -> list[Span]:
        """What became of one of ours so far."""
        if answer is not None:
            return _answer_spans(answer)
        writing = self._state.answering
        if writing is not None and writing.id == asked.id:
            return [(writing.text, ""), (" ▌", "accent")]
        known = self._state.commands.get(asked.id)
        if known is not None and known.status == "refused":
            return [(f"✗ {known.answer}", "bad")]
        return [("… the run comes to it between two steps", "muted")]


def _turn(prompt: str, answered: Answered | None, spans: list[Span], width: int) -> list[Words]:
    """A prompt with the step of its answer, the answer, a gap."""
    step = f"  step {answered.step:,}" if answered is not None else ""
    return [*flow([("› ", "key"), (prompt, "primary"), (step, "muted")], width), *flow(spans, width), []]


def _answer_spans(answer: Answered) -> list[Span]:
    return [(answer.text, ""), (" … cancelled" if answer.cancelled else "", "muted")]


def _hints(escape: str) -> Words:
    words: Words = []
    for key, what in (("enter", "ask"), ("↑↓", "earlier prompts"), ("pgup", "scroll"), ("esc", escape)):
        words += [(key, "key"), (f" {what}   ", "muted")]
    return words
