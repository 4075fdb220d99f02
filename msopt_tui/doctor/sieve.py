"""What of settings, records and events may leave the machine; what may not is counted by its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import msgspec

from msopt_tui.config.fields import Field, fields_of, find, tables
from msopt_tui.doctor.vocabulary import exception_in, words

LEFT_OUT = "(left out)"
CLOSED_TABLES = frozenset({"project", "ui.alerts"})
"""Nothing of these passes, whatever it looks like: names people gave, addresses, commands."""
_VERSION = re.compile(r"\d{1,4}(\.\d{1,8}){0,4}((a|b|rc|\.post|\.dev)\d{1,8})*(\+(cpu|cu\d{2,3}|rocm[\d.]{1,6}))?")
_HASH = re.compile(r"[0-9a-f]{40,64}\+?")
_NAMED = frozenset({"msopt_tui", "msopt-tui", "python", "torch", "transformers", "tokenizers", "datasets", "numpy"})
_PYTHON = frozenset({"textual", "rich", "msgspec", "safetensors", "peft"})


class Sieve:
    """Lets numbers and the program's own words through, and counts what it does not."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        """How many texts were left out, by place; the places are named by us alone."""

    def value(self, value: object, place: str) -> object:
        """A value of a record or an event, with its texts left out unless they are our own words."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self._text(value, place)
        if isinstance(value, list | tuple):
            return [self.value(one, place) for one in value]
        if isinstance(value, msgspec.Struct):
            return self.struct(value, place)
        if isinstance(value, Mapping):
            return self._mapping(value, place)
        return self._drop(place)

    def struct(self, struct: msgspec.Struct, place: str) -> dict[str, object]:
        """The fields of a record or an event."""
        kept: dict[str, object] = {}
        for name, value in msgspec.structs.asdict(struct).items():
            at = f"{place}.{name}"
            if name == "versions" and isinstance(value, dict):
                kept[name] = self.versions(value, at)
            elif name in ("git", "data_sha256") and isinstance(value, str) and _HASH.fullmatch(value):
                kept[name] = value
            elif name in ("reason", "error") and isinstance(value, str) and exception_in(value):
                self.left_out[at] += 1
                kept[name] = f"{exception_in(value)}: {LEFT_OUT}"
            else:
                kept[name] = self.value(value, at)
        return kept

    def versions(self, found: Mapping[str, str], place: str) -> dict[str, str]:
        """Versions of the packages that we name ourselves, where they look like versions."""
        known = {name: text for name, text in found.items() if name in _NAMED | _PYTHON and _VERSION.fullmatch(text)}
        self._count(place, len(found) - len(known))
        return known

    def config(self, values: Mapping[str, object], table: str = "") -> dict[str, object]:
        """A project file as read from TOML, which need not be a valid one: unknown keys are counted, never named."""
        kept: dict[str, object] = {}
        known = fields_of(table) if table in tables() or table == "data.sources" else {}
        for name, value in values.items():
            path = f"{table}.{name}" if table else name
            if path == "data.sources" and isinstance(value, list):
                rows = [one for one in value if isinstance(one, dict)]
                self._count(f"config.{path}", len(value) - len(rows))
                kept[name] = [self.config(one, path) for one in rows]
            elif path in tables() and isinstance(value, dict):
                kept[name] = self.config(value, path)
            elif name in known:
                kept[name] = self.setting(known[name], value, f"config.{path}")
            else:
                self._count(f"config.{table}.(unknown keys)" if table else "config.(unknown keys)", 1)
        return kept

    def setting(self, field: Field, value: object, place: str) -> object:
        """One setting: a number, a choice or a list of choices that its field allows."""
        if field.table in CLOSED_TABLES:
            return "" if value == "" else self._drop(place)
        # Lists and tables stand in a record as their JSON text; what nobody changed is our own word.
        if value in ("", field.default, msgspec.json.encode(field.default).decode()):
            return value
        try:
            field.convert(value)
        except ValueError:
            return self._drop(place)
        return self._drop(place) if isinstance(value, dict) else self.value(value, place)

    def _text(self, text: str, place: str) -> str:
        return text if not text or text in words() else self._drop(place)

    def _mapping(self, mapping: Mapping[object, object], place: str) -> dict[str, object]:
        kept: dict[str, object] = {}
        for key, value in mapping.items():
            if not isinstance(key, str) or key not in words():
                self._count(f"{place}.(unknown keys)", 1)
                continue
            try:
                field = find(key)
            except KeyError:
                kept[key] = self.value(value, f"{place}.{key}")
            else:
                kept[key] = self.setting(field, value, f"{place}.{key}")
        return kept

    def _drop(self, place: str) -> str:
        self.left_out[place] += 1
        return LEFT_OUT

    def _count(self, place: str, number: int) -> None:
        if number:
            self.left_out[place] += number
