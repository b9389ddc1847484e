"""The period of an export, kept beside its output so that a resumed run exports the same one."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import orjson
from attrs import asdict, frozen

from portone_async.cli.exits import Exit, Stop
from portone_async.cli.journal import OWNER_ONLY, write_whole

KOREA: Final = timezone(timedelta(hours=9))


@frozen
class Period:
    """What an export covers, as ISO 8601 texts with time zones."""

    start: str
    until: str
    store_id: str | None

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        partial = path.with_name(f"{path.name}.part")
        file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
        try:
            write_whole(file, orjson.dumps(asdict(self), option=orjson.OPT_APPEND_NEWLINE))
        finally:
            os.close(file)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Period | None:
        """The one that was written; `None` if there is none."""
        try:
            fields: Any = orjson.loads(path.read_bytes())
            return cls(**fields)
        except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
            return None


def agree(path: Path, *, is_begun: bool, start: str, until: str | None) -> Period:
    """The period to export: the one that was begun, if there is one and it is what is asked for.

    Raises:
        Stop: Another one was begun, or a text is no time.
    """
    store_id = os.environ.get("PORTONE_STORE_ID") or None
    wanted = Period(
        moment(start).isoformat(),
        (datetime.now(UTC) if until is None else moment(until)).isoformat(),
        store_id,
    )
    if wanted.start >= wanted.until and moment(wanted.start) >= moment(wanted.until):
        raise Stop(Exit.USAGE, "--from must be before --until")
    if not is_begun:
        wanted.save(path)
        return wanted
    begun = Period.load(path)
    is_same = begun is not None and (
        (begun.start, begun.store_id) == (wanted.start, wanted.store_id)
        and (until is None or begun.until == wanted.until)
    )
    if begun is None or not is_same:
        raise Stop(Exit.USAGE, "the output holds another period or store: choose another --output")
    return begun


def moment(text: str) -> datetime:
    """A time; a date is its first moment, and Korea's clock counts where no zone is given.

    Raises:
        Stop: It is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(
            Exit.USAGE, f"{text!r} is no time: like 2026-07-01 or 2026-07-01T09:00+09:00"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=KOREA)
