"""How an order becomes paid, whichever way the shop learns of the payment, and however often."""

# ruff: noqa: E402  (without these packages, the imports below fail)

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite", "redis"):
    pytest.importorskip(package)

import asyncio
import re
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from fastapi import Request

from examples.shop.error_pages import error_page
from examples.shop.events import ChangeNotifier, stream
from examples.shop.settle import settle
from examples.shop.sweep import sweep
from examples.shop.tables import Order, Shipment
from examples.shop.views import page as build_page
from portone_async import errors
from portone_async.models.enums import Currency
from portone_emulator import EmulatedAPIError
from portone_emulator.scenarios import future

from .harness import Harness, served

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.anyio
PRICE = 30_000


async def test_an_order_is_paid_when_the_customer_returns(harness: Harness) -> None:
    order_id = await harness.place_order(quantity=2)
    assert await harness.state(order_id) == ("pending", 0)

    harness.emulator.checkout(order_id)
    await harness.return_from_window(order_id)

    assert await harness.state(order_id) == ("paid", 0)
    assert harness.emulator.payments[order_id]["amount"]["total"] == 2 * PRICE


async def test_a_price_sent_by_the_browser_is_ignored(harness: Harness) -> None:
    form = {"product": "beans", "quantity": "1", "amount": "1", "price": "1"}
    response = await harness.browser.post("/orders", data=form)
    assert "totalAmount=30000" in response.headers["location"]


@pytest.mark.parametrize(
    "form",
    [
        {"product": "yacht", "quantity": "1"},
        {"product": "mug", "quantity": "0"},
        {"product": "mug", "quantity": "-1"},
        {"product": "mug", "quantity": "11"},
        {"product": "mug", "quantity": "٣"},
        {"product": "mug"},
        {},
    ],
)
async def test_an_invalid_order_is_refused(harness: Harness, form: dict[str, str]) -> None:
    response = await harness.browser.post("/orders", data=form)
    assert response.status_code == 400
    assert await harness.rows(Order) == []


async def test_portone_refuses_an_amount_other_than_the_registered_one(harness: Harness) -> None:
    order_id = await harness.place_order()
    with pytest.raises(EmulatedAPIError, match="amount"):
        harness.emulator.checkout(order_id, amount=1)


@pytest.mark.parametrize(
    ("amount", "currency"), [(1, "KRW"), (29_999, "KRW"), (60_000, "KRW"), (30_000, "JPY")]
)
async def test_another_amount_or_currency_is_never_paid(
    harness: Harness, amount: int, currency: Currency
) -> None:
    order_id = await harness.place_order()
    # Somebody got around the registration. The shop's own comparison still holds.
    await harness.shop.portone.payment.pre_register_payment(
        order_id, total_amount=amount, currency=currency
    )
    harness.emulator.checkout(order_id, amount=amount, currency=currency)

    await harness.return_from_window(order_id)
    assert (await harness.deliver("Transaction.Paid", order_id)).status_code == 200

    assert await harness.state(order_id) == ("mismatch", 0)
    assert await harness.rows(Shipment) == []


async def test_what_the_browser_says_is_ignored(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id, "failed")
    response = await harness.browser.get(
        f"/orders/{order_id}/back", params={"paymentId": "order-of-another", "status": "PAID"}
    )
    assert response.headers["location"] == f"/orders/{order_id}"
    assert await harness.state(order_id) == ("failed", 0)


async def test_what_a_webhook_says_is_looked_up(harness: Harness) -> None:
    order_id = await harness.place_order()
    response = await harness.deliver("Transaction.Paid", order_id)
    assert response.status_code == 200
    assert await harness.state(order_id) == ("pending", 0)


async def test_an_unsigned_webhook_is_refused(harness: Harness) -> None:
    response = await harness.browser.post("/webhooks/portone", json={"type": "Transaction.Paid"})
    assert response.status_code == 400


async def test_the_webhook_may_come_before_the_redirect_and_twice(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)

    for _ in range(3):
        assert (await harness.deliver("Transaction.Paid", order_id, "msg_1")).status_code == 200
    assert (await harness.deliver("Transaction.Paid", order_id, "msg_2")).status_code == 200
    await harness.return_from_window(order_id)

    assert await harness.state(order_id) == ("paid", 0)
    assert len(await harness.rows(Shipment)) == 1
    lookups = [r for r in harness.emulator.requests if r.operation_id == "getPayment"]
    assert len(lookups) == 3  # of one webhook's deliveries, only the first is handled


