"""Our words: summaries and descriptions, kept beside the facts in `openapi/prose/*.toml`.

`[operations.<operationId>]` has `summary`, `description` and `parameters`; `[schemas]` has a line per schema, and
`[fields]` a line per `Schema.field`, or per `*.field` where one line is true of every use. `[values]` has a line per
`Enum.VALUE`.

English words are in docstrings. Korean ones, in `openapi/prose/ko/*.toml` and with the same tables, are for what is
published beside the code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from attrs import define, field

from codegen.document import OPENAPI, CodegenError, unsupported
from codegen.model import Api, Endpoint, Input


@define
class Prose:
    """The words of all files."""

    operations: dict[str, dict[str, Any]] = field(factory=dict)
    schemas: dict[str, str] = field(factory=dict)
    fields: dict[str, str] = field(factory=dict)
    values: dict[str, str] = field(factory=dict)

    def summary(self, endpoint: Endpoint) -> str:
        return self.operations.get(endpoint.id, {}).get("summary", "").strip()

    def description(self, endpoint: Endpoint) -> str:
        return self.operations.get(endpoint.id, {}).get("description", "").strip()

    def parameter(self, endpoint: Endpoint, json_name: str, schema: str = "") -> str:
        own = self.operations.get(endpoint.id, {}).get("parameters", {}).get(json_name)
        return (own or self.field(schema, json_name)).strip()

    def argument(self, endpoint: Endpoint, item: Input) -> str:
        """The words of an argument: its own, or those of the field of the body that it is."""
        schema = endpoint.body or "" if item.place == "body" else ""
        return self.parameter(endpoint, item.field.json_name, schema)

    def field(self, schema: str, json_name: str) -> str:
        own = self.fields.get(f"{schema}.{json_name}")
        return (own or self.fields.get(f"*.{json_name}", "")).strip()

    def stray(self, api: Api, pinned: Collection[str] = ()) -> tuple[list[str], list[str]]:
        """Words about what the document does not have: those to correct, and those to keep.

        An operation that is pinned and absent is hidden: such operations have come back. What only hidden operations
        have is not known, so while there are any, no words about schemas are called stray.
        """
        operations = {e.id for e in api.endpoints}
        hidden = set(pinned) - operations
        fields = {f"{s.name}.{f.json_name}" for s in api.schemas.values() for f in s.fields}
        parameters = {f"*.{i.field.json_name}" for e in api.endpoints for i in e.inputs}
        values = {f"{s.name}.{value}" for s in api.schemas.values() for value in s.values}
        known = fields | parameters | {"*." + name.partition(".")[2] for name in fields}
        gone = {f"operation {name}": name in hidden for name in self.operations.keys() - operations}
        for kind, words, names in (
            ("schema", self.schemas, api.schemas.keys()),
            ("field", self.fields, known),
            ("value", self.values, values),
        ):
            gone |= {f"{kind} {name}": bool(hidden) for name in words.keys() - names}
        to_correct = sorted(name for name, is_hidden in gone.items() if not is_hidden)
        return to_correct, sorted(name for name, is_hidden in gone.items() if is_hidden)


def load_prose(folder: Path = OPENAPI / "prose") -> Prose:
    """Read every file of a language; the same key in two of them is an error."""
    prose = Prose()
    for path in sorted(folder.glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise CodegenError(f"{path.name}: {error}") from None
        for table, words in data.items():
            target: dict[str, Any] | None = getattr(prose, table, None)
            if target is None or table not in ("operations", "schemas", "fields", "values"):
                raise unsupported(
                    path.name, f"[{table}]", "operations, schemas, fields and values are"
                )
            twice = target.keys() & words.keys()
            if twice:
                raise CodegenError(
                    f"{path.name}: already in another file: {', '.join(sorted(twice))}"
                )
            target.update(words)
    return prose
