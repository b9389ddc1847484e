"""What these tests share. This folder is no package: it would hide FastAPI's own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from portone_async import PortOne
from portone_async.webhooks import sign

SECRET = "whsec_cG9ydG9uZS1hc3luYydzIHdlYmhvb2sgdGVzdCBrZXk="
OTHER = "whsec_YW5vdGhlciBrZXksIGZyb20gYmVmb3JlIHRoZSBjaGFuZ2U="
PATH = "/webhooks/portone"


def body(kind: str = "Transaction.Paid", payment_id: str = "order-1") -> bytes:
    data = {"storeId": "store-1", "paymentId": payment_id, "transactionId": "tx-1"}
    return json.dumps({"type": kind, "timestamp": "2026-07-03T09:00:00Z", "data": data}).encode()


async def deliver(
    http: httpx.AsyncClient, message_id: str = "msg_1", content: bytes | None = None, **changes: str
) -> httpx.Response:
    """Do what PortOne does."""
    content = body() if content is None else content
    headers = {"content-type": "application/json"} | sign(content, SECRET, message_id=message_id)
    return await http.post(PATH, content=content, headers=headers | changes)


@asynccontextmanager
async def serving(app: Any, *, raises: bool = False) -> AsyncIterator[httpx.AsyncClient]:
    """The app in process, its lifespan run; its 500s as PortOne sees them unless they are asked to raise."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop") as http,
    ):
        yield http


def portone(status: int = 200, content: Any = None, **headers: str) -> PortOne:
    """A client whose every call is answered like this."""

    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(content, Exception):
            raise content
        return httpx.Response(status, json=content, headers=headers)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return PortOne("secret", http_client=http, max_retries=0)


def app_with(*routers: Any, **options: Any) -> FastAPI:
    app = FastAPI(**options)
    for router in routers:
        app.include_router(router)
    return app
