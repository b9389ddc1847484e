"""Amounts, by properties: whatever is cancelled in whatever order, the sums agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portone_async.emulator import Refusal
from portone_async.emulator.amounts import Amount, amount_of, cancel_parts, vat_of


@st.composite
def paid_amounts(draw: st.DrawFn) -> Amount:
    total = draw(st.integers(1, 10**9))
    return amount_of(total, draw(st.integers(0, total))).as_paid()


@given(
    paid_amounts(),
    st.lists(st.tuples(st.integers(1, 10**6), st.none() | st.integers(0, 10**6)), max_size=20),
)
def test_what_is_left_can_always_be_cancelled(
    amount: Amount, cancels: list[tuple[int, int | None]]
) -> None:
    for total, tax_free in cancels:
        try:
            parts = cancel_parts(amount, total=total, tax_free=tax_free, vat=None)
        except Refusal:
            continue
        amount = amount.without(parts)
        assert amount.paid == amount.cancelled + amount.cancellable
        assert 0 <= amount.cancellable_tax_free <= amount.cancellable
        assert 0 <= amount.cancellable_vat
    if amount.cancellable:
        rest = cancel_parts(amount, total=None, tax_free=None, vat=None)
        assert rest.total == amount.cancellable
        done = amount.without(rest)
        assert (done.cancellable, done.cancellable_tax_free) == (0, 0)


@given(st.integers(0, 10**12))
def test_vat_is_the_nearest_eleventh(taxable: int) -> None:
    assert abs(11 * vat_of(taxable) - taxable) <= 5
