"""Functions of Python's standard library beside the first paragraph of their docstrings: code to summarise.

Read from the library's source files; nothing is imported or run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.row import Row
from msopt_tui.data.sources.library import Function, definitions, library_files, library_modules
from msopt_tui.data.sources.rows import row_of
from msopt_tui.data.tally import Tally

KIND = "python-functions"
LEAST_CHARS = 15
"""A shorter first paragraph says too little."""
SIGNATURE = re.compile(r"[\w.]+\(.*\)(\s*->.*)?:?|[\w., ]+ = [\w.]+\(.*\)")
"""A line at the top of a docstring that repeats how the function is called."""


def files() -> list[Path]:
    """The library's source files, sorted; raises DataError where there are none."""
    return library_files(KIND)


def rows(_source: Source, _base_dir: Path, tally: Tally) -> Iterator[Row]:
    """`source` (without docstring, dedented), `summary` (on one line), `name` and `module` of every function."""
    for module in library_modules(KIND, tally):
        lines = module.text.split("\n")
        number = 0
        for name, node in definitions(module.tree, module.name):
            docstring = ast.get_docstring(node) if isinstance(node, Function) else None
            if docstring is None or not isinstance(node, Function):
                continue
            summary = first_paragraph(docstring)
            source = without_docstring(node, lines)
            if len(summary) < LEAST_CHARS:
                tally.remove("functions whose docstring says too little", name)
            elif not source:
                tally.remove("functions of nothing but a docstring", name)
            else:
                number += 1
                values = {"source": source, "summary": summary, "name": name, "module": module.name}
                yield row_of(values, f"{KIND}/{module.name}", number, tally)


def first_paragraph(docstring: str) -> str:
    """The first paragraph of a docstring on one line, without signatures above it; empty where only those are."""
    lines = docstring.strip().splitlines()
    while lines and (not lines[0].strip() or SIGNATURE.fullmatch(lines[0].strip())):
        del lines[0]
    paragraph = "\n".join(lines).partition("\n\n")[0]
    return " ".join(paragraph.split())


def without_docstring(node: Function, lines: list[str]) -> str:
    """A function's own lines from its decorators on, without docstring; empty where nothing else is in it."""
    docstring, *rest = node.body
    if not rest or rest[0].lineno == docstring.end_lineno or docstring.lineno == node.lineno:
        return ""
    assert docstring.end_lineno is not None
    assert node.end_lineno is not None
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    kept = lines[first - 1 : docstring.lineno - 1] + lines[docstring.end_lineno : node.end_lineno]
    indent = " " * node.col_offset
    return "\n".join(line.removeprefix(indent) for line in kept)
