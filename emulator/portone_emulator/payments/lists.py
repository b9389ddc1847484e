"""Handlers of the operations that list payments, by filtered pages or by cursor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TypeVar

from portone_emulator.errors import invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.state import listing
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.records import Payment
from portone_emulator.state.state import State
from portone_emulator.state.time_index import TimeLog

# Limits from the OpenAPI document: the last payment that pages reach, the largest cursor page.
PAGE_LIMIT = 60_000
CURSOR_SIZE_LIMIT = 1_000
_CURSOR = re.compile(r"\d{1,18}", flags=re.ASCII)
# What the range is compared with, by the names of the times that payments are sorted by.
_RANGES = {"CREATED_AT": "REQUESTED_AT", "STATUS_CHANGED_AT": "STATUS_CHANGED_AT"}
_CHECKED = frozenset({"cashReceiptIssuedAtRange", "cashReceiptCancelledAtRange", "textSearch"})
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
    time = _RANGES[filters.get("timestampType", "STATUS_CHANGED_AT")]
    sort = {"by": filters.get("sortBy", "REQUESTED_AT"), "order": filters.get("sortOrder")}
    body = {**request.body, "filter": {**filters, "timeRangeField": time}, "sort": sort}
    items, page = listing.page_in_time(
        state,
        state.payments,
        body,
        time=time,
        check=None if _CHECKED.isdisjoint(filters) else partial(_matches, filters),
        limit=PAGE_LIMIT,
    )
    return {"items": [payment.view for payment in items], "page": page}


def _matches(filters: JsonObject, payment: Payment) -> bool:
    """Whether a payment matches the filters that no index has."""
    view = payment.view
    receipt: JsonObject = view.get("cashReceipt", {})
    return (
        listing.in_date_range(filters.get("cashReceiptIssuedAtRange"), receipt.get("issuedAt"))
        and listing.in_date_range(
            filters.get("cashReceiptCancelledAtRange"), receipt.get("cancelledAt")
        )
        and all(
            listing.matches_text(search, view, _TEXTS) for search in filters.get("textSearch", [])
        )
    )


def _payments_by_cursor(state: State, request: ParsedRequest) -> JsonObject:
    store_id = state.store(request.body.get("storeId"))
    page = _page_after_cursor(state, request, state.payments.of_store.get(store_id))
    return {
        "items": [
            {"payment": state.payments[store_id, payment_id].view, "cursor": cursor}
            for cursor, payment_id in page
        ]
    }


def _events_by_cursor(state: State, request: ParsedRequest) -> JsonObject:
    log = state.events.log
    if "storeId" in request.body:
        log = state.events.of_store.get(state.store(request.body["storeId"]))
    page = _page_after_cursor(state, request, log)
    return {"items": [{"paymentEvent": event, "cursor": cursor} for cursor, event in page]}


def _page_after_cursor(
    state: State, request: ParsedRequest, log: TimeLog[Item] | None
) -> list[tuple[str, Item]]:
    """Return the page after the cursor, each item with its own cursor.

    Items are only ever appended, so an item's position serves as its cursor.
    """
    size = request.body.get("size", listing.DEFAULT_SIZE)
    if not 1 <= size <= CURSOR_SIZE_LIMIT:
        raise invalid("query.requestBody.size", f"must be from 1 to {CURSOR_SIZE_LIMIT}")
    cursor = request.body.get("cursor", "0")
    if not _CURSOR.fullmatch(cursor):
        raise invalid("query.requestBody.cursor", "was not issued by this emulator")
    if log is None:
        return []
    first, last = listing.time_range(request.body, state.clock.now())
    page = log.between(first, last, int(cursor), size)
    return [(str(position + 1), item) for position, item in page]


HANDLERS: dict[str, Handler] = {
    "getPayments": _get_payments,
    "getAllPaymentsByCursor": _payments_by_cursor,
    "getAllPaymentEventsByCursor": _events_by_cursor,
}
