"""Where the state keeps its records: dictionaries and lists that note what changed in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, ClassVar, TypeAlias, TypeVar

from portone_emulator.platform.tables import READERS, Filters
from portone_emulator.state import fields
from portone_emulator.state.index import Fields, Index
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.records import Key, Payment, Schedule
from portone_emulator.state.time_index import TimeIndex, TimeLog

K = TypeVar("K")
V = TypeVar("V")


class RecordDict(dict[K, V]):
    """Records by key.

    Whoever changes a record puts it again, with `records[key] = record`: indexes follow it, and the
    journal writes it. `del` removes one; `pop()`, `update()` and the like would not be noticed.

    Attributes:
        changed: the keys put or deleted since the journal last wrote them, in this order; `None`
            as long as no journal has written these records.
    """

    changed: dict[K, None] | None = None

    def __setitem__(self, key: K, record: V) -> None:
        super().__setitem__(key, record)
        if self.changed is not None:
            self.changed[key] = None

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        if self.changed is not None:
            self.changed[key] = None


class RecordList(list[V]):
    """Records in order, which are appended or replaced; `changed` has positions."""

    changed: dict[int, None] | None = None

    def append(self, record: V) -> None:
        """Append a record."""
        super().append(record)
        if self.changed is not None:
            self.changed[len(self) - 1] = None

    def replace(self, position: int, record: V) -> None:
        """Replace a record."""
        self[position] = record
        if self.changed is not None:
            self.changed[position] = None


class Events(RecordList[JsonObject]):
    """The payment events, never replaced.

    Attributes:
        log: all of them, in the order of their creation.
        of_store: those of each store.
    """

    def __init__(self, events: Iterable[JsonObject] = ()) -> None:
        super().__init__()
        self.log: TimeLog[JsonObject] = TimeLog()
        self.of_store: dict[str, TimeLog[JsonObject]] = {}
        for event in events:
            self.append(event)

    def append(self, record: JsonObject) -> None:
        """Append an event."""
        super().append(record)
        for log in (self.log, self.of_store.setdefault(record["storeId"], TimeLog())):
            log.append(record, record["createdAt"])


class IndexedRecords(RecordDict[K, V]):
    """Records that are listed.

    Attributes:
        index: their keys by what they are sorted and filtered by, which `read_fields` reads.
    """

    read_fields: ClassVar[Callable[[Any], Fields]]

    def __init__(self) -> None:
        super().__init__()
        self.index: Index[K, V] = Index(type(self).read_fields)

    def __setitem__(self, key: K, record: V) -> None:
        super().__setitem__(key, record)
        self.index.put(key, record)

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        self.index.discard(key)


class BillingKeys(IndexedRecords[str, JsonObject]):
    """The billing keys, those deleted by the API included."""

    read_fields = staticmethod(fields.of_billing_key)


class CashReceipts(IndexedRecords[Key, JsonObject]):
    """The cash receipts, by their payment's key."""

    read_fields = staticmethod(fields.of_cash_receipt)


class IdentityVerifications(IndexedRecords[Key, JsonObject]):
    """The identity verifications."""

    read_fields = staticmethod(fields.of_identity_verification)


class Payments(IndexedRecords[Key, Payment]):
    """The payments, never deleted.

    Attributes:
        expiring: the keys of those that wait for a deposit, by when their virtual account expires.
        of_store: the IDs of each store's payments, in the order of their creation.
        of_transaction: their keys by the ID of each attempt.
        of_pg_tx_id: their keys by the payment company's ID of each attempt.
    """

    read_fields = staticmethod(fields.of_payment)

    def __init__(self) -> None:
        super().__init__()
        self.expiring: TimeIndex[Key, datetime] = TimeIndex()
        self.of_store: dict[str, TimeLog[str]] = {}
        self.of_transaction: dict[str, Key] = {}
        self.of_pg_tx_id: dict[str, Key] = {}

    def __setitem__(self, key: Key, payment: Payment) -> None:
        changed = [payment.latest]
        if key not in self:
            changed = payment.transactions  # several, where a snapshot is restored
            log = self.of_store.setdefault(payment.store_id, TimeLog())
            log.append(payment.id, payment.transactions[0].fields["requestedAt"])
        super().__setitem__(key, payment)
        for transaction in changed:
            self.of_transaction[transaction.id] = key
            if "pgTxId" in transaction.fields:
                self.of_pg_tx_id[transaction.fields["pgTxId"]] = key
        latest = payment.latest
        if latest.status == "VIRTUAL_ACCOUNT_ISSUED" and latest.account_expires_at is not None:
            self.expiring.put(key, latest.account_expires_at)
        else:
            self.expiring.discard(key)


