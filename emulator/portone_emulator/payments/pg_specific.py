"""What only one payment company has: KCP's card promotions, KakaoPay's orders, Paymentwall's deliveries."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Final

import orjson

from portone_emulator.document.choices import check_choice
from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.state.json_values import JsonObject, omit_none, parse_datetime
from portone_emulator.state.records import Transaction
from portone_emulator.state.state import State

DELIVERY: Final = "paymentwallDelivery"
"""The field of an attempt that has its delivery, as last confirmed."""
_KST: Final = timezone(timedelta(hours=9))
_REQUIRED_IF_PHYSICAL: Final = (
    "carrierTrackingId",
    "carrierType",
    "shippingAddressCountry",
    "shippingAddressCity",
    "shippingAddressZip",
    "shippingAddressState",
    "shippingAddressStreet",
    "shippingAddressPhone",
    "shippingAddressFirstname",
    "shippingAddressLastname",
)
# KakaoPay's statuses of orders.
_KAKAOPAY_STATUSES: Final = {
    "PAY_PENDING": "AUTH_PASSWORD",
    "PAID": "SUCCESS_PAYMENT",
    "PARTIAL_CANCELLED": "PART_CANCEL_PAYMENT",
    "CANCELLED": "CANCEL_PAYMENT",
    "FAILED": "FAIL_PAYMENT",
}
_NOT_FOUND: Final = 404


def add_card_promotion(
    state: State,
    promotion_id: str,
    *,
    discount: int,
    minimum_amount: int,
    card_company: str,
    channel_key: str | None,
) -> None:
    """Start a card promotion of KCP's on a channel, or replace it.

    Raises:
        EmulatedAPIError: CHANNEL_NOT_FOUND; INVALID_REQUEST if the channel is not KCP's, or an
            amount is not positive.
        ValueError: the card company is unknown.
    """
    check_choice("card_company", card_company, state.document.enum("PgPromotionCardCompany"))
    for name, amount in (("discount", discount), ("minimum_amount", minimum_amount)):
        if amount < 1:
            raise invalid(name, "must be positive")
    channel = state.window_channel(channel_key)
    _check_provider(state, channel, "KCP_V2", "channelKey")
    state.pg_card_promotions[channel["key"], promotion_id] = {
        "promotionId": promotion_id,
        "cardCompany": card_company,
        "discountAmount": discount,
        "minimumPaymentAmount": minimum_amount,
    }


def _card_promotions(state: State, request: ParsedRequest) -> JsonObject:
    query = request.query
    channel = state.channel(query["channelKey"])
    _check_provider(state, channel, "KCP_V2", "query.channelKey")
    if query["amount"] < 1:
        raise invalid("query.amount", "must be positive")
    return {
        "promotions": [
            promotion
            for (channel_key, _), promotion in state.pg_card_promotions.items()
            if channel_key == channel["key"]
            and promotion["minimumPaymentAmount"] <= query["amount"]
            and query.get("cardCompany", promotion["cardCompany"]) == promotion["cardCompany"]
        ]
    }


def _kakaopay_order(state: State, request: ParsedRequest) -> JsonObject:
    """Return KakaoPay's response, which is a success of PortOne's even if it is an error."""
    try:
        channel = state.channel(request.query["channelKey"])
    except EmulatedAPIError as error:  # the operation has no error type of its own for it
        raise invalid("query.channelKey", error.message) from None
    _check_provider(state, channel, "KAKAOPAY", "query.channelKey")
    tid = request.query["pgTxId"]
    key = state.payments.of_pg_tx_id.get(tid)
    if key is not None:
        payment = state.payments[key]
        for transaction in payment.transactions:
            fields = transaction.fields
            if (fields.get("pgTxId"), fields["channel"]["key"]) == (tid, channel["key"]):
                return _response(200, _order(payment.id, transaction))
    error = {"error_code": -1, "error_message": "this channel has no order with this tid"}
    return _response(_NOT_FOUND, error)


def _response(status: int, content: JsonObject) -> JsonObject:
    return {"statusCode": status, "body": orjson.dumps(content).decode()}


def _order(payment_id: str, transaction: Transaction) -> JsonObject:
    """Return an attempt as an order in KakaoPay's form."""
    fields, amount = transaction.fields, transaction.amount
    paid_with: JsonObject = fields.get("method", {}).get("easyPayMethod", {})
    cancellations: list[JsonObject] = fields["cancellations"]
    cancelled_at = [each["cancelledAt"] for each in cancellations if "cancelledAt" in each]
    return {
        "tid": fields["pgTxId"],
        "cid": fields["channel"]["pgMerchantId"],
        "status": _KAKAOPAY_STATUSES.get(transaction.status, transaction.status),
        "partner_order_id": payment_id,
        "partner_user_id": fields.get("customer", {}).get("id", ""),
        "payment_method_type": "CARD" if paid_with.get("type") == "PaymentMethodCard" else "MONEY",
        "item_name": fields["orderName"],
        "quantity": 1,
        "amount": _kakaopay_amount(amount.total, amount.tax_free, amount.vat, amount.discount),
        "canceled_amount": _kakaopay_amount(
            amount.cancelled, amount.cancelled_tax_free, amount.cancelled_vat
        ),
        "cancel_available_amount": _kakaopay_amount(
            amount.cancellable, amount.cancellable_tax_free, amount.cancellable_vat
        ),
        "created_at": _local_time(fields["requestedAt"]),
        **omit_none(
            approved_at=_local_time(fields["paidAt"]) if "paidAt" in fields else None,
            canceled_at=_local_time(cancelled_at[-1]) if cancelled_at else None,
        ),
    }


