"""Handlers of the identity-verification operations."""

from __future__ import annotations

import re
from datetime import date

from portone_async.emulator import listing
from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.handlers import Handler
from portone_async.emulator.listing import equal, one_of, path
from portone_async.emulator.state import Key, State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject, present

_TIMES = {
    "REQUESTED_AT": "requestedAt",
    "VERIFIED_AT": "verifiedAt",
    "FAILED_AT": "failedAt",
    "STATUS_UPDATED_AT": "statusChangedAt",
}
# The first seven digits of a resident registration number: birth date, then century and gender.
_IDENTITY_NUMBER = re.compile(r"(\d\d)(\d\d)(\d\d)([1-8])", flags=re.ASCII)


def _key(state: State, given: Input) -> Key:
    store_id = given.body.get("storeId", given.query.get("storeId"))
    return state.store(store_id), given.path["identityVerificationId"]


def _find(state: State, key: Key) -> JsonObject:
    record = state.identity_verifications.get(key)
    if record is None:
        raise Refusal(
            "IDENTITY_VERIFICATION_NOT_FOUND", "this store has no identity verification with this ID"
        )
    return record


def _send(state: State, given: Input) -> JsonObject:
    key = _key(state, given)
    body = given.body
    asked: JsonObject = body["customer"]
    if body["method"] == "SMS" and "identityNumber" not in asked:
        raise invalid("body.customer.identityNumber", "is required for the method SMS")
    if "identityNumber" in asked:
        _birthday(asked["identityNumber"])
    channel = state.channel(body["channelKey"])
    before = state.identity_verifications.get(key)
    if before is not None:
        _check_unverified(before)
        raise Refusal("IDENTITY_VERIFICATION_ALREADY_SENT", "the request was already sent")
    now = state.now()
    names = ("id", "name", "phoneNumber")
    state.identity_verifications[key] = present(
        status="READY",
        id=key[1],
        storeId=key[0],
        channel=channel,
        requestedCustomer={name: asked[name] for name in names if name in asked},
        asked=asked,
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
        raise Refusal("IDENTITY_VERIFICATION_ALREADY_VERIFIED", "the customer is already verified")


def _confirm(state: State, given: Input) -> JsonObject:
    key = _key(state, given)
    record = _find(state, key)
    _check_unverified(record)
    if record["method"] == "SMS" and not given.body.get("otp"):
        raise invalid("body.otp", "is required for the method SMS")
    now = state.now()
    asked: JsonObject = record["asked"]
    birthday, gender = _birthday(asked.get("identityNumber", "9001011"))
    record |= {
        "status": "VERIFIED",
        "updatedAt": now,
        "statusChangedAt": now,
        "verifiedAt": now,
        "pgRawResponse": "{}",
        "verifiedCustomer": record["requestedCustomer"]
        | {
            "operator": record["operator"],
            "birthDate": birthday.isoformat(),
            "gender": gender,
            "isForeigner": False,
            "ci": f"ci-{state.ids.uuid()}",
            "di": f"di-{state.ids.uuid()}",
        },
    }
    return {"identityVerification": _view(state, record)}


def _birthday(identity_number: str) -> tuple[date, str]:
    where = "body.customer.identityNumber"
    found = _IDENTITY_NUMBER.fullmatch(identity_number)
    if found is None:
        raise invalid(where, "must be the first seven digits")
    year, month, day, kind = (int(digits) for digits in found.groups())
    # 1, 2, 5 and 6: born in the 1900s; 3, 4, 7 and 8: in the 2000s. Odd is male.
    century = 1900 if kind in {1, 2, 5, 6} else 2000
    try:
        birthday = date(century + year, month, day)
    except ValueError:
        raise invalid(where, "must start with a valid date") from None
    return birthday, "MALE" if kind % 2 else "FEMALE"


def _resend(state: State, given: Input) -> JsonObject:
    record = _find(state, _key(state, given))
    _check_unverified(record)
    record["updatedAt"] = state.now()
    return {}


def _get(state: State, given: Input) -> JsonObject:
    return _view(state, _find(state, _key(state, given)))


def _view(state: State, record: JsonObject) -> JsonObject:
    schema = state.document.variants("IdentityVerification")[record["status"]]
    return state.document.pick(schema, record)


def _list(state: State, given: Input) -> JsonObject:
    filters: JsonObject = given.body.get("filter", {})
    sort: JsonObject = given.body.get("sort", {})
    if "storeId" in filters:
        state.store(filters["storeId"])
    range_field = _TIMES[filters.get("timeRangeField", "REQUESTED_AT")]
    sort_field = _TIMES[sort.get("by", "REQUESTED_AT")]
    in_range = listing.in_range(
        (record for record in state.identity_verifications.values() if _passes(record, filters)),
        filters,
        lambda record: record.get(range_field),
        state.clock.now(),
    )
    found = listing.ordered(in_range, lambda record: record.get(sort_field), sort.get("order"))
    items, page = listing.page(found, given.body)
    return {"items": [_view(state, record) for record in items], "page": page}


def _passes(record: JsonObject, filters: JsonObject) -> bool:
    channel: JsonObject = record["channel"]
    customer: JsonObject = record.get("verifiedCustomer", record["requestedCustomer"])
    wanted: JsonObject = filters.get("customer", {})
    born = (customer.get("birthDate", "--")).split("-")
    year, month, day = born
    return (
        equal(filters.get("storeId"), record["storeId"])
        and equal(filters.get("identityVerificationId"), record["id"])
        and equal(filters.get("identityVerificationTxId"), record["pgTxId"])
        and equal(filters.get("isTest"), channel["type"] == "TEST")
        and equal(filters.get("pgTxId"), record["pgTxId"])
        and equal(filters.get("pgMerchantId"), channel["pgMerchantId"])
        and equal(filters.get("version"), record["version"])
        and one_of(filters.get("statuses"), record["status"])
        and one_of(filters.get("pgProviders"), channel["pgProvider"])
        and one_of(filters.get("pgCompanies"), channel["pgProvider"])
        and one_of(filters.get("carriers"), record["operator"])
        and equal(wanted.get("name"), customer["name"])
        and equal(wanted.get("phoneNumber"), customer["phoneNumber"])
        and equal(wanted.get("gender"), path(customer, "gender"))
        and equal(wanted.get("birthYear"), year)
        and equal(wanted.get("birthMonth"), month)
        and equal(wanted.get("birthDay"), day)
    )


HANDLERS: dict[str, Handler] = {
    "sendIdentityVerification": _send,
    "confirmIdentityVerification": _confirm,
    "resendIdentityVerification": _resend,
    "getIdentityVerification": _get,
    "getIdentityVerifications": _list,
}
