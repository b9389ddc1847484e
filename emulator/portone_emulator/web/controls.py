"""The HTTP controls: name, JSON body and function of each."""

from __future__ import annotations

from typing import Any, cast, get_args

from portone_emulator.billing.issue_window import METHODS as ISSUE_METHODS
from portone_emulator.billing.issue_window import IssueOutcome
from portone_emulator.document.document import Document
from portone_emulator.identity.verification_window import VerificationOutcome
from portone_emulator.payments.checkout import CheckoutOutcome
from portone_emulator.payments.escrow import EscrowEvent
from portone_emulator.payments.methods import PayMethod
from portone_emulator.platform.payouts import PayoutOutcome
from portone_emulator.scenarios.faults import FaultKind
from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import control_handlers
from portone_emulator.web.control import AMOUNT, COUNT, DURATION, TEXT, Control
from portone_emulator.web.scenario_controls import scenario_controls

_PAYMENT = {"paymentId": TEXT, "storeId": TEXT}
_FAILURE: JsonObject = {
    name: {"type": "string"} for name in ("code", "message", "pgCode", "pgMessage")
}
_CHECKOUT_RESULT: JsonObject = {
    **{name: {"type": "string"} for name in ("paymentId", "txId", "paymentToken")},
    **_FAILURE,
}
_ISSUE_RESULT: JsonObject = {
    **{name: {"type": "string"} for name in ("billingKey", "billingIssueToken")},
    **_CHECKOUT_RESULT,
}
_VERIFY_RESULT: JsonObject = {
    **{name: {"type": "string"} for name in ("identityVerificationId", "identityVerificationTxId")},
    **_FAILURE,
}
METHODS = tuple(name.upper() for name in get_args(PayMethod))
OUTCOMES: tuple[str, ...] = get_args(CheckoutOutcome)


