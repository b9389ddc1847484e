"""Handlers of the operations that list payments, by filtered pages or by cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from portone_emulator.errors import invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments.methods import type_name
from portone_emulator.state import listing
from portone_emulator.state.containers import Payments
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.listing import get_nested, matches, matches_any
from portone_emulator.state.state import State

# Limits from the OpenAPI document: the last payment that pages reach, the largest cursor page.
PAGE_LIMIT = 60_000
CURSOR_SIZE_LIMIT = 1_000
_CURSOR = re.compile(r"\d{1,18}", flags=re.ASCII)
_PLATFORMS = {"PC": "SDK_PC", "MOBILE": "SDK_MOBILE", "API": "API"}
_SORT_FIELDS = {"REQUESTED_AT": "requestedAt", "STATUS_CHANGED_AT": "statusChangedAt"}
_TIME_FILTERS = {"timestampType", "from", "until", "sortBy", "sortOrder"}
_RANGE_FIELDS = {"CREATED_AT": "requestedAt", "STATUS_CHANGED_AT": "statusChangedAt"}
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "PAYMENT_ID": ("id",),
    "TX_ID": ("transactionId",),
    "SCHEDULE_ID": ("scheduleId",),
    "FAIL_REASON": ("failure", "reason"),
    "CARD_ISSUER": ("method", "card", "issuer"),
    "CARD_ACQUIRER": ("method", "card", "publisher"),
    "CARD_BIN": ("method", "card", "bin"),
    "CARD_NUMBER": ("method", "card", "number"),
    "CARD_APPROVAL_NUMBER": ("method", "approvalNumber"),
    "CARD_RECEIPT_NAME": ("method", "card", "name"),
    "CARD_INSTALLMENT": ("method", "installment", "month"),
    "TRANS_BANK": ("method", "bank"),
    "VIRTUAL_ACCOUNT_HOLDER_NAME": ("method", "remitteeName"),
    "VIRTUAL_ACCOUNT_BANK": ("method", "bank"),
    "VIRTUAL_ACCOUNT_NUMBER": ("method", "accountNumber"),
    "PG_MERCHANT_ID": ("channel", "pgMerchantId"),
    "PG_TX_ID": ("pgTxId",),
    "PG_RECEIPT_ID": ("cashReceipt", "pgReceiptId"),
    "RECEIPT_APPROVAL_NUMBER": ("cashReceipt", "issueNumber"),
    "PG_CANCELLATION_ID": ("cancellations", "pgCancellationId"),
    "CANCEL_REASON": ("cancellations", "reason"),
    "ORDER_NAME": ("orderName",),
    "CUSTOMER_NAME": ("customer", "name"),
    "CUSTOMER_EMAIL": ("customer", "email"),
    "CUSTOMER_PHONE_NUMBER": ("customer", "phoneNumber"),
    "CUSTOMER_ADDRESS": ("customer", "address", "oneLine"),
    "CUSTOMER_ZIPCODE": ("customer", "zipcode"),
    "USER_AGENT": ("origin", "userAgent"),
    "BILLING_KEY": ("billingKey",),
    "PROMOTION_ID": ("promotionId",),
    "GIFT_CERTIFICATION_APPROVAL_NUMBER": ("method", "approvalNumber"),
}
Item = TypeVar("Item")


def _get_payments(state: State, request: ParsedRequest) -> JsonObject:
    filters: JsonObject = request.body.get("filter", {})
    if "storeId" in filters:
        state.store(filters["storeId"])
    first, last = listing.time_range(filters, state.clock.now())
    range_field = _RANGE_FIELDS[filters.get("timestampType", "STATUS_CHANGED_AT")]
    sort_field = _SORT_FIELDS[filters.get("sortBy", "REQUESTED_AT")]
    payments, order = state.payments, filters.get("sortOrder")
    in_range = payments.by_time[range_field]
    if _has_only_times(payments, filters):
        # Counted by one index and read in the order of the other, as far as the page.
        by_time = payments.by_time[sort_field]
        keys = iter(by_time) if order == "ASC" else reversed(by_time)
        views = (payments[key].view for key in keys)
        matching = (view for view in views if first <= view[range_field] <= last)
        total = in_range.count(first, last)
    else:
        views = (payments[key].view for key in in_range.between(first, last))
        matching = listing.sort_by_time(
            (view for view in views if _matches_filters(view, filters)),
            lambda view: view[sort_field],
            order,
        )
        total = None
    items, page = listing.page(matching, request.body, total=total, limit=PAGE_LIMIT)
    return {"items": items, "page": page}


def _has_only_times(payments: Payments, filters: JsonObject) -> bool:
    """Whether nothing but the time range tells which payments match."""
    selects = {name for name, value in filters.items() if value != []} - _TIME_FILTERS
    if not selects:
        return True
    ids = payments.of_store.get(filters.get("storeId", ""), ())
    return selects == {"storeId"} and len(ids) == len(payments)


def _matches_filters(view: JsonObject, filters: JsonObject) -> bool:
    status = {"PAY_PENDING": "PENDING"}.get(view["status"], view["status"])
    webhooks: list[JsonObject] = view.get("webhooks", [])
    return (
        matches(filters.get("merchantId"), view["merchantId"])
        and matches(filters.get("storeId"), view["storeId"])
        and matches_any(filters.get("status"), status)
        and matches_any(filters.get("methods"), type_name(get_nested(view, "method", "type") or ""))
        and matches_any(filters.get("pgProvider"), get_nested(view, "channel", "pgProvider"))
        and matches(filters.get("isTest"), get_nested(view, "channel", "type") == "TEST")
        and matches(filters.get("isScheduled"), "scheduleId" in view)
        and matches(filters.get("version"), view["version"])
        and matches(filters.get("webhookStatus"), webhooks[-1].get("status") if webhooks else None)
        and matches(filters.get("platformType"), _PLATFORMS[view["origin"]["platformType"]])
        and matches(filters.get("currency"), view["currency"])
        and matches(filters.get("isEscrow"), "escrow" in view)
        and matches(filters.get("escrowStatus"), get_nested(view, "escrow", "status"))
        and _matches_card_filters(view, filters)
        and _matches_cash_receipt_filters(view, filters)
        and all(
            listing.matches_text(search, view, _TEXTS) for search in filters.get("textSearch", [])
        )
    )


def _matches_card_filters(view: JsonObject, filters: JsonObject) -> bool:
    return (
        matches(filters.get("cardBrand"), get_nested(view, "method", "card", "brand"))
        and matches(filters.get("cardType"), get_nested(view, "method", "card", "type"))
        and matches(filters.get("cardOwnerType"), get_nested(view, "method", "card", "ownerType"))
        and matches(
            filters.get("giftCertificateType"), get_nested(view, "method", "giftCertificateType")
        )
    )


def _matches_cash_receipt_filters(view: JsonObject, filters: JsonObject) -> bool:
    receipt: JsonObject = view.get("cashReceipt", {})
    return (
        matches(filters.get("cashReceiptType"), receipt.get("type", "NO_RECEIPT"))
        and matches(filters.get("cashReceiptStatus"), receipt.get("status"))
        and listing.in_date_range(filters.get("cashReceiptIssuedAtRange"), receipt.get("issuedAt"))
        and listing.in_date_range(
            filters.get("cashReceiptCancelledAtRange"), receipt.get("cancelledAt")
        )
    )


def _payments_by_cursor(state: State, request: ParsedRequest) -> JsonObject:
    store_id = state.store(request.body.get("storeId"))
    ids = state.payments.of_store.get(store_id, [])

    def view(payment_id: str) -> JsonObject:
        return state.payments[store_id, payment_id].view

    page = _page_after_cursor(state, request, ids, lambda each: view(each)["requestedAt"])
    return {"items": [{"payment": view(each), "cursor": cursor} for cursor, each in page]}


def _events_by_cursor(state: State, request: ParsedRequest) -> JsonObject:
    store_id = request.body.get("storeId")
    if store_id is not None:
        state.store(store_id)

    def time(event: JsonObject) -> str | None:
        return event["createdAt"] if matches(store_id, event["storeId"]) else None

    page = _page_after_cursor(state, request, state.events, time)
    return {"items": [{"paymentEvent": event, "cursor": cursor} for cursor, event in page]}


def _page_after_cursor(
    state: State,
    request: ParsedRequest,
    items: Sequence[Item],
    time: Callable[[Item], str | None],
) -> list[tuple[str, Item]]:
    """Return the page after the cursor, each item with its own cursor.

    Items are only ever appended, so an item's position serves as its cursor. One whose time is
    `None` is left out.
    """
    size = request.body.get("size", listing.DEFAULT_SIZE)
    if not 1 <= size <= CURSOR_SIZE_LIMIT:
        raise invalid("query.requestBody.size", f"must be from 1 to {CURSOR_SIZE_LIMIT}")
    cursor = request.body.get("cursor", "0")
    if not _CURSOR.fullmatch(cursor):
        raise invalid("query.requestBody.cursor", "was not issued by this emulator")
    first, last = listing.time_range(request.body, state.clock.now())
    following = ((position, items[position]) for position in range(int(cursor), len(items)))
    matching = (
        (str(position + 1), item)
        for position, item in following
        if first <= (time(item) or "") <= last
    )
    return list(islice(matching, size))


HANDLERS: dict[str, Handler] = {
    "getPayments": _get_payments,
    "getAllPaymentsByCursor": _payments_by_cursor,
    "getAllPaymentEventsByCursor": _events_by_cursor,
}
