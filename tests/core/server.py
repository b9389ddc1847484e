"""A PortOne on loopback that plays a script: every way to answer, and every way not to."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import h11
from anyio.abc import ByteStream, Listener, SocketAttribute, TaskGroup
from anyio.streams.tls import TLSListener
from attrs import define, field

PATIENCE = 5.0
"""Seconds after which a test that waits for something has failed."""


@define
class Seen:
    """A request as it came over the wire. Header names are lower case."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        pairs = parse_qsl(urlsplit(self.target).query, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs), "a parameter came twice"
        return dict(pairs)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The one value of a header, or `None`."""
        found = [value for given, value in self.headers if given == name]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else None

    @property
    def key(self) -> str | None:
        """The idempotency key without its quotes."""
        given = self.header("idempotency-key")
        return None if given is None else given.removeprefix('"').removesuffix('"')


@define(eq=False)
class Exchange:
    """One request and the connection that it came by."""

    server: Server
    stream: ByteStream
    request: Seen

    async def write(self, data: bytes) -> None:
        await self.stream.send(data)

    async def until_gone(self) -> None:
        """Wait for the other side to hang up."""
        while True:
            await self.stream.receive()


class Hangup(Exception):  # noqa: N818  (it is none)
    """The server ends the connection here."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self.reset = reset


@define(frozen=True)
class Step:
    """What to do with the next request."""

    play: Callable[[Exchange], Awaitable[None]]
    reads: bool = True


@define
class Server:
    """What the server was told to do and what it saw."""

    url: str
    script: list[Step] = field(factory=list)
    always: Step | None = None
    requests: list[Seen] = field(factory=list)
    exchanges: list[Exchange] = field(factory=list)
    unread: int = 0
    opened: int = 0
    open: int = 0
    most_open: int = 0
    problems: list[Exception] = field(factory=list)
    _changed: anyio.Event = field(factory=anyio.Event)
    _listening: anyio.CancelScope = field(factory=anyio.CancelScope)

    async def listen(self, listener: Listener[Any], tasks: TaskGroup) -> None:
        with self._listening:
            await listener.serve(self.serve, tasks)
        await listener.aclose()

    def leave(self) -> None:
        """Listen no more: new connections are refused."""
        self._listening.cancel()

    def plays(self, *steps: Step) -> None:
        """Add to the script: one step for each request."""
        self.script.extend(steps)

    @property
    def request(self) -> Seen:
        """The only request that came."""
        assert len(self.requests) == 1, f"{len(self.requests)} requests came"
        return self.requests[0]

    @property
    def keys(self) -> list[str | None]:
        return [request.key for request in self.requests]

    @property
    def untouched(self) -> bool:
        """Whether nobody ever connected."""
        return self.opened == 0

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true of this server."""
        with anyio.fail_after(PATIENCE):
            while not true():
                await self._changed.wait()

    def changed(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def serve(self, stream: ByteStream) -> None:
        self.opened += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.changed()
        try:
            async with stream:
                try:
                    await self._converse(stream)
                except Hangup as hangup:
                    if hangup.reset:
                        reset_on_close(stream)
                except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                    pass
                except Exception as problem:  # noqa: BLE001  (raised when the test ends: here it would cancel it)
                    self.problems.append(problem)
        except (anyio.BrokenResourceError, OSError):
            pass  # the other side hung up first
        except Exception as problem:  # noqa: BLE001
            self.problems.append(problem)
        finally:
            self.open -= 1
            self.changed()

    async def _converse(self, stream: ByteStream) -> None:
        data = b""
        while True:
            data = data or await stream.receive()
            step = self.script.pop(0) if self.script else self.always
            assert step is not None, "a request came that the script does not know"
            if not step.reads:
                self.unread += 1
                raise Hangup(reset=True)
            request, data = await _read_request(stream, data)
            self.requests.append(request)
            self.exchanges.append(Exchange(self, stream, request))
            self.changed()
            await step.play(self.exchanges[-1])


async def _read_request(stream: ByteStream, data: bytes) -> tuple[Seen, bytes]:
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(data)
    seen: Seen | None = None
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            parser.receive_data(await stream.receive())
        elif isinstance(event, h11.Request):
            headers = [(name.decode(), value.decode()) for name, value in event.headers]
            seen = Seen(event.method.decode(), event.target.decode(), headers)
        elif isinstance(event, h11.Data):
            assert seen is not None
            seen.body += bytes(event.data)
        else:
            assert isinstance(event, h11.EndOfMessage)
            assert seen is not None
            return seen, parser.trailing_data[0]


def reset_on_close(stream: ByteStream) -> None:
    with suppress(
        OSError, AttributeError
    ):  # it may be gone already, which uvloop's streams tell so
        raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610  (of anyio's)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncGenerator[Server]:
    """A server for the length of a block. With TLS it closes without taking leave."""
    several = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    listener: Listener[Any] = several.listeners[0]
    scheme = "http" if tls is None else "https"
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610  (of anyio's)
    url = f"{scheme}://127.0.0.1:{port}"
    if tls is not None:
        listener = TLSListener(listener, tls, standard_compatible=False)
    server = Server(url)
    async with several, anyio.create_task_group() as tasks:
        tasks.start_soon(server.listen, listener, tasks)
        yield server
        tasks.cancel_scope.cancel()
    if server.problems:
        raise ExceptionGroup("the server met what it did not expect", server.problems)


# Steps


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Whatever",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Step:
    """A whole answer: JSON, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    all_headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **(headers or {}),
    }

    async def play(exchange: Exchange) -> None:
        await exchange.write(head(status, all_headers) + content)

    return Step(play)


