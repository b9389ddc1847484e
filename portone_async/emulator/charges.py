"""Charges requested by a server, immediately or on schedule."""

from __future__ import annotations

from portone_async.emulator import payments
from portone_async.emulator.amounts import Amount, amount_of
from portone_async.emulator.billing_keys import usable_key
from portone_async.emulator.people import customer
from portone_async.emulator.records import Payment
from portone_async.emulator.state import Key, State, channel_group
from portone_async.emulator.wire import JsonObject, present

# Request fields that a payment's responses repeat unchanged.
_REPEATED = (
    "orderName",
    "currency",
    "customData",
    "country",
    "products",
    "productCount",
    "promotionId",
    "isCulturalExpense",
    "noticeUrls",
)


def requested(body: JsonObject, channel: JsonObject) -> JsonObject:
    """Return the JSON fields of a payment that a server requested."""
    fields = {name: body[name] for name in _REPEATED if name in body}
    return fields | present(
        channel=channel,
        channelGroup=channel_group(body.get("channelGroupId")),
        customer=customer(body.get("customer", {}), "body.customer"),
        origin={"platformType": "API", "ipAddress": "127.0.0.1"},
        escrow={"status": "BEFORE_REGISTERED"} if body.get("isEscrow") else None,
    )


def requested_amount(given: JsonObject) -> Amount:
    """Convert `PaymentAmountInput` to an `Amount`.

    Raises:
        Refusal: the errors of `amount_of`.
    """
    return amount_of(given["total"], given.get("taxFree"), given.get("vat"))


def pay_with_billing_key(
    state: State, key: Key, body: JsonObject, schedule_id: str | None = None
) -> Payment:
    """Charge a billing key now, for a request or a due schedule.

    Raises:
        Refusal: the errors of `payWithBillingKey`.
    """
    info = usable_key(state, key[0], body["billingKey"])
    issued_for: JsonObject = info["channels"][0]
    named = body.get("channelKey")
    channel = issued_for if named is None else state.channel(named)
    wire = requested(body, channel) | present(
        billingKey=info["billingKey"],
        scheduleId=schedule_id,
        method={
            "type": "PaymentMethodCard",
            "card": info["methods"][0]["card"],
            "approvalNumber": state.ids.digits(8),
            "installment": {"month": body.get("installmentMonth", 0), "isInterestFree": False},
        },
    )
    amount = requested_amount(body["amount"])
    payment = payments.open_transaction(state, key, amount, wire)
    payments.charge(state, payment)
    return payment
