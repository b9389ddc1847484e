"""An amount is refunded once, even when responses are lost and the shop crashes."""

# ruff: noqa: E402  (without these packages, the imports below fail)

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite", "redis"):
    pytest.importorskip(package)

import asyncio
from typing import Any

from examples.shop.sweep import sweep
from examples.shop.tables import Refund
from portone_async import RequestOptions, errors

from .harness import Harness

pytestmark = pytest.mark.anyio
FIRST, SECOND = "refund" + "1" * 24, "refund" + "2" * 24


async def paid_order(harness: Harness) -> str:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)
    await harness.return_from_window(order_id)
    return order_id


def refunded(harness: Harness, order_id: str) -> int:
    return harness.emulator.payments[order_id]["amount"]["cancelled"]


def cancellation_keys(harness: Harness) -> list[str | None]:
    """Return the idempotency keys of the cancellations that PortOne received."""
    return [
        r.idempotency_key for r in harness.emulator.requests if r.operation_id == "cancelPayment"
    ]


async def test_a_part_and_then_the_rest(harness: Harness) -> None:
    order_id = await paid_order(harness)
    assert (await harness.refund(order_id, 10_000, FIRST)).status_code == 303
    assert await harness.state(order_id) == ("paid", 10_000)
    assert (await harness.refund(order_id, 20_000, SECOND)).status_code == 303
    assert await harness.state(order_id) == ("paid", 30_000)
    assert harness.emulator.payments[order_id]["status"] == "CANCELLED"
    page = await harness.browser.get(f"/orders/{order_id}")
    assert "Refunded" in page.text
    assert "Refund of 10,000 KRW: done" in page.text


@pytest.mark.parametrize("amount", [0, 30_001, 10**11])
async def test_more_than_was_paid_cannot_be_refunded(harness: Harness, amount: int) -> None:
    order_id = await paid_order(harness)
    assert (await harness.refund(order_id, amount, FIRST)).status_code == 409
    assert cancellation_keys(harness) == []


async def test_an_unpaid_order_cannot_be_refunded(harness: Harness) -> None:
    order_id = await harness.place_order()
    assert (await harness.refund(order_id, 1_000, FIRST)).status_code == 409


async def test_only_staff_can_refund(harness: Harness) -> None:
    order_id = await paid_order(harness)
    form = {"id": FIRST, "amount": "1000", "reason": ""}
    path = f"/admin/orders/{order_id}/refunds"
    assert (await harness.browser.post(path, data=form)).status_code == 401
    wrong = ("any", "guess")
    assert (await harness.browser.post(path, data=form, auth=wrong)).status_code == 401
    response = await harness.browser.post(
        path,
        data=form,
        auth=harness.staff,
        headers={"Origin": "http://evil.test"},
    )
    assert response.status_code == 403
    assert refunded(harness, order_id) == 0
    assert order_id in (await harness.browser.get("/admin", auth=harness.staff)).text


async def test_a_button_pressed_twice_refunds_once(harness: Harness) -> None:
    order_id = await paid_order(harness)
    responses = await asyncio.gather(*(harness.refund(order_id, 10_000, FIRST) for _ in range(5)))
    assert [response.status_code for response in responses] == [303] * 5
    assert (refunded(harness, order_id), len(set(cancellation_keys(harness)))) == (10_000, 1)
    assert (
        await harness.refund(order_id, 5_000, FIRST)
    ).status_code == 409  # the form of another refund


async def test_a_lost_response_refunds_once(harness: Harness) -> None:
    order_id = await paid_order(harness)
    harness.emulator.fault("cancelPayment", "reset_after")
    assert (await harness.refund(order_id, 10_000, FIRST)).status_code == 303
    assert (refunded(harness, order_id), cancellation_keys(harness)) == (10_000, [f'"{FIRST}"'] * 2)
    assert await harness.state(order_id) == ("paid", 10_000)


@pytest.mark.parametrize("hours", [0, 4], ids=["the key is known", "the key has expired"])
async def test_a_refund_whose_responses_were_all_lost_is_found_by_the_sweep(
    harness: Harness, hours: int
) -> None:
    order_id = await paid_order(harness)
    harness.emulator.fault("cancelPayment", "reset_after", times=3)
    await harness.refund(order_id, 10_000, FIRST)
    [refund] = await harness.rows(Refund)
    assert refund.state == "requested"
    assert (
        await harness.refund(order_id, 10_000, SECOND)
    ).status_code == 409  # not before it is decided

    harness.emulator.advance(hours=hours)
    harness.clock.advance(hours=hours, minutes=5)
    assert await sweep(harness.shop) == 0

    [refund] = await harness.rows(Refund)
    assert (refund.state, refunded(harness, order_id)) == ("done", 10_000)
    assert await harness.state(order_id) == ("paid", 10_000)


async def test_a_refund_cut_short_by_a_crash_is_carried_out_by_the_sweep(harness: Harness) -> None:
    order_id = await paid_order(harness)
    async with harness.shop.sessions.begin() as db:  # what a shop that crashed here has committed
        db.add(
            Refund(
                id=FIRST,
                order_id=order_id,
                amount=10_000,
                refundable_before=30_000,
                reason="returned",
                created_at=harness.clock(),
            )
        )
    harness.clock.advance(minutes=5)
    await sweep(harness.shop)
    await sweep(harness.shop)
    assert refunded(harness, order_id) == 10_000
    assert await harness.state(order_id) == ("paid", 10_000)


