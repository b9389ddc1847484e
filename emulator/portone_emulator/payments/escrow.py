"""Escrow: the payment is held until the customer has the goods."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from portone_emulator.document.choices import check_choice
from portone_emulator.errors import invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.payments.operations import payment_key
from portone_emulator.state.json_values import JsonObject, format_datetime, parse_datetime
from portone_emulator.state.records import Payment
from portone_emulator.state.state import State

EscrowEvent: TypeAlias = Literal["DELIVERED", "CONFIRMED", "REJECTED", "REJECT_CONFIRMED"]
"""What happens outside the shop.

The goods arrive, the customer accepts or rejects them, the payment company confirms the rejection.
"""

_BEFORE: dict[str, frozenset[str]] = {
    "REGISTERED": frozenset({"BEFORE_REGISTERED"}),
    "DELIVERED": frozenset({"REGISTERED"}),
    "CONFIRMED": frozenset({"REGISTERED", "DELIVERED"}),
    "REJECTED": frozenset({"REGISTERED", "DELIVERED"}),
    "REJECT_CONFIRMED": frozenset({"REJECTED"}),
}


def move(state: State, payment: Payment, event: EscrowEvent) -> None:
    """Move the escrow to the event's status.

    Raises:
        EmulatedAPIError: PAYMENT_NOT_PAID; INVALID_REQUEST if the escrow's status does not allow
            the event.
        ValueError: the event is unknown.
    """
    check_choice("event", event, get_args(EscrowEvent))
    _check(payment, _BEFORE[event])
    _change(state, payment, status=event, isAutomaticallyConfirmed=event == "CONFIRMED")


def _check(payment: Payment, before: frozenset[str]) -> JsonObject:
    payments.check_paid(payment)
    escrow: JsonObject | None = payment.latest.fields.get("escrow")
    if escrow is None:
        raise invalid("payment", "has no escrow")
    if escrow["status"] not in before:
        raise invalid("payment", f"the escrow is {escrow['status']}")
    return escrow


def _change(state: State, payment: Payment, **changes: object) -> None:
    # A new object: responses already sent must not change.
    payment.latest.fields["escrow"] = payments.escrow_view(
        state, payment.latest.fields["escrow"] | changes
    )
    payments.refresh(state, payment)


def _apply(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    _check(payment, _BEFORE["REGISTERED"])
    logistics = _logistics(request)
    now = state.now()
    _change(state, payment, status="REGISTERED", appliedAt=now, **logistics)
    return _sent_fields(logistics) | {"appliedAt": now}


def _modify(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    _check(payment, frozenset({"REGISTERED", "DELIVERED"}))
    logistics = _logistics(request)
    _change(state, payment, **logistics)
    return _sent_fields(logistics) | {"modifiedAt": state.now()}


def _confirm(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    _check(payment, _BEFORE["CONFIRMED"])
    _change(state, payment, status="CONFIRMED", isAutomaticallyConfirmed=False)
    return {"completedAt": state.now()}


def _logistics(request: ParsedRequest) -> JsonObject:
    given: JsonObject = request.body["logistics"]
    sent_at = format_datetime(parse_datetime(given["sentAt"]))
    return {name: given[name] for name in ("company", "invoiceNumber")} | {"sentAt": sent_at}


def _sent_fields(logistics: JsonObject) -> JsonObject:
    return {name: logistics[name] for name in ("invoiceNumber", "sentAt")}


HANDLERS: dict[str, Handler] = {
    "applyEscrowLogistics": _apply,
    "modifyEscrowLogistics": _modify,
    "confirmEscrow": _confirm,
}
