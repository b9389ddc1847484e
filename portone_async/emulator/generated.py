"""Generated replies, for the operations that keep no state here."""

from __future__ import annotations

from random import Random
from typing import cast

from portone_async.emulator import listing
from portone_async.emulator.answers import Answer
from portone_async.emulator.document import Document, Operation
from portone_async.emulator.samples import Sampler
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject

_CSV = b"id,amount\r\nsample-1,1000\r\nsample-2,2000\r\n"


def answer(document: Document, operation: Operation, given: Input, seed: int) -> Answer:
    """Make a reply that is valid by the document, the same for a seed, an operation and a path."""
    if operation.reply is None:
        return Answer(200)
    if operation.reply_type != "application/json":
        return Answer(200, _CSV, operation.reply_type)
    path = "/".join(given.path.values())
    random = Random(f"{seed}/{operation.id}/{path}")  # noqa: S311
    reply = cast("JsonObject", Sampler(document, random).value(operation.reply))
    _echo_path(reply, given.path)
    _echo_page(reply, given.body)
    return Answer.of(reply)


def _echo_path(reply: JsonObject, path: dict[str, str]) -> None:
    """What was asked for by its id comes back under that id."""
    for name, value in path.items():
        if isinstance(reply.get(name), str):
            reply[name] = value


def _echo_page(reply: JsonObject, body: JsonObject) -> None:
    """Cut the list into the page that was asked for."""
    name = next((key for key, value in reply.items() if isinstance(value, list)), None)
    if "page" in reply and name is not None:
        items, reply["page"] = listing.page(reply[name], body)
        reply[name] = items
