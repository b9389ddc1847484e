"""The drop-in for PortOne's browser SDK, in the page of a shop in a real Chromium."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from portone_emulator import Emulator
from tests.chromium import CHROMIUM, FLAGS

from .conftest import Shop

playwright = pytest.importorskip(
    "playwright.sync_api", reason="the browser tests need playwright: pip install playwright"
)
if CHROMIUM is None:
    pytest.skip(
        "the browser tests need Chromium: apt-get install chromium", allow_module_level=True
    )

expect = playwright.expect
Page = Any

DOCS = Path(__file__).parents[2] / "docs"
OTHER_SITE = "http://other.test"  # at this machine's address, but not by its name
_ids = count(1)
# As in PortOne's sample projects, but that the buyer's choices come with the address.
CHECKOUT = """<!doctype html>
<html lang="ko">
  <head>
    <meta charset="utf-8">
    <title>Shop</title>
    <link rel="icon" href="data:,">
    <script src="EMULATOR/v2/browser-sdk.js"></script>
  </head>
  <body>
    <main>
      <button id="checkout">Check out</button>
      <output></output>
    </main>
    <script>
      const [name, request] = JSON.parse(decodeURIComponent(location.hash.slice(1)));
      const show = (value) => document.querySelector("output").textContent = JSON.stringify(value);
      document.querySelector("#checkout").onclick = async () => {
        try {
          const response = await PortOne[name](request);
          if (response.code !== undefined) return show(response);
          const completed = await fetch("/complete", {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(response),
          });
          show(await completed.json());
        } catch (error) {
          show({ ...error, rejected: error.message });
        }
      };
    </script>
  </body>
</html>"""


class ShopServer(ThreadingHTTPServer):
    """A shop: its checkout page, and its server, which asks PortOne what was paid."""

    emulator: Emulator

    def __init__(self, site: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"{site}:{self.server_port}"
        self.pages = {"/": CHECKOUT}

    def complete(self, response: dict[str, Any]) -> dict[str, Any]:
        """Add what PortOne knows to what the browser says."""
        with Shop(self.emulator) as shop:
            match response["transactionType"]:
                case "ISSUE_BILLING_KEY":
                    known = shop.get(f"/billing-keys/{response['billingKey']}")
                case "IDENTITY_VERIFICATION":
                    identity = response["identityVerificationId"]
                    known = shop.get(f"/identity-verifications/{identity}")
                case _:
                    known = shop.get(f"/payments/{response['paymentId']}")
        return {**response, "status": known.raise_for_status().json()["status"]}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path in self._shop.pages:
            page = self._shop.pages[parts.path]
            self._send(page.replace("EMULATOR", self._shop.emulator.url))
            return
        response = dict(parse_qsl(parts.query, strict_parsing=True))
        if "code" not in response:
            response = self._shop.complete(response)
        text = json.dumps(response).replace("<", "&lt;")
        self._send(f"<!doctype html><link rel=icon href=data:,><output>{text}</output>")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(json.dumps(self._shop.complete(json.loads(body))), "application/json")

    @property
    def _shop(self) -> ShopServer:
        assert isinstance(self.server, ShopServer)
        return self.server

    def _send(self, content: str, media_type: str = "text/html; charset=utf-8") -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        pass


@contextmanager
def serving(site: str = "http://localhost", *, is_allowed: bool = False) -> Generator[ShopServer]:
    """Run a shop, and an emulator for it, which is at another origin."""
    server = ShopServer(site)
    origins = [server.url] if is_allowed else []
    with Emulator(channels={"channel-key-1": "TOSSPAYMENTS"}, shop_origins=origins) as emulator:
        server.emulator = emulator
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def server() -> Iterator[ShopServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def emulator(server: ShopServer) -> Emulator:
    return server.emulator


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        names = "--host-resolver-rules=MAP other.test 127.0.0.1"
        browser = running.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, names])
        yield browser
        browser.close()


@contextmanager
def browsing(chromium: Any, **options: Any) -> Generator[Page]:
    """Open a tab; any error or warning in its console fails the test."""
    problems: list[str] = []
    context = chromium.new_context(**options)
    context.set_default_timeout(5_000)
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
    yield page
    context.close()
    assert problems == []


@pytest.fixture(scope="module")
def tab(chromium: Any) -> Iterator[Page]:
    with browsing(chromium) as page:
        yield page


def payment(**fields: Any) -> tuple[str, dict[str, Any]]:
    """Return the call for a payment of its own."""
    request = {
        "storeId": "store-emulator",
        "channelKey": "channel-key-1",
        "paymentId": f"order-{next(_ids)}",
        "orderName": "책 두 권",
        "totalAmount": 39_000,
        "currency": "CURRENCY_KRW",
        "payMethod": "CARD",
        "customer": {"fullName": "홍길동", "phoneNumber": "01012345678"},
        "products": [{"id": "book", "name": "책", "amount": 19_500, "quantity": 2}],
        "customData": {"item": "book"},
        "locale": "KO_KR",
        "bypass": {"tosspayments": {}},
    }
    return "requestPayment", {**request, **fields}


def billing_key() -> tuple[str, dict[str, Any]]:
    return "requestIssueBillingKey", {
        "storeId": "store-emulator",
        "channelKey": "channel-key-1",
        "billingKeyMethod": "CARD",
        "customer": {"customerId": "customer-1"},
    }


def billing_key_and_payment() -> tuple[str, dict[str, Any]]:
    return "requestIssueBillingKeyAndPay", {
        "storeId": "store-emulator",
        "channelKey": "channel-key-1",
        "paymentId": f"order-{next(_ids)}",
        "orderName": "구독",
        "totalAmount": 9_900,
        "currency": "KRW",
        "billingKeyAndPayMethod": "MOBILE",
        "productType": "DIGITAL",
    }


def identity() -> tuple[str, dict[str, Any]]:
    return "requestIdentityVerification", {
        "storeId": "store-emulator",
        "channelKey": "channel-key-1",
        "identityVerificationId": f"identity-{next(_ids)}",
    }


def ask(page: Page, server: ShopServer, call: tuple[str, dict[str, Any]]) -> None:
    """Open the shop's page and press its button."""
    # A new address each time: one that differs only by its fragment would not be loaded.
    page.goto(f"{server.url}/?{next(_ids)}#{quote(json.dumps(call))}")
    page.get_by_role("button", name="Check out").click()


