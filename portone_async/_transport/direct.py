"""The default wire's connection: HTTP/1.1 straight on asyncio, with nothing in between."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from math import inf
from typing import Any, Final, TypeAlias, cast

import aiohappyeyeballs

from portone_async._operation import Timeout
from portone_async._request import Request
from portone_async._response import OK
from portone_async._transport.compression import DecodingError, decoder
from portone_async._transport.http1 import ProtocolError, ResponseReader, encode
from portone_async._transport.interface import (
    KEEPALIVE,
    Answer,
    Sink,
    TransportFault,
    check_has_end,
)
from portone_async._transport.origin import Origin

_NEXT_ADDRESS: Final = 0.25
"""Seconds after which the next address of a server is tried beside the one before (RFC 8305)."""


_Addresses: TypeAlias = list[tuple[Any, Any, Any, Any, Any]]


class Connector:
    """Opens connections to one server, on one event loop."""

    def __init__(self, origin: Origin) -> None:
        self._origin: Final = origin
        self._lookup: asyncio.Task[_Addresses] | None = None
        self._waiting = 0

    async def connect(self, timeout: Timeout) -> Connection:
        """Open a connection. Raises `TransportFault`."""
        try:
            async with asyncio.timeout(timeout.connect):
                connection = await self._connect()
        except TimeoutError:
            raise TransportFault("ConnectTimeout", timed_out=True, may_have_reached=False) from None
        except OSError as error:
            raise TransportFault("ConnectError", timed_out=False, may_have_reached=False) from error
        if not connection.speaks_http1():
            await connection.aclose()
            raise TransportFault("ConnectError", timed_out=False, may_have_reached=False)
        return connection

    async def _connect(self) -> Connection:
        origin = self._origin
        addresses = await self._addresses()
        sock = await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType]
            addresses, happy_eyeballs_delay=_NEXT_ADDRESS, interleave=1
        )
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(origin.authority),
            sock=sock,
            ssl=origin.tls,
            server_hostname=origin.host if origin.tls is not None else None,
        )
        return connection

    async def _addresses(self) -> _Addresses:
        """Ask for the server's addresses once for all who wait for them: each question takes a thread."""
        if self._lookup is None:
            asked = asyncio.get_running_loop().getaddrinfo(
                self._origin.host, self._origin.port, type=socket.SOCK_STREAM
            )
            self._lookup = asyncio.ensure_future(asked)
        lookup = self._lookup
        self._waiting += 1
        try:
            return await asyncio.shield(lookup)
        finally:
            self._waiting -= 1
            if not self._waiting:
                lookup.cancel()  # unless it is answered
            if self._lookup is lookup and (not self._waiting or lookup.done()):
                self._lookup = None


