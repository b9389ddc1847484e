"""What the lists of payments, billing keys and so on are sorted and filtered by.

The names are those of PortOne's filters and sort fields; those of nested filters are `outer.inner`.
"""

from __future__ import annotations

from typing import Any

from portone_emulator.payments.methods import type_name
from portone_emulator.state.index import Fields, Values
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.records import Payment, Schedule

_PLATFORMS = {"PC": "SDK_PC", "MOBILE": "SDK_MOBILE", "API": "API"}
_NONE: JsonObject = {}


def _value(record: JsonObject, name: str) -> Values:
    """Return the value of a field, if it is there."""
    value: Any = record.get(name)
    return () if value is None else (value,)


def of_payment(payment: Payment) -> Fields:
    """Return the fields of a payment."""
    view = payment.view
    status: str = view["status"]
    channel: JsonObject = view.get("channel", _NONE)
    method: JsonObject = view.get("method", _NONE)
    card: JsonObject = method.get("card", _NONE)
    receipt: JsonObject = view.get("cashReceipt", _NONE)
    webhooks: list[JsonObject] = view.get("webhooks", [])
    return Fields(
        times={
            "REQUESTED_AT": view["requestedAt"],
            "STATUS_CHANGED_AT": view["statusChangedAt"],
        },
        facets={
            "merchantId": (view["merchantId"],),
            "status": ("PENDING" if status == "PAY_PENDING" else status,),
            "methods": (type_name(method.get("type", "")),),
            "pgProvider": _value(channel, "pgProvider"),
            "isTest": (channel.get("type") == "TEST",),
            "isScheduled": ("scheduleId" in view,),
            "version": (view["version"],),
            "webhookStatus": _value(webhooks[-1], "status") if webhooks else (),
            "platformType": (_PLATFORMS[view["origin"]["platformType"]],),
            "currency": (view["currency"],),
            "isEscrow": ("escrow" in view,),
            "escrowStatus": _value(view["escrow"], "status") if "escrow" in view else (),
            "cardBrand": _value(card, "brand"),
            "cardType": _value(card, "type"),
            "cardOwnerType": _value(card, "ownerType"),
            "giftCertificateType": _value(method, "giftCertificateType"),
            "cashReceiptType": (receipt.get("type", "NO_RECEIPT"),),
            "cashReceiptStatus": _value(receipt, "status"),
        },
        lookups={"storeId": (payment.store_id,)},
    )


def of_schedule(schedule: Schedule) -> Fields:
    """Return the fields of a payment schedule."""
    fields = schedule.fields
    created_at: str = fields["createdAt"]
    return Fields(
        times={
            "CREATED_AT": created_at,
            "TIME_TO_PAY": fields["timeToPay"],
            "COMPLETED_AT": fields.get("completedAt"),
            "STATUS_TIMESTAMP": fields.get("completedAt", fields.get("revokedAt", created_at)),
        },
        facets={"status": (schedule.status,), "isForTest": (True,)},
        lookups={"storeId": (schedule.key[0],), "billingKey": (schedule.body["billingKey"],)},
    )


def of_billing_key(info: JsonObject) -> Fields:
    """Return the fields of a billing key."""
    provider = (info["channels"][0]["pgProvider"],)
    return Fields(
        times={
            "REQUESTED_AT": info.get("requestedAt"),
            "ISSUED_AT": info["issuedAt"],
            "DELETED_AT": info.get("deletedAt"),
            "STATUS_TIMESTAMP": info.get("deletedAt", info["issuedAt"]),
        },
        facets={
            "version": ("V2",),
            "platformType": ("API",),
            "status": (info["status"],),
            "methods": (type_name(info["methods"][0]["type"]),),
            "pgProviders": provider,
            "pgCompanies": provider,
        },
        lookups={
            "storeId": (info["storeId"],),
            "customerId": _value(info.get("customer", _NONE), "id"),
            "channelGroupIds": _value(info.get("channelGroup", _NONE), "id"),
        },
    )


def of_cash_receipt(receipt: JsonObject) -> Fields:
    """Return the fields of a cash receipt."""
    channel: JsonObject = receipt["channel"]
    provider = (channel["pgProvider"],)
    return Fields(
        times={
            "ISSUED_AT": receipt["issuedAt"],
            "CANCELLED_AT": receipt.get("cancelledAt"),
            "STATUS_UPDATED_AT": receipt["statusUpdatedAt"],
        },
        facets={
            "isTest": (channel["type"] == "TEST",),
            "isManual": (receipt["isManual"],),
            "pgMerchantId": (channel["pgMerchantId"],),
            "version": ("V2",),
            "statuses": (receipt["status"],),
            "pgProviders": provider,
            "pgCompanies": provider,
            "types": (receipt["type"],),
        },
        lookups={
            name: (receipt[name],) for name in ("storeId", "paymentId", "orderName", "pgReceiptId")
        },
    )


def of_identity_verification(record: JsonObject) -> Fields:
    """Return the fields of an identity verification."""
    channel: JsonObject = record["channel"]
    provider = (channel["pgProvider"],)
    customer: JsonObject = record.get("verifiedCustomer", record["requestedCustomer"])
    birthday = customer["birthDate"].split("-") if "birthDate" in customer else ()
    transaction_id = (record["pgTxId"],)
    return Fields(
        times={
            "REQUESTED_AT": record.get("requestedAt"),
            "VERIFIED_AT": record.get("verifiedAt"),
            "FAILED_AT": record.get("failedAt"),
            "STATUS_UPDATED_AT": record["statusChangedAt"],
        },
        facets={
            "isTest": (channel["type"] == "TEST",),
            "pgMerchantId": (channel["pgMerchantId"],),
            "version": (record["version"],),
            "statuses": (record["status"],),
            "pgProviders": provider,
            "pgCompanies": provider,
            "carriers": _value(record, "operator"),
            "customer.gender": _value(customer, "gender"),
        },
        lookups={
            "storeId": (record["storeId"],),
            "identityVerificationId": (record["id"],),
            "identityVerificationTxId": transaction_id,
            "pgTxId": transaction_id,
            "customer.name": _value(customer, "name"),
            "customer.phoneNumber": _value(customer, "phoneNumber"),
            "customer.birthYear": tuple(birthday[0:1]),
            "customer.birthMonth": tuple(birthday[1:2]),
            "customer.birthDay": tuple(birthday[2:3]),
        },
    )
