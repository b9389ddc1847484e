"""A subscription is charged once a month, until it ends."""

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite"):
    pytest.importorskip(package)

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from examples.shop.renewals import after_months
from examples.shop.sweep import sweep
from examples.shop.tables import Order, Shipment, Subscription, now
from portone_async.models import PaymentScheduleFilterInput

from .stage import Stage, in_process

pytestmark = pytest.mark.anyio
ID, OTHER = "subscription-" + "1" * 24, "subscription-" + "2" * 24
PRICE = 18_000


async def ask(stage: Stage, subscription_id: str = ID) -> str:
    """Press "Subscribe", and return where that leads."""
    answer = await stage.browser.post("/subscriptions", data={"id": subscription_id})
    assert answer.status_code == 303
    return answer.headers["location"]


def key(stage: Stage, subscription_id: str = ID, store_id: str | None = None) -> str:
    """A card stored at PortOne for a customer."""
    left = stage.emulator.issue_billing_key(customer={"id": subscription_id}, store_id=store_id)
    assert left.billing_key is not None
    return left.billing_key


async def back(
    stage: Stage, billing_key: str | None, subscription_id: str = ID, **said: str
) -> httpx.Response:
    """Come back from the window as PortOne sends a browser back."""
    said |= {"transactionType": "ISSUE_BILLING_KEY"}
    if billing_key is not None:
        said["billingKey"] = billing_key
    return await stage.browser.get(f"/subscriptions/{subscription_id}/back", params=said)


async def begin(stage: Stage) -> None:
    await ask(stage)
    answer = await back(stage, key(stage))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/subscriptions/{ID}"  # the key stays in no history


async def charges(stage: Stage) -> list[tuple[int, str]]:
    return [(order.number, order.state) for order in await stage.rows(Order, subscription_id=ID)]


async def state(stage: Stage) -> str:
    [found] = await stage.rows(Subscription)
    return found.state


async def scheduled(stage: Stage) -> list[str]:
    moment = stage.emulator.now
    wanted = PaymentScheduleFilterInput(from_=moment, until=moment + timedelta(days=90))
    schedules = stage.shop.portone.payment.payment_schedule
    page = await schedules.get_payment_schedules(filter=wanted)
    return [schedule.payment_id for schedule in page.items if schedule.status == "SCHEDULED"]


def charged(stage: Stage) -> list[int]:
    return [payment["amount"]["paid"] for payment in stage.emulator.payments.values()]


async def test_the_first_month_is_charged_and_the_next_one_scheduled(stage: Stage) -> None:
    await begin(stage)
    assert await state(stage) == "active"
    assert await charges(stage) == [(1, "paid"), (2, "pending")]
    assert await scheduled(stage) == [f"{ID}-0002"]
    page = await stage.browser.get(f"/subscriptions/{ID}")
    assert "Active" in page.text


async def test_the_schedule_pays_and_its_webhook_plans_the_next(stage: Stage) -> None:
    await begin(stage)
    stage.emulator.advance(days=32)
    await stage.deliver("Transaction.Paid", f"{ID}-0002")
    assert await charges(stage) == [(1, "paid"), (2, "paid"), (3, "pending")]
    assert await scheduled(stage) == [f"{ID}-0003"]
    assert len(await stage.rows(Shipment)) == 2


