"""The period of an export, kept in a file beside its output so that another run continues it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import orjson
from attrs import asdict, evolve, fields, frozen

from portone_async._files import atomic_write
from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.files import not_written_here, open_private

KOREA: Final = timezone(timedelta(hours=9))
OVERLAP: Final = timedelta(hours=1)
"""A later listing starts this much before the end of the one before: this machine's clock may be ahead of PortOne's."""


@frozen
class Period:
    """What an export covers, and how far it is. Times are ISO 8601 with a time zone."""

    start: str
    """From `--from`."""
    until: str
    """From `--until`, or when the listing started."""
    store_id: str | None
    list_from: str
    """Where the current listing starts: at `start`, or near the end of a listing that was completed."""
    payments_before: int = 0
    """How many payments the journal had when the current listing started: cursors before them are of another one."""
    listed_until: str | None = None
    """Up to when everything is listed; `None` while the listing is not complete."""

    def save(self, path: Path) -> None:
        """Write the file atomically."""
        with atomic_write(path, opener=open_private) as file:
            file.write(orjson.dumps(asdict(self), option=orjson.OPT_APPEND_NEWLINE))

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
        return f"Payments created from {start} to {until}."

    @classmethod
    def load(cls, path: Path) -> Period | None:
        """Return the saved period; `None` if there is none.

        Raises:
            CommandError: The file does not contain a period.
        """
        try:
            raw: Any = orjson.loads(path.read_bytes())
            if raw.keys() == {field.name for field in fields(cls)}:
                return cls(**raw)
        except FileNotFoundError:
            return None
        except (orjson.JSONDecodeError, AttributeError):
            pass
        raise not_written_here(path)


def resolve_period(
    saved: Period | None,
    *,
    start: str,
    until: str | None,
    store_id: str | None,
    payments: int,
    now: datetime,
) -> Period:
    """Return the period to export.

    An export that was interrupted is resumed as it was, with the end that it had. After a complete one, a new listing
    covers what has been created since: up to `until`, or to now.

    Args:
        saved: The period of the existing output; `None` if there is none.
        start: `--from`.
        until: `--until`.
        store_id: The store to export.
        payments: How many payments the output has.
        now: The current time.

    Raises:
        CommandError: The output has another period or store, or a time is not valid.
    """
    first = parse_datetime(start)
    last = now if until is None else parse_datetime(until)
    if first >= last:
        raise CommandError(ExitCode.USAGE, "--from must be before --until")
    if saved is None:
        return Period(first.isoformat(), last.isoformat(), store_id, first.isoformat())
    if (saved.start, saved.store_id) != (first.isoformat(), store_id) or (
        until is not None and saved.until != last.isoformat()
    ):
        raise CommandError(
            ExitCode.USAGE, "the output has another period or store: choose another --output"
        )
    if saved.listed_until is None:
        return saved
    list_from = max(first, parse_datetime(saved.listed_until) - OVERLAP)
    return evolve(
        saved,
        until=last.isoformat(),
        list_from=list_from.isoformat(),
        payments_before=payments,
        listed_until=None,
    )


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
            f"invalid time {text!r}: give a date or time such as 2026-07-01 or 2026-07-01T09:00+09:00",
        ) from None
    return time if time.tzinfo is not None else time.replace(tzinfo=KOREA)


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)
