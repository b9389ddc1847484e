"""A subscription is charged once a month, until it ends."""

# ruff: noqa: E402  (without these packages, the imports below fail)

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite", "redis"):
    pytest.importorskip(package)

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from examples.shop.renewals import add_months
from examples.shop.sweep import sweep
from examples.shop.tables import Order, Shipment, Subscription
from portone_async import errors
from portone_async.models import (
    IssuedBillingKeyInfo,
    PaymentScheduleFilterInput,
    ScheduledPaymentSchedule,
)
from portone_emulator import FaultKind

from .harness import Harness, in_process

pytestmark = pytest.mark.anyio
ID, OTHER = "subscription" + "1" * 24, "subscription" + "2" * 24
PRICE = 18_000


async def subscribe(harness: Harness, subscription_id: str = ID) -> str:
    """Press "Subscribe", and return the address that it redirects to."""
    response = await harness.browser.post("/subscriptions", data={"id": subscription_id})
    assert response.status_code == 303
    return response.headers["location"]


def issue_key(harness: Harness, subscription_id: str = ID, store_id: str | None = None) -> str:
    """Store a card at PortOne for a customer, and return its billing key."""
    issued = harness.emulator.issue_billing_key(customer={"id": subscription_id}, store_id=store_id)
    assert issued.billing_key is not None
    return issued.billing_key


async def return_from_window(
    harness: Harness, billing_key: str | None, subscription_id: str = ID, **query: str
) -> httpx.Response:
    """Return from the card window as PortOne redirects a browser."""
    query |= {"transactionType": "ISSUE_BILLING_KEY"}
    if billing_key is not None:
        query["billingKey"] = billing_key
    return await harness.browser.get(f"/subscriptions/{subscription_id}/back", params=query)


async def start(harness: Harness) -> None:
    await subscribe(harness)
    response = await return_from_window(harness, issue_key(harness))
    assert response.status_code == 303
    # Without the key, which would stay in the browser's history.
    assert response.headers["location"] == f"/subscriptions/{ID}"


async def charges(harness: Harness) -> list[tuple[int | None, str]]:
    return [(order.number, order.state) for order in await harness.rows(Order, subscription_id=ID)]


async def state(harness: Harness) -> str:
    [subscription] = await harness.rows(Subscription)
    return subscription.state


async def scheduled(harness: Harness) -> list[str]:
    start = harness.emulator.now
    period = PaymentScheduleFilterInput(from_=start, until=start + timedelta(days=90))
    schedules = harness.shop.portone.payment.payment_schedule
    page = await schedules.get_payment_schedules(filter=period)
    return [each.payment_id for each in page.items if isinstance(each, ScheduledPaymentSchedule)]


def paid_amounts(harness: Harness) -> list[int]:
    return [payment["amount"]["paid"] for payment in harness.emulator.payments.values()]


async def test_the_first_month_is_charged_and_the_next_one_scheduled(harness: Harness) -> None:
    await start(harness)
    assert await state(harness) == "active"
    assert await charges(harness) == [(1, "paid"), (2, "pending")]
    assert await scheduled(harness) == [f"{ID}0002"]
    page = await harness.browser.get(f"/subscriptions/{ID}")
    assert "Active" in page.text


async def test_the_webhook_of_a_scheduled_charge_schedules_the_next(harness: Harness) -> None:
    await start(harness)
    harness.emulator.advance(days=32)
    await harness.deliver("Transaction.Paid", f"{ID}0002")
    assert await charges(harness) == [(1, "paid"), (2, "paid"), (3, "pending")]
    assert await scheduled(harness) == [f"{ID}0003"]
    assert len(await harness.rows(Shipment)) == 2


