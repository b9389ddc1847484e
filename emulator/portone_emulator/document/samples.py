"""Sample values that are valid by a schema of the OpenAPI document."""

from __future__ import annotations

from random import Random
from typing import Any, cast

from portone_emulator.document.document import Document, name_of
from portone_emulator.state.json_values import JsonObject

_OPTIONAL_SHARE = 0.6
_MAX_DEPTH = 8  # deeper, only required fields: ends recursive schemas, should there be one


class Sampler:
    """Generates values, the same for the same random state."""

    def __init__(self, document: Document, random: Random) -> None:
        self._document = document
        self._random = random

    def value(self, schema: JsonObject, name: str = "value", depth: int = 0) -> Any:
        """Generate a value. `name`, the field it is for, makes texts recognizable."""
        if "$ref" in schema:
            union = name_of(schema["$ref"])
            schema = self._document.resolve(schema)
            if "discriminator" in schema:
                return self._variant(union, schema["discriminator"]["propertyName"], depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        if "anyOf" in schema:
            return self.value(self._random.choice(schema["anyOf"]), name, depth)
        kind = schema.get("type")
        match self._random.choice(cast("list[str]", kind)) if isinstance(kind, list) else kind:
            case "null":
                return None
            case "number":
                return self._random.randint(1, 100) / 8
            case "object":
                return self._object(schema, depth)
            case "array":
                return [
                    self.value(schema["items"], name, depth + 1)
                    for _ in range(self._random.randint(1, 2))
                ]
            case "integer":
                return self._random.randint(1, 100) * 100
            case "boolean":
                return self._random.choice((True, False))
            case _:
                return self._text(schema.get("format"), name)

    def _variant(self, union: str, tag_field: str, depth: int) -> JsonObject:
        variants = self._document.variants(union)
        tag = self._random.choice(sorted(variants))
        value = self._object(self._document.schemas[variants[tag]], depth)
        return {**value, tag_field: tag}

    def _object(self, schema: JsonObject, depth: int) -> JsonObject:
        required = cast("list[str]", schema.get("required", []))
        properties = cast("dict[str, JsonObject]", schema.get("properties", {}))
        values = {
            name: self.value(inner, name, depth + 1)
            for name, inner in properties.items()
            if name in required or (depth < _MAX_DEPTH and self._random.random() < _OPTIONAL_SHARE)
        }
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            values["sample"] = self.value(cast("JsonObject", extra), "sample", depth + 1)
        return values

    def _text(self, text_format: str | None, name: str) -> str:
        day = f"2026-{self._random.randint(1, 12):02}-{self._random.randint(1, 28):02}"
        if text_format == "date":
            return day
        if text_format == "date-time":
            return f"{day}T{self._random.randint(0, 23):02}:30:00.000000000Z"
        suffix = f"{self._random.getrandbits(32):08x}"
        if name.lower().endswith("url"):
            return f"https://sample.invalid/{suffix}"
        return f"{name}-{suffix}"
