"""Property tests of amounts: after any cancellations in any order, the sums agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portone_emulator import EmulatedAPIError
from portone_emulator.payments.amounts import Amount, cancellation_parts, included_vat, new_amount


@st.composite
def paid_amounts(draw: st.DrawFn) -> Amount:
    total = draw(st.integers(1, 10**9))
    return new_amount(total, draw(st.integers(0, total))).as_paid()


@given(
    paid_amounts(),
    st.lists(st.tuples(st.integers(1, 10**6), st.none() | st.integers(0, 10**6)), max_size=20),
)
def test_rest_can_always_be_cancelled(
    amount: Amount, cancels: list[tuple[int, int | None]]
) -> None:
    for total, tax_free in cancels:
        try:
            parts = cancellation_parts(amount, total=total, tax_free=tax_free, vat=None)
        except EmulatedAPIError:
            continue
        amount = amount.after_cancelling(parts)
        assert amount.paid == amount.cancelled + amount.cancellable
        assert 0 <= amount.cancellable_tax_free <= amount.cancellable
        assert amount.cancellable_vat >= 0
    if amount.cancellable:
        rest = cancellation_parts(amount, total=None, tax_free=None, vat=None)
        assert rest.total == amount.cancellable
        done = amount.after_cancelling(rest)
        assert (done.cancellable, done.cancellable_tax_free) == (0, 0)


@given(st.integers(0, 10**12))
def test_vat_is_the_nearest_eleventh(taxable: int) -> None:
    assert abs(11 * included_vat(taxable) - taxable) <= 5
