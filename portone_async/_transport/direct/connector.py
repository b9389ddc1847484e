"""Opens connections to one server."""

from __future__ import annotations

import asyncio
import socket
import ssl
from itertools import chain, zip_longest
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

import anyio
from attrs import define, field

from portone_async._options import Timeout
from portone_async._origin import Origin
from portone_async._transport.direct.connection import DirectConnection
from portone_async._transport_error import TransportError

_NEXT_ADDRESS: Final = 0.25
"""Seconds after which the next address of a server is tried beside the one before (RFC 8305)."""

_Address: TypeAlias = tuple[Any, Any, Any, Any, Any]
_Addresses: TypeAlias = list[_Address]


@define(eq=False)
class Connector:
    """Opens connections to one server."""

    origin: Origin
    tls: ssl.SSLContext | None = field(repr=False)
    max_response_size: int
    _lookups: WeakKeyDictionary[Any, _Lookup] = field(init=False, factory=WeakKeyDictionary)

    async def connect(self, timeout: Timeout) -> DirectConnection:
        """Open a connection. Raises `TransportError`."""
        try:
            async with asyncio.timeout(min(timeout.connect, timeout.total)):
                connection = await self._connect()
        except TimeoutError:
            problem = TransportError(
                "ConnectTimeout: no connection in time", timed_out=True, may_have_reached=False
            )
        except OSError as error:
            problem = TransportError("ConnectError", may_have_reached=False, error=error)
        else:
            if connection.speaks_http1():
                return connection
            await connection.aclose()
            problem = TransportError(
                "ConnectError: TLS agreed on another protocol than HTTP/1.1", may_have_reached=False
            )
        raise problem

    async def _connect(self) -> DirectConnection:
        loop = asyncio.get_running_loop()
        lookup = self._lookups.get(loop)
        if lookup is None:
            lookup = self._lookups[loop] = _Lookup(self.origin)
        sock = await _open_socket(await lookup.addresses())
        _, connection = await loop.create_connection(
            lambda: DirectConnection(self.origin.authority, self.max_response_size),
            sock=sock,
            ssl=self.tls,
            server_hostname=self.origin.host if self.tls is not None else None,
        )
        return connection


async def _open_socket(addresses: _Addresses) -> socket.socket:
    """Connect to whichever address accepts first; they are tried one after another, IPv4 and IPv6 in turn (RFC 8305)."""
    if len(addresses) == 1:
        return await _connect(addresses[0])
    errors: list[OSError] = []
    connected: list[socket.socket] = []

    async def attempt(address: _Address, failed: anyio.Event) -> None:
        try:
            connected.append(await _connect(address))
        except OSError as error:
            errors.append(error)
            failed.set()
        else:
            tasks.cancel_scope.cancel()

    first = addresses[0][0]
    families = (
        [address for address in addresses if address[0] == first],
        [address for address in addresses if address[0] != first],
    )
    try:
        async with anyio.create_task_group() as tasks:
            for address in filter(None, chain.from_iterable(zip_longest(*families))):
                failed = anyio.Event()
                tasks.start_soon(attempt, address, failed)
                with anyio.move_on_after(_NEXT_ADDRESS):
                    await failed.wait()
    except BaseException:
        for sock in connected:
            sock.close()
        raise
    for sock in connected[1:]:  # two may accept at once
        sock.close()
    if not connected:
        raise errors[0]
    return connected[0]


async def _connect(address: _Address) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)  # noqa: FBT003
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


@define(eq=False)
class _Lookup:
    """Asks for a server's addresses once for all who wait for them: each question takes a thread."""

    _origin: Origin
    _asked: asyncio.Task[_Addresses] | None = field(init=False, default=None)
    _waiting: int = field(init=False, default=0)

    async def addresses(self) -> _Addresses:
        """Return the server's addresses."""
        if self._asked is None:
            self._asked = asyncio.ensure_future(
                asyncio.get_running_loop().getaddrinfo(
                    self._origin.host, self._origin.port, type=socket.SOCK_STREAM
                )
            )
        asked = self._asked
        self._waiting += 1
        try:
            return await asyncio.shield(asked)
        finally:
            self._waiting -= 1
            if not self._waiting:
                asked.cancel()  # has no effect on an answered one
            if self._asked is asked and (not self._waiting or asked.done()):
                self._asked = None
