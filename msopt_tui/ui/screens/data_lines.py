"""The words of the data screen, section by section."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from msopt_tui.protocol.events import DataInspected, DataPrepared, Histogram, PreviewRow
from msopt_tui.state import inspection as say
from msopt_tui.state.numbers import compact
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.flow import bar, beside, flow
from msopt_tui.ui.widgets.lines import Span, Words, words_length, wrap

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

TWO_COLUMNS = 130
"""Cells from which on the lengths stand beside the figures."""
LENGTHS_CELLS = 90
PROGRESS_CELLS = 40
_OPEN: Span = (say.LEARNED[0], "learned")
_CLOSE: Span = (say.LEARNED[1], "learned")


class Section(NamedTuple):
    """A part of the screen that can be jumped to."""

    title: str
    note: str
    lines: list[Words]


def sections(state: RunState, width: int) -> list[Section]:
    """Everything that is known of the data, what needs attention first; before it is ready, how far it is."""
    data, seen = state.data, state.inspection
    if data is None:
        return [Section("", "", _waiting(state, width))]
    cleaning = Section("cleaning", "what was dropped, and what was changed", _cleaning(state, data, seen, width))
    if seen is None:
        rows = Section("rows", "", _muted("none were looked at in this run", width))
        return [Section("splits", "", _splits(data, seen, width)), rows, cleaning]
    advice = [line for text in say.advice(seen, state.settings) for line in _hanging("! ", text, "warn", width)]
    return [
        *([Section("before you train", "", advice)] if advice else []),
        Section("sources", "how each one's rows were understood", _sources(seen, width)),
        *_figures(data, seen, width),
        Section("rows", _rows_note(seen), _rows(seen, width)),
        cleaning,
    ]


def _figures(data: DataPrepared, seen: DataInspected, width: int) -> list[Section]:
    """Splits and lengths, side by side where there is room."""
    splits = _splits(data, seen, width)
    if width < TWO_COLUMNS:
        lengths = histogram_lines(seen.lengths, min(width, LENGTHS_CELLS))
        return [Section("splits", "", splits), Section("lengths", _LENGTHS_NOTE, lengths)]
    half = width // 2
    both = beside(splits, histogram_lines(seen.lengths, half), half)
    return [Section("splits and lengths", _LENGTHS_NOTE, both)]


_LENGTHS_NOTE = "examples by their number of tokens"


def _waiting(state: RunState, width: int) -> list[Words]:
    """Nothing is ready yet, or never will be."""
    if state.ended is not None:
        gone: list[Words] = [[("no data was prepared: the run ended before, ", ""), (state.ended.status, "warn")]]
        return gone + [[(line, "muted")] for line in wrap(state.ended.reason, width)]
    now = state.phases["preprocess"]
    lines: list[Words] = [[("the data is being prepared", "")]]
    if now.total:
        share = now.done / now.total
        lines.append([(bar(share, PROGRESS_CELLS).ljust(PROGRESS_CELLS, "·"), "primary"), (f" {share:4.0%}", "")])
    if now.done:
        of = f" of {now.total:,}" if now.total else ""
        lines.append([(f"{now.done:,}{of} {now.unit}", "muted")])
    lines += [[(line, "muted")] for line in wrap(now.detail, width)] if now.detail else []
    return lines


def _sources(seen: DataInspected | None, width: int) -> list[Words]:
    shapes = seen.shapes if seen is not None else {}
    if not shapes:
        return _muted("running text: rows are cut from all of it, one after the other", width)
    lines: list[Words] = []
    for source, shape in shapes.items():
        lines += [[(line, "strong")] for line in wrap(source, width)]
        lines += _hanging("  ", shape, "", width)
    return lines


def _splits(data: DataPrepared, seen: DataInspected | None, width: int) -> list[Words]:
    """The table, without its widest columns where there is no room, then figures of the training split."""
    rows = say.split_rows(data, seen)
    for unwanted in ("bytes/token", "bytes"):
        if max(map(len, say.aligned(rows))) > min(width, TWO_COLUMNS // 2):
            at = rows[0].index(unwanted)
            rows = [[*row[:at], *row[at + 1 :]] for row in rows]
    head, *body = say.aligned(rows)
    lines: list[Words] = [[(head, "muted")]]
    lines += [[(line, "")] for line in body]
    if seen is not None:
        lines.append([])
        lines += [[(f"{name:<15} ", "muted"), (text, "")] for name, text in say.facts(seen)]
    return lines


def histogram_lines(lengths: Histogram, width: int) -> list[Words]:
    """A bar a line; a sentence where all are of one length."""
    total = sum(lengths.counts)
    if not total:
        return [[("no examples", "muted")]]
    if len(lengths.counts) == 1 and lengths.edges[1] - lengths.edges[0] == 1:
        return [[(f"each of the {total:,} has {lengths.edges[0]:,} tokens", "")]]
    bounds = [
        f"{low:,}–{high - 1:,}" if high - low > 1 else f"{low:,}"
        for low, high in zip(lengths.edges, lengths.edges[1:], strict=False)
    ]
    names, counts = max(map(len, bounds)), max(len(f"{count:,}") for count in lengths.counts)
    cells = max(width - names - counts - 12, 8)
    top = max(lengths.counts)
    return [
        [
            (f"{name:>{names}} ", "muted"),
            (bar(count / top, cells).ljust(cells), "first"),
            (f" {count:>{counts},}", ""),
            (f" {say.percent(count, total):>8}", "muted"),
        ]
        for name, count in zip(bounds, lengths.counts, strict=True)
    ]


def _rows_note(seen: DataInspected) -> str:
    if any(piece.supervised for row in seen.rows for piece in row.pieces):
        return "as the network sees them; what is learned stands in ⟦ ⟧"
    return "as the network sees them; which tokens are learned is drawn anew for every batch"


def _rows(seen: DataInspected, width: int) -> list[Words]:
    lines: list[Words] = []
    for row in seen.rows:
        lines += [*([[]] if lines else []), *row_lines(row, width)]
    return lines or [[("none", "muted")]]


def row_lines(row: PreviewRow, width: int) -> list[Words]:
    """Where a row comes from, then its text with what is learned in brackets, in colour and underlined."""
    origin, figures = say.row_title(row)
    spans: list[Span] = []
    for piece in row.pieces:
        spans += [_OPEN, (piece.text, "learned"), _CLOSE] if piece.supervised else [(piece.text, "")]
    head: Words = [(origin, "strong"), (f"  {figures}", "muted")]
    title: list[Words] = (
        [head] if words_length(head) <= width else [[(origin, "strong")], *_hanging("  ", figures, "muted", width)]
    )
    body: list[Words] = [[("  ", ""), *line] for line in flow(spans, width - 2)]
    return title + body


def _cleaning(state: RunState, data: DataPrepared, seen: DataInspected | None, width: int) -> list[Words]:
    found = say.removals(data, seen)
    lines: list[Words] = []
    for kind in ("duplicates", "leakage", "dropped"):
        of_kind = [one for one in found if one.kind == kind]
        if not of_kind:
            lines.append([(f"{kind:<11} ", "muted"), (say.nothing_found(kind, state.settings), "muted")])
        for one in of_kind:
            lines.append([(f"{kind:<11} ", "muted"), (f"{one.count:,} {one.what}", "")])
            for example in one.examples:
                lines += _hanging(" " * 14 + "· ", example, "muted", width)
    for what, count in (seen.changed if seen is not None else {}).items():
        lines.append([("changed     ", "muted"), (f"{count:,} {what}", "")])
    return lines


def _muted(text: str, width: int) -> list[Words]:
    return [[(line, "muted")] for line in wrap(text, width)]


def _hanging(mark: str, text: str, role: Role, width: int) -> list[Words]:
    """A text wrapped under its own beginning."""
    first, *rest = wrap(text, max(width - len(mark), 8))
    return [[(mark, role), (first, role)], *([(" " * len(mark), ""), (line, role)] for line in rest)]


def title_words(state: RunState) -> Words:
    """The first line of the screen."""
    project = state.started.project if state.started else ""
    words: Words = [(" data ", "title"), (f" {project}", "strong")]
    facts: list[str] = []
    if state.inspection is not None:
        facts = [f"{state.inspection.examples:,} examples", f"{compact(state.inspection.supervised)} targets"]
    elif state.data is not None:
        facts = [f"{compact(sum(state.data.tokens.values()))} tokens"]
    return [*words, (" · ".join(["", *facts]), "muted")]


def join(parts: Iterable[Section]) -> tuple[list[Words], list[int]]:
    """All sections one below the other, and the line that each begins at."""
    lines: list[Words] = []
    starts: list[int] = []
    for part in parts:
        lines += [[]] if lines else []
        starts.append(len(lines))
        if part.title:
            lines.append([(part.title, "title"), (f"  {part.note}" if part.note else "", "muted")])
        lines += part.lines
    return lines, starts
