"""The records of payments, schedules and pending billing keys."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from attrs import Factory, define, frozen

from portone_emulator.payments.amounts import Amount
from portone_emulator.state.json_values import JsonObject

Key: TypeAlias = tuple[str, str]
"""A store ID, and an ID chosen by that store."""


@frozen
class Registration:
    """The values that `preRegisterPayment` fixed for a payment, `None` where it gave none."""

    total: int | None
    tax_free: int | None
    currency: str | None


@define
class Transaction:
    """One payment attempt.

    `fields` holds JSON fields that responses repeat unchanged, whatever the status; each response
    takes those that its schema has.
    """

    id: str
    amount: Amount
    fields: JsonObject
    status: str = "READY"
    payment_token: str | None = None
    account_expires_at: datetime | None = None


@define
class Payment:
    """A payment: its attempts, and its view, the JSON that `getPayment` returns."""

    store_id: str
    id: str
    transactions: list[Transaction] = Factory(list[Transaction])
    view: JsonObject = Factory(JsonObject)

    @property
    def latest(self) -> Transaction:
        """The latest attempt, which determines the payment's view."""
        return self.transactions[-1]


@define
class Schedule:
    """A scheduled charge: the request for it, and the JSON fields of `getPaymentSchedule`."""

    key: tuple[str, str]
    body: JsonObject
    fields: JsonObject
    status: str = "SCHEDULED"


@define
class PendingBillingKey:
    """A billing key pending the shop's confirmation, with the payment to make at once, if any."""

    info: JsonObject
    payment: JsonObject | None = None
    notice_urls: tuple[str, ...] = ()
