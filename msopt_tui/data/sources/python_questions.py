"""Questions about functions and classes of Python, answered by pieces of their documentation or by nothing.

Contexts are docstrings of the standard library below the function's name and arguments, and the entries for methods in
the language reference (`pydoc_data`). About one question in five has no answer in its context. Nothing is imported or
run but the reference's table of texts.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.row import Row
from msopt_tui.data.sources import python_topics
from msopt_tui.data.sources.asking import Argument, Asked, Context, answerable, rank, unanswerable
from msopt_tui.data.sources.library import Documented, definitions, library_files, library_modules
from msopt_tui.data.sources.rows import row_of
from msopt_tui.data.tally import Tally

KIND = "python-questions"
CONTEXT_CHARS = 1_500
"""Paragraphs are left out at the end of a longer documentation."""
QUESTIONS = 3
"""Answerable questions about one context at most, each of another kind."""
FOR_EVERY = 4
"""One question without an answer comes to so many with one."""

ENTRY = re.compile(r"^([A-Za-z_][\w.]{2,})\((.*)\)\n\n((?:(?: {3}.*)?\n)+)", re.MULTILINE)
"""How the language reference documents a method: its name and arguments, and an indented text below."""


def files() -> list[Path]:
    """What is read; raises DataError where the library has no source files."""
    return [*library_files(KIND), *(python_topics.files() or ())]


def rows(source: Source, base_dir: Path, tally: Tally) -> Iterator[Row]:
    """`context`, `question`, `answers` (texts), `starts` (characters), `name` and `module`. Raises DataError."""
    answered = refused = 0
    number: dict[str, int] = {}
    for module, context in _contexts(source, base_dir, tally):
        chosen = _choose(context)
        if not chosen:
            tally.remove("docstrings that nothing can be asked about", context.name)
        answered += len(chosen)
        if refused * FOR_EVERY < answered:
            without = sorted(unanswerable(context), key=lambda asked: rank(asked.question))[:1]
            refused += len(without)
            chosen += without
        for asked in chosen:
            number[module] = number.get(module, 0) + 1
            values = {
                "context": context.text,
                "question": asked.question,
                "answers": [*asked.answers],
                "starts": [*asked.starts],
                "name": context.name,
                "module": module,
            }
            yield row_of(values, f"{KIND}/{module}", number[module], tally)


def _choose(context: Context) -> list[Asked]:
    """One question of each of a few kinds: two that ask for reading, one about the first line, then what it does."""
    by_kind: dict[str, Asked] = {}
    for asked in sorted(answerable(context), key=lambda asked: rank(asked.question)):
        by_kind.setdefault(asked.kind, asked)
    reading = [kind for kind in by_kind if kind in ("returns", "raises", "when", "argument")]
    first_line = [kind for kind in by_kind if kind in ("default", "whose", "first", "base")]
    order = [*reading[:2], *first_line[:1], *reading[2:], "does", *first_line[1:]]
    return [by_kind[kind] for kind in order if kind in by_kind][:QUESTIONS]


def _contexts(source: Source, base_dir: Path, tally: Tally) -> Iterator[tuple[str, Context]]:
    for module in library_modules(KIND, tally):
        for name, node in definitions(module.tree, module.name):
            docstring = ast.get_docstring(node)
            if docstring:
                yield module.name, documented(name, node, _shortened(docstring))
    for document in python_topics.read(source, base_dir, tally):
        for name, arguments, text in ENTRY.findall(document.text):
            body = _shortened(textwrap.dedent(text).strip())
            if definition := _definition(arguments):
                yield document.origin, documented(name, definition, body)
            else:
                head = f"{name}({arguments})\n\n"
                yield document.origin, Context(head + body, name, len(head))


def documented(name: str, node: Documented, docstring: str) -> Context:
    """A class or function with its docstring, below a line with its name and arguments or base classes."""
    head, arguments, base = name, [], None
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        head += "("
        for number, (argument, default) in enumerate(_arguments(node.args)):
            head += ", " if number else ""
            start = len(head)
            head += argument + (f"={default}" if default else "")
            if argument.isidentifier() and argument not in ("self", "cls"):
                arguments.append(Argument(argument, start, default, len(head) - len(default)))
        head += ")"
    elif isinstance(node, ast.ClassDef) and node.bases:
        first = ast.unparse(node.bases[0])
        base = Argument(first, len(head) + 1)
        head += f"({', '.join(map(ast.unparse, node.bases))})"
    return Context(f"{head}\n\n{docstring}", name, len(head) + 2, tuple(arguments), base)


def _arguments(arguments: ast.arguments) -> Iterator[tuple[str, str]]:
    """The arguments as they are written, without types, each with its default."""
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + [*arguments.defaults]
    for place, (argument, default) in enumerate(zip(plain, defaults, strict=True), 1):
        yield argument.arg, ast.unparse(default) if default else ""
        if place == len(arguments.posonlyargs):
            yield "/", ""
    if arguments.vararg or arguments.kwonlyargs:
        yield f"*{arguments.vararg.arg if arguments.vararg else ''}", ""
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield argument.arg, ast.unparse(default) if default else ""
    if arguments.kwarg:
        yield f"**{arguments.kwarg.arg}", ""


def _definition(arguments: str) -> ast.FunctionDef | None:
    """A function with arguments as the reference writes them; `None` where that is no Python, as in `sub[, start]`."""
    try:
        node = ast.parse(f"def name({arguments}): ...").body[0]
    except SyntaxError:
        return None
    return node if isinstance(node, ast.FunctionDef) else None


def _shortened(docstring: str) -> str:
    """As many whole paragraphs as fit, the first one at least."""
    if len(docstring) <= CONTEXT_CHARS:
        return docstring
    end = docstring.rfind("\n\n", 0, CONTEXT_CHARS)
    return docstring[: end if end > 0 else CONTEXT_CHARS].rstrip()
