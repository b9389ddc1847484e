"""uvicorn in a thread of its own, independent of the caller's event loop."""

from __future__ import annotations

import asyncio
import socket
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING

import uvicorn

from portone_emulator.http.connection import ConnectionExposingProtocol
from portone_emulator.http.threads import join

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
_WILDCARDS = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  (their loopback addresses)
_START_TIMEOUT = 10.0
_STOP_TIMEOUT = 0.1
_BACKLOG = 2048


class _Server(uvicorn.Server):
    """uvicorn's server, with a fast stop.

    uvicorn itself polls ten times a second whether to stop, and then waits for connections to
    close: a quarter of a second for every test with an emulator.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    async def main_loop(self) -> None:
        """Serve until `request_stop()`."""
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let running requests finish or cancel them, and close the connections."""
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        running = set(self.server_state.tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=_STOP_TIMEOUT)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for connection in list(self.server_state.connections):
            connection.shutdown()

    def request_stop(self) -> None:
        """Make the server stop. Thread-safe."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)


class LoopbackServer:
    """An application served from `start()` to `stop()`."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            http=ConnectionExposingProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            # Longer than clients keep idle connections: a request sent on a connection that is
            # just being closed would be lost.
            timeout_keep_alive=75,
            # uvicorn sets these in the loop that `main_loop` replaces.
            server_header=False,
            date_header=False,
        )
        self._server = _Server(config)
        self._socket = _listen(host, port)
        self._thread = Thread(
            target=self._server.run, args=([self._socket],), name="portone-emulator", daemon=True
        )
        name = _WILDCARDS.get(host, host)
        url_host = f"[{name}]" if ":" in name else name
        self.url = f"http://{url_host}:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Start the server; return once it accepts requests.

        Raises:
            RuntimeError: the server did not start.
        """
        self._thread.start()
        if not self._server.ready.wait(_START_TIMEOUT):
            self._socket.close()
            raise RuntimeError("the emulator's server did not start")

    def stop(self) -> None:
        """Stop the server; return once the port is free.

        Raises:
            RuntimeError: the thread does not stop.
        """
        self._server.request_stop()
        try:
            join(self._thread, "serves requests")
        finally:
            self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    # Name the protocol: only then does asyncio disable Nagle's algorithm, which would delay every
    # response by 40 ms, waiting for an acknowledgement.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
