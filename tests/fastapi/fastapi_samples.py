"""Shared by these tests. This folder is not a package, as it would hide FastAPI's own."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from portone_async import PortOne
from portone_async.webhooks import sign

SECRET = "whsec_cG9ydG9uZS1hc3luYydzIHdlYmhvb2sgdGVzdCBrZXk="
OTHER = "whsec_YW5vdGhlciBrZXksIGZyb20gYmVmb3JlIHRoZSBjaGFuZ2U="
PATH = "/webhooks/portone"


def body(kind: str = "Transaction.Paid", payment_id: str = "order-1", **more: object) -> bytes:
    data = {"storeId": "store-1", "paymentId": payment_id, "transactionId": "tx-1", **more}
    return json.dumps({"type": kind, "timestamp": "2026-07-03T09:00:00Z", "data": data}).encode()


async def deliver(
    http: httpx.AsyncClient,
    message_id: str = "msg_1",
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send a webhook as PortOne does, with some headers replaced."""
    content = body() if content is None else content
    signed = {"content-type": "application/json"} | sign(content, SECRET, message_id=message_id)
    return await http.post(PATH, content=content, headers=signed | dict(headers or {}))


@asynccontextmanager
async def serving(app: Any, *, raises: bool = False) -> AsyncGenerator[httpx.AsyncClient]:
    """Run the app in this process, with its lifespan. With `raises`, exceptions are raised instead of becoming 500s."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop") as http,
    ):
        yield http


def portone(status: int = 200, content: Any = None, **headers: str) -> PortOne:
    """Return a client that receives this response to every call."""

    def respond(request: httpx.Request) -> httpx.Response:
        if isinstance(content, Exception):
            raise content
        return httpx.Response(status, json=content, headers=headers)

    http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    return PortOne("secret", http_client=http, max_retries=0)


def app_with(*routers: Any, **options: Any) -> FastAPI:
    app = FastAPI(**options)
    for router in routers:
        app.include_router(router)
    return app
