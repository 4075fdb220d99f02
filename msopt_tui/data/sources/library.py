"""Python source files that are installed here, parsed: nothing in them is imported or run."""

from __future__ import annotations

import ast
import os
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msopt_tui.data.errors import DataError
from msopt_tui.data.tally import Tally

LEFT_OUT = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test", "lib2to3", "__pycache__"})
"""Folders that are no documentation of a library."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


@dataclass(frozen=True, slots=True)
class Module:
    """One source file."""

    name: str
    """Dotted, as it would be imported."""
    text: str
    tree: ast.Module


def source_files(root: Path) -> list[Path]:
    """The source files below a folder, sorted, tests left out."""
    found = []
    for folder, inside, names in os.walk(root):
        inside[:] = set(inside) - LEFT_OUT
        found += [Path(folder, name) for name in names if name.endswith(".py")]
    return sorted(found)


def library_files(kind: str) -> list[Path]:
    """The standard library's source files, sorted; raises DataError, naming the source's kind, where there are none."""
    root = Path(sysconfig.get_path("stdlib"))
    found = source_files(root)
    if not found:
        raise DataError(f"{kind}: this Python was installed without source files in {root}")
    return found


def library_modules(kind: str, tally: Tally) -> Iterator[Module]:
    """The standard library's modules, sorted by file; those that can't be parsed are counted. Raises DataError."""
    return parsed(library_files(kind), Path(sysconfig.get_path("stdlib")), tally)


def parsed(paths: list[Path], root: Path, tally: Tally) -> Iterator[Module]:
    """The modules in some files; `root` is where their names begin."""
    for path in paths:
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        try:
            with warnings.catch_warnings(action="ignore"), tokenize.open(path) as file:
                text = file.read()
                tree = ast.parse(text)
        except (SyntaxError, ValueError, OSError, RecursionError) as error:
            tally.remove("modules that can't be parsed", f"{name}: {error}")
        else:
            yield Module(name, text, tree)
            tally.read(path.stat().st_size)


def definitions(node: Documented, name: str) -> Iterator[tuple[str, Documented]]:
    """The classes and functions in a module or class, each after the one it is in, by dotted name."""
    for child in node.body:
        if isinstance(child, ast.ClassDef | Function):
            inside = f"{name}.{child.name}"
            yield inside, child
            yield from definitions(child, inside)
