"""One webhook's way over HTTP."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from portone_async import webhooks
from portone_async.emulator.deliveries import Attempt, Delivery

TIMEOUT = 30.0
"""Seconds that PortOne gives a shop to take the connection, and again to answer."""

_CONTENT_KEPT = 10_000


def made_secret(seed: int) -> str:
    """Make a webhook secret, the same for the same seed: it guards nothing but loopback."""
    key = hashlib.sha256(f"{seed}/webhook-secret".encode()).digest()
    return f"whsec_{base64.b64encode(key).decode()}"


def check_secret(secret: str) -> None:
    """Refuse what is no webhook secret.

    Raises:
        InvalidArgumentError: it is not.
    """
    webhooks.sign(b"", secret)


class Poster:
    """Sends webhooks, signed with the store's secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def post(self, delivery: Delivery, at: datetime) -> Attempt:
        """Send a webhook once; whatever goes wrong is written in the attempt.

        It is signed with the real time, as the shop's clock is real, however far the emulator's
        clock was moved.
        """
        headers = {
            "Content-Type": delivery.content_type,
            **webhooks.sign(delivery.content, self._secret, message_id=delivery.id),
        }
        try:
            client = self._client(delivery.url)
            reply = await client.post(delivery.url, content=delivery.content, headers=headers)
        except Exception as error:  # noqa: BLE001 - wherever a URL leads, the others still go out
            return Attempt(at=at, error=type(error).__name__)
        return Attempt(
            at=at,
            status=reply.status_code,
            headers=tuple(reply.headers.items()),
            content=reply.content[:_CONTENT_KEPT],
        )

    async def aclose(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    def _client(self, url: str) -> httpx.AsyncClient:
        """Return the client for a URL: only TLS needs one with certificates, which load slowly."""
        is_secure = urlsplit(url).scheme == "https"
        if is_secure not in self._clients:
            # The environment's proxies are not for loopback, where most webhooks go.
            self._clients[is_secure] = httpx.AsyncClient(
                timeout=TIMEOUT,
                verify=is_secure,
                trust_env=False,
                # Shorter than uvicorn keeps them: a webhook on a connection that is just being closed is lost.
                limits=httpx.Limits(keepalive_expiry=2),
            )
        return self._clients[is_secure]
