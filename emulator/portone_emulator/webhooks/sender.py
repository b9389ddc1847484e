"""Sending webhooks over HTTP."""

from __future__ import annotations

import time
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from portone_emulator.webhooks.delivery import Attempt, Delivery
from portone_emulator.webhooks.signing import decode_secret, sign

TIMEOUT = 30.0
"""Seconds that PortOne waits for a shop to accept the connection, and again to respond."""

_MAX_CONTENT = 10_000


class WebhookSender:
    """Sends webhooks, signed with the store's secret."""

    def __init__(self, secret: str) -> None:
        self._key = decode_secret(secret)
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def send(self, delivery: Delivery, at: datetime) -> Attempt:
        """Send a webhook once; any failure is recorded in the attempt.

        The signature has the real time, because the shop checks it by its real clock, however far
        the emulator's clock was advanced.
        """
        headers = {
            "Content-Type": delivery.content_type,
            **sign(delivery.content, self._key, delivery.id, int(time.time())),
        }
        try:
            client = self._client(delivery.url)
            response = await client.post(delivery.url, content=delivery.content, headers=headers)
        except Exception as error:  # noqa: BLE001  (a bad URL must not stop the other webhooks)
            return Attempt(at=at, error=type(error).__name__)
        return Attempt(
            at=at,
            status=response.status_code,
            headers=tuple(response.headers.items()),
            content=response.content[:_MAX_CONTENT],
        )

    async def aclose(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    def _client(self, url: str) -> httpx.AsyncClient:
        """Return the client for a URL; only the one for TLS loads certificates, which is slow."""
        is_secure = urlsplit(url).scheme == "https"
        if is_secure not in self._clients:
            # Ignore the environment's proxies: most webhooks go to loopback.
            self._clients[is_secure] = httpx.AsyncClient(
                timeout=TIMEOUT,
                verify=is_secure,
                trust_env=False,
                # Shorter than uvicorn's keep-alive timeout: a webhook sent on a connection
                # that is just being closed would be lost.
                limits=httpx.Limits(keepalive_expiry=2),
            )
        return self._clients[is_secure]
