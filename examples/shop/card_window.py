"""The window in which a customer stores a card, at the emulator's address.

The emulator's page takes payments only, and a test plays this window by `Emulator.issue_billing_key`: here are
buttons for it. With PortOne there is no such file, as its browser SDK opens the window of the payment company.
"""

from __future__ import annotations

from html import escape
from typing import Final, cast
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse

from portone_async.emulator import Emulator, IssueOutcome

from .forms import Form
from .guard import same_site

PATH: Final = "/issue-billing-key"
_LEFT: Final = {"code": "FAILURE_TYPE_PG", "message": "the customer left the window"}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
}


def add_card_window(emulator: Emulator, shop_url: str) -> None:
    """Open the window at the emulator, for customers of one shop."""
    window = FastAPI(openapi_url=None, dependencies=[Depends(same_site)])

    def check(redirect: str) -> None:
        if not redirect.startswith(f"{shop_url}/"):
            raise HTTPException(400, "redirect leads to another shop")

    @window.get("/{customer_id}")
    async def show(customer_id: str, name: str, redirect: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        check(redirect)
        return HTMLResponse(_page(customer_id, name, redirect), headers=_HEADERS)

    @window.post("/{customer_id}")
    async def leave(customer_id: str, form: Form) -> RedirectResponse:  # pyright: ignore[reportUnusedFunction]
        redirect = form.get("redirect", "")
        check(redirect)
        heard = _leave(emulator, customer_id, form.get("outcome", ""))
        said = urlencode({"transactionType": "ISSUE_BILLING_KEY", **heard})
        return RedirectResponse(f"{redirect}?{said}", 303)

    emulator.app.mount(PATH, window)


def _leave(emulator: Emulator, customer_id: str, outcome: str) -> dict[str, str]:
    """Return what the shop's page hears, under the names of PortOne's browser SDK."""
    if outcome == "leave":
        return _LEFT
    if outcome not in {"issued", "failed"}:
        raise HTTPException(400, "outcome is issued, failed or leave")
    left = emulator.issue_billing_key(cast("IssueOutcome", outcome), customer={"id": customer_id})
    heard = {"billingKey": left.billing_key, "code": left.code, "message": left.message}
    return {name: value for name, value in heard.items() if value is not None}


def _page(customer_id: str, name: str, redirect: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Store a card</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/_emulator/static/page.css">
</head>
<body class="narrow">
<main class="window panel">
<p class="label">PortOne emulator · no money moves</p>
<h1>Store a card</h1>
<p>{escape(name)}</p>
<p class="label">{escape(customer_id)}</p>
<form method="post" class="choices">
<input type="hidden" name="redirect" value="{escape(redirect)}">
<button name="outcome" value="issued" class="primary">Store the card</button>
<button name="outcome" value="failed">Fail</button>
<button name="outcome" value="leave">Leave</button>
</form>
</main>
</body>
</html>
"""
