"""Transfers: what is owed to a partner, for an order, for its cancellation, or without an order."""

from __future__ import annotations

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.responses import Response
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import dates, filters, settlements, sheets, transfer_records
from portone_emulator.platform.filters import Check
from portone_emulator.platform.partners import CURRENCIES, PARTNERS
from portone_emulator.platform.policies import MAX_AMOUNT
from portone_emulator.platform.records import choose_id, graphql_id, is_for_test, records
from portone_emulator.platform.setting import current_setting
from portone_emulator.platform.tables import FILTERS, values_at
from portone_emulator.state.index import Selection
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State

_TRANSFER_FILTERS = FILTERS["transfer"]
_KEYWORDS = {
    name: paths
    for name, paths in {**_TRANSFER_FILTERS.lookups, **_TRANSFER_FILTERS.texts}.items()
    if name.startswith("keyword.")
}
_CURRENT = {
    "partnerSettlementId": "partnerSettlementId",
    "all": "|".join([*_KEYWORDS.values(), "payoutId", "partnerSettlementId"]),
}
"""Where the texts of keywords are that are not in the record, or that may be anywhere in it."""


def new_transfer(
    state: State, body: JsonObject, kind: str, partner: JsonObject, *, test: bool
) -> JsonObject:
    """Return the fields that every new transfer has.

    Raises:
        EmulatedAPIError: PLATFORM_TRANSFER_ID_ALREADY_USED.
    """
    transfer_id = choose_id(state, "transfer", body.get("id"))
    if transfer_id in records(state, "transfer", test=test):
        raise EmulatedAPIError("PLATFORM_TRANSFER_ID_ALREADY_USED", "the ID is taken")
    return omit_none(
        type=kind,
        id=transfer_id,
        graphqlId=graphql_id("transfer", transfer_id),
        isForTest=test,
        partner=partner,
        memo=body.get("memo"),
        userDefinedProperties=body.get("userDefinedProperties", []),
    )


def save(state: State, transfer: JsonObject, *, test: bool) -> JsonObject:
    """Keep a new transfer, and return the response about it."""
    transfer_records.add(state, transfer, test=test)
    return {"transfer": _view(state, transfer, test=test)}


def already_exists(transfer: JsonObject) -> EmulatedAPIError:
    """Return the error that a transfer for the same exists."""
    return EmulatedAPIError(
        "PLATFORM_TRANSFER_ALREADY_EXISTS",
        "there is a transfer for this",
        transferId=transfer["id"],
        transferGraphqlId=transfer["graphqlId"],
    )


def check_currency(currency: str) -> None:
    """Check that partners can be settled in a currency.

    Raises:
        EmulatedAPIError: PLATFORM_CURRENCY_NOT_SUPPORTED.
    """
    if currency not in CURRENCIES:
        raise EmulatedAPIError("PLATFORM_CURRENCY_NOT_SUPPORTED", "the currency is not supported")


def settlement_dates(
    state: State, body: JsonObject, start: str, contract: JsonObject, *, test: bool
) -> JsonObject:
    """Return the start and the day of the settlement; `start` if the request gives none.

    Raises:
        EmulatedAPIError: PLATFORM_SETTLEMENT_DATE_EARLIER_THAN_SETTLEMENT_START_DATE.
    """
    start = body.get("settlementStartDate", start)
    day = body.get("settlementDate")
    if day is None:
        setting = current_setting(state, test=test)
        day = dates.settlement_date(
            start,
            contract["settlementCycle"],
            is_never_earlier=setting["adjustSettlementDateAfterHolidayIfEarlier"],
        )
    elif day < start:
        raise EmulatedAPIError(
            "PLATFORM_SETTLEMENT_DATE_EARLIER_THAN_SETTLEMENT_START_DATE",
            "settlementDate is before settlementStartDate",
            settlementDate=day,
            settlementStartDate=start,
        )
    return {"settlementStartDate": start, "settlementDate": day}


def _create_manual(state: State, request: ParsedRequest) -> JsonObject:
    test, body = is_for_test(request), request.body
    partner = PARTNERS.find(state, body["partnerId"], test=test)
    amount, tax_free = body["settlementAmount"], body.get("settlementTaxFreeAmount", 0)
    if amount < 0 and current_setting(state, test=test)["manualSettlementPerTransfer"]:
        raise EmulatedAPIError(
            "PLATFORM_NEGATIVE_AMOUNT_NOT_ALLOWED",
            "the setting manualSettlementPerTransfer allows no negative amount",
        )
    if abs(amount) > MAX_AMOUNT:
        raise invalid("body.settlementAmount", f"must not exceed {MAX_AMOUNT}")
    if not min(amount, 0) <= tax_free <= max(amount, 0):
        raise invalid("body.settlementTaxFreeAmount", "must be a part of settlementAmount")
    currency = body.get("settlementCurrency", partner["account"]["currency"])
    check_currency(currency)
    transfer = new_transfer(state, body, "MANUAL", partner, test=test) | {
        "settlementAmount": amount,
        "settlementTaxFreeAmount": tax_free,
        "settlementCurrency": currency,
        "settlementDate": body["settlementDate"],
    }
    return save(state, transfer, test=test)


