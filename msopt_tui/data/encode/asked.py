"""What a record asks and what answers it, whatever the family of the network that writes the answer."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.data.records.record import Chat, Message, Pair, Question, Record


def last_answer(messages: Sequence[Message]) -> int | None:
    """Which turn of a chat is its last answer; `None` where there is none."""
    return next((place for place in reversed(range(len(messages))) if messages[place].role == "assistant"), None)


def before_answer(chat: Chat) -> list[Message]:
    """The turns before a chat's last answer, or all where there is none."""
    return chat.messages[: last_answer(chat.messages)]


def answer(record: Pair | Question) -> str:
    """The text that is learned; empty for a question that can't be answered: to say nothing is right."""
    if isinstance(record, Pair):
        return record.target
    return record.answers[0] if record.answers else ""


def references(record: Record) -> list[str]:
    """See `Generative.references`."""
    if isinstance(record, Chat):
        place = last_answer(record.messages)
        return [] if place is None else [record.messages[place].content]
    if isinstance(record, Question):
        return list(dict.fromkeys(record.answers)) or [""]
    assert isinstance(record, Pair), "nothing is written for other records"
    return [record.target] if record.target else []


def source_text(record: Record) -> str:
    """See `Generative.source_text`."""
    if isinstance(record, Chat):
        turns = [message.content for message in before_answer(record) if message.role == "user"]
        return turns[-1] if turns else ""
    if isinstance(record, Question):
        return record.question
    assert isinstance(record, Pair), "nothing is written for other records"
    return record.source


def record_of(task: str, text: str) -> Record:
    """See `Generative.record_of`."""
    if task == "instruction":
        return Chat(messages=[Message("user", text)])
    if task == "question-answering":
        return Question(context="", question=text)
    return Pair(source=text, target="")
