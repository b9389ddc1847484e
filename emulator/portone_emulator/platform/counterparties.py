"""Counterparties: the businesses that tax invoices are exchanged with."""

from __future__ import annotations

from datetime import timedelta

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import connections, filters
from portone_emulator.platform.lookups import (
    add_verification,
    business_info,
    find_verification,
    is_business_number,
)
from portone_emulator.platform.records import choose_id, graphql_id, is_for_test, records
from portone_emulator.state.index import ARRIVAL
from portone_emulator.state.json_values import (
    JsonObject,
    format_datetime,
    omit_none,
    parse_datetime,
)
from portone_emulator.state.state import State

MERCHANT: JsonObject = {
    "brn": "0000000000",
    "name": "emulator",
    "representativeName": "홍길동",
    "contact": {"email": "merchant@emulator.invalid", "name": "홍길동"},
}
"""The merchant itself, as a `B2bTaxInvoiceCompany`."""

_MAX_CONTACTS = 5
_REQUIRED = ("companyName", "representativeName", "contact")
_DETAILS = ("brn", "address", "businessClass", "businessType", "memo", "representativeName")
_CERTIFICATE_LIFE = timedelta(days=365)


def find(state: State, counterparty_id: str, *, test: bool) -> JsonObject:
    """Return a counterparty.

    Raises:
        EmulatedAPIError: B2B_COUNTERPARTY_NOT_FOUND.
    """
    counterparty = records(state, "counterparty", test=test).get(counterparty_id)
    if counterparty is None:
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_NOT_FOUND", "none has this ID", counterpartyId=counterparty_id
        )
    return counterparty


def find_by_number(state: State, brn: str, *, test: bool) -> JsonObject | None:
    """Return the counterparty with a business registration number, the latest if several have it."""
    known = records(state, "counterparty", test=test)
    latest = known.index.select({"brn": [brn]}).keys(ARRIVAL, is_ascending=False, size=1)
    return known[latest[0]] if latest else None


def create(
    state: State,
    counterparty_id: str | None,
    counterparty: JsonObject,
    options: JsonObject,
    *,
    test: bool,
) -> JsonObject:
    """Create a counterparty, connected to the tax office at once.

    Raises:
        EmulatedAPIError: the ID is taken, or a detail is missing or invalid.
    """
    new_id = choose_id(state, "counterparty", counterparty_id)
    if new_id in records(state, "counterparty ID of a partner", test=test):
        raise _taken_by_partner()
    existing = records(state, "counterparty", test=test).get(new_id)
    if existing is not None:
        if "partnerId" in existing:
            raise _taken_by_partner()
        raise EmulatedAPIError("B2B_COUNTERPARTY_ID_ALREADY_EXISTS", "the ID is taken")
    if not is_business_number(counterparty["brn"]):
        raise EmulatedAPIError("B2B_COUNTERPARTY_BRN_INVALID", "brn must be ten digits")
    if counterparty["brn"] == MERCHANT["brn"]:
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_SELF_ORIGIN_BRN_MISMATCH", "brn is the merchant's own"
        )
    record: JsonObject = {
        "id": new_id,
        "graphqlId": graphql_id("counterparty", new_id),
        "isForTest": test,
        "ntsConnectionStatus": "CONNECTED",
        "ntsConnectedAt": state.now(),
        "businessStatus": "UNKNOWN",
        "additionalContacts": [],
        **_details(state, counterparty, options, test=test),
    }
    _check_complete(record)
    records(state, "counterparty", test=test)[new_id] = record
    return record


def _taken_by_partner() -> EmulatedAPIError:
    return EmulatedAPIError("B2B_COUNTERPARTY_ID_ALREADY_EXISTS_BY_PARTNER", "a partner has the ID")


def _details(
    state: State, counterparty: JsonObject, options: JsonObject, *, test: bool
) -> JsonObject:
    """Return the fields that a request gives a counterparty, its lookups included."""
    contacts: list[JsonObject] | None = counterparty.get("additionalContacts")
    if contacts is not None and len(contacts) > _MAX_CONTACTS:
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_TOO_MANY_ADDITIONAL_CONTACTS", f"at most {_MAX_CONTACTS}"
        )
    brn = counterparty["brn"]
    info = _verification(state, "business", brn, options, "businessInfo", test=test)
    status = _verification(state, "company", brn, options, "businessStatus", test=test)
    return {
        **omit_none(
            businessInfoVerification=info,
            businessStatusVerification=status,
            businessStatus=None if status is None else "IN_BUSINESS",
            businessStatusCheckedAt=None if status is None else status["checkedAt"],
            appliedAt=state.now(),
        ),
        **({} if info is None else _registered_details(brn)),
        **omit_none(
            companyName=counterparty.get("name"),
            contact=counterparty.get("contact"),
            additionalContacts=contacts,
        ),
        **{name: counterparty[name] for name in _DETAILS if name in counterparty},
    }


def _registered_details(brn: str) -> JsonObject:
    """Return what the registration of a business says."""
    info = business_info(brn)
    return {
        "companyName": info["name"],
        "representativeName": info["ceoName"],
        "address": info["address"],
        "businessType": info["businessType"],
        "businessClass": info["businessClass"],
    }


