"""A subscription is charged once a month, until it ends."""

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite"):
    pytest.importorskip(package)

import asyncio
from datetime import UTC, datetime, timedelta

from examples.shop.renewals import after_months
from examples.shop.subscriptions import (
    ForeignBillingKeyError,
    issue_in_place_of_the_browser,
    subscribe,
)
from examples.shop.sweep import sweep
from examples.shop.tables import Order, Shipment, Subscription, now
from portone_async.models import PaymentScheduleFilterInput

from .stage import Stage

pytestmark = pytest.mark.anyio
ID = "subscription-" + "1" * 24
PRICE = 18_000


async def begin(stage: Stage) -> None:
    answer = await stage.browser.post("/subscriptions", data={"id": ID})
    assert answer.status_code == 303


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


async def test_pressed_twice_it_begins_once(stage: Stage) -> None:
    await asyncio.gather(*(begin(stage) for _ in range(4)))
    assert charged(stage) == [PRICE]
    assert len(await scheduled(stage)) == 1


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


async def test_somebody_elses_billing_key_is_not_taken(stage: Stage) -> None:
    key = await issue_in_place_of_the_browser(stage.shop, "subscription-" + "2" * 24)
    with pytest.raises(ForeignBillingKeyError):
        await subscribe(stage.shop, ID, key)
    assert stage.emulator.payments == {}


async def test_ids_that_no_form_had_are_refused(stage: Stage) -> None:
    answer = await stage.browser.post("/subscriptions", data={"id": "../../x"})
    assert answer.status_code == 400
    assert (await stage.browser.get("/subscriptions/none")).status_code == 404


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
