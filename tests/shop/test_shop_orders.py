"""An order's way to "paid", whoever tells of it, and however often."""

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite"):
    pytest.importorskip(package)

import asyncio
import re
from contextlib import aclosing
from datetime import timedelta

from sqlalchemy import update

from examples.shop import live as live_pages
from examples.shop.sweep import sweep
from examples.shop.tables import Order, Shipment, now
from portone_async.emulator import Refusal, future

from .stage import Stage

pytestmark = pytest.mark.anyio
PRICE = 30_000


async def test_an_order_is_paid_when_the_customer_comes_back(stage: Stage) -> None:
    order_id = await stage.place(quantity=2)
    assert await stage.state(order_id) == ("pending", 0)

    stage.emulator.checkout(order_id)
    await stage.come_back(order_id)

    assert await stage.state(order_id) == ("paid", 0)
    assert stage.emulator.payments[order_id]["amount"]["total"] == 2 * PRICE


async def test_the_browser_names_no_price(stage: Stage) -> None:
    form = {"product": "beans", "quantity": "1", "amount": "1", "price": "1"}
    answer = await stage.browser.post("/orders", data=form)
    assert "totalAmount=30000" in answer.headers["location"]


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
async def test_what_is_not_sold_is_not_ordered(stage: Stage, form: dict[str, str]) -> None:
    answer = await stage.browser.post("/orders", data=form)
    assert answer.status_code == 400
    assert await stage.rows(Order) == []


async def test_a_changed_amount_is_refused_by_portone_already(stage: Stage) -> None:
    order_id = await stage.place()
    with pytest.raises(Refusal, match="amount"):
        stage.emulator.checkout(order_id, amount=1)


@pytest.mark.parametrize(
    ("amount", "currency"), [(1, "KRW"), (29_999, "KRW"), (60_000, "KRW"), (30_000, "JPY")]
)
async def test_another_amount_or_currency_is_never_paid(
    stage: Stage, amount: int, currency: str
) -> None:
    order_id = await stage.place()
    # Somebody got past the registration: the shop's own comparison is the fence that counts.
    await stage.shop.portone.payment.pre_register_payment(
        order_id,
        total_amount=amount,
        currency=currency,  # type: ignore[arg-type]
    )
    stage.emulator.checkout(order_id, amount=amount, currency=currency)

    await stage.come_back(order_id)
    assert (await stage.deliver("Transaction.Paid", order_id)).status_code == 200

    assert await stage.state(order_id) == ("mismatch", 0)
    assert await stage.rows(Shipment) == []


async def test_the_browser_is_not_believed(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id, "failed")
    answer = await stage.browser.get(
        f"/orders/{order_id}/back", params={"paymentId": "order-of-another", "status": "PAID"}
    )
    assert answer.headers["location"] == f"/orders/{order_id}"
    assert await stage.state(order_id) == ("failed", 0)


async def test_a_webhook_is_not_believed_either(stage: Stage) -> None:
    order_id = await stage.place()
    answer = await stage.deliver("Transaction.Paid", order_id)
    assert answer.status_code == 200
    assert await stage.state(order_id) == ("pending", 0)


async def test_an_unsigned_webhook_is_refused(stage: Stage) -> None:
    answer = await stage.browser.post("/webhooks/portone", json={"type": "Transaction.Paid"})
    assert answer.status_code == 400


async def test_the_webhook_may_come_before_the_redirect_and_twice(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id)

    for _ in range(3):
        assert (await stage.deliver("Transaction.Paid", order_id, "msg_1")).status_code == 200
    assert (await stage.deliver("Transaction.Paid", order_id, "msg_2")).status_code == 200
    await stage.come_back(order_id)

    assert await stage.state(order_id) == ("paid", 0)
    assert len(await stage.rows(Shipment)) == 1
    lookups = [r for r in stage.emulator.requests if r.operation_id == "getPayment"]
    assert len(lookups) == 3  # of the copies of one webhook only the first is handled


async def test_all_at_the_same_time_ship_once(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id)
    async with asyncio.TaskGroup() as tasks:
        for number in range(10):
            tasks.create_task(stage.deliver("Transaction.Paid", order_id, f"msg_{number}"))
            tasks.create_task(stage.come_back(order_id))
    assert await stage.state(order_id) == ("paid", 0)
    assert len(await stage.rows(Shipment)) == 1


async def test_the_redirect_without_a_webhook_and_neither_of_them(stage: Stage) -> None:
    first, second = await stage.place(), await stage.place("mug")
    stage.emulator.checkout(first)
    stage.emulator.checkout(second)
    await stage.come_back(first)
    assert await stage.state(second) == ("pending", 0)

    assert await sweep(stage.shop, now() + timedelta(minutes=5)) == 0

    assert await stage.state(first) == ("paid", 0)
    assert await stage.state(second) == ("paid", 0)


