"""The shop and an emulator: in process, or served by uvicorn for webhooks, load and browsers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from socket import socket
from typing import Any, TypeVar

import httpx
import orjson
import uvicorn
from sqlalchemy import select, update

from examples.shop.__main__ import listen, serve
from examples.shop.app import create_app
from examples.shop.clock import now
from examples.shop.database import Database
from examples.shop.settings import Settings
from examples.shop.shop import Shop
from examples.shop.tables import Base, Order, OrderState
from examples.shop.webhooks import PATH
from portone_async import CallEnd, Hooks, PortOne, webhooks
from portone_emulator import Emulator

Row = TypeVar("Row", bound=Base)
PASSWORD = "staff password"


class ManualClock:
    """The shop's clock: it stands still until the test moves it."""

    def __init__(self) -> None:
        self._time = now()

    def __call__(self) -> datetime:
        return self._time

    def advance(self, *, hours: float = 0, minutes: float = 0) -> None:
        self._time += timedelta(hours=hours, minutes=minutes)


class Harness:
    """A running shop, an emulator, and a browser without JavaScript."""

    def __init__(
        self,
        emulator: Emulator,
        shop: Shop,
        clock: ManualClock,
        browser: httpx.AsyncClient,
        url: str,
    ) -> None:
        self.emulator, self.shop, self.clock = emulator, shop, clock
        self.browser, self.url = browser, url
        self.staff = httpx.BasicAuth("any", PASSWORD)

    @property
    def webhook_url(self) -> str:
        return self.url + PATH

    async def place_order(self, product: str = "beans", quantity: int = 1) -> str:
        """Order, and return the order's id; the browser is at the payment window then."""
        form = {"product": product, "quantity": str(quantity)}
        response = await self.browser.post("/orders", data=form)
        assert response.status_code == 303, response.text
        return httpx.URL(response.headers["location"]).path.removeprefix("/checkout/")

    async def return_from_window(self, order_id: str) -> None:
        response = await self.browser.get(f"/orders/{order_id}/back")
        assert response.status_code == 303

    async def refund(self, order_id: str, amount: int, refund_id: str) -> httpx.Response:
        form = {"id": refund_id, "amount": str(amount), "reason": "returned"}
        path = f"/admin/orders/{order_id}/refunds"
        return await self.browser.post(path, data=form, auth=self.staff)

    async def deliver(
        self, event_type: str, order_id: str, message_id: str | None = None, **data: int
    ) -> httpx.Response:
        """Deliver a webhook about a payment as PortOne does."""
        payment: dict[str, Any] = {
            "storeId": self.emulator.store_id,
            "paymentId": order_id,
            "transactionId": "tx-1",
            **data,
        }
        if "Cancelled" in event_type:
            payment["cancellationId"] = "cancellation-1"
        return await self.deliver_event(event_type, payment, message_id)

    async def deliver_event(
        self, event_type: str, data: dict[str, Any], message_id: str | None = None
    ) -> httpx.Response:
        event = {"type": event_type, "timestamp": "2026-07-03T09:00:00Z", "data": data}
        return await self.deliver_body(orjson.dumps(event), message_id)

    async def deliver_body(self, body: bytes, message_id: str | None = None) -> httpx.Response:
        headers = webhooks.sign(body, self.emulator.webhook_secret, message_id=message_id)
        return await self.browser.post(PATH, content=body, headers=headers)

    @asynccontextmanager
    async def events(self, path: str) -> AsyncGenerator[AsyncGenerator[str]]:
        """Listen to a page's server-sent events: the HTML in each of them."""

        async def parse(lines: AsyncIterator[str]) -> AsyncGenerator[str]:
            async for line in lines:
                if line.startswith("data: "):
                    yield orjson.loads(line.removeprefix("data: "))

        async with self.browser.stream("GET", path, timeout=httpx.Timeout(10)) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            async with aclosing(parse(response.aiter_lines())) as pieces:
                yield pieces

    async def state(self, order_id: str) -> tuple[str, int]:
        order = await self.order(order_id)
        return order.state, order.refunded

    async def change_state(self, order_id: str, state: OrderState) -> None:
        """Change an order as another process would, without a notification in this one."""
        async with self.shop.sessions.begin() as db:
            await db.execute(update(Order).where(Order.id == order_id).values(state=state))

    async def rows(self, table: type[Row], **where: Any) -> list[Row]:
        async with self.shop.sessions() as db:
            return list(await db.scalars(select(table).filter_by(**where)))

    async def order(self, order_id: str) -> Order:
        [order] = await self.rows(Order, id=order_id)
        return order