def error(type_: str, status: int, **fields: Any) -> Step:
    """An error of PortOne's."""
    return answer({"type": type_, **fields}, status)


def html(status: int) -> Step:
    """A gateway's page."""
    page = b"<html><body>nginx is not well</body></html>"
    return answer(page, status, {"Content-Type": "text/html"})


def empty(status: int, headers: Mapping[str, str] | None = None) -> Step:
    """No body at all."""
    return answer(b"", status, headers)


def gzipped(body: Any) -> Step:
    """JSON, compressed."""
    packer = zlib.compressobj(wbits=31)
    content = packer.compress(json.dumps(body).encode()) + packer.flush()
    return answer(content, headers={"Content-Encoding": "gzip"})


def half(content: bytes, status: int = 200) -> Step:
    """Half of a body whose length was declared."""

    async def play(exchange: Exchange) -> None:
        length = {"Content-Length": str(len(content))}
        await exchange.write(head(status, length) + content[: len(content) // 2])
        raise Hangup

    return Step(play)


def half_chunked(content: bytes, status: int = 200) -> Step:
    """A chunk of a body, and never the last one."""

    async def play(exchange: Exchange) -> None:
        piece = content[: len(content) // 2]
        chunked = head(status, {"Transfer-Encoding": "chunked"})
        await exchange.write(chunked + b"%x\r\n%b\r\n" % (len(piece), piece))
        raise Hangup

    return Step(play)


def headers_only() -> Step:
    """Headers that declare a body, and the end."""
    return half(b"x")


def until_close(content: bytes, status: int = 200) -> Step:
    """A body of no declared length: it ends with the connection."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(head(status, {"Connection": "close"}) + content)
        raise Hangup

    return Step(play)


def garbage(data: bytes) -> Step:
    """Bytes that are no HTTP."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(data)
        raise Hangup

    return Step(play)


def reset_unread() -> Step:
    """Hang up before the request is read."""

    async def play(exchange: Exchange) -> None:
        raise AssertionError

    return Step(play, reads=False)


def reset() -> Step:
    """Hang up after the request was read."""

    async def play(exchange: Exchange) -> None:
        raise Hangup(reset=True)

    return Step(play)


def silence() -> Step:
    """Read the request and never answer."""
    return Step(Exchange.until_gone)


def stalled(content: bytes) -> Step:
    """Half of a body, and then nothing, the connection still open."""

    async def play(exchange: Exchange) -> None:
        length = {"Content-Length": str(len(content))}
        await exchange.write(head(200, length) + content[: len(content) // 2])
        await exchange.until_gone()

    return Step(play)


def when(gate: anyio.Event, step: Step) -> Step:
    """Answer only when the gate is open."""

    async def play(exchange: Exchange) -> None:
        await gate.wait()
        await step.play(exchange)

    return Step(play)


def then_close(step: Step) -> Step:
    """Answer in full, without a word about closing, and close."""

    async def play(exchange: Exchange) -> None:
        await step.play(exchange)
        raise Hangup

    return Step(play)


@define
class Ledger:
    """Carries a request out once per idempotency key, as PortOne does, and repeats the first answer."""

    first: Step
    executed: int = 0
    _done: set[str] = field(factory=set)

    def execute(self, request: Seen) -> None:
        assert request.key is not None
        if request.key not in self._done:
            self._done.add(request.key)
            self.executed += 1

    def answers(self) -> Step:
        """Carry out, if that was not done, and answer."""

        async def play(exchange: Exchange) -> None:
            self.execute(exchange.request)
            await self.first.play(exchange)

        return Step(play)

    def loses(self, step: Step) -> Step:
        """Carry out, and have the answer lost in some way."""

        async def play(exchange: Exchange) -> None:
            self.execute(exchange.request)
            await step.play(exchange)

        return Step(play)
