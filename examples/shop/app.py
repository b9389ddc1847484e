"""The app: its parts put together, and what lives as long as it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from portone_async import PortOneError
from portone_async.fastapi import ClientDependency, lifespan

from . import desk, pages
from .database import open_database
from .guard import same_site
from .problems import problem
from .settings import Settings
from .shop import Shop
from .sweep import keep_sweeping
from .webhook_store import DatabaseStore
from .webhooks import webhook_router

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STATIC: Final = Path(__file__).parent / "static"
_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'self'; img-src data:; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),  # an order's address is all it takes to see the order
    (b"x-content-type-options", b"nosniff"),
)


def create_app(settings: Settings) -> FastAPI:
    """Build the app; nothing is opened before it starts."""

    @asynccontextmanager
    async def open_shop(app: FastAPI) -> AsyncGenerator[None]:
        async with open_database(settings.database_url) as sessions:
            app.state.shop = Shop(settings, app.state.portone, sessions)
            sweeping = asyncio.create_task(keep_sweeping(app.state.shop))
            try:
                yield
            finally:
                sweeping.cancel()
                with suppress(asyncio.CancelledError):
                    await sweeping

    portone = ClientDependency(settings.portone)
    app = FastAPI(title="Bean there", lifespan=lifespan(portone, inner=open_shop), openapi_url=None)
    store = DatabaseStore(lambda: app.state.shop.sessions)
    app.include_router(pages.router, dependencies=[Depends(same_site)])
    app.include_router(desk.router, dependencies=[Depends(same_site)])
    app.include_router(webhook_router(settings.webhook_secret, store))
    app.mount("/static", StaticFiles(directory=_STATIC))
    app.add_exception_handler(PortOneError, problem)
    app.add_exception_handler(HTTPException, problem)
    app.add_middleware(_SafeHeaders)
    return app


class _SafeHeaders:
    """Adds headers that keep scripts and frames of others out of the pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app: Final = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)
