"""Docstrings of ten well-known packages and the package each comes from: texts to classify.

All ten are installed with msopt-tui, as what it needs or as what that needs. Only the prose before the first section or
example is taken, because the layout of what follows gives the package away, and none that names its package. Source
files are parsed; nothing is imported or run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.errors import DataError
from msopt_tui.data.row import Row
from msopt_tui.data.sources.library import Module, definitions, parsed, source_files
from msopt_tui.data.sources.rows import row_of
from msopt_tui.data.tally import Tally

KIND = "package-docstrings"
PACKAGES: dict[str, tuple[str, ...]] = {
    "datasets": ("datasets", "dataset's"),
    "huggingface_hub": ("huggingface_hub", "huggingface", "hugging face"),
    "networkx": ("networkx", "nx"),
    "numpy": ("numpy", "np"),
    "pandas": ("pandas", "pd"),
    "rich": ("rich",),
    "sympy": ("sympy",),
    "textual": ("textual",),
    "torch": ("torch", "pytorch"),
    "transformers": ("transformers",),
}
"""The classes, and how each is called in text."""
FILES = 200
"""Files considered in a package, chosen by the hashes of their names so that every part of it is among them."""
FILE_BYTES = 30_000
"""Larger files take long to parse and give no more rows than others."""
ROWS = 350
"""Rows of a package at most, so that none is much more frequent than another."""
ROWS_OF_FILE = 12
LEAST_CHARS = 40

SECTION = re.compile(
    r"^\s*(>>>|```|\.\. |:\w+.*:|@\w+|={3,}|-{3,}|[A-Z][\w ]*:\s*$|\w+ \(`)|^[A-Z][\w ]*\n\s*[-=~]{3,}\s*$",
    re.MULTILINE,
)
"""Where the prose of a docstring ends: an example, a directive, a field, a heading, an argument with its type."""


def files() -> list[Path]:
    """The files that are read; raises DataError like `rows`."""
    return [path for _, _, paths in _packages(Tally()) for path in paths]


def rows(_source: Source, _base_dir: Path, tally: Tally) -> Iterator[Row]:
    """`text`, `label` (the package) and `module` of docstrings, package by package. Raises DataError."""
    for package, root, paths in _packages(tally):
        taken = 0
        for module in parsed(paths, root, tally):
            for part, text in enumerate(_texts(module, package, tally), 1):
                taken += 1
                yield row_of(
                    {"text": text, "label": package, "module": module.name}, f"{KIND}/{module.name}", part, tally
                )
                if taken == ROWS or part == ROWS_OF_FILE:
                    break
            if taken == ROWS:
                break


def _packages(tally: Tally) -> list[tuple[str, Path, list[Path]]]:
    """The packages that are here: name, the folder that names of modules begin in, the files to read."""
    found = []
    for package in PACKAGES:
        place = find_spec(package)
        if place is None or not place.submodule_search_locations:
            tally.remove("packages that are not installed", package)
            continue
        folder = Path(place.submodule_search_locations[0])
        found.append((package, folder.parent, _chosen(folder)))
    if len(found) < 2:
        raise DataError(f"{KIND}: needs two of these packages to tell apart: {', '.join(PACKAGES)}")
    return found


def _chosen(folder: Path) -> list[Path]:
    def rank(path: Path) -> bytes:
        return blake2b(path.relative_to(folder).as_posix().encode(), digest_size=8).digest()

    small = [path for path in source_files(folder) if path.stat().st_size <= FILE_BYTES]
    return sorted(small, key=rank)[:FILES]


def _texts(module: Module, package: str, tally: Tally) -> Iterator[str]:
    giveaway = re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, PACKAGES[package]))})(?![a-z])", re.IGNORECASE)
    for name, node in definitions(module.tree, module.name):
        docstring = ast.get_docstring(node)
        text = prose(docstring) if docstring else ""
        if not text:
            continue
        if giveaway.search(text):
            tally.remove("docstrings that name their package", name)
        elif len(text) < LEAST_CHARS:
            tally.remove("docstrings that say too little", name)
        else:
            yield text


def prose(docstring: str) -> str:
    """A docstring up to its first section, heading or example."""
    section = SECTION.search(docstring)
    return docstring[: section.start() if section else None].strip()
