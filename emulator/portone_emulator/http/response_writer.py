"""Sending responses, or failing to on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response as StarletteResponse

from portone_emulator.http.connection import Connection, connection_of
from portone_emulator.http.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


async def send_response(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a complete response."""
    await _to_starlette(response)(scope, receive, send)


async def send_truncated(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the headers of the complete response and half of its body, then close the connection."""
    connection = _connection(scope)
    complete = _to_starlette(response)
    await send(
        {
            "type": "http.response.start",
            "status": complete.status_code,
            "headers": complete.raw_headers,
        }
    )
    half = response.content[: len(response.content) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    connection.close()
    await _wait_for_disconnect(receive)


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Reset the connection instead of responding."""
    _connection(scope).reset()
    await _wait_for_disconnect(receive)


def _connection(scope: Scope) -> Connection:
    connection = connection_of(scope)
    if connection is None:
        # In process there is no connection: raise what a transport would raise.
        raise ConnectionResetError("the emulator reset the connection")
    return connection


def _to_starlette(response: Response) -> StarletteResponse:
    return StarletteResponse(
        response.content, response.status, response.headers, response.media_type
    )


async def _wait_for_disconnect(receive: Receive) -> None:
    """Wait until uvicorn notices the disconnect; otherwise it would complete the response."""
    while (await receive())["type"] != "http.disconnect":
        pass
