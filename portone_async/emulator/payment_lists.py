"""Handlers of the operations that list payments, by filtered pages or by cursor."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from portone_async.emulator import listing
from portone_async.emulator.errors import invalid
from portone_async.emulator.handlers import Handler
from portone_async.emulator.listing import equal, one_of, path
from portone_async.emulator.methods import type_name
from portone_async.emulator.state import State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject

# Limits from the OpenAPI document: the last payment that pages reach, the largest cursor page.
PAGE_LIMIT = 60_000
CURSOR_SIZE_LIMIT = 1_000
_CURSOR = re.compile(r"\d{1,18}", flags=re.ASCII)
_PLATFORMS = {"PC": "SDK_PC", "MOBILE": "SDK_MOBILE", "API": "API"}
_SORT_FIELDS = {"REQUESTED_AT": "requestedAt", "STATUS_CHANGED_AT": "statusChangedAt"}
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


def _get_payments(state: State, given: Input) -> JsonObject:
    filters: JsonObject = given.body.get("filter", {})
    if "storeId" in filters:
        state.store(filters["storeId"])
    range_field = _RANGE_FIELDS[filters.get("timestampType", "CREATED_AT")]
    sort_field = _SORT_FIELDS[filters.get("sortBy", "REQUESTED_AT")]
    views = listing.in_range(
        (payment.view for payment in state.payments.values()),
        filters,
        lambda view: view[range_field],
        state.clock.now(),
    )
    found = listing.ordered(
        (view for view in views if _passes(view, filters)),
        lambda view: view[sort_field],
        filters.get("sortOrder"),
    )
    items, page = listing.page(found, given.body, limit=PAGE_LIMIT)
    return {"items": items, "page": page}


def _passes(view: JsonObject, filters: JsonObject) -> bool:
    status = {"PAY_PENDING": "PENDING"}.get(view["status"], view["status"])
    webhooks: list[JsonObject] = view.get("webhooks", [])
    return (
        equal(filters.get("merchantId"), view["merchantId"])
        and equal(filters.get("storeId"), view["storeId"])
        and one_of(filters.get("status"), status)
        and one_of(filters.get("methods"), type_name(path(view, "method", "type") or ""))
        and one_of(filters.get("pgProvider"), path(view, "channel", "pgProvider"))
        and equal(filters.get("isTest"), path(view, "channel", "type") == "TEST")
        and equal(filters.get("isScheduled"), "scheduleId" in view)
        and equal(filters.get("version"), view["version"])
        and equal(filters.get("webhookStatus"), webhooks[-1].get("status") if webhooks else None)
        and equal(filters.get("platformType"), _PLATFORMS[view["origin"]["platformType"]])
        and equal(filters.get("currency"), view["currency"])
        and equal(filters.get("isEscrow"), "escrow" in view)
        and equal(filters.get("escrowStatus"), path(view, "escrow", "status"))
        and _passes_card(view, filters)
        and _passes_cash_receipt(view, filters)
        and all(listing.contains(search, view, _TEXTS) for search in filters.get("textSearch", []))
    )


def _passes_card(view: JsonObject, filters: JsonObject) -> bool:
    return (
        equal(filters.get("cardBrand"), path(view, "method", "card", "brand"))
        and equal(filters.get("cardType"), path(view, "method", "card", "type"))
        and equal(filters.get("cardOwnerType"), path(view, "method", "card", "ownerType"))
        and equal(filters.get("giftCertificateType"), path(view, "method", "giftCertificateType"))
    )


def _passes_cash_receipt(view: JsonObject, filters: JsonObject) -> bool:
    receipt: JsonObject = view.get("cashReceipt", {})
    return (
        equal(filters.get("cashReceiptType"), receipt.get("type", "NO_RECEIPT"))
        and equal(filters.get("cashReceiptStatus"), receipt.get("status"))
        and listing.within(filters.get("cashReceiptIssuedAtRange"), receipt.get("issuedAt"))
        and listing.within(filters.get("cashReceiptCancelledAtRange"), receipt.get("cancelledAt"))
    )


def _payments_by_cursor(state: State, given: Input) -> JsonObject:
    store_id = state.store(given.body.get("storeId"))
    views = [payment.view for payment in state.payments.values() if payment.store_id == store_id]
    found = _numbered(state, given, views, "requestedAt")
    return {"items": [{"payment": view, "cursor": cursor} for cursor, view in found]}


def _events_by_cursor(state: State, given: Input) -> JsonObject:
    store_id = given.body.get("storeId")
    if store_id is not None:
        state.store(store_id)
    events = [event for event in state.events if equal(store_id, event["storeId"])]
    found = _numbered(state, given, events, "createdAt")
    return {"items": [{"paymentEvent": event, "cursor": cursor} for cursor, event in found]}


def _numbered(
    state: State, given: Input, items: Sequence[JsonObject], time: str
) -> list[tuple[str, JsonObject]]:
    """Return the page after the cursor, each item with its own cursor.

    Items are only ever appended, so an item's position serves as its cursor.
    """
    size = given.body.get("size", listing.DEFAULT_SIZE)
    if not 1 <= size <= CURSOR_SIZE_LIMIT:
        raise invalid("query.requestBody.size", f"must be from 1 to {CURSOR_SIZE_LIMIT}")
    cursor = given.body.get("cursor", "0")
    if not _CURSOR.fullmatch(cursor):
        raise invalid("query.requestBody.cursor", "was not issued by this emulator")
    first, last = listing.time_range(given.body, state.clock.now())
    start = int(cursor)
    behind = enumerate(islice(items, start, None), start + 1)
    matching = ((str(place), item) for place, item in behind if first <= item[time] <= last)
    return list(islice(matching, size))


HANDLERS: dict[str, Handler] = {
    "getPayments": _get_payments,
    "getAllPaymentsByCursor": _payments_by_cursor,
    "getAllPaymentEventsByCursor": _events_by_cursor,
}
