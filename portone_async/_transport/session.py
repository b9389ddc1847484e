"""The `[fast]` wire: aiohttp, whose parser is compiled. On asyncio only."""

from __future__ import annotations

import ssl
from typing import Any
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
import sniffio
from attrs import define, field

from portone_async._errors import ClientClosedError, InvalidArgumentError
from portone_async._operation import Timeout
from portone_async._request import Request
from portone_async._response import OK
from portone_async._transport.interface import KEEPALIVE, Answer, Sink, fault, require
from portone_async._transport.proxies import environment_proxy


@define(eq=False)
class Session:
    """One aiohttp session per event loop, with aiohttp's own pool."""

    base_url: str
    limit: int
    _aiohttp: Any = field(init=False)
    _ssl: ssl.SSLContext = field(init=False)
    _proxy: str | None = field(init=False)
    _sessions: WeakKeyDictionary[Any, Any] = field(init=False, factory=WeakKeyDictionary)
    _closed: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._aiohttp = require("aiohttp", "fast")
        httpx: Any = require("httpx", None)
        self._ssl = httpx.create_ssl_context(verify=self.base_url.startswith("https:"))
        self._proxy = environment_proxy(self.base_url)

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt."""
        session = self._session()
        url = self._aiohttp.client.URL(request.url, encoded=True)
        limits = self._aiohttp.ClientTimeout(
            connect=timeout.pool, sock_connect=timeout.connect, sock_read=timeout.read
        )
        try:
            async with session.request(
                request.method,
                url,
                headers=request.headers,
                data=request.content,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=limits,
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                if sink is None or response.status not in OK:
                    return Answer(response.status, headers, await response.read())
                async for piece in response.content.iter_any():
                    await sink(piece)
                return Answer(response.status, headers, b"")
        except (self._aiohttp.ClientError, TimeoutError, OSError) as error:
            # From None: messages may repeat bytes that were sent or came.
            raise fault(error) from None
        except RuntimeError:
            if self._closed:
                raise ClientClosedError("this client was closed during the call") from None
            raise

    def _session(self) -> Any:
        if sniffio.current_async_library() != "asyncio":
            raise InvalidArgumentError("wire='aiohttp' runs on asyncio only")
        if self._closed:
            raise ClientClosedError("this client was closed while the call waited for its turn")
        token = anyio.lowlevel.current_token().native_token
        session = self._sessions.get(token)
        if session is None:
            connector = self._aiohttp.TCPConnector(
                limit=self.limit, ssl=self._ssl, keepalive_timeout=KEEPALIVE
            )
            session = self._sessions[token] = self._aiohttp.ClientSession(
                connector=connector, cookie_jar=self._aiohttp.DummyCookieJar()
            )
        return session

    async def aclose(self) -> None:
        """Close the session of this event loop."""
        self._closed = True
        session = self._sessions.pop(anyio.lowlevel.current_token().native_token, None)
        if session is not None:
            await session.close()
        self._sessions.clear()
