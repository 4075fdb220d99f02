"""Docstrings of Python's standard library, read from its source files: nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.sources.library import Documented, Function, Module, definitions, library_files, library_modules
from msopt_tui.data.tally import Tally

KIND = "python-docstrings"


def files() -> list[Path]:
    """The library's source files, sorted; raises DataError where there are none."""
    return library_files(KIND)


def read(_source: Source, _base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a module: its docstring, then those of its classes and functions, each below its name."""
    for module in library_modules(KIND, tally):
        text = "\n\n\n".join(_entries(module))
        if text:
            yield Document(text, f"{KIND}/{module.name}")


def _entries(module: Module) -> Iterator[str]:
    documented: list[tuple[str, Documented]] = [(module.name, module.tree), *definitions(module.tree, module.name)]
    for name, node in documented:
        docstring = ast.get_docstring(node)
        if docstring:
            yield f"{name}{_arguments(node)}\n\n{docstring}"


def _arguments(node: Documented) -> str:
    return f"({ast.unparse(node.args)})" if isinstance(node, Function) else ""
