"""The identity-verification window at `/identity-verification/{identity_verification_id}`."""

from __future__ import annotations

from portone_emulator.identity.verification_window import check
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State
from portone_emulator.web import browser_requests, window_texts
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.window import Window


def _check(state: State, store_id: str, body: JsonObject) -> None:
    check(state, (store_id, body["identityVerificationId"]), body.get("customer", {}))


def _summary(t: Translator, body: JsonObject) -> list[Html]:
    name = body.get("customer", {}).get("name", {}).get("full")
    return [
        element("h1", t(window_texts.IDENTITY)),
        element("p", name, class_="total"),
        element("p", body["identityVerificationId"], class_="label"),
    ]


VERIFY_IDENTITY = Window(
    control="verify-identity",
    key="identityVerificationId",
    request=browser_requests.VERIFY_IDENTITY,
    error_title=window_texts.IDENTITY_ERROR,
    summary=_summary,
    outcomes=lambda _: window_texts.VERIFY,
    check_order=_check,
    repeated=("identityVerificationId",),
)
