"""The texts of a record in the one form in which texts are compared, and what speaks against learning from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from msopt_tui.data.clean import normalise
from msopt_tui.data.records.record import Chat, Labelled, Message, Pair, Preference, Question, Record
from msopt_tui.data.tally import Tally


def tidy(record: Record, tally: Tally, label: str) -> tuple[Record, str]:
    """The record with its texts normalised, and why it can't be learned from, empty where it can.

    What is done to it is counted; `label` names it in examples.
    """
    match record:
        case Pair():
            return _pair(record, tally)
        case Labelled():
            return _labelled(record, tally)
        case Chat():
            return _chat(record, tally)
        case Preference():
            return _preference(record, tally)
        case Question():
            return _question(record, tally, label)


def _pair(record: Pair, tally: Tally) -> tuple[Record, str]:
    source, target = normalise(record.source, tally), normalise(record.target, tally)
    why = "records without source" if not source else "records without target" if not target else ""
    return replace(record, source=source, target=target), why


def _labelled(record: Labelled, tally: Tally) -> tuple[Record, str]:
    text, pair = normalise(record.text, tally), normalise(record.text_pair, tally)
    name = normalise(record.label, tally).strip()
    why = "records without text" if not text else "records without label" if not name else ""
    return replace(record, text=text, text_pair=pair, label=name), why


def _chat(record: Chat, tally: Tally) -> tuple[Record, str]:
    messages = _turns(record.messages, tally)
    while messages and messages[-1].role != "assistant":
        messages.pop()
        tally.change("turns after the last answer cut", 1)
    return replace(record, messages=messages), _against(messages) or ("" if messages else "chats without an answer")


def _preference(record: Preference, tally: Tally) -> tuple[Record, str]:
    prompt = _turns(record.prompt, tally)
    chosen, rejected = normalise(record.chosen, tally), normalise(record.rejected, tally)
    why = _against(prompt)
    if not why and (not prompt or prompt[-1].role != "user"):
        why = "preferences without a question"
    elif not why and not (chosen and rejected):
        why = "preferences without both answers"
    elif not why and chosen == rejected:
        why = "preferences whose answers are the same"
    return replace(record, prompt=prompt, chosen=chosen, rejected=rejected), why


def _turns(messages: Iterable[Message], tally: Tally) -> list[Message]:
    """The turns normalised, without empty system messages, two in a row of one speaker joined."""
    kept: list[Message] = []
    for message in messages:
        said = normalise(message.content, tally)
        if not said and message.role == "system":
            tally.change("empty system messages left out", 1)
        elif kept and kept[-1].role == message.role and said and kept[-1].content:
            kept[-1] = Message(message.role, f"{kept[-1].content}\n\n{said}")
            tally.change("turns of one speaker joined", 1)
        else:
            kept.append(Message(message.role, said))
    return kept


def _against(messages: list[Message]) -> str:
    """Chats that a model's template can't write: it takes a system message first, then user and assistant in turn."""
    if not all(message.content for message in messages):
        return "chats with an empty turn"
    roles = [message.role for message in messages]
    if "system" in roles[1:]:
        return "chats with a system message inside"
    if next((role for role in roles if role != "system"), "user") != "user":
        return "chats that begin with an answer"
    return ""


def _question(record: Question, tally: Tally, label: str) -> tuple[Record, str]:
    context, question = normalise(record.context, tally), normalise(record.question, tally)
    given = [(normalise(answer, tally), place) for answer, place in _given(record)]
    kept: dict[tuple[str, int], None] = {}
    for answer, start in given:
        place = -1 if start is None else _moved(record.context, context, start, answer)
        if not answer:
            tally.remove("empty answers", label)
        elif start is not None and place < 0:
            tally.remove("answers that are no piece of their context", f"{label}: {answer}")
        else:
            kept[answer, place] = None
    record = replace(
        record,
        context=context,
        question=question,
        answers=[answer for answer, _ in kept],
        starts=[place for _, place in kept if place >= 0],
    )
    if not context or not question:
        return record, "questions without context" if question else "questions without text"
    return record, "questions of whose answers none is left" if given and not kept else ""


def _given(record: Question) -> Iterator[tuple[str, int | None]]:
    """Every answer with where it starts, `None` for free answers."""
    if not record.starts:
        return ((answer, None) for answer in record.answers)
    return zip(record.answers, record.starts, strict=True)


def _moved(before: str, after: str, start: int, answer: str) -> int:
    """Where an answer that began at `start` begins in the normalised context; -1 where it does not stand there.

    Normalising works from left to right: what is before the answer becomes the same by itself, but for white space at
    its end, which may have to be passed.
    """
    if not answer:
        return -1
    passed = start if before == after else len(normalise(before[:start], Tally()))
    # One place earlier where the last character before the answer was composed with its first.
    for begin in (passed, max(0, passed - 1)):
        place = after.find(answer, begin)
        if place >= 0 and not after[begin:place].strip():
            return place
    return -1
