"""Customers: from the form in requests to the form in responses."""

from __future__ import annotations

from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject, omit_none

_COPIED = ("id", "birthYear", "birthMonth", "birthDay", "gender", "email", "phoneNumber", "zipcode")

_LINES = ("province", "city", "addressLine1", "addressLine2")


def to_customer(customer_input: JsonObject, location: str) -> JsonObject:
    """Convert `CustomerInput` to `Customer`.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if the name has both of its forms, or neither.
    """
    copied = {name: customer_input[name] for name in _COPIED if name in customer_input}
    return copied | omit_none(
        name=_name(customer_input.get("name"), f"{location}.name"),
        address=_address(customer_input.get("address")),
    )


def _name(name_input: JsonObject | None, location: str) -> str | None:
    if name_input is None:
        return None
    check_exactly_one(name_input, ("full", "separated"), location)
    if "full" in name_input:
        return name_input["full"]
    return f"{name_input['separated']['last']}{name_input['separated']['first']}"


def _address(address_input: JsonObject | None) -> JsonObject | None:
    if address_input is None:
        return None
    lines = [address_input[name] for name in _LINES if name in address_input]
    parts = {name: address_input[name] for name in (*_LINES, "country") if name in address_input}
    return {**parts, "type": "SEPARATED", "oneLine": " ".join(lines)}


def check_exactly_one(value: JsonObject, names: tuple[str, ...], location: str) -> None:
    """Check that an object has exactly one of the fields: the document says so only in prose.

    Raises:
        EmulatedAPIError: INVALID_REQUEST.
    """
    if sum(name in value for name in names) != 1:
        raise invalid(location, f"must have exactly one of {', '.join(names)}")