def answer(page: Page) -> dict[str, Any]:
    """Return what the shop's page learned."""
    output = page.locator("output")
    expect(output).not_to_be_empty()
    return json.loads(output.text_content())


def frame(page: Page) -> Any:
    return page.frame_locator("iframe[title]")


def choose(
    page: Page, server: ShopServer, call: tuple[str, dict[str, Any]], kind: str, button: str
) -> dict[str, Any]:
    """Press a button of a window of a kind, and return what the shop's page learned."""
    name, request = call
    request = {**request, "windowType": {"pc": kind}, "redirectUrl": f"{server.url}/done?lang=ko"}
    if kind == "POPUP":
        with page.expect_popup() as opened:
            ask(page, server, (name, request))
        popup = opened.value
        popup.wait_for_load_state()
        if button == "Leave":
            popup.close()  # as a customer does, by the browser's own button
        else:
            popup.get_by_role("button", name=button, exact=True).click()
        return answer(page)
    ask(page, server, (name, request))
    window = frame(page) if kind == "IFRAME" else page
    first = window.get_by_role("button").first
    expect(first).to_be_focused()
    if kind == "IFRAME" and button == "Leave":
        page.keyboard.press("Escape")
    else:
        window.get_by_role("button", name=button, exact=True).click()
    if kind == "REDIRECTION":
        expect(page).to_have_url(re.compile(re.escape(f"{server.url}/done?lang=ko&")))
    result = answer(page)
    assert (result.pop("lang", None) == "ko") == (kind == "REDIRECTION")
    return result


