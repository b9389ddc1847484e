"""What the emulator remembers, and the lock that guards it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from threading import RLock

from attrs import define, field, fields, frozen

from portone_async.emulator.clock import Clock
from portone_async.emulator.document import Document
from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.ids import Ids
from portone_async.emulator.outbox import Outbox
from portone_async.emulator.records import Issue, Payment, Registration, Schedule
from portone_async.emulator.webhook_bodies import WebhookFormat, WebhookVersion
from portone_async.emulator.wire import JsonObject, timestamp

Key = tuple[str, str]
"""A store's id and the id that the store gave."""


@frozen
class Settings:
    """What the emulated account is. `channels` maps a channel key to its `PgProvider`.

    Without `channels` every channel key is known, as one of `DEFAULT_PROVIDER`.
    """

    store_id: str
    merchant_id: str
    sub_store_ids: frozenset[str]
    channels: Mapping[str, str] | None
    webhook_url: str | None
    webhook_secret: str = field(repr=False)
    webhook_version: WebhookVersion = "2024-04-25"
    webhook_format: WebhookFormat = "json"


@frozen
class Decline:
    """A payment company's refusal of a charge."""

    pg_code: str
    pg_message: str


DEFAULT_PROVIDER = "TOSSPAYMENTS"
DEFAULT_CHANNEL_KEY = "channel-key-emulator"


@define
class State:
    """Everything that requests read and write. Hold `lock` to do either."""

    document: Document
    settings: Settings
    clock: Clock
    ids: Ids
    lock: RLock = field(factory=RLock)
    registrations: dict[Key, Registration] = field(factory=dict)
    payments: dict[Key, Payment] = field(factory=dict)
    open_accounts: dict[Key, Payment] = field(factory=dict)
    events: list[JsonObject] = field(factory=list)
    declines: deque[Decline] = field(factory=deque)
    billing_keys: dict[str, JsonObject] = field(factory=dict)
    schedules: dict[str, Schedule] = field(factory=dict)
    cash_receipts: dict[Key, JsonObject] = field(factory=dict)
    identity_verifications: dict[Key, JsonObject] = field(factory=dict)
    issues: dict[str, Issue] = field(factory=dict)
    promotions: dict[str, JsonObject] = field(factory=dict)
    payment_sessions: dict[str, JsonObject] = field(factory=dict)
    things: dict[Key, JsonObject | None] = field(factory=dict)
    """What generated replies told of, by its GET operation's id and its own; nothing if deleted."""
    outbox: Outbox = field(factory=Outbox)
    pended_cancellations: int = field(default=0, init=False)
    """How many of the next cancellations the payment company is to leave pending."""
    is_silent: bool = field(default=False, init=False)
    """Whether the request that is worked on wants no webhooks (`skipWebhook`)."""

    def clear(self) -> None:
        """Forget everything that happened."""
        fresh = State(self.document, self.settings, self.clock, self.ids, self.lock)
        for each in fields(State):
            setattr(self, each.name, getattr(fresh, each.name))

    def now(self) -> str:
        """Return the present moment as PortOne writes it."""
        return timestamp(self.clock.now())

    def knows_store(self, store_id: str) -> bool:
        """Whether the account may act for this store."""
        return store_id == self.settings.store_id or store_id in self.settings.sub_store_ids

    def store(self, store_id: str | None) -> str:
        """Return the store that a request acts for: the account's own unless it names another.

        Raises:
            Refusal: FORBIDDEN for a store of somebody else's.
        """
        if store_id is None:
            return self.settings.store_id
        if not self.knows_store(store_id):
            raise Refusal("FORBIDDEN", "storeId is not a store that this emulator was started for")
        return store_id

    def default_channel_key(self) -> str:
        """Return the channel of a window that names none."""
        return next(iter(self.settings.channels or (DEFAULT_CHANNEL_KEY,)))

    def channel(self, key: str | None, group_id: str | None = None) -> JsonObject:
        """Return PortOne's `SelectedChannel` for a channel key or a channel group.

        Raises:
            Refusal: CHANNEL_NOT_FOUND, or INVALID_REQUEST when the request names neither.
        """
        channels = self.settings.channels
        if key is None and group_id is None:
            raise invalid("body.channelKey", "is required, or channelGroupId")
        if channels is not None and key is not None and key not in channels:
            raise Refusal("CHANNEL_NOT_FOUND", "channelKey is none of the emulator's channels")
        selected = key or f"channel-key-of-{group_id}"
        return {
            "type": "TEST",
            "id": f"id-of-{selected}",
            "key": selected,
            "name": "emulator",
            "pgProvider": (channels or {}).get(selected, DEFAULT_PROVIDER),
            "pgMerchantId": "emulator",
        }


def channel_group(group_id: str | None) -> JsonObject | None:
    """Return PortOne's `ChannelGroupSummary`, where a request names a group."""
    if group_id is None:
        return None
    return {"id": group_id, "name": "emulator", "isForTest": True}
