"""Payment methods, as responses show them."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from portone_emulator.state.json_values import JsonObject

PayMethod: TypeAlias = Literal[
    "card",
    "transfer",
    "virtual_account",
    "mobile",
    "easy_pay",
    "gift_certificate",
    "convenience_store",
    "crypto",
]

_TYPES = {name: "PaymentMethod" + name.title().replace("_", "") for name in get_args(PayMethod)}
_BRANDS = {"3": "AMEX", "4": "VISA", "5": "MASTER", "6": "UNIONPAY"}


def sample(method: PayMethod, approval_number: str) -> JsonObject:
    """Return a sample payment method, for a payment made in the payment window."""
    kind: JsonObject = {"type": _TYPES[method]}
    match method:
        case "card":
            return card("4" + "0" * 15, approval_number)
        case "transfer":
            return {**kind, "bank": "SHINHAN"}
        case "virtual_account":
            return {**kind, "bank": "SHINHAN", "accountNumber": approval_number}
        case "easy_pay":
            return {**kind, "provider": "KAKAOPAY"}
        case "gift_certificate":
            return {**kind, "giftCertificateType": "CULTURELAND", "approvalNumber": approval_number}
        case "convenience_store":
            return {**kind, "convenienceStoreBrand": "SEVEN_ELEVEN"}
        case "mobile" | "crypto":
            return kind


def billing_key_method(method: PayMethod) -> JsonObject:
    """Return a sample `BillingKeyPaymentMethod`, registered in the billing-key window."""
    kind: JsonObject = {"type": f"BillingKey{_TYPES[method]}"}
    return kind | {"card": card_summary("4" + "0" * 15)} if method == "card" else kind


def charged_method(registered: JsonObject, approval_number: str, months: int = 0) -> JsonObject:
    """Return the method of a payment with a billing key, from the `BillingKeyPaymentMethod`."""
    if "card" in registered:
        return _card(registered["card"], approval_number, months)
    return {**registered, "type": registered["type"].removeprefix("BillingKey")}


def card(number: str, approval_number: str, months: int = 0) -> JsonObject:
    """Return `PaymentMethodCard` with a masked number: the full number is never stored."""
    return _card(card_summary(number), approval_number, months)


def _card(summary: JsonObject, approval_number: str, months: int) -> JsonObject:
    return {
        "type": "PaymentMethodCard",
        "card": summary,
        "approvalNumber": approval_number,
        "installment": {"month": months, "isInterestFree": False},
        "pointUsed": False,
    }


def card_summary(number: str) -> JsonObject:
    """Return the `Card` of a card number, masked."""
    return {
        "brand": _BRANDS.get(number[:1], "LOCAL"),
        "type": "CREDIT",
        "ownerType": "PERSONAL",
        "bin": number[:6],
        "name": "emulator",
        "number": number[:6] + "*" * max(len(number) - 10, 0) + number[-4:],
    }


def type_name(type_tag: str) -> str:
    """Convert a method's type to its name in filters: `PaymentMethodEasyPay` to `EASY_PAY`.

    A billing key's type, such as `BillingKeyPaymentMethodEasyPay`, has the same name.
    """
    for name, tag in _TYPES.items():
        if tag == type_tag.removeprefix("BillingKey"):
            return name.upper()
    return type_tag
