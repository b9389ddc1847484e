"""Promotions: discounts on payments made in the payment window."""

from __future__ import annotations

from datetime import timedelta

from portone_emulator.document.choices import check_choice
from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments.amounts import Amount
from portone_emulator.state.json_values import JsonObject, format_datetime
from portone_emulator.state.state import State

_DURATION = timedelta(days=30)
_BUDGET = 1_000_000_000
_MAX_PERCENT = 100


def add(state: State, promotion_id: str, scheme: JsonObject, card_company: str) -> None:
    """Start a promotion that runs for thirty days.

    Raises:
        ValueError: the card company is unknown.
    """
    check_choice("card_company", card_company, state.document.enum("PromotionCardCompany"))
    now = state.clock.now()
    state.promotions[promotion_id] = {
        "type": "CARD",
        "id": promotion_id,
        "storeId": state.settings.store_id,
        "name": promotion_id,
        "discountPolicy": {"partitions": [{"amountFrom": 0, "scheme": scheme}]},
        "totalBudget": _BUDGET,
        "spentAmount": 0,
        "currency": "KRW",
        "startAt": format_datetime(now),
        "endAt": format_datetime(now + _DURATION),
        "cardCompany": card_company,
        "status": "IN_PROGRESS",
        "createdAt": format_datetime(now),
        "recoverOption": {"type": "RECOVER"},
    }


def new_discount_scheme(amount: int | None, percent: int | None) -> JsonObject:
    """Create a `PromotionDiscountScheme`.

    Raises:
        EmulatedAPIError: INVALID_REQUEST unless exactly one of the two is given, and positive.
    """
    if (amount is None) == (percent is None):
        raise invalid("promotion", "must have exactly one of discount, percent")
    if percent is not None and not 1 <= percent <= _MAX_PERCENT:
        raise invalid("percent", f"must be from 1 to {_MAX_PERCENT}")
    if amount is not None and amount < 1:
        raise invalid("discount", "must be positive")
    if percent is None:
        return {"type": "AMOUNT", "amount": amount}
    return {"type": "PERCENT", "percent": percent}


def discounted(state: State, promotion_id: str | None, amount: Amount) -> Amount:
    """Apply the promotion's discount to an amount, on its taxable part.

    Raises:
        EmulatedAPIError: PROMOTION_NOT_FOUND, DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT.
    """
    if promotion_id is None:
        return amount
    promotion = _find(state, promotion_id)
    scheme: JsonObject = promotion["discountPolicy"]["partitions"][0]["scheme"]
    discount: int = scheme.get("amount", amount.total * scheme.get("percent", 0) // 100)
    state.promotions[promotion_id] = promotion | {
        "spentAmount": promotion["spentAmount"] + discount
    }
    return amount.with_discount(discount)


def _find(state: State, promotion_id: str) -> JsonObject:
    promotion = state.promotions.get(promotion_id)
    if promotion is None:
        raise EmulatedAPIError("PROMOTION_NOT_FOUND", "there is no promotion with this ID")
    return promotion


def _get(state: State, request: ParsedRequest) -> JsonObject:
    promotion = _find(state, request.path["promotionId"])
    has_ended = promotion["endAt"] <= state.now()
    return promotion | {"status": "COMPLETED" if has_ended else "IN_PROGRESS"}


HANDLERS: dict[str, Handler] = {"getPromotion": _get}
