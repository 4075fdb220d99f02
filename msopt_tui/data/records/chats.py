"""Rows of chats: `instruction` and `preference`, as messages, as texts, and in the forms of well-known data sets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msopt_tui.data.records.cells import Values, is_chat, prompt_at, says_from, text_at, turns_at
from msopt_tui.data.records.record import Chat, Message, Preference
from msopt_tui.data.records.shape import Shape, Table
from msopt_tui.data.sources.rows import BrokenRow, reach

CHATS = ("messages", "conversations", "conversation", "chat", "dialog", "dialogue")
SYSTEMS = ("system", "system_prompt")
ASKED: tuple[tuple[str, Iterable[str], Iterable[str], Iterable[str]], ...] = (
    ("alpaca", ("instruction",), ("input",), ("output",)),
    ("instruction/response", ("instruction",), ("context", "input"), ("response", "completion", "answer")),
    ("prompt/completion", ("prompt",), (), ("completion", "response", "answer", "output")),
    ("question/answer", ("question", "query", "problem"), (), ("answer", "response", "solution", "output")),
    ("input/output", ("input",), (), ("output",)),
)
"""Name of a form, and the usual names of what is asked, of what that is asked about, and of the answer."""
PROMPTS = ("prompt", "question", "instruction", "input", "query")

TURN = re.compile(r"(?:\A|\n\n)(Human|Assistant):")
"""How a dialogue is written down as one text in Anthropic's HH sets (arXiv:2204.05862)."""


def chat(table: Table) -> Shape | None:
    """A chat in one column, or one that asks and is answered from several."""
    return _turns(table) or _asked(table)


def _turns(table: Table) -> Shape | None:
    usual = [name for name in CHATS if is_chat(table.first(name))]
    columns = table.find({"messages": usual}, {"system": SYSTEMS})
    if columns is None:
        return None
    said, system = columns["messages"], columns.get("system", "")

    def build(values: Values) -> Chat:
        return Chat(messages=_with_system(values, system, turns_at(values, said)))

    name = "sharegpt" if says_from(table.first(said)) else "messages"
    return Shape(table.named(columns, name), columns, build)


def _asked(table: Table) -> Shape | None:
    for form, prompts, inputs, completions in ASKED:
        columns = table.find({"prompt": prompts, "completion": completions}, {"input": inputs, "system": SYSTEMS})
        if columns:
            return _asked_in(table, columns, form)
    return None


def _asked_in(table: Table, columns: dict[str, str], form: str) -> Shape:
    ordered = table.in_order(columns, "system", "prompt", "input", "completion")
    if form != "alpaca":
        form = f"{ordered['prompt']}/{ordered['completion']}"

    def build(values: Values) -> Chat:
        asked = prompt_at(values, ordered["prompt"])
        about = text_at(values, ordered["input"]) if "input" in ordered else ""
        if about.strip():
            asked = [*asked[:-1], Message("user", f"{asked[-1].content}\n\n{about}")]
        messages = [*asked, *_answer(values, ordered["completion"])]
        return Chat(messages=_with_system(values, ordered.get("system", ""), messages))

    return Shape(table.named(ordered, form), ordered, build)


def _answer(values: Values, column: str) -> list[Message]:
    messages = prompt_at(values, column)
    return (
        messages if is_chat(reach(values, column)) else [Message("assistant", message.content) for message in messages]
    )


def _with_system(values: Values, column: str, messages: list[Message]) -> list[Message]:
    """The messages below the system's, where a column has one and they do not begin with one themselves."""
    text = text_at(values, column) if column else ""
    if not text or (messages and messages[0].role == "system"):
        return messages
    return [Message("system", text), *messages]


def preference(table: Table) -> Shape | None:
    """Two answers to one prompt: in a column of its own, or as what two chats have in common."""
    chosen = table.first(table.given.get("chosen", "chosen"))
    whole = is_chat(chosen) or (isinstance(chosen, str) and TURN.match(chosen) is not None)
    answers = {"chosen": ("chosen",), "rejected": ("rejected",)}
    columns = table.find(answers, {"prompt": PROMPTS}) if whole else table.find({"prompt": PROMPTS, **answers}, {})
    if columns is None:
        return None
    ordered = table.in_order(columns, "prompt", "chosen", "rejected")

    def build(values: Values) -> Preference:
        asked = prompt_at(values, ordered["prompt"]) if "prompt" in ordered else []
        return _preferred(asked, _dialogue(values, ordered["chosen"]), _dialogue(values, ordered["rejected"]))

    name = "/".join(ordered) + (" as messages" if is_chat(chosen) else " as dialogues" if whole else "")
    return Shape(table.named(ordered, name), ordered, build)


def _dialogue(values: Values, column: str) -> list[Message]:
    """The turns in a column: a list of messages, a dialogue as one text, or one answer."""
    if isinstance(reach(values, column), list):
        return turns_at(values, column)
    text = text_at(values, column)
    if not TURN.match(text):
        return [Message("assistant", text)]
    _, *parts = TURN.split(text)
    return [
        Message("user" if speaker == "Human" else "assistant", said.strip())
        for speaker, said in zip(parts[::2], parts[1::2], strict=True)
    ]


def _preferred(asked: list[Message], chosen: list[Message], rejected: list[Message]) -> Preference:
    """What both chats begin with is the prompt, unless they are answers only; the one turn after it is the answer."""
    shared = 0
    while shared < min(len(chosen), len(rejected)) - 1 and chosen[shared] == rejected[shared]:
        shared += 1
    better, worse = chosen[shared:], rejected[shared:]
    if len(better) != 1 or len(worse) != 1 or {better[0].role, worse[0].role} != {"assistant"}:
        raise BrokenRow("chosen and rejected are not one answer each to the same turns")
    prompt = chosen[:shared] or asked
    return Preference(prompt=prompt, chosen=better[0].content, rejected=worse[0].content)
