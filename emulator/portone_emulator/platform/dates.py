"""Days of settlement, in Korea. Saturdays and Sundays are the only holidays here."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone

from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject, format_datetime, parse_datetime
from portone_emulator.state.state import State

_KST = timezone(timedelta(hours=9))
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_SATURDAY = 5
_DAY = timedelta(days=1)


def today(state: State) -> str:
    """Return today's date in Korea."""
    return local_date(state.clock.now())


def local_date(time: datetime | str) -> str:
    """Return the date of a time in Korea."""
    moment = parse_datetime(time) if isinstance(time, str) else time
    return moment.astimezone(_KST).date().isoformat()


def start_of(day: str) -> str:
    """Return the time at which a day begins in Korea."""
    try:
        return format_datetime(datetime.combine(date.fromisoformat(day), time.min, _KST))
    except OverflowError:  # in UTC, the first day of all begins before it
        return day


def end_of(day: str) -> str:
    """Return the last microsecond of a day in Korea."""
    return format_datetime(datetime.combine(date.fromisoformat(day), time.max, _KST))


def settlement_date(start: str, cycle: JsonObject, *, is_never_earlier: bool) -> str:
    """Return the day on which a contract settles what starts on a day.

    It is the first day of the cycle `lagDays` or more after the start, moved off holidays as the
    contract says. `is_never_earlier` moves a day that would not be after the start to the business
    day after the holidays.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if it is beyond the year 9999.
    """
    try:
        first = date.fromisoformat(start)
        day = first + cycle["lagDays"] * _DAY
        while not _is_settlement_day(day, cycle["method"]):
            day += _DAY
        moved = _off_holidays(day, cycle["datePolicy"])
        if is_never_earlier and moved <= first:
            moved = _off_holidays(day, "HOLIDAY_AFTER")
    except OverflowError:
        raise invalid("body.settlementStartDate", "is too late") from None
    return moved.isoformat()


def month_before(day: str) -> str:
    """Return the same day of the month before, or the last day that it has."""
    last = date.fromisoformat(day).replace(day=1) - _DAY
    return last.replace(day=min(last.day, int(day[-2:]))).isoformat()


def tenth_of_next_month(day: str) -> str:
    """Return the tenth of the month after a day's.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if it is beyond the year 9999.
    """
    try:
        next_month = date.fromisoformat(day).replace(day=28) + 4 * _DAY
    except OverflowError:
        raise invalid("body.taxInvoice.writeDate", "is too late") from None
    return next_month.replace(day=10).isoformat()


def _is_settlement_day(day: date, method: JsonObject) -> bool:
    match method["type"]:
        case "WEEKLY":
            return _WEEKDAYS[day.weekday()] in method["daysOfWeek"]
        case "MONTHLY":
            last = monthrange(day.year, day.month)[1]
            return day.day in {min(number, last) for number in method["daysOfMonth"]}
        case "MANUAL_DATES":
            return {"month": day.month, "day": day.day} in method["dates"]
        case _:
            return True


def _off_holidays(day: date, policy: str) -> date:
    move: dict[str, Callable[[date], date]] = {
        "HOLIDAY_BEFORE": lambda each: each - _DAY,
        "HOLIDAY_AFTER": lambda each: each + _DAY,
    }
    while policy in move and day.weekday() >= _SATURDAY:
        day = move[policy](day)
    return day
