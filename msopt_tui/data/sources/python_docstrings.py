"""Docstrings of Python's standard library, read from its source files: nothing is imported or run."""

from __future__ import annotations

import ast
import os
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.tally import Tally

LEFT_OUT = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test", "lib2to3", "__pycache__"})
"""Folders that are no documentation of the library."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def files() -> list[Path]:
    """The library's source files, sorted; raises DataError where there are none."""
    root = Path(sysconfig.get_path("stdlib"))
    found = []
    for folder, inside, names in os.walk(root):
        inside[:] = set(inside) - LEFT_OUT
        found += [Path(folder, name) for name in names if name.endswith(".py")]
    if not found:
        raise DataError(f"python-docstrings: this Python was installed without source files in {root}")
    return sorted(found)


def read(_source: Source, _base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a module: its docstring, then those of its classes and functions, each below its name."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in files():
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        try:
            with warnings.catch_warnings(action="ignore"), tokenize.open(path) as file:
                tree = ast.parse(file.read())
        except (SyntaxError, ValueError, OSError, RecursionError) as error:
            tally.remove("modules that can't be parsed", f"{name}: {error}")
            continue
        text = "\n\n\n".join(_entries(tree, name))
        if text:
            yield Document(text, f"python-docstrings/{name}")


def _entries(node: Documented, name: str) -> Iterator[str]:
    docstring = ast.get_docstring(node)
    if docstring:
        yield f"{name}{_arguments(node)}\n\n{docstring}"
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _entries(child, f"{name}.{child.name}")


def _arguments(node: Documented) -> str:
    return f"({ast.unparse(node.args)})" if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ""
