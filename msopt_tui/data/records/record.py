"""The fields of a task's records, in one table: what they are called, whatever the columns of a source are called."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant"]


class Message(msgspec.Struct, frozen=True):
    """One turn of a chat."""

    role: Role
    content: str


class Base(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Common form of every record."""

    group: str = ""
    """Records of one group are never parted by a split; each is its own group if empty."""


class Chat(Base, frozen=True, kw_only=True):
    """`instruction`: a chat whose assistant turns are learned."""

    messages: list[Message]


class Pair(Base, frozen=True, kw_only=True):
    """`summarization`, `translation`: a source text and the text that is to come of it."""

    source: str
    target: str


class Question(Base, frozen=True, kw_only=True):
    """`question-answering`: a question about a context, and every answer that counts."""

    context: str
    question: str
    answers: list[str] = []
    """Pieces of the context for extractive answering; none where it can't be answered."""
    starts: list[int] = []
    """Where each answer begins in the context (characters); empty for free answers."""


class Labelled(Base, frozen=True, kw_only=True):
    """`text-classification`: a text, or two, and its class."""

    text: str
    text_pair: str = ""
    label: str


class Preference(Base, frozen=True, kw_only=True):
    """`preference`: what was asked, and the better and the worse answer."""

    prompt: list[Message]
    chosen: str
    rejected: str


Record = Chat | Pair | Question | Labelled | Preference

RECORDS: dict[str, type[Record]] = {
    "instruction": Chat,
    "summarization": Pair,
    "translation": Pair,
    "question-answering": Question,
    "text-classification": Labelled,
    "preference": Preference,
}
"""By `task.name`. Tasks that are not here learn from running text."""


def encode(record: Record) -> str:
    """The record as JSON text, the same text for the same record."""
    return msgspec.json.encode(record).decode()


def decode(kind: type[Record], text: str) -> Record:
    """The record that `encode` wrote."""
    return msgspec.json.decode(text, type=kind)
