"""Customers: from the form in requests to the form in responses."""

from __future__ import annotations

from portone_async.emulator.errors import invalid
from portone_async.emulator.wire import JsonObject, present

_SAME = ("id", "birthYear", "birthMonth", "birthDay", "gender", "email", "phoneNumber", "zipcode")

_LINES = ("province", "city", "addressLine1", "addressLine2")


def customer(given: JsonObject, where: str) -> JsonObject:
    """Convert `CustomerInput` to `Customer`.

    Raises:
        Refusal: INVALID_REQUEST if the name has both of its forms, or neither.
    """
    same = {name: given[name] for name in _SAME if name in given}
    return same | present(
        name=_name(given.get("name"), f"{where}.name"), address=_address(given.get("address"))
    )


def _name(given: JsonObject | None, where: str) -> str | None:
    if given is None:
        return None
    exactly_one(given, ("full", "separated"), where)
    if "full" in given:
        return given["full"]
    return f"{given['separated']['last']}{given['separated']['first']}"


def _address(given: JsonObject | None) -> JsonObject | None:
    if given is None:
        return None
    lines = [given[name] for name in _LINES if name in given]
    parts = {name: given[name] for name in (*_LINES, "country") if name in given}
    return {**parts, "type": "SEPARATED", "oneLine": " ".join(lines)}


def exactly_one(given: JsonObject, names: tuple[str, ...], where: str) -> None:
    """Check that an object has exactly one of the fields, a rule that the document states only in prose.

    Raises:
        Refusal: INVALID_REQUEST.
    """
    if sum(name in given for name in names) != 1:
        raise invalid(where, f"must have exactly one of {', '.join(names)}")
