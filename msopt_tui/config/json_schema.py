"""The JSON Schema of a project file, with the schema's own docstrings as descriptions, so that editors complete it."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import msgspec

from msopt_tui.config import schema, ui_table

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> str:
    """The schema as indented JSON text."""
    described = msgspec.json.schema(schema.Config)
    docs = table_docs()
    for name, definition in described["$defs"].items():
        for key, body in definition.get("properties", {}).items():
            text = docs.get((name, key))
            if text:
                body["description"] = text
    described = {"$schema": DRAFT, "title": "msopt-tui project file", **described}
    return msgspec.json.format(msgspec.json.encode(described)).decode()


def table_docs() -> dict[tuple[str, str], str]:
    """(table, field) → what the field means, of every table of a project file."""
    return {**field_docs(schema), **field_docs(ui_table)}


def field_docs(module: ModuleType) -> dict[tuple[str, str], str]:
    """(class, field) → the string literal that stands below the field."""
    docs: dict[tuple[str, str], str] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, below in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                docs[node.name, field.target.id] = " ".join(below.value.value.split())
    return docs
