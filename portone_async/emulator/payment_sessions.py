"""Handlers of the payment-session operations. The hosted checkout page itself is not emulated."""

from __future__ import annotations

from datetime import timedelta

from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.handlers import Handler
from portone_async.emulator.state import State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject, moment, timestamp

# The OpenAPI document specifies neither value: these are the emulator's.
DEFAULT_LIFETIME = timedelta(minutes=30)
LONGEST_LIFETIME = timedelta(days=7)


def _create(state: State, given: Input) -> JsonObject:
    body = dict(given.body)
    body["storeId"] = state.store(body["storeId"])
    lifetime = _lifetime(body.pop("ttlSeconds", None))
    if body["totalAmount"] < 1:
        raise invalid("body.totalAmount", "must be positive")
    now = state.clock.now()
    session_id = f"session-{state.ids.uuid()}"
    times = {"createdAt": timestamp(now), "expiresAt": timestamp(now + lifetime)}
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
    if seconds > LONGEST_LIFETIME.total_seconds():
        raise Refusal("MAX_TTL_EXCEEDED", f"the maximum is {LONGEST_LIFETIME.total_seconds():.0f}")
    return timedelta(seconds=seconds)


def _find(state: State, given: Input) -> JsonObject:
    session = state.payment_sessions.get(given.path["sessionId"])
    if session is None:
        raise Refusal("SESSION_NOT_FOUND", "there is no session with this ID")
    return session


def _get(state: State, given: Input) -> JsonObject:
    session = _find(state, given)
    if moment(session["expiresAt"]) <= state.clock.now():
        raise Refusal("SESSION_EXPIRED", "the session is closed or has expired")
    return session


def _close(state: State, given: Input) -> JsonObject:
    session = _find(state, given)
    now = state.now()
    closed_at = min(session["expiresAt"], now)
    state.payment_sessions[session["id"]] = session | {"expiresAt": closed_at}
    return {"closedAt": closed_at}


HANDLERS: dict[str, Handler] = {
    "createPaymentSession": _create,
    "getPaymentSession": _get,
    "closePaymentSession": _close,
}
