"""Rules about `[[data.sources]]`: which keys a kind takes, and which sources and columns a task can learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msopt_tui.config.fields import nearest
from msopt_tui.config.schema import Config, Source

_WHERE_FROM = ("path",)
_COLUMNS = ("columns", "group_column")
_ROWS = ("path", "text_column", "max_broken_rows", *_COLUMNS)
_EVERY_KIND = ("kind", "max_documents", "weight", "use")
TAKEN: dict[str, tuple[str, ...]] = {
    "python-topics": (),
    "python-docstrings": (),
    "python-functions": _COLUMNS,
    "python-questions": _COLUMNS,
    "package-docstrings": _COLUMNS,
    "bible-verses": _COLUMNS,
    "text": (*_WHERE_FROM, "document", "document_chars"),
    "gutenberg": (*_WHERE_FROM, "document", "document_chars"),
    "wikipedia": _WHERE_FROM,
    "jsonl": _ROWS,
    "csv": (*_ROWS, "delimiter"),
    "parquet": _ROWS,
    "arrow": _ROWS,
    "datasets": (*_ROWS, "name", "split", "revision", "streaming"),
}
"""Keys that each kind of source takes, beside those that every kind takes."""
WITHOUT_ROWS = ("python-topics", "python-docstrings", "text", "gutenberg", "wikipedia")
"""Kinds of source that have running text only."""
WITHOUT_TEXT = ("python-functions", "python-questions", "package-docstrings", "bible-verses")
"""Kinds of source that have rows only."""

TASK_COLUMNS: dict[str, tuple[str, ...]] = {
    "instruction": ("messages", "system", "prompt", "input", "completion"),
    "summarization": ("source", "target"),
    "translation": ("source", "target"),
    "question-answering": ("context", "question", "answers", "starts"),
    "text-classification": ("text", "text_pair", "label"),
    "preference": ("prompt", "chosen", "rejected"),
}
"""Tasks that learn from rows, and the fields that `columns` can name for them."""


def sources(config: Config) -> Iterator[tuple[str, str]]:
    """What contradicts itself in the sources, by key and message."""
    named = config.data.sources
    if not named:
        what, kind = ("no rows", "jsonl") if config.task.name in TASK_COLUMNS else ("no text", "text")
        yield "data.sources", f'{what} to learn from: add [[data.sources]] with kind = "{kind}"'
    for source in named:
        yield from _source(source)
        yield from _for_task(source, config.task.name)
    wrong = drawn(config.data.source_weights, len(named))
    if wrong:
        yield "data.source_weights", wrong
    weighed = sum(source.weight > 0 for source in named)
    if 0 < weighed < len(named):
        yield "data.sources.weight", "give every source a weight, or none: 0 beside others would leave a source out"


def drawn(weights: Sequence[float], sources: int) -> str:
    """What is wrong with weights that rows are drawn by; empty where nothing is."""
    if not weights:
        return ""
    if len(weights) != sources:
        given = f"{len(weights)} number{'s' * (len(weights) != 1)} for {sources} source{'s' * (sources != 1)}"
        return f"{given}: one for each, in their order, or [] for none"
    return "" if any(weights) else "one of them must be above 0, or nothing is left to learn from"


def _source(source: Source) -> Iterator[tuple[str, str]]:
    taken = TAKEN[source.kind]
    if "path" in taken and not source.path:
        yield "data.sources.path", f'a source of kind "{source.kind}" needs a path'
    blank = Source()
    for key in Source.__struct_fields__:
        if key not in (*taken, *_EVERY_KIND) and getattr(source, key) != getattr(blank, key):
            yield f"data.sources.{key}", f'a source of kind "{source.kind}" takes no {key}'
    if source.document in ("file", "line") and source.document_chars != blank.document_chars:
        yield "data.sources.document_chars", f'says nothing with document = "{source.document}"'


def _for_task(source: Source, task: str) -> Iterator[tuple[str, str]]:
    """Text for tasks that learn from text, rows for those that learn from rows."""
    fields = TASK_COLUMNS.get(task)
    if fields is None:
        if source.kind in WITHOUT_TEXT:
            yield "data.sources.kind", f'"{source.kind}" has rows for other tasks, but {task} learns from running text'
        if source.columns and "columns" in TAKEN[source.kind]:
            yield "data.sources.columns", f'{task} learns from running text: name its column by text_column = "…"'
        if source.group_column and "group_column" in TAKEN[source.kind]:
            yield "data.sources.group_column", f"keeps rows together, and {task} learns from running text: leave it out"
        return
    if source.kind in WITHOUT_ROWS:
        with_rows = ", ".join(kind for kind in TAKEN if kind not in WITHOUT_ROWS)
        yield "data.sources.kind", f'{task} learns from rows, and "{source.kind}" has none: there are {with_rows}'
        return
    if source.text_column != Source().text_column and "text_column" in TAKEN[source.kind]:
        example = f'columns = {{ {fields[0]} = "{source.text_column}" }}'
        yield "data.sources.text_column", f"{task} learns from rows: name their columns, such as {example}"
    for field, column in source.columns.items():
        if field not in fields:
            near = nearest(field, [*fields]) or f": there are {', '.join(fields)}"
            yield f"data.sources.columns.{field}", f"{task} has no such field{near}"
        elif not column:
            yield f"data.sources.columns.{field}", "names no column"


def splits(config: Config) -> Iterator[tuple[str, str]]:
    """Something must be left to learn from, and something to evaluate on."""
    uses = {source.use for source in config.data.sources}
    own = 'a source of its own with use = "validation"'
    if config.data.validation_fraction == 0.0 and "validation" not in uses:
        message = f"0 leaves nothing to evaluate on: evaluation and refinement need a validation split, or {own}"
        yield "data.validation_fraction", message
    elif uses and not uses & {"split", "validation"}:
        yield "data.sources.use", f"leaves nothing to evaluate on: leave the key out of one source, or add {own}"
    if uses and not uses & {"split", "train"}:
        yield "data.sources.use", 'leaves nothing to learn from: leave the key out of one source, or set it to "train"'
