"""uvicorn on loopback, in a thread of its own, so that the caller's event loop may be any."""

from __future__ import annotations

import asyncio
import socket
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING

import uvicorn

from portone_async.emulator.connection import CuttableProtocol
from portone_async.emulator.threads import join

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
_ANY = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - to where a browser here gets to it
_START_TIMEOUT = 10.0
_STOP_TIMEOUT = 0.1
_BACKLOG = 2048


class _Server(uvicorn.Server):
    """uvicorn's server, which stops when told to.

    uvicorn's own looks ten times a second whether it should, and waits again for connections to
    close: a quarter of a second for each test that has an emulator.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    async def main_loop(self) -> None:
        """Serve until `tell_to_stop()`."""
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let running requests end or cancel them, and close the connections."""
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

    def tell_to_stop(self) -> None:
        """Stop serving. May be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)


class LoopbackServer:
    """Serves an application from `start()` to `stop()`."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            http=CuttableProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            # Longer than clients keep theirs: a request on a connection that is just being closed is lost.
            timeout_keep_alive=75,
            # uvicorn writes these in the loop that `main_loop` replaces.
            server_header=False,
            date_header=False,
        )
        self._server = _Server(config)
        self._socket = _listen(host, port)
        self._thread = Thread(
            target=self._server.run, args=([self._socket],), name="portone-emulator", daemon=True
        )
        name = _ANY.get(host, host)
        shown = f"[{name}]" if ":" in name else name
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Serve; returns when requests are answered.

        Raises:
            RuntimeError: the server did not come up.
        """
        self._thread.start()
        if not self._server.ready.wait(_START_TIMEOUT):
            self._socket.close()
            raise RuntimeError("the emulator's server did not start")

    def stop(self) -> None:
        """Stop serving; returns when the port is free.

        Raises:
            RuntimeError: it hangs.
        """
        self._server.tell_to_stop()
        try:
            join(self._thread, "answers requests")
        finally:
            self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    # With its protocol named: only then does asyncio turn off Nagle's algorithm, which would make
    # every reply wait 40 ms for an acknowledgement.
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
