"""Rows of two texts, or of texts and a label: `summarization`, `translation` and `text-classification`."""

from __future__ import annotations

from collections.abc import Mapping

from msopt_tui.data.errors import DataError
from msopt_tui.data.records.cells import Values, label_at, text_at
from msopt_tui.data.records.record import Labelled, Pair
from msopt_tui.data.records.shape import Shape, Table

SOURCES = (
    "article",
    "document",
    "dialogue",
    "source",
    "src",
    "text",
    "report",
    "transcript",
    "content",
    "body",
    "input",
)
SUMMARIES = ("highlights", "summary", "abstract", "target", "tgt", "tldr", "headline", "title", "output")
TRANSLATED, TRANSLATIONS = ("source", "src", "input"), ("target", "tgt", "output")
LANGUAGES = "translation"
"""The column in which the sets of the WMT keep one text by language."""

LABELS = ("label_text", "label", "labels", "class", "category", "sentiment", "intent", "target")
TEXTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("sentence1",), ("sentence2",)),
    (("premise",), ("hypothesis",)),
    (("question1",), ("question2",)),
    (("question",), ("sentence",)),
    (("text", "sentence", "content", "review", "tweet", "comment", "document", "body", "question"), ()),
)
"""Usual names of a text, and of a second one that is judged together with it."""


def summary(table: Table) -> Shape | None:
    """A text and its summary."""
    return _pair(table, table.find({"source": SOURCES, "target": SUMMARIES}, {}))


def translation(table: Table) -> Shape | None:
    """A text and its translation; raises DataError where both are there and nobody said which is which."""
    if table.names.count(LANGUAGES) and isinstance(table.first(LANGUAGES), Mapping) and len(table.given) < 2:
        return _by_language(table)
    return _pair(table, table.find({"source": TRANSLATED, "target": TRANSLATIONS}, {}))


def _by_language(table: Table) -> Shape | None:
    texts = table.first(LANGUAGES)
    assert isinstance(texts, Mapping)
    paths = [f"{LANGUAGES}.{language}" for language in texts]
    left = [path for path in paths if path not in table.given.values()]
    field = next(iter({"source", "target"} - table.given.keys()), "")
    if len(table.given) == 1 and len(left) == 1 and field:
        return _pair(table, {**table.given, field: left[0]}, f"{LANGUAGES} {{{', '.join(texts)}}}")
    first, second = (*paths, "…", "…")[:2]
    raise DataError(
        f'column "{LANGUAGES}" has {" and ".join(texts)}, and nothing says which is translated into which: '
        f'write columns = {{ source = "{first}", target = "{second}" }}'
    )


def _pair(table: Table, columns: dict[str, str] | None, name: str = "") -> Shape | None:
    if columns is None:
        return None
    ordered = table.in_order(columns, "source", "target")

    def build(values: Values) -> Pair:
        return Pair(source=text_at(values, ordered["source"]), target=text_at(values, ordered["target"]))

    return Shape(table.named(ordered, name or "/".join(ordered.values())), ordered, build)


def labelled(table: Table) -> Shape | None:
    """A text, or two, and its class."""
    for text, pair in TEXTS:
        needed = {"text": text, **({"text_pair": pair} if pair else {}), "label": LABELS}
        columns = table.find(needed, {} if pair else {"text_pair": ()})
        if columns:
            break
    else:
        return None
    ordered = table.in_order(columns, "text", "text_pair", "label")

    def build(values: Values) -> Labelled:
        second = text_at(values, ordered["text_pair"]) if "text_pair" in ordered else ""
        return Labelled(
            text=text_at(values, ordered["text"]), text_pair=second, label=label_at(values, ordered["label"])
        )

    return Shape(table.named(ordered, "/".join(ordered.values())), ordered, build)