async def test_the_window_redirects_back_with_a_key(harness: Harness) -> None:
    window = await subscribe(harness)
    assert window.startswith(f"{harness.emulator.url}/issue-billing-key/{ID}?")
    async with httpx.AsyncClient(trust_env=False) as browser:
        assert "Store the card" in (await browser.get(window)).text
        form = {"outcome": "issued", "redirect": f"{harness.url}/subscriptions/{ID}/back"}
        same_origin = {"Sec-Fetch-Site": "same-origin"}
        issued = await browser.post(window, data=form, headers=same_origin)
        for elsewhere in ("https://evil.test/", f"{harness.url}.evil.test/", "javascript:alert(1)"):
            response = await browser.post(
                window, data={**form, "redirect": elsewhere}, headers=same_origin
            )
            assert response.status_code == 400
        response = await browser.post(window, data=form, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403
    assert issued.status_code == 303
    assert (await harness.browser.get(issued.headers["location"])).status_code == 303
    [subscription] = await harness.rows(Subscription)
    assert subscription.billing_key is not None
    info = await harness.shop.portone.payment.billing_key.get_billing_key_info(
        subscription.billing_key
    )
    assert isinstance(info, IssuedBillingKeyInfo)
    assert info.customer.id == ID
    assert await charges(harness) == [(1, "paid"), (2, "pending")]


@pytest.mark.parametrize("query", [{}, {"code": "PG_PROVIDER", "message": "declined"}])
async def test_nothing_starts_without_a_card_and_the_window_can_be_opened_again(
    harness: Harness, query: dict[str, str]
) -> None:
    window = await subscribe(harness)
    response = await return_from_window(harness, None, **query)
    assert response.headers["location"] == f"/subscriptions/{ID}"
    page = await harness.browser.get(f"/subscriptions/{ID}")
    assert "No card yet" in page.text
    assert await state(harness) == "new"
    harness.clock.advance(minutes=5)
    assert await sweep(harness.shop) == 0
    assert (harness.emulator.payments, await charges(harness)) == ({}, [])

    response = await harness.browser.post(f"/subscriptions/{ID}/card")
    assert response.headers["location"] == window
    await return_from_window(harness, issue_key(harness))
    assert await state(harness) == "active"
    response = await harness.browser.post(f"/subscriptions/{ID}/card")
    assert response.headers["location"] == f"/subscriptions/{ID}"


async def test_a_button_pressed_twice_starts_one_subscription(harness: Harness) -> None:
    windows = await asyncio.gather(*(subscribe(harness) for _ in range(4)))
    assert len(set(windows)) == 1
    card = issue_key(harness)
    await asyncio.gather(*(return_from_window(harness, card) for _ in range(4)))
    assert paid_amounts(harness) == [PRICE]
    assert len(await scheduled(harness)) == 1
    assert await subscribe(harness) == f"/subscriptions/{ID}"


async def test_another_card_of_the_same_customer_does_not_start_it_again(harness: Harness) -> None:
    await start(harness)
    [before] = await harness.rows(Subscription)
    await return_from_window(harness, issue_key(harness))
    [after] = await harness.rows(Subscription)
    assert after.billing_key == before.billing_key
    assert paid_amounts(harness) == [PRICE]


async def deliver_issued(harness: Harness, billing_key: str, message_id: str) -> httpx.Response:
    """Deliver `BillingKey.Issued` as PortOne would."""
    data = {"storeId": harness.emulator.store_id, "billingKey": billing_key}
    return await harness.deliver_event("BillingKey.Issued", data, message_id)


async def test_the_webhook_starts_it_if_the_browser_never_returns(harness: Harness) -> None:
    await subscribe(harness)
    card = issue_key(harness)
    assert (await deliver_issued(harness, card, "msg_1")).status_code == 200
    assert await state(harness) == "active"
    await asyncio.gather(
        deliver_issued(harness, card, "msg_2"),
        return_from_window(harness, card),
        deliver_issued(harness, card, "msg_3"),
    )
    assert paid_amounts(harness) == [PRICE]
    assert len(await scheduled(harness)) == 1


async def test_the_webhook_of_another_programs_card_changes_nothing(harness: Harness) -> None:
    await subscribe(harness)
    assert (await deliver_issued(harness, issue_key(harness, OTHER), "msg_1")).status_code == 200
    assert (await deliver_issued(harness, "billing-key-made-up", "msg_2")).status_code == 200
    assert (await state(harness), harness.emulator.payments) == ("new", {})


async def test_a_card_that_could_not_be_looked_up_is_stored_when_the_page_is_reloaded(
    harness: Harness,
) -> None:
    await subscribe(harness)
    card = issue_key(harness)
    harness.emulator.fault("getBillingKeyInfo", "503", times=3)
    assert (await return_from_window(harness, card)).status_code == 502
    assert await state(harness) == "new"
    assert (await return_from_window(harness, card)).status_code == 303
    assert (await state(harness), paid_amounts(harness)) == ("active", [PRICE])


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "truncated", "503"])
@pytest.mark.parametrize("operation", ["payWithBillingKey", "createPaymentSchedule", "getPayment"])
async def test_whatever_is_lost_it_is_charged_once(
    harness: Harness, operation: str, kind: FaultKind
) -> None:
    harness.emulator.fault(operation, kind, times=3)
    await start(harness)
    for _ in range(2):
        harness.clock.advance(minutes=5)
        await sweep(harness.shop)
    assert await charges(harness) == [(1, "paid"), (2, "pending")]
    assert paid_amounts(harness) == [PRICE]
    assert await scheduled(harness) == [f"{ID}0002"]


