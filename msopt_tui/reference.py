"""The pages of `docs/` as Markdown: the project file from the schema's docstrings, the metrics from their table."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import msgspec

from msopt_tui.config import schema
from msopt_tui.config.fields import Field, fields_of, tables
from msopt_tui.config.json_schema import table_docs
from msopt_tui.protocol.adjustable import ADJUSTABLE
from msopt_tui.protocol.metrics import METRICS, Metric

HEADER = """\
# Settings

Every key of a project file: its default, what it may be, and what it means. Keys with ✎ can be changed while the run is
under way (`a` in the cockpit, `msopt-tui send RUN adjust table.key=value`). Generated from `msopt_tui/config/schema.py`
by `python -m msopt_tui.reference > docs/settings.md`; a test says when it is out of date.
"""

LIVE_HEADER = """
## What may change while a run is under way

Bounds are those above. A change is journalled with who asked and why, is a mark on the curves, and is made again at its
step when the run is resumed. Lists are written as JSON: `evaluate.prompts='["The ", "A "]'`.

"""

METRICS_HEADER = """\
# Metrics

Every figure an evaluation can report, by its name in the journal and in `--json`: which way is better, and how it is
counted. Validation and test are counted alike. Generated from `msopt_tui/protocol/metrics.py` by
`python -m msopt_tui.reference metrics > docs/metrics.md`; a test says when it is out of date.

| name | shown as | unit | better | definition |
|---|---|---|---|---|
"""


def markdown() -> str:
    """The whole page of settings."""
    docs = table_docs()
    sections = [_section(name, struct.__name__, docs) for name, struct in tables().items()]
    sections.append(_section("data.sources", schema.Source.__name__, docs))
    return HEADER + "".join(sections) + _live()


def _section(table: str, struct: str, docs: dict[tuple[str, str], str]) -> str:
    heading = f"[[{table}]]" if table == "data.sources" else f"[{table}]"
    lines = [f"\n## `{heading}`\n", "| key | default | allowed | meaning |", "|---|---|---|---|"]
    lines += [_row(field, docs.get((struct, name), "")) for name, field in fields_of(table).items()]
    return "\n".join(lines) + "\n"


def _row(field: Field, text: str) -> str:
    default = msgspec.json.encode(msgspec.to_builtins(field.default)).decode()
    live = " ✎" if field.path in ADJUSTABLE else ""
    return _cells((f"`{field.name}`{live}", f"`{default}`", field.allowed, text))


def _live() -> str:
    """What may change while a run is under way."""
    lines = [
        "| key | unit | counts from the | how it is put in force | what `z` brings back |",
        "|---|---|---|---|---|",
    ]
    lines += [
        _cells((f"`{row.path}`", row.unit or "–", row.effect, row.applied, row.undone)) for row in ADJUSTABLE.values()
    ]
    return LIVE_HEADER + "\n".join(lines) + "\n"


def metrics_markdown() -> str:
    """The whole page of metrics."""
    return METRICS_HEADER + "".join(_metric_row(metric) + "\n" for metric in METRICS.values())


def _metric_row(metric: Metric) -> str:
    shown = metric.label if metric.short == metric.label else f"{metric.label}, {metric.short}"
    return _cells((f"`{metric.name}`", shown, metric.unit or "–", metric.better, metric.definition))


def _cells(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(metrics_markdown() if sys.argv[1:] == ["metrics"] else markdown(), end="")
