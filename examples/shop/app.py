"""The app: its parts put together, and what is open while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from portone_async import PortOneError
from portone_async.fastapi import ClientDependency, lifespan

from . import admin, pages
from .clock import Clock, now
from .database import Database
from .error_pages import error_page
from .guard import require_same_site
from .settings import Settings
from .shop import Shop
from .sweep import keep_deleting_expired, keep_sweeping
from .webhooks import webhook_router

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STATIC: Final = Path(__file__).parent / "static"
_SECURITY_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'self'; img-src data:; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),  # whoever knows an order's address can see the order
    (b"x-content-type-options", b"nosniff"),
)


def create_app(settings: Settings, clock: Clock = now) -> FastAPI:
    """Build the app. Nothing is opened before it starts."""
    database = Database(settings)

    @asynccontextmanager
    async def open_shop(app: FastAPI) -> AsyncGenerator[None]:
        await database.create_tables()
        app.state.shop = Shop(settings, app.state.portone, database.sessions, clock)
        work = [
            asyncio.create_task(keep_sweeping(app.state.shop)),
            asyncio.create_task(keep_deleting_expired(database)),
        ]
        try:
            yield
        finally:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
            await database.aclose()

    portone = ClientDependency(settings.portone)
    app = FastAPI(title="Bean there", lifespan=lifespan(portone, inner=open_shop), openapi_url=None)
    app.include_router(pages.router, dependencies=[Depends(require_same_site)])
    app.include_router(admin.router, dependencies=[Depends(require_same_site)])
    app.include_router(webhook_router(settings.webhook_secret, database.webhooks))
    app.mount("/static", StaticFiles(directory=_STATIC))
    app.add_exception_handler(PortOneError, error_page)
    app.add_exception_handler(HTTPException, error_page)
    app.add_middleware(_SecurityHeaders)
    return app


class _SecurityHeaders:
    """Adds the headers that keep other sites' scripts and frames out of the pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app: Final = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app, and add the headers to its response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
