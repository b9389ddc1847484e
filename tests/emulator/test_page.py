"""The dashboard and the payment window in a real Chromium."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from portone_emulator import Emulator
from tests.chromium import CHROMIUM, FLAGS

from .conftest import START, Shop
from .receiver import receiving

HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "'; alert(1); //",
    "</td></tr></table><h1>owned</h1>",
    "&lt;b&gt; & ' \" `",
]

playwright = pytest.importorskip(
    "playwright.sync_api", reason="the browser tests need playwright: pip install playwright"
)
if CHROMIUM is None:
    pytest.skip(
        "the browser tests need Chromium: apt-get install chromium", allow_module_level=True
    )

expect = playwright.expect
Page = Any


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(chromium: Any, url: str, **options: Any) -> Generator[Page]:
    """Open a page; any error or warning in its console fails the test."""
    problems: list[str] = []
    context = chromium.new_context(**options)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        # Chromium logs each 4xx and 5xx response there.
        lambda note: (
            problems.append(note.text)
            if note.type in {"error", "warning"} and "the server responded with" not in note.text
            else None
        ),
    )
    page.goto(url)
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def page(chromium: Any, emulator: Emulator) -> Iterator[Page]:
    with opened(chromium, emulator.url) as page:
        yield page


def row(page: Page, section: str, text: str) -> Any:
    return page.locator(f"#{section}").get_by_role("row").filter(has_text=text)


def test_customer_pays_in_the_window_and_the_page_shows_it(
    chromium: Any, page: Page, emulator: Emulator
) -> None:
    expect(page.locator("#payments")).to_contain_text("No payment yet")
    address = f"{emulator.url}/checkout/order-1?totalAmount=39000&orderName={quote('책 두 권')}"
    with opened(chromium, address) as window:
        expect(window.get_by_role("heading")).to_have_text("책 두 권")
        expect(window.locator(".total")).to_have_text("39,000 KRW")
        window.get_by_role("button", name="Pay", exact=True).click()
        expect(window.get_by_role("heading")).to_have_text("Done")
    paid = row(page, "payments", "order-1")
    expect(paid).to_contain_text("PAID")
    expect(paid).to_contain_text("39,000 KRW")
    expect(paid).to_contain_text("책 두 권")


def test_window_redirects_to_the_shop(chromium: Any, emulator: Emulator) -> None:
    class Done(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<link rel=icon href=data:,><h1>Thank you</h1>")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Done)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        shop = f"http://127.0.0.1:{server.server_port}/done"
        address = f"{emulator.url}/checkout/order-1?totalAmount=1000&redirect={shop}"
        failures = {"Leave": "PAY_PROCESS_CANCELED", "Fail": "DECLINED"}
        for button in ("Leave", "Fail", "Pay"):
            with opened(chromium, address) as window:
                window.get_by_role("button", name=button, exact=True).click()
                expect(window.get_by_role("heading")).to_have_text("Thank you")
                expect(window).to_have_url(re.compile("paymentId=order-1&txId="))
                query = parse_qs(urlsplit(window.url).query)
                assert query.get("code") == (["FAILURE_TYPE_PG"] if button in failures else None)
                assert query.get("pgCode", [None]) == [failures.get(button)]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert emulator.payments["order-1"]["status"] == "PAID"


def test_form_opens_payments(page: Page, emulator: Emulator) -> None:
    form = page.locator("form[action='/_emulator/checkout']")
    form.get_by_label("Order name").fill("A lamp")
    form.get_by_label("Amount").fill("1050")
    form.get_by_label("Currency").fill("USD")
    form.get_by_label("Method").select_option("Easy pay")
    form.get_by_role("button", name="Pay", exact=True).click()
    expect(row(page, "payments", "order-1")).to_contain_text("10.50 USD")
    expect(row(page, "payments", "order-1")).to_contain_text("Easy pay")
    expect(page.get_by_role("status")).to_have_text("Pay: done")
    expect(form.get_by_label("Payment ID")).to_have_value("order-2")
    form.get_by_role("button", name="Fail", exact=True).click()
    expect(row(page, "payments", "order-2")).to_contain_text("FAILED")
    assert emulator.payments["order-1"]["orderName"] == "A lamp"


def test_form_shows_the_error(page: Page, emulator: Emulator) -> None:
    emulator.checkout("order-1", amount=1000)
    page.get_by_label("Payment ID").fill("order-1")
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("the payment with this ID is already paid")


def test_buttons_change_a_payment(page: Page, emulator: Emulator) -> None:
    emulator.checkout("order-1", "virtual_account", amount=1000)
    emulator.checkout("order-2", "pay_pending", amount=1000)
    emulator.checkout("order-3", "ready", amount=1000)
    page.get_by_role("button", name="Deposit: order-1").click()
    expect(row(page, "payments", "order-1")).to_contain_text("PAID")
    page.get_by_role("button", name="Approve: order-2").click()
    expect(row(page, "payments", "order-2")).to_contain_text("PAID")
    page.get_by_role("button", name="Fail: order-3").click()
    expect(row(page, "payments", "order-3")).to_contain_text("FAILED")
    page.get_by_role("button", name="Cancel: order-1").click()
    expect(row(page, "payments", "order-1")).to_contain_text("1,000 KRW cancelled")
    expect(page.get_by_role("button", name="Cancel: order-1")).to_have_count(0)
    assert emulator.payments["order-1"]["status"] == "CANCELLED"


def test_clock_advances(page: Page, emulator: Emulator) -> None:
    emulator.checkout("order-1", "virtual_account", amount=1000)
    expect(page.locator("#now")).to_have_text("2026-07-03 18:00:00 KST / 09:00:00 UTC")
    page.get_by_role("button", name="+30 days").click()
    expect(page.locator("#now")).to_have_text("2026-08-02 18:00:00 KST / 09:00:00 UTC")
    expect(row(page, "payments", "order-1")).to_contain_text("CANCELLED")


def test_charge_is_declined(page: Page, shop: Shop) -> None:
    page.get_by_role("button", name="Decline next charge").click()
    expect(page.get_by_role("status")).to_contain_text("done")
    assert shop.pay().status_code == 502
    expect(row(page, "payments", "order-1")).to_contain_text("FAILED")
    expect(row(page, "requests", "payInstantly")).to_contain_text("502")


def test_reset_asks_for_confirmation(page: Page, emulator: Emulator) -> None:
    emulator.checkout("order-1", amount=1000)
    expect(row(page, "payments", "order-1")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Reset").click()
    assert list(emulator.payments) == ["order-1"]
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#payments")).to_contain_text("No payment yet")
    assert emulator.now == START


def test_requests_show_faults_and_replays_but_no_secrets(
    page: Page, emulator: Emulator, shop: Shop
) -> None:
    key = {"Idempotency-Key": '"0123456789abcdef"'}
    shop.pay()
    for _ in range(2):
        shop.post("/payments/order-1/cancel", json={"reason": "x"}, headers=key)
    shop.get("/billing-keys/billing-key-secret")
    emulator.fault("getPayments", "latency", delay=0)
    shop.get("/payments")
    expect(row(page, "requests", "replay")).to_contain_text("POST /payments/order-1/cancel")
    expect(row(page, "requests", "getPayments")).to_contain_text("fault: latency")
    expect(row(page, "requests", "getBillingKeyInfo")).to_contain_text("/billing-keys/...")
    assert "billing-key-secret" not in page.content()


def test_webhooks_show_their_deliveries(chromium: Any) -> None:
    with (
        receiving() as receiver,
        Emulator(webhook_url=receiver.url, start_at=START) as emulator,
        opened(chromium, emulator.url) as page,
    ):
        receiver.statuses.extend([200, 500])
        emulator.checkout("order-1", amount=1000)
        emulator.wait_for_webhooks()
        failed = row(page, "webhooks", "Transaction.Paid")
        expect(failed).to_contain_text("500")
        expect(failed).to_contain_text("due")
        body = failed.locator("details")
        body.locator("summary").click()
        page.get_by_role("button", name="+1 minute").click()
        expect(failed.get_by_role("listitem").nth(1)).to_contain_text("200")
        expect(failed).not_to_contain_text("due")
        # Opened details stay open.
        expect(body.locator("pre")).to_contain_text('"paymentId":"order-1"')


def test_focus_is_kept(page: Page, emulator: Emulator) -> None:
    emulator.checkout("order-1", amount=1000)
    cancel = page.get_by_role("button", name="Cancel: order-1")
    cancel.focus()
    emulator.checkout("order-2", amount=1000)
    expect(row(page, "payments", "order-2")).to_be_visible()
    expect(cancel).to_be_focused()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(chromium: Any, page: Page, emulator: Emulator, name: str) -> None:
    emulator.checkout(f"{name}", "ready", amount=1000, order_name=name)
    expect(row(page, "payments", name).locator("strong")).to_have_text(name)
    expect(row(page, "payments", name).locator("th small")).to_have_text(name)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    row(page, "payments", name).get_by_role("link", name="Window").click()
    expect(page.get_by_role("heading")).to_have_text(name)
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.locator("dd").first).to_have_text(name)
    page.goto(emulator.url)
    page.get_by_role("button", name=f"Cancel: {name}").click()
    expect(row(page, "payments", name).first).to_contain_text("CANCELLED")
    assert page.title() == "PortOne emulator"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 1200])
def test_fits_the_window_and_the_scheme(
    chromium: Any, emulator: Emulator, shop: Shop, scheme: str, width: int
) -> None:
    emulator.checkout(
        "order-" + "long" * 40, "virtual_account", amount=10**15, order_name="책" * 90
    )
    shop.get("/payments/" + "x" * 200)
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with opened(chromium, emulator.url, **options) as page:
        expect(page.locator("#payments strong")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (min(map(int, re.findall(r"\d+", ground))) > 128) == (scheme == "light")
        assert page.get_by_role("table", name="Payments, latest first").count() == 1
        cells = page.locator("#payments").get_by_role("cell")
        assert cells.count() == 5


def test_every_control_has_a_name(page: Page, emulator: Emulator) -> None:
    emulator.checkout("order-1", "ready", amount=1000)
    expect(row(page, "payments", "order-1")).to_be_visible()
    unnamed = page.evaluate(
        """() => Array.from(document.querySelectorAll("button, a, input:not([type=hidden]), select"))
             .filter((each) => !(each.textContent.trim() || each.ariaLabel || (each.labels || []).length))
             .length"""
    )
    assert unnamed == 0


def test_shows_when_the_emulator_does_not_respond(chromium: Any) -> None:
    emulator = Emulator()
    emulator.start()
    context = chromium.new_context()
    page = context.new_page()
    page.goto(emulator.url)
    emulator.stop()
    expect(page.get_by_role("status")).to_have_text("The emulator does not respond.")
    context.close()


def test_works_without_the_script(chromium: Any, emulator: Emulator) -> None:
    with opened(chromium, emulator.url, java_script_enabled=False) as page:
        page.get_by_role("button", name="Virtual account").click()
        page.get_by_role("button", name="Deposit: order-1").click()
        expect(row(page, "payments", "order-1")).to_contain_text("PAID")
        page.get_by_role("button", name="Pay", exact=True).first.click()
        expect(page.locator("#payments").get_by_role("rowheader")).to_have_count(2)


def test_page_of_another_site_cannot_use_the_controls(chromium: Any, emulator: Emulator) -> None:
    emulator.checkout("order-1", amount=1000)
    attack = f"""<form action="{emulator.url}/_emulator/cancel" method="post">
        <input name="paymentId" value="order-1"><button>win a prize</button></form>"""
    context = chromium.new_context()
    page = context.new_page()
    page.route(
        "http://evil.test/", lambda route: route.fulfill(body=attack, content_type="text/html")
    )
    page.goto("http://evil.test/")
    with page.expect_response(re.compile("/_emulator/cancel")) as response:
        page.get_by_role("button").click()
    assert response.value.status == 403
    assert emulator.payments["order-1"]["status"] == "PAID"
    context.close()
