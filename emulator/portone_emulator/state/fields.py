"""What the lists of payments, billing keys and so on are sorted and filtered by.

The names are those of PortOne's filters and sort fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portone_emulator.payments.methods import type_name
from portone_emulator.state.index import Fields, Values
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.records import Payment, Schedule

_PLATFORMS = {"PC": "SDK_PC", "MOBILE": "SDK_MOBILE", "API": "API"}


def _field(*path: str) -> Callable[[JsonObject], Values]:
    """Return a function that reads a nested field, if it is there."""

    def read(item: Any) -> Values:
        for step in path:
            item = item.get(step)
            if item is None:
                return ()
        return (item,)

    return read


def _always(value: str | bool) -> Callable[[object], Values]:
    return lambda _: (value,)


def _of_channel(name: str) -> Callable[[JsonObject], Values]:
    return lambda record: (record["channel"][name],)


def _is_test(record: JsonObject) -> Values:
    return (record["channel"]["type"] == "TEST",)


def _times(**names: str) -> dict[str, Callable[[JsonObject], str | None]]:
    return {name: lambda record, field=field: record.get(field) for name, field in names.items()}


# Payments.


def _of_view(*path: str) -> Callable[[Payment], Values]:
    read = _field(*path)
    return lambda payment: read(payment.view)


def _status(payment: Payment) -> Values:
    status: str = payment.view["status"]
    return ("PENDING" if status == "PAY_PENDING" else status,)


def _webhook_status(payment: Payment) -> Values:
    webhooks: list[JsonObject] = payment.view.get("webhooks", [])
    return (webhooks[-1].get("status"),) if webhooks else ()


PAYMENT_FIELDS: Fields[Payment] = Fields(
    times={
        "REQUESTED_AT": lambda payment: payment.view["requestedAt"],
        "STATUS_CHANGED_AT": lambda payment: payment.view["statusChangedAt"],
    },
    facets={
        "merchantId": _of_view("merchantId"),
        "status": _status,
        "methods": lambda payment: (type_name(payment.view.get("method", {}).get("type", "")),),
        "pgProvider": _of_view("channel", "pgProvider"),
        "isTest": lambda payment: (payment.view.get("channel", {}).get("type") == "TEST",),
        "isScheduled": lambda payment: ("scheduleId" in payment.view,),
        "version": _of_view("version"),
        "webhookStatus": _webhook_status,
        "platformType": lambda payment: (_PLATFORMS[payment.view["origin"]["platformType"]],),
        "currency": _of_view("currency"),
        "isEscrow": lambda payment: ("escrow" in payment.view,),
        "escrowStatus": _of_view("escrow", "status"),
        "cardBrand": _of_view("method", "card", "brand"),
        "cardType": _of_view("method", "card", "type"),
        "cardOwnerType": _of_view("method", "card", "ownerType"),
        "giftCertificateType": _of_view("method", "giftCertificateType"),
        "cashReceiptType": lambda payment: (
            payment.view.get("cashReceipt", {}).get("type", "NO_RECEIPT"),
        ),
        "cashReceiptStatus": _of_view("cashReceipt", "status"),
    },
    lookups={"storeId": lambda payment: (payment.store_id,)},
)


# Payment schedules.


def _schedule_time(schedule: Schedule) -> str:
    fields = schedule.fields
    return fields.get("completedAt", fields.get("revokedAt", fields["createdAt"]))


SCHEDULE_FIELDS: Fields[Schedule] = Fields(
    times={
        "CREATED_AT": lambda schedule: schedule.fields["createdAt"],
        "TIME_TO_PAY": lambda schedule: schedule.fields["timeToPay"],
        "COMPLETED_AT": lambda schedule: schedule.fields.get("completedAt"),
        "STATUS_TIMESTAMP": _schedule_time,
    },
    facets={"status": lambda schedule: (schedule.status,), "isForTest": _always(value=True)},
    lookups={
        "storeId": lambda schedule: (schedule.key[0],),
        "billingKey": lambda schedule: (schedule.body["billingKey"],),
    },
)


# Billing keys.


def _of_first_channel(info: JsonObject) -> Values:
    return (info["channels"][0]["pgProvider"],)


BILLING_KEY_FIELDS: Fields[JsonObject] = Fields(
    times={
        **_times(REQUESTED_AT="requestedAt", ISSUED_AT="issuedAt", DELETED_AT="deletedAt"),
        "STATUS_TIMESTAMP": lambda info: info.get("deletedAt", info["issuedAt"]),
    },
    facets={
        "version": _always("V2"),
        "platformType": _always("API"),
        "status": _field("status"),
        "methods": lambda info: (type_name(info["methods"][0]["type"]),),
        "pgProviders": _of_first_channel,
        "pgCompanies": _of_first_channel,
    },
    lookups={
        "storeId": _field("storeId"),
        "customerId": _field("customer", "id"),
        "channelGroupIds": _field("channelGroup", "id"),
    },
)


# Cash receipts.

CASH_RECEIPT_FIELDS: Fields[JsonObject] = Fields(
    times=_times(
        ISSUED_AT="issuedAt", CANCELLED_AT="cancelledAt", STATUS_UPDATED_AT="statusUpdatedAt"
    ),
    facets={
        "isTest": _is_test,
        "isManual": _field("isManual"),
        "pgMerchantId": _of_channel("pgMerchantId"),
        "version": _always("V2"),
        "statuses": _field("status"),
        "pgProviders": _of_channel("pgProvider"),
        "pgCompanies": _of_channel("pgProvider"),
        "types": _field("type"),
    },
    lookups={name: _field(name) for name in ("storeId", "paymentId", "orderName", "pgReceiptId")},
)


# Identity verifications.


def _customer(record: JsonObject) -> JsonObject:
    return record.get("verifiedCustomer", record["requestedCustomer"])


def _of_customer(name: str) -> Callable[[JsonObject], Values]:
    read = _field(name)
    return lambda record: read(_customer(record))


def _of_birthday(part: int) -> Callable[[JsonObject], Values]:
    return lambda record: tuple(
        _customer(record).get("birthDate", "--").split("-")[part : part + 1]
    )


IDENTITY_VERIFICATION_FIELDS: Fields[JsonObject] = Fields(
    times=_times(
        REQUESTED_AT="requestedAt",
        VERIFIED_AT="verifiedAt",
        FAILED_AT="failedAt",
        STATUS_UPDATED_AT="statusChangedAt",
    ),
    facets={
        "isTest": _is_test,
        "pgMerchantId": _of_channel("pgMerchantId"),
        "version": _field("version"),
        "statuses": _field("status"),
        "pgProviders": _of_channel("pgProvider"),
        "pgCompanies": _of_channel("pgProvider"),
        "carriers": _field("operator"),
        "customer.gender": _of_customer("gender"),
    },
    lookups={
        "storeId": _field("storeId"),
        "identityVerificationId": _field("id"),
        "identityVerificationTxId": _field("pgTxId"),
        "pgTxId": _field("pgTxId"),
        "customer.name": _of_customer("name"),
        "customer.phoneNumber": _of_customer("phoneNumber"),
        "customer.birthYear": _of_birthday(0),
        "customer.birthMonth": _of_birthday(1),
        "customer.birthDay": _of_birthday(2),
    },
)
