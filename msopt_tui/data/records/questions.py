"""Rows of a context, a question and its answers: SQuAD's form and simpler ones."""

from __future__ import annotations

from collections.abc import Mapping

from msopt_tui.data.records.cells import Values, kind_of, text_at
from msopt_tui.data.records.record import Question
from msopt_tui.data.records.shape import Shape, Table
from msopt_tui.data.sources.rows import BrokenRow, reach

CONTEXTS = ("context", "passage", "document", "paragraph", "article", "text")
QUESTIONS = ("question", "query")
ANSWERS = ("answers", "answer", "answer_text")
STARTS = ("starts", "answer_start", "answer_starts")
TEXT_KEYS, START_KEYS = ("text", "texts"), STARTS
"""Under which keys an object of answers has their texts and where they begin."""


def question(table: Table) -> Shape | None:
    """A question about a context, with the answers that count."""
    needed = {"context": CONTEXTS, "question": QUESTIONS, "answers": ANSWERS}
    columns = table.find(needed, {"starts": STARTS})
    if columns is None:
        return None
    ordered = table.in_order(columns, "context", "question", "answers", "starts")
    squad = isinstance(table.first(ordered["answers"]), Mapping)

    def build(values: Values) -> Question:
        context = text_at(values, ordered["context"])
        given = _answers(reach(values, ordered["answers"]), ordered["answers"])
        if "starts" in ordered and given:
            starts = _starts(reach(values, ordered["starts"]), ordered["starts"])
            if len(starts) != len(given):
                raise BrokenRow(f"{len(given)} answers and {len(starts)} places where they start")
            given = [(text, start) for (text, _), start in zip(given, starts, strict=True)]
        answers, places = _placed(context, given)
        return Question(context=context, question=text_at(values, ordered["question"]), answers=answers, starts=places)

    return Shape(table.named(ordered, "squad" if squad else "/".join(ordered.values())), ordered, build)


def _answers(value: object, column: str) -> list[tuple[str, int | None]]:
    """The answers in a cell, each with where it starts if that is said; none where it can't be answered."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [(value, None)]
    if isinstance(value, Mapping):
        texts = _under(value, TEXT_KEYS, column)
        found = _answers(texts, column)
        if any(key in value for key in START_KEYS):
            starts = _starts(_under(value, START_KEYS, column), column)
            if len(starts) != len(found):
                raise BrokenRow(f'column "{column}" has {len(found)} answers and {len(starts)} places where they start')
            return [(text, start) for (text, _), start in zip(found, starts, strict=True)]
        return found
    if isinstance(value, list):
        return [answer for each in value for answer in _answers(each, column)]
    raise BrokenRow(f'column "{column}" has {kind_of(value)} where answers are meant')


def _under(value: Mapping[str, object], keys: tuple[str, ...], column: str) -> object:
    for key in keys:
        if key in value:
            return value[key]
    raise BrokenRow(f'column "{column}" has an object without "{keys[0]}"')


def _starts(value: object, column: str) -> list[int]:
    places = value if isinstance(value, list) else [] if value is None else [value]
    whole = [place for place in places if isinstance(place, int) and not isinstance(place, bool) and place >= 0]
    if len(whole) < len(places):
        raise BrokenRow(f'column "{column}" has something else than the places where answers start')
    return whole


def _placed(context: str, given: list[tuple[str, int | None]]) -> tuple[list[str], list[int]]:
    """The answers and where they start, corrected to the nearest place where the context has them.

    Without places, and with an answer that the context does not have, they are free answers. Repeated ones count once.
    """
    answers: dict[tuple[str, int], None] = {}
    for text, start in given:
        place = _nearest(context, text, start)
        if place is None and start is None:
            return list(dict.fromkeys(text for text, _ in given)), []
        answers[text, start if place is None and start is not None else place or 0] = None
    return [text for text, _ in answers], [start for _, start in answers]


def _nearest(context: str, answer: str, start: int | None) -> int | None:
    """Where the context has an answer: at `start`, else nearest to it; `None` where it has none."""
    start = start or 0
    if context.startswith(answer, start):
        return start
    after, before = context.find(answer, start), context.rfind(answer, 0, start + len(answer))
    places = [place for place in (before, after) if place >= 0]
    return min(places, key=lambda place: abs(place - start)) if places else None