@pytest.mark.parametrize("button", ["usual", "Fail", "Leave"])
@pytest.mark.parametrize("kind", ["IFRAME", "POPUP", "REDIRECTION"])
class TestEachRequest:
    def test_payment(self, tab: Page, server: ShopServer, kind: str, button: str) -> None:
        call = payment()
        result = choose(tab, server, call, kind, "Pay" if button == "usual" else button)
        known = server.emulator.payments[call[1]["paymentId"]]
        assert result["transactionType"] == "PAYMENT"
        assert result["paymentId"] == call[1]["paymentId"]
        assert result["txId"] == known["transactionId"]
        assert known["customer"]["name"] == "홍길동"
        assert known["products"] == call[1]["products"]
        assert json.loads(known["customData"]) == {"item": "book"}
        statuses = {"usual": "PAID", "Fail": "FAILED", "Leave": "READY"}
        assert known["status"] == statuses[button]
        check_outcome(result, button, "PAID")

    def test_billing_key(self, tab: Page, server: ShopServer, kind: str, button: str) -> None:
        chosen = "Store the card" if button == "usual" else button
        result = choose(tab, server, billing_key(), kind, chosen)
        assert result["transactionType"] == "ISSUE_BILLING_KEY"
        with Shop(server.emulator) as shop:
            known = shop.get(f"/billing-keys/{result['billingKey']}")
        assert known.is_success == (button == "usual")
        check_outcome(result, button, "ISSUED")

    def test_billing_key_and_payment(
        self, tab: Page, server: ShopServer, kind: str, button: str
    ) -> None:
        call = billing_key_and_payment()
        chosen = "Store and pay" if button == "usual" else button
        result = choose(tab, server, call, kind, chosen)
        assert result["transactionType"] == "ISSUE_BILLING_KEY_AND_PAY"
        assert result["paymentId"] == call[1]["paymentId"]
        known = server.emulator.payments[call[1]["paymentId"]]
        assert result["txId"] == known["transactionId"]
        assert result["billingKey"] == known["billingKey"]
        assert known["method"]["type"] == "PaymentMethodMobile"
        statuses = {"usual": "PAID", "Fail": "FAILED", "Leave": "READY"}
        assert known["status"] == statuses[button]
        check_outcome(result, button, "PAID")

    def test_identity_verification(
        self, tab: Page, server: ShopServer, kind: str, button: str
    ) -> None:
        call = identity()
        chosen = "Verify" if button == "usual" else button
        result = choose(tab, server, call, kind, chosen)
        assert result["transactionType"] == "IDENTITY_VERIFICATION"
        assert result["identityVerificationId"] == call[1]["identityVerificationId"]
        assert result["identityVerificationTxId"]
        check_outcome(result, button, "VERIFIED")


# The fields that the responses of @portone/browser-sdk 0.1.11 always have, by their types.
REQUIRED = {
    "PAYMENT": {"paymentId", "txId"},
    "ISSUE_BILLING_KEY": {"billingKey"},
    "ISSUE_BILLING_KEY_AND_PAY": {"billingKey", "paymentId", "txId"},
    "IDENTITY_VERIFICATION": {"identityVerificationId", "identityVerificationTxId"},
}
FAILURE = {"code", "message", "pgCode", "pgMessage"}


def check_outcome(result: dict[str, Any], button: str, status: str) -> None:
    """Check what is the same for all requests: the code, and what the shop's server was told."""
    required = {"transactionType"} | REQUIRED[result["transactionType"]]
    assert result.keys() - {"status"} == required | (FAILURE if button != "usual" else set())
    if button == "usual":
        assert result["status"] == status
        return
    assert result["code"] == "FAILURE_TYPE_PG"
    assert all(result[name] for name in required | FAILURE)
    assert "status" not in result


@pytest.mark.parametrize(
    ("name", "paid"), [("emulator.md", "paid"), ("emulator.ko.md", "결제 완료")]
)
def test_page_of_the_documentation(chromium: Any, server: ShopServer, name: str, paid: str) -> None:
    [page_html] = re.findall("```html\n(.*?)```", (DOCS / name).read_text("utf-8"), re.DOTALL)
    page_html = page_html.replace("http://127.0.0.1:8000", "EMULATOR")
    page_html = page_html.replace("channel-key-emulator", "channel-key-1")
    head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
    server.pages[f"/{name}"] = head + page_html
    with browsing(chromium) as page:
        page.goto(f"{server.url}/{name}")
        page.get_by_role("button").click()
        frame(page).get_by_role("button", name="Pay", exact=True).click()
        expect(page.locator("#result")).to_have_text(re.compile(rf"^{paid}: order\d+$"))


