"""What happens outside of PortOne, played by the test: payment companies and customers act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portone_async.emulator import cancellations, escrow, issue_window, payments, promotions
from portone_async.emulator.wire import present

if TYPE_CHECKING:
    from portone_async.emulator.escrow import EscrowEvent
    from portone_async.emulator.issue_window import IssueOutcome, IssueWindow
    from portone_async.emulator.records import Payment
    from portone_async.emulator.state import State
    from portone_async.emulator.wire import JsonObject


class Outside:
    """The part of the emulator that plays the outside."""

    _state: State

    def pend_cancellations(self, times: int = 1) -> None:
        """Let the payment company take its time with the next cancellations.

        Such a one is REQUESTED, until `complete_cancellation()`, `fail_cancellation()` or the
        shop's `stopPaymentCancellation`. Meanwhile the payment's status stays, and its amount
        cannot be cancelled a second time.
        """
        with self._state.lock:
            self._state.pended_cancellations += times

    def complete_cancellation(self, payment_id: str, *, store_id: str | None = None) -> None:
        """Let the payment company do the oldest cancellation that is pending.

        Raises:
            Refusal: PAYMENT_NOT_FOUND, PAYMENT_CANCELLATION_NOT_PENDING.
        """
        with self._state.lock:
            cancellations.complete(self._state, self._payment(payment_id, store_id))

    def fail_cancellation(self, payment_id: str, *, store_id: str | None = None) -> None:
        """Let the payment company refuse the oldest cancellation that is pending.

        Raises:
            Refusal: PAYMENT_NOT_FOUND, PAYMENT_CANCELLATION_NOT_PENDING.
        """
        with self._state.lock:
            cancellations.fail(self._state, self._payment(payment_id, store_id))

    def escrow(self, payment_id: str, event: EscrowEvent, *, store_id: str | None = None) -> None:
        """Let the goods of a payment with escrow arrive, be accepted or be rejected.

        Raises:
            Refusal: PAYMENT_NOT_FOUND, PAYMENT_NOT_PAID; INVALID_REQUEST where the escrow cannot
                go there from where it stands.
        """
        with self._state.lock:
            escrow.move(self._state, self._payment(payment_id, store_id), event)

    def issue_billing_key(
        self,
        outcome: IssueOutcome = "issued",
        *,
        payment_id: str | None = None,
        amount: int | None = None,
        currency: str = "KRW",
        order_name: str = "An order",
        customer: JsonObject | None = None,
        issue_id: str | None = None,
        issue_name: str | None = None,
        channel_key: str | None = None,
        store_id: str | None = None,
    ) -> IssueWindow:
        """Play the window in which a customer stores a card, and may pay at once.

        Args:
            outcome: how the customer leaves the window, see `IssueOutcome`.
            payment_id: of the payment to make at once; none unless given.
            amount: its total, in the currency's smallest unit.
            currency: its ISO 4217.
            order_name: what is bought.
            customer: PortOne's `CustomerInput`.
            issue_id: kept with the billing key.
            issue_name: kept with it, too.
            channel_key: the payment company's channel.
            store_id: a sub-store.

        Returns:
            What the shop's page hears.

        Raises:
            Refusal: ALREADY_PAID; INVALID_REQUEST for a payment without an amount.
        """
        payment = None
        if payment_id is not None:
            payment = {
                "paymentId": payment_id,
                "totalAmount": amount or 0,
                "currency": currency,
                "orderName": order_name,
            }
        with self._state.lock:
            return issue_window.play(
                self._state,
                self._state.store(store_id),
                outcome,
                channel_key or self._state.default_channel_key(),
                customer or {},
                present(issueId=issue_id, issueName=issue_name),
                payment,
            )

    def add_promotion(
        self,
        promotion_id: str,
        *,
        discount: int | None = None,
        percent: int | None = None,
        card_company: str = "SHINHAN_CARD",
    ) -> None:
        """Begin a promotion, for thirty days; `checkout(promotion_id=...)` takes part in it.

        The discount, a sum or a share of the total, comes off the taxable part: the total stays,
        less is paid, and what is paid can be cancelled. Other requests' `promotionId` is only kept.

        Raises:
            Refusal: INVALID_REQUEST, unless it is one of the two and positive.
        """
        scheme = promotions.scheme_of(discount, percent)
        with self._state.lock:
            promotions.add(self._state, promotion_id, scheme, card_company)

    def _payment(self, payment_id: str, store_id: str | None) -> Payment:
        return payments.find(self._state, (self._state.store(store_id), payment_id))