async def test_a_declined_card_starts_nothing_and_is_not_charged_again(harness: Harness) -> None:
    harness.emulator.decline()
    await start(harness)
    harness.clock.advance(minutes=5)
    await sweep(harness.shop)
    assert await state(harness) == "ended"
    page = await harness.browser.get(f"/subscriptions/{ID}")
    assert "The card was declined. Nothing was charged" in page.text
    assert paid_amounts(harness) == [0]
    assert await scheduled(harness) == []


@pytest.mark.parametrize(
    ("charged", "may_have_reached"),
    [(True, True), (True, False), (False, True)],
    ids=["charged", "charged by another call", "in progress"],
)
async def test_a_declined_card_after_an_uncertain_attempt_ends_nothing(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, *, charged: bool, may_have_reached: bool
) -> None:
    payment = harness.shop.portone.payment
    pay_with_billing_key = payment.pay_with_billing_key
    declined = errors.PgProviderError(
        status=502,
        request=errors.RequestInfo("POST", "/payments/{paymentId}/billing-key"),
        body={"type": "PG_PROVIDER", "pgCode": "X", "pgMessage": "no"},
    )
    # An earlier attempt has an unknown result, and this one was declined.
    vars(declined)["may_have_reached"] = may_have_reached

    async def pay_twice(*args: Any, **kwargs: Any) -> None:
        if charged:
            await pay_with_billing_key(*args, **kwargs)
        raise declined

    with monkeypatch.context() as patch:
        patch.setattr(payment, "pay_with_billing_key", pay_twice)
        await start(harness)
    assert await state(harness) == ("active" if charged else "starting")
    assert "declined" not in (await harness.browser.get(f"/subscriptions/{ID}")).text

    harness.clock.advance(minutes=5)
    assert await sweep(harness.shop) == 0
    assert await state(harness) == "active"
    assert await charges(harness) == [(1, "paid"), (2, "pending")]
    assert paid_amounts(harness) == [PRICE]


async def test_the_end_revokes_the_schedule_and_deletes_the_key(harness: Harness) -> None:
    await start(harness)
    response = await harness.browser.post(f"/subscriptions/{ID}/end")
    assert response.status_code == 303
    assert await state(harness) == "ended"
    assert await charges(harness) == [(1, "paid"), (2, "closed")]
    harness.emulator.advance(days=100)
    assert paid_amounts(harness) == [PRICE]


@pytest.mark.parametrize("kind", ["reset_after", "503"])
@pytest.mark.parametrize("operation", ["revokePaymentSchedules", "deleteBillingKey"])
async def test_it_ends_even_if_portone_is_unreachable(
    harness: Harness, operation: str, kind: FaultKind
) -> None:
    await start(harness)
    harness.emulator.fault(operation, kind, times=3)
    await harness.browser.post(f"/subscriptions/{ID}/end")
    assert await state(harness) == "ending"
    harness.clock.advance(minutes=5)
    await sweep(harness.shop)
    assert await state(harness) == "ended"
    harness.emulator.advance(days=100)
    assert paid_amounts(harness) == [PRICE]


