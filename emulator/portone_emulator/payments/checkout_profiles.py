"""Checkout profiles: which payment methods a shop offers, by country, currency and amount."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from portone_emulator.document.choices import check_choice
from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State

_FIELDS: Final = (
    "paymentMethod",
    "channelKey",
    "countries",
    "currencies",
    "minAmount",
    "maxAmount",
)


def add(state: State, profile_key: str, methods: Iterable[JsonObject]) -> None:
    """Add a checkout profile, or replace it.

    Raises:
        EmulatedAPIError: CHANNEL_NOT_FOUND; INVALID_REQUEST if there is no method, or one for no amount.
        ValueError: a field or one of its values is unknown.
    """
    kept = [_method(state, method) for method in methods]
    if not kept:
        raise invalid("methods", "must not be empty")
    state.checkout_profiles[profile_key] = {"methods": kept}


def _method(state: State, method: JsonObject) -> JsonObject:
    enum = state.document.enum
    for name in method:
        check_choice("methods", name, _FIELDS)
    check_choice("paymentMethod", method.get("paymentMethod", ""), enum("CheckoutPaymentMethod"))
    for name, allowed in (("countries", enum("Country")), ("currencies", enum("Currency"))):
        for value in method.get(name, ()):
            check_choice(name, value, allowed)
    if method.get("minAmount", 0) > method.get("maxAmount", method.get("minAmount", 0)):
        raise invalid("methods", "minAmount must not exceed maxAmount")
    channel = state.window_channel(method.get("channelKey"))
    return {**method, "channelKey": channel["key"]}


def _evaluate(state: State, request: ParsedRequest) -> JsonObject:
    """Return the methods that fit; of several channels for one method, the first that fits."""
    query = request.query
    if query["amount"] < 1:
        raise invalid("query.amount", "must be positive")
    profile = state.checkout_profiles.get(query["profileKey"])
    if profile is None:
        raise EmulatedAPIError(
            "PROFILE_SETTINGS_NOT_FOUND", "there is no checkout profile with this key"
        )
    offered: dict[str, str] = {}
    for method in profile["methods"]:
        if _fits(method, query):
            offered.setdefault(method["paymentMethod"], method["channelKey"])
    return {
        "methods": [
            {"paymentMethod": method, "channelKey": channel_key}
            for method, channel_key in offered.items()
        ]
    }


def _fits(method: JsonObject, query: JsonObject) -> bool:
    amount, country, currency = query["amount"], query["country"], query["currency"]
    return (
        country in method.get("countries", [country])
        and currency in method.get("currencies", [currency])
        and method.get("minAmount", amount) <= amount <= method.get("maxAmount", amount)
    )


HANDLERS: dict[str, Handler] = {"evaluateCheckoutProfile": _evaluate}
