"""Contracts, additional fee policies and discount share policies."""

from __future__ import annotations

from calendar import monthrange
from typing import Any

from portone_emulator.errors import invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform.filters import distinct_values
from portone_emulator.platform.records import exactly_one, is_for_test, tag
from portone_emulator.platform.resource import Resource
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State

WHOLE = 100_000
"""A rate of 100 %: rates are in thousandths of a percent."""

MAX_AMOUNT = 10**15
"""The largest amount, so that sums of amounts are 64-bit integers."""

_LEAP_YEAR = 2024
_MAX_LAG_DAYS = 10


def _convert_rate(value: int, location: str) -> int:
    if not 0 <= value <= WHOLE:
        raise invalid(location, f"must be from 0 to {WHOLE}")
    return value


def _convert_fee(value: JsonObject, location: str) -> JsonObject:
    name, number = exactly_one(value, ("fixedRate", "fixedAmount"), location)
    if name == "fixedRate":
        return {"type": "FIXED_RATE", "rate": _convert_rate(number, f"{location}.fixedRate")}
    if not 0 <= number <= MAX_AMOUNT:
        raise invalid(f"{location}.fixedAmount", f"must be from 0 to {MAX_AMOUNT}")
    return {"type": "FIXED_AMOUNT", "amount": number}


def _convert_cycle(value: JsonObject, location: str) -> JsonObject:
    if not 1 <= value["lagDays"] <= _MAX_LAG_DAYS:
        raise invalid(f"{location}.lagDays", f"must be from 1 to {_MAX_LAG_DAYS}")
    name, method = exactly_one(
        value["method"], ("daily", "weekly", "monthly", "manualDates"), f"{location}.method"
    )
    lists = [method[key] for key in ("daysOfWeek", "daysOfMonth", "dates") if key in method]
    days: list[Any] = lists[0] if lists else []
    if (name != "daily" and not days) or not all(map(_is_day, days)):
        raise invalid(f"{location}.method.{name}", "must name days of the calendar")
    return {
        "lagDays": value["lagDays"],
        "datePolicy": value["datePolicy"],
        "method": {"type": tag(name), **method},
    }


def _is_day(day: Any) -> bool:
    """Whether a day of the week, of a month or of a year exists."""
    match day:
        case int():
            return 1 <= day <= 31  # noqa: PLR2004  (the longest month)
        case {"month": int(month), "day": int(number)}:
            return 1 <= month <= 12 and 1 <= number <= monthrange(_LEAP_YEAR, month)[1]  # noqa: PLR2004
        case _:
            return isinstance(day, str)


CONTRACTS = Resource(
    name="Contract",
    plural="Contracts",
    error_name="CONTRACT",
    id_taken="PLATFORM_CONTRACT_ALREADY_EXISTS",
    converters={"platformFee": _convert_fee, "settlementCycle": _convert_cycle},
)
FEE_POLICIES = Resource(
    name="AdditionalFeePolicy",
    plural="AdditionalFeePolicies",
    error_name="ADDITIONAL_FEE_POLICY",
    id_taken="PLATFORM_ADDITIONAL_FEE_POLICY_ALREADY_EXISTS",
    converters={"fee": _convert_fee},
)
DISCOUNT_POLICIES = Resource(
    name="DiscountSharePolicy",
    plural="DiscountSharePolicies",
    error_name="DISCOUNT_SHARE_POLICY",
    id_taken="PLATFORM_DISCOUNT_SHARE_POLICY_ALREADY_EXISTS",
    converters={"partnerShareRate": _convert_rate},
)


def _discount_options(state: State, request: ParsedRequest) -> JsonObject:
    wanted = {"isArchived": [request.query.get("isArchived", False)]}
    test = is_for_test(request)
    DISCOUNT_POLICIES.select(state, {}, test=test)  # applies what is due
    rates = distinct_values(state, "discountSharePolicy", "partnerShareRates", wanted, test=test)
    return {"partnerShareRates": rates}


HANDLERS: dict[str, Handler] = {
    **CONTRACTS.handlers(),
    **FEE_POLICIES.handlers(),
    **DISCOUNT_POLICIES.handlers(),
    "getPlatformDiscountSharePolicyFilterOptions": _discount_options,
}
