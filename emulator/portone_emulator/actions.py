"""All that a test, the dashboard and the controls can do with an emulator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from os import PathLike

import orjson

from portone_emulator.external_actions import ExternalActions
from portone_emulator.scenarios.plans import Plans
from portone_emulator.state import timeline
from portone_emulator.state.json_values import JsonObject
from portone_emulator.webhooks import history
from portone_emulator.webhooks.delivery import Delivery
from portone_emulator.webhooks.delivery_faults import DeliveryFaults


class Actions(ExternalActions, Plans, ABC):
    """What can be done with an emulator that runs: `Emulator` adds how it starts and stops."""

    @property
    def now(self) -> datetime:
        """The current time on the emulator's clock."""
        return self._state.clock.now()

    @property
    def payments(self) -> dict[str, JsonObject]:
        """A copy of the payments by ID, as `getPayment` returns them."""
        with self._state.lock:
            views = {payment.id: payment.view for payment in self._state.payments.values()}
            return orjson.loads(orjson.dumps(views))

    @property
    def deliveries(self) -> list[Delivery]:
        """The webhook deliveries, in the order of their events."""
        with self._state.lock:
            return list(self._state.delivery_queue.deliveries)

    @property
    def webhooks(self) -> DeliveryFaults:
        """Plan faults for the next webhooks: `duplicate()`, `delay()`, `reorder()`."""
        return self._state.delivery_queue.faults

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Advance the clock. Whatever falls due on the way happens at its own time."""
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta():
            raise ValueError("the clock only moves forward")
        with self._state.lock:
            timeline.advance(self._state, step)
            self._state.delivery_queue.wake()

    def resend_webhook(self, webhook_id: str) -> None:
        """Deliver a webhook again, as an operator does in PortOne's console. It is not retried.

        Args:
            webhook_id: `Delivery.id`, the `webhook-id` header.

        Raises:
            EmulatedAPIError: WEBHOOK_NOT_FOUND.
        """
        with self._state.lock:
            history.resend(self._state, webhook_id)

    @abstractmethod
    def wait_for_webhooks(self, timeout: float = 10.0) -> None:
        """Block until every due webhook was attempted."""

    @abstractmethod
    def reset(self) -> None:
        """Discard all state and everything planned, as if newly created. Holds stay."""

    @abstractmethod
    def seed(self, data: JsonObject | str | PathLike[str]) -> None:
        """Add payments, billing keys and so on to the state."""

    @abstractmethod
    def snapshot(self) -> JsonObject:
        """Return the state as JSON."""

    @abstractmethod
    def restore(self, snapshot: JsonObject) -> None:
        """Replace the state and the time by those of a `snapshot()`."""
