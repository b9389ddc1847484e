"""Our words: summaries and descriptions, kept beside the facts in `openapi/prose/*.toml`.

`[operations.<operationId>]` has `summary`, `description` and `parameters`; `[schemas]` has a line per schema, and
`[fields]` a line per `Schema.field`, or per `*.field` where one line is true of every use.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from attrs import define, field

from codegen.document import OPENAPI, CodegenError, unsupported
from codegen.model import Api, Endpoint


@define
class Prose:
    """The words of all files."""

    operations: dict[str, dict[str, Any]] = field(factory=dict)
    schemas: dict[str, str] = field(factory=dict)
    fields: dict[str, str] = field(factory=dict)

    def summary(self, endpoint: Endpoint) -> str:
        return self.operations.get(endpoint.id, {}).get("summary", "").strip()

    def description(self, endpoint: Endpoint) -> str:
        return self.operations.get(endpoint.id, {}).get("description", "").strip()

    def parameter(self, endpoint: Endpoint, json_name: str, schema: str = "") -> str:
        own = self.operations.get(endpoint.id, {}).get("parameters", {}).get(json_name)
        return (own or self.field(schema, json_name)).strip()

    def field(self, schema: str, json_name: str) -> str:
        own = self.fields.get(f"{schema}.{json_name}")
        return (own or self.fields.get(f"*.{json_name}", "")).strip()

    def missing(self, api: Api) -> list[str]:
        """Facts without words, by name: allowed, and listed by `check`."""
        missing = [f"operation {e.id}" for e in api.endpoints if not self.summary(e)]
        for schema in api.schemas.values():
            if schema.kind in ("object", "union", "map"):
                missing += [
                    f"field {schema.name}.{f.json_name}"
                    for f in schema.fields
                    if not self.field(schema.name, f.json_name)
                ]
        return missing

    def stray(self, api: Api) -> list[str]:
        """Words about what the document does not have, or no longer has."""
        fields = {f"{s.name}.{f.json_name}" for s in api.schemas.values() for f in s.fields}
        parameters = {
            f"*.{f.json_name}"
            for e in api.endpoints
            for f in (*e.path_parameters, *e.query_parameters)
        }
        known = fields | parameters | {"*." + name.partition(".")[2] for name in fields}
        stray = [
            f"operation {name}" for name in self.operations.keys() - {e.id for e in api.endpoints}
        ]
        stray += [f"schema {name}" for name in self.schemas.keys() - api.schemas.keys()]
        return sorted(stray + [f"field {name}" for name in self.fields.keys() - known])


def load_prose(folder: Path = OPENAPI / "prose") -> Prose:
    """Read every file; the same key in two of them is an error."""
    prose = Prose()
    for path in sorted(folder.glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise CodegenError(f"{path.name}: {error}") from None
        for table, words in data.items():
            target: dict[str, Any] | None = getattr(prose, table, None)
            if target is None or table not in ("operations", "schemas", "fields"):
                raise unsupported(path.name, f"[{table}]", "operations, schemas and fields are")
            twice = target.keys() & words.keys()
            if twice:
                raise CodegenError(
                    f"{path.name}: already in another file: {', '.join(sorted(twice))}"
                )
            target.update(words)
    return prose
