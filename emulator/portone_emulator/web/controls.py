"""The HTTP controls: name, JSON body and function of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast, get_args

from attrs import frozen

from portone_emulator.billing.issue_window import METHODS as ISSUE_METHODS
from portone_emulator.billing.issue_window import IssueOutcome
from portone_emulator.document.document import Document
from portone_emulator.errors import invalid
from portone_emulator.identity.verification_window import VerificationOutcome
from portone_emulator.payments.checkout import CheckoutOutcome
from portone_emulator.payments.escrow import EscrowEvent
from portone_emulator.payments.methods import PayMethod
from portone_emulator.platform.payouts import PayoutOutcome
from portone_emulator.scenarios.faults import FaultKind
from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import control_handlers

if TYPE_CHECKING:
    from portone_emulator.actions import Actions

_TEXT: JsonObject = {"type": "string", "minLength": 1, "maxLength": 1000}
_AMOUNT: JsonObject = {"type": "integer", "format": "int64", "minimum": 0}
_COUNT: JsonObject = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
_DURATION: JsonObject = {"type": "number", "minimum": 0, "maximum": 1_000_000}
_PAYMENT = {"paymentId": _TEXT, "storeId": _TEXT}
METHODS = tuple(name.upper() for name in get_args(PayMethod))
OUTCOMES: tuple[str, ...] = get_args(CheckoutOutcome)


@frozen(kw_only=True)
class Control:
    """A control. Unknown properties in a body are errors, to catch typos."""

    description: str
    properties: JsonObject
    required: tuple[str, ...] = ()
    run: Callable[[Actions, JsonObject], JsonObject]

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema of the body."""
        return {"type": "object", "properties": self.properties, "required": list(self.required)}

    def check_names(self, body: JsonObject) -> None:
        """Check that a body has no unknown properties.

        Raises:
            EmulatedAPIError: INVALID_REQUEST.
        """
        for name in body:
            if name not in self.properties:
                known = ", ".join(self.properties)
                raise invalid(f"body.{name[:50]}", f"is unknown; allowed are: {known or 'none'}")


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
        "channelKey": _TEXT,
        "channelGroupId": _TEXT,
        "customData": _TEXT,
        "noticeUrls": {"type": "array", "items": _TEXT},
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
        "storeId": _TEXT,
        "outcome": {"type": "string", "enum": list(get_args(IssueOutcome))},
        "billingKeyMethod": {"type": "string", "enum": [name.upper() for name in ISSUE_METHODS]},
        "methodDetails": details,
        **common,
    }
    amount: JsonObject = {
        "totalAmount": _AMOUNT,
        "taxFreeAmount": _AMOUNT,
        "vatAmount": _AMOUNT,
        "currency": schema("Currency"),
        "orderName": _TEXT,
    }
    order: JsonObject = {
        **amount,
        "payMethod": {"type": "string", "enum": list(METHODS)},
        "methodDetails": details,
        "accountExpiresAt": {"type": "string", "format": "date-time"},
        "promotionId": _TEXT,
        "isEscrow": {"type": "boolean"},
        **sold,
        **common,
    }
    operation: JsonObject = {"type": "string", "enum": list(document.operations)}
    fault: JsonObject = {
        "operationId": {"type": "string", "enum": ["*", *document.operations]},
        "kind": {"type": "string", "enum": list(get_args(FaultKind))},
        "times": _COUNT,
        "isForever": {"type": "boolean"},
        "delay": _DURATION,
        "retryAfter": {"type": ["integer", "string"]},
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
    }
    return {
        "checkout": Control(
            description="Open the payment window for a payment and leave it with an outcome.",
            properties={**_PAYMENT, "outcome": outcome, **order},
            required=("paymentId",),
            run=control_handlers.checkout,
        ),
        "leave": Control(
            description="Leave the open payment window of a payment (READY) with an outcome.",
            properties={**_PAYMENT, "outcome": outcome},
            required=("paymentId",),
            run=control_handlers.leave,
        ),
        "issue-billing-key": Control(
            description="Open the window that registers a card and leave it with an outcome.",
            properties={
                "customerId": _TEXT,
                "issueId": _TEXT,
                "issueName": _TEXT,
                **issue,
            },
            run=control_handlers.issue_billing_key,
        ),
        "issue-billing-key-and-pay": Control(
            description="Open the window that registers a billing key and pays with it.",
            properties={**_PAYMENT, **issue, **amount, **sold},
            required=("paymentId", "totalAmount"),
            run=control_handlers.issue_billing_key_and_pay,
        ),
        "verify-identity": Control(
            description="Open the identity-verification window and leave it with an outcome.",
            properties={
                "identityVerificationId": _TEXT,
                "storeId": _TEXT,
                "outcome": {"type": "string", "enum": list(get_args(VerificationOutcome))},
                **{name: schema for name, schema in common.items() if name != "noticeUrls"},
            },
            required=("identityVerificationId",),
            run=control_handlers.verify_identity,
        ),
        "deposit": Control(
            description="Deposit into a payment's virtual account.",
            properties={**_PAYMENT, "amount": _AMOUNT},
            required=("paymentId",),
            run=control_handlers.deposit,
        ),
        "approve": Control(
            description="Approve a pending payment, as the payment company does.",
            properties=_PAYMENT,
            required=("paymentId",),
            run=control_handlers.approve,
        ),
        "cancel": Control(
            description="Cancel the rest of a payment, as an operator does in PortOne's console.",
            properties={**_PAYMENT, "reason": _TEXT},
            required=("paymentId",),
            run=control_handlers.cancel,
        ),
        "expect-otp": Control(
            description="Set the code that confirms an identity verification; others are refused.",
            properties={"identityVerificationId": _TEXT, "otp": _TEXT, "storeId": _TEXT},
            required=("identityVerificationId", "otp"),
            run=control_handlers.expect_otp,
        ),
        "advance": Control(
            description="Advance the clock.",
            properties=dict.fromkeys(("days", "hours", "minutes", "seconds"), _DURATION),
            run=control_handlers.advance,
        ),
        "decline": Control(
            description="Decline the next charges, as the payment company does.",
            properties={"times": _COUNT, "pgCode": _TEXT, "pgMessage": _TEXT},
            run=control_handlers.decline,
        ),
        "faults": Control(
            description="Inject a fault into the next requests for an operation (* means any).",
            properties=fault,
            required=("operationId", "kind"),
            run=control_handlers.fault,
        ),
        "clear-faults": Control(
            description="Cancel all planned faults.",
            properties={},
            run=control_handlers.clear_faults,
        ),
        "refuse": Control(
            description="Respond to the next requests for an operation with one of its API errors.",
            properties={"operationId": operation, "type": _TEXT, "times": _COUNT},
            required=("operationId", "type"),
            run=control_handlers.respond_with_error,
        ),
        "pend-cancellations": Control(
            description="Leave the next cancellations pending at the payment company.",
            properties={"times": _COUNT},
            run=control_handlers.pend_cancellations,
        ),
        "complete-cancellation": Control(
            description="Complete the oldest pending cancellation of a payment.",
            properties=_PAYMENT,
            required=("paymentId",),
            run=control_handlers.complete_cancellation,
        ),
        "fail-cancellation": Control(
            description="Fail the oldest pending cancellation of a payment.",
            properties=_PAYMENT,
            required=("paymentId",),
            run=control_handlers.fail_cancellation,
        ),
        "escrow": Control(
            description="Move a payment's escrow: the goods are delivered, accepted or rejected.",
            properties={
                **_PAYMENT,
                "event": {"type": "string", "enum": list(get_args(EscrowEvent))},
            },
            required=("paymentId", "event"),
            run=control_handlers.escrow,
        ),
        "pay-partners": Control(
            description="Pay partners through the payout agency, as ordered in PortOne's console.",
            properties={
                "partnerSettlementIds": {"type": "array", "items": _TEXT},
                "outcome": {"type": "string", "enum": list(get_args(PayoutOutcome))},
                "isForTest": {"type": "boolean"},
            },
            run=control_handlers.pay_partners,
        ),
        "reset": Control(
            description="Discard all state, as if just started.",
            properties={},
            run=control_handlers.reset,
        ),
    }
