"""Resources of the OpenAPI document: which operations read, write, list and delete the same one.

A GET whose response is a schema defines a resource: `GET /platform/partners/{id}` defines
`PlatformPartner`. An operation on that path, below it or on its collection whose response contains
the schema writes it; a GET of the collection whose response has a list of it lists it; DELETE
deletes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from attrs import Factory, define, frozen

from portone_emulator.document.document import Document, Operation, name_of
from portone_emulator.state.json_values import JsonObject

# A scheduled change is not part of the resource yet.
_SCHEDULE_SUFFIX = "/schedule"


@frozen
class Resource:
    """A resource, defined by its GET operation."""

    operation: Operation
    schema: str
    """The response's schema name, of an object or a union."""
    schemas: frozenset[str]
    """That name and the union's variants."""
    parameter: str | None
    """The path parameter; `None` for a singleton."""

    @property
    def collection(self) -> str:
        """The path of the collection."""
        path = self.operation.path
        return path if self.parameter is None else path.rpartition("/")[0]


@frozen
class Link:
    """An operation's relation to a resource; `field` of its response holds it, or the list."""

    resource: Resource
    field: str | None = None


@cache
def resources_of(document: Document) -> Resources:
    """Return the resources of a document."""
    return Resources.of(document, document.operations.values())


@define
class Resources:
    """The links from operations to resources, by operation ID."""

    gets: dict[str, Link] = Factory(dict[str, Link])
    lists: dict[str, Link] = Factory(dict[str, Link])
    writes: dict[str, Link] = Factory(dict[str, Link])
    deletes: dict[str, Link] = Factory(dict[str, Link])

    @classmethod
    def of(cls, document: Document, operations: Iterable[Operation]) -> Resources:
        """Derive the resources of these operations."""
        operations = list(operations)
        resources = cls()
        for get in operations:
            resource = _resource(document, get)
            if resource is None:
                continue
            links = {operation.id: _link(document, resource, operation) for operation in operations}
            if any(links.values()):
                resources.gets[get.id] = Link(resource)
                resources._add_links(resource, operations, links)
        return resources

    def _add_links(
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
    if get.method != "GET" or get.response is None or "$ref" not in get.response:
        return None
    if get.path.endswith(_SCHEDULE_SUFFIX):
        return None
    names = [parameter.name for parameter in get.path_parameters]
    if names and (len(names) > 1 or get.path.rpartition("/")[2] != f"{{{names[0]}}}"):
        return None
    name = name_of(get.response["$ref"])
    variants = document.variants(name).values() if "discriminator" in document.schemas[name] else ()
    return Resource(get, name, frozenset({name, *variants}), names[0] if names else None)


def _link(document: Document, resource: Resource, operation: Operation) -> Link | None:
    """Return the link from an operation to a resource, if its path and its response refer to it."""
    if operation.response is None or "$ref" not in operation.response:
        return None
    path, collection = operation.path, resource.collection
    if path.endswith(_SCHEDULE_SUFFIX) or not (
        path == collection or path.startswith(f"{collection}/")
    ):
        return None
    properties: JsonObject = document.resolve(operation.response).get("properties", {})
    is_list = operation.method == "GET"
    if is_list and (path != collection or resource.parameter is None):
        return None
    for field, schema in properties.items():
        reference = schema.get("items", {}) if is_list else schema
        if name_of(reference.get("$ref", "")) in resource.schemas:
            return Link(resource, field)
    return None


def id_field(document: Document, resource: Resource) -> str | None:
    """Return the field that identifies a resource: named like the path parameter, or `id`."""
    parameter = resource.parameter or ""
    candidates = [parameter, "id"] if parameter.lower().endswith("id") else [parameter]
    for name in sorted(resource.schemas):
        properties: JsonObject = document.schemas[name].get("properties", {})
        for field in candidates:
            if field in properties:
                return field
    return None
