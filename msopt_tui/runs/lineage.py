"""Which run branched from which: the list of runs as a tree. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msopt_tui.runs.row import RunRow
from msopt_tui.state.numbers import significant


class Twig(NamedTuple):
    """A run with the lines that lead to it."""

    lines: str
    """`├─ `, `│  └─ `; empty for a run that began by itself."""
    row: RunRow


def tree(rows: Sequence[RunRow]) -> list[Twig]:
    """Every run once, below the one it branched from; those whose parent is gone stand as roots, the newest first.

    Branches of one run are in the order of the step they left it at, then of their time.
    """
    known = {(row.project, row.run) for row in rows}
    children: dict[tuple[str, str], list[RunRow]] = {}
    roots: list[RunRow] = []
    for row in rows:
        parent = (row.project, row.parent)
        # A run that claims itself as its parent would never be reached.
        own = row.parent and row.parent != row.run and parent in known
        (children.setdefault(parent, []) if own else roots).append(row)
    for branches in children.values():
        branches.sort(key=lambda row: (row.parent_step or 0, row.created, row.run))
    roots.sort(key=lambda row: (row.created, row.run), reverse=True)
    return [twig for root in roots for twig in _below(root, "", "", children)]


def twig_line(twig: Twig) -> str:
    """A run of the tree in one line: where it left its parent, how it stands, how good it is."""
    row = twig.row
    left = f"at step {row.parent_step}: " if twig.lines and row.parent_step is not None else ""
    best = f", best loss {significant(row.best_loss)}" if row.best_loss is not None else ""
    return f"{twig.lines}{left}{row.project}/{row.run}  {row.status}, step {row.step}{best}"


def _below(row: RunRow, lines: str, indent: str, children: dict[tuple[str, str], list[RunRow]]) -> Iterator[Twig]:
    yield Twig(lines, row)
    branches = children.get((row.project, row.run), [])
    for number, branch in enumerate(branches, 1):
        last = number == len(branches)
        yield from _below(branch, indent + ("└─ " if last else "├─ "), indent + ("   " if last else "│  "), children)
