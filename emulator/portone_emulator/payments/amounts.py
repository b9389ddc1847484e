"""Rules for a payment's amounts, all integers in the currency's smallest unit."""

from __future__ import annotations

from attrs import evolve, frozen

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.state.json_values import JsonObject


@frozen
class Parts:
    """A total with its tax-free and VAT parts."""

    total: int
    tax_free: int
    vat: int


@frozen
class Amount:
    """A payment's amount. Invariant: `paid == cancelled + cancellable`."""

    total: int
    tax_free: int
    vat: int
    paid: int = 0
    cancelled: int = 0
    cancelled_tax_free: int = 0
    cancelled_vat: int = 0
    discount: int = 0

    @property
    def cancellable(self) -> int:
        """The part of the paid amount that can still be cancelled."""
        return self.paid - self.cancelled

    @property
    def cancellable_tax_free(self) -> int:
        """The tax-free part of the cancellable amount."""
        return self.tax_free - self.cancelled_tax_free if self.paid else 0

    @property
    def cancellable_vat(self) -> int:
        """The VAT part of the cancellable amount."""
        return self.vat - self.cancelled_vat if self.paid else 0

    def as_paid(self) -> Amount:
        """Return the amount after payment in full."""
        return evolve(self, paid=self.total - self.discount)

    def with_discount(self, discount: int) -> Amount:
        """Return the amount after a discount on its taxable part.

        Raises:
            EmulatedAPIError: DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT.
        """
        taxable = self.total - self.tax_free - discount
        if taxable <= 0:
            raise EmulatedAPIError(
                "DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT", "the discount leaves nothing to pay"
            )
        return evolve(self, discount=discount, vat=min(self.vat, included_vat(taxable)))

    def after_cancelling(self, parts: Parts) -> Amount:
        """Return the amount after cancelling these parts."""
        return evolve(
            self,
            cancelled=self.cancelled + parts.total,
            cancelled_tax_free=self.cancelled_tax_free + parts.tax_free,
            cancelled_vat=self.cancelled_vat + parts.vat,
        )

    def to_json(self) -> JsonObject:
        """Return the JSON of PortOne's `PaymentAmount`."""
        return {
            "total": self.total,
            "taxFree": self.tax_free,
            "vat": self.vat,
            "supply": self.total - self.discount - self.tax_free - self.vat,
            "discount": self.discount,
            "paid": self.paid,
            "cancelled": self.cancelled,
            "cancelledTaxFree": self.cancelled_tax_free,
        }


def new_amount(total: int, tax_free: int | None = None, vat: int | None = None) -> Amount:
    """Create the amount of a new payment. VAT defaults to 1/11 of the taxable part.

    Raises:
        EmulatedAPIError: INVALID_REQUEST, or SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT.
    """
    if total < 1:
        raise invalid("amount.total", "must be positive")
    free = _non_negative("amount.taxFree", tax_free, 0)
    tax = _non_negative("amount.vat", vat, included_vat(total - free))
    if free + max(tax, 0) > total:
        raise EmulatedAPIError(
            "SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", "the tax-free amount and the VAT exceed the total"
        )
    return Amount(total, free, tax)


def cancellation_parts(
    amount: Amount, *, total: int | None, tax_free: int | None, vat: int | None
) -> Parts:
    """Calculate the parts of a cancellation, by PortOne's rules.

    Without `total`, everything that is left is cancelled. With it, `tax_free` defaults to 0 and
    `vat` to 1/11 of the taxable part.

    Raises:
        EmulatedAPIError: INVALID_REQUEST, or one of the conflicts that `cancelPayment` lists.
    """
    wanted = amount.cancellable if total is None else total
    if wanted < 1:
        raise invalid("body.amount", "must be positive")
    if wanted > amount.cancellable:
        raise EmulatedAPIError(
            "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT",
            f"cannot cancel {wanted}: {amount.cancellable} is cancellable",
        )
    free = _non_negative(
        "body.taxFreeAmount", tax_free, amount.cancellable_tax_free if total is None else 0
    )
    taxable = wanted - free
    # The last cancellation includes the VAT left over from rounding, as far as it fits.
    share = taxable if wanted == amount.cancellable else included_vat(taxable)
    parts = Parts(
        wanted, free, _non_negative("body.vatAmount", vat, min(share, amount.cancellable_vat))
    )
    _check_parts(amount, parts)
    return parts


def included_vat(taxable: int) -> int:
    """Return the VAT included in a taxable amount: 1/11, rounded to nearest (91 of 1000)."""
    return (2 * taxable + 11) // 22


def _check_parts(amount: Amount, parts: Parts) -> None:
    if parts.tax_free > amount.cancellable_tax_free:
        raise EmulatedAPIError(
            "CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT",
            f"cannot cancel {parts.tax_free} tax-free: {amount.cancellable_tax_free} is cancellable",
        )
    if parts.tax_free + parts.vat > parts.total:
        raise EmulatedAPIError(
            "SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT",
            "the tax-free amount and the VAT exceed the amount to cancel",
        )
    taxable = parts.total - parts.tax_free
    cancellable_taxable = amount.cancellable - amount.cancellable_tax_free
    if taxable > cancellable_taxable or parts.vat > amount.cancellable_vat:
        raise EmulatedAPIError(
            "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT",
            f"cannot cancel {taxable} taxable with {parts.vat} VAT: "
            f"{cancellable_taxable} with {amount.cancellable_vat} VAT is cancellable",
        )


def _non_negative(location: str, value: int | None, default: int) -> int:
    if value is None:
        return default
    if value < 0:
        raise invalid(location, "must not be negative")
    return value