class Connection(asyncio.Protocol):
    """One connection: one request at a time, and none after anything went wrong."""

    def __init__(self, authority: str) -> None:
        self._authority: Final = authority
        self._loop: Final = asyncio.get_running_loop()
        self._has_news: Callable[[], bool] | None = None
        self._transport: asyncio.Transport  # from `connection_made` on
        self._reader: ResponseReader | None = None
        self._sink: Sink | None = None
        self._timeout = Timeout()
        self._news: asyncio.Future[None] | None = None
        self._fault: TransportFault | None = None
        self._over = False
        self._blocked = False
        self._idle_since = self._loop.time()
        self._deadline = inf
        self._timer: asyncio.TimerHandle | None = None

    async def is_usable(self) -> bool:
        """Whether it may carry another request."""
        if self._over or self._loop.time() - self._idle_since > KEEPALIVE:
            return False
        if self._has_news is not None and not self._has_news():
            return True
        # Something came while the loop was busy. In its first turn it looks, the second comes after what it saw:
        # a farewell, or TLS's own affairs.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return not self._over and not (self._has_news is not None and self._has_news())

    def speaks_http1(self) -> bool:
        """Whether TLS has not agreed on another protocol, which an `ssl_context` of the user's may offer."""
        ssl_object = self._transport.get_extra_info("ssl_object")
        return ssl_object is None or ssl_object.selected_alpn_protocol() in (None, "http/1.1")

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """Send a request and read its answer."""
        if self._over:  # as soon as it was opened
            raise TransportFault("ConnectError", timed_out=False, may_have_reached=False)
        reader = self._reader = ResponseReader(request.method)
        self._timeout, self._sink = timeout, sink
        try:
            # Never in a variable: tools that collect errors show them, and the secret is in these bytes.
            self._transport.write(encode(request, self._authority))
            return await self._answer(reader)
        except ProtocolError as error:
            raise TransportFault(
                "LocalProtocolError", timed_out=False, may_have_reached=False
            ) from error
        except DecodingError as error:
            raise TransportFault("DecodingError", timed_out=False, may_have_reached=True) from error
        finally:
            self._reader = self._sink = self._news = None
            self._deadline = inf
            self._idle_since = self._loop.time()
            if not reader.reusable or self._blocked:
                # Whatever else came on it would be taken for the next answer.
                self._abort()

    async def aclose(self) -> None:
        """Close it, without TLS's farewell: nobody waits for servers that may be gone."""
        self._abort()

    async def _answer(self, reader: ResponseReader) -> Answer:
        decode = None
        while not reader.complete:
            if self._fault is not None:
                raise self._fault
            self._news = self._loop.create_future()
            self._watch()
            await self._news
            if self._sink is not None and reader.status in OK:
                if decode is None:
                    check_has_end(reader.headers)
                    decode = decoder(reader.headers.get("content-encoding"))
                await self._sink(decode(reader.content()))
                self._transport.resume_reading()
        if decode is None:
            decode = decoder(reader.headers.get("content-encoding"))
        content = decode(reader.content()) + decode(None)
        if self._sink is not None and reader.status in OK:
            await self._sink(content)
            content = b""
        return Answer(reader.status, reader.headers, content)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)
        # To be told as soon as anything must wait. Not 0, with which asyncio's TLS is never told that nothing does.
        self._transport.set_write_buffer_limits(high=1, low=0)
        self._has_news = _watcher(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        reader = self._reader
        if reader is None or reader.complete:
            self._abort()  # bytes that nobody asked for
            return
        try:
            reader.feed(data)
        except ProtocolError:
            self._fail("RemoteProtocolError")
            return
        if reader.complete:
            self._wake()
        elif self._sink is not None and reader.status in OK:
            self._deadline = inf  # a slow sink is not a slow server
            self._transport.pause_reading()
            self._wake()
        elif not self._blocked:
            self._deadline = self._loop.time() + self._timeout.read

    def eof_received(self) -> None:
        """The server hung up."""
        self._over = True

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        reader = self._reader
        if reader is not None and not reader.complete and self._fault is None:
            self._end(reader, exc)

    def pause_writing(self) -> None:
        """The server takes no more for now."""
        self._blocked = True

    def resume_writing(self) -> None:
        """All is sent."""
        self._blocked = False
        if self._deadline != inf:
            self._watch()

    def _watch(self) -> None:
        """Begin to wait: for the server to take what is sent, or else to answer."""
        wait = self._timeout.write if self._blocked else self._timeout.read
        self._deadline = self._loop.time() + wait
        # One timer for many requests: it is set again only where it would be late.
        if self._timer is not None:
            if self._timer.when() <= self._deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._deadline == inf:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look)
        else:
            self._fail("WriteTimeout" if self._blocked else "ReadTimeout", timed_out=True)

    def _end(self, reader: ResponseReader, error: Exception | None) -> None:
        if error is not None:
            self._fail("ReadError", cause=error)
            return
        try:
            reader.end()
        except ProtocolError:
            self._fail("RemoteProtocolError")
        else:
            self._wake()

    def _fail(
        self, problem: str, *, timed_out: bool = False, cause: Exception | None = None
    ) -> None:
        if self._fault is None:
            self._fault = TransportFault(problem, timed_out=timed_out, may_have_reached=True)
            self._fault.__cause__ = cause
        self._abort()
        self._wake()

    def _abort(self) -> None:
        self._over = True
        if not self._loop.is_closed():
            self._transport.abort()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


def _watcher(sock: socket.socket) -> Callable[[], bool] | None:
    """What tells whether something came to a socket that the event loop has not read yet, be it its end.

    `None` on Windows, whose event loop takes bytes from the socket before it tells of them.
    """
    if not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return lambda: bool(poll.poll(0))
