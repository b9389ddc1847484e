"""Where the state keeps its records: dictionaries and lists that note what changed in them."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, TypeVar

from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.records import Key, Payment, Schedule
from portone_emulator.state.time_index import TimeIndex

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


class Payments(RecordDict[Key, Payment]):
    """The payments, never deleted.

    Attributes:
        by_time: their keys by `requestedAt` and by `statusChangedAt`.
        expiring: the keys of those that wait for a deposit, by when their virtual account expires.
        of_store: the IDs of each store's payments, in the order of their creation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.by_time: dict[str, TimeIndex[Key, str]] = {
            "requestedAt": TimeIndex(),
            "statusChangedAt": TimeIndex(),
        }
        self.expiring: TimeIndex[Key, datetime] = TimeIndex()
        self.of_store: dict[str, list[str]] = {}

    def __setitem__(self, key: Key, payment: Payment) -> None:
        if key not in self:
            self.of_store.setdefault(payment.store_id, []).append(payment.id)
        super().__setitem__(key, payment)
        latest = payment.latest
        for name, index in self.by_time.items():
            index.put(key, latest.fields[name])
        if latest.status == "VIRTUAL_ACCOUNT_ISSUED" and latest.account_expires_at is not None:
            self.expiring.put(key, latest.account_expires_at)
        else:
            self.expiring.discard(key)


class Schedules(RecordDict[str, Schedule]):
    """The payment schedules, never deleted.

    Attributes:
        by_time_to_pay: their IDs by `timeToPay`.
        due: the same of those that are still SCHEDULED.
        of_payment: the ID of the SCHEDULED one of each payment.
        of_billing_key: the IDs of the SCHEDULED ones of each billing key.
    """

    def __init__(self) -> None:
        super().__init__()
        self.by_time_to_pay: TimeIndex[str, str] = TimeIndex()
        self.due: TimeIndex[str, str] = TimeIndex()
        self.of_payment: dict[Key, str] = {}
        self.of_billing_key: dict[str, dict[str, None]] = {}

    def __setitem__(self, schedule_id: str, schedule: Schedule) -> None:
        super().__setitem__(schedule_id, schedule)
        time_to_pay: str = schedule.fields["timeToPay"]
        of_billing_key = self.of_billing_key.setdefault(schedule.body["billingKey"], {})
        self.by_time_to_pay.put(schedule_id, time_to_pay)
        if schedule.status == "SCHEDULED":
            self.due.put(schedule_id, time_to_pay)
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
    """The records of one kind by ID. What is put or deleted here, is so among those of all kinds."""

    def __init__(self, records: KindRecords, kind: tuple[bool, str]) -> None:
        super().__init__()
        self._records = records
        self._kind = kind

    def __setitem__(self, record_id: str, record: JsonObject) -> None:
        self._records[*self._kind, record_id] = record

    def __delitem__(self, record_id: str) -> None:
        del self._records[*self._kind, record_id]

    def follow(self, record_id: str, record: JsonObject | None) -> None:
        """Take over what was put among the records of all kinds, or, if `None`, deleted there."""
        if record is None:
            super().__delitem__(record_id)
        else:
            super().__setitem__(record_id, record)
