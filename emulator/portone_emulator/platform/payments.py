"""The payments that orders were paid with: PortOne's, and those made outside it."""

from __future__ import annotations

from collections.abc import Iterable

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.payments.methods import type_name
from portone_emulator.platform import amounts
from portone_emulator.platform.records import exactly_one, tag
from portone_emulator.state.json_values import JsonObject, normalized, omit_none
from portone_emulator.state.records import Payment
from portone_emulator.state.state import State

_METHODS = ("card", "easyPay", "giftCertificate", "mobile", "transfer", "virtualAccount")
_METHOD_FIELDS = ("provider", "methodType")


def find_paid(state: State, payment_id: str) -> Payment:
    """Return a payment that was made through PortOne, in any store.

    Raises:
        EmulatedAPIError: PLATFORM_PAYMENT_NOT_FOUND.
    """
    for store_id in (state.settings.store_id, *sorted(state.settings.sub_store_ids)):
        payment = state.payments.get((store_id, payment_id))
        if payment is not None and payment.latest.amount.paid:
            return payment
    raise EmulatedAPIError("PLATFORM_PAYMENT_NOT_FOUND", "no payment with this ID is paid")


def portone_payment(payment: Payment) -> JsonObject:
    """Return the `PlatformPortOnePayment` of a payment."""
    view = payment.view
    method: JsonObject = view.get("method", {})
    name = type_name(method.get("type", ""))
    known = omit_none(type=name, provider=method.get("provider"))
    return omit_none(
        type="PORT_ONE",
        id=payment.id,
        storeId=payment.store_id,
        channelKey=view["channel"]["key"],
        orderName=view["orderName"],
        currency=view["currency"],
        method=known if name in map(tag, _METHODS) else None,
        paidAt=view["paidAt"],
    )


def external_payment(payment_id: str, detail: JsonObject) -> JsonObject:
    """Return the `PlatformExternalPayment` of a request's details."""
    method = None
    if "method" in detail:
        name, fields = exactly_one(detail["method"], _METHODS, "body.externalPaymentDetail.method")
        given = {key: fields[key] for key in _METHOD_FIELDS if key in fields and name == "easyPay"}
        method = {"type": tag(name), **given}
    return omit_none(
        type="EXTERNAL",
        id=payment_id,
        orderName=detail.get("orderName"),
        currency=detail["currency"],
        method=method,
        paidAt=normalized(detail.get("paidAt")),
    )


def paid_parts(payment: Payment) -> dict[str, int]:
    """Return what was paid with a payment, and its tax-free and taxable parts."""
    amount = payment.latest.amount
    total = amount.total - amount.discount
    return {
        "Payment": total,
        "TaxFree": amount.tax_free,
        "SupplyWithVat": total - amount.tax_free,
    }


def check_payment_limits(
    payment: Payment, requested: JsonObject, registered: Iterable[JsonObject]
) -> None:
    """Check that the amounts of the transfers for a payment do not exceed what was paid.

    Raises:
        EmulatedAPIError: PLATFORM_SETTLEMENT_..._EXCEEDED_PORT_ONE_PAYMENT.
    """
    before, now = parts_of(amounts.add(registered)), parts_of(requested)
    for name, limit in paid_parts(payment).items():
        if before[name] + now[name] > limit:
            fields = {
                f"registeredSettlement{name}Amount": before[name],
                f"requestSettlement{name}Amount": now[name],
                f"portOne{name}Amount": limit,
            }
            raise EmulatedAPIError(
                f"PLATFORM_SETTLEMENT_{tag(name)}_AMOUNT_EXCEEDED_PORT_ONE_PAYMENT",
                "the transfers come to more than was paid",
                **fields,
            )


def check_cancellation_limits(
    cancellation: JsonObject, requested: JsonObject, registered: Iterable[JsonObject]
) -> None:
    """Check that what transfers take back for a cancellation does not exceed what it refunded.

    Raises:
        EmulatedAPIError: PLATFORM_SETTLEMENT_CANCEL_AMOUNT_EXCEEDED_PORT_ONE_CANCEL.
    """
    before, now = parts_of(amounts.add(registered)), parts_of(requested)
    tax_free = cancellation["taxFreeAmount"]
    limits = {"TaxFree": tax_free, "SupplyWithVat": cancellation["totalAmount"] - tax_free}
    for name, limit in limits.items():
        if before[name] + now[name] > limit:
            raise EmulatedAPIError(
                "PLATFORM_SETTLEMENT_CANCEL_AMOUNT_EXCEEDED_PORT_ONE_CANCEL",
                "the transfers come to more than was cancelled",
                registeredSettlementCancelAmount=before[name],
                requestSettlementCancelAmount=now[name],
                portOneCancelAmount=limit,
                amountType=tag(name),
            )


def parts_of(amount: JsonObject) -> dict[str, int]:
    """Return the payment of a settlement amount, and its tax-free and taxable parts."""
    return {
        "Payment": amount["payment"],
        "TaxFree": amount["paymentTaxFree"],
        "SupplyWithVat": amount["payment"] - amount["paymentTaxFree"],
    }
