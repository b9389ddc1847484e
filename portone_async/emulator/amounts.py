"""What a payment's money may do. Whole numbers in the currency's smallest unit, nothing else."""

from __future__ import annotations

from attrs import evolve, frozen

from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.wire import JsonObject


@frozen
class Parts:
    """A sum with its tax-free and value-added-tax parts."""

    total: int
    tax_free: int
    vat: int


@frozen
class Amount:
    """A payment's amount. What was paid is always what was cancelled and what is cancellable."""

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
        """What may still be cancelled."""
        return self.paid - self.cancelled

    @property
    def cancellable_tax_free(self) -> int:
        """The tax-free part of what may still be cancelled."""
        return self.tax_free - self.cancelled_tax_free if self.paid else 0

    @property
    def cancellable_vat(self) -> int:
        """The VAT part of what may still be cancelled."""
        return self.vat - self.cancelled_vat if self.paid else 0

    def as_paid(self) -> Amount:
        """Return the amount once it is paid in full."""
        return evolve(self, paid=self.total - self.discount)

    def less(self, discount: int) -> Amount:
        """Return the amount once a discount is taken off its taxable part.

        Raises:
            Refusal: DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT.
        """
        taxable = self.total - self.tax_free - discount
        if taxable <= 0:
            raise Refusal(
                "DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT", "the discount leaves nothing to pay"
            )
        return evolve(self, discount=discount, vat=min(self.vat, vat_of(taxable)))

    def without(self, parts: Parts) -> Amount:
        """Return the amount once these parts are cancelled."""
        return evolve(
            self,
            cancelled=self.cancelled + parts.total,
            cancelled_tax_free=self.cancelled_tax_free + parts.tax_free,
            cancelled_vat=self.cancelled_vat + parts.vat,
        )

    def wire(self) -> JsonObject:
        """Return PortOne's `PaymentAmount`."""
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


def amount_of(total: int, tax_free: int | None = None, vat: int | None = None) -> Amount:
    """Make the amount of a new payment. VAT is an eleventh of what is taxable unless given.

    Raises:
        Refusal: INVALID_REQUEST, or SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT.
    """
    if total < 1:
        raise invalid("amount.total", "must be positive")
    free = _part("amount.taxFree", tax_free, 0)
    tax = _part("amount.vat", vat, vat_of(total - free))
    if free + max(tax, 0) > total:
        raise Refusal(
            "SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", "the tax-free amount and the VAT exceed the total"
        )
    return Amount(total, free, tax)


def cancel_parts(
    amount: Amount, *, total: int | None, tax_free: int | None, vat: int | None
) -> Parts:
    """Work out what a cancel takes, by PortOne's rules.

    Without `total` everything that is left goes. With it, `tax_free` is 0 unless given, and `vat`
    an eleventh of what is taxable.

    Raises:
        Refusal: INVALID_REQUEST, or one of the conflicts that `cancelPayment` lists.
    """
    wanted = amount.cancellable if total is None else total
    if wanted < 1:
        raise invalid("body.amount", "must be positive")
    if wanted > amount.cancellable:
        raise Refusal(
            "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT",
            f"{wanted} was to be cancelled, {amount.cancellable} may be",
        )
    free = _part(
        "body.taxFreeAmount", tax_free, amount.cancellable_tax_free if total is None else 0
    )
    taxable = wanted - free
    # The last cancel takes the VAT that rounding has left over, as far as it has room for it.
    share = taxable if wanted == amount.cancellable else vat_of(taxable)
    parts = Parts(wanted, free, _part("body.vatAmount", vat, min(share, amount.cancellable_vat)))
    _check_parts(amount, parts)
    return parts


def vat_of(taxable: int) -> int:
    """Return an eleventh, rounded to the nearest: 1000 holds 91."""
    return (2 * taxable + 11) // 22


def _check_parts(amount: Amount, parts: Parts) -> None:
    if parts.tax_free > amount.cancellable_tax_free:
        raise Refusal(
            "CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT",
            f"tax-free {parts.tax_free} was to be cancelled, {amount.cancellable_tax_free} may be",
        )
    if parts.tax_free + parts.vat > parts.total:
        raise Refusal(
            "SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT",
            "the tax-free amount and the VAT exceed the amount to cancel",
        )
    taxable = parts.total - parts.tax_free
    cancellable_taxable = amount.cancellable - amount.cancellable_tax_free
    if taxable > cancellable_taxable or parts.vat > amount.cancellable_vat:
        raise Refusal(
            "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT",
            f"taxable {taxable} with VAT {parts.vat} was to be cancelled, "
            f"{cancellable_taxable} with VAT {amount.cancellable_vat} may be",
        )


def _part(where: str, value: int | None, default: int) -> int:
    if value is None:
        return default
    if value < 0:
        raise invalid(where, "must not be negative")
    return value
