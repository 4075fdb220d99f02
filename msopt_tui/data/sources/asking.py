"""Questions about what is documented of a function or class, and the pieces of the documentation that answer them.

The text of a context begins with a line such as `queue.Queue.get(self, block=True, timeout=None)`, below which the
docstring stands. Questions are made from forms, answers are found by patterns; whoever learns them has to tell what
is returned from what is raised, and one argument's default or purpose from another's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

ANSWER_CHARS = 200
"""Longer answers are pieces of the text that the pattern misunderstood."""

FORMS: dict[str, tuple[str, ...]] = {
    "returns": ("What does {name} return?", "What is the return value of {name}?", "What does calling {name} give?"),
    "does": ("What does {name} do?", "What is {name} for?", "What is the purpose of {name}?"),
    "raises": ("Which exception does {name} raise?", "What can {name} raise?"),
    "when": ("When does {name} raise {other}?", "In which case is {other} raised by {name}?"),
    "default": ("What is the default of {other} in {name}?", "Which value has {other} if {name} is not given it?"),
    "argument": ("What is the argument {other} of {name} for?", "What does {other} mean to {name}?"),
    "whose": ("Which argument of {name} has the default {other}?", "Which argument of {name} is {other} by default?"),
    "first": ("What is the first argument of {name}?", "Which argument does {name} take first?"),
    "base": ("Which class does {name} derive from?", "What is the base class of {name}?"),
}
"""Kind of question to the ways it is put."""

END = r"(?=(?<!e\.g)(?<!i\.e)[.;:](?:\s|\Z)|\n\s*\n|\Z)"
"""Where a sentence, or a part of one that stands by itself, ends."""
EXCEPTION = r"[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Iteration|Empty|Full|Stop|Failure)"
RETURNS = re.compile(rf"(?:\A|[.\n]\s*)(?:Returns?|Yields?|@?[Rr]eturn value(?: is)?:?)\s+(\S.+?){END}", re.DOTALL)
RAISES = re.compile(rf"\b[Rr]ais(?:e|es|ed|ing)\s+(?:an?\s+|the\s+)?[`:\"]*({EXCEPTION})\b")
WHEN = re.compile(
    rf"({EXCEPTION})\b[`\"']*(?:\s+is\s+raised|\s+exception)?,?\s+((?:if|when|unless)\s.+?){END}", re.DOTALL
)
SENTENCE = re.compile(rf"(\S.+?){END}", re.DOTALL)
CALL = re.compile(r"[\w.]+\(")
"""How a docstring begins that repeats the first line."""
NAMED = r"[`'\"*]*(\w+)[`'\"*]*"
VERB = r"(?:is|are|must|should|can|may|specifies|gives|names|controls|determines|indicates)"
PURPOSE = tuple(
    re.compile(rf"{before}(\S.+?)(?:(?=\n\s*\S+\s*(?:--|:)\s)|{END})", re.DOTALL | re.MULTILINE)
    for before in (
        rf"^\s*(?:[-*]\s+|:param\s+(?:\w+\s+)?)?{NAMED}(?:\s+\([^)\n]*\))?\s*(?:--?|:)\s+",
        rf"(?:\A|\.\s+|\n\s*\n\s*)(?:The\s+)?{NAMED}\s+(?:argument\s+|parameter\s+)?(?={VERB}\b)",
    )
)
"""How it is said what an argument is for: `name -- text`, `name: text`, or `*name* is text`."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as the first line of a context has it."""

    name: str
    start: int
    """Where its name begins in the context (characters)."""
    default: str = ""
    default_start: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What is documented, and what is known of it without reading."""

    text: str
    name: str
    documented: int
    """Where the docstring begins in the text (characters)."""
    arguments: tuple[Argument, ...] = ()
    base: Argument | None = None
    """The class that it derives from."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the pieces that answer it, none where nothing does."""

    kind: str
    question: str
    answers: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()


def answerable(context: Context) -> Iterator[Asked]:
    """Every question of every kind that the context answers, the kinds that ask for reading first."""
    said = context.text[context.documented :]
    if found := RETURNS.search(said):
        yield from _answered(context, "returns", "", [found.span(1)])
    raised = [found.span(1) for found in RAISES.finditer(said)]
    if raised:
        yield from _answered(context, "raises", "", raised)
        for found in WHEN.finditer(said):
            yield from _answered(context, "when", found[1], [found.span(2)])
    names = {argument.name for argument in context.arguments}
    for pattern in PURPOSE if names else ():
        for found in pattern.finditer(said):
            if found[1] in names:
                yield from _answered(context, "argument", found[1], [found.span(2)])
    sentence = SENTENCE.match(said)
    if sentence and not RETURNS.match(said) and not CALL.match(said):
        yield from _answered(context, "does", "", [sentence.span(1)])
    yield from _about_the_signature(context)


def _about_the_signature(context: Context) -> Iterator[Asked]:
    given = [argument for argument in context.arguments if argument.default]
    for argument in given:
        end = argument.default_start + len(argument.default)
        yield from _asked(context, "default", argument.name, [(argument.default_start, end)])
        same = [(other.start, other.start + len(other.name)) for other in given if other.default == argument.default]
        yield from _asked(context, "whose", argument.default, same)
    if len(context.arguments) > 1:
        first = context.arguments[0]
        yield from _asked(context, "first", "", [(first.start, first.start + len(first.name))])
    if context.base:
        yield from _asked(context, "base", "", [(context.base.start, context.base.start + len(context.base.name))])


def unanswerable(context: Context) -> Iterator[Asked]:
    """Questions of the same forms that the context says nothing about."""
    said = context.text.lower()
    if not any(word in said for word in ("return", "yield", "->", "true if", "false if")):
        yield Asked("returns", _put(context, "returns", ""))
    if not any(word in said for word in ("rais", "error", "exception")):
        yield Asked("raises", _put(context, "raises", ""))
        yield Asked("when", _put(context, "when", "ValueError"))
    for argument in context.arguments:
        if not argument.default:
            yield Asked("default", _put(context, "default", argument.name))
        if not re.search(rf"\b{re.escape(argument.name)}\b", context.text[context.documented :], re.IGNORECASE):
            yield Asked("argument", _put(context, "argument", argument.name))


def _answered(context: Context, kind: str, other: str, spans: list[tuple[int, int]]) -> Iterator[Asked]:
    """A question with its answers in the docstring (spans in it), unless one can't be an answer."""
    begin = context.documented
    yield from _asked(context, kind, other, [(begin + start, begin + end) for start, end in spans])


def _asked(context: Context, kind: str, other: str, spans: list[tuple[int, int]]) -> Iterator[Asked]:
    answers = [context.text[start:end] for start, end in spans]
    if all(0 < len(answer) <= ANSWER_CHARS for answer in answers):
        yield Asked(kind, _put(context, kind, other), tuple(answers), tuple(start for start, _ in spans))


def _put(context: Context, kind: str, other: str) -> str:
    """The question in one of its forms, always the same for the same context."""
    forms = FORMS[kind]
    return forms[rank(context.name, kind, other)[0] % len(forms)].format(name=context.name, other=other)


def rank(*words: str) -> bytes:
    """An order that has nothing to do with the alphabet, the same on every machine."""
    return blake2b("\0".join(words).encode(errors="replace"), digest_size=8).digest()
