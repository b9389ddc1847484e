"""An app that several processes run: for each store, a webhook's route that logs how often its handler was called.

    python store_worker.py LOG serve|hang NAME=LEASE=URL ...

It prints its port when it serves. With `hang`, no handler ends, and each prints a line.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import uvicorn
from fastapi import FastAPI
from fastapi_samples import PATH, SECRET
from store_samples import open_store

from portone_async.fastapi import VerifiedWebhook, WebhookRouter, WebhookStore


def router(name: str, store: WebhookStore, log: Path, *, hangs: bool) -> WebhookRouter:
    """Return a route that logs, in a line, each call of its handler."""
    # On a busy machine, two hundred deliveries at once take longer than five seconds.
    webhooks = WebhookRouter(SECRET, store=store, store_timeout=60, prefix=f"/{name}")

    @webhooks.post(PATH)
    async def on_webhook(message: VerifiedWebhook) -> None:  # pyright: ignore[reportUnusedFunction]
        with log.open("a") as file:  # appends in one step
            file.write(f"{name} {message.id}\n")
        if hangs:
            print("hangs", flush=True)  # noqa: T201
            await anyio.sleep_forever()

    return webhooks


def main(log: Path, mode: str, stores: list[str]) -> None:
    """Serve until killed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for name, lease, url in (store.split("=", 2) for store in stores):
                seconds = timedelta(seconds=float(lease))
                store = await stack.enter_async_context(open_store(url, seconds))
                app.include_router(router(name, store, log, hangs=mode == "hang"))
            print(listener.getsockname()[1], flush=True)  # noqa: T201
            yield

    app = FastAPI(lifespan=lifespan)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
