"""Handlers of the identity-verification operations."""

from __future__ import annotations

import re
from datetime import date

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.state import listing
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import Key, State

# The first seven digits of a resident registration number: birth date, then century and gender.
_IDENTITY_NUMBER = re.compile(r"(\d\d)(\d\d)(\d\d)([1-8])", flags=re.ASCII)


def _key(state: State, request: ParsedRequest) -> Key:
    store_id = request.body.get("storeId", request.query.get("storeId"))
    return state.store(store_id), request.path["identityVerificationId"]


def check_unverified(state: State, key: Key) -> None:
    """Check that a verification is not completed.

    Raises:
        EmulatedAPIError: IDENTITY_VERIFICATION_ALREADY_VERIFIED.
    """
    record = state.identity_verifications.get(key)
    if record is not None:
        _check_unverified(record)


def _find(state: State, key: Key) -> JsonObject:
    record = state.identity_verifications.get(key)
    if record is None:
        raise EmulatedAPIError(
            "IDENTITY_VERIFICATION_NOT_FOUND",
            "this store has no identity verification with this ID",
        )
    return record


def _send(state: State, request: ParsedRequest) -> JsonObject:
    key = _key(state, request)
    body = request.body
    customer: JsonObject = body["customer"]
    if body["method"] == "SMS" and "identityNumber" not in customer:
        raise invalid("body.customer.identityNumber", "is required for the method SMS")
    if "identityNumber" in customer:
        _birthday(customer["identityNumber"])
    channel = state.channel(body["channelKey"])
    existing = state.identity_verifications.get(key)
    if existing is not None:
        _check_unverified(existing)
        raise EmulatedAPIError("IDENTITY_VERIFICATION_ALREADY_SENT", "the request was already sent")
    now = state.now()
    state.identity_verifications[key] = omit_none(
        status="READY",
        id=key[1],
        storeId=key[0],
        channel=channel,
        requestedCustomer=_identity(customer),
        customerInput=customer,
        method=body["method"],
        operator=body["operator"],
        customData=body.get("customData"),
        requestedAt=now,
        updatedAt=now,
        statusChangedAt=now,
        version="V2",
        pgTxId=state.ids.uuid(),
    )
    return {}


def _check_unverified(record: JsonObject) -> None:
    if record["status"] == "VERIFIED":
        raise EmulatedAPIError(
            "IDENTITY_VERIFICATION_ALREADY_VERIFIED", "the customer is already verified"
        )


def _confirm(state: State, request: ParsedRequest) -> JsonObject:
    key = _key(state, request)
    record = _find(state, key)
    _check_unverified(record)
    if record["method"] == "SMS":
        _check_otp(state, key, request.body.get("otp"))
    now = state.now()
    customer: JsonObject = record["customerInput"]
    birthday, gender = _birthday(customer.get("identityNumber", "9001011"))
    verified = record | {
        "status": "VERIFIED",
        "updatedAt": now,
        "statusChangedAt": now,
        "verifiedAt": now,
        "pgRawResponse": "{}",
        "verifiedCustomer": _identity(customer)
        | {
            "operator": record["operator"],
            "birthDate": birthday.isoformat(),
            "gender": gender,
            "isForeigner": False,
            "ci": f"ci-{state.ids.uuid()}",
            "di": f"di-{state.ids.uuid()}",
        },
    }
    state.identity_verifications[key] = verified
    return {"identityVerification": view(state, verified)}


def _check_otp(state: State, key: Key, otp: str | None) -> None:
    """Check the code. After a wrong one the verification is still READY: it can be tried again.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if there is none; PG_PROVIDER if it is wrong.
    """
    if not otp:
        raise invalid("body.otp", "is required for the method SMS")
    right = state.otps.get(key, state.settings.otp)
    if right is not None and otp != right:
        raise EmulatedAPIError(
            "PG_PROVIDER",
            "the identity verification company refused the code",
            pgCode="WRONG_OTP",
            pgMessage="the code is wrong",
        )


def _identity(customer: JsonObject) -> JsonObject:
    return {name: customer[name] for name in ("id", "name", "phoneNumber") if name in customer}


def _birthday(identity_number: str) -> tuple[date, str]:
    location = "body.customer.identityNumber"
    match = _IDENTITY_NUMBER.fullmatch(identity_number)
    if match is None:
        raise invalid(location, "must be the first seven digits")
    year, month, day, kind = (int(digits) for digits in match.groups())
    # 1, 2, 5 and 6: born in the 1900s; 3, 4, 7 and 8: in the 2000s. Odd is male.
    century = 1900 if kind in {1, 2, 5, 6} else 2000
    try:
        birthday = date(century + year, month, day)
    except ValueError:
        raise invalid(location, "must start with a valid date") from None
    return birthday, "MALE" if kind % 2 else "FEMALE"


def _resend(state: State, request: ParsedRequest) -> JsonObject:
    key = _key(state, request)
    record = _find(state, key)
    _check_unverified(record)
    state.identity_verifications[key] = record | {"updatedAt": state.now()}
    return {}


def _get(state: State, request: ParsedRequest) -> JsonObject:
    return view(state, _find(state, _key(state, request)))


def view(state: State, record: JsonObject) -> JsonObject:
    """Return a record as `getIdentityVerification` returns it."""
    schema = state.document.variants("IdentityVerification")[record["status"]]
    return state.document.pick(schema, record)


def _list(state: State, request: ParsedRequest) -> JsonObject:
    items, page = listing.page_in_time(
        state, state.identity_verifications, request.body, time="REQUESTED_AT"
    )
    return {"items": [view(state, record) for record in items], "page": page}


HANDLERS: dict[str, Handler] = {
    "sendIdentityVerification": _send,
    "confirmIdentityVerification": _confirm,
    "resendIdentityVerification": _resend,
    "getIdentityVerification": _get,
    "getIdentityVerifications": _list,
}