class OneRetrySettings(Settings):
    """Settings of a shop that retries once, not twice."""

    def portone(self) -> PortOne:
        return PortOne(self.api_secret, base_url=self.api_url, max_retries=1)


@dataclass(frozen=True, kw_only=True)
class LoggingSettings(Settings):
    """Settings of a shop that retries once, and logs which process calls PortOne: its id in a line for each call."""

    log: Path

    def portone(self) -> PortOne:
        def log(_: CallEnd) -> None:
            with self.log.open("a") as file:
                file.write(f"{os.getpid()}\n")

        hooks = Hooks(on_end=log)
        return PortOne(self.api_secret, base_url=self.api_url, max_retries=1, hooks=hooks)


def settings(
    emulator: Emulator, folder: Path, url: str, kind: Callable[..., Settings] = Settings
) -> Settings:
    return kind(
        shop_url=url,
        window_url=emulator.url,
        database_url=f"sqlite+aiosqlite:///{folder / 'shop.db'}",
        api_url=emulator.url,
        api_secret=emulator.secret,
        webhook_secret=emulator.webhook_secret,
        staff_password=PASSWORD,
        # Tests sweep themselves, and open pages learn of changes by notification only.
        sweep_seconds=3600,
        refresh_seconds=3600,
    )


@asynccontextmanager
async def in_process(
    folder: Path, *, sub_store_ids: list[str] | None = None
) -> AsyncGenerator[Harness]:
    """Open the shop without a server. Its webhooks are delivered by the test, or not at all."""
    url = "http://shop.test"
    async with Emulator(shop_origins=[url], sub_store_ids=sub_store_ids or []) as emulator:
        clock = ManualClock()
        app = create_app(settings(emulator, folder, url), clock)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=url) as browser:
                yield Harness(emulator, app.state.shop, clock, browser, url)


@asynccontextmanager
async def served(
    folder: Path, kind: type[Settings] = Settings, *, refresh_seconds: float = 3600
) -> AsyncGenerator[Harness]:
    """Serve the shop by uvicorn, so that the emulator's webhooks reach it."""
    listener = listen(0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with Emulator(webhook_url=url + PATH, shop_origins=[url]) as emulator:
        clock = ManualClock()
        shop_settings = settings(emulator, folder, url, kind)
        app = create_app(replace(shop_settings, refresh_seconds=refresh_seconds), clock)
        started = asyncio.Event()
        server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                ws="none",
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            ),
            started,
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(10):
                await started.wait()
            # The client closes idle connections first: if the server did, that could hit a request that is just being
            # sent.
            limits = httpx.Limits(max_connections=200, keepalive_expiry=2)
            async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as browser:
                yield Harness(emulator, app.state.shop, clock, browser, url)
        finally:
            server.should_exit = True
            await task
            listener.close()


@asynccontextmanager
async def served_by_workers(
    folder: Path, database_url: str, redis_url: str, workers: int
) -> AsyncGenerator[Harness]:
    """Serve the shop by several processes. This one has a shop of its own, on the same database."""
    listener = listen(0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with Emulator(webhook_url=url + PATH, shop_origins=[url]) as emulator:
        shop_settings = replace(
            settings(emulator, folder, url, partial(LoggingSettings, log=folder / "log")),
            database_url=database_url,
            redis_url=redis_url,
        )
        process = get_context("spawn").Process(
            target=serve, args=(shop_settings, listener, workers)
        )
        database = Database(shop_settings)
        await database.create_tables()
        process.start()
        clock = ManualClock()
        try:
            async with (
                shop_settings.portone() as portone,
                httpx.AsyncClient(
                    base_url=url, limits=httpx.Limits(keepalive_expiry=2), timeout=60
                ) as browser,
            ):
                await browser.get("/")  # waits for the first worker
                shop = Shop(shop_settings, portone, database.sessions, clock)
                yield Harness(emulator, shop, clock, browser, url)
        finally:
            process.terminate()
            await asyncio.to_thread(process.join)
            await database.aclose()
            listener.close()


class _Server(uvicorn.Server):
    """Sets an event when it has started."""

    def __init__(self, config: uvicorn.Config, started: asyncio.Event) -> None:
        super().__init__(config)
        self._started_event = started

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._started_event.set()
