"""Handlers of the billing-key operations."""

from __future__ import annotations

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments.customers import to_customer
from portone_emulator.payments.methods import (
    PayMethod,
    billing_key_method,
    card_summary,
)
from portone_emulator.state import listing
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State, channel_group
from portone_emulator.webhooks.events import notify_billing_key

_TEXTS = {
    "CARD_BIN": ("methods", "card", "bin"),
    "CARD_NUMBER": ("methods", "card", "number"),
    "PG_MERCHANT_ID": ("channels", "pgMerchantId"),
    "CUSTOMER_NAME": ("customer", "name"),
    "CUSTOMER_EMAIL": ("customer", "email"),
    "CUSTOMER_PHONE_NUMBER": ("customer", "phoneNumber"),
    "CUSTOMER_ADDRESS": ("customer", "address", "oneLine"),
    "CUSTOMER_ZIPCODE": ("customer", "zipcode"),
    "BILLING_KEY": ("billingKey",),
    "CHANNEL_GROUP_NAME": ("channelGroup", "name"),
}


def find_active_key(state: State, store_id: str, billing_key: str) -> JsonObject:
    """Return a billing key that can be charged.

    Raises:
        EmulatedAPIError: BILLING_KEY_NOT_FOUND, BILLING_KEY_ALREADY_DELETED.
    """
    info = _find(state, store_id, billing_key)
    if info["status"] == "DELETED":
        raise EmulatedAPIError("BILLING_KEY_ALREADY_DELETED", "the billing key is deleted")
    return info


def _find(state: State, store_id: str, billing_key: str) -> JsonObject:
    info = state.billing_keys.get(billing_key)
    if info is None or info["storeId"] != store_id:
        raise EmulatedAPIError("BILLING_KEY_NOT_FOUND", "this store has no such billing key")
    return info


def new_billing_key_info(
    state: State, store_id: str, channel: JsonObject, customer_input: JsonObject, method: PayMethod
) -> JsonObject:
    """Create the `BillingKeyInfo` of what a customer registers in the billing-key window."""
    now = state.now()
    return {
        "status": "ISSUED",
        "billingKey": f"billing-key-{state.ids.uuid()}",
        "merchantId": state.settings.merchant_id,
        "storeId": store_id,
        "methods": [billing_key_method(method)],
        "channels": [channel],
        "customer": to_customer(customer_input, "customer"),
        "requestedAt": now,
        "issuedAt": now,
    }


def _issue(state: State, request: ParsedRequest) -> JsonObject:
    body = request.body
    store_id = state.store(body.get("storeId"))
    if "card" not in body["method"]:
        raise invalid("body.method.card", "is required")
    channel = state.channel(body.get("channelKey"), body.get("channelGroupId"))
    now = state.now()
    card = card_summary(body["method"]["card"]["credential"]["number"])
    info = omit_none(
        status="ISSUED",
        billingKey=f"billing-key-{state.ids.uuid()}",
        merchantId=state.settings.merchant_id,
        storeId=store_id,
        methods=[{"type": "BillingKeyPaymentMethodCard", "card": card}],
        channels=[channel],
        channelGroup=channel_group(body.get("channelGroupId")),
        customer=to_customer(body.get("customer", {}), "body.customer"),
        customData=body.get("customData"),
        requestedAt=now,
        issuedAt=now,
    )
    state.billing_keys[info["billingKey"]] = info
    notify_billing_key(state, "ISSUED", info, body.get("noticeUrls"))
    return {"billingKeyInfo": {name: info[name] for name in ("billingKey", "channels", "issuedAt")}}


def _get(state: State, request: ParsedRequest) -> JsonObject:
    return _find(state, state.store(request.query.get("storeId")), request.path["billingKey"])


def _delete(state: State, request: ParsedRequest) -> JsonObject:
    store_id = state.store(request.query.get("storeId"))
    info = find_active_key(state, store_id, request.path["billingKey"])
    if state.schedules.of_billing_key.get(info["billingKey"]):
        raise EmulatedAPIError("PAYMENT_SCHEDULE_ALREADY_EXISTS", "a schedule will charge this key")
    deleted_at = state.now()
    state.billing_keys[info["billingKey"]] = info | {"status": "DELETED", "deletedAt": deleted_at}
    notify_billing_key(state, "DELETED", info)
    return {"deletedAt": deleted_at}


def _list(state: State, request: ParsedRequest) -> JsonObject:
    search = request.body.get("filter", {}).get("textSearch")
    items, page = listing.page_in_time(
        state,
        state.billing_keys,
        request.body,
        time="REQUESTED_AT",
        check=None if search is None else lambda info: listing.matches_text(search, info, _TEXTS),
    )
    return {"items": items, "page": page}


HANDLERS: dict[str, Handler] = {
    "issueBillingKey": _issue,
    "getBillingKeyInfo": _get,
    "getBillingKeyInfos": _list,
    "deleteBillingKey": _delete,
}
