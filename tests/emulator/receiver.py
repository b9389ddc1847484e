"""A shop's webhook endpoint."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import httpx


@dataclass
class Webhook:
    """A received webhook."""

    path: str
    headers: httpx.Headers
    content: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.content)

    @property
    def type(self) -> str:
        return self.json["type"]

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.content.decode()))


@dataclass
class Receiver:
    """Receives webhooks.

    It responds with the next of `statuses`, or 200. `on_webhook` is called before the response.
    """

    url: str = ""
    received: list[Webhook] = field(default_factory=list)
    statuses: deque[int] = field(default_factory=deque)
    on_webhook: Callable[[Webhook], object] = lambda _: None

    @property
    def types(self) -> list[str]:
        return [webhook.type for webhook in self.received]


@contextmanager
def receiving() -> Generator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            webhook = Webhook(self.path, httpx.Headers(self.headers.items()), content)
            receiver.received.append(webhook)
            receiver.on_webhook(webhook)
            self.send_response(receiver.statuses.popleft() if receiver.statuses else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Ignore the error when a stopping emulator closes the connection."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhook"
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