def _get(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    return _view(state, transfer_records.find(state, request.path["id"], test=test), test=test)


def _view(state: State, transfer: JsonObject, *, test: bool) -> JsonObject:
    schema = state.document.variants("PlatformTransfer")[transfer["type"]]
    current = settlements.with_status(state, transfer, test=test)
    del current["payoutId"]  # no longer used, PortOne says
    return state.document.pick(schema, current)


def _delete(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    transfer = transfer_records.find(state, request.path["id"], test=test)
    if transfer_records.cancellations_of(state, transfer, test=test):
        raise EmulatedAPIError("PLATFORM_CANCEL_ORDER_TRANSFERS_EXISTS", "a transfer takes it back")
    status = settlements.with_status(state, transfer, test=test)["status"]
    if status not in {"SCHEDULED", "IN_PROCESS"}:
        raise EmulatedAPIError(
            "PLATFORM_TRANSFER_NON_DELETABLE_STATUS", f"the transfer is {status}"
        )
    transfer_records.remove(state, transfer, test=test)
    return {}


def _select(state: State, request: ParsedRequest) -> Selection[str, JsonObject]:
    """Select the transfers that match the request's filter."""
    test = is_for_test(request)
    wanted: JsonObject = request.body.get("filter", {})
    if {"settlementDateRange", "settlementStartDateRange"} <= wanted.keys():
        raise invalid("query.requestBody.filter", "must have one range at most")
    settlements.settle(state, test=test)
    check = _check_of(state, wanted, test=test)
    return filters.select(state, "transfer", wanted, test=test, check=check)


def _check_of(state: State, wanted: JsonObject, *, test: bool) -> Check | None:
    """Return the check of what no index has: the status, which depends on the day, for example."""
    keyword: JsonObject = wanted.get("keyword", {})
    texts = [(_CURRENT[name], text) for name, text in keyword.items() if name in _CURRENT]
    statuses: list[str] = wanted.get("statuses", [])
    wanted_property: JsonObject | None = wanted.get("userDefinedProperty")
    payout_id: str | None = keyword.get("payoutId")
    if not (texts or statuses or wanted_property or payout_id is not None):
        return None

    def check(transfer: JsonObject) -> bool:
        current = settlements.with_status(state, transfer, test=test)
        return (
            (not statuses or current["status"] in statuses)
            and payout_id in {None, current["payoutId"]}
            and filters.contains_texts(current, texts)
            and _has_property(transfer, wanted_property)
        )

    return check


def _has_property(transfer: JsonObject, wanted: JsonObject | None) -> bool:
    return wanted is None or any(
        (each["key"], each["value"]["string"]) == (wanted["key"], wanted["value"])
        for each in transfer["userDefinedProperties"]
    )


def _list(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    found = _select(state, request)
    items, page = filters.page(state, "transfer", found, request.body, test=test)
    current = [settlements.with_status(state, each, test=test) for each in items]
    return {"transferSummaries": [_summary(state, each) for each in current], "page": page}


def _summary(state: State, transfer: JsonObject) -> JsonObject:
    """Return the `PlatformTransferSummary` of a transfer."""
    partner: JsonObject = transfer["partner"]
    properties = [
        {"key": key, "value": value} for key, value in partner["userDefinedProperties"].items()
    ]
    fields = transfer | {
        "partner": omit_none(
            id=partner["id"],
            graphqlId=partner["graphqlId"],
            name=partner["name"],
            type=partner["type"]["type"],
            taxationType=partner["type"].get("taxationType"),
            userDefinedProperties=properties,
        ),
        "partnerUserDefinedProperties": properties,
    }
    if "payment" in transfer:
        payment: JsonObject = transfer["payment"]
        fields["storeId"] = payment.get("storeId", state.settings.store_id)
        method_types = values_at(payment, "method.type")
        fields["payment"] = omit_none(
            type=payment["type"],
            id=payment["id"],
            orderName=payment.get("orderName"),
            currency=payment["currency"],
            methodType=method_types[0] if method_types else None,
        )
    schema = state.document.variants("PlatformTransferSummary")[transfer["type"]]
    return state.document.pick(schema, fields)


def _sheet(state: State, request: ParsedRequest) -> Response:
    test = is_for_test(request)
    found = filters.newest_first(state, "transfer", _select(state, request), test=test)
    rows = [settlements.with_status(state, each, test=test) for each in found]
    return sheets.sheet(rows, sheets.TRANSFER_COLUMNS, request.body.get("fields"))


HANDLERS: dict[str, Handler] = {
    "createPlatformManualTransfer": _create_manual,
    "getPlatformTransfer": _get,
    "deletePlatformTransfer": _delete,
    "getPlatformTransferSummaries": _list,
    "downloadPlatformTransferSheet": _sheet,
}
