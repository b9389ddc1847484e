"""Servers for what a script of whole responses cannot show: in a thread of their own, or with little room."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
from anyio.abc import AnyByteStream, SocketAttribute
from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import define, field

from portone_async import PortOne, RequestOptions, models, with_response
from tests.core.conftest import paid
from tests.core.server import (
    PATIENCE,
    Exchange,
    Server,
    Step,
    answer,
    head,
    reset_on_close,
    serving,
    when,
)


def named(payment_id: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A response with the payment of an id."""
    body = json.dumps(paid(id=payment_id)).encode()
    return head(200, {"Content-Length": str(len(body)), **(headers or {})}) + body


RESPONSE = named("another")
BIG = {"text": "x" * 16_000_000}
"""JSON that does not fit into what the sockets of both sides hold."""


def requested_id(exchange: Exchange) -> str:
    """The payment id that was asked for."""
    return exchange.request.path.split("/")[2]


def sends(data: bytes) -> Step:
    """These bytes and no others."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(data)

    return Step(play)


async def get_paid(
    portone: PortOne, payment_id: str, options: RequestOptions | None = None
) -> models.PaidPayment:
    """Get a payment that is paid, as all of `named` are."""
    payment = await portone.payment.get_payment(payment_id, options=options)
    assert isinstance(payment, models.PaidPayment)
    return payment


async def get_at_once(portone: PortOne, payment_id: str) -> models.PaidPayment:
    """Get a payment that is paid, at the first attempt."""
    result = await with_response(portone.payment.get_payment, payment_id)
    assert result.response.attempts == 1
    assert isinstance(result.value, models.PaidPayment)
    return result.value


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true, asking again and again; it has to become so soon."""
    with anyio.fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110  (nothing tells)
            await anyio.sleep(0.001)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def open_files() -> int:
    """How many files and sockets the process has open."""
    return len([*Path("/dev/fd").iterdir()])


async def check_capacity(portone: PortOne, server: Server, count: int) -> None:
    """Check that so many requests still run at once."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    before = len(server.requests)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(portone.payment.get_payment, "order-1")
            await server.until(lambda: len(server.requests) == before + count)
            gate.set()


@define
class DistantServer:
    """A server in a thread of its own: it goes on while the client's event loop is held up."""

    server: Server
    portal: BlockingPortal
    exchanges: list[Exchange] = field(factory=list)

    def keep(self, step: Step) -> None:
        """Play a step with the next request, and keep its connection at hand."""

        async def play(exchange: Exchange) -> None:
            self.exchanges.append(exchange)
            await step.play(exchange)

        self.server.plays(Step(play))

    def write(self, data: bytes) -> None:
        """Write by the last connection; on loopback the client's socket has the bytes when this returns."""
        self.portal.call(self.exchanges[-1].write, data)

    def hang_up(self, *, reset: bool = False) -> None:
        """End the last connection."""
        stream = self.exchanges[-1].stream
        if reset:
            reset_on_close(stream)
        self.portal.call(stream.aclose)


@contextmanager
def distant_server(tls: ssl.SSLContext | None) -> Generator[DistantServer]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(tls)) as server,
    ):
        yield DistantServer(server, portal)


@asynccontextmanager
async def listening(
    handler: Callable[[AnyByteStream], Awaitable[None]], host: str = "127.0.0.1"
) -> AsyncGenerator[str]:
    """A server that does as it likes with each connection. Yields its URL."""

    async def handle(stream: AnyByteStream) -> None:
        async with stream:
            with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
                await handler(stream)

    listener = (await anyio.create_tcp_listener(local_host=host, local_port=0)).listeners[0]
    async with listener, anyio.create_task_group() as tasks:
        port: int = listener.extra(SocketAttribute.local_port)  # noqa: S610  (of anyio's)
        tasks.start_soon(listener.serve, handle)
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        tasks.cancel_scope.cancel()


async def until_gone(stream: AnyByteStream) -> None:
    """Read until the other side hangs up."""
    with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
        while True:
            await stream.receive()


@define
class Peer:
    """The server's side of a connection, which reads nothing before it is told to."""

    sock: socket.socket

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end."""
        await anyio.wait_readable(self.sock)
        with suppress(ConnectionError):
            return self.sock.recv(65_536)
        return b""

    async def send(self, data: bytes) -> None:
        while data:
            await anyio.wait_writable(self.sock)
            data = data[self.sock.send(data) :]

    async def count_rest(self) -> int:
        """Return how many bytes arrive until the other side hangs up."""
        count = 0
        while data := await self.receive():
            count += len(data)
        return count


@asynccontextmanager
async def small_server(handler: Callable[[Peer], Awaitable[None]]) -> AsyncGenerator[str]:
    """A server with little room for what it does not read. Yields its URL."""

    async def serve(sock: socket.socket) -> None:
        with sock:
            sock.settimeout(0)
            with suppress(ConnectionError):
                await handler(Peer(sock))

    async def accept() -> None:
        while True:
            await anyio.wait_readable(listener)
            tasks.start_soon(serve, listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        listener.settimeout(0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(accept)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            tasks.cancel_scope.cancel()


@define
class DeafServer:
    """A server with TLS that responds once on each connection, and then hears nothing any more."""

    url: str
    requests: int = 0
    gate: threading.Event = field(factory=threading.Event)
    """Responses are sent when it is set."""

    def serve(self, raw: socket.socket, tls: ssl.SSLContext, end: threading.Event) -> None:
        with suppress(OSError), raw, tls.wrap_socket(raw, server_side=True) as stream:
            stream.recv(100_000)
            self.requests += 1
            self.gate.wait(PATIENCE)
            stream.sendall(RESPONSE)
            end.wait()


@contextmanager
def deaf_server(tls: ssl.SSLContext) -> Generator[DeafServer]:
    end = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        server = DeafServer(f"https://127.0.0.1:{listener.getsockname()[1]}")

        def accept() -> None:
            with suppress(OSError):
                while True:
                    raw, _ = listener.accept()
                    threads.append(threading.Thread(target=server.serve, args=(raw, tls, end)))
                    threads[-1].start()

        threads = [threading.Thread(target=accept)]
        threads[0].start()
        try:
            yield server
        finally:
            end.set()
            listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
