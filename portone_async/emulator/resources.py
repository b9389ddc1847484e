"""What the document makes plain to be one thing: made by one operation, found again by others.

A GET whose reply is a schema tells of a resource: `GET /platform/partners/{id}` of a
`PlatformPartner`. An operation on that path, below it or on its collection whose reply holds such a
schema writes it; a GET of the collection whose reply has a list of them lists it; DELETE forgets it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from attrs import Factory, define, frozen

from portone_async.emulator.document import Document, Operation, name_of
from portone_async.emulator.wire import JsonObject

# What is only planned is not yet what the resource is.
_PLANNED = "/schedule"


@frozen
class Resource:
    """A thing that the document has a GET for."""

    operation: Operation
    schema: str
    """Of the reply, an object's or a union's name."""
    schemas: frozenset[str]
    """That name, and the union's variants."""
    parameter: str | None
    """Of the path, if there are many such things."""

    @property
    def collection(self) -> str:
        """The path of all of them."""
        path = self.operation.path
        return path if self.parameter is None else path.rpartition("/")[0]


@frozen
class Link:
    """What an operation does with a resource. `field` of its reply holds the thing, or the list."""

    resource: Resource
    field: str | None = None


@cache
def resources_of(document: Document) -> Resources:
    """Find the resources of a document."""
    return Resources.of(document, document.operations.values())


@define
class Resources:
    """The document's resources, and what each operation does with one."""

    gets: dict[str, Link] = Factory(dict[str, Link])
    lists: dict[str, Link] = Factory(dict[str, Link])
    writes: dict[str, Link] = Factory(dict[str, Link])
    deletes: dict[str, Link] = Factory(dict[str, Link])

    @classmethod
    def of(cls, document: Document, operations: Iterable[Operation]) -> Resources:
        """Find the resources of these operations."""
        operations = list(operations)
        found = cls()
        for get in operations:
            resource = _resource(document, get)
            if resource is None:
                continue
            links = {operation.id: _link(document, resource, operation) for operation in operations}
            if any(links.values()):
                found.gets[get.id] = Link(resource)
                found._take(resource, operations, links)
        return found

    def _take(
        self, resource: Resource, operations: list[Operation], links: dict[str, Link | None]
    ) -> None:
        for operation in operations:
            link = links[operation.id]
            if operation.method == "DELETE" and operation.path == resource.operation.path:
                self.deletes[operation.id] = Link(resource)
            elif link is not None and operation.method == "GET":
                self.lists[operation.id] = link
            elif link is not None:
                self.writes[operation.id] = link


def _resource(document: Document, get: Operation) -> Resource | None:
    if get.method != "GET" or get.reply is None or "$ref" not in get.reply:
        return None
    if get.path.endswith(_PLANNED):
        return None
    names = [parameter.name for parameter in get.path_parameters]
    if names and (len(names) > 1 or get.path.rpartition("/")[2] != f"{{{names[0]}}}"):
        return None
    name = name_of(get.reply["$ref"])
    variants = document.variants(name).values() if "discriminator" in document.schemas[name] else ()
    return Resource(get, name, frozenset({name, *variants}), names[0] if names else None)


def _link(document: Document, resource: Resource, operation: Operation) -> Link | None:
    """Return what an operation does with a resource, if its path is about it and its reply too."""
    if operation.reply is None or "$ref" not in operation.reply:
        return None
    path, collection = operation.path, resource.collection
    if path.endswith(_PLANNED) or not (path == collection or path.startswith(f"{collection}/")):
        return None
    properties: JsonObject = document.resolve(operation.reply).get("properties", {})
    is_list = operation.method == "GET"
    if is_list and (path != collection or resource.parameter is None):
        return None
    for field, schema in properties.items():
        reference = schema.get("items", {}) if is_list else schema
        if name_of(reference.get("$ref", "")) in resource.schemas:
            return Link(resource, field)
    return None


def id_field(document: Document, resource: Resource) -> str | None:
    """Return which of its fields a thing is found by: the path's parameter, or `id` for an id."""
    parameter = resource.parameter or ""
    wanted = [parameter, "id"] if parameter.lower().endswith("id") else [parameter]
    for name in sorted(resource.schemas):
        properties: JsonObject = document.schemas[name].get("properties", {})
        for field in wanted:
            if field in properties:
                return field
    return None
