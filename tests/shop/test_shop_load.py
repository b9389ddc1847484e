"""200 buyers at once; webhooks duplicated, reordered and delayed; every twentieth call to PortOne goes wrong."""

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite"):
    pytest.importorskip(package)

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from random import Random

import httpx

from examples.shop.sweep import sweep
from examples.shop.tables import Order, Refund, Shipment, now
from portone_async.emulator import Emulator

from .stage import Hasty, Stage, served

pytestmark = pytest.mark.anyio
BUYERS = 200
LIMIT = 110  # seconds
STATES = {
    "READY": {"pending", "failed"},
    "FAILED": {"failed"},
    "PAID": {"paid"},
    "PARTIAL_CANCELLED": {"paid"},
    "CANCELLED": {"paid"},
}


def disturb(emulator: Emulator, random: Random) -> None:
    emulator.fault("*", "503", times=None, probability=0.05)
    for operation, kind in (
        ("getPayment", "truncated"),
        ("cancelPayment", "reset_after"),
        ("preRegisterPayment", "reset_before"),
    ):
        emulator.fault(operation, kind, times=None, probability=0.05)  # type: ignore[arg-type]
    for _ in range(BUYERS * 8):
        emulator.webhooks.duplicate(copies=random.choice([1, 2, 3]))
        emulator.webhooks.delay(seconds=random.choice([0, 0, 0.2, 1, 3]))
        emulator.webhooks.reorder(random.choice([1, 1, 2, 3, 5]))


