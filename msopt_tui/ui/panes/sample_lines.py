"""Samples as lines: what was asked, what the weights make of it, what it should be, and which words differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msopt_tui.protocol.events import Sample, Sampled
from msopt_tui.state.differences import differences
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.flow import beside, flow
from msopt_tui.ui.widgets.lines import Span, Words, wrap

BESIDE = 100
"""Cells from which on prediction and reference stand side by side."""
CONTEXT_LINES = 3
"""Lines of a question's context in a narrow pane; four times as many in a wide one."""
_INDENT: Span = ("  ", "")


def sample_lines(sample: Sample, width: int) -> list[Words]:
    """A prompt and its continuation, or for a sample with a reference: question, answer, and what it should be."""
    lines: list[Words] = [[(line, "primary")] for line in wrap(f"› {sample.prompt}", width)]
    if not is_judged(sample):
        return lines + [[(line, "")] for line in wrap(sample.text.strip(), width)]
    lines += _context(sample.context, width)
    written, wanted = _marked(sample)
    left, right = [_verdict(sample), *written, *_note(sample)], [("= ", "muted"), *wanted]
    if not _says_more(sample):
        return lines + flow(left, width)
    if width >= BESIDE:
        half = width // 2
        return lines + beside(_hanging(left, half - 2), _hanging(right, width - half), half)
    return [*lines, *_hanging(left, width), *_hanging(right, width)]


def history_lines(shown: Sample, evaluations: Sequence[Sampled], width: int) -> list[Words]:
    """One sample at every evaluation that has it, the latest first."""
    lines: list[Words] = [[(line, "primary")] for line in wrap(f"› {shown.prompt}", width)]
    lines += _context(shown.context, width)
    if shown.reference:
        lines += _hanging([("= ", "muted"), (shown.reference, "")], width)
    for sampled in reversed(evaluations):
        sample = same_sample(shown, sampled.samples)
        if sample is None:
            continue
        written, _ = _marked(sample)
        head: Words = [(f"{sampled.step:>7,} ", "muted")]
        body = flow([_verdict(sample), *written, *_note(sample)], width - 8)
        lines += [[*(head if at == 0 else [(" " * 8, "")]), *line] for at, line in enumerate(body)]
    return lines


def same_sample(shown: Sample, samples: Iterable[Sample]) -> Sample | None:
    """The sample of the same prompt and context."""
    return next((one for one in samples if one.prompt == shown.prompt and one.context == shown.context), None)


def is_judged(sample: Sample) -> bool:
    """Whether there is more to it than a prompt and its continuation."""
    return bool(sample.reference or sample.context or sample.note or sample.correct is not None)


def _says_more(sample: Sample) -> bool:
    """Whether the reference is another text than what was written."""
    return bool(sample.reference) and sample.reference.strip() != sample.text.strip()


def _verdict(sample: Sample) -> Span:
    marks: dict[bool | None, Span] = {True: ("✓ ", "good"), False: ("✗ ", "bad"), None: ("» ", "muted")}
    return marks[sample.correct]


def _note(sample: Sample) -> Words:
    return [(f"  {sample.note}", "muted")] if sample.note else []


def _marked(sample: Sample) -> tuple[Words, Words]:
    """What was written with `[-wrong-]` words, what was wanted with `{+missing+}` ones."""
    text, reference = sample.text.strip() or "(nothing)", sample.reference.strip()
    if not reference:
        return [(text, "")], []
    written, wanted = differences(text, reference)
    return (
        [(f"[-{part}-]", "bad") if differs else (part, "") for part, differs in written],
        [(f"{{+{part}+}}", "good") if differs else (part, "") for part, differs in wanted],
    )


def _context(context: str, width: int) -> list[Words]:
    """The beginning of what a question is about, and how much more of it there is."""
    if not context:
        return []
    most = CONTEXT_LINES * (4 if width >= BESIDE else 1)
    lines = wrap(context, width - 2)
    role: Role = "muted"
    shown: list[Words] = [[_INDENT, (line, role)] for line in lines[:most]]
    left_out = sum(map(len, lines[most:]))
    return [*shown, [_INDENT, (f"… {left_out:,} more characters", role)]] if left_out else shown


def _hanging(spans: Words, width: int) -> list[Words]:
    """Wrapped under the text behind its mark of two cells."""
    mark, *rest = spans
    body = flow(rest, width - 2)
    return [[mark if at == 0 else _INDENT, *line] for at, line in enumerate(body)]
