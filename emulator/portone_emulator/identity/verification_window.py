"""Simulation of the identity-verification window, in which a customer proves who they are."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, TypeAlias, get_args

from attrs import frozen

from portone_emulator.document.choices import check_choice
from portone_emulator.errors import PG_FAILURE, invalid
from portone_emulator.identity.verifications import check_unverified
from portone_emulator.payments.customers import to_customer
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import Key, State

VerificationOutcome: TypeAlias = Literal["ready", "verified", "failed"]
"""How a customer leaves the identity-verification window. `ready` leaves it open."""

_OPERATOR: Final = "SKT"
_SAMPLE: Final = {
    "name": "홍길동",
    "phoneNumber": "01012345678",
    "birthYear": "1990",
    "birthMonth": "01",
    "birthDay": "01",
    "gender": "FEMALE",
}
_REQUESTED: Final = ("id", "name", "phoneNumber", "birthYear", "birthMonth", "birthDay")
_VERIFIED: Final = ("id", "name", "phoneNumber", "gender")
_DECLINED: Final = ("DECLINED", "the customer's identity could not be verified")


@frozen
class VerificationResult:
    """What the shop's page receives when the window closes.

    Attributes:
        identity_verification_id: the verification's ID.
        identity_verification_tx_id: the ID of this attempt to verify.
        code: `FAILURE_TYPE_PG`; only on failure.
        message: why the verification failed; only on failure.
        pg_code: the identity verification company's own code, if it failed.
        pg_message: the identity verification company's own message, if it failed.
    """

    identity_verification_id: str
    identity_verification_tx_id: str
    code: str | None = None
    message: str | None = None
    pg_code: str | None = None
    pg_message: str | None = None


@frozen(kw_only=True)
class VerificationOrder:
    """The parameters with which the shop's page opens the window."""

    customer: JsonObject
    channel_key: str | None
    channel_group_id: str | None = None
    custom_data: str | None = None


def simulate(
    state: State, key: Key, outcome: VerificationOutcome, order: VerificationOrder
) -> VerificationResult:
    """Open the identity-verification window and leave it with an outcome.

    Each opening is an attempt of its own, with its own transaction ID, until one succeeds.

    Raises:
        EmulatedAPIError: IDENTITY_VERIFICATION_ALREADY_VERIFIED; INVALID_REQUEST if the birth date
            is not one.
        ValueError: the outcome is unknown.
    """
    check_choice("outcome", outcome, get_args(VerificationOutcome))
    check(state, key, order.customer)
    requested = to_customer(order.customer, "customer")
    person = _SAMPLE | requested
    now = state.now()
    tx_id = state.ids.uuid()
    record = omit_none(
        status=outcome.upper(),
        id=key[1],
        storeId=key[0],
        channel=state.window_channel(order.channel_key, order.channel_group_id),
        requestedCustomer=_pick(requested, _REQUESTED),
        # What the operations on identity verifications expect of a request by API.
        customerInput=_pick(person, _REQUESTED),
        method="APP",
        operator=_OPERATOR,
        customData=order.custom_data,
        requestedAt=now,
        updatedAt=now,
        statusChangedAt=now,
        version="V2",
        pgTxId=tx_id,
    )
    pg_code, pg_message = _DECLINED
    match outcome:
        case "verified":
            record["verifiedAt"] = now
            record["pgRawResponse"] = "{}"
            record["verifiedCustomer"] = _pick(person, _VERIFIED) | {
                "operator": _OPERATOR,
                "birthDate": _birth_date(person).isoformat(),
                "isForeigner": False,
                "ci": f"ci-{state.ids.uuid()}",
                "di": f"di-{state.ids.uuid()}",
            }
        case "failed":
            record["failedAt"] = now
            record["failure"] = {"reason": pg_message, "pgCode": pg_code, "pgMessage": pg_message}
        case "ready":
            pass
    state.identity_verifications[key] = record
    if outcome == "failed":
        return VerificationResult(
            key[1],
            tx_id,
            code=PG_FAILURE,
            message=pg_message,
            pg_code=pg_code,
            pg_message=pg_message,
        )
    return VerificationResult(key[1], tx_id)


def check(state: State, key: Key, customer: JsonObject) -> None:
    """Check that the window can be opened.

    Raises:
        EmulatedAPIError: IDENTITY_VERIFICATION_ALREADY_VERIFIED; INVALID_REQUEST if the birth date
            is not one.
    """
    check_unverified(state, key)
    _birth_date(_SAMPLE | to_customer(customer, "customer"))


def _birth_date(person: JsonObject) -> date:
    try:
        return date(*(int(person[name]) for name in ("birthYear", "birthMonth", "birthDay")))
    except ValueError:
        raise invalid("customer.birthYear", "is no date with birthMonth and birthDay") from None


def _pick(values: JsonObject, names: tuple[str, ...]) -> JsonObject:
    return {name: values[name] for name in names if name in values}
