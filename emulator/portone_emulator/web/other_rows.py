"""The rows of schedules, billing keys, cash receipts and identity verifications.

Of customers they show IDs only.
"""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject, get_nested
from portone_emulator.web import texts
from portone_emulator.web.badges import status_badge
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.money import money
from portone_emulator.web.payment_rows import story_link
from portone_emulator.web.tables import Column
from portone_emulator.web.times import time_element

SCHEDULE_COLUMNS = (
    Column(texts.PAYMENT),
    Column(texts.STATUS),
    Column(texts.AMOUNT, is_number=True),
    Column(texts.TIME_TO_PAY),
    Column(texts.KEY_AND_SCHEDULE),
)
BILLING_KEY_COLUMNS = (
    Column(texts.BILLING_KEY),
    Column(texts.STATUS),
    Column(texts.CUSTOMER_ID),
    Column(texts.PG),
    Column(texts.SINCE),
)
CASH_RECEIPT_COLUMNS = (
    Column(texts.PAYMENT),
    Column(texts.STATUS),
    Column(texts.AMOUNT, is_number=True),
    Column(texts.PURPOSE),
    Column(texts.SINCE),
)
IDENTITY_VERIFICATION_COLUMNS = (
    Column(texts.IDENTITY_VERIFICATION),
    Column(texts.STATUS),
    Column(texts.VERIFICATION_METHOD),
    Column(texts.OPERATOR),
    Column(texts.SINCE),
)


def schedule(t: Translator, schedule: JsonObject) -> list[object]:
    """Render the cells of a schedule."""
    return [
        [
            story_link(schedule["paymentId"], schedule["storeId"]),
            element("small", schedule["orderName"]),
        ],
        status_badge(t, texts.SCHEDULE_STATUSES, schedule["status"]),
        _money(schedule["totalAmount"], schedule["currency"]),
        time_element(schedule["timeToPay"]),
        [
            element("code", schedule["billingKey"]),
            element("small", element("code", schedule["id"])),
        ],
    ]


def billing_key(t: Translator, info: JsonObject) -> list[object]:
    """Render the cells of a billing key."""
    return [
        [element("code", info["billingKey"]), element("small", info.get("issueName"))],
        status_badge(t, texts.BILLING_KEY_STATUSES, info["status"]),
        get_nested(info, "customer", "id"),
        info["channels"][0]["pgProvider"],
        time_element(info.get("deletedAt", info["issuedAt"])),
    ]


def cash_receipt(t: Translator, receipt: JsonObject) -> list[object]:
    """Render the cells of a cash receipt."""
    return [
        [
            story_link(receipt["paymentId"], receipt["storeId"]),
            element("small", receipt["orderName"]),
        ],
        status_badge(t, texts.CASH_RECEIPT_STATUSES, receipt["status"]),
        _money(receipt["amount"], receipt["currency"]),
        t(texts.CASH_RECEIPT_TYPES[receipt["type"]]),
        time_element(receipt["statusUpdatedAt"]),
    ]


def identity_verification(t: Translator, verification: JsonObject) -> list[object]:
    """Render the cells of an identity verification."""
    return [
        element("strong", verification["id"]),
        status_badge(t, texts.IDENTITY_VERIFICATION_STATUSES, verification["status"]),
        verification.get("method"),
        verification.get("operator"),
        time_element(verification["statusChangedAt"]),
    ]


def _money(amount: int, currency: str) -> Html:
    return element("span", money(amount, currency), class_="money")
