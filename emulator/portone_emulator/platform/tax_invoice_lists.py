"""Lists and sheets of tax invoices."""

from __future__ import annotations

from portone_emulator.errors import invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.responses import Response
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import connections, dates, sheets
from portone_emulator.platform.filters import matches_filters
from portone_emulator.platform.records import exactly_one, is_for_test, records
from portone_emulator.state import listing
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State

FILTERS = {
    "statuses": "status",
    "issuanceTypes": "issuanceType",
    "purposeTypes": "purposeType",
    "taxationTypes": "taxationType",
    "documentModificationTypes": "documentModificationType",
    "isDelayed": "isDelayed",
    "supplierBrn": "supplier.brn",
}
PRIMARY_FILTERS = {
    "taxInvoiceId": "id",
    "taxInvoiceIds": "id",
    "bulkTaxInvoiceId": "bulkTaxInvoiceId",
    "ntsApprovalNumber": "ntsApprovalNumber",
    "supplierDocumentKey": "supplierDocumentKey",
    "recipientDocumentKey": "recipientDocumentKey",
    "payoutId": "payoutId",
}
_SORT_FIELDS = {
    "WRITE_DATE": "writeDate",
    "ISSUANCE_DUE_DATE": "issuanceDueDate",
    "TOTAL_AMOUNT": "totalAmount",
    "TOTAL_SUPPLY_AMOUNT": "totalSupplyAmount",
    "TOTAL_TAX_AMOUNT": "totalTaxAmount",
    "REQUESTED_AT": "requestedAt",
    "ISSUED_AT": "issuedAt",
    "NTS_SENT_AT": "ntsSentAt",
    "STATUS_UPDATED_AT": "statusUpdatedAt",
}
_DATES = {"REGISTER": "draftedAt", "WRITE": "writeDate", "ISSUE": "issuedAt"}
_DEFAULT_SIZE, _MAX_SIZE = 500, 1000


def _matching(state: State, request: ParsedRequest) -> list[JsonObject]:
    """Return the tax invoices that match the request's filter, in its order."""
    test = is_for_test(request)
    filters: JsonObject = request.body.get("filter", {})
    primary: JsonObject = filters.get("primaryFilter", {})
    if primary:
        exactly_one(
            primary, ("dateFilter", *PRIMARY_FILTERS), "query.requestBody.filter.primaryFilter"
        )
    number = None
    if filters.get("includeBrnMatch") and "counterpartyId" in filters:
        known = records(state, "counterparty", test=test)
        number = known.get(filters["counterpartyId"], {}).get("brn")
    found = [
        invoice
        for invoice in records(state, "taxInvoice", test=test).values()
        if matches_filters(invoice, filters, FILTERS)
        and matches_filters(invoice, primary, PRIMARY_FILTERS)
        and _is_in_dates(state, invoice, (primary or {"dateFilter": {}}).get("dateFilter"))
        and filters.get("partnerBrn") in {None, _other_party(invoice).get("brn")}
        and (
            "counterpartyId" not in filters
            or connections.is_party(invoice, filters["counterpartyId"], number)
        )
    ]
    sort: JsonObject = request.body.get("sort", {})
    field = _SORT_FIELDS[sort.get("by", "STATUS_UPDATED_AT")]
    return _sorted(found, field, is_ascending=sort.get("order") == "ASC")


def _sorted(found: list[JsonObject], field: str, *, is_ascending: bool) -> list[JsonObject]:
    """Sort tax invoices; those without the field come last."""
    ordered = sorted((each for each in found if field in each), key=lambda each: each[field])
    rest = [each for each in found if field not in each]
    return [*(ordered if is_ascending else reversed(ordered)), *rest]


def _is_in_dates(state: State, invoice: JsonObject, wanted: JsonObject | None) -> bool:
    """Whether a tax invoice's date is in any of the ranges, by default the last month."""
    if wanted is None:
        return True
    value = invoice.get(_DATES[wanted.get("dateType", "REGISTER")])
    if value is None:
        return False
    day = value if len(value) == len("2026-01-31") else dates.local_date(value)
    last = dates.today(state)
    first = dates.month_before(last)
    ranges: list[JsonObject] = wanted.get("dateRange") or [{}]
    return any(each.get("from", first) <= day <= each.get("until", last) for each in ranges)


def _other_party(invoice: JsonObject) -> JsonObject:
    """Return the party of a tax invoice that is not the merchant."""
    return invoice["supplier" if invoice["issuanceType"] == "REVERSE" else "recipient"]


def _list(state: State, request: ParsedRequest) -> JsonObject:
    body = request.body
    size = body.get("pageSize", _DEFAULT_SIZE)
    if size > _MAX_SIZE:
        raise invalid("query.requestBody.pageSize", f"must not exceed {_MAX_SIZE}")
    found = _matching(state, request)
    items, page = listing.page(found, {**body, "pageSize": size})
    return {"items": [_summary(state, invoice) for invoice in items], "page": page}


def _summary(state: State, invoice: JsonObject) -> JsonObject:
    """Return the `B2bTaxInvoiceSummary` of a tax invoice."""
    parties: JsonObject = {}
    for name in ("supplier", "recipient"):
        company: JsonObject = invoice[name]
        parties |= omit_none(
            **{
                f"{name}Brn": company.get("brn", ""),
                f"{name}Name": company.get("name", ""),
                f"{name}RepresentativeName": company.get("representativeName", ""),
                f"{name}CounterpartyId": company.get("counterpartyId"),
            }
        )
    return state.document.pick("B2bTaxInvoiceSummary", invoice | parties)


def _sheet(state: State, request: ParsedRequest) -> Response:
    rows = _matching(state, request)
    return sheets.sheet(rows, sheets.INVOICE_COLUMNS, request.body.get("fields"))


HANDLERS: dict[str, Handler] = {
    "getB2bTaxInvoices": _list,
    "downloadB2bTaxInvoicesSheet": _sheet,
}
