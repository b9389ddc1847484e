"""200 customers at once; webhooks duplicated, reordered and delayed; many calls to PortOne fail."""

# ruff: noqa: E402  (without these packages, the imports below fail)

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite", "asyncpg", "redis"):
    pytest.importorskip(package)

import asyncio
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

import httpx

from examples.shop.sweep import sweep
from examples.shop.tables import Order, Refund, Shipment
from portone_async import UnknownVariant
from portone_emulator import Emulator, FaultKind
from tests.servers import Server

from .harness import Harness, OneRetrySettings, served, served_by_workers

pytestmark = [pytest.mark.anyio, pytest.mark.load]
CUSTOMERS = 200
TIME_LIMIT = 110  # seconds
ORDER_STATES = {
    "READY": {"pending", "failed"},
    "FAILED": {"failed"},
    "PAID": {"paid"},
    "PARTIAL_CANCELLED": {"paid"},
    "CANCELLED": {"paid"},
}
FAULTS: dict[str, tuple[FaultKind, float]] = {  # each with its probability, so that each occurs
    "*": ("503", 0.05),
    "getPayment": ("truncated", 0.3),  # so that in some webhooks' handlers, the retry fails too
    "cancelPayment": ("reset_after", 0.15),
    "preRegisterPayment": ("reset_before", 0.15),
}


def inject_faults(emulator: Emulator, random: Random) -> None:
    for operation, (kind, probability) in FAULTS.items():
        emulator.fault(operation, kind, times=None, probability=probability)
    for _ in range(CUSTOMERS * 8):
        emulator.webhooks.duplicate(copies=random.choice([1, 2, 3]))
        emulator.webhooks.delay(seconds=random.choice([0, 0, 0.2, 1, 3]))
        emulator.webhooks.reorder(random.choice([1, 1, 2, 3, 5]))


