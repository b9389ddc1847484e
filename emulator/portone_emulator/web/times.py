"""Times of the emulator's clock, in Korean time with UTC beside it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from portone_emulator.state.json_values import parse_datetime
from portone_emulator.web.html import Html, element

KST: Final = timezone(timedelta(hours=9), "KST")
_LATEST: Final = datetime.max.replace(tzinfo=KST)


def clock_text(now: str) -> str:
    """Format the emulator's time: `2026-07-03 18:00:00 KST / 09:00:00 UTC`."""
    kst, utc = _texts(now)
    return f"{kst} KST / {utc}"


def time_element(time: str) -> Html:
    """Render a time to the second."""
    kst, utc = _texts(time)
    return element("time", f"{kst} ", element("small", utc), datetime=time)


def _texts(time: str) -> tuple[str, str]:
    """Return the Korean time, and UTC, with its date only where that is not the Korean one."""
    utc = parse_datetime(time)
    kst = _to_kst(utc)
    date = "" if utc.date() == kst.date() else f"{utc:%m-%d} "
    return f"{kst:%Y-%m-%d %H:%M:%S}", f"{date}{utc:%H:%M:%S} UTC"


def _to_kst(utc: datetime) -> datetime:
    """Convert a time; the last nine hours of the year 9999 all become its last moment."""
    try:
        return utc.astimezone(KST)
    except OverflowError:
        return _LATEST
