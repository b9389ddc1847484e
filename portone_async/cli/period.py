"""The period of an export, and how far each store is, kept in a file beside its output so that another run continues."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import orjson
from attrs import asdict, evolve, frozen

from portone_async._files import atomic_write
from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.files import not_written_here, open_private
from portone_async.cli.language import translate

KOREA: Final = timezone(timedelta(hours=9))
OVERLAP: Final = timedelta(hours=1)
"""A later listing starts this much before the end of the one before: this machine's clock may be ahead of PortOne's."""


@frozen
class Period:
    """What an export covers of a store, and how far it is. Times are ISO 8601 with a time zone."""

    start: str
    """From `--from`."""
    until: str
    """From `--until`, or when the listing started."""
    store_id: str | None
    """`None` for the store of the API secret."""
    list_from: str
    """Where the current listing starts: at `start`, or near the end of a listing that was completed."""
    payments_before: int = 0
    """How many payments of the store the journal had when the current listing started: cursors before them are of
    another one."""
    listed_until: str | None = None
    """Up to when everything is listed; `None` while the listing is not complete."""

    def complete(self, now: datetime) -> Period:
        """Return the period as completely listed by a listing that started at `now`."""
        listed_until = min(parse_datetime(self.until), now)
        return evolve(self, listed_until=listed_until.isoformat())

    def describe(self) -> str:
        """Return the period for people, in Korean time."""
        start, until = (
            parse_datetime(text).astimezone(KOREA).isoformat(" ", "seconds")
            for text in (self.start, self.until)
        )
        return translate("Payments created from {start} to {until}.", start=start, until=until)


class PeriodFile:
    """The saved periods of an export: one for each store of which something was listed."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.periods: Final = dict[str | None, Period]()

    @classmethod
    def load(cls, path: Path) -> PeriodFile:
        """Return the saved periods; none if there is no file.

        Raises:
            CommandError: The file does not contain periods.
        """
        saved = cls(path)
        try:
            raw: Any = orjson.loads(path.read_bytes())
            for period in (Period(**values) for values in raw["stores"]):
                saved.periods[period.store_id] = period
        except FileNotFoundError:
            pass
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise not_written_here(path) from None
        return saved

    @property
    def complete_stores(self) -> set[str | None]:
        """The stores that are completely listed."""
        return {key for key, period in self.periods.items() if period.listed_until is not None}

    def save(self, period: Period) -> None:
        """Add or replace the period of a store, and write the file atomically."""
        self.periods[period.store_id] = period
        stores = [asdict(saved) for saved in self.periods.values()]
        with atomic_write(self.path, opener=open_private) as file:
            file.write(orjson.dumps({"stores": stores}, option=orjson.OPT_APPEND_NEWLINE))


def resolve_periods(
    saved: Mapping[str | None, Period],
    *,
    start: str,
    until: str | None,
    payments: Mapping[str | None, int],
    now: datetime,
) -> list[Period]:
    """Return what to export of each store; a period with `listed_until` is complete already.

    An export that was interrupted is resumed as it was, with the end that it had. After a complete one, a new listing
    covers what has been created since: up to `until`, or to now.

    Args:
        saved: The periods of the existing output, by store.
        start: `--from`.
        until: `--until`.
        payments: How many payments the output has of each store to export.
        now: The current time.

    Raises:
        CommandError: The output has another period or stores, or a time is not valid.
    """
    first = parse_datetime(start)
    last = now if until is None else parse_datetime(until)
    if first >= last:
        raise CommandError(ExitCode.USAGE, "--from must be before --until")
    has_other_until = until is not None and any(
        period.until != last.isoformat() for period in saved.values()
    )
    has_other_start = any(period.start != first.isoformat() for period in saved.values())
    if has_other_start or has_other_until or not saved.keys() <= payments.keys():
        raise CommandError(
            ExitCode.USAGE, "the output has another period or store: choose another --output"
        )
    interrupted = [period for period in saved.values() if period.listed_until is None]
    end = interrupted[0].until if interrupted else last.isoformat()
    periods = list[Period]()
    for store_id, count in payments.items():
        before = saved.get(store_id)
        if before is None:
            periods.append(Period(first.isoformat(), end, store_id, first.isoformat()))
        elif before.listed_until is None or (interrupted and before.until == end):
            periods.append(before)
        else:
            list_from = max(first, parse_datetime(before.listed_until) - OVERLAP).isoformat()
            periods.append(Period(first.isoformat(), end, store_id, list_from, count))
    return periods


def parse_datetime(text: str) -> datetime:
    """Return a time. A date means its first moment, and Korean time is used if no time zone is given.

    Raises:
        CommandError: The text is not a time.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            ExitCode.USAGE,
            "invalid time {text!r}: give a date or time such as 2026-07-01 or 2026-07-01T09:00+09:00",
            text=text,
        ) from None
    return time if time.tzinfo is not None else time.replace(tzinfo=KOREA)


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)
