"""Payment schedules: billing keys to charge at a later time."""

from __future__ import annotations

from datetime import datetime

from portone_emulator.billing.billing_keys import find_active_key
from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.payments.charges import pay_with_billing_key, requested_amount
from portone_emulator.payments.customers import to_customer
from portone_emulator.state import listing
from portone_emulator.state.json_values import (
    JsonObject,
    format_datetime,
    omit_none,
    parse_datetime,
)
from portone_emulator.state.records import Schedule
from portone_emulator.state.state import State

_ECHOED = ("billingKey", "orderName", "currency", "installmentMonth", "noticeUrls", "products")


def next_due(state: State) -> datetime | None:
    """Return when the next schedule is due, if there is one."""
    first = state.schedules.due.first()
    return None if first is None else parse_datetime(first[0])


def fire_due(state: State) -> None:
    """Charge the due schedules, the earliest first."""
    now = state.now()
    while (first := state.schedules.due.first()) is not None and first[0] <= now:
        _fire(state, state.schedules[first[1]])


def _fire(state: State, schedule: Schedule) -> None:
    schedule.fields["startedAt"] = state.now()
    try:
        with state.skipping_webhook(schedule.body):
            pay_with_billing_key(state, schedule.key, schedule.body, schedule.fields["id"])
        schedule.status = "SUCCEEDED"
    except EmulatedAPIError:
        schedule.status = "FAILED"
    schedule.fields["completedAt"] = state.now()
    state.schedules[schedule.fields["id"]] = schedule


def _create(state: State, request: ParsedRequest) -> JsonObject:
    body: JsonObject = request.body["payment"]
    key = (state.store(body.get("storeId")), request.path["paymentId"])
    find_active_key(state, key[0], body["billingKey"])
    amount = requested_amount(body["amount"])
    payments.check_not_waiting(state, key)
    payments.check_not_scheduled(state, key)
    time_to_pay = parse_datetime(request.body["timeToPay"])
    if time_to_pay <= state.clock.now():
        raise invalid("body.timeToPay", "must be in the future")
    schedule_id = f"payment-schedule-{state.ids.uuid()}"
    fields: JsonObject = {name: body[name] for name in _ECHOED if name in body} | {
        "id": schedule_id,
        "merchantId": state.settings.merchant_id,
        "storeId": key[0],
        "paymentId": key[1],
        "isCulturalExpense": False,
        "isEscrow": False,
        "customer": to_customer(body.get("customer", {}), "body.payment.customer"),
        "customData": body.get("customData", ""),
        "totalAmount": amount.total,
        "taxFreeAmount": amount.tax_free,
        "vatAmount": amount.vat,
        "createdAt": state.now(),
        "timeToPay": format_datetime(time_to_pay),
    }
    state.schedules[schedule_id] = Schedule(key, body, fields)
    state.delivery_queue.wake()
    return {"schedule": {"id": schedule_id}}


def view(state: State, schedule: Schedule) -> JsonObject:
    """Return a schedule as `getPaymentSchedule` returns it."""
    schema = state.document.variants("PaymentSchedule")[schedule.status]
    return state.document.pick(schema, {**schedule.fields, "status": schedule.status})


def _get(state: State, request: ParsedRequest) -> JsonObject:
    store_id = state.store(request.query.get("storeId"))
    return view(state, _find(state, store_id, request.path["paymentScheduleId"]))


def _find(state: State, store_id: str, schedule_id: str) -> Schedule:
    schedule = state.schedules.get(schedule_id)
    if schedule is None or schedule.key[0] != store_id:
        raise EmulatedAPIError(
            "PAYMENT_SCHEDULE_NOT_FOUND", "this store has no schedule with this ID"
        )
    return schedule


def _list(state: State, request: ParsedRequest) -> JsonObject:
    filters: JsonObject = request.body.get("filter", {})
    store_id = state.store(filters.get("storeId"))
    body = {**request.body, "filter": {**filters, "storeId": store_id}}
    items, page = listing.page_in_time(state, state.schedules, body, time="TIME_TO_PAY")
    return {"items": [view(state, schedule) for schedule in items], "page": page}


def _revoke(state: State, request: ParsedRequest) -> JsonObject:
    store_id = state.store(request.body.get("storeId"))
    billing_key = request.body.get("billingKey")
    schedule_ids = request.body.get("scheduleIds")
    if billing_key is not None:
        find_active_key(state, store_id, billing_key)
    if schedule_ids is not None:
        revoked = [_find(state, store_id, schedule_id) for schedule_id in schedule_ids]
        for schedule in revoked:
            _check_revocable(schedule, billing_key)
    elif billing_key is not None:
        of_key = state.schedules.of_billing_key.get(billing_key, {})
        revoked = [state.schedules[schedule_id] for schedule_id in of_key]
    else:
        raise invalid("query.requestBody.scheduleIds", "is required unless billingKey is given")
    now = state.now()
    for schedule in revoked:
        schedule.status = "REVOKED"
        schedule.fields["revokedAt"] = now
        state.schedules[schedule.fields["id"]] = schedule
    return omit_none(
        revokedScheduleIds=[schedule.fields["id"] for schedule in revoked],
        revokedAt=now if revoked else None,
    )


def _check_revocable(schedule: Schedule, billing_key: str | None) -> None:
    if billing_key not in {None, schedule.body["billingKey"]}:
        raise EmulatedAPIError(
            "PAYMENT_SCHEDULE_NOT_FOUND", "the billing key has no schedule with this ID"
        )
    if schedule.status == "REVOKED":
        raise EmulatedAPIError(
            "PAYMENT_SCHEDULE_ALREADY_REVOKED", "the schedule is already revoked"
        )
    if schedule.status != "SCHEDULED":
        raise EmulatedAPIError(
            "PAYMENT_SCHEDULE_ALREADY_PROCESSED", f"the schedule is {schedule.status}"
        )


HANDLERS: dict[str, Handler] = {
    "createPaymentSchedule": _create,
    "getPaymentSchedule": _get,
    "getPaymentSchedules": _list,
    "revokePaymentSchedules": _revoke,
}
