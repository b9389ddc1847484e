"""What PortOne asks banks and the tax office: account holders, businesses, banks."""

from __future__ import annotations

import re

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform.banks import BANK_NAMES
from portone_emulator.platform.records import is_for_test, records
from portone_emulator.state.index import ARRIVAL
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State

_NUMBER = re.compile(r"\d{10}", flags=re.ASCII)
_UNKNOWN_HOLDER = "홍길동"


def is_business_number(number: str) -> bool:
    """Whether this can be a business registration number: ten digits. All of those exist."""
    return _NUMBER.fullmatch(number) is not None


def business_info(number: str) -> JsonObject:
    """Return the `B2bBusinessInfo` of a business, the same for the same number."""
    return {
        "brn": number,
        "name": f"상호 {number}",
        "ceoName": _UNKNOWN_HOLDER,
        "address": "서울특별시 중구 세종대로 110",
        "zipCode": "04524",
        "businessType": "도매 및 소매업",
        "businessClass": "전자상거래 소매업",
        "businessCategoryCode": "525101",
        "businessEntityType": "법인사업자",
        "businessStatus": "계속사업자",
        "taxationType": "부가가치세 일반과세자",
        "openingDate": "2020-01-01",
    }


def add_verification(state: State, kind: str, *, test: bool, **facts: str) -> str:
    """Keep the result of a lookup, and return the ID by which a later request uses it."""
    verification_id = f"{kind}-verification-{state.ids.uuid()}"
    records(state, f"{kind} verification", test=test)[verification_id] = {
        "checkedAt": state.now(),
        **facts,
    }
    return verification_id


def find_verification(
    state: State, kind: str, verification_id: str, *, test: bool
) -> JsonObject | None:
    """Return what a lookup found."""
    return records(state, f"{kind} verification", test=test).get(verification_id)


def mark_used(state: State, kind: str, verification_id: str, *, test: bool) -> None:
    """Note that a verification, which serves once, is used."""
    found = records(state, f"{kind} verification", test=test)
    found[verification_id] = {**found[verification_id], "isUsed": True}


def _account_holder(state: State, request: ParsedRequest) -> JsonObject:
    if {"birthdate", "businessRegistrationNumber"} <= request.query.keys():
        raise invalid("query.birthdate", "excludes businessRegistrationNumber")
    test = is_for_test(request)
    bank, number = request.path["bank"], request.path["accountNumber"]
    partners = records(state, "partner", test=test)
    found = partners.index.select({"account number": [number], "banks": [bank]})
    latest = found.keys(ARRIVAL, is_ascending=False, size=1)
    holder = partners[latest[0]]["account"]["holder"] if latest else _UNKNOWN_HOLDER
    verification_id = add_verification(
        state, "account", test=test, bank=bank, number=number, holder=holder
    )
    return {"holderName": holder, "accountVerificationId": verification_id}


def _company_state(state: State, request: ParsedRequest) -> JsonObject:
    number = request.path["businessRegistrationNumber"]
    if not is_business_number(number):
        raise EmulatedAPIError("PLATFORM_COMPANY_NOT_FOUND", "no business has this number")
    verification_id = add_verification(state, "company", test=is_for_test(request), brn=number)
    return {
        "companyState": {"businessStatus": "IN_BUSINESS", "taxationType": "NORMAL"},
        "companyVerificationId": verification_id,
    }


def _business_infos(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    return {"result": [_business(state, brn, test=test) for brn in request.body["brnList"]]}


def _business(state: State, number: str, *, test: bool) -> JsonObject:
    if not is_business_number(number):
        return {"brn": number, "error": "no business has this number"}
    return {
        "brn": number,
        "businessInfo": business_info(number),
        "verificationId": add_verification(state, "business", test=test, brn=number),
    }


def _banks(_: State, __: ParsedRequest) -> JsonObject:
    return {"items": [{"bank": bank, "name": {"ko": name}} for bank, name in BANK_NAMES.items()]}


HANDLERS: dict[str, Handler] = {
    "getPlatformAccountHolder": _account_holder,
    "getPlatformCompanyState": _company_state,
    "getB2bBusinessInfos": _business_infos,
    "getBankInfos": _banks,
}