async def test_concurrent_webhooks_and_redirects_ship_once(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)
    async with asyncio.TaskGroup() as tasks:
        for number in range(10):
            tasks.create_task(harness.deliver("Transaction.Paid", order_id, f"msg_{number}"))
            tasks.create_task(harness.return_from_window(order_id))
    assert await harness.state(order_id) == ("paid", 0)
    assert len(await harness.rows(Shipment)) == 1


async def test_concurrent_callers_all_get_the_recorded_state(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)
    orders = await asyncio.gather(*(settle(harness.shop, order_id) for _ in range(10)))
    assert [order.state for order in orders if order is not None] == ["paid"] * 10


async def approve(
    harness: Harness, order_id: str, amount: int, message_id: str | None = None
) -> httpx.Response:
    """Ask the shop, as PortOne does, to approve a payment."""
    return await harness.deliver("Transaction.Confirm", order_id, message_id, totalAmount=amount)


async def test_a_payment_is_approved_only_for_the_amount_of_an_unpaid_order(
    harness: Harness,
) -> None:
    order_id = await harness.place_order()
    assert (await approve(harness, order_id, PRICE)).status_code == 200
    for amount, message_id in ((1, "msg_1"), (1, "msg_1"), (2 * PRICE, "msg_2")):
        response = await approve(harness, order_id, amount, message_id)
        assert (response.status_code, list(response.json())) == (409, ["errorMessage"])
    assert (await approve(harness, "order-of-another-shop", PRICE)).status_code == 409
    assert await harness.state(order_id) == ("pending", 0)

    harness.emulator.checkout(order_id)
    await harness.return_from_window(order_id)
    assert (await approve(harness, order_id, PRICE)).status_code == 409


async def test_the_old_webhook_version_approves_nothing(harness: Harness) -> None:
    order_id = await harness.place_order()
    question = {"payment_id": order_id, "tx_id": "tx-1", "total_amount": 1}
    assert (await harness.deliver_body(orjson.dumps(question))).status_code == 400


async def test_the_redirect_alone_is_enough_and_so_is_the_sweep(harness: Harness) -> None:
    first, second = await harness.place_order(), await harness.place_order("mug")
    harness.emulator.checkout(first)
    harness.emulator.checkout(second)
    await harness.return_from_window(first)
    assert await harness.state(second) == ("pending", 0)

    harness.clock.advance(minutes=5)
    assert await sweep(harness.shop) == 0

    assert await harness.state(first) == ("paid", 0)
    assert await harness.state(second) == ("paid", 0)


async def test_the_sweep_leaves_a_new_order_alone_and_looks_an_old_one_up_less_often(
    harness: Harness,
) -> None:
    await harness.place_order()
    age = 0.0

    async def lookups(*ages: float) -> int:
        """Sweep when the order has these ages, in minutes, and count the lookups."""
        nonlocal age
        before = len(harness.emulator.requests)
        for minutes in ages:
            harness.clock.advance(minutes=minutes - age)
            age = minutes
            await sweep(harness.shop)
        return len(harness.emulator.requests) - before

    assert await lookups(0.5) == 0
    assert await lookups(2, 2.5) == 1
    assert await lookups(*range(3, 60 * 24, 5)) < 30
    assert await lookups(60 * 24 * 9) == 0


async def test_a_webhook_that_failed_is_handled_when_it_is_redelivered(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)
    harness.emulator.fault("getPayment", "503", times=3)

    assert (await harness.deliver("Transaction.Paid", order_id, "msg_1")).status_code == 502
    assert await harness.state(order_id) == ("pending", 0)
    assert (await harness.deliver("Transaction.Paid", order_id, "msg_1")).status_code == 200
    assert await harness.state(order_id) == ("paid", 0)


async def test_the_customer_gets_a_page_while_portone_is_unreachable(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)
    harness.emulator.fault("getPayment", "502_html", times=3)
    await harness.return_from_window(order_id)
    page = await harness.browser.get(f"/orders/{order_id}")
    assert "Waiting for the payment" in page.text


