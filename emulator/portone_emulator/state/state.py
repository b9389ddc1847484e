"""The emulator's state, and the lock that guards it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache

from attrs import define, field, fields, frozen

from portone_emulator.document.document import Document
from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.state.clock import Clock
from portone_emulator.state.containers import (
    BillingKeys,
    CashReceipts,
    Events,
    IdentityVerifications,
    KindRecords,
    Payments,
    RecordDict,
    Schedules,
)
from portone_emulator.state.ids import Ids
from portone_emulator.state.json_values import JsonObject, format_datetime
from portone_emulator.state.lock import StateLock
from portone_emulator.state.records import Key, PendingBillingKey, Registration
from portone_emulator.webhooks.bodies import WebhookFormat, WebhookVersion
from portone_emulator.webhooks.queue import DeliveryQueue


@frozen
class Settings:
    """The emulated account. `channels` maps channel keys to their `PgProvider`.

    Without `channels`, every channel key is accepted, with `DEFAULT_PROVIDER`.
    """

    store_id: str
    merchant_id: str
    sub_store_ids: frozenset[str]
    channels: Mapping[str, str] | None
    webhook_url: str | None
    webhook_secret: str = field(repr=False)
    webhook_version: WebhookVersion = "2024-04-25"
    webhook_format: WebhookFormat = "json"
    otp: str | None = field(default=None, repr=False)
    """The code that confirms identity verifications by SMS; any does if omitted."""
    any_store: bool = False


@frozen
class Decline:
    """A planned decline of a charge."""

    pg_code: str
    pg_message: str


DEFAULT_PROVIDER = "TOSSPAYMENTS"
DEFAULT_CHANNEL_KEY = "channel-key-emulator"


@define
class State:
    """Everything that requests read and write. Callers must hold `lock`.

    Records are kept in a `RecordDict` or a `RecordList`: whoever changes one puts it again.
    """

    document: Document
    settings: Settings
    clock: Clock
    ids: Ids
    lock: StateLock = field(factory=StateLock)
    registrations: RecordDict[Key, Registration] = field(factory=RecordDict)
    payments: Payments = field(factory=Payments)
    events: Events = field(factory=Events)
    declines: deque[Decline] = field(factory=deque)
    billing_keys: BillingKeys = field(factory=BillingKeys)
    schedules: Schedules = field(factory=Schedules)
    cash_receipts: CashReceipts = field(factory=CashReceipts)
    identity_verifications: IdentityVerifications = field(factory=IdentityVerifications)
    otps: RecordDict[Key, str] = field(factory=RecordDict, repr=False)
    """The code that confirms each identity verification, if not `Settings.otp`."""
    pending_billing_keys: RecordDict[str, PendingBillingKey] = field(factory=RecordDict)
    promotions: RecordDict[str, JsonObject] = field(factory=RecordDict)
    pg_card_promotions: RecordDict[Key, JsonObject] = field(factory=RecordDict)
    """Promotions of payment companies, by channel key and promotion ID."""
    checkout_profiles: RecordDict[str, JsonObject] = field(factory=RecordDict)
    payment_sessions: RecordDict[str, JsonObject] = field(factory=RecordDict)
    records: KindRecords = field(factory=KindRecords)
    """Records of partner settlement and tax invoices."""
    delivery_queue: DeliveryQueue = field(factory=DeliveryQueue)
    cancellations_left_pending: int = field(default=0, init=False)
    """How many of the next cancellations are left pending."""
    skips_webhook: bool = field(default=False, init=False)
    """Whether the current request or schedule wants no webhook if it succeeds (`skipWebhook`)."""
    is_seeding: bool = field(default=False, init=False)
    """Whether the state is being filled with what a shop knows already: no webhooks are sent."""

    def clear(self) -> None:
        """Discard all state."""
        fresh = State(self.document, self.settings, self.clock, self.ids, self.lock)
        for each in fields(State):
            setattr(self, each.name, getattr(fresh, each.name))

    def now(self) -> str:
        """Return the current time in PortOne's format."""
        return format_datetime(self.clock.now())

    @contextmanager
    def skipping_webhook(self, *values: JsonObject) -> Generator[None]:
        """Skip the webhooks of what succeeds in the block, if one of `values` has `skipWebhook`."""
        self.skips_webhook = any(each.get("skipWebhook", False) for each in values)
        try:
            yield
        finally:
            self.skips_webhook = False

    def has_store(self, store_id: str) -> bool:
        """Whether the store belongs to the account."""
        settings = self.settings
        return (
            settings.any_store
            or store_id == settings.store_id
            or store_id in settings.sub_store_ids
        )

    def store(self, store_id: str | None) -> str:
        """Return the store of a request: the one it names, else the account's own.

        Raises:
            EmulatedAPIError: FORBIDDEN if the store does not belong to the account.
        """
        if store_id is None:
            return self.settings.store_id
        if not self.has_store(store_id):
            raise EmulatedAPIError("FORBIDDEN", "storeId is not a store of this emulator")
        return store_id

    def default_channel_key(self) -> str:
        """Return the channel key to use when none is named."""
        return next(iter(self.settings.channels or (DEFAULT_CHANNEL_KEY,)))

    def window_channel(self, key: str | None, group_id: str | None = None) -> JsonObject:
        """Return the `SelectedChannel` of a window, which need not name one.

        Raises:
            EmulatedAPIError: CHANNEL_NOT_FOUND.
        """
        if key is None and group_id is None:
            key = self.default_channel_key()
        return self.channel(key, group_id)

    def channel(self, key: str | None, group_id: str | None = None) -> JsonObject:
        """Return PortOne's `SelectedChannel` for a channel key or a channel group.

        Raises:
            EmulatedAPIError: CHANNEL_NOT_FOUND; INVALID_REQUEST if the request names neither.
        """
        channels = self.settings.channels
        if key is None and group_id is None:
            raise invalid("body.channelKey", "is required unless channelGroupId is given")
        if channels is not None and key is not None and key not in channels:
            raise EmulatedAPIError(
                "CHANNEL_NOT_FOUND", "channelKey is not a channel of this emulator"
            )
        selected = key or f"channel-key-of-{group_id}"
        return _selected_channel(selected, (channels or {}).get(selected, DEFAULT_PROVIDER))


@lru_cache  # one object for all payments of a channel
def _selected_channel(key: str, provider: str) -> JsonObject:
    return {
        "type": "TEST",
        "id": f"id-of-{key}",
        "key": key,
        "name": "emulator",
        "pgProvider": provider,
        "pgMerchantId": "emulator",
    }


def channel_group(group_id: str | None) -> JsonObject | None:
    """Return PortOne's `ChannelGroupSummary`, if the request names a group."""
    if group_id is None:
        return None
    return {"id": group_id, "name": "emulator", "isForTest": True}
