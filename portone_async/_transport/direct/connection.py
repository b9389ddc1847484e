"""A connection of the direct transport: HTTP/1.1 on an asyncio protocol."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, Final, cast

from portone_async._options import DEFAULT_TIMEOUT, Timeout
from portone_async._request import Request
from portone_async._response import RawResponse
from portone_async._transport.direct.http1 import ProtocolError, ResponseReader, encode
from portone_async._transport_error import TransportError, time_is_up, too_large


class DirectConnection(asyncio.Protocol):
    """One connection: one request at a time, and none after anything went wrong."""

    def __init__(self, authority: str, max_response_size: int) -> None:
        self._authority: Final = authority
        self._max_response_size: Final = max_response_size
        self._loop: Final = asyncio.get_running_loop()
        self._has_unread_data: Callable[[], bool] | None = None
        self._transport: asyncio.Transport  # from `connection_made` on
        self._reader: ResponseReader | None = None
        self._timeout = DEFAULT_TIMEOUT
        self._ends_at = inf
        self._wakeup: asyncio.Future[None] | None = None
        self._error: TransportError | None = None
        self._closed = False
        self._blocked = False
        self._deadline = inf
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_closed(self) -> bool:
        """Whether it carries no more requests."""
        return self._closed

    def get_extra_info(self, name: str) -> Any:
        """Return what the event loop tells of the connection, such as its `socket`."""
        return self._transport.get_extra_info(name)

    async def is_reusable(self) -> bool:
        """Return whether the idle connection is reusable."""
        if self._closed:
            return False
        if self._has_unread_data is not None and not self._has_unread_data():
            return True
        # Something was received while the loop was busy. Let the loop process pending reads, then check again: it
        # may be the end of the connection, or TLS's own messages.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return not self._closed and not (
            self._has_unread_data is not None and self._has_unread_data()
        )

    def speaks_http1(self) -> bool:
        """Return whether TLS has not agreed on another protocol, which the user's `ssl_context` may offer."""
        ssl_object = self._transport.get_extra_info("ssl_object")
        return ssl_object is None or ssl_object.selected_alpn_protocol() in (None, "http/1.1")

    async def send(self, request: Request, timeout: Timeout, ends_at: float) -> RawResponse:
        """Send a request and return its response, before the loop's time is `ends_at`.

        Raises `TransportError`.
        """
        encoded = partial(encode, request, self._authority)
        reader = await self.exchange(request.method, encoded, timeout, ends_at)
        return RawResponse(reader.status, reader.headers, reader.content(), request.info)

    async def exchange(
        self, method: str, encoded: Callable[[], bytes], timeout: Timeout, ends_at: float
    ) -> ResponseReader:
        """Send the bytes of a request and return the reader of its complete response.

        `encoded` returns the bytes, or raises `ProtocolError`. Raises `TransportError`.
        """
        if self._closed:  # as soon as it was opened
            raise TransportError("ConnectError: closed by the server", may_have_reached=False)
        reader = self._reader = ResponseReader(method)
        self._timeout, self._ends_at = timeout, ends_at
        self._wakeup = self._loop.create_future()
        try:
            # Never in a variable: tools that collect errors show them, and the secret is in these bytes.
            self._transport.write(encoded())
            self._arm_timer()
            await self._wakeup
            if self._error is not None:
                raise self._error
        except ProtocolError as error:
            raise TransportError(f"LocalProtocolError: {error}", may_have_reached=False) from None
        finally:
            self._reader = self._wakeup = None
            self._deadline = self._ends_at = inf
            if not reader.reusable or self._blocked:
                # Whatever else is received on it would be taken for the next response.
                self._abort()
        return reader

    async def aclose(self) -> None:
        """Close without TLS close_notify: the peer may be gone."""
        self._abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast("asyncio.Transport", transport)
        # Notify on any backlog; `high=0` breaks asyncio's TLS.
        self._transport.set_write_buffer_limits(high=1, low=0)
        self._has_unread_data = _unread_data_check(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """Received bytes."""
        reader = self._reader
        if reader is None or reader.complete:
            self._abort()  # unsolicited data
            return
        try:
            reader.feed(data)
        except ProtocolError as problem:
            self._fail(_interrupted(f"RemoteProtocolError: {problem}"))
            return
        if reader.size > self._max_response_size:
            self._fail(too_large(self._max_response_size))
        elif reader.complete:
            self._wake_up()
        elif not self._blocked:
            self._deadline = min(self._loop.time() + self._timeout.read, self._ends_at)

    def eof_received(self) -> None:
        """The peer sent EOF."""
        self._closed = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        reader = self._reader
        if reader is not None and not reader.complete and self._error is None:
            self._end(reader, exc)

    def pause_writing(self) -> None:
        """The write buffer is full."""
        self._blocked = True

    def resume_writing(self) -> None:
        """The write buffer is empty."""
        self._blocked = False
        if self._deadline != inf:
            self._arm_timer()

    def _arm_timer(self) -> None:
        """Set the deadline for the server to receive the request, or else to respond."""
        wait = self._timeout.write if self._blocked else self._timeout.read
        self._deadline = min(self._loop.time() + wait, self._ends_at)
        # One timer serves many requests: it is set again only where it would be late.
        if self._timer is not None:
            if self._timer.when() <= self._deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._check_deadline)

    def _check_deadline(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._deadline == inf:
            return
        if now < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        elif now >= self._ends_at:
            self._fail(time_is_up())
        else:
            problem = "WriteTimeout: sending" if self._blocked else "ReadTimeout: the response"
            self._fail(_interrupted(f"{problem} took too long", timed_out=True))

    def _end(self, reader: ResponseReader, error: Exception | None) -> None:
        if error is not None:
            self._fail(_interrupted("ReadError", error=error))
            return
        try:
            reader.end()
        except ProtocolError as problem:
            self._fail(_interrupted(f"RemoteProtocolError: {problem}"))
        else:
            self._wake_up()

    def _fail(self, error: TransportError) -> None:
        if self._error is None:
            self._error = error
        self._abort()
        self._wake_up()

    def _abort(self) -> None:
        self._closed = True
        if not self._loop.is_closed():
            self._transport.abort()

    def _wake_up(self) -> None:
        self._deadline = inf  # it may have passed while the loop was held up
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)


def _interrupted(
    problem: str, *, timed_out: bool = False, error: Exception | None = None
) -> TransportError:
    return TransportError(problem, timed_out=timed_out, may_have_reached=True, error=error)


def _unread_data_check(sock: socket.socket) -> Callable[[], bool] | None:
    """Return a check for unread data or EOF on a socket.

    `None` on Windows, whose event loop reads bytes from the socket before it reports them.
    """
    if not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return lambda: bool(poll.poll(0))