async def test_a_failed_order_can_be_paid_again(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id, "failed")
    await harness.return_from_window(order_id)
    assert await harness.state(order_id) == ("failed", 0)

    response = await harness.browser.post(f"/orders/{order_id}/pay")
    assert response.status_code == 303
    harness.emulator.checkout(order_id)
    await harness.deliver("Transaction.Failed", order_id)  # late: it must not undo the payment
    assert await harness.state(order_id) == ("paid", 0)


async def test_paying_twice_redirects_to_the_order(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)
    response = await harness.browser.post(f"/orders/{order_id}/pay")
    assert response.headers["location"] == f"/orders/{order_id}/back"


async def test_a_virtual_account_is_paid_by_its_webhook(harness: Harness) -> None:
    order_id, other = await harness.place_order(), await harness.place_order()
    harness.emulator.checkout(order_id, "virtual_account")
    harness.emulator.checkout(other, "virtual_account")
    await harness.return_from_window(order_id)
    assert await harness.state(order_id) == ("pending", 0)

    harness.emulator.deposit(order_id)
    await harness.deliver("Transaction.Paid", order_id)
    harness.emulator.advance(days=8)
    await harness.deliver("Transaction.Cancelled", other)

    assert await harness.state(order_id) == ("paid", 0)
    assert await harness.state(other) == ("closed", 0)


async def test_an_unknown_status_and_an_unknown_webhook_change_nothing(harness: Harness) -> None:
    order_id = await harness.place_order()
    harness.emulator.checkout(order_id)
    harness.emulator.future("getPayment", future.unknown_variant("FROZEN"))
    assert (await harness.deliver("Transaction.Paid", order_id)).status_code == 200
    assert (await harness.deliver("Transaction.Frozen", order_id)).status_code == 200
    assert await harness.state(order_id) == ("pending", 0)


async def test_a_payment_of_another_shop_is_ignored(harness: Harness) -> None:
    harness.emulator.checkout("order-of-another-shop", amount=1)
    assert (await harness.deliver("Transaction.Paid", "order-of-another-shop")).status_code == 200
    assert (await harness.browser.get("/orders/order-of-another-shop/back")).status_code == 404


async def test_forms_submitted_by_other_sites_are_refused(harness: Harness) -> None:
    form = {"product": "beans", "quantity": "1"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}):
        response = await harness.browser.post("/orders", data=form, headers=headers)
        assert response.status_code == 403
    assert (await harness.browser.post("/orders", content=b"\xff=\xff")).status_code == 400
    assert (await harness.browser.post("/orders", content=b"a" * 20_000)).status_code == 413


async def test_names_are_escaped_and_secrets_are_not_shown_states(harness: Harness) -> None:
    assert "<script>alert" not in build_page("<script>alert(1)</script>", "")
    assert harness.emulator.secret not in repr(harness.shop)
    assert "staff password" not in repr(harness.shop)


def shown_states(html: str) -> list[str]:
    """Return the states shown by a page, or by a part of it."""
    return re.findall(r'data-state="([a-z]+)"', html)


async def event_path(harness: Harness, order_id: str) -> str:
    """Open an order's page, and return the path of the events that its script listens to."""
    page = (await harness.browser.get(f"/orders/{order_id}")).text
    assert shown_states(page) == ["pending"]
    assert '<section id="live"' in page
    assert 'src="/static/shop.js"' in page
    assert "EventSource(address)" in (await harness.browser.get("/static/shop.js")).text
    [path] = re.findall(r'<body data-live="([^"]+)">', page)
    return path


async def test_the_page_shows_paid_when_the_webhook_comes(live: Harness) -> None:
    order_id, other = await live.place_order(), await live.place_order()
    async with (
        asyncio.timeout(5),
        live.events(await event_path(live, order_id)) as first_tab,
        live.events(await event_path(live, order_id)) as second_tab,
        live.events(await event_path(live, other)) as others,
    ):
        for pieces in (first_tab, second_tab, others):
            assert shown_states(await anext(pieces)) == ["pending"]

        live.emulator.checkout(order_id)  # nobody returns, so only the webhook reports it
        for pieces in (first_tab, second_tab):
            paid = await anext(pieces)
            assert shown_states(paid) == ["paid"]
            assert ">Paid<" in paid
            assert "30,000 KRW" in paid

        live.emulator.checkout(other, "failed")  # the first event there since "pending"
        assert shown_states(await anext(others)) == ["failed"]
    assert await live.state(order_id) == ("paid", 0)
    assert shown_states((await live.browser.get(f"/orders/{order_id}")).text) == ["paid"]


