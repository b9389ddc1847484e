"""The functions behind the controls: they map JSON bodies to methods of `Actions`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from attrs import asdict

from portone_emulator.billing.issue_window import IssueOutcome
from portone_emulator.errors import invalid
from portone_emulator.identity.verification_window import VerificationOutcome
from portone_emulator.payments.checkout import CheckoutOutcome
from portone_emulator.state.json_values import (
    JsonObject,
    format_datetime,
    omit_none,
    parse_datetime,
)

if TYPE_CHECKING:
    from portone_emulator.actions import Actions


def checkout(actions: Actions, body: JsonObject) -> JsonObject:
    """Open the payment window and leave it with an outcome."""
    order = omit_none(
        amount=body.get("totalAmount"),
        tax_free=body.get("taxFreeAmount"),
        vat=body.get("vatAmount"),
        currency=body.get("currency"),
        order_name=body.get("orderName"),
        method=body["payMethod"].lower() if "payMethod" in body else None,
        method_details=body.get("methodDetails"),
        account_expires_at=_time(body.get("accountExpiresAt")),
        promotion_id=body.get("promotionId"),
        is_escrow=body.get("isEscrow"),
        products=body.get("products"),
        country=body.get("country"),
        is_cultural_expense=body.get("isCulturalExpense"),
        notice_urls=body.get("noticeUrls"),
        **_common(body),
    )
    result = actions.checkout(body["paymentId"], _outcome(body), **order)
    return _result_json(result)


def leave(actions: Actions, body: JsonObject) -> JsonObject:
    """Leave an open payment window with an outcome."""
    store_id = body.get("storeId")
    result = actions.leave_checkout(body["paymentId"], _outcome(body), store_id=store_id)
    return _result_json(result)


def issue_billing_key(actions: Actions, body: JsonObject) -> JsonObject:
    """Open the billing-key window and leave it with an outcome."""
    customer = body.get("customer", {}) | omit_none(id=body.get("customerId"))
    names = omit_none(
        billing_key=body.get("billingKey"),
        issue_id=body.get("issueId"),
        issue_name=body.get("issueName"),
    )
    return _issue(actions, {**body, "customer": customer}, **names)


def issue_billing_key_and_pay(actions: Actions, body: JsonObject) -> JsonObject:
    """Open the window that registers a billing key and pays with it, and leave it."""
    names = ("taxFreeAmount", "vatAmount", "products", "country", "isCulturalExpense")
    payment = omit_none(
        payment_id=body["paymentId"],
        amount=body["totalAmount"],
        currency=body.get("currency"),
        order_name=body.get("orderName"),
        payment_details={name: body[name] for name in names if name in body},
    )
    return _issue(actions, body, **payment)


def _issue(actions: Actions, body: JsonObject, **options: Any) -> JsonObject:
    result = actions.issue_billing_key(
        cast("IssueOutcome", body.get("outcome", "issued")),
        **omit_none(
            method=body["billingKeyMethod"].lower() if "billingKeyMethod" in body else None,
            method_details=body.get("methodDetails"),
            notice_urls=body.get("noticeUrls"),
            **_common(body),
        ),
        **options,
    )
    return _result_json(result)


def verify_identity(actions: Actions, body: JsonObject) -> JsonObject:
    """Open the identity-verification window and leave it with an outcome."""
    outcome = cast("VerificationOutcome", body.get("outcome", "verified"))
    options = omit_none(**_common(body))
    return _result_json(actions.verify_identity(body["identityVerificationId"], outcome, **options))


def _common(body: JsonObject) -> JsonObject:
    """Return the arguments that all windows have."""
    return {
        "customer": body.get("customer"),
        "channel_key": body.get("channelKey"),
        "channel_group_id": body.get("channelGroupId"),
        "custom_data": body.get("customData"),
        "store_id": body.get("storeId"),
    }


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_datetime(text)


def _outcome(body: JsonObject) -> CheckoutOutcome:
    return cast("CheckoutOutcome", body.get("outcome", "paid"))


def _result_json(result: Any) -> JsonObject:
    """Return what the shop's page receives, under the names of PortOne's browser SDK."""
    fields = asdict(result)
    names = {
        "payment_id": "paymentId",
        "tx_id": "txId",
        "payment_token": "paymentToken",
        "billing_key": "billingKey",
        "billing_issue_token": "billingIssueToken",
        "identity_verification_id": "identityVerificationId",
        "identity_verification_tx_id": "identityVerificationTxId",
        "pg_code": "pgCode",
        "pg_message": "pgMessage",
    }
    return omit_none(**{names.get(name, name): value for name, value in fields.items()})


def deposit(actions: Actions, body: JsonObject) -> JsonObject:
    """Deposit into a virtual account."""
    actions.deposit(body["paymentId"], body.get("amount"), store_id=body.get("storeId"))
    return {}


def approve(actions: Actions, body: JsonObject) -> JsonObject:
    """Approve a pending payment."""
    actions.approve(body["paymentId"], store_id=body.get("storeId"))
    return {}


def cancel(actions: Actions, body: JsonObject) -> JsonObject:
    """Cancel the rest of a payment."""
    options = omit_none(reason=body.get("reason"), store_id=body.get("storeId"))
    return {"cancellation": actions.cancel(body["paymentId"], **options)}


def expect_otp(actions: Actions, body: JsonObject) -> JsonObject:
    """Set the code that confirms an identity verification."""
    store_id = body.get("storeId")
    actions.expect_otp(body["identityVerificationId"], body["otp"], store_id=store_id)
    return {}


def advance(actions: Actions, body: JsonObject) -> JsonObject:
    """Advance the clock."""
    try:
        actions.advance(**body)
    except OverflowError:
        raise invalid("body", "would advance the clock beyond the year 9999") from None
    return {"now": format_datetime(actions.now)}


def decline(actions: Actions, body: JsonObject) -> JsonObject:
    """Decline the next charges."""
    options = omit_none(pg_code=body.get("pgCode"), pg_message=body.get("pgMessage"))
    actions.decline(body.get("times", 1), **options)
    return {}


def fault(actions: Actions, body: JsonObject) -> JsonObject:
    """Plan a fault."""
    actions.fault(
        body["operationId"],
        body["kind"],
        None if body.get("isForever") else body.get("times", 1),
        delay=body.get("delay", 0.0),
        retry_after=body.get("retryAfter"),
        probability=body.get("probability", 1.0),
    )
    return {}


def clear_faults(actions: Actions, _: JsonObject) -> JsonObject:
    """Cancel all planned faults."""
    actions.clear_faults()
    return {}


def reset(actions: Actions, _: JsonObject) -> JsonObject:
    """Discard all state."""
    actions.reset()
    return {}


def resend_webhook(actions: Actions, body: JsonObject) -> JsonObject:
    """Deliver a webhook again."""
    actions.resend_webhook(body["webhookId"])
    return {}


def respond_with_error(actions: Actions, body: JsonObject) -> JsonObject:
    """Plan an API error."""
    fields: JsonObject = body.get("fields", {})
    reserved = fields.keys() & {"operation_id", "error_type", "times"}
    if reserved:
        raise invalid(f"body.fields.{min(reserved)}", "is unknown")
    actions.respond_with_error(body["operationId"], body["type"], body.get("times", 1), **fields)
    return {}


def pend_cancellations(actions: Actions, body: JsonObject) -> JsonObject:
    """Leave the next cancellations pending."""
    actions.pend_cancellations(body.get("times", 1))
    return {}


def complete_cancellation(actions: Actions, body: JsonObject) -> JsonObject:
    """Complete a pending cancellation."""
    actions.complete_cancellation(body["paymentId"], store_id=body.get("storeId"))
    return {}


def fail_cancellation(actions: Actions, body: JsonObject) -> JsonObject:
    """Fail a pending cancellation."""
    actions.fail_cancellation(body["paymentId"], store_id=body.get("storeId"))
    return {}


def escrow(actions: Actions, body: JsonObject) -> JsonObject:
    """Move an escrow: the goods are delivered, accepted or rejected."""
    actions.escrow(body["paymentId"], body["event"], store_id=body.get("storeId"))
    return {}


def pay_partners(actions: Actions, body: JsonObject) -> JsonObject:
    """Pay partners through the payout agency."""
    bulk_payout_id = actions.pay_partners(
        body.get("partnerSettlementIds", ()),
        body.get("outcome", "succeeded"),
        for_test=body.get("isForTest", False),
    )
    return {"bulkPayoutId": bulk_payout_id}
