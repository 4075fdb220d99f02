from __future__ import annotations

from pathlib import Path

from msopt_tui.config.fields import fields_of, tables
from msopt_tui.reference import markdown

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def test_the_page_in_docs_is_what_the_schema_says() -> None:
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == markdown(), "python -m msopt_tui.reference > docs/…"


def test_every_key_is_on_it_with_a_meaning() -> None:
    page = markdown()
    for table in tables():
        for name in fields_of(table):
            row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))
            assert len(row.rstrip(" |").split(" | ")) == 4, row
