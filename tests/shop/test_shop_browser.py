"""The shop's pages in a real Chromium: order, pay in the emulator's window, see "paid" appear."""

# ruff: noqa: E402  (without these packages, the imports below fail)

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite", "redis"):
    pytest.importorskip(package)
playwright = pytest.importorskip("playwright.async_api", reason="Playwright is not installed")

from tests.chromium import CHROMIUM, FLAGS

from .harness import PASSWORD, Harness

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, Page

pytestmark = pytest.mark.anyio
SCREENSHOT = os.environ.get("SHOP_SCREENSHOT")  # the file to write one to: docs/images/shop.png


@pytest.fixture
async def context() -> AsyncGenerator[BrowserContext]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        context = await browser.new_context(
            viewport={"width": 900, "height": 620},
            color_scheme="light",
            http_credentials={"username": "any", "password": PASSWORD},
        )
        context.set_default_timeout(15_000)
        yield context
        await browser.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncGenerator[Page]:
    page = await context.new_page()
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    # Chromium logs error statuses, too. The tests check those themselves.
    logged = "the server responded with a status of 400"
    assert [text for text in problems if logged not in text] == []


async def test_order_pay_and_see_it_paid(live: Harness, page: Page) -> None:
    await page.goto(live.url)
    await (
        page.get_by_role("listitem")
        .filter(has_text="Kettle")
        .get_by_role("button", name="Buy")
        .click()
    )
    await page.wait_for_url(f"{live.emulator.url}/checkout/**")
    assert await page.get_by_text("49,000 KRW").is_visible()
    await page.get_by_role("button", name="Pay", exact=True).click()
    await page.wait_for_url(f"{live.url}/orders/*")
    await page.locator("[data-state=paid]").wait_for()
    if SCREENSHOT is not None:
        await page.set_viewport_size({"width": 720, "height": 400})
        await page.screenshot(path=SCREENSHOT)


async def test_paid_appears_without_a_reload(
    live: Harness, context: BrowserContext, page: Page
) -> None:
    order_id = await live.place_order()
    await page.goto(f"{live.url}/orders/{order_id}")
    await page.locator("[data-state=pending]").wait_for()
    await page.evaluate("document.body.dataset.untouched = 'yes'")  # a reload would remove it

    # The customer pays in another window, and never returns, so only the webhook reports it.
    other = await context.new_page()
    await other.goto(f"{live.emulator.url}/checkout/{order_id}")
    await other.get_by_role("button", name="Pay", exact=True).click()
    await page.locator("[data-state=paid]").wait_for()
    assert await page.locator("body").get_attribute("data-untouched") == "yes"

    await other.goto(f"{live.url}/admin")
    await other.get_by_label("Amount").fill("12000")
    await other.get_by_role("button", name="Refund").click()
    await page.get_by_text("Paid, refunded in part").wait_for()
    await page.get_by_text("Refund of 12,000 KRW: done").wait_for()
    assert await page.locator("body").get_attribute("data-untouched") == "yes"
    assert live.emulator.payments[order_id]["amount"]["cancelled"] == 12_000


RECORD_STATES = """() => {
  window.states = [];
  const record = () => states.push(document.querySelector("[data-state]").dataset.state);
  record();
  new MutationObserver(record).observe(document.getElementById("live"), { childList: true });
}"""


async def test_another_amount_never_appears_as_paid(live: Harness, page: Page) -> None:
    order_id = await live.place_order()
    await page.goto(f"{live.url}/orders/{order_id}")
    await page.evaluate(RECORD_STATES)
    live.emulator._state.registrations.clear()  # somebody got around the registration
    live.emulator.checkout(order_id, amount=1)
    await page.get_by_text("On hold").wait_for()
    await live.return_from_window(order_id)
    assert (await live.deliver("Transaction.Paid", order_id)).status_code == 200
    assert await page.get_by_text("Paid", exact=True).count() == 0
    # Events come in order, so all states shown until this one have been recorded when it appears.
    await live.change_state(order_id, "closed")
    live.shop.changes.notify(order_id)
    await page.locator("[data-state=closed]").wait_for()
    states = await page.evaluate("states")
    assert (set(states[:-1]), states[-1]) == ({"pending", "mismatch"}, "closed")


async def test_after_a_failed_payment_the_customer_can_pay_again(live: Harness, page: Page) -> None:
    await page.goto(live.url)
    await (
        page.get_by_role("listitem")
        .filter(has_text="Mug")
        .get_by_role("button", name="Buy")
        .click()
    )
    await page.get_by_role("button", name="Fail").click()
    await page.locator("[data-state=failed]").wait_for()
    await page.get_by_role("button", name="Pay").click()
    await page.get_by_role("button", name="Pay", exact=True).click()
    await page.locator("[data-state=paid]").wait_for()


async def test_a_subscription_starts_and_ends(live: Harness, page: Page) -> None:
    await page.goto(live.url)
    await page.get_by_role("button", name="Subscribe").click()
    await page.wait_for_url(f"{live.emulator.url}/issue-billing-key/**")
    await page.get_by_role("button", name="Fail").click()
    await page.get_by_text("No card yet").wait_for()

    await page.get_by_role("button", name="Store a card").click()
    await page.get_by_role("button", name="Store the card").click()
    await page.wait_for_url(f"{live.url}/subscriptions/*")
    assert "billingKey" not in page.url
    await page.locator("[data-state=active]").wait_for()
    assert await page.get_by_role("row").filter(has_text="Paid").count() == 1
    assert await page.get_by_role("row").filter(has_text="Planned").count() == 1

    live.emulator.advance(days=32)  # the schedule charges, and the webhook updates the page
    await page.get_by_role("row").filter(has_text="Paid").nth(1).wait_for()
    await page.get_by_role("button", name="End it").click()
    await page.locator("[data-state=ended]").wait_for()
    paid = [payment["amount"]["paid"] for payment in live.emulator.payments.values()]
    assert paid == [18_000, 18_000]


async def test_a_billing_key_written_into_the_address_is_refused(live: Harness, page: Page) -> None:
    await page.goto(live.url)
    await page.get_by_role("button", name="Subscribe").click()
    await page.wait_for_url(f"{live.emulator.url}/issue-billing-key/**")
    subscription = f"{live.url}/subscriptions/{page.url.partition('?')[0].rpartition('/')[2]}"
    stolen = live.emulator.issue_billing_key(customer={"id": "somebody-else"}).billing_key
    for key in ("billing-key-made-up", stolen):
        response = await page.goto(f"{subscription}/back?billingKey={key}")
        assert response is not None
        assert response.status == 400
        assert await page.get_by_role("heading", name="This card cannot be used").is_visible()
    await page.get_by_role("link", name="Back to the subscription").click()
    await page.locator("[data-state=new]").wait_for()
    assert live.emulator.payments == {}
