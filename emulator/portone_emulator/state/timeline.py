"""Time-driven events: schedules that fall due, virtual accounts that expire."""

from __future__ import annotations

from datetime import datetime, timedelta

from portone_emulator.billing import schedules
from portone_emulator.payments import payments
from portone_emulator.state.state import State


def catch_up(state: State) -> None:
    """Process everything that is due."""
    schedules.fire_due(state)
    payments.close_expired_accounts(state)


def advance(state: State, step: timedelta) -> None:
    """Advance the clock, processing each event on the way at its own time."""
    target = state.clock.now() + step
    while (due := next_due(state)) is not None and due <= target:
        state.clock.move_to(due)
        catch_up(state)
    state.clock.move_to(target)


def next_due(state: State) -> datetime | None:
    """Return when the next event is due, if there is one."""
    times = (schedules.next_due(state), payments.next_expiry(state))
    return min((time for time in times if time is not None), default=None)
