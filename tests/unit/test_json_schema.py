from __future__ import annotations

import msgspec

from msopt_tui.config import schema
from msopt_tui.config.json_schema import field_docs, json_schema


def test_every_field_has_its_docstring_in_the_schema() -> None:
    definitions = msgspec.json.decode(json_schema())["$defs"]
    for name, struct in vars(schema).items():
        if isinstance(struct, type) and issubclass(struct, schema.Table) and struct is not schema.Table:
            for field in struct.__struct_fields__:
                assert definitions[name]["properties"][field]["description"], f"{name}.{field} says nothing of itself"


def test_docs_are_read_from_below_the_field() -> None:
    assert field_docs(schema)["TrainTable", "learning_rate"] == "Peak learning rate α."
