"""The shop with its emulator: in process, or served by uvicorn for webhooks, load and browsers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvicorn
from sqlalchemy import select

from examples.shop.__main__ import listen
from examples.shop.app import create_app
from examples.shop.settings import Settings
from examples.shop.shop import Shop
from examples.shop.tables import Order
from examples.shop.webhooks import PATH
from portone_async import PortOne, webhooks
from portone_async.emulator import Emulator

PASSWORD = "staff password"


class Stage:
    """An open shop, an emulator, and a browser without JavaScript."""

    def __init__(
        self, emulator: Emulator, shop: Shop, browser: httpx.AsyncClient, url: str
    ) -> None:
        self.emulator, self.shop, self.browser, self.url = emulator, shop, browser, url
        self.staff = httpx.BasicAuth("any", PASSWORD)

    @property
    def webhook_url(self) -> str:
        return self.url + PATH

    async def place(self, product: str = "beans", quantity: int = 1) -> str:
        """Order, and return the order's id; the browser stands before the payment window."""
        form = {"product": product, "quantity": str(quantity)}
        answer = await self.browser.post("/orders", data=form)
        assert answer.status_code == 303, answer.text
        return httpx.URL(answer.headers["location"]).path.removeprefix("/checkout/")

    async def come_back(self, order_id: str) -> None:
        answer = await self.browser.get(f"/orders/{order_id}/back")
        assert answer.status_code == 303

    async def refund(self, order_id: str, amount: int, refund_id: str) -> httpx.Response:
        form = {"id": refund_id, "amount": str(amount), "reason": "returned"}
        address = f"/desk/orders/{order_id}/refunds"
        return await self.browser.post(address, data=form, auth=self.staff)

    async def deliver(
        self, kind: str, order_id: str, message_id: str | None = None
    ) -> httpx.Response:
        """Deliver a webhook as PortOne would."""
        data = {"storeId": self.emulator.store_id, "paymentId": order_id, "transactionId": "tx-1"}
        if "Cancelled" in kind:
            data["cancellationId"] = "cancellation-1"
        return await self.deliver_event(kind, data, message_id)

    async def deliver_event(
        self, kind: str, data: dict[str, str], message_id: str | None = None
    ) -> httpx.Response:
        event = {"type": kind, "timestamp": "2026-07-03T09:00:00Z", "data": data}
        body = orjson.dumps(event)
        headers = webhooks.sign(body, self.emulator.webhook_secret, message_id=message_id)
        return await self.browser.post(PATH, content=body, headers=headers)

    @asynccontextmanager
    async def events(self, path: str) -> AsyncGenerator[AsyncGenerator[str]]:
        """Follow a page: the HTML that each of its server-sent events brings."""

        async def read(lines: AsyncIterator[str]) -> AsyncGenerator[str]:
            async for line in lines:
                if line.startswith("data: "):
                    yield orjson.loads(line.removeprefix("data: "))

        async with self.browser.stream("GET", path, timeout=httpx.Timeout(10)) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async with aclosing(read(answer.aiter_lines())) as pieces:
                yield pieces

    async def state(self, order_id: str) -> tuple[str, int]:
        order = await self.order(order_id)
        return order.state, order.refunded

    async def rows(self, table: Any, **where: Any) -> list[Any]:
        async with self.shop.sessions() as db:
            return list(await db.scalars(select(table).filter_by(**where)))

    async def order(self, order_id: str) -> Any:
        [found] = await self.rows(Order, id=order_id)
        return found


class Hasty(Settings):
    """Settings of a shop that tries once again, not twice."""

    def portone(self) -> PortOne:
        return PortOne(self.api_secret, base_url=self.api_url, max_retries=1)


def settings(
    emulator: Emulator, folder: Path, url: str, kind: type[Settings] = Settings
) -> Settings:
    return kind(
        shop_url=url,
        window_url=emulator.url,
        database_url=f"sqlite+aiosqlite:///{folder / 'shop.db'}",
        api_url=emulator.url,
        api_secret=emulator.secret,
        webhook_secret=emulator.webhook_secret,
        staff_password=PASSWORD,
        sweep_seconds=3600,  # tests sweep themselves
    )


@asynccontextmanager
async def in_process(folder: Path, **options: Any) -> AsyncGenerator[Stage]:
    """Open the shop without a server: its webhooks are delivered by the test, or not at all.

    `options` are the emulator's.
    """
    async with Emulator(shop_origins=["http://shop.test"], **options) as emulator:
        app = create_app(settings(emulator, folder, "http://shop.test"))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://shop.test"
            ) as browser:
                yield Stage(emulator, app.state.shop, browser, "http://shop.test")


@asynccontextmanager
async def served(folder: Path, kind: type[Settings] = Settings) -> AsyncGenerator[Stage]:
    """Serve the shop by uvicorn: the emulator's webhooks reach it."""
    listener = listen(0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with Emulator(webhook_url=url + PATH, shop_origins=[url]) as emulator:
        app = create_app(settings(emulator, folder, url, kind))
        started = asyncio.Event()
        server = _Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1
            ),
            started,
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(10):
                await started.wait()
            # Idle connections end on this side first: uvicorn drops them after five seconds, in the
            # middle of a request with bad luck.
            limits = httpx.Limits(max_connections=200, keepalive_expiry=2)
            async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as browser:
                yield Stage(emulator, app.state.shop, browser, url)
        finally:
            server.should_exit = True
            await task
            listener.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: asyncio.Event) -> None:
        super().__init__(config)
        self._signal = started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._signal.set()