@pytest.mark.parametrize(
    "script",
    [
        """<script type="module">
            import PortOne, * as functions from "EMULATOR/v2/browser-sdk.esm.js";
            if (functions.requestPayment !== PortOne.requestPayment) throw new Error("differs");
        </script>""",
        """<script type="module" src="EMULATOR/v2/browser-sdk.js"></script>""",
    ],
)
def test_module(chromium: Any, server: ShopServer, script: str) -> None:
    tag = '<script src="EMULATOR/v2/browser-sdk.js"></script>'
    assert tag in CHECKOUT
    server.pages["/module"] = CHECKOUT.replace(tag, script)
    with browsing(chromium) as page:
        page.goto(f"{server.url}/module#{quote(json.dumps(payment()))}")
        page.wait_for_function("window.PortOne")
        page.get_by_role("button", name="Check out").click()
        frame(page).get_by_role("button", name="Pay", exact=True).click()
        assert answer(page)["status"] == "PAID"


def test_misspelt_field_is_warned_of(chromium: Any, server: ShopServer) -> None:
    context = chromium.new_context()
    page = context.new_page()
    with page.expect_console_message(lambda note: note.type == "warning") as warned:
        ask(page, server, payment(redirectURL="https://shop.test"))
    assert "PAYMENT has no field redirectURL" in warned.value.text
    context.close()


def test_manual_approval(tab: Page, server: ShopServer) -> None:
    call = payment()
    ask(tab, server, call)
    frame(tab).get_by_role("button", name="Authenticate").click()
    result = answer(tab)
    assert result["status"] == "READY"
    with Shop(server.emulator) as shop:
        path = f"/payments/{result['paymentId']}/confirm"
        shop.post(path, json={"paymentToken": result["paymentToken"]}).raise_for_status()
    assert server.emulator.payments[result["paymentId"]]["status"] == "PAID"


def test_force_redirect_returns_from_a_frame_by_redirect(tab: Page, server: ShopServer) -> None:
    ask(tab, server, payment(forceRedirect=True, redirectUrl=f"{server.url}/done?lang=ko#top"))
    frame(tab).get_by_role("button", name="Pay", exact=True).click()
    expect(tab).to_have_url(re.compile(r"/done\?lang=ko&.*paymentId=.*#top$"))
    assert answer(tab)["status"] == "PAID"


def test_force_redirect_without_a_redirect_url_resolves(tab: Page, server: ShopServer) -> None:
    ask(tab, server, payment(forceRedirect=True))
    frame(tab).get_by_role("button", name="Pay", exact=True).click()
    assert answer(tab)["status"] == "PAID"


def test_mobile_redirects_by_default(chromium: Any, server: ShopServer) -> None:
    with browsing(chromium, user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)") as page:
        ask(page, server, payment())
        assert "redirectUrl is required" in answer(page)["rejected"]
        ask(page, server, payment(redirectUrl=f"{server.url}/done"))
        page.get_by_role("button", name="Pay", exact=True).click()
        assert answer(page)["status"] == "PAID"


def test_blocked_popup_is_a_frame(chromium: Any, server: ShopServer) -> None:
    with browsing(chromium) as page:
        page.add_init_script("window.open = () => null")
        ask(page, server, payment(windowType={"pc": "POPUP"}))
        frame(page).get_by_role("button", name="Pay", exact=True).click()
        assert answer(page)["status"] == "PAID"


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("IFRAME", {"storeId": "other"}, "StoreNotFound"),
        ("POPUP", {"channelKey": "other"}, "ChannelNotFound"),
        ("REDIRECTION", {"channelKey": None}, "BadRequest"),
        ("REDIRECTION", {"paymentId": "order-paid"}, "PaymentAlreadyPaid"),
        ("UI", {}, "BadRequest"),
    ],
)
def test_errors_before_the_window_reject(
    tab: Page, server: ShopServer, kind: str, fields: dict[str, Any], code: str
) -> None:
    if "order-paid" not in server.emulator.payments:
        server.emulator.checkout("order-paid", amount=39_000)
    where = {"windowType": {"pc": kind}, "redirectUrl": f"{server.url}/done"}
    ask(tab, server, payment(**fields, **where))
    result = answer(tab)
    assert result["code"] == code
    assert result["rejected"]
    assert result["__portOneErrorType"] == "PaymentError"
    assert result["transactionType"] == "PAYMENT"
    expect(tab.locator("dialog")).to_have_count(0)
    assert len(tab.context.pages) == 1


@pytest.mark.parametrize("name", ["loadPaymentUI", "updateLoadIssueBillingKeyUIRequest"])
def test_what_is_not_emulated_rejects(tab: Page, server: ShopServer, name: str) -> None:
    ask(tab, server, (name, {}))
    assert answer(tab)["rejected"] == f"{name} is not emulated"


