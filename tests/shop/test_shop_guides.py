"""The code in the guides: docs/moving.md, errors.md, testing.md and fastapi.md."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import orjson
import pytest

from portone_async import PortOne, errors, webhooks
from portone_emulator import Emulator

pytestmark = pytest.mark.anyio
DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = ["", ".ko"]
GUIDES = [
    f"{name}{language}.md"
    for name in ("moving", "errors", "testing", "facts", "bulk")
    for language in LANGUAGES
]
CALL = r"`client\.([a-z0-9_.]+)_async\((.*?)\)`.*?portone\.([a-z0-9_.]+)\("


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def code_blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text(name), re.DOTALL)


def run(code: str) -> dict[str, Any]:
    """Run a guide's code block, and return its names."""
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(code, "guide", "exec"), names)  # noqa: S102  (our own documents)
    return names


def run_all(name: str) -> list[dict[str, Any]]:
    return [run(code) for code in code_blocks(name)]


def find(blocks: list[dict[str, Any]], name: str) -> Any:
    return next(names[name] for names in blocks if name in names)


def official_calls(client: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and function of every async call of the official SDK."""
    for name in dir(client):
        value = None if name.startswith("_") else getattr(client, name)
        if inspect.ismethod(value) and name.endswith("_async"):
            yield prefix + name.removesuffix("_async"), value
        elif type(value).__module__.startswith("portone_server_sdk"):
            yield from official_calls(value, f"{prefix}{name}.")


def our_call(path: str) -> Any:
    value: Any = PortOne("secret")
    for name in path.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_names_existing_calls(language: str) -> None:
    sdk = pytest.importorskip("portone_server_sdk")
    theirs = dict(official_calls(sdk.PortOneClient(secret="secret")))
    rows = re.findall(CALL, text(f"moving{language}.md"))
    assert len(rows) == 21
    for path, arguments, replacement in rows:
        parameters = inspect.signature(theirs[path]).parameters
        assert set(re.findall(r"(\w+)=", arguments)) <= set(parameters)
        assert replacement in {path, path.replace(".get_", ".iter_")}
        our_call(replacement)


def test_every_call_of_the_official_sdk_exists_here_with_its_arguments() -> None:
    sdk = pytest.importorskip("portone_server_sdk")
    renamed: set[str] = set()
    theirs = dict(official_calls(sdk.PortOneClient(secret="secret")))
    for path, call in theirs.items():
        parameters = set(inspect.signature(call).parameters)
        our_parameters = set(inspect.signature(our_call(path)).parameters)
        if "options" in parameters:
            assert "options_" in our_parameters
            renamed.add(path.rpartition(".")[2])
        assert parameters - our_parameters <= {"options"}, path
    assert renamed == {"create_b2b_counterparty", "update_b2b_counterparty"}
    for language in LANGUAGES:
        assert f"{len(theirs)}" in text(f"moving{language}.md")
        assert all(f"`{name}`" in text(f"moving{language}.md") for name in renamed)


def test_every_error_of_the_official_sdk_exists_here_by_its_name() -> None:
    sdk_errors = pytest.importorskip("portone_server_sdk.errors")
    names = {name for name in sdk_errors.__all__ if name.endswith("Error")} - {
        "PortOneError",
        "UnknownError",
    }
    assert {name for name in names if not hasattr(errors, name)} == set()


@pytest.mark.parametrize("name", GUIDES)
async def test_the_guides_code_runs(name: str) -> None:
    for names in run_all(name):
        for test in [value for key, value in names.items() if key.startswith("test_")]:
            await test()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_errors_are_those_that_the_guide_catches(language: str) -> None:
    refund_order = find(run_all(f"errors{language}.md"), "refund_order")
    send_refund = find(run_all(f"errors{language}.md"), "send_refund")
    refund = {
        "key": "refund-of-order-1-line-2",
        "order_id": "order-1",
        "amount": 400,
        "before": 1_000,
    }
    async with (
        Emulator() as emulator,
        PortOne(emulator.secret, base_url=emulator.url, max_retries=0) as portone,
    ):
        emulator.checkout("order-1", amount=1_000)
        emulator.fault("cancelPayment", "reset_after")
        with pytest.raises(errors.APIConnectionError):
            await send_refund(portone, refund)
        await send_refund(portone, refund)
        emulator.advance(hours=4)
        with pytest.raises(errors.CancellableAmountConsistencyBrokenError):
            await send_refund(portone, refund)
        assert emulator.payments["order-1"]["amount"]["cancelled"] == 400

        emulator.respond_with_error("cancelPayment", "PG_PROVIDER", pgCode="X", pgMessage="no")
        assert await refund_order(portone, "order-1", 100) == "declined: X"
        assert (
            await refund_order(portone, "order-1", 601)
            == "not done: CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT"
        )
        emulator.fault("cancelPayment", "reset_before")
        assert await refund_order(portone, "order-1", 100) == "unknown"
        emulator.fault("cancelPayment", "503")
        assert await refund_order(portone, "order-1", 100) == "unknown"  # a gateway's response
        assert await refund_order(portone, "order-1", 600) == "done"
        assert await refund_order(portone, "order-1", 1) == "nothing is left"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_is_paid_recognizes_paid_payments_only(language: str) -> None:
    [names] = run_all(f"moving{language}.md")
    async with Emulator() as emulator, PortOne(emulator.secret, base_url=emulator.url) as portone:
        assert not await names["is_paid"](portone, "order-1")
        emulator.checkout("order-1", "failed", amount=1_000)
        assert not await names["is_paid"](portone, "order-1")
        emulator.checkout("order-1", amount=1_000)
        assert await names["is_paid"](portone, "order-1")


@pytest.mark.parametrize("name", [name for name in GUIDES if ".ko" not in name])
def test_both_languages_have_the_same_code(name: str) -> None:
    def code(file: str) -> list[str]:
        return [re.sub(r'#.*|""".*?"""|\s', "", block) for block in code_blocks(file)]

    assert code(name) == code(name.replace(".md", ".ko.md"))


class FastAPIShop:
    """The shop of docs/fastapi.md, with one order that is paid at the emulator."""

    def __init__(
        self, names: dict[str, Any], portone: PortOne, emulator: Emulator, http: httpx.AsyncClient
    ) -> None:
        self.names, self.portone, self.emulator, self.http = names, portone, emulator, http

    async def sql(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.names["engine"].begin() as db:
            result = await db.execute(self.names["text"](statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    async def settle(self) -> str:
        return await self.names["settle"]("order-1", self.portone)

    async def approve(self, order_id: str, amount: int, message_id: str) -> int:
        """Ask, as PortOne does, to approve a payment; return the status."""
        data = {
            "storeId": self.emulator.store_id,
            "paymentId": order_id,
            "transactionId": "tx-1",
            "totalAmount": amount,
        }
        body = orjson.dumps(
            {"type": "Transaction.Confirm", "timestamp": "2026-07-03T09:00:00Z", "data": data}
        )
        secret = self.emulator.webhook_secret
        headers = webhooks.sign(body, secret, message_id=message_id)
        return (
            await self.http.post("/webhooks/portone", content=body, headers=headers)
        ).status_code


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator() as opened:
        yield opened


@pytest.fixture(params=LANGUAGES)
async def fastapi_shop(
    emulator: Emulator,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[FastAPIShop]:
    for package in ("fastapi", "sqlalchemy", "aiosqlite", "redis"):
        pytest.importorskip(package)
    monkeypatch.setenv("PORTONE_API_SECRET", emulator.secret)
    monkeypatch.setenv("PORTONE_WEBHOOK_SECRET", emulator.webhook_secret)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    names = run(code_blocks(f"fastapi{request.param}.md")[0])
    app = names["app"]
    async with (
        PortOne(emulator.secret, base_url=emulator.url) as portone,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http,
    ):
        shop = FastAPIShop(names, portone, emulator, http)
        await shop.sql("CREATE TABLE orders (id TEXT, amount INT, currency TEXT, state TEXT)")
        await shop.sql("CREATE TABLE deliveries (id TEXT)")
        await shop.sql("INSERT INTO orders VALUES ('order-1', 1000, 'KRW', 'pending')")
        yield shop
        await names["engine"].dispose()


class PausedEngine:
    """An engine whose first UPDATE waits until it is resumed."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.paused, self.resumed = anyio.Event(), anyio.Event()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[PausedConnection]:
        async with self._engine.begin() as connection:
            yield PausedConnection(connection, self)


class PausedConnection:
    def __init__(self, connection: Any, engine: PausedEngine) -> None:
        self._connection, self._engine = connection, engine

    async def execute(self, statement: Any, parameters: Mapping[str, Any]) -> Any:
        if str(statement).startswith("UPDATE") and not self._engine.paused.is_set():
            self._engine.paused.set()
            await self._engine.resumed.wait()
        return await self._connection.execute(statement, parameters)


async def test_whoever_loses_the_race_returns_the_winners_state(fastapi_shop: FastAPIShop) -> None:
    shop = fastapi_shop
    shop.emulator.checkout("order-1", amount=1_000)
    shop.names["engine"] = engine = PausedEngine(shop.names["engine"])
    states: list[str] = []

    async def lose() -> None:
        states.append(await shop.settle())

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lose)
            await engine.paused.wait()  # it has read the row, and not changed it yet
            states.append(await shop.settle())
            engine.resumed.set()
    shop.names["engine"] = engine._engine
    assert states == ["paid", "paid"]
    assert await shop.sql("SELECT state FROM orders") == [("paid",)]
    assert await shop.sql("SELECT id FROM deliveries") == [("order-1",)]


async def test_the_guide_approves_only_the_amount_of_a_pending_order(
    fastapi_shop: FastAPIShop,
) -> None:
    shop = fastapi_shop
    assert await shop.approve("order-1", 1_000, "msg_1") == 200
    assert await shop.approve("order-1", 1, "msg_2") == 409
    assert await shop.approve("order-1", 1, "msg_2") == 409
    assert await shop.approve("order-2", 1_000, "msg_3") == 409
    await shop.sql("UPDATE orders SET state = 'paid'")
    assert await shop.approve("order-1", 1_000, "msg_4") == 409
