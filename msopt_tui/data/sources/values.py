"""Values of rows in the form that JSON holds: dates as text, classes by their names, and no NUL inside a text."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from msopt_tui.data.tally import Tally

DEEPEST = 64
"""A value nested deeper than this is no row of a table."""
TEXT_FEATURES = frozenset(
    {"Value", "ClassLabel", "List", "LargeList", "Sequence", "Translation", "TranslationVariableLanguages", "Json"}
)
"""What `datasets` calls features that text, numbers and classes are in; the others are pictures, sound and the like."""
LISTS = frozenset({"List", "LargeList", "Sequence"})


class TooDeep(ValueError):
    """A value has more than DEEPEST levels."""


def writable(text: str, label: str, tally: Tally) -> str:
    """A text that has a UTF-8 form and holds no NUL; what must go for that is counted.

    Escapes of JSON, Python and HTML can name a NUL and halves of characters, which no file of text holds.
    """
    if "\0" in text:
        tally.remove("NUL characters", label, text.count("\0"))
        text = text.replace("\0", "")
    if not text.isascii():
        whole = text.encode(errors="ignore").decode()
        if len(whole) < len(text):
            tally.remove("surrogates, which are no characters", label, len(text) - len(whole))
            return whole
    return text


def plain(value: object, label: str, tally: Tally, depth: int = 0) -> object:
    """A value as JSON can hold it, its texts `writable`; what is neither text nor number nor date is counted.

    Raises TooDeep.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return writable(value, label, tally)
    if isinstance(value, float):
        # Not-a-number is how tables say that nothing is there.
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        tally.remove("binary values", label)
        return None
    if depth == DEEPEST:
        raise TooDeep
    if isinstance(value, Mapping):
        return {writable(str(key), label, tally): plain(inner, label, tally, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner, label, tally, depth + 1) for inner in value]
    return str(value)


def with_classes(features: Mapping[str, object]) -> dict[str, object]:
    """Those columns of a description as `datasets` writes it (`Features.to_dict`) that hold numbers of classes."""
    return {column: feature for column, feature in features.items() if "ClassLabel" in _types(feature)}


def text_columns(columns: Collection[str], features: Mapping[str, object], where: str, tally: Tally) -> list[str]:
    """The columns without those that such a description says to hold pictures and sound, which are counted."""
    kept = []
    for column in columns:
        if _types(features.get(column)) - TEXT_FEATURES:
            tally.remove("columns of pictures, sound and the like", f"{where}: {column}")
        else:
            kept.append(column)
    return kept


def name_classes(value: object, feature: object) -> object:
    """The value with every number of a class as the class's name; no class (-1) is `None`."""
    if value is None:
        return None
    kind, inner = _described(feature)
    if kind == "ClassLabel":
        if not isinstance(value, int) or not isinstance(inner, list):
            return value
        return inner[value] if 0 <= value < len(inner) else None if value == -1 else value
    if kind in LISTS and isinstance(value, list):
        return [name_classes(each, inner) for each in value]
    if isinstance(value, Mapping) and isinstance(inner, Mapping):
        # A list of objects is kept as an object of lists by old data sets: the feature's inside fits either way.
        parts = ((key, part, inner.get(key)) for key, part in value.items())
        return {
            key: [name_classes(each, feature) for each in part]
            if isinstance(part, list) and _described(feature)[0] == "ClassLabel"
            else name_classes(part, feature)
            for key, part, feature in parts
        }
    return value


def _described(feature: object) -> tuple[str, object]:
    """What a feature is, and what is inside: the names of a class, the feature of a list, the columns of an object."""
    if isinstance(feature, list) and len(feature) == 1:
        return "List", feature[0]
    if not isinstance(feature, Mapping):
        return "", None
    kind = feature.get("_type")
    if not isinstance(kind, str):
        return "", feature
    return kind, feature.get("names" if kind == "ClassLabel" else "feature")


def _types(feature: object) -> frozenset[str]:
    """Every kind of feature inside a feature, itself included."""
    kind, inner = _described(feature)
    found = frozenset({kind} if kind else ())
    if kind and kind not in LISTS:
        return found
    if isinstance(inner, Mapping) and not isinstance(inner.get("_type"), str):
        return found.union(*(_types(part) for part in inner.values()))
    return found | _types(inner) if inner is not None else found
