"""The shop in docs/fastapi.md and the other code of the guides: it runs, and does what it says."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi_samples import OTHER, PATH, SECRET, body, deliver, serving

from portone_async import PortOne, webhooks
from portone_async.fastapi import VerifiedWebhook

pytest.importorskip("sqlalchemy")
pytest.importorskip("aiosqlite")
pytest.importorskip("redis")
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]

DOCS = Path(__file__).parents[2] / "docs"


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(code, "guide", "exec"), names)  # noqa: S102  (the guides' own code)
    return names


class Shop:
    """The guide's shop, a database with one order, and the payment that PortOne has for it."""

    def __init__(self, names: dict[str, Any], http: httpx.AsyncClient) -> None:
        self.names, self.http = names, http
        self.payment: dict[str, Any] = {
            "status": "PAID",
            "currency": "KRW",
            "amount": {"total": 1_000},
        }

    def portone(self) -> PortOne:
        transport = httpx.MockTransport(
            lambda _: httpx.Response(200, content=json.dumps(self.payment))
        )
        return PortOne("secret", http_client=httpx.AsyncClient(transport=transport))

    async def sql(self, statement: str) -> list[Any]:
        async with self.names["engine"].begin() as db:
            result = await db.execute(self.names["text"](statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    async def state(self) -> list[Any]:
        return [
            (await self.sql("SELECT state FROM orders"))[0][0],
            len(await self.sql("SELECT * FROM deliveries")),
        ]

    async def complete(self) -> httpx.Response:
        return await self.http.post("/orders/order-1/complete")


@asynccontextmanager
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Shop]:
    monkeypatch.setenv("PORTONE_API_SECRET", "secret")
    monkeypatch.setenv("PORTONE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    names = run(blocks("fastapi.md")[0])
    async with serving(names["app"]) as http:
        made = Shop(names, http)
        names["app"].dependency_overrides[names["portone"]] = made.portone
        await made.sql("CREATE TABLE orders (id TEXT, amount INT, currency TEXT, state TEXT)")
        await made.sql("CREATE TABLE deliveries (id TEXT)")
        await made.sql("INSERT INTO orders VALUES ('order-1', 1000, 'KRW', 'pending')")
        yield made
    await names["engine"].dispose()


async def test_an_order_is_paid_once_whether_webhook_or_browser_is_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(tmp_path, monkeypatch) as made:
        made.payment = {"status": "READY"}
        assert (await made.complete()).json() == {"state": "pending"}
        assert (await deliver(made.http, "1", body("Transaction.Ready"))).status_code == 200
        assert (await deliver(made.http, "2", body("Escrow.Shipped"))).status_code == 200
        assert await made.state() == ["pending", 0]
        made.payment = {"status": "PAID", "currency": "KRW", "amount": {"total": 1_000}}
        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(deliver, made.http, f"m{number % 2}")
                tasks.start_soon(made.complete)
        assert (await made.complete()).json() == {"state": "paid"}
        assert await made.state() == ["paid", 1]


@pytest.mark.parametrize("change", [{"amount": {"total": 1}}, {"currency": "JPY"}])
async def test_a_wrong_amount_or_currency_delivers_nothing(
    change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(tmp_path, monkeypatch) as made:
        made.payment |= change
        assert (await deliver(made.http)).status_code == 200
        assert (await made.complete()).json() == {"state": "wrong amount"}
        assert await made.state() == ["wrong amount", 0]


async def test_an_unknown_order_and_a_forgery_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(tmp_path, monkeypatch) as made:
        assert (await deliver(made.http, "1", body(payment_id="order-2"))).status_code == 404
        forged = webhooks.sign(body(), OTHER)
        assert (await deliver(made.http, "2", headers=forged)).status_code == 400
        assert await made.state() == ["pending", 0]


async def test_every_block_of_the_guides_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTONE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    for name in ("fastapi.md", "webhooks.md"):
        for code in blocks(name):
            run(code)
    handle = run(blocks("webhooks.md")[0])["handle"]
    assert handle(body(), webhooks.sign(body(), SECRET, message_id="msg_1"), SECRET) == 200
    assert capsys.readouterr().out == "msg_1 order-1\n"
    assert handle(body(), webhooks.sign(body(), OTHER), SECRET) == 400
    new = body("Escrow.Shipped")
    assert handle(new, webhooks.sign(new, SECRET), SECRET) == 200
    for payment_id, total, status in (
        ("order20261130001", 1_000, 200),
        ("order20261130001", 999, 400),
        ("x", 1_000, 400),
    ):
        confirm = body("Transaction.Confirm", payment_id, totalAmount=total)
        assert handle(confirm, webhooks.sign(confirm, SECRET), SECRET) == status
    for total, status in ((1_000, 200), (999, 400)):
        legacy = f"payment_id=order20261130001&tx_id=tx-1&total_amount={total}"
        assert handle(legacy.encode(), webhooks.sign(legacy, SECRET), SECRET) == status
    ready = body("Transaction.Ready")
    assert handle(ready, webhooks.sign(ready, SECRET), SECRET) == 200


@pytest.mark.parametrize("language", ["", ".ko"])
async def test_a_handler_can_return_a_payment(language: str) -> None:
    (code,) = [block for block in blocks(f"fastapi{language}.md") if "unstructure" in block]
    names = run(code)
    payment = {"status": "PAID", "id": "order20261130001", "amount": {"total": 1}, "new": [1]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=payment))
    async with httpx.AsyncClient(transport=transport) as client:
        portone = PortOne("secret", http_client=client)
        names["app"].dependency_overrides[names["portone"]] = lambda: portone
        asgi = httpx.ASGITransport(names["app"])
        async with httpx.AsyncClient(transport=asgi, base_url="http://shop") as http:
            assert (await http.get("/payments/order20261130001")).json() == payment


@pytest.mark.parametrize("language", ["", ".ko"])
async def test_the_app_with_a_database_handles_a_webhook_once_over_restarts(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_API_SECRET", "secret")
    monkeypatch.setenv("PORTONE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    (code,) = [b for b in blocks(f"fastapi{language}.md") if "SQLAlchemyWebhookStore" in b]
    seen: list[str] = []
    for _ in range(2):
        names = run(code)

        @names["webhooks"].post(PATH)
        async def on_webhook(message: VerifiedWebhook) -> None:
            seen.append(message.id)

        names["app"].include_router(names["webhooks"])
        async with serving(names["app"]) as http:
            assert [(await deliver(http)).status_code for _ in range(2)] == [200, 200]
    assert seen == ["msg_1"]


@pytest.mark.parametrize("name", ["fastapi", "webhooks"])
async def test_the_korean_guides_have_the_same_code(name: str) -> None:
    def bare(code: str) -> str:
        return re.sub(r'  # .*|"""[^"]*"""', "", code)

    english, korean = blocks(f"{name}.md"), blocks(f"{name}.ko.md")
    assert [bare(code) for code in english] == [bare(code) for code in korean]
