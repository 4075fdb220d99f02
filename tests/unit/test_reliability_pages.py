"""What docs/reliability.md and docs/threat-model.md name as proof exists, and every fault has its row."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("docs/reliability.md", "docs/threat-model.md")
NAMED = re.compile(r"`(tests/[^`]*?\.py)::([^`]+)`")


@cache
def named_in(path: str) -> frozenset[str]:
    """The tests of a file as pytest names them: `test_x`, `TestY::test_x`."""
    found = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        inside, prefix = (node.body, f"{node.name}::") if isinstance(node, ast.ClassDef) else ([node], "")
        found |= {prefix + one.name for one in inside if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    return frozenset(name for name in found if name.split("::")[-1].startswith("test_"))


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_is_named_exists(page: str) -> None:
    named = NAMED.findall((ROOT / page).read_text())
    assert len(named) > 20
    assert [
        f"{path}::{name}" for path, name in named if not (ROOT / path).is_file() or name not in named_in(path)
    ] == []


def test_every_fault_has_one_row_with_a_proof_or_says_not_yet() -> None:
    rows = re.findall(r"^\| (\d+) \|(.*)$", (ROOT / PAGES[0]).read_text(), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 30))
    assert all(NAMED.search(row) or "not yet" in row for _, row in rows)
