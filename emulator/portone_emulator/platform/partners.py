"""Partners: those to whom a marketplace passes its customers' money on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import connections
from portone_emulator.platform.filters import distinct_values
from portone_emulator.platform.lookups import find_verification, is_business_number, mark_used
from portone_emulator.platform.policies import CONTRACTS
from portone_emulator.platform.records import (
    error_about,
    exactly_one,
    graphql_id,
    is_for_test,
    tag,
)
from portone_emulator.platform.resource import Resource
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State

CURRENCIES = frozenset({"KRW", "USD", "JPY"})
"""The currencies that partners can be settled in."""

_MAX_TAGS = 10
_MAX_MEMO = 256
_TYPES = ("business", "whtPayer", "nonWhtPayer")
_BUSINESS_FIELDS = ("businessRegistrationNumber", "companyName", "representativeName")


class Partners(Resource):
    """Partners, with their contracts, verified accounts and connections to the tax office."""

    def convert(
        self, state: State, body: JsonObject, current: JsonObject | None, *, test: bool
    ) -> JsonObject:
        """Return the fields that a request gives a partner."""
        fields = super().convert(state, body, current, test=test)
        if len(fields.get("tags", ())) > _MAX_TAGS:
            raise invalid("body.tags", f"must be at most {_MAX_TAGS}")
        if len(fields.get("memo", "")) > _MAX_MEMO:
            raise invalid("body.memo", f"must have at most {_MAX_MEMO} characters")
        if "defaultContractId" in fields:
            CONTRACTS.find(state, fields["defaultContractId"], test=test)
        if "account" in fields:
            fields["account"] = _account(state, fields["account"], test=test)
        if "type" in fields:
            fields["type"] = _type(state, fields["type"], current, test=test)
        if current is None:
            return {"status": "APPROVED", "userDefinedProperties": {}, **fields}
        if "contact" in fields:
            fields["contact"] = current["contact"] | fields["contact"]
        return fields

    def save(self, state: State, record: JsonObject, body: JsonObject, *, test: bool) -> None:
        """Keep a partner, use its verifications up, and update its counterparty."""
        super().save(state, record, body, test=test)
        for kind, verification_id in _verifications(body).items():
            mark_used(state, kind, verification_id, test=test)
        connections.update_counterparty(state, record, test=test)

    def check_update(self, record: JsonObject, changes: JsonObject) -> None:
        """Check that a partner that is connected to the tax office stays the same business."""
        new: JsonObject = changes.get("type", record["type"])
        if not connections.is_connected(record):
            return
        if new["type"] != "BUSINESS":
            raise EmulatedAPIError(
                "PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNER_TYPE_UNCHANGEABLE",
                "a connected partner keeps its type",
            )
        if new["businessRegistrationNumber"] != record["type"]["businessRegistrationNumber"]:
            raise EmulatedAPIError(
                "PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNER_BRN_UNCHANGEABLE",
                "a connected partner keeps its business registration number",
            )

    def check_archive(self, state: State, record: JsonObject, *, test: bool) -> None:
        """Check that no tax invoice with the partner is in progress."""
        if connections.has_ongoing_invoices(state, record, test=test):
            raise EmulatedAPIError(
                "PLATFORM_COUNTERPARTY_ONGOING_TAX_INVOICE_EXISTS", "a tax invoice is in progress"
            )

    def check_schedule(self, record: JsonObject) -> None:
        """Check that the partner is not connected to the tax office."""
        if connections.is_connected(record):
            raise EmulatedAPIError(
                "PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNER_CANNOT_BE_SCHEDULED",
                "updates of a connected partner cannot be scheduled",
            )


PARTNERS = Partners(
    name="Partner",
    plural="Partners",
    error_name="PARTNER",
    id_taken="PLATFORM_PARTNER_ID_ALREADY_EXISTS",
)


def _account(state: State, account: JsonObject, *, test: bool) -> JsonObject:
    """Return a partner's account. An account in KRW is checked against its holder."""
    if account["currency"] not in CURRENCIES:
        raise EmulatedAPIError("PLATFORM_CURRENCY_NOT_SUPPORTED", "the currency is not supported")
    verification_id = account.get("accountVerificationId")
    is_checked = account["currency"] == "KRW" or verification_id is not None
    status = "VERIFIED" if is_checked else "NOT_VERIFIED"
    kept = {name: account[name] for name in ("bank", "currency", "number", "holder")}
    if verification_id is not None:
        _check_account(state, kept, verification_id, test=test)
    return {**kept, "status": status}