async def test_the_window_leads_back_with_a_key(stage: Stage) -> None:
    window = await ask(stage)
    assert window.startswith(f"{stage.emulator.url}/issue-billing-key/{ID}?")
    async with httpx.AsyncClient(trust_env=False) as browser:
        assert "Store the card" in (await browser.get(window)).text
        form = {"outcome": "issued", "redirect": f"{stage.url}/subscriptions/{ID}/back"}
        home = {"Sec-Fetch-Site": "same-origin"}
        left = await browser.post(window, data=form, headers=home)
        for elsewhere in ("https://evil.test/", f"{stage.url}.evil.test/", "javascript:alert(1)"):
            answer = await browser.post(window, data={**form, "redirect": elsewhere}, headers=home)
            assert answer.status_code == 400
        answer = await browser.post(window, data=form, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert left.status_code == 303
    assert (await stage.browser.get(left.headers["location"])).status_code == 303
    [subscription] = await stage.rows(Subscription)
    info = await stage.shop.portone.payment.billing_key.get_billing_key_info(
        subscription.billing_key
    )
    assert info.customer.id == ID
    assert await charges(stage) == [(1, "paid"), (2, "pending")]


@pytest.mark.parametrize("said", [{}, {"code": "PG_PROVIDER", "message": "declined"}])
async def test_nothing_begins_without_a_card_and_the_window_opens_again(
    stage: Stage, said: dict[str, str]
) -> None:
    window = await ask(stage)
    answer = await back(stage, None, **said)
    assert answer.headers["location"] == f"/subscriptions/{ID}"
    page = await stage.browser.get(f"/subscriptions/{ID}")
    assert "No card yet" in page.text
    assert await state(stage) == "new"
    assert await sweep(stage.shop, now() + timedelta(minutes=5)) == 0
    assert (stage.emulator.payments, await charges(stage)) == ({}, [])

    answer = await stage.browser.post(f"/subscriptions/{ID}/card")
    assert answer.headers["location"] == window
    await back(stage, key(stage))
    assert await state(stage) == "active"
    answer = await stage.browser.post(f"/subscriptions/{ID}/card")
    assert answer.headers["location"] == f"/subscriptions/{ID}"


async def test_pressed_twice_it_begins_once(stage: Stage) -> None:
    windows = await asyncio.gather(*(ask(stage) for _ in range(4)))
    assert len(set(windows)) == 1
    card = key(stage)
    await asyncio.gather(*(back(stage, card) for _ in range(4)))
    assert charged(stage) == [PRICE]
    assert len(await scheduled(stage)) == 1
    assert await ask(stage) == f"/subscriptions/{ID}"


async def test_another_card_of_the_same_customer_does_not_begin_it_again(stage: Stage) -> None:
    await begin(stage)
    [before] = await stage.rows(Subscription)
    await back(stage, key(stage))
    [after] = await stage.rows(Subscription)
    assert after.billing_key == before.billing_key
    assert charged(stage) == [PRICE]


async def told(stage: Stage, billing_key: str, message_id: str) -> httpx.Response:
    """Deliver `BillingKey.Issued` as PortOne would."""
    data = {"storeId": stage.emulator.store_id, "billingKey": billing_key}
    return await stage.deliver_event("BillingKey.Issued", data, message_id)


async def test_the_webhook_begins_it_where_the_browser_never_comes_back(stage: Stage) -> None:
    await ask(stage)
    card = key(stage)
    assert (await told(stage, card, "msg_1")).status_code == 200
    assert await state(stage) == "active"
    await asyncio.gather(told(stage, card, "msg_2"), back(stage, card), told(stage, card, "msg_3"))
    assert charged(stage) == [PRICE]
    assert len(await scheduled(stage)) == 1


async def test_a_webhook_of_a_card_that_is_none_of_the_shops_changes_nothing(stage: Stage) -> None:
    await ask(stage)
    assert (await told(stage, key(stage, OTHER), "msg_1")).status_code == 200
    assert (await told(stage, "billing-key-made-up", "msg_2")).status_code == 200
    assert (await state(stage), stage.emulator.payments) == ("new", {})


async def test_a_card_that_could_not_be_looked_up_is_taken_when_the_page_is_loaded_again(
    stage: Stage,
) -> None:
    await ask(stage)
    card = key(stage)
    stage.emulator.fault("getBillingKeyInfo", "503", times=3)
    assert (await back(stage, card)).status_code == 502
    assert await state(stage) == "new"
    assert (await back(stage, card)).status_code == 303
    assert (await state(stage), charged(stage)) == ("active", [PRICE])


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "truncated", "503"])
@pytest.mark.parametrize("operation", ["payWithBillingKey", "createPaymentSchedule", "getPayment"])
async def test_whatever_gets_lost_it_is_charged_once(
    stage: Stage, operation: str, kind: str
) -> None:
    stage.emulator.fault(operation, kind, times=3)  # type: ignore[arg-type]
    await begin(stage)
    for _ in range(2):
        await sweep(stage.shop, now() + timedelta(minutes=5))
    assert await charges(stage) == [(1, "paid"), (2, "pending")]
    assert charged(stage) == [PRICE]
    assert await scheduled(stage) == [f"{ID}-0002"]


async def test_a_declined_card_begins_nothing_and_is_not_tried_again(stage: Stage) -> None:
    stage.emulator.decline()
    await begin(stage)
    await sweep(stage.shop, now() + timedelta(minutes=5))
    assert await state(stage) == "ended"
    page = await stage.browser.get(f"/subscriptions/{ID}")
    assert "The card was declined. Nothing was charged" in page.text
    assert charged(stage) == [0]
    assert await scheduled(stage) == []


