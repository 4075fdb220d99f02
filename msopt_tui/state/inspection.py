"""What there is to say of prepared data: the words of the data screen and of `msopt-tui check`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.data_events import DataInspected, DataPrepared
from msopt_tui.protocol.values import PreviewRow
from msopt_tui.state.numbers import compact

NOTEWORTHY = 0.05
"""From this share of the examples on there is advice on cuts and missing ends."""
MUCH_PADDING = 0.4
"""From this share of the positions on there is advice on padding."""
LEARNED = "⟦", "⟧"
"""Stand around what is learned, so that no meaning is by colour alone."""
_PACKED = ("instruction", "summarization", "translation", "question-answering")
"""Tasks whose rows may be packed."""
_NOTHING = "–"

Kind = Literal["duplicates", "leakage", "dropped"]


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that cleaning dropped."""

    kind: Kind
    what: str
    count: int
    examples: Sequence[str]


def percent(part: float, whole: float) -> str:
    """A share as `2.6 %`, `23 %`, `< 0.1 %`."""
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.1:
        return "< 0.1 %"
    return f"{share:.0f} %" if share >= 9.95 or share == 0 else f"{share:.1f} %"


def advice(seen: DataInspected, settings: Mapping[str, Scalar]) -> list[str]:
    """What to think about before training, a line each; empty where nothing stands out."""
    lines = []
    if seen.truncated >= NOTEWORTHY * seen.examples > 0:
        lines.append(f"{percent(seen.truncated, seen.examples)} of the examples are cut{_room(seen, settings)}")
    if seen.unended >= NOTEWORTHY * seen.examples > 0:
        why = "most of them are cut" if seen.truncated >= seen.unended else "does the chat template write an end token?"
        lines.append(
            f"{percent(seen.unended, seen.examples)} of the examples end without the end token, so that the network "
            f"does not learn to stop there ({why})"
        )
    could_pack = settings.get("data.packing") is False and settings.get("task.name") in _PACKED
    if seen.padding is not None and seen.padding >= MUCH_PADDING and could_pack:
        way_out = "data.packing = true would fill them, with a causal model"
        lines.append(f"{percent(seen.padding, 1)} of the positions are padding: {way_out}")
    return lines


def _room(seen: DataInspected, settings: Mapping[str, Scalar]) -> str:
    """By which bound examples are cut, and which one would hold nearly all."""
    bounds = {"data.max_length": seen.length_for_99}
    if seen.target_length_for_99:
        bounds["task.max_target_length"] = seen.target_length_for_99
    tight = {name: enough for name, enough in bounds.items() if enough > _number(settings.get(name))}
    if not tight:
        return f" (data.max_length = {settings.get('data.max_length', '?')})"
    now = ", ".join(f"{name} = {settings.get(name, '?')}" for name in tight)
    then = " and ".join(f"{name} = {enough}" for name, enough in tight.items())
    return f" ({now}): {then} would hold 99 %"


def _number(value: Scalar | None) -> float:
    return value if isinstance(value, int | float) else 0


def facts(seen: DataInspected) -> list[tuple[str, str]]:
    """Figures of the training examples: a name and what is to be said."""
    total = seen.examples
    rows = [
        ("learned", f"{compact(seen.supervised)} targets"),
        ("cut to fit", f"{seen.truncated:,} ({percent(seen.truncated, total)})" if seen.truncated else "none"),
        ("without an end", f"{seen.unended:,} ({percent(seen.unended, total)})" if seen.unended else "none"),
        ("padding", percent(seen.padding, 1) + " of the positions" if seen.padding else "none"),
    ]
    return [("examples", f"{total:,}"), *rows]


def split_rows(data: DataPrepared, seen: DataInspected | None) -> list[list[str]]:
    """A table of the splits with its header: the first column is a name, the others are numbers."""
    examples, supervised = dict(data.examples), dict(data.supervised)
    if seen is not None:
        examples.setdefault("train", seen.examples)
        supervised.setdefault("train", seen.supervised)
    rows = [["split", "documents", "bytes", "tokens", "bytes/token", "examples", "targets"]]
    for name, documents in data.documents.items():
        tokens, size = data.tokens.get(name, 0), data.bytes.get(name, 0)
        counts = [f"{documents:,}", f"{size:,}", f"{tokens:,}", f"{size / tokens:.2f}" if tokens else _NOTHING]
        more = [f"{counted[name]:,}" if name in counted else _NOTHING for counted in (examples, supervised)]
        rows.append([name, *counts, *more])
    return rows


def aligned(rows: Sequence[Sequence[str]], gap: int = 2) -> list[str]:
    """Lines of a table: the first column to the left, numbers to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    between = " " * gap
    return [
        between.join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def removals(data: DataPrepared, seen: DataInspected | None) -> list[Removal]:
    """All that cleaning dropped, with the examples that it kept."""
    examples = seen.removed_examples if seen is not None else {}
    return [Removal(_kind(what), what, count, examples.get(what, ())) for what, count in data.removed.items() if count]


def _kind(what: str) -> Kind:
    """By the words that cleaning counts it under."""
    if "validation or test" in what or "leak" in what:
        return "leakage"
    return "duplicates" if "repeated" in what or "duplicate" in what else "dropped"


def nothing_found(kind: Kind, settings: Mapping[str, Scalar]) -> str:
    """What to say where there is no removal of a kind: that none was found, or that nobody looked."""
    setting = {"duplicates": "data.deduplicate", "leakage": "data.leakage"}.get(kind)
    value = settings.get(setting) if setting else None
    if value == "off":
        return f"not looked for ({setting} = off)"
    return f"none found ({setting} = {value})" if value is not None else "none"


def row_title(row: PreviewRow) -> tuple[str, str]:
    """Where a row comes from, and its figures: `34 tokens, 12 targets · cut · no end`."""
    figures = f"{row.tokens:,} tokens, {row.supervised:,} target{'' if row.supervised == 1 else 's'}"
    return row.origin, figures + (" · cut" if row.truncated else "") + ("" if row.ended else " · no end")
