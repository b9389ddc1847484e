"""Generated responses, for operations without a handler.

They are valid by the OpenAPI document and the same for the same seed. Resources that one operation
creates are found by others, where the document shows that they are the same: see `resources`.
"""

from __future__ import annotations

from random import Random
from typing import Any, cast

from portone_async.emulator import listing
from portone_async.emulator.answers import JSON, Answer
from portone_async.emulator.document import Document, Operation
from portone_async.emulator.errors import Refusal
from portone_async.emulator.resources import Link, id_field, resources_of
from portone_async.emulator.samples import Sampler
from portone_async.emulator.state import State
from portone_async.emulator.validation import Input, RequestValidator
from portone_async.emulator.wire import JsonObject

_CSV = b"id,amount\r\nsample-1,1000\r\nsample-2,2000\r\n"
_NOT_FOUND = 404
# Changes implied by the last segment of a path.
_SAID: dict[str, JsonObject] = {"archive": {"isArchived": True}, "recover": {"isArchived": False}}


class Generator:
    """Generates responses from the document, remembering what requests wrote."""

    def __init__(self, document: Document, validator: RequestValidator, seed: int) -> None:
        self._document = document
        self._validator = validator
        self._seed = seed
        self._resources = resources_of(document)

    def answer(self, state: State, operation: Operation, given: Input) -> Answer:
        """Generate a response.

        Raises:
            Refusal: the operation's not-found error, if the resource was deleted.
        """
        if operation.id in self._resources.deletes:
            self._forget(state, self._resources.deletes[operation.id], given)
        if operation.reply is None:
            return Answer(200)
        if operation.reply_type != JSON:
            return Answer(200, _CSV, operation.reply_type)
        if operation.id in self._resources.gets:
            link = self._resources.gets[operation.id]
            return Answer.of(self._current(state, link, given.path, operation))
        reply = self._sample(operation, given.path)
        if operation.id in self._resources.writes:
            self._write(state, self._resources.writes[operation.id], operation, given, reply)
        elif operation.id in self._resources.lists:
            self._list(state, self._resources.lists[operation.id], reply)
        _echo_page(reply, given.body)
        return Answer.of(reply)

    def _sample(self, operation: Operation, path: dict[str, str]) -> JsonObject:
        """Generate a response, the same for the same seed, operation and path."""
        random = Random(f"{self._seed}/{operation.id}/{'/'.join(path.values())}")  # noqa: S311
        reply = cast("JsonObject", Sampler(self._document, random).value(operation.reply or {}))
        for name, value in path.items():
            if isinstance(reply.get(name), str):
                reply[name] = value
        return reply

    def _current(
        self, state: State, link: Link, path: dict[str, str], asked: Operation
    ) -> JsonObject:
        """Return the stored resource, or a sample if none was written."""
        key = _key(link, path)
        if key not in state.things:
            return self._sample(link.resource.operation, path)
        thing = state.things[key]
        if thing is None:
            raise _not_found(self._document, asked)
        return thing

    def _write(
        self, state: State, link: Link, operation: Operation, given: Input, reply: JsonObject
    ) -> None:
        """Create or update a resource from the request."""
        resource = link.resource
        name = link.field or ""
        identity = id_field(self._document, resource)
        is_new = resource.parameter is not None and resource.parameter not in given.path
        if is_new:
            if identity is None:
                return
            thing: JsonObject = reply[name]
            thing[identity] = _about(link, given).get(identity) or f"{identity}-{state.ids.uuid()}"
            path = {resource.parameter or "": thing[identity]}
        else:
            path = given.path
            thing = dict(self._current(state, link, path, operation))
            if identity is not None and resource.parameter is not None:
                thing[identity] = path[resource.parameter]
        thing |= self._said(link, operation, given)
        state.things[_key(link, path)] = thing
        reply[name] = thing

    def _said(self, link: Link, operation: Operation, given: Input) -> JsonObject:
        """Return the request's values that are fields of the resource: same name, valid by its schema."""
        reply = self._document.resolve(operation.reply or {})
        schema = self._document.resolve(reply["properties"][link.field])
        properties: JsonObject = schema.get("properties", {})
        said = _about(link, given) | _SAID.get(operation.path.rpartition("/")[2], {})
        return {
            name: value
            for name, value in said.items()
            if name in properties and self._fits(properties[name], value)
        }

    def _fits(self, schema: JsonObject, value: Any) -> bool:
        try:
            self._validator.check(schema, value, "")
        except Refusal:
            return False
        return True

    def _list(self, state: State, link: Link, reply: JsonObject) -> None:
        """Replace the samples by the created resources, newest first. Filters are not applied."""
        made = [
            thing
            for (operation, _), thing in reversed(state.things.items())
            if operation == link.resource.operation.id and thing is not None
        ]
        if made:
            reply[link.field or ""] = made

    @staticmethod
    def _forget(state: State, link: Link, given: Input) -> None:
        state.things[_key(link, given.path)] = None


def _key(link: Link, path: dict[str, str]) -> tuple[str, str]:
    resource = link.resource
    return resource.operation.id, "" if resource.parameter is None else path[resource.parameter]


def _about(link: Link, given: Input) -> JsonObject:
    """Return the request's values for a resource: the body, or its member named like the resource."""
    nested = given.body.get(link.field or "")
    return cast("JsonObject", nested) if isinstance(nested, dict) else given.body


def _not_found(document: Document, operation: Operation) -> Refusal:
    for error_type in operation.error_schemas:
        if document.error_status(operation, error_type) == _NOT_FOUND:
            return Refusal(error_type, "the resource was deleted")
    return Refusal("NOT_FOUND", "the resource was deleted")


def _echo_page(reply: JsonObject, body: JsonObject) -> None:
    """Reduce the list to the requested page."""
    name = next((key for key, value in reply.items() if isinstance(value, list)), None)
    if "page" in reply and name is not None:
        items, reply["page"] = listing.page(reply[name], body)
        reply[name] = items
