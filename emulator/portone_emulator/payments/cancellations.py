"""Cancelling payments: immediately, or pending until the payment company completes it."""

from __future__ import annotations

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.payments.amounts import Amount, Parts, cancellation_parts
from portone_emulator.payments.operations import payment_key
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.records import Payment
from portone_emulator.state.state import State
from portone_emulator.webhooks.events import Trigger, notify_payment


def cancel(state: State, payment: Payment, body: JsonObject, *, trigger: str = "API") -> JsonObject:
    """Cancel a payment, in full or in part, and return the `PaymentCancellation`.

    Raises:
        EmulatedAPIError: the errors of `cancelPayment`.
    """
    _check_cancellable(payment)
    transaction = payment.latest
    left = _without_pending(payment)
    expected = body.get("currentCancellableAmount")
    if expected is not None and expected != left.cancellable:
        raise EmulatedAPIError(
            "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN",
            f"expected {expected} to be cancellable, but {left.cancellable} is",
        )
    if left.cancellable == 0:
        raise EmulatedAPIError(
            "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT", "the rest is in pending cancellations"
        )
    if payments.has_account(transaction) and "refundAccount" not in body:
        raise invalid("body.refundAccount", "is required to refund a virtual account's deposit")
    parts = cancellation_parts(
        left,
        total=body.get("amount"),
        tax_free=body.get("taxFreeAmount"),
        vat=body.get("vatAmount"),
    )
    cancellation: JsonObject = {
        "status": "REQUESTED",
        "id": state.ids.uuid(),
        "pgCancellationId": state.ids.uuid(),
        "totalAmount": parts.total,
        "taxFreeAmount": parts.tax_free,
        "vatAmount": parts.vat,
        "reason": body["reason"],
        "requestedAt": state.now(),
        "trigger": trigger,
    }
    transaction.fields["cancellations"] = [*transaction.fields["cancellations"], cancellation]
    if state.cancellations_left_pending:
        state.cancellations_left_pending -= 1
        notify_payment(state, payment, "CANCEL_PENDING", cancellation=cancellation)
        payments.refresh(state, payment)
        return cancellation
    return _succeed(state, payment, cancellation)


def complete(state: State, payment: Payment) -> None:
    """Complete the oldest pending cancellation.

    Raises:
        EmulatedAPIError: PAYMENT_CANCELLATION_NOT_PENDING if there is none.
    """
    _succeed(state, payment, _oldest_pending(payment), "ASYNC_CANCEL_APPROVED")


def fail(state: State, payment: Payment) -> None:
    """Fail the oldest pending cancellation.

    Raises:
        EmulatedAPIError: PAYMENT_CANCELLATION_NOT_PENDING if there is none.
    """
    _replace(payment, _oldest_pending(payment), status="FAILED")
    payments.refresh(state, payment)


def _check_cancellable(payment: Payment) -> None:
    status = payment.latest.status
    if status == "CANCELLED":
        raise EmulatedAPIError(
            "PAYMENT_ALREADY_CANCELLED", "the payment is already cancelled in full"
        )
    if status not in payments.CANCELLABLE:
        raise EmulatedAPIError("PAYMENT_NOT_PAID", f"the payment is {status}")


def _without_pending(payment: Payment) -> Amount:
    """Return the amount less pending cancellations, which cannot be cancelled twice."""
    amount = payment.latest.amount
    for pending in _pending(payment):
        amount = amount.after_cancelling(_parts(pending))
    return amount


def _parts(cancellation: JsonObject) -> Parts:
    return Parts(
        cancellation["totalAmount"], cancellation["taxFreeAmount"], cancellation["vatAmount"]
    )


def _pending(payment: Payment) -> list[JsonObject]:
    cancellations: list[JsonObject] = payment.latest.fields["cancellations"]
    return [each for each in cancellations if each["status"] == "REQUESTED"]


def _oldest_pending(payment: Payment) -> JsonObject:
    pending = _pending(payment)
    if not pending:
        raise EmulatedAPIError("PAYMENT_CANCELLATION_NOT_PENDING", "no cancellation is pending")
    return pending[0]


def _succeed(
    state: State, payment: Payment, cancellation: JsonObject, trigger: Trigger | None = None
) -> JsonObject:
    now = state.now()
    transaction = payment.latest
    done = _replace(payment, cancellation, status="SUCCEEDED", cancelledAt=now)
    transaction.amount = transaction.amount.after_cancelling(_parts(done))
    status = "PARTIAL_CANCELLED" if transaction.amount.cancellable else "CANCELLED"
    escrow: JsonObject | None = transaction.fields.get("escrow")
    if status == "CANCELLED" and escrow is not None and "invoiceNumber" in escrow:
        transaction.fields["escrow"] = payments.escrow_view(state, escrow | {"status": "CANCELLED"})
    payments.change_status(
        state, payment, status, trigger=trigger, cancellation=done, cancelledAt=now
    )
    return done


def _replace(payment: Payment, cancellation: JsonObject, **changes: object) -> JsonObject:
    """Replace the cancellation by an updated copy: responses already sent must not change."""
    fields = payment.latest.fields
    changed = cancellation | changes
    fields["cancellations"] = [
        changed if each["id"] == cancellation["id"] else each for each in fields["cancellations"]
    ]
    return changed


def _cancel(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    return {"cancellation": cancel(state, payment, request.body)}


def _stop(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    cancellations: list[JsonObject] = payment.latest.fields["cancellations"]
    matching = [each for each in cancellations if each["id"] == request.path["cancellationId"]]
    if not matching:
        raise EmulatedAPIError(
            "PAYMENT_CANCELLATION_NOT_FOUND", "the payment has no cancellation with this ID"
        )
    if matching[0]["status"] != "REQUESTED":
        raise EmulatedAPIError(
            "PAYMENT_CANCELLATION_NOT_PENDING", f"the cancellation is {matching[0]['status']}"
        )
    _replace(payment, matching[0], status="FAILED")
    payments.refresh(state, payment)
    return {"stoppedAt": state.now()}


HANDLERS: dict[str, Handler] = {"cancelPayment": _cancel, "stopPaymentCancellation": _stop}
