"""The transports and event loops on which the same behaviour is tested."""

from __future__ import annotations

import importlib
import os
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

import pytest
from attrs import define

from portone_async import PortOne, RequestOptions, RetryPolicy
from tests.core.conftest import SECRET

EXHAUSTIVE: Final = bool(os.environ.get("PORTONE_TESTS_EXHAUSTIVE"))
"""Whether to test every case there is, which takes many minutes, and not a sample of them."""
ONCE: Final = RequestOptions(max_retries=0)
AT_ONCE: Final = RetryPolicy(initial_delay=0)
"""Retries without waiting first."""


@define(frozen=True)
class Kind:
    """A transport on an event loop."""

    transport: Literal["httpx", "direct"]
    loop: Literal["asyncio", "uvloop", "trio"]
    library: Literal["httpx", "httpx2"] | None = None
    """Of the user's `http_client`."""

    def __str__(self) -> str:
        name = self.transport if self.library is None else f"{self.library} client"
        return f"{name}-{self.loop}"

    @property
    def backend(self) -> tuple[str, dict[str, Any]]:
        """The event loop, as anyio's pytest plugin takes it."""
        if self.loop == "trio":
            return "trio", {}
        return "asyncio", {"use_uvloop": self.loop == "uvloop"}

    def require(self) -> None:
        """Skip the test where what it needs is not installed."""
        for module in (self.library, self.loop):
            if module in ("httpx2", "uvloop", "trio"):
                pytest.importorskip(module)

    @asynccontextmanager
    async def client(
        self,
        url: str,
        *,
        api_secret: str = SECRET,
        max_connections: int | None = None,
        ssl_context: ssl.SSLContext | None = None,
        **options: Any,
    ) -> AsyncGenerator[PortOne]:
        """A client that sends by this transport."""
        if self.library is None:
            options |= {"transport": self.transport, "max_connections": max_connections}
            async with PortOne(
                api_secret, base_url=url, ssl_context=ssl_context, **options
            ) as portone:
                yield portone
            return
        httpx: Any = importlib.import_module(self.library)
        if ssl_context is None and url.startswith("http:"):
            ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used, and quick to make
        arguments: dict[str, Any] = {} if ssl_context is None else {"verify": ssl_context}
        if max_connections is not None:
            arguments["limits"] = httpx.Limits(max_connections=max_connections)
        async with (
            httpx.AsyncClient(**arguments) as http_client,
            PortOne(api_secret, base_url=url, http_client=http_client, **options) as portone,
        ):
            yield portone


DEFAULT: Final = [Kind("httpx", "asyncio"), Kind("httpx", "uvloop"), Kind("httpx", "trio")]
DIRECT: Final = [Kind("direct", "asyncio"), Kind("direct", "uvloop")]
OWN: Final = [*DEFAULT, *DIRECT]
"""The package's own transports, as opposed to a client of the user's."""
USERS: Final = [Kind("httpx", "asyncio", "httpx"), Kind("httpx", "asyncio", "httpx2")]
EVERY: Final = [*OWN, *USERS]


def on(kinds: list[Kind]) -> pytest.MarkDecorator:
    """Run a test on these kinds rather than on every one."""
    return pytest.mark.kinds(kinds)
