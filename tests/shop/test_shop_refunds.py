"""Money goes back once, though answers get lost and the shop crashes."""

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite"):
    pytest.importorskip(package)

import asyncio
from datetime import timedelta

from examples.shop.sweep import sweep
from examples.shop.tables import Refund, now
from portone_async import RequestOptions

from .stage import Stage

pytestmark = pytest.mark.anyio
FIRST, SECOND = "refund-" + "1" * 24, "refund-" + "2" * 24


async def paid(stage: Stage) -> str:
    order_id = await stage.place()
    stage.emulator.checkout(order_id)
    await stage.come_back(order_id)
    return order_id


def given_back(stage: Stage, order_id: str) -> int:
    return stage.emulator.payments[order_id]["amount"]["cancelled"]


def asked(stage: Stage) -> list[str | None]:
    return [r.idempotency_key for r in stage.emulator.requests if r.operation_id == "cancelPayment"]


async def test_a_part_and_then_the_rest(stage: Stage) -> None:
    order_id = await paid(stage)
    assert (await stage.refund(order_id, 10_000, FIRST)).status_code == 303
    assert await stage.state(order_id) == ("paid", 10_000)
    assert (await stage.refund(order_id, 20_000, SECOND)).status_code == 303
    assert await stage.state(order_id) == ("paid", 30_000)
    assert stage.emulator.payments[order_id]["status"] == "CANCELLED"
    page = await stage.browser.get(f"/orders/{order_id}")
    assert "Refunded" in page.text
    assert "Refund of 10,000 KRW: done" in page.text


@pytest.mark.parametrize("amount", [0, 30_001, 10**11])
async def test_not_more_than_was_paid(stage: Stage, amount: int) -> None:
    order_id = await paid(stage)
    assert (await stage.refund(order_id, amount, FIRST)).status_code == 409
    assert asked(stage) == []


async def test_not_before_it_was_paid(stage: Stage) -> None:
    order_id = await stage.place()
    assert (await stage.refund(order_id, 1_000, FIRST)).status_code == 409


async def test_only_by_staff(stage: Stage) -> None:
    order_id = await paid(stage)
    form = {"id": FIRST, "amount": "1000", "reason": ""}
    for auth in (None, ("any", "guess")):
        answer = await stage.browser.post(f"/desk/orders/{order_id}/refunds", data=form, auth=auth)
        assert answer.status_code == 401
    answer = await stage.browser.post(
        f"/desk/orders/{order_id}/refunds",
        data=form,
        auth=stage.staff,
        headers={"Origin": "http://evil.test"},
    )
    assert answer.status_code == 403
    assert given_back(stage, order_id) == 0
    assert order_id in (await stage.browser.get("/desk", auth=stage.staff)).text


async def test_the_button_pressed_twice_gives_back_once(stage: Stage) -> None:
    order_id = await paid(stage)
    answers = await asyncio.gather(*(stage.refund(order_id, 10_000, FIRST) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [303] * 5
    assert (given_back(stage, order_id), len(set(asked(stage)))) == (10_000, 1)
    assert (await stage.refund(order_id, 5_000, FIRST)).status_code == 409  # another refund's form


async def test_a_lost_answer_gives_back_once(stage: Stage) -> None:
    order_id = await paid(stage)
    stage.emulator.fault("cancelPayment", "reset_after")
    assert (await stage.refund(order_id, 10_000, FIRST)).status_code == 303
    assert (given_back(stage, order_id), asked(stage)) == (10_000, [f'"{FIRST}"'] * 2)
    assert await stage.state(order_id) == ("paid", 10_000)


@pytest.mark.parametrize("hours", [0, 4], ids=["the key is known", "the key is forgotten"])
async def test_an_answer_lost_for_good_is_found_by_the_sweep(stage: Stage, hours: int) -> None:
    order_id = await paid(stage)
    stage.emulator.fault("cancelPayment", "reset_after", times=3)
    await stage.refund(order_id, 10_000, FIRST)
    [refund] = await stage.rows(Refund)
    assert refund.state == "requested"
    assert (
        await stage.refund(order_id, 10_000, SECOND)
    ).status_code == 409  # not before it is decided

    stage.emulator.advance(hours=hours)
    assert await sweep(stage.shop, now() + timedelta(hours=hours, minutes=5)) == 0

    [refund] = await stage.rows(Refund)
    assert (refund.state, given_back(stage, order_id)) == ("done", 10_000)
    assert await stage.state(order_id) == ("paid", 10_000)


async def test_a_crash_before_asking_is_made_good_by_the_sweep(stage: Stage) -> None:
    order_id = await paid(stage)
    async with stage.shop.sessions.begin() as db:  # all that is left of a shop that crashed here
        db.add(Refund(id=FIRST, order_id=order_id, amount=10_000, before=30_000, reason="returned"))
    await sweep(stage.shop, now() + timedelta(minutes=5))
    await sweep(stage.shop, now() + timedelta(minutes=5))
    assert given_back(stage, order_id) == 10_000
    assert await stage.state(order_id) == ("paid", 10_000)


async def test_a_lost_answer_is_found_by_the_webhook(stage: Stage) -> None:
    order_id = await paid(stage)
    stage.emulator.fault("cancelPayment", "reset_after", times=3)
    await stage.refund(order_id, 10_000, FIRST)
    await stage.deliver("Transaction.PartialCancelled", order_id)
    [refund] = await stage.rows(Refund)
    assert (refund.state, await stage.state(order_id)) == ("done", ("paid", 10_000))


async def test_what_portone_refuses_is_refused_and_may_be_tried_anew(stage: Stage) -> None:
    order_id = await paid(stage)
    stage.emulator.refuse("cancelPayment", "PG_PROVIDER", pgCode="X", pgMessage="no")
    await stage.refund(order_id, 10_000, FIRST)
    [refund] = await stage.rows(Refund)
    assert (refund.state, refund.problem) == ("refused", "PG_PROVIDER")
    assert (await stage.refund(order_id, 10_000, SECOND)).status_code == 303
    assert given_back(stage, order_id) == 10_000


async def test_a_wrong_secret_refuses_no_refund(stage: Stage) -> None:
    order_id = await paid(stage)
    stage.emulator.refuse("cancelPayment", "UNAUTHORIZED")
    await stage.refund(order_id, 10_000, FIRST)
    [refund] = await stage.rows(Refund)
    assert refund.state == "requested"
    stage.emulator.advance(hours=4)  # the emulator, too, repeats the first answer of a key
    assert await sweep(stage.shop, now() + timedelta(minutes=5)) == 0
    assert given_back(stage, order_id) == 10_000


async def test_a_refund_in_portones_console_is_seen_and_counted(stage: Stage) -> None:
    order_id = await paid(stage)
    await stage.shop.portone.payment.cancel_payment(
        order_id,
        amount=25_000,
        reason="console",
        options=RequestOptions(idempotency_key="console-refund-1"),
    )
    # Its webhook is still on its way, so the shop believes that 30,000 are left.
    await stage.refund(order_id, 10_000, FIRST)
    [refund] = await stage.rows(Refund)
    assert (refund.state, refund.problem) == ("refused", "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN")
    assert await stage.state(order_id) == ("paid", 25_000)
    assert given_back(stage, order_id) == 25_000


async def test_the_cancellation_may_be_heard_of_before_the_payment(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id)
    await stage.shop.portone.payment.cancel_payment(order_id, reason="console")
    await stage.deliver("Transaction.Cancelled", order_id)
    await stage.deliver("Transaction.Paid", order_id)
    assert await stage.state(order_id) == ("paid", 30_000)