@pytest.mark.parametrize(
    ("amount", "currency"), [(1, "KRW"), (29_999, "KRW"), (60_000, "KRW"), (30_000, "JPY")]
)
async def test_the_page_never_shows_paid_for_another_amount(
    live: Harness, amount: int, currency: Currency
) -> None:
    order_id = await live.place_order()
    await live.shop.portone.payment.pre_register_payment(
        order_id, total_amount=amount, currency=currency
    )
    async with asyncio.timeout(5), live.events(await event_path(live, order_id)) as pieces:
        assert shown_states(await anext(pieces)) == ["pending"]
        live.emulator.checkout(order_id, amount=amount, currency=currency)
        held = await anext(pieces)  # the first change must not be "paid", not even for a moment
        assert shown_states(held) == ["mismatch"]
        assert "On hold" in held
        assert ">Paid<" not in held

        # Neither the browser nor another webhook makes it paid.
        await live.return_from_window(order_id)
        assert (await live.deliver("Transaction.Paid", order_id)).status_code == 200
        assert await live.state(order_id) == ("mismatch", 0)
        assert await live.rows(Shipment) == []
        page = (await live.browser.get(f"/orders/{order_id}")).text
        assert shown_states(page) == ["mismatch"]
        assert ">Paid<" not in page

        # Events come in order, so the next one being this change shows that none came in between.
        await live.change_state(order_id, "closed")
        live.shop.changes.notify(order_id)
        assert shown_states(await anext(pieces)) == ["closed"]


async def test_the_page_shows_what_another_process_has_changed(tmp_path: Path) -> None:
    async with served(tmp_path, refresh_seconds=0.05) as live:
        order_id = await live.place_order()
        async with asyncio.timeout(5), live.events(await event_path(live, order_id)) as pieces:
            assert shown_states(await anext(pieces)) == ["pending"]
            await live.change_state(order_id, "paid")
            assert shown_states(await anext(pieces)) == ["paid"]


async def test_a_change_during_rendering_is_not_missed() -> None:
    changes = ChangeNotifier()
    state = "pending"

    async def render() -> str:
        nonlocal state
        rendered = state
        if rendered == "pending":  # it is paid while the database returns the earlier state
            state = "paid"
            changes.notify("order-1")
        return rendered

    async with (
        asyncio.timeout(5),
        aclosing(stream(changes, "order-1", render, refresh_seconds=3600)) as pieces,
    ):
        assert [await anext(pieces), await anext(pieces)] == [
            b'data: "pending"\n\n',
            b'data: "paid"\n\n',
        ]
    assert changes._subscribers == {}


async def test_without_scripts_the_page_reloads_itself(harness: Harness) -> None:
    order_id = await harness.place_order()
    page = (await harness.browser.get(f"/orders/{order_id}")).text
    assert '<noscript><meta http-equiv="refresh"' in page


@pytest.mark.parametrize("path", ["/orders/none", "/orders/none/back", "/nothing"])
async def test_people_get_error_pages_and_programs_get_json(harness: Harness, path: str) -> None:
    html = await harness.browser.get(path, headers={"Accept": "text/html"})
    assert html.status_code == 404
    assert "Not here" in html.text
    assert (await harness.browser.get(path)).json() == {"detail": "Not Found"}


async def test_while_portone_is_unreachable_people_are_asked_to_wait(harness: Harness) -> None:
    harness.emulator.fault("preRegisterPayment", "503", times=3)
    response = await harness.browser.post(
        "/orders", data={"product": "mug", "quantity": "1"}, headers={"Accept": "text/html"}
    )
    assert response.status_code == 502
    assert "Try again in a minute" in response.text


async def test_a_refusal_after_an_uncertain_attempt_is_not_called_nothing_done() -> None:
    scope = {"type": "http", "headers": [(b"accept", b"text/html")]}
    error = errors.AlreadyPaidError(
        status=409,
        request=errors.RequestInfo("POST", "/payments/{paymentId}/billing-key"),
        body={"type": "ALREADY_PAID"},
    )
    certain = await error_page(Request(scope), error)
    assert b"Nothing was done" in certain.body
    vars(error)["may_have_reached"] = True
    uncertain = await error_page(Request(scope), error)
    assert uncertain.status_code == 409
    assert b"Nothing was done" not in uncertain.body
    assert b"Look before you try again" in uncertain.body
