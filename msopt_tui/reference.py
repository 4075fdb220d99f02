"""The reference of the project file as Markdown, from the schema's docstrings and the table of adjustable settings."""

from __future__ import annotations

import msgspec

from msopt_tui.config import schema
from msopt_tui.config.fields import Field, fields_of, tables
from msopt_tui.config.json_schema import field_docs
from msopt_tui.protocol.adjustable import ADJUSTABLE

HEADER = """\
# Settings

Every key of a project file: its default, what it may be, and what it means. Keys with ✎ can be changed while the run is
under way (`a` in the cockpit, `msopt-tui send RUN adjust table.key=value`). Generated from `msopt_tui/config/schema.py`
by `python -m msopt_tui.reference > docs/settings.md`; a test says when it is out of date.
"""


def markdown() -> str:
    """The whole page."""
    docs = field_docs(schema)
    sections = [_section(name, struct.__name__, docs) for name, struct in tables().items()]
    sections.append(_section("data.sources", schema.Source.__name__, docs))
    return HEADER + "".join(sections)


def _section(table: str, struct: str, docs: dict[tuple[str, str], str]) -> str:
    heading = f"[[{table}]]" if table == "data.sources" else f"[{table}]"
    lines = [f"\n## `{heading}`\n", "| key | default | allowed | meaning |", "|---|---|---|---|"]
    lines += [_row(field, docs.get((struct, name), "")) for name, field in fields_of(table).items()]
    return "\n".join(lines) + "\n"


def _row(field: Field, text: str) -> str:
    default = msgspec.json.encode(msgspec.to_builtins(field.default)).decode()
    live = " ✎" if field.path in ADJUSTABLE else ""
    cells = (f"`{field.name}`{live}", f"`{default}`", field.allowed, text)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(markdown(), end="")
