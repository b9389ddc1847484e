"""The settings of the platform."""

from __future__ import annotations

from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform.records import is_for_test, records
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State

_KIND = "setting"
_DEFAULTS: JsonObject = {
    "supportsMultipleOrderTransfersPerPartner": False,
    "adjustSettlementDateAfterHolidayIfEarlier": False,
    "deductWht": False,
    "settlementAmountType": "GROSS",
    "manualSettlementPerTransfer": False,
}


def current_setting(state: State, *, test: bool) -> JsonObject:
    """Return the `PlatformSetting`."""
    saved = records(state, _KIND, test=test).get(_KIND, {})
    return {**_DEFAULTS, **saved, "isForTest": test}


def _get(state: State, request: ParsedRequest) -> JsonObject:
    return current_setting(state, test=is_for_test(request))


def _update(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    changes = state.document.pick("UpdatePlatformSettingBody", request.body)
    settings = records(state, _KIND, test=test)
    settings[_KIND] = settings.get(_KIND, {}) | changes
    return {"setting": current_setting(state, test=test)}


HANDLERS: dict[str, Handler] = {"getPlatformSetting": _get, "updatePlatformSetting": _update}