class Buyer:
    """One of them, with habits of their own."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage, self.random = stage, Random(number)
        self.token = f"refund-{number:023}"
        self.troubles = 0

    async def retried(self, *answers: httpx.Response) -> bool:
        """Whether it went well; a person reads the error page otherwise, and tries again."""
        bad = [answer for answer in answers if answer.status_code not in {303, 409}]
        self.troubles += len(bad)
        assert all(answer.status_code in {502, 503} for answer in bad), [a.text for a in bad]
        return not bad

    async def buy(self) -> None:
        browser = self.stage.browser
        product = self.random.choice(["beans", "mug", "kettle"])
        answer = await browser.post(
            "/orders", data={"product": product, "quantity": self.random.randint(1, 3)}
        )
        if not await self.retried(answer):
            return
        window = httpx.URL(answer.headers["location"])
        order_id = window.path.removeprefix("/checkout/")
        if self.random.random() < 0.06:
            await self.cheat(order_id)
        else:
            habits = [["paid"], ["failed", "paid"], ["leave"], ["leave", "paid"], ["failed"]]
            for outcome in self.random.choices(habits, [12, 2, 1, 1, 1])[0]:
                await self.leave(window, outcome)
        # Some close the browser before they are back; some come back in two tabs.
        tabs = self.random.choice([0, 1, 1, 2])
        await asyncio.gather(*(self.stage.come_back(order_id) for _ in range(tabs)))
        if self.random.random() < 0.6:
            await self.give_back(order_id)

    async def leave(self, window: httpx.URL, outcome: str) -> None:
        lanes = self.random.sample(range(8), self.random.choice([1, 1, 2]))
        form = {
            **dict(window.params),
            "outcome": outcome,
            "noticeUrls": [f"{self.stage.webhook_url}?lane={lane}" for lane in lanes],
        }
        headers = {"Sec-Fetch-Site": "same-origin"}  # as a browser says
        answer = await self.stage.browser.post(window, data=form, headers=headers)
        assert answer.status_code == 303, answer.text

    async def cheat(self, order_id: str) -> None:
        """Pay one won, past the registration."""
        self.stage.emulator._state.registrations.clear()  # as if none had ever been made
        self.stage.emulator.checkout(order_id, amount=1, notice_urls=[self.stage.webhook_url])

    async def give_back(self, order_id: str) -> None:
        order = await self.stage.order(order_id)
        if order.refundable == 0:
            return
        part = self.random.choice([order.amount // 3, order.amount // 2, order.amount])
        clicks = self.random.choice([1, 2, 3])
        await self.retried(
            *await asyncio.gather(
                *(self.stage.refund(order_id, part, f"{self.token}1") for _ in range(clicks))
            )
        )
        rest = (await self.stage.order(order_id)).refundable
        if rest and self.random.random() < 0.5:
            await self.retried(await self.stage.refund(order_id, rest, f"{self.token}2"))


async def calm_down(stage: Stage) -> None:
    """Let PortOne's redeliveries come, and the shop's sweep find the rest, until nothing is under way."""
    for round_ in range(1, 20):
        while is_any_on_its_way(stage):
            await stage.emulator.await_webhooks(60)
            stage.emulator.advance(minutes=300)  # beyond the life of an idempotency key, too
            await stage.emulator.await_webhooks(60)
        failures = await sweep(stage.shop, now() + timedelta(hours=round_))
        undecided = failures or await stage.rows(Refund, state="requested")
        if not undecided and not is_any_on_its_way(stage):
            return
    pytest.fail("refunds stay undecided")


def is_any_on_its_way(stage: Stage) -> bool:
    return any(delivery.next_attempt_at for delivery in stage.emulator.deliveries)


async def test_in_the_end_every_order_is_what_portone_says(tmp_path: Path) -> None:
    async with asyncio.timeout(LIMIT), served(tmp_path, Hasty) as stage:
        disturb(stage.emulator, Random(1))
        buyers = [Buyer(stage, number) for number in range(BUYERS)]
        async with asyncio.TaskGroup() as tasks:
            for buyer in buyers:
                tasks.create_task(buyer.buy())
        await calm_down(stage)
        stage.emulator.clear_faults()

        orders: list[Order] = await stage.rows(Order)
        refunds: list[Refund] = await stage.rows(Refund)
        shipped = Counter(shipment.order_id for shipment in await stage.rows(Shipment))
        assert len(orders) == BUYERS
        for order in orders:
            await check(stage, order, [r for r in refunds if r.order_id == order.id])
            assert shipped[order.id] == (order.state == "paid")
        # It was as rough as it was meant to be.
        states = Counter(order.state for order in orders)
        assert states["paid"] > BUYERS / 2
        assert states["mismatch"] > 0
        assert sum(refund.state == "done" for refund in refunds) > BUYERS / 5
        assert_rough(stage.emulator)


async def check(stage: Stage, order: Order, refunds: Iterable[Refund]) -> None:
    payment = stage.emulator.payments.get(order.id)
    if payment is None:
        assert (order.state, order.refunded) == ("pending", 0)
        return
    amount = payment["amount"]
    if amount["paid"] and amount["total"] != order.amount:
        assert (order.state, order.refunded) == ("mismatch", 0)
        return
    assert order.state in STATES[payment["status"]], (order.state, payment["status"])
    assert (order.amount, order.refunded) == (amount["total"], amount["cancelled"])
    found = await stage.shop.portone.payment.get_payment_transactions(order.id)
    assert sum(each.amount.paid > 0 for each in found.items) == bool(amount["paid"])  # charged once
    given_back = {
        (c["reason"].rpartition("#")[2], c["totalAmount"]) for c in payment.get("cancellations", [])
    }
    assert len(given_back) == len(payment.get("cancellations", []))
    assert given_back == {(r.id, r.amount) for r in refunds if r.state == "done"}
    assert all(refund.state in {"done", "refused"} for refund in refunds)


def assert_rough(emulator: Emulator) -> None:
    faults = Counter(request.fault for request in emulator.requests)
    assert all(faults[kind] > 0 for kind in ("503", "truncated", "reset_after", "reset_before"))
    copies = Counter((delivery.id, delivery.url) for delivery in emulator.deliveries)
    assert max(copies.values()) == 3
    failed = [d for d in emulator.deliveries if d.attempts and not d.attempts[0].is_success]
    assert failed
