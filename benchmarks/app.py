"""A FastAPI app, in a process of its own, whose only handler awaits one call of a contender.

`python -m benchmarks.app NAME URL PORT`
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from benchmarks.contenders import CONTENDERS, Call


async def no_call(_url: str) -> Call:
    """Call nothing: what FastAPI and uvicorn take by themselves."""

    async def call(_payment_id: str) -> Any:
        return None

    return call


def build_app(name: str, url: str) -> FastAPI:
    """Build the app. Its client is created in the lifespan and shared by all requests."""
    call: Call

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        nonlocal call
        call = await (no_call if name == "no_call" else CONTENDERS[name])(url)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/payments/{payment_id}")
    async def handler(payment_id: str) -> dict[str, bool]:
        await call(payment_id)
        return {"known": True}

    return app


if __name__ == "__main__":
    name, url, port = sys.argv[1:]
    uvicorn.run(build_app(name, url), port=int(port), log_level="warning")