def _inline(document: Document, schema: Any) -> Any:
    """Replace the references of a schema, so that the description of a control is complete."""
    if isinstance(schema, list):
        return [_inline(document, each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    resolved = document.resolve(cast("JsonObject", schema))
    return {name: _inline(document, each) for name, each in resolved.items()}


def controls(document: Document) -> dict[str, Control]:
    """Return the controls by path name."""

    def schema(name: str) -> JsonObject:
        return _inline(document, document.schemas[name])

    outcome: JsonObject = {"type": "string", "enum": list(OUTCOMES)}
    common: JsonObject = {
        "customer": schema("CustomerInput"),
        "channelKey": TEXT,
        "channelGroupId": TEXT,
        "customData": TEXT,
        "noticeUrls": {"type": "array", "items": TEXT},
    }
    sold: JsonObject = {
        "products": {"type": "array", "items": schema("PaymentProduct")},
        "country": schema("Country"),
        "isCulturalExpense": {"type": "boolean"},
    }
    details: JsonObject = {
        "type": "object",
        "properties": {
            "provider": schema("EasyPayProvider"),
            "giftCertificateType": schema("PaymentMethodGiftCertificateType"),
        },
        "additionalProperties": False,
    }
    issue: JsonObject = {
        "storeId": TEXT,
        "outcome": {"type": "string", "enum": list(get_args(IssueOutcome))},
        "billingKeyMethod": {"type": "string", "enum": [name.upper() for name in ISSUE_METHODS]},
        "methodDetails": details,
        **common,
    }
    amount: JsonObject = {
        "totalAmount": AMOUNT,
        "taxFreeAmount": AMOUNT,
        "vatAmount": AMOUNT,
        "currency": schema("Currency"),
        "orderName": TEXT,
    }
    order: JsonObject = {
        **amount,
        "payMethod": {"type": "string", "enum": list(METHODS)},
        "methodDetails": details,
        "accountExpiresAt": {"type": "string", "format": "date-time"},
        "promotionId": TEXT,
        "isEscrow": {"type": "boolean"},
        **sold,
        **common,
    }
    operation: JsonObject = {"type": "string", "enum": list(document.operations)}
    fault: JsonObject = {
        "operationId": {"type": "string", "enum": ["*", *document.operations]},
        "kind": {"type": "string", "enum": list(get_args(FaultKind))},
        "times": COUNT,
        "isForever": {"type": "boolean"},
        "delay": DURATION,
        "retryAfter": {"type": ["integer", "string"]},
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
    }
    return {
        "checkout": Control(
            description="Open the payment window for a payment and leave it with an outcome.",
            properties={**_PAYMENT, "outcome": outcome, **order},
            required=("paymentId",),
            example={"paymentId": "order20261130001", "totalAmount": 30000},
            result=_CHECKOUT_RESULT,
            run=control_handlers.checkout,
        ),
        "leave": Control(
            description="Leave the open payment window of a payment (READY) with an outcome.",
            properties={**_PAYMENT, "outcome": outcome},
            required=("paymentId",),
            example={"paymentId": "order20261130001", "outcome": "paid"},
            result=_CHECKOUT_RESULT,
            run=control_handlers.leave,
        ),
        "issue-billing-key": Control(
            description="Open the window that registers a card and leave it with an outcome.",
            properties={
                "customerId": TEXT,
                "billingKey": TEXT,
                "issueId": TEXT,
                "issueName": TEXT,
                **issue,
            },
            example={"customerId": "customer1"},
            result=_ISSUE_RESULT,
            run=control_handlers.issue_billing_key,
        ),
        "issue-billing-key-and-pay": Control(
            description="Open the window that registers a billing key and pays with it.",
            properties={**_PAYMENT, **issue, **amount, **sold},
            required=("paymentId", "totalAmount"),
            example={"paymentId": "order20261130001", "totalAmount": 9900},
            result=_ISSUE_RESULT,
            run=control_handlers.issue_billing_key_and_pay,
        ),
        "verify-identity": Control(
            description="Open the identity-verification window and leave it with an outcome.",
            properties={
                "identityVerificationId": TEXT,
                "storeId": TEXT,
                "outcome": {"type": "string", "enum": list(get_args(VerificationOutcome))},
                **{name: schema for name, schema in common.items() if name != "noticeUrls"},
            },
            required=("identityVerificationId",),
            example={"identityVerificationId": "verification1"},
            result=_VERIFY_RESULT,
            run=control_handlers.verify_identity,
        ),
        "deposit": Control(
            description="Deposit into a payment's virtual account.",
            properties={**_PAYMENT, "amount": AMOUNT},
            required=("paymentId",),
            example={"paymentId": "order20261130001"},
            run=control_handlers.deposit,
        ),
        "approve": Control(
            description="Approve a pending payment, as the payment company does.",
            properties=_PAYMENT,
            required=("paymentId",),
            example={"paymentId": "order20261130001"},
            run=control_handlers.approve,
        ),
        "cancel": Control(
            description="Cancel the rest of a payment, as an operator does in PortOne's console.",
            properties={**_PAYMENT, "reason": TEXT},
            required=("paymentId",),
            example={"paymentId": "order20261130001", "reason": "sold out"},
            result={"cancellation": {"type": "object"}},
            run=control_handlers.cancel,
        ),
        "expect-otp": Control(
            description="Set the code that confirms an identity verification; others are refused.",
            properties={"identityVerificationId": TEXT, "otp": TEXT, "storeId": TEXT},
            required=("identityVerificationId", "otp"),
            example={"identityVerificationId": "verification1", "otp": "123456"},
            run=control_handlers.expect_otp,
        ),
        "resend-webhook": Control(
            description="Deliver a webhook again, as an operator does in PortOne's console.",
            properties={"webhookId": TEXT},
            required=("webhookId",),
            example={"webhookId": "550e8400-e29b-41d4-a716-446655440000"},
            run=control_handlers.resend_webhook,
        ),
        "advance": Control(
            description="Advance the clock.",
            properties=dict.fromkeys(("days", "hours", "minutes", "seconds"), DURATION),
            example={"days": 31},
            result={"now": {"type": "string", "format": "date-time"}},
            run=control_handlers.advance,
        ),
        "decline": Control(
            description="Decline the next charges, as the payment company does.",
            properties={"times": COUNT, "pgCode": TEXT, "pgMessage": TEXT},
            example={"times": 1},
            run=control_handlers.decline,
        ),
        "faults": Control(
            description="Inject a fault into the next requests for an operation (* means any).",
            properties=fault,
            required=("operationId", "kind"),
            example={"operationId": "cancelPayment", "kind": "reset_after"},
            run=control_handlers.fault,
        ),
        "clear-faults": Control(
            description="Cancel all planned faults.",
            properties={},
            run=control_handlers.clear_faults,
        ),
        "refuse": Control(
            description="Respond to the next requests for an operation with one of its API errors.",
            properties={
                "operationId": operation,
                "type": TEXT,
                "times": COUNT,
                "fields": {"type": "object"},
            },
            required=("operationId", "type"),
            example={"operationId": "cancelPayment", "type": "PAYMENT_NOT_FOUND"},
            run=control_handlers.respond_with_error,
        ),
        "pend-cancellations": Control(
            description="Leave the next cancellations pending at the payment company.",
            properties={"times": COUNT},
            example={"times": 1},
            run=control_handlers.pend_cancellations,
        ),
        "complete-cancellation": Control(
            description="Complete the oldest pending cancellation of a payment.",
            properties=_PAYMENT,
            required=("paymentId",),
            example={"paymentId": "order20261130001"},
            run=control_handlers.complete_cancellation,
        ),
        "fail-cancellation": Control(
            description="Fail the oldest pending cancellation of a payment.",
            properties=_PAYMENT,
            required=("paymentId",),
            example={"paymentId": "order20261130001"},
            run=control_handlers.fail_cancellation,
        ),
        "escrow": Control(
            description="Move a payment's escrow: the goods are delivered, accepted or rejected.",
            properties={
                **_PAYMENT,
                "event": {"type": "string", "enum": list(get_args(EscrowEvent))},
            },
            required=("paymentId", "event"),
            example={"paymentId": "order20261130001", "event": "DELIVERED"},
            run=control_handlers.escrow,
        ),
        "pay-partners": Control(
            description="Pay partners through the payout agency, as ordered in PortOne's console.",
            properties={
                "partnerSettlementIds": {"type": "array", "items": TEXT},
                "outcome": {"type": "string", "enum": list(get_args(PayoutOutcome))},
                "isForTest": {"type": "boolean"},
            },
            example={"outcome": "succeeded"},
            result={"bulkPayoutId": {"type": "string"}},
            run=control_handlers.pay_partners,
        ),
        "reset": Control(
            description="Discard all state, as if just started.",
            properties={},
            run=control_handlers.reset,
        ),
        **scenario_controls(document),
    }
