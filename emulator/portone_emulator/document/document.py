"""PortOne's OpenAPI document, indexed: operations, schemas, error statuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import orjson
from attrs import Factory, define, frozen

from portone_emulator.state.json_values import JsonObject

NAME = "portone-v2.json"
METHODS = ("get", "post", "put", "patch", "delete")
REF_PREFIX = "#/components/schemas/"


@frozen
class Parameter:
    """A path or query parameter. `is_json` marks a parameter whose value is a JSON object."""

    name: str
    required: bool
    schema: JsonObject
    is_json: bool


@frozen
class Operation:
    """One API operation."""

    id: str
    method: str
    path: str
    is_public: bool
    path_parameters: tuple[Parameter, ...]
    query: tuple[Parameter, ...]
    body: JsonObject | None
    body_required: bool
    body_parameter: str | None
    """The query parameter that may hold the body instead: that of a GET or DELETE."""
    response: JsonObject | None
    response_type: str | None
    error_schemas: Mapping[str, str]
    """Schema name of each error type that the document lists for this operation."""


@frozen
class Match:
    """The operation of a request, with its path parameters.

    Attributes:
        operation: the operation of the OpenAPI document.
        path: the path parameters by name, decoded.
    """

    operation: Operation
    path: dict[str, str]


@define
class _Node:
    """A node in the tree of path segments."""

    fixed: dict[str, _Node] = Factory(dict[str, "_Node"])
    parameter: _Node | None = None
    operations: dict[str, Operation] = Factory(dict[str, Operation])


class Document:
    """The document, indexed."""

    def __init__(self, source: JsonObject) -> None:
        self.source = source
        self.schemas: dict[str, JsonObject] = source["components"]["schemas"]
        self.operations: dict[str, Operation] = {}
        self._root = _Node()
        for path, method, item in _items(source):
            operation = self._read(path, method, item)
            self.operations[operation.id] = operation
            self._add_route(operation)

    def operation(self, operation_id: str) -> Operation:
        """Return the operation with an ID.

        Raises:
            ValueError: there is no such operation.
        """
        if operation_id not in self.operations:
            raise ValueError(f"there is no operation {operation_id!r}")
        return self.operations[operation_id]

    def find(self, method: str, raw_path: str) -> Match | None:
        """Find the operation for a method and a raw (percent-encoded) path."""
        segments = raw_path.removeprefix("/").split("/")
        for node in _walk(self._root, segments, 0):
            operation = node.operations.get(method)
            if operation is not None:
                return Match(operation, _values(operation.path, segments))
        return None

    def methods(self, raw_path: str) -> list[str]:
        """Return the methods of a path, none for an unknown path."""
        segments = raw_path.removeprefix("/").split("/")
        return sorted({name for node in _walk(self._root, segments, 0) for name in node.operations})

    def resolve(self, schema: JsonObject) -> JsonObject:
        """Follow a `$ref`."""
        while "$ref" in schema:
            schema = self.schemas[name_of(schema["$ref"])]
        return schema

    def enum(self, name: str) -> list[str]:
        """Return the values of an enum."""
        return cast("list[str]", self.schemas[name]["enum"])

    def variants(self, union: str) -> dict[str, str]:
        """Return a union's schema names by discriminator value."""
        mapping = cast("dict[str, str]", self.schemas[union]["discriminator"]["mapping"])
        return {tag: name_of(reference) for tag, reference in mapping.items()}

    def pick(self, name: str, values: Mapping[str, Any]) -> JsonObject:
        """Return only the values that are properties of the schema."""
        properties: JsonObject = self.schemas[name].get("properties", {})
        return {key: values[key] for key in properties if key in values}

    def error_status(self, operation: Operation, error_type: str) -> int | None:
        """Return the HTTP status of an error type; `None` if the operation does not list it."""
        name = operation.error_schemas.get(error_type)
        return None if name is None else self.schemas[name].get("x-portone-status-code", 400)

    def _read(self, path: str, method: str, item: JsonObject) -> Operation:
        response_type, response = _success(item["responses"])
        body: JsonObject = item.get("requestBody", {})
        query = _parameters(item, "query")
        in_query = next((parameter for parameter in query if parameter.is_json), None)
        return Operation(
            id=item["operationId"],
            method=method.upper(),
            path=path,
            is_public=not item.get("security"),
            path_parameters=_parameters(item, "path"),
            query=tuple(parameter for parameter in query if not parameter.is_json),
            body=_content(body)[1] if in_query is None else in_query.schema,
            body_required=(body.get("required", False) if in_query is None else in_query.required),
            body_parameter=None if in_query is None else in_query.name,
            response=response,
            response_type=response_type,
            error_schemas=self._error_schemas(item["responses"]),
        )

    def _error_schemas(self, responses: Mapping[str, JsonObject]) -> dict[str, str]:
        """Return the variants of the unions of errors; mostly all statuses share one."""
        schemas: dict[str, str] = {}
        for status, response in responses.items():
            schema = _content(response)[1]
            if not status.startswith("2") and schema is not None:
                union = name_of(schema["$ref"])
                if "discriminator" in self.schemas[union]:
                    schemas |= self.variants(union)
        return schemas

    def _add_route(self, operation: Operation) -> None:
        node = self._root
        for segment in operation.path.removeprefix("/").split("/"):
            if segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.operations[operation.method] = operation


@cache
def load() -> Document:
    """Load the document: from beside this file in a wheel, else from the repository."""
    here = Path(__file__).parent
    for file in (here / NAME, here.parents[2] / "openapi" / NAME):
        if file.is_file():
            return Document(orjson.loads(file.read_bytes()))
    raise FileNotFoundError(f"{NAME} is neither in {here} nor in the repository's openapi/")


def name_of(reference: str) -> str:
    """Return the schema name of a `$ref`."""
    return reference.removeprefix(REF_PREFIX)


def _items(source: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    paths: Mapping[str, JsonObject] = source["paths"]
    for path, methods in paths.items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _content(holder: Mapping[str, Any]) -> tuple[str | None, JsonObject | None]:
    for media_type, media in holder.get("content", {}).items():
        return media_type, media.get("schema")
    return None, None


def _success(responses: Mapping[str, JsonObject]) -> tuple[str | None, JsonObject | None]:
    """Return the media type and the schema of a success."""
    contents = (_content(responses[status]) for status in responses if status.startswith("2"))
    return next((content for content in contents if content[0] is not None), (None, None))


def _parameters(item: JsonObject, place: str) -> tuple[Parameter, ...]:
    return tuple(_parameter(raw) for raw in item.get("parameters", ()) if raw["in"] == place)


def _parameter(raw: JsonObject) -> Parameter:
    schema = _content(raw)[1]
    return Parameter(
        name=raw["name"],
        required=raw.get("required", False),
        schema=raw["schema"] if schema is None else schema,
        is_json=schema is not None,
    )


def _walk(node: _Node, segments: list[str], depth: int) -> Iterator[_Node]:
    """Yield the nodes that match the segments, fixed segments before parameters."""
    if depth == len(segments):
        yield node
        return
    segment = segments[depth]
    if segment in node.fixed:
        yield from _walk(node.fixed[segment], segments, depth + 1)
    if node.parameter is not None and segment:
        yield from _walk(node.parameter, segments, depth + 1)


def _values(path: str, segments: list[str]) -> dict[str, str]:
    templates = path.removeprefix("/").split("/")
    return {
        template[1:-1]: unquote(segment)
        for template, segment in zip(templates, segments, strict=True)
        if template.startswith("{")
    }
