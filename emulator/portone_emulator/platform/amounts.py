"""What a partner is owed for an order: pure arithmetic, in the currency's smallest unit.

The settlement is the order less what the partner bears: the commission, its VAT, the additional
fees, their VAT, its share of the discounts and, if the contract says so, the payment's VAT. Rates
are applied to the order amount and rounded down; VAT on a fee is a tenth of it, rounded down, and 0
if the merchant bears it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from attrs import frozen

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.platform.policies import MAX_AMOUNT, WHOLE
from portone_emulator.state.json_values import JsonObject

Vat: TypeAlias = Callable[[int], int]
"""Returns the VAT in a taxable part of a payment."""

FIELDS = (
    "order",
    "orderTaxFree",
    "discount",
    "discountTaxFree",
    "discountShare",
    "discountShareTaxFree",
    "payment",
    "paymentTaxFree",
    "paymentVat",
    "paymentSupply",
    "paymentVatBurden",
    "platformFee",
    "platformFeeVat",
    "additionalFee",
    "additionalFeeVat",
    "settlement",
    "settlementTaxFree",
)
"""The numbers of `PlatformOrderSettlementAmount`."""


@frozen(kw_only=True)
class Part:
    """An order or a line of it: its amount, and the discounts and additional fees on it."""

    order: int
    tax_free: int
    discounts: Sequence[JsonObject] = ()
    fees: Sequence[JsonObject] = ()


def share_of_vat(vat: int, taxable: int) -> Vat:
    """Return the VAT of a part in proportion to a whole, rounded down."""
    return lambda part: part * vat // taxable if taxable else 0


def discount(policy: JsonObject, amount: int, tax_free: int) -> JsonObject:
    """Return the `PlatformOrderTransferDiscount` of a discount."""
    rate = policy["partnerShareRate"]
    return {
        "sharePolicy": policy,
        "amount": amount,
        "taxFreeAmount": tax_free,
        "shareAmount": amount * rate // WHOLE,
        "shareTaxFreeAmount": tax_free * rate // WHOLE,
    }


def additional_fee(policy: JsonObject, order: int, *, has_fixed_fee: bool) -> JsonObject:
    """Return the `PlatformOrderTransferAdditionalFee` on an order amount."""
    amount = _fee(policy["fee"], order, has_fixed_fee=has_fixed_fee)
    return {"policy": policy, "amount": amount, "vat": _fee_vat(amount, policy["vatPayer"])}


def sums_of(part: Part, contract: JsonObject, *, has_fixed_fee: bool) -> dict[str, int]:
    """Return the numbers from which the amount of a part follows.

    A fixed fee is due once for an order: `has_fixed_fee` is false for its lines, and for what is
    taken back of it.
    """
    platform_fee = _fee(contract["platformFee"], part.order, has_fixed_fee=has_fixed_fee)
    return {
        "order": part.order,
        "orderTaxFree": part.tax_free,
        "discount": _total(part.discounts, "amount"),
        "discountTaxFree": _total(part.discounts, "taxFreeAmount"),
        "discountShare": _total(part.discounts, "shareAmount"),
        "discountShareTaxFree": _total(part.discounts, "shareTaxFreeAmount"),
        "additionalFee": _total(part.fees, "amount"),
        "additionalFeeVat": _total(part.fees, "vat"),
        "platformFee": platform_fee,
        "platformFeeVat": _fee_vat(platform_fee, contract["platformFeeVatPayer"]),
    }


def settle(
    parts: Sequence[dict[str, int]],
    contract: JsonObject,
    vat: Vat,
    *,
    tax_free: int | None = None,
    product_id: str | None = None,
) -> JsonObject:
    """Return the `PlatformOrderSettlementAmount` of the parts together.

    `tax_free`, if given, is the tax-free part instead of the sum of theirs. `product_id` is for
    errors.

    Raises:
        EmulatedAPIError: PLATFORM_SETTLEMENT_AMOUNT_EXCEEDED if a part exceeds its whole.
    """
    sums = {name: sum(part[name] for part in parts) for name in parts[0]}
    if tax_free is not None:
        sums["orderTaxFree"] = tax_free
    return _complete(sums, contract, vat, product_id)


def add(amounts: Iterable[JsonObject]) -> JsonObject:
    """Add amounts up."""
    amounts = list(amounts)
    return {name: sum(each[name] for each in amounts) for name in FIELDS} | {
        "userDefinedFormulas": {}
    }


def subtract(amount: JsonObject, taken: JsonObject) -> JsonObject:
    """Subtract an amount from another."""
    return {name: amount[name] - taken[name] for name in FIELDS} | {"userDefinedFormulas": {}}


def check_not_negative(location: str, value: int) -> None:
    """Check an amount of a request.

    Raises:
        EmulatedAPIError: INVALID_REQUEST.
    """
    if value < 0:
        raise invalid(location, "must not be negative")


def _complete(
    sums: dict[str, int], contract: JsonObject, vat: Vat, product_id: str | None
) -> JsonObject:
    """Calculate what follows from the order, the discounts and the fees."""
    limits = [
        ("orderTaxFree", "order"),
        ("discount", "order"),
        ("discountTaxFree", "discount"),
        ("discountTaxFree", "orderTaxFree"),
    ]
    for name, limit in limits:
        _check_limit(sums[name], sums[limit], f"{name} exceeds {limit}", product_id)
    payment = sums["order"] - sums["discount"]
    payment_tax_free = sums["orderTaxFree"] - sums["discountTaxFree"]
    _check_limit(payment_tax_free, payment, "paymentTaxFree exceeds payment", product_id)
    payment_vat = vat(payment - payment_tax_free)
    burden = payment_vat if contract["subtractPaymentVatAmount"] else 0
    settlement = (
        sums["order"]
        - sums["platformFee"]
        - sums["platformFeeVat"]
        - sums["additionalFee"]
        - sums["additionalFeeVat"]
        - sums["discountShare"]
        - burden
    )
    settlement_tax_free = sums["orderTaxFree"] - sums["discountShareTaxFree"]
    amount = sums | {
        "payment": payment,
        "paymentTaxFree": payment_tax_free,
        "paymentVat": payment_vat,
        "paymentSupply": payment - payment_tax_free - payment_vat,
        "paymentVatBurden": burden,
        "settlement": settlement,
        "settlementTaxFree": max(0, min(settlement, settlement_tax_free)),
    }
    if any(abs(value) > MAX_AMOUNT for value in amount.values()):
        raise invalid("body.orderDetail", f"comes to more than {MAX_AMOUNT}")
    return {**amount, "userDefinedFormulas": {}}


def _check_limit(value: int, limit: int, problem: str, product_id: str | None) -> None:
    if value > limit:
        fields = {} if product_id is None else {"productId": product_id}
        raise EmulatedAPIError(
            "PLATFORM_SETTLEMENT_AMOUNT_EXCEEDED",
            problem,
            requestedAmount=value,
            allowedAmount=limit,
            **fields,
        )


def _total(items: Iterable[JsonObject], name: str) -> int:
    return sum(item[name] for item in items)


def _fee(fee: JsonObject, order: int, *, has_fixed_fee: bool) -> int:
    if fee["type"] == "FIXED_RATE":
        return order * fee["rate"] // WHOLE
    return fee["amount"] if has_fixed_fee else 0


def _fee_vat(fee: int, payer: str) -> int:
    return fee // 10 if payer == "PARTNER" else 0