def _check_account(state: State, account: JsonObject, verification_id: str, *, test: bool) -> None:
    found = find_verification(state, "account", verification_id, test=test)
    if found is None:
        raise EmulatedAPIError(
            "PLATFORM_ACCOUNT_VERIFICATION_NOT_FOUND", "no lookup has this accountVerificationId"
        )
    if "isUsed" in found:
        raise EmulatedAPIError(
            "PLATFORM_ACCOUNT_VERIFICATION_ALREADY_USED", "accountVerificationId is used"
        )
    if any(account[name] != found[name] for name in ("bank", "number", "holder")):
        raise EmulatedAPIError(
            "PLATFORM_ACCOUNT_VERIFICATION_FAILED", "the lookup was of another account or holder"
        )


def _type(state: State, value: JsonObject, current: JsonObject | None, *, test: bool) -> JsonObject:
    """Return a partner's type; an update of the same type changes only what it gives."""
    name, given = exactly_one(value, _TYPES, "body.type")
    old: JsonObject = {} if current is None else current["type"]
    kept = old if old.get("type") == tag(name) else {}
    if name != "business":
        return omit_none(type=tag(name), birthdate=given.get("birthdate", kept.get("birthdate")))
    defaults = {"memberCompanyConnectionStatus": "NOT_CONNECTED", "taxationType": "NORMAL"}
    business = {**defaults, **kept, **given, "type": "BUSINESS"}
    if any(field not in business for field in _BUSINESS_FIELDS):
        raise EmulatedAPIError(
            "PLATFORM_INSUFFICIENT_DATA_TO_CHANGE_PARTNER_TYPE",
            f"a business needs {', '.join(_BUSINESS_FIELDS)}",
        )
    number = business["businessRegistrationNumber"]
    business["businessStatus"] = "IN_BUSINESS" if is_business_number(number) else "NOT_FOUND"
    if "companyVerificationId" in given:
        _check_company(state, number, given["companyVerificationId"], test=test)
    return state.document.pick("PlatformPartnerTypeBusiness", business)


def _check_company(state: State, number: str, verification_id: str, *, test: bool) -> None:
    found = find_verification(state, "company", verification_id, test=test)
    if found is None or found["brn"] != number:
        raise invalid(
            "body.type.business.companyVerificationId", "is of no lookup of this business"
        )
    if "isUsed" in found:
        raise EmulatedAPIError(
            "PLATFORM_COMPANY_VERIFICATION_ALREADY_USED", "companyVerificationId is used"
        )


def _verifications(body: JsonObject) -> dict[str, str]:
    """Return the verification IDs of a request, by kind."""
    found = {
        "account": body.get("account", {}).get("accountVerificationId"),
        "company": body.get("type", {}).get("business", {}).get("companyVerificationId"),
    }
    return omit_none(**found)