async def test_a_young_order_is_left_to_its_customer_and_an_old_one_is_looked_at_less_often(
    stage: Stage,
) -> None:
    await stage.place()
    start = now()

    async def looks(*minutes: float) -> int:
        before = len(stage.emulator.requests)
        for minute in minutes:
            await sweep(stage.shop, start + timedelta(minutes=minute))
        return len(stage.emulator.requests) - before

    assert await looks(0.5) == 0
    assert await looks(2, 2.5) == 1
    assert await looks(*range(3, 60 * 24, 5)) < 30
    assert await looks(60 * 24 * 9) == 0


async def test_a_webhook_that_could_not_be_handled_comes_again(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id)
    stage.emulator.fault("getPayment", "503", times=3)

    assert (await stage.deliver("Transaction.Paid", order_id, "msg_1")).status_code == 502
    assert await stage.state(order_id) == ("pending", 0)
    assert (await stage.deliver("Transaction.Paid", order_id, "msg_1")).status_code == 200
    assert await stage.state(order_id) == ("paid", 0)


async def test_the_customer_gets_a_page_while_portone_is_out_of_reach(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id)
    stage.emulator.fault("getPayment", "502_html", times=3)
    await stage.come_back(order_id)
    page = await stage.browser.get(f"/orders/{order_id}")
    assert "Waiting for the payment" in page.text


async def test_a_failed_order_can_be_paid_again(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id, "failed")
    await stage.come_back(order_id)
    assert await stage.state(order_id) == ("failed", 0)

    answer = await stage.browser.post(f"/orders/{order_id}/pay")
    assert answer.status_code == 303
    stage.emulator.checkout(order_id)
    await stage.deliver("Transaction.Failed", order_id)  # late: it must not undo anything
    assert await stage.state(order_id) == ("paid", 0)


async def test_paying_twice_leads_back_to_the_order(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id)
    answer = await stage.browser.post(f"/orders/{order_id}/pay")
    assert answer.headers["location"] == f"/orders/{order_id}/back"


async def test_a_virtual_account_is_paid_by_its_webhook(stage: Stage) -> None:
    order_id, other = await stage.place(), await stage.place()
    stage.emulator.checkout(order_id, "virtual_account")
    stage.emulator.checkout(other, "virtual_account")
    await stage.come_back(order_id)
    assert await stage.state(order_id) == ("pending", 0)

    stage.emulator.deposit(order_id)
    await stage.deliver("Transaction.Paid", order_id)
    stage.emulator.advance(days=8)
    await stage.deliver("Transaction.Cancelled", other)

    assert await stage.state(order_id) == ("paid", 0)
    assert await stage.state(other) == ("closed", 0)


async def test_a_status_and_a_webhook_of_the_future_change_nothing(stage: Stage) -> None:
    order_id = await stage.place()
    stage.emulator.checkout(order_id)
    stage.emulator.future("getPayment", future.unknown_variant("FROZEN"))
    assert (await stage.deliver("Transaction.Paid", order_id)).status_code == 200
    assert (await stage.deliver("Transaction.Frozen", order_id)).status_code == 200
    assert await stage.state(order_id) == ("pending", 0)


async def test_a_payment_of_somebody_else_is_none_of_the_shops(stage: Stage) -> None:
    stage.emulator.checkout("another-shops", amount=1)
    assert (await stage.deliver("Transaction.Paid", "another-shops")).status_code == 200
    assert (await stage.browser.get("/orders/another-shops/back")).status_code == 404


async def test_forms_of_other_sites_are_refused(stage: Stage) -> None:
    form = {"product": "beans", "quantity": "1"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}):
        answer = await stage.browser.post("/orders", data=form, headers=headers)
        assert answer.status_code == 403
    assert (await stage.browser.post("/orders", content=b"\xff=\xff")).status_code == 400
    assert (await stage.browser.post("/orders", content=b"a" * 20_000)).status_code == 413


async def test_names_are_escaped_and_secrets_are_not_shown(stage: Stage) -> None:
    from examples.shop.views import page

    assert "<script>alert" not in page("<script>alert(1)</script>", "")
    assert stage.emulator.secret not in repr(stage.shop)
    assert "staff password" not in repr(stage.shop)


def shown(html: str) -> list[str]:
    """The states that a page, or a piece of it, shows."""
    return re.findall(r'data-state="([a-z]+)"', html)


async def follow(stage: Stage, order_id: str) -> str:
    """Open an order's page, and return where its script hears of changes."""
    page = (await stage.browser.get(f"/orders/{order_id}")).text
    assert shown(page) == ["pending"]
    assert '<section id="live"' in page
    assert 'src="/static/shop.js"' in page
    assert "EventSource(address)" in (await stage.browser.get("/static/shop.js")).text
    [address] = re.findall(r'<body data-live="([^"]+)">', page)
    return address


