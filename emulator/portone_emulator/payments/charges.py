"""Charges requested by a server, immediately or on schedule."""

from __future__ import annotations

from portone_emulator.billing.billing_keys import find_active_key
from portone_emulator.payments import payments
from portone_emulator.payments.amounts import Amount, new_amount
from portone_emulator.payments.customers import to_customer
from portone_emulator.payments.methods import charged_method
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.records import Payment
from portone_emulator.state.state import Key, State, channel_group

# Request fields that a payment's responses repeat unchanged.
_ECHOED = (
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
_ORIGIN: JsonObject = {"platformType": "API", "ipAddress": "127.0.0.1"}


def requested(body: JsonObject, channel: JsonObject) -> JsonObject:
    """Return the JSON fields of a payment that a server requested."""
    echoed = {name: body[name] for name in _ECHOED if name in body}
    return echoed | omit_none(
        channel=channel,
        channelGroup=channel_group(body.get("channelGroupId")),
        customer=to_customer(body.get("customer", {}), "body.customer"),
        origin=_ORIGIN,
        escrow={"status": "BEFORE_REGISTERED"} if body.get("isEscrow") else None,
    )


def requested_amount(amount_input: JsonObject) -> Amount:
    """Convert `PaymentAmountInput` to an `Amount`.

    Raises:
        EmulatedAPIError: the errors of `new_amount`.
    """
    return new_amount(amount_input["total"], amount_input.get("taxFree"), amount_input.get("vat"))


def pay_with_billing_key(
    state: State, key: Key, body: JsonObject, schedule_id: str | None = None
) -> Payment:
    """Charge a billing key now, for a request or a due schedule.

    Raises:
        EmulatedAPIError: the errors of `payWithBillingKey`.
    """
    info = find_active_key(state, key[0], body["billingKey"])
    payment = open_with_billing_key(state, key, info, body, schedule_id)
    payments.charge(state, payment)
    return payment


def open_with_billing_key(
    state: State, key: Key, info: JsonObject, body: JsonObject, schedule_id: str | None = None
) -> Payment:
    """Start an attempt to pay with a billing key, given by its `BillingKeyInfo`.

    Raises:
        EmulatedAPIError: ALREADY_PAID, CHANNEL_NOT_FOUND or the errors of `new_amount`.
    """
    issued_for: JsonObject = info["channels"][0]
    channel_key = body.get("channelKey")
    channel = issued_for if channel_key is None else state.channel(channel_key)
    fields = requested(body, channel) | omit_none(
        billingKey=info["billingKey"],
        scheduleId=schedule_id,
        method=charged_method(
            info["methods"][0], state.ids.digits(8), body.get("installmentMonth", 0)
        ),
    )
    amount = requested_amount(body["amount"])
    return payments.open_transaction(state, key, amount, fields)
