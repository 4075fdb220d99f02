"""Templates that put a record in words for a causal model: what stands before the answer, in segments."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass

from msopt_tui.data.encode.segments import Segment
from msopt_tui.data.errors import DataError
from msopt_tui.data.records.record import Pair, Question, Record


@dataclass(frozen=True, slots=True)
class Wording:
    """How a task is put in words."""

    fields: tuple[str, ...]
    """What a template may name. The first is the first to be cut where a row is too long, from its end."""
    template: str
    """The usual one. It ends with a line break: words begin after it as they begin a text, in every vocabulary."""


WORDINGS: dict[str, Wording] = {
    "summarization": Wording(("source",), "{source}\n\nSummary:\n"),
    "translation": Wording(("source",), "{source}\n\nTranslation:\n"),
    "question-answering": Wording(("context", "question"), "{context}\n\nQuestion: {question}\nAnswer:\n"),
}
"""By `task.name`."""


class PromptTemplate:
    """A template, taken apart."""

    def __init__(self, task: str, template: str) -> None:
        """`template` is the task's usual one if empty. Raises DataError where it names what no record has."""
        wording = WORDINGS[task]
        self._fields = wording.fields
        self._parts = _parts(template or wording.template, wording.fields)

    def segments(self, record: Record) -> list[Segment]:
        """The text before the answer: the template's own words are kept, what it names is cut where it must be.

        A space before what is named goes with it: in most vocabularies it belongs to the word that follows.
        """
        values = _values(record)
        segments: list[Segment] = []
        nothing_yet = False
        for words, name in self._parts:
            value = values.get(name, "")
            if nothing_yet:
                words = words.lstrip("\n")  # they part it from a context, and the question has none
            nothing_yet = not segments and not words and not value
            if words.endswith(" ") and value:
                words, value = words[:-1], f" {value}"
            if words:
                segments.append(Segment(words))
            if value:
                segments.append(Segment(value, cut="end", rank=self._fields.index(name)))
        return segments


def _values(record: Record) -> Mapping[str, str]:
    if isinstance(record, Pair):
        return {"source": record.source}
    assert isinstance(record, Question), "chats are written by a chat format"
    return {"context": record.context, "question": record.question}


def _parts(template: str, fields: tuple[str, ...]) -> list[tuple[str, str]]:
    """Words, and the field that follows them (`""` after the last ones)."""
    known = ", ".join(f"{{{name}}}" for name in fields)
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError as error:
        raise DataError(f"task.prompt: {error}; write a brace that is no field twice, such as {{{{") from error
    for _, name, form, conversion in parsed:
        if name is not None and (name not in fields or form or conversion):
            raise DataError(f"task.prompt: {{{name}}} is no field of the task: it has {known}")
    if not any(name for _, name, _, _ in parsed):
        raise DataError(f"task.prompt names nothing of a record: it needs at least one of {known}")
    return [(words, name or "") for words, name, _, _ in parsed]