async def test_a_refund_whose_response_was_lost_is_found_by_the_webhook(harness: Harness) -> None:
    order_id = await paid_order(harness)
    harness.emulator.fault("cancelPayment", "reset_after", times=3)
    await harness.refund(order_id, 10_000, FIRST)
    await harness.deliver("Transaction.PartialCancelled", order_id)
    [refund] = await harness.rows(Refund)
    assert (refund.state, await harness.state(order_id)) == ("done", ("paid", 10_000))


async def test_a_refund_that_is_carried_out_later_is_not_taken_for_refused(
    harness: Harness,
) -> None:
    order_id = await paid_order(harness)
    harness.emulator.pend_cancellations()
    harness.emulator.fault("cancelPayment", "reset_after", times=3)
    await harness.refund(order_id, 10_000, FIRST)

    harness.emulator.advance(
        hours=4
    )  # the key has expired, so PortOne refuses a second cancellation
    harness.clock.advance(minutes=5)
    assert await sweep(harness.shop) == 0
    [refund] = await harness.rows(Refund)
    assert (refund.state, await harness.state(order_id)) == ("waiting", ("paid", 0))

    harness.emulator.complete_cancellation(order_id)
    assert await sweep(harness.shop) == 0
    [refund] = await harness.rows(Refund)
    assert (refund.state, await harness.state(order_id)) == ("done", ("paid", 10_000))
    assert refunded(harness, order_id) == 10_000


async def test_a_refund_that_portone_refuses_may_be_requested_again(harness: Harness) -> None:
    order_id = await paid_order(harness)
    harness.emulator.respond_with_error("cancelPayment", "PG_PROVIDER", pgCode="X", pgMessage="no")
    await harness.refund(order_id, 10_000, FIRST)
    [refund] = await harness.rows(Refund)
    assert (refund.state, refund.error_type) == ("refused", "PG_PROVIDER")
    assert (await harness.refund(order_id, 10_000, SECOND)).status_code == 303
    assert refunded(harness, order_id) == 10_000


async def test_a_wrong_secret_does_not_decide_a_refund(harness: Harness) -> None:
    order_id = await paid_order(harness)
    harness.emulator.respond_with_error("cancelPayment", "UNAUTHORIZED")
    await harness.refund(order_id, 10_000, FIRST)
    [refund] = await harness.rows(Refund)
    assert refund.state == "requested"
    harness.emulator.advance(hours=4)  # until then it repeats the first response to this key
    harness.clock.advance(minutes=5)
    assert await sweep(harness.shop) == 0
    assert refunded(harness, order_id) == 10_000


def declined_after_uncertain_attempt() -> errors.PgProviderError:
    """The error of a call whose first attempt has an unknown result, and whose second one was declined."""
    error = errors.PgProviderError(
        status=502,
        request=errors.RequestInfo("POST", "/payments/{paymentId}/cancel"),
        body={"type": "PG_PROVIDER", "pgCode": "X", "pgMessage": "no"},
    )
    vars(error)["may_have_reached"] = True
    return error


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "in progress"])
async def test_a_refusal_after_an_uncertain_attempt_does_not_decide_a_refund(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, *, carried_out: bool
) -> None:
    order_id = await paid_order(harness)
    payment = harness.shop.portone.payment
    cancel_payment = payment.cancel_payment

    async def cancel_twice(*args: Any, **kwargs: Any) -> None:
        if carried_out:
            await cancel_payment(*args, **kwargs)
        raise declined_after_uncertain_attempt()

    with monkeypatch.context() as patch:
        patch.setattr(payment, "cancel_payment", cancel_twice)
        assert (await harness.refund(order_id, 10_000, FIRST)).status_code == 303
    [refund] = await harness.rows(Refund)
    assert refund.state == ("done" if carried_out else "requested")

    harness.clock.advance(minutes=5)
    assert await sweep(harness.shop) == 0
    [refund] = await harness.rows(Refund)
    assert (refund.state, refunded(harness, order_id)) == ("done", 10_000)


async def test_a_refund_in_portones_console_is_counted(harness: Harness) -> None:
    order_id = await paid_order(harness)
    await harness.shop.portone.payment.cancel_payment(
        order_id,
        amount=25_000,
        reason="console",
        options=RequestOptions(idempotency_key="console-refund-1"),
    )
    # Its webhook has not come yet, so for the shop 30,000 are refundable.
    await harness.refund(order_id, 10_000, FIRST)
    [refund] = await harness.rows(Refund)
    assert (refund.state, refund.error_type) == ("refused", "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN")
    assert await harness.state(order_id) == ("paid", 25_000)
    assert refunded(harness, order_id) == 25_000


async def test_the_webhook_of_the_cancellation_may_come_before_that_of_the_payment(
    harness: Harness,
) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)
    await harness.shop.portone.payment.cancel_payment(order_id, reason="console")
    await harness.deliver("Transaction.Cancelled", order_id)
    await harness.deliver("Transaction.Paid", order_id)
    assert await harness.state(order_id) == ("paid", 30_000)
