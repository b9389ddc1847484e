"""Generated responses, for operations without a handler.

They are valid by the OpenAPI document and the same for the same seed. Resources that one operation
creates are found by others, where the document shows that they are the same: see `resources`.
"""

from __future__ import annotations

from random import Random
from typing import Any, cast

from portone_emulator.document.document import Document, Operation
from portone_emulator.document.resources import Link, id_field, resources_of
from portone_emulator.document.samples import Sampler
from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.responses import JSON, Response
from portone_emulator.http.validation import ParsedRequest, RequestValidator
from portone_emulator.state import listing
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State

_CSV = b"id,amount\r\nsample-1,1000\r\nsample-2,2000\r\n"
_NOT_FOUND = 404
# Changes implied by the last segment of a path.
_IMPLIED_CHANGES: dict[str, JsonObject] = {
    "archive": {"isArchived": True},
    "recover": {"isArchived": False},
}


class ResponseGenerator:
    """Generates responses from the document, remembering what requests wrote."""

    def __init__(self, document: Document, validator: RequestValidator, seed: int) -> None:
        self._document = document
        self._validator = validator
        self._seed = seed
        self._resources = resources_of(document)

    def respond(self, state: State, operation: Operation, request: ParsedRequest) -> Response:
        """Generate a response.

        Raises:
            EmulatedAPIError: the operation's not-found error, if the resource was deleted.
        """
        if operation.id in self._resources.deletes:
            self._delete(state, self._resources.deletes[operation.id], request)
        if operation.response is None:
            return Response(200)
        if operation.response_type != JSON:
            return Response(200, _CSV, operation.response_type)
        if operation.id in self._resources.gets:
            link = self._resources.gets[operation.id]
            return Response.from_json(self._current(state, link, request.path, operation))
        response = self._sample(operation, request.path)
        if operation.id in self._resources.writes:
            self._write(state, self._resources.writes[operation.id], operation, request, response)
        elif operation.id in self._resources.lists:
            self._list(state, self._resources.lists[operation.id], response)
        _paginate(response, request.body)
        return Response.from_json(response)

    def _sample(self, operation: Operation, path: dict[str, str]) -> JsonObject:
        """Generate a response, the same for the same seed, operation and path."""
        random = Random(f"{self._seed}/{operation.id}/{'/'.join(path.values())}")  # noqa: S311  (not cryptographic)
        response = cast(
            "JsonObject", Sampler(self._document, random).value(operation.response or {})
        )
        for name, value in path.items():
            if isinstance(response.get(name), str):
                response[name] = value
        return response

    def _current(
        self, state: State, link: Link, path: dict[str, str], operation: Operation
    ) -> JsonObject:
        """Return the stored resource, or a sample if none was written."""
        key = _key(link, path)
        if key not in state.resources:
            return self._sample(link.resource.operation, path)
        record = state.resources[key]
        if record is None:
            raise _not_found(self._document, operation)
        return record

    def _write(
        self,
        state: State,
        link: Link,
        operation: Operation,
        request: ParsedRequest,
        response: JsonObject,
    ) -> None:
        """Create or update a resource from the request."""
        resource = link.resource
        name = link.field or ""
        id_name = id_field(self._document, resource)
        is_new = resource.parameter is not None and resource.parameter not in request.path
        if is_new:
            if id_name is None:
                return
            record: JsonObject = response[name]
            record[id_name] = (
                _request_values(link, request).get(id_name) or f"{id_name}-{state.ids.uuid()}"
            )
            path = {resource.parameter or "": record[id_name]}
        else:
            path = request.path
            record = dict(self._current(state, link, path, operation))
            if id_name is not None and resource.parameter is not None:
                record[id_name] = path[resource.parameter]
        record |= self._requested_changes(link, operation, request)
        state.resources[_key(link, path)] = record
        response[name] = record

    def _requested_changes(
        self, link: Link, operation: Operation, request: ParsedRequest
    ) -> JsonObject:
        """Return the request's values that are valid fields of the resource."""
        response = self._document.resolve(operation.response or {})
        schema = self._document.resolve(response["properties"][link.field])
        properties: JsonObject = schema.get("properties", {})
        values = _request_values(link, request) | _IMPLIED_CHANGES.get(
            operation.path.rpartition("/")[2], {}
        )
        return {
            name: value
            for name, value in values.items()
            if name in properties and self._is_valid(properties[name], value)
        }

    def _is_valid(self, schema: JsonObject, value: Any) -> bool:
        try:
            self._validator.check(schema, value, "")
        except EmulatedAPIError:
            return False
        return True

    def _list(self, state: State, link: Link, response: JsonObject) -> None:
        """Replace the samples by the created resources, newest first. Filters are not applied."""
        created = [
            record
            for (operation, _), record in reversed(state.resources.items())
            if operation == link.resource.operation.id and record is not None
        ]
        if created:
            response[link.field or ""] = created

    @staticmethod
    def _delete(state: State, link: Link, request: ParsedRequest) -> None:
        state.resources[_key(link, request.path)] = None


def _key(link: Link, path: dict[str, str]) -> tuple[str, str]:
    resource = link.resource
    return resource.operation.id, "" if resource.parameter is None else path[resource.parameter]


def _request_values(link: Link, request: ParsedRequest) -> JsonObject:
    """Return what the request says of a resource: its body, or the member named like it."""
    nested = request.body.get(link.field or "")
    return cast("JsonObject", nested) if isinstance(nested, dict) else request.body


def _not_found(document: Document, operation: Operation) -> EmulatedAPIError:
    for error_type in operation.error_schemas:
        if document.error_status(operation, error_type) == _NOT_FOUND:
            return EmulatedAPIError(error_type, "the resource was deleted")
    return EmulatedAPIError("NOT_FOUND", "the resource was deleted")


def _paginate(response: JsonObject, body: JsonObject) -> None:
    """Reduce the list to the requested page."""
    name = next((key for key, value in response.items() if isinstance(value, list)), None)
    if "page" in response and name is not None:
        items, response["page"] = listing.page(response[name], body)
        response[name] = items
