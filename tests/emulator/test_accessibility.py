"""The pages in a real Chromium: no fault that axe-core finds, and fit for a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portone_emulator import Emulator
from tests.chromium import CHROMIUM, FLAGS

from .activity import PAYMENT, fill
from .conftest import START, Shop
from .receiver import receiving

playwright = pytest.importorskip(
    "playwright.sync_api", reason="the browser tests need playwright: pip install playwright"
)
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="the tests with axe-core need it: pip install axe-playwright-python",
)
if CHROMIUM is None:
    pytest.skip(
        "the browser tests need Chromium: apt-get install chromium", allow_module_level=True
    )

LANGUAGES = ("ko-KR", "en-US")
PATHS = (
    "/",
    f"/_emulator/payment?paymentId={PAYMENT}",
    "/_emulator/payment?paymentId=unknown",
    "/checkout/order-open",
    "/issue-billing-key/customer-1",
    "/identity-verification/verification-2",
)
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def busy() -> Iterator[Emulator]:
    with (
        receiving() as receiver,
        Emulator(start_at=START, webhook_url=receiver.url) as emulator,
        Shop(emulator) as shop,
    ):
        fill(emulator, shop, receiver)
        yield emulator


def test_long_ids_and_names_fit_a_phone(chromium: Any) -> None:
    with Emulator(start_at=START) as emulator:
        payment_id = "order" + "x" * 100
        emulator.checkout(payment_id, amount=10**12, order_name="긴 이름 " * 20)
        context = chromium.new_context(**PHONE)
        page = context.new_page()
        for path in ("/", f"/_emulator/payment?paymentId={payment_id}", f"/checkout/{payment_id}"):
            page.goto(emulator.url + path)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["viewport"]["width"], path
        context.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages(chromium: Any, busy: Emulator, screen: dict[str, Any], language: str) -> None:
    context = chromium.new_context(locale=language, **screen)
    page = context.new_page()
    for path in PATHS:
        page.goto(busy.url + path)
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        found = axe.Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], path
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= screen["viewport"]["width"], path
    context.close()


def test_phone_folds_all_but_the_payments(chromium: Any, busy: Emulator) -> None:
    context = chromium.new_context(locale="ko-KR", **PHONE)
    page = context.new_page()
    page.goto(busy.url)
    expect = playwright.expect
    expect(page.get_by_role("table")).to_have_count(1)
    page.get_by_role("link", name="본인인증 1").click()
    expect(page.get_by_role("rowheader", name="verification-1")).to_be_visible()
    page.get_by_role("button", name="+1분").click()
    expect(page.get_by_role("status")).to_have_text("+1분: 완료")
    # What is open stays open.
    expect(page.get_by_role("table")).to_have_count(2)
    context.close()


def test_story_is_reached_and_follows_the_payment(chromium: Any, busy: Emulator) -> None:
    context = chromium.new_context(locale="ko-KR", **DESKTOP)
    page = context.new_page()
    page.goto(busy.url)
    page.locator("#payments").get_by_role("link", name="order-open", exact=True).click()
    expect = playwright.expect
    expect(page.get_by_role("heading", level=1)).to_have_text("order-open 이력")
    page.get_by_role("button", name="결제: order-open").click()
    expect(page.locator("#summary")).to_contain_text("결제 완료")
    webhooks = page.locator("#events li.webhook")
    count = webhooks.count()
    page.get_by_role("button", name="재전송: Transaction.Paid order-open").click()
    expect(webhooks).to_have_count(count + 1)
    expect(page.locator("#events")).to_contain_text("수동 재전송")
    page.get_by_role("link", name="전체 결제 내역").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("포트원 에뮬레이터")
    context.close()