async def test_a_month_charged_before_the_end_is_recorded(harness: Harness) -> None:
    await start(harness)
    harness.emulator.advance(days=32)  # charged, and no webhook has come yet
    await harness.browser.post(f"/subscriptions/{ID}/end")
    assert await charges(harness) == [(1, "paid"), (2, "paid")]
    assert await state(harness) == "ended"
    assert await scheduled(harness) == []


async def assert_refused(harness: Harness, billing_key: str) -> None:
    response = await return_from_window(harness, billing_key)
    assert response.status_code == 400
    assert "This card cannot be used" in response.text
    assert "nothing was charged" in response.text
    assert billing_key not in response.text
    subscriptions = await harness.rows(Subscription, id=ID)
    assert [(each.state, each.billing_key) for each in subscriptions] == [("new", None)]
    assert (harness.emulator.payments, await charges(harness)) == ({}, [])


@pytest.mark.parametrize(
    "invalid_key",
    [
        "billing-key-made-up",
        "<script>alert(1)</script>",
        "../payments/order-1",
        "a/b?c=d#e",
        "..",
        "빌링키",
        "line\nfeed",
        "k" * 5_000,
    ],
)
async def test_an_invalid_billing_key_is_refused(harness: Harness, invalid_key: str) -> None:
    await subscribe(harness)
    await assert_refused(harness, invalid_key)
    await return_from_window(harness, issue_key(harness))  # it does not affect the right one
    assert (await state(harness), paid_amounts(harness)) == ("active", [PRICE])


async def test_the_key_of_another_customer_is_refused(harness: Harness) -> None:
    await subscribe(harness)
    await subscribe(harness, OTHER)
    stolen = issue_key(harness, OTHER)
    await assert_refused(harness, stolen)
    [other] = await harness.rows(Subscription, id=OTHER)
    assert (other.state, other.billing_key) == ("new", None)
    without_customer = harness.emulator.issue_billing_key().billing_key
    assert without_customer is not None
    await assert_refused(harness, without_customer)


async def test_the_key_of_another_shops_customer_is_refused(tmp_path: Path) -> None:
    async with in_process(tmp_path, sub_store_ids=["another-shop"]) as harness:
        await subscribe(harness)
        await assert_refused(harness, issue_key(harness, "customer-of-another-shop"))
        await assert_refused(harness, issue_key(harness, ID, store_id="another-shop"))


async def test_a_deleted_key_is_refused(harness: Harness) -> None:
    await subscribe(harness)
    deleted = issue_key(harness)
    await harness.shop.portone.payment.billing_key.delete_billing_key(deleted)
    await assert_refused(harness, deleted)


async def test_ids_that_come_from_no_form_are_refused(harness: Harness) -> None:
    response = await harness.browser.post("/subscriptions", data={"id": "../../x"})
    assert response.status_code == 400
    assert (
        await return_from_window(harness, issue_key(harness))
    ).status_code == 404  # there is no such subscription
    for path in ("", "/back?billingKey=x", "/events"):
        assert (await harness.browser.get(f"/subscriptions/none{path}")).status_code == 404
    for path in ("/end", "/card"):
        assert (await harness.browser.post(f"/subscriptions/none{path}")).status_code == 404


async def test_the_page_shows_the_first_charge(live: Harness) -> None:
    await subscribe(live)
    async with live.events(f"/subscriptions/{ID}/events") as pieces:
        assert "No card yet" in await anext(pieces)
        issue_key(live)  # nobody returns, so only the webhook reports it
        async for piece in pieces:
            if "Active" in piece:
                break
    assert await state(live) == "active"


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-01-31", 2, "2026-03-31"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2026-11-24", 1, "2026-12-24"),
        ("2026-11-24", 14, "2028-01-24"),
    ],
)
def test_months_are_counted_from_the_start(start: str, months: int, due: str) -> None:
    start_day = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert f"{add_months(start_day, months):%Y-%m-%d}" == due