def test_frame_is_a_labelled_dialog_for_the_keyboard(tab: Page, server: ShopServer) -> None:
    ask(tab, server, payment())
    dialog = tab.get_by_role("dialog", name="PortOne emulator")
    expect(dialog.locator("iframe")).to_have_attribute("title", "PortOne emulator")
    window = frame(tab)
    expect(window.get_by_role("heading", name="책 두 권")).to_be_visible()
    expect(window.get_by_role("button").first).to_be_focused()
    close = dialog.get_by_role("button", name="Close")
    close.focus()
    tab.keyboard.press("Escape")
    assert answer(tab)["code"] == "FAILURE_TYPE_PG"
    expect(dialog).to_have_count(0)
    expect(tab.get_by_role("button", name="Check out")).to_be_focused()
    ask(tab, server, payment())
    close.click()
    assert answer(tab)["code"] == "FAILURE_TYPE_PG"


def test_second_choice_is_not_sent(tab: Page, server: ShopServer) -> None:
    call = payment()
    ask(tab, server, call)
    button = frame(tab).get_by_role("button", name="Pay", exact=True)
    button.evaluate("pay => { pay.click(); document.querySelector('[value=leave]').click(); }")
    assert answer(tab)["status"] == "PAID"


def test_messages_of_others_are_ignored(tab: Page, server: ShopServer) -> None:
    ask(tab, server, payment())
    button = frame(tab).get_by_role("button", name="Pay", exact=True)
    expect(button).to_be_focused()
    forged = "({ type: 'portone-emulator:result', result: { paymentId: 'forged' } })"
    tab.evaluate(f"postMessage({forged}, '*')")  # of the shop's own origin
    frames = "const other = document.body.appendChild(document.createElement('iframe'));"
    script = f"<script>parent.postMessage({forged}, '*'); parent.postMessage('sent', '*')</script>"
    tab.evaluate(
        f"""() => new Promise((resolve) => {{
            addEventListener("message", (event) => event.data === "sent" && resolve());
            {frames}
            other.srcdoc = {json.dumps(script)};
        }})"""
    )
    expect(tab.locator("output")).to_be_empty()
    button.click()
    assert answer(tab)["paymentId"].startswith("order-")


def test_emulator_that_stopped_rejects(chromium: Any) -> None:
    with serving() as server:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{server.url}/#{quote(json.dumps(billing_key()))}")
        server.emulator.stop()
        page.get_by_role("button", name="Check out").click()
        assert "does not respond" in answer(page)["rejected"]
        context.close()


class TestOtherSites:
    """Pages of another site that the developer's browser shows."""

    @pytest.fixture
    def evil(self, chromium: Any, server: ShopServer) -> Iterator[Page]:
        context = chromium.new_context()
        context.set_default_timeout(5_000)
        page = context.new_page()
        page.goto(f"{OTHER_SITE}:{server.server_port}/#{quote(json.dumps(payment()))}")
        yield page
        context.close()

    def test_cannot_open_a_window_by_the_script(self, evil: Page) -> None:
        evil.get_by_role("button").click()
        assert "add it to shop_origins" in answer(evil)["rejected"]

    @pytest.mark.parametrize("origin", [None, "http://localhost:3000", OTHER_SITE])
    def test_cannot_frame_a_window(
        self, evil: Page, emulator: Emulator, origin: str | None
    ) -> None:
        query = "" if origin is None else f"&shopOrigin={origin}"
        address = f"{emulator.url}/checkout/order-framed?totalAmount=1000{query}"
        evil.evaluate(
            """src => new Promise((resolve) => {
                const frame = document.createElement("iframe");
                Object.assign(frame, { src, onload: resolve });
                document.body.append(frame);
            })""",
            address,
        )
        expect(evil.frame_locator("iframe").get_by_role("button")).to_have_count(0)
        assert "order-framed" not in emulator.payments

    def test_can_if_it_is_the_shop(self, chromium: Any) -> None:
        with (
            serving(OTHER_SITE, is_allowed=True) as server,
            browsing(chromium) as page,
        ):
            ask(page, server, payment())
            frame(page).get_by_role("button", name="Pay", exact=True).click()
            assert answer(page)["status"] == "PAID"