class Schedules(IndexedRecords[str, Schedule]):
    """The payment schedules, never deleted.

    Attributes:
        due: the IDs of those that are still SCHEDULED, by `timeToPay`.
        of_payment: the ID of the SCHEDULED one of each payment.
        of_billing_key: the IDs of the SCHEDULED ones of each billing key.
        all_of_payment: the IDs of all of each payment.
    """

    read_fields = staticmethod(fields.of_schedule)

    def __init__(self) -> None:
        super().__init__()
        self.due: TimeIndex[str, str] = TimeIndex()
        self.of_payment: dict[Key, str] = {}
        self.of_billing_key: dict[str, dict[str, None]] = {}
        self.all_of_payment: dict[Key, list[str]] = {}

    def __setitem__(self, schedule_id: str, schedule: Schedule) -> None:
        if schedule_id not in self:
            self.all_of_payment.setdefault(schedule.key, []).append(schedule_id)
        super().__setitem__(schedule_id, schedule)
        of_billing_key = self.of_billing_key.setdefault(schedule.body["billingKey"], {})
        if schedule.status == "SCHEDULED":
            self.due.put(schedule_id, schedule.fields["timeToPay"])
            self.of_payment[schedule.key] = schedule_id
            of_billing_key[schedule_id] = None
            return
        self.due.discard(schedule_id)
        of_billing_key.pop(schedule_id, None)
        if self.of_payment.get(schedule.key) == schedule_id:
            del self.of_payment[schedule.key]


KindKey: TypeAlias = tuple[bool, str, str]
"""Whether for test data, a kind of records, and an ID."""


class KindRecords(RecordDict[KindKey, JsonObject]):
    """Records of many kinds.

    Attributes:
        of_kind: those of each kind, for test data or not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.of_kind: dict[tuple[bool, str], RecordsOfKind] = {}

    def __setitem__(self, key: KindKey, record: JsonObject) -> None:
        super().__setitem__(key, record)
        self.kind(*key[:2]).follow(key[2], record)

    def __delitem__(self, key: KindKey) -> None:
        super().__delitem__(key)
        self.kind(*key[:2]).follow(key[2], None)

    def kind(self, is_for_test: bool, kind: str) -> RecordsOfKind:
        """Return the records of a kind by ID, oldest first."""
        key = is_for_test, kind
        if key not in self.of_kind:
            self.of_kind[key] = RecordsOfKind(self, key)
        return self.of_kind[key]


class RecordsOfKind(dict[str, JsonObject]):
    """The records of one kind by ID. What is put or deleted here, is so among those of all kinds.

    Attributes:
        index: their IDs by what they are filtered by.
    """

    def __init__(self, records: KindRecords, kind: tuple[bool, str]) -> None:
        super().__init__()
        self._records = records
        self._kind = kind
        self.index: Index[str, JsonObject] = Index(READERS.get(kind[1], Filters().read))

    def __setitem__(self, record_id: str, record: JsonObject) -> None:
        self._records[*self._kind, record_id] = record

    def __delitem__(self, record_id: str) -> None:
        del self._records[*self._kind, record_id]

    def follow(self, record_id: str, record: JsonObject | None) -> None:
        """Take over what was put among the records of all kinds, or, if `None`, deleted there."""
        if record is None:
            super().__delitem__(record_id)
            self.index.discard(record_id)
        else:
            super().__setitem__(record_id, record)
            self.index.put(record_id, record)
