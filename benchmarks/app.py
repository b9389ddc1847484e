"""A FastAPI app whose one handler awaits one call of a contender, in a process of its own.

`python -m benchmarks.app NAME URL PORT`
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from benchmarks.clients import CONTESTANTS, Call


async def bare(url: str) -> Call:
    """No call at all: what FastAPI and uvicorn take for themselves."""

    async def call(payment_id: str) -> Any:
        return None

    return call


def app(name: str, url: str) -> FastAPI:
    """The client is made with the app's lifespan, and shared by all requests."""
    call: Call

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        nonlocal call
        call = await (bare if name == "bare" else CONTESTANTS[name])(url)
        yield

    made = FastAPI(lifespan=lifespan)

    @made.get("/payments/{payment_id}")
    async def handler(payment_id: str) -> dict[str, bool]:
        await call(payment_id)
        return {"known": True}

    return made


if __name__ == "__main__":
    name, url, port = sys.argv[1:]
    uvicorn.run(app(name, url), port=int(port), log_level="warning")