def _kakaopay_amount(total: int, tax_free: int, vat: int, discount: int = 0) -> JsonObject:
    return {"total": total, "tax_free": tax_free, "vat": vat, "point": 0, "discount": discount}


def _local_time(time: str) -> str:
    """Return a time in Korea, in KakaoPay's format."""
    return parse_datetime(time).astimezone(_KST).strftime("%Y-%m-%dT%H:%M:%S")


def _confirm_delivery(state: State, request: ParsedRequest) -> JsonObject:
    """Keep a delivery with its attempt to pay; the latest of several counts."""
    body = request.body
    transaction_id: str = body["transactionId"]
    key = state.payments.of_transaction.get(transaction_id)
    if key is None:
        raise EmulatedAPIError("PAYMENT_NOT_FOUND", "no payment has this transaction ID")
    if body["deliveryType"] == "PHYSICAL":
        for name in _REQUIRED_IF_PHYSICAL:
            if not body.get(name):
                raise invalid(f"body.{name}", "is required: the delivery is PHYSICAL")
    payment = state.payments[key]
    transaction = next(each for each in payment.transactions if each.id == transaction_id)
    _check_provider(state, transaction.fields["channel"], "PAYMENTWALL", "body.transactionId")
    if transaction.status not in payments.CANCELLABLE:
        raise invalid("body.transactionId", f"the payment is {transaction.status}")
    delivery = state.document.pick("ConfirmPaymentwallDeliveryBody", body)
    transaction.fields[DELIVERY] = {**delivery, "confirmedAt": state.now()}
    payments.refresh(state, payment)
    return {}


def _check_provider(state: State, channel: JsonObject, provider: str, location: str) -> None:
    """Check that a channel is a payment company's. Where no channels are named, any may be.

    Raises:
        EmulatedAPIError: INVALID_REQUEST.
    """
    if state.settings.channels is not None and channel["pgProvider"] != provider:
        raise invalid(location, f"the channel is of {channel['pgProvider']}, not {provider}")


HANDLERS: dict[str, Handler] = {
    "getPgCardPromotions": _card_promotions,
    "getKakaopayPaymentOrder": _kakaopay_order,
    "confirmPaymentwallDelivery": _confirm_delivery,
}