async def test_the_end_revokes_the_schedule_and_deletes_the_key(stage: Stage) -> None:
    await begin(stage)
    answer = await stage.browser.post(f"/subscriptions/{ID}/end")
    assert answer.status_code == 303
    assert await state(stage) == "ended"
    assert await charges(stage) == [(1, "paid"), (2, "closed")]
    stage.emulator.advance(days=100)
    assert charged(stage) == [PRICE]


@pytest.mark.parametrize("kind", ["reset_after", "503"])
@pytest.mark.parametrize("operation", ["revokePaymentSchedules", "deleteBillingKey"])
async def test_it_ends_even_if_portone_is_out_of_reach(
    stage: Stage, operation: str, kind: str
) -> None:
    await begin(stage)
    stage.emulator.fault(operation, kind, times=3)  # type: ignore[arg-type]
    await stage.browser.post(f"/subscriptions/{ID}/end")
    assert await state(stage) == "ending"
    await sweep(stage.shop, now() + timedelta(minutes=5))
    assert await state(stage) == "ended"
    stage.emulator.advance(days=100)
    assert charged(stage) == [PRICE]


async def test_a_month_that_was_charged_before_the_end_is_not_forgotten(stage: Stage) -> None:
    await begin(stage)
    stage.emulator.advance(days=32)  # charged, and no webhook has come yet
    await stage.browser.post(f"/subscriptions/{ID}/end")
    assert await charges(stage) == [(1, "paid"), (2, "paid")]
    assert await state(stage) == "ended"
    assert await scheduled(stage) == []


async def refused(stage: Stage, billing_key: str) -> None:
    answer = await back(stage, billing_key)
    assert answer.status_code == 400
    assert "This card is not taken" in answer.text
    assert "nothing was charged" in answer.text
    assert billing_key not in answer.text
    found = await stage.rows(Subscription, id=ID)
    assert [(each.state, each.billing_key) for each in found] == [("new", None)]
    assert (stage.emulator.payments, await charges(stage)) == ({}, [])


@pytest.mark.parametrize(
    "false",
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
async def test_a_false_billing_key_is_refused(stage: Stage, false: str) -> None:
    await ask(stage)
    await refused(stage, false)
    await back(stage, key(stage))  # and does no harm to the right one
    assert (await state(stage), charged(stage)) == ("active", [PRICE])


async def test_the_key_of_another_customer_is_refused(stage: Stage) -> None:
    await ask(stage)
    await ask(stage, OTHER)
    stolen = key(stage, OTHER)
    await refused(stage, stolen)
    [other] = await stage.rows(Subscription, id=OTHER)
    assert (other.state, other.billing_key) == ("new", None)
    nameless = stage.emulator.issue_billing_key().billing_key
    assert nameless is not None
    await refused(stage, nameless)


async def test_the_key_of_another_shops_customer_is_refused(tmp_path: Path) -> None:
    async with in_process(tmp_path, sub_store_ids=["another-shop"]) as stage:
        await ask(stage)
        await refused(stage, key(stage, "customer-of-another-shop"))
        await refused(stage, key(stage, ID, store_id="another-shop"))


async def test_a_key_that_was_deleted_meanwhile_is_refused(stage: Stage) -> None:
    await ask(stage)
    gone = key(stage)
    await stage.shop.portone.payment.billing_key.delete_billing_key(gone)
    await refused(stage, gone)


async def test_ids_that_no_form_had_are_refused(stage: Stage) -> None:
    answer = await stage.browser.post("/subscriptions", data={"id": "../../x"})
    assert answer.status_code == 400
    assert (await back(stage, key(stage))).status_code == 404  # never asked for
    for path in ("", "/back?billingKey=x", "/events"):
        assert (await stage.browser.get(f"/subscriptions/none{path}")).status_code == 404
    for path in ("/end", "/card"):
        assert (await stage.browser.post(f"/subscriptions/none{path}")).status_code == 404


async def test_the_page_hears_of_the_first_charge(live: Stage) -> None:
    await ask(live)
    async with live.events(f"/subscriptions/{ID}/events") as pieces:
        assert "No card yet" in await anext(pieces)
        key(live)  # nobody comes back: the emulator's own webhook tells
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
    begun = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert f"{after_months(begun, months):%Y-%m-%d}" == due
