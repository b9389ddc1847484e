"""Sending responses, or failing to on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from portone_async.emulator.answers import Answer
from portone_async.emulator.connection import Connection, connection_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


async def send_answer(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a complete response."""
    await _response(answer)(scope, receive, send)


async def send_half(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the headers of the complete response and half of its body, then close the connection."""
    connection = _connection(scope)
    response = _response(answer)
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    half = answer.content[: len(answer.content) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    connection.close()
    await _disconnected(receive)


async def reset(scope: Scope, receive: Receive) -> None:
    """Reset the connection instead of responding."""
    _connection(scope).reset()
    await _disconnected(receive)


def _connection(scope: Scope) -> Connection:
    connection = connection_of(scope)
    if connection is None:
        # In process there is no connection: raise what a transport would raise.
        raise ConnectionResetError("the emulator reset the connection")
    return connection


def _response(answer: Answer) -> Response:
    return Response(answer.content, answer.status, answer.headers, answer.media_type)


async def _disconnected(receive: Receive) -> None:
    """Wait until uvicorn notices the disconnect; otherwise it would complete the response."""
    while (await receive())["type"] != "http.disconnect":
        pass
