"""Cleaning of records: which are worth learning from, and in which form; nothing goes without being counted."""

from __future__ import annotations

from msgspec.structs import replace

from msopt_tui.data.clean import Deduplicate
from msopt_tui.data.duplicates import digest, is_new
from msopt_tui.data.language import LanguageFilter
from msopt_tui.data.records.record import Chat, Labelled, Message, Pair, Preference, Question, Record, encode
from msopt_tui.data.records.tidy import tidy
from msopt_tui.data.tally import Tally


class RecordCleaner:
    """Decides record by record what is worth learning from; remembers what it has seen."""

    def __init__(
        self,
        deduplicate: Deduplicate,
        min_chars: int,
        max_chars: int = 0,
        languages: LanguageFilter | None = None,
    ) -> None:
        """`paragraph` compares whole records, as `document` does: a part of a record means nothing by itself."""
        self.tally = Tally()
        self._deduplicate = deduplicate != "off"
        self._min_chars = max(1, min_chars)
        self._max_chars = max_chars
        self._languages = languages
        self._seen: set[bytes] = set()
        self._labels: dict[bytes, str] = {}

    def clean(self, record: Record, label: str = "") -> Record | None:
        """The record as it is learned from; `None`, and counted, where it is not. `label` names it in examples."""
        record, why = tidy(record, self.tally, label)
        why = why or self._bounds(record) or self._repeats(record)
        note = ""
        if not why and self._languages and (language := self._languages.unwanted(main_text(record))):
            why, note = "records in other languages", f" ({language})"
        if why:
            self.tally.remove(why, label + note)
            return None
        return record

    def _bounds(self, record: Record) -> str:
        chars = sum(map(len, texts(record)))
        if chars < self._min_chars:
            return "records shorter than min_chars"
        if self._max_chars and chars > self._max_chars:
            return "records longer than max_chars"
        return ""

    def _repeats(self, record: Record) -> str:
        """What an earlier record has against this one: it is the same, or the same text with another label."""
        if not self._deduplicate:
            return ""
        if not is_new(encode(replace(record, group="")), self._seen):
            return "repeated records"
        if isinstance(record, Labelled):
            known = self._labels.setdefault(digest(f"{record.text}\0{record.text_pair}"), record.label)
            return "" if known == record.label else "same text with another label"
        return ""


def texts(record: Record) -> list[str]:
    """All text of a record; labels are no text."""
    match record:
        case Pair():
            return [record.source, record.target]
        case Labelled():
            return [record.text, record.text_pair]
        case Chat():
            return [message.content for message in record.messages]
        case Preference():
            return [*(message.content for message in record.prompt), record.chosen, record.rejected]
        case Question():
            return [record.context, record.question, *record.answers]


def main_text(record: Record) -> str:
    """The text whose language is the record's: what is read to answer, and the answers in a chat."""
    match record:
        case Pair():
            return record.source
        case Labelled():
            return record.text
        case Chat():
            return "\n\n".join(message.content for message in record.messages if message.role != "system")
        case Preference():
            return f"{_asked(record.prompt)}\n\n{record.chosen}"
        case Question():
            return record.context


def comparable(record: Record) -> str:
    """The text in which records are nearly the same, or in which one of the train split stands in another.

    It is what a model is asked, never what it is to answer: whoever has seen the question of a test has learned from
    it, whatever answer stood beside. A system message says the same in every chat and would hide what differs.
    Questions are compared with their context, so that the same context with a word changed is found; those about one
    context are all alike then, which is no leak, because a group is never parted, and near-duplicates should only be
    looked for between groups.
    """
    match record:
        case Pair():
            return record.source
        case Labelled():
            return f"{record.text}\n\n{record.text_pair}" if record.text_pair else record.text
        case Chat():
            return _asked(record.messages)
        case Preference():
            return _asked(record.prompt)
        case Question():
            return f"{record.question}\n\n{record.context}"


def _asked(messages: list[Message]) -> str:
    return "\n\n".join(message.content for message in messages if message.role == "user")
