"""A payment and its attempts, as the emulator keeps them."""

from __future__ import annotations

from datetime import datetime

from attrs import Factory, define, frozen

from portone_async.emulator.amounts import Amount
from portone_async.emulator.wire import JsonObject


@frozen
class Registration:
    """What `preRegisterPayment` said a payment must be, where it said anything."""

    total: int | None
    tax_free: int | None
    currency: str | None


@define
class Transaction:
    """One attempt to pay.

    `wire` holds the fields that PortOne's replies show as they are, whatever the status; a reply
    takes those that its schema knows.
    """

    id: str
    amount: Amount
    wire: JsonObject
    status: str = "READY"
    payment_token: str | None = None
    account_expires_at: datetime | None = None


@define
class Payment:
    """A payment: its attempts, the last of which it is seen by, and its `getPayment` reply."""

    store_id: str
    id: str
    transactions: list[Transaction] = Factory(list[Transaction])
    view: JsonObject = Factory(JsonObject)

    @property
    def latest(self) -> Transaction:
        """The attempt that the payment is seen by."""
        return self.transactions[-1]


@define
class Schedule:
    """A charge to come, with the request that asked for it and its `getPaymentSchedule` fields."""

    key: tuple[str, str]
    body: JsonObject
    wire: JsonObject
    status: str = "SCHEDULED"


@define
class Issue:
    """A billing key that waits for the shop's confirmation, with what is to be paid by it at once."""

    info: JsonObject
    payment: JsonObject | None = None