@pytest.fixture
def told_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages hear of changes, or never: they do not look again by themselves."""
    monkeypatch.setattr(live_pages, "LOOK_AGAIN", 3600.0)


@pytest.mark.usefixtures("told_only")
async def test_the_page_shows_paid_when_the_webhook_comes(live: Stage) -> None:
    order_id, other = await live.place(), await live.place()
    async with (
        asyncio.timeout(5),
        live.events(await follow(live, order_id)) as first_tab,
        live.events(await follow(live, order_id)) as second_tab,
        live.events(await follow(live, other)) as others,
    ):
        for pieces in (first_tab, second_tab, others):
            assert shown(await anext(pieces)) == ["pending"]

        live.emulator.checkout(order_id)  # and nobody comes back: only the emulator's webhook tells
        for pieces in (first_tab, second_tab):
            paid = await anext(pieces)
            assert shown(paid) == ["paid"]
            assert ">Paid<" in paid
            assert "30,000 KRW" in paid

        live.emulator.checkout(other, "failed")  # the next news there: none came before it
        assert shown(await anext(others)) == ["failed"]
    assert await live.state(order_id) == ("paid", 0)
    assert shown((await live.browser.get(f"/orders/{order_id}")).text) == ["paid"]


@pytest.mark.usefixtures("told_only")
@pytest.mark.parametrize(
    ("amount", "currency"), [(1, "KRW"), (29_999, "KRW"), (60_000, "KRW"), (30_000, "JPY")]
)
async def test_the_page_never_shows_paid_for_another_amount(
    live: Stage, amount: int, currency: str
) -> None:
    order_id = await live.place()
    await live.shop.portone.payment.pre_register_payment(
        order_id,
        total_amount=amount,
        currency=currency,  # type: ignore[arg-type]
    )
    async with asyncio.timeout(5), live.events(await follow(live, order_id)) as pieces:
        assert shown(await anext(pieces)) == ["pending"]
        live.emulator.checkout(order_id, amount=amount, currency=currency)
        held = await anext(pieces)  # whatever comes first must not be "paid", not even for a moment
        assert shown(held) == ["mismatch"]
        assert "On hold" in held
        assert ">Paid<" not in held

        # Neither the browser nor another webhook makes it paid. The page looks each time, and is still
        # the same.
        await live.come_back(order_id)
        assert (await live.deliver("Transaction.Paid", order_id)).status_code == 200
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(pieces)
    assert await live.state(order_id) == ("mismatch", 0)
    assert await live.rows(Shipment) == []
    page = (await live.browser.get(f"/orders/{order_id}")).text
    assert shown(page) == ["mismatch"]
    assert ">Paid<" not in page


async def test_the_page_looks_again_for_what_another_process_has_changed(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_pages, "LOOK_AGAIN", 0.05)
    order_id = await live.place()
    async with asyncio.timeout(5), live.events(await follow(live, order_id)) as pieces:
        assert shown(await anext(pieces)) == ["pending"]
        async with live.shop.sessions.begin() as db:
            await db.execute(update(Order).where(Order.id == order_id).values(state="paid"))
        assert shown(await anext(pieces)) == ["paid"]


@pytest.mark.usefixtures("told_only")
async def test_news_in_the_middle_of_a_look_are_not_lost() -> None:
    changes = live_pages.Changes()
    truth = ["pending"]

    async def render() -> str:
        seen = truth[0]
        if seen == "pending":  # it is paid while the database answers what it was before
            truth[0] = "paid"
            changes.tell("order-1")
        return seen

    async with (
        asyncio.timeout(5),
        aclosing(live_pages.stream(changes, "order-1", render)) as pieces,
    ):
        assert [await anext(pieces), await anext(pieces)] == [
            b'data: "pending"\n\n',
            b'data: "paid"\n\n',
        ]
    assert changes._listeners == {}


async def test_without_scripts_the_page_loads_itself_again(stage: Stage) -> None:
    order_id = await stage.place()
    page = (await stage.browser.get(f"/orders/{order_id}")).text
    assert '<noscript><meta http-equiv="refresh"' in page


@pytest.mark.parametrize("path", ["/orders/none", "/orders/none/back", "/nothing"])
async def test_a_person_reads_a_page_and_a_program_json(stage: Stage, path: str) -> None:
    html = await stage.browser.get(path, headers={"Accept": "text/html"})
    assert html.status_code == 404
    assert "Not here" in html.text
    assert (await stage.browser.get(path)).json() == {"detail": "Not Found"}


async def test_while_portone_is_out_of_reach_a_person_is_asked_to_wait(stage: Stage) -> None:
    stage.emulator.fault("preRegisterPayment", "503", times=3)
    answer = await stage.browser.post(
        "/orders", data={"product": "mug", "quantity": "1"}, headers={"Accept": "text/html"}
    )
    assert answer.status_code == 502
    assert "Try again in a minute" in answer.text