class Customer:
    """A customer with random behaviour, the same in each run."""

    def __init__(self, harness: Harness, number: int) -> None:
        self.harness, self.random = harness, Random(number)
        self.refund_id = f"refund{number:023}"

    async def succeeded(self, *responses: httpx.Response) -> bool:
        """Return whether all succeeded. The only errors allowed are those that ask to try again."""
        errors = [response for response in responses if response.status_code not in {303, 409}]
        assert all(error.status_code in {502, 503} for error in errors), [e.text for e in errors]
        return not errors

    async def buy(self) -> None:
        browser = self.harness.browser
        product = self.random.choice(["beans", "mug", "kettle"])
        response = await browser.post(
            "/orders", data={"product": product, "quantity": self.random.randint(1, 3)}
        )
        if not await self.succeeded(response):
            return
        window = httpx.URL(response.headers["location"])
        order_id = window.path.removeprefix("/checkout/")
        if self.random.random() < 0.06:
            await self.pay_one_won(order_id)
        else:
            outcomes = [["paid"], ["failed", "paid"], ["leave"], ["leave", "paid"], ["failed"]]
            for outcome in self.random.choices(outcomes, [12, 2, 1, 1, 1])[0]:
                await self.use_window(window, outcome)
        # Some close the browser before they return; some return in two tabs.
        tabs = self.random.choice([0, 1, 1, 2])
        await asyncio.gather(*(self.harness.return_from_window(order_id) for _ in range(tabs)))
        if self.random.random() < 0.6:
            await self.request_refunds(order_id)

    async def use_window(self, window: httpx.URL, outcome: str) -> None:
        # Deliveries to one URL go one after another, so several URLs make them concurrent. Some payments notify two.
        receivers = self.random.sample(range(8), self.random.choice([1, 1, 2]))
        form = {
            **dict(window.params),
            "outcome": outcome,
            "noticeUrls": [f"{self.harness.webhook_url}?receiver={each}" for each in receivers],
        }
        headers = {"Sec-Fetch-Site": "same-origin"}  # as a browser sends it
        response = await self.harness.browser.post(window, data=form, headers=headers)
        assert response.status_code == 303, response.text

    async def pay_one_won(self, order_id: str) -> None:
        """Pay one won, as if the amount had not been registered."""
        self.harness.emulator._state.registrations.clear()
        self.harness.emulator.checkout(order_id, amount=1, notice_urls=[self.harness.webhook_url])

    async def request_refunds(self, order_id: str) -> None:
        order = await self.harness.order(order_id)
        if order.refundable == 0:
            return
        part = self.random.choice([order.amount // 3, order.amount // 2, order.amount])
        clicks = self.random.choice([1, 2, 3])
        await self.succeeded(
            *await asyncio.gather(
                *(self.harness.refund(order_id, part, f"{self.refund_id}1") for _ in range(clicks))
            )
        )
        rest = (await self.harness.order(order_id)).refundable
        if rest and self.random.random() < 0.5:
            await self.succeeded(await self.harness.refund(order_id, rest, f"{self.refund_id}2"))


async def wait_until_decided(harness: Harness) -> None:
    """Let PortOne redeliver, and the shop sweep, until no delivery is pending and all refunds are decided."""
    for _ in range(1, 20):
        while has_pending_deliveries(harness):
            await harness.emulator.await_webhooks(60)
            harness.emulator.advance(minutes=300)  # longer than an idempotency key is kept
            await harness.emulator.await_webhooks(60)
        harness.clock.advance(hours=1)
        failures = await sweep(harness.shop)
        undecided = failures or await harness.rows(Refund, state="requested")
        if not undecided and not has_pending_deliveries(harness):
            return
    pytest.fail("refunds stay undecided")


def has_pending_deliveries(harness: Harness) -> bool:
    return any(delivery.next_attempt_at for delivery in harness.emulator.deliveries)


async def test_in_the_end_every_order_has_the_state_that_portone_has(tmp_path: Path) -> None:
    async with asyncio.timeout(TIME_LIMIT), served(tmp_path, OneRetrySettings) as harness:
        await sell_and_check(harness, CUSTOMERS)


async def test_four_processes_on_postgresql_and_redis_do_the_same(
    tmp_path: Path, postgresql: Server, redis_server: Server
) -> None:
    shop = served_by_workers(tmp_path, postgresql.url, redis_server.url, workers=4)
    async with asyncio.timeout(TIME_LIMIT), shop as harness:
        await sell_and_check(harness, CUSTOMERS // 2)
        processes = set((tmp_path / "log").read_text().split())
        assert len(processes - {str(os.getpid())}) == 4


async def sell_and_check(harness: Harness, customers: int) -> None:
    """Let customers buy while everything fails; in the end, every order has to be right."""
    inject_faults(harness.emulator, Random(1))
    async with asyncio.TaskGroup() as tasks:
        for number in range(customers):
            tasks.create_task(Customer(harness, number).buy())
    await wait_until_decided(harness)
    harness.emulator.clear_faults()

    orders = await harness.rows(Order)
    refunds = await harness.rows(Refund)
    shipped = Counter(shipment.order_id for shipment in await harness.rows(Shipment))
    assert len(orders) == customers
    for order in orders:
        await check(harness, order, [r for r in refunds if r.order_id == order.id])
        assert shipped[order.id] == (order.state == "paid")
    # The faults and behaviours above did occur.
    states = Counter(order.state for order in orders)
    assert states["paid"] > customers / 2
    assert states["mismatch"] > 0
    assert sum(refund.state == "done" for refund in refunds) > customers / 5
    assert_faults_occurred(harness.emulator)


async def check(harness: Harness, order: Order, refunds: Iterable[Refund]) -> None:
    payment = harness.emulator.payments.get(order.id)
    if payment is None:
        assert (order.state, order.refunded) == ("pending", 0)
        return
    amount = payment["amount"]
    if amount["paid"] and amount["total"] != order.amount:
        assert (order.state, order.refunded) == ("mismatch", 0)
        return
    assert order.state in ORDER_STATES[payment["status"]], (order.state, payment["status"])
    assert (order.amount, order.refunded) == (amount["total"], amount["cancelled"])
    page = await harness.shop.portone.payment.get_payment_transactions(order.id)
    transactions = [each for each in page.items if not isinstance(each, UnknownVariant)]
    assert len(transactions) == len(page.items)
    assert sum(each.amount.paid > 0 for each in transactions) == bool(amount["paid"])  # once
    refunded = {
        (c["reason"].rpartition("#")[2], c["totalAmount"]) for c in payment.get("cancellations", [])
    }
    assert len(refunded) == len(payment.get("cancellations", []))
    assert refunded == {(r.id, r.amount) for r in refunds if r.state == "done"}
    assert all(refund.state in {"done", "refused"} for refund in refunds)


def assert_faults_occurred(emulator: Emulator) -> None:
    faults = Counter(request.fault for request in emulator.requests)
    assert all(faults[kind] > 0 for kind in ("503", "truncated", "reset_after", "reset_before"))
    copies = Counter((delivery.id, delivery.url) for delivery in emulator.deliveries)
    assert max(copies.values()) == 3
    failed = [d for d in emulator.deliveries if d.attempts and not d.attempts[0].is_success]
    assert failed
