"""Handlers of the payment-session operations. The hosted checkout page itself is not emulated."""

from __future__ import annotations

from datetime import timedelta

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.state.json_values import JsonObject, format_datetime, parse_datetime
from portone_emulator.state.state import State

# The OpenAPI document specifies neither value: these are the emulator's.
DEFAULT_LIFETIME = timedelta(minutes=30)
MAX_LIFETIME = timedelta(days=7)


def _create(state: State, request: ParsedRequest) -> JsonObject:
    body = dict(request.body)
    body["storeId"] = state.store(body["storeId"])
    lifetime = _lifetime(body.pop("ttlSeconds", None))
    if body["totalAmount"] < 1:
        raise invalid("body.totalAmount", "must be positive")
    now = state.clock.now()
    session_id = f"session-{state.ids.uuid()}"
    times = {"createdAt": format_datetime(now), "expiresAt": format_datetime(now + lifetime)}
    session = {**body, **times, "id": session_id}
    state.payment_sessions[session_id] = state.document.pick("PaymentSession", session)
    return {
        "sessionId": session_id,
        "url": f"https://checkout.invalid/{session_id}",
        "expiresAt": times["expiresAt"],
    }


def _lifetime(seconds: int | None) -> timedelta:
    if seconds is None:
        return DEFAULT_LIFETIME
    if seconds < 1:
        raise invalid("body.ttlSeconds", "must be positive")
    if seconds > MAX_LIFETIME.total_seconds():
        raise EmulatedAPIError(
            "MAX_TTL_EXCEEDED", f"the maximum is {MAX_LIFETIME.total_seconds():.0f}"
        )
    return timedelta(seconds=seconds)


def _find(state: State, request: ParsedRequest) -> JsonObject:
    session = state.payment_sessions.get(request.path["sessionId"])
    if session is None:
        raise EmulatedAPIError("SESSION_NOT_FOUND", "there is no session with this ID")
    return session


def _get(state: State, request: ParsedRequest) -> JsonObject:
    session = _find(state, request)
    if parse_datetime(session["expiresAt"]) <= state.clock.now():
        raise EmulatedAPIError("SESSION_EXPIRED", "the session is closed or has expired")
    return session


def _close(state: State, request: ParsedRequest) -> JsonObject:
    session = _find(state, request)
    now = state.now()
    closed_at = min(session["expiresAt"], now)
    state.payment_sessions[session["id"]] = session | {"expiresAt": closed_at}
    return {"closedAt": closed_at}


HANDLERS: dict[str, Handler] = {
    "createPaymentSession": _create,
    "getPaymentSession": _get,
    "closePaymentSession": _close,
}