def _verification(
    state: State, kind: str, brn: str, options: JsonObject, name: str, *, test: bool
) -> JsonObject | None:
    """Return the `B2bCounterpartyVerification` of a lookup to make or to use again, if any."""
    verification_id = options.get(f"{name}VerificationId")
    if verification_id is None:
        if not options.get(f"check{name[0].upper()}{name[1:]}", False):
            return None
        verification_id = add_verification(state, kind, test=test, brn=brn)
    found = find_verification(state, kind, verification_id, test=test)
    if found is None:
        other = "company" if kind == "business" else "business"
        if find_verification(state, other, verification_id, test=test) is not None:
            raise EmulatedAPIError(
                "B2B_COUNTERPARTY_VERIFICATION_TYPE_MISMATCH", "the lookup is of the other kind"
            )
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_VERIFICATION_NOT_FOUND", "no lookup has this verification ID"
        )
    if found["brn"] != brn:
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_VERIFICATION_BRN_MISMATCH", "the lookup is of another business"
        )
    return {"id": verification_id, "checkedAt": found["checkedAt"]}


def _check_complete(record: JsonObject) -> None:
    missing = [name for name in _REQUIRED if name not in record]
    if missing:
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_MISSING_REQUIRED_FIELDS", f"missing: {', '.join(missing)}"
        )


def _create(state: State, request: ParsedRequest) -> JsonObject:
    body = request.body
    created = create(
        state,
        body.get("counterpartyId"),
        body["counterparty"],
        body.get("options", {}),
        test=is_for_test(request),
    )
    return {"counterparty": created}


def _get(state: State, request: ParsedRequest) -> JsonObject:
    return find(state, request.path["counterpartyId"], test=is_for_test(request))


def _update(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    record = _get(state, request)
    body: JsonObject = request.body["counterparty"]
    if "partnerId" in record:
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_PARTNER_NOT_UPDATABLE", "the counterparty is a partner"
        )
    if body["brn"] != record["brn"]:
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_BRN_MODIFICATION_NOT_ALLOWED", "brn cannot be changed"
        )
    updated = record | _details(state, body, request.body.get("options", {}), test=test)
    records(state, "counterparty", test=test)[record["id"]] = updated
    return {"counterparty": updated}


def _delete(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    record = _get(state, request)
    if "partnerId" in record:
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_PARTNER_NOT_DELETABLE", "the counterparty is a partner"
        )
    if connections.has_ongoing_invoices_with(state, record, test=test):
        raise EmulatedAPIError(
            "B2B_COUNTERPARTY_ONGOING_TAX_INVOICE_EXISTS", "a tax invoice is in progress"
        )
    del records(state, "counterparty", test=test)[record["id"]]
    return {}


def _list(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    wanted: JsonObject = request.body.get("filter", {})
    start: str = wanted.get("id", "")

    def check(counterparty: JsonObject) -> bool:
        return counterparty["id"].startswith(start)

    found = filters.select(state, "counterparty", wanted, test=test, check=check if start else None)
    items, page = filters.page(state, "counterparty", found, request.body, test=test)
    return {"items": items, "page": page}


def _connected(state: State, request: ParsedRequest) -> JsonObject:
    """Return the counterparty with the business registration number of the path."""
    brn = request.path["brn"]
    counterparty = find_by_number(state, brn, test=is_for_test(request))
    if counterparty is None:
        raise EmulatedAPIError("B2B_COUNTERPARTY_NOT_FOUND", "none has this number")
    return counterparty


def _certificate(state: State, request: ParsedRequest) -> JsonObject:
    counterparty = _connected(state, request)
    registered_at = counterparty["ntsConnectedAt"]
    expired_at = parse_datetime(registered_at) + _CERTIFICATE_LIFE
    return {
        "certificateType": "E_TAX",
        "issuerName": "emulator",
        "subjectName": counterparty["companyName"],
        "oid": "1.2.410.200004.5.2.1.6",
        "registeredAt": registered_at,
        "expiredAt": format_datetime(expired_at),
        "registrantContactId": counterparty["id"],
        "registrantContactName": counterparty["contact"]["name"],
    }


def _registration_url(state: State, request: ParsedRequest) -> JsonObject:
    counterparty = _connected(state, request)
    return {"url": f"https://tax-invoice.invalid/certificates/{counterparty['brn']}"}


def _validate_certificate(state: State, request: ParsedRequest) -> JsonObject:
    return {"isValid": _certificate(state, request)["expiredAt"] > state.now()}


HANDLERS: dict[str, Handler] = {
    "createB2bCounterparty": _create,
    "getB2bCounterparty": _get,
    "updateB2bCounterparty": _update,
    "deleteB2bCounterparty": _delete,
    "getB2bCounterparties": _list,
    "getB2bCounterpartyCertificate": _certificate,
    "getB2bCounterpartyCertificateRegistrationUrl": _registration_url,
    "validateB2bCounterpartyCertificate": _validate_certificate,
}
