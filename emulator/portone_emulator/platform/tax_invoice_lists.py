"""Lists and sheets of tax invoices."""

from __future__ import annotations

from portone_emulator.errors import invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.responses import Response
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import connections, dates, filters, sheets
from portone_emulator.platform.filters import Check
from portone_emulator.platform.records import exactly_one, is_for_test, records
from portone_emulator.platform.tables import FILTERS
from portone_emulator.state.index import Period, Selection
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State

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


def _select(state: State, request: ParsedRequest) -> Selection[str, JsonObject]:
    """Select the tax invoices that match the request's filter."""
    test = is_for_test(request)
    wanted: JsonObject = dict(request.body.get("filter", {}))
    primary: JsonObject = wanted.get("primaryFilter", {})
    if primary:
        exactly_one(
            primary,
            ("dateFilter", *_primary_filters()),
            "query.requestBody.filter.primaryFilter",
        )
    checks: list[Check] = []
    if wanted.get("includeBrnMatch") and "counterpartyId" in wanted:
        counterparty_id = wanted.pop("counterpartyId")
        known = records(state, "counterparty", test=test)
        number = known.get(counterparty_id, {}).get("brn")
        checks.append(lambda invoice: connections.is_party(invoice, counterparty_id, number))
    dates_wanted = (primary or {"dateFilter": {}}).get("dateFilter")
    period = None
    if dates_wanted is not None:
        time = _DATES[dates_wanted.get("dateType", "REGISTER")]
        ranges = _ranges(state, dates_wanted, is_date=time == "writeDate")
        period = Period(time, min(ranges)[0], max(last for _, last in ranges))
        if len(ranges) > 1:
            checks.append(
                lambda invoice: any(first <= invoice[time] <= last for first, last in ranges)
            )
    return filters.select(
        state,
        "taxInvoice",
        wanted,
        test=test,
        period=period,
        check=(lambda invoice: all(check(invoice) for check in checks)) if checks else None,
    )


def _primary_filters() -> list[str]:
    prefix = "primaryFilter."
    names = FILTERS["taxInvoice"].lookups
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def _ranges(state: State, wanted: JsonObject, *, is_date: bool) -> list[tuple[str, str]]:
    """Return the wanted ranges of dates, by default the last month, or of the times in them."""
    last = dates.today(state)
    first = dates.month_before(last)
    ranges: list[JsonObject] = wanted.get("dateRange") or [{}]
    found = [(each.get("from", first), each.get("until", last)) for each in ranges]
    if is_date:
        return found
    return [(dates.start_of(start), dates.end_of(end)) for start, end in found]


def _order(request: ParsedRequest) -> tuple[str, bool]:
    """Return the time or amount that a request sorts by, and whether it is ascending."""
    sort: JsonObject = request.body.get("sort", {})
    return _SORT_FIELDS[sort.get("by", "STATUS_UPDATED_AT")], sort.get("order") == "ASC"


def _list(state: State, request: ParsedRequest) -> JsonObject:
    body = request.body
    size = body.get("pageSize", _DEFAULT_SIZE)
    if size > _MAX_SIZE:
        raise invalid("query.requestBody.pageSize", f"must not exceed {_MAX_SIZE}")
    time, is_ascending = _order(request)
    items, page = filters.page(
        state,
        "taxInvoice",
        _select(state, request),
        {**body, "pageSize": size},
        test=is_for_test(request),
        time=time,
        is_ascending=is_ascending,
    )
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
    time, is_ascending = _order(request)
    known = records(state, "taxInvoice", test=is_for_test(request))
    keys = _select(state, request).keys(time, is_ascending=is_ascending)
    rows = [known[key] for key in keys]
    return sheets.sheet(rows, sheets.INVOICE_COLUMNS, request.body.get("fields"))


HANDLERS: dict[str, Handler] = {
    "getB2bTaxInvoices": _list,
    "downloadB2bTaxInvoicesSheet": _sheet,
}
