"""Handlers of the VAT reports of reconciliation: what was paid and cancelled, by payment method.

No payment company is there whose records could differ: each payment counts as collected and matched.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final, TypeAlias

from attrs import frozen

from portone_emulator.errors import invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments.methods import type_name
from portone_emulator.platform.dates import local_date, today
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State

_Account: TypeAlias = tuple[str, str]
"""A merchant account at a payment company, as `ReconciliationPgSpecifier`: its ID, and the company."""
_SETTLEMENT_DELAY: Final = timedelta(days=1)
"""How long after a payment or a cancellation the payment company settles it."""
_MATCHED: Final = "MATCHED"
_CURRENCY: Final = "KRW"
_CHARGE: Final = "PaymentMethodEasyPayMethodCharge"
_OTHER: Final = "ETC"
# Payment companies whose names differ between channels and reconciliation, without `_V2`.
_PROVIDERS: Final = {
    "KCP_BILLING": "KCP",
    "KCP_QUICK": "KCP",
    "KCP_DIRECT": "KCP",
    "NICE": "NICEPAY",
    "HTML5_INICIS": "INICIS",
    "INICIS_UNIFIED": "INICIS",
    "DANAL_TPAY": "DANAL",
    "KAKAO": "KAKAOPAY",
    "SETTLE": "HECTO",
    "SETTLE_ACC": "HECTO_EASY",
    "DAOU": "KIWOOMPAY",
}


@frozen
class _Amounts:
    """Amounts in KRW; those of cancellations are negative."""

    supply: int = 0
    vat: int = 0
    tax_free: int = 0

    @property
    def total(self) -> int:
        return self.supply + self.vat + self.tax_free

    def __add__(self, other: _Amounts) -> _Amounts:
        return _Amounts(
            self.supply + other.supply, self.vat + other.vat, self.tax_free + other.tax_free
        )


def _transaction_report(state: State, request: ParsedRequest) -> JsonObject:
    return _report(state, request, _transaction_day)


def _settlement_report(state: State, request: ParsedRequest) -> JsonObject:
    return _report(state, request, _settlement_day)


def _report(state: State, request: ParsedRequest, day: Callable[[JsonObject], str]) -> JsonObject:
    """Sum up the payments and cancellations of a range of days; `day` gives that of an event."""
    sums: dict[str, _Amounts] = {}
    accounts: dict[_Account, None] = {}
    for event, account in _selected(state, request, day):
        method = _method(state, event)
        sums[method] = sums.get(method, _Amounts()) + _amounts(event)
        accounts[account] = None
    total = sum(sums.values(), _Amounts())
    return {
        "items": [
            {
                "paymentMethod": method,
                "supplyAmount": sums[method].supply,
                "vatAmount": sums[method].vat,
                "taxFreeAmount": sums[method].tax_free,
                "totalAmount": sums[method].total,
            }
            for method in state.document.enum("SimplifiedPaymentMethodType")
            if method in sums
        ],
        "summary": {
            "totalSupplyAmount": total.supply,
            "totalVatAmount": total.vat,
            "totalTaxFreeAmount": total.tax_free,
            "totalAmount": total.total,
        },
        "pgSpecifiers": [
            {"pgMerchantId": merchant_id, "pgProvider": provider}
            for merchant_id, provider in accounts
        ],
    }


def _selected(
    state: State, request: ParsedRequest, day: Callable[[JsonObject], str]
) -> Iterator[tuple[JsonObject, _Account]]:
    """Yield the events that a request selects, each with the merchant account that it was on."""
    first, last = request.body["dateRange"]["from"], request.body["dateRange"]["until"]
    if last < first:
        raise invalid("query.requestBody.dateRange", "must not end before it begins")
    filters: JsonObject = request.body.get("filter", {})
    stores = {state.store(each) for each in filters.get("storeIds", ())}
    accounts = {
        (each["pgMerchantId"], each["pgProvider"]) for each in filters.get("pgSpecifiers", ())
    }
    statuses: list[str] = filters.get("reconciliationStatuses", [])
    if statuses and _MATCHED not in statuses:
        return
    # What happens today is settled on a later day, which is not yet there.
    for event in _events(state, first, min(last, today(state)), day):
        account = _account(state, event)
        if (
            account is not None
            and event["currency"] == _CURRENCY
            and (not stores or event["storeId"] in stores)
            and (not accounts or account in accounts)
        ):
            yield event, account


def _events(
    state: State, first: str, last: str, day: Callable[[JsonObject], str]
) -> Iterator[JsonObject]:
    """Yield the payments and cancellations from a day to another, both inclusive."""
    events = state.events  # in the order of time
    start = bisect_left(events, first, key=day)
    return (events[at] for at in range(start, bisect_right(events, last, key=day)))


def _transaction_day(event: JsonObject) -> str:
    return local_date(event["createdAt"])


def _settlement_day(event: JsonObject) -> str:
    return (date.fromisoformat(_transaction_day(event)) + _SETTLEMENT_DELAY).isoformat()


def _amounts(event: JsonObject) -> _Amounts:
    if "cancellation" not in event:
        amount = event["totalAmount"]
        return _Amounts(amount["supply"], amount["vat"], amount["taxFree"])
    cancelled = event["cancellation"]
    vat, tax_free = cancelled["vatAmount"], cancelled["taxFreeAmount"]
    return _Amounts(vat + tax_free - cancelled["totalAmount"], -vat, -tax_free)


def _method(state: State, event: JsonObject) -> str:
    """Return the `SimplifiedPaymentMethodType`; that of easy pay is what the buyer paid with."""
    method: JsonObject = event.get("method", {})
    type_tag = method.get("easyPayMethod", method).get("type", "")
    name = "CHARGE" if type_tag == _CHARGE else type_name(type_tag)
    return name if name in state.document.enum("SimplifiedPaymentMethodType") else _OTHER


def _account(state: State, event: JsonObject) -> _Account | None:
    """Return the merchant account; `None` if its payment company is not reconciled."""
    channel = event["channel"]
    provider = channel["pgProvider"].removesuffix("_V2")
    provider = _PROVIDERS.get(provider, provider)
    if provider not in state.document.enum("ReconciliationPgProvider"):
        return None
    return channel["pgMerchantId"], provider


HANDLERS: dict[str, Handler] = {
    "getPaymentReconciliationTransactionVatReport": _transaction_report,
    "getPaymentReconciliationSettlementVatReport": _settlement_report,
}
