"""Promotions: discounts on payments made in the payment window."""

from __future__ import annotations

from datetime import timedelta

from portone_async.emulator.amounts import Amount
from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.handlers import Handler
from portone_async.emulator.state import State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject, timestamp

_DURATION = timedelta(days=30)
_BUDGET = 1_000_000_000


def add(state: State, promotion_id: str, scheme: JsonObject, card_company: str) -> None:
    """Start a promotion that runs for thirty days."""
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
        "startAt": timestamp(now),
        "endAt": timestamp(now + _DURATION),
        "cardCompany": card_company,
        "status": "IN_PROGRESS",
        "createdAt": timestamp(now),
        "recoverOption": {"type": "RECOVER"},
    }


def scheme_of(amount: int | None, percent: int | None) -> JsonObject:
    """Create a `PromotionDiscountScheme`.

    Raises:
        Refusal: INVALID_REQUEST unless exactly one of the two is given, and positive.
    """
    if (amount is None) == (percent is None):
        raise invalid("promotion", "must have exactly one of discount, percent")
    if percent is not None and not 1 <= percent <= 100:  # noqa: PLR2004
        raise invalid("percent", "must be from 1 to 100")
    if amount is not None and amount < 1:
        raise invalid("discount", "must be positive")
    if percent is None:
        return {"type": "AMOUNT", "amount": amount}
    return {"type": "PERCENT", "percent": percent}


def discounted(state: State, promotion_id: str | None, amount: Amount) -> Amount:
    """Apply the promotion's discount to an amount, on its taxable part.

    Raises:
        Refusal: PROMOTION_NOT_FOUND, DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT.
    """
    if promotion_id is None:
        return amount
    promotion = _find(state, promotion_id)
    scheme: JsonObject = promotion["discountPolicy"]["partitions"][0]["scheme"]
    discount: int = scheme.get("amount", amount.total * scheme.get("percent", 0) // 100)
    state.promotions[promotion_id] = promotion | {
        "spentAmount": promotion["spentAmount"] + discount
    }
    return amount.less(discount)


def _find(state: State, promotion_id: str) -> JsonObject:
    promotion = state.promotions.get(promotion_id)
    if promotion is None:
        raise Refusal("PROMOTION_NOT_FOUND", "there is no promotion with this ID")
    return promotion


def _get(state: State, given: Input) -> JsonObject:
    promotion = _find(state, given.path["promotionId"])
    is_over = promotion["endAt"] <= state.now()
    return promotion | {"status": "COMPLETED" if is_over else "IN_PROGRESS"}


HANDLERS: dict[str, Handler] = {"getPromotion": _get}