def _create_many(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    bodies: list[JsonObject] = request.body["partners"]
    ids = [body["id"] for body in bodies if "id" in body]
    repeated = [partner_id for partner_id, count in Counter(ids).items() if count > 1]
    if repeated:
        raise error_about("PLATFORM_PARTNER_IDS_DUPLICATED", "IDs repeat", "partner", repeated)
    taken = [partner_id for partner_id in ids if PARTNERS.exists(state, partner_id, test=test)]
    if taken:
        raise error_about("PLATFORM_PARTNER_IDS_ALREADY_EXISTS", "IDs are taken", "partner", taken)
    contracts = [body["defaultContractId"] for body in bodies]
    missing = [each for each in contracts if not CONTRACTS.exists(state, each, test=test)]
    if missing:
        raise error_about(
            "PLATFORM_CONTRACTS_NOT_FOUND", "contracts do not exist", "contract", missing
        )
    for body in bodies:  # before any is created
        PARTNERS.convert(state, body, None, test=test)
    return {"partners": [PARTNERS.create(state, body, test=test) for body in bodies]}


def _schedule_many(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    found = PARTNERS.matching(state, request.body.get("filter", {}), test=test)
    if any(partner["isArchived"] for partner in found):
        raise EmulatedAPIError(
            "PLATFORM_ARCHIVED_PARTNERS_CANNOT_BE_SCHEDULED", "archived partners match the filter"
        )
    scheduled = [
        each["id"] for each in found if PARTNERS.is_scheduled(state, each["id"], test=test)
    ]
    if scheduled:
        raise error_about(
            "PLATFORM_PARTNER_SCHEDULES_ALREADY_EXIST",
            "updates are scheduled",
            "partner",
            scheduled,
        )
    connected = [partner["id"] for partner in found if connections.is_connected(partner)]
    if connected:
        raise error_about(
            "PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNERS_CANNOT_BE_SCHEDULED",
            "partners are connected",
            "partner",
            connected,
        )
    changes = [PARTNERS.plan_changes(state, each, request.body, test=test) for each in found]
    PARTNERS.put_schedules(
        state, zip((partner["id"] for partner in found), changes, strict=True), test=test
    )
    return {}


def _filter_options(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    PARTNERS.select(state, {}, test=test)  # applies what is due
    wanted = {"isArchived": [request.query.get("isArchived", False)]}
    ids = distinct_values(state, "partner", "contractIds", wanted, test=test)
    contracts = [CONTRACTS.find(state, contract_id, test=test) for contract_id in ids]
    return {
        "tags": distinct_values(state, "partner", "tags", wanted, test=test),
        "contractSummary": [{"id": each["id"], "name": each["name"]} for each in contracts],
    }


def _connect(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    partner = PARTNERS.find(state, request.path["id"], test=test)
    is_scheduled = PARTNERS.is_scheduled(state, partner["id"], test=test)
    connections.check_connectable(partner, is_scheduled=is_scheduled)
    return {"partner": connections.connect(state, partner, test=test)}


def _disconnect(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    partner = PARTNERS.find(state, request.path["id"], test=test)
    connections.check_disconnectable(state, partner, test=test)
    return {"partner": connections.disconnect(state, partner, test=test)}


def _connect_many(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)

    def check(partner: JsonObject) -> None:
        is_scheduled = PARTNERS.is_scheduled(state, partner["id"], test=test)
        connections.check_connectable(partner, is_scheduled=is_scheduled)

    able = _able(state, request, check)
    for partner in able:
        connections.connect(state, partner, test=test)
    return {"bulkTask": _bulk_task(state, "CONNECT_MEMBER_COMPANIES", len(able), test=test)}


def _disconnect_many(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    able = _able(
        state, request, lambda partner: connections.check_disconnectable(state, partner, test=test)
    )
    for partner in able:
        connections.disconnect(state, partner, test=test)
    return {"bulkTask": _bulk_task(state, "DISCONNECT_MEMBER_COMPANIES", len(able), test=test)}


def _able(
    state: State, request: ParsedRequest, check: Callable[[JsonObject], None]
) -> list[JsonObject]:
    """Return the partners that match the filter and pass the check.

    Raises:
        EmulatedAPIError: PLATFORM_TARGET_PARTNER_NOT_FOUND if there is none.
    """
    able: list[JsonObject] = []
    filters = request.body.get("filter", {})
    for partner in PARTNERS.matching(state, filters, test=is_for_test(request)):
        try:
            check(partner)
        except EmulatedAPIError:
            continue
        able.append(partner)
    if not able:
        raise EmulatedAPIError(
            "PLATFORM_TARGET_PARTNER_NOT_FOUND", "no partner that matches the filter can be"
        )
    return able


def _bulk_task(state: State, task_type: str, count: int, *, test: bool) -> JsonObject:
    """Return a `PlatformBulkTask` that is done."""
    task_id = f"bulk-task-{state.ids.uuid()}"
    now = state.now()
    others = ("preparedCount", "processingCount", "failedCount", "canceledCount")
    return {
        "id": task_id,
        "graphqlId": graphql_id("bulkTask", task_id),
        "isForTest": test,
        "type": task_type,
        "status": "COMPLETED",
        "progressStats": {**dict.fromkeys(others, 0), "succeededCount": count},
        "createdAt": now,
        "updatedAt": now,
        "statusUpdatedAt": now,
    }


HANDLERS: dict[str, Handler] = {
    **PARTNERS.handlers(),
    "createPlatformPartners": _create_many,
    "schedulePlatformPartners": _schedule_many,
    "getPlatformPartnerFilterOptions": _filter_options,
    "connectPartnerCounterparty": _connect,
    "disconnectPartnerCounterparty": _disconnect,
    "connectBulkPartnerCounterparty": _connect_many,
    "disconnectBulkPartnerCounterparty": _disconnect_many,
}
