"""Actions of customers and payment companies, simulated by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portone_async.emulator import billing_key_window, cancellations, escrow, payments, promotions
from portone_async.emulator.json_values import omit_none

if TYPE_CHECKING:
    from portone_async.emulator.billing_key_window import IssueOutcome, IssueResult
    from portone_async.emulator.escrow import EscrowEvent
    from portone_async.emulator.json_values import JsonObject
    from portone_async.emulator.records import Payment
    from portone_async.emulator.state import State


class Actions:
    """The methods of `Emulator` that simulate customers and payment companies."""

    _state: State

    def pend_cancellations(self, times: int = 1) -> None:
        """Leave the next cancellations pending at the payment company.

        Such a cancellation is REQUESTED until `complete_cancellation()`, `fail_cancellation()` or
        the shop's `stopPaymentCancellation`. Meanwhile the payment's status does not change, and
        the amount cannot be cancelled a second time.
        """
        with self._state.lock:
            self._state.cancellations_left_pending += times

    def complete_cancellation(self, payment_id: str, *, store_id: str | None = None) -> None:
        """Complete the oldest pending cancellation of a payment.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND, PAYMENT_CANCELLATION_NOT_PENDING.
        """
        with self._state.lock:
            cancellations.complete(self._state, self._payment(payment_id, store_id))

    def fail_cancellation(self, payment_id: str, *, store_id: str | None = None) -> None:
        """Fail the oldest pending cancellation of a payment.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND, PAYMENT_CANCELLATION_NOT_PENDING.
        """
        with self._state.lock:
            cancellations.fail(self._state, self._payment(payment_id, store_id))

    def escrow(self, payment_id: str, event: EscrowEvent, *, store_id: str | None = None) -> None:
        """Move a payment's escrow: the goods are delivered, accepted or rejected.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND, PAYMENT_NOT_PAID; INVALID_REQUEST if the escrow's
                status does not allow the event.
            ValueError: `event` is unknown.
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
    ) -> IssueResult:
        """Simulate a customer who registers a card in the billing-key window, and may pay at once.

        Args:
            outcome: how the customer leaves the window, see `IssueOutcome`.
            payment_id: a payment to make at once.
            amount: the payment's total, in the currency's smallest unit.
            currency: the payment's ISO 4217 code.
            order_name: the payment's order name.
            customer: JSON of PortOne's `CustomerInput`.
            issue_id: stored with the billing key.
            issue_name: stored with the billing key.
            channel_key: the channel to register with.
            store_id: a sub-store; defaults to the account's store.

        Returns:
            What the shop's page receives.

        Raises:
            EmulatedAPIError: ALREADY_PAID; INVALID_REQUEST if the payment has no amount.
            ValueError: `outcome` or `currency` is unknown.
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
            return billing_key_window.simulate(
                self._state,
                self._state.store(store_id),
                outcome,
                channel_key or self._state.default_channel_key(),
                customer or {},
                omit_none(issueId=issue_id, issueName=issue_name),
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
        """Start a promotion that runs for thirty days; `checkout(promotion_id=...)` applies it.

        The discount, an amount or a percentage of the total, is taken off the taxable part: `total`
        stays, `paid` is lower, and what was paid can be cancelled. A `promotionId` in other
        requests is only stored.

        Raises:
            EmulatedAPIError: INVALID_REQUEST unless exactly one of `discount` and `percent` is
                given, and positive.
            ValueError: `card_company` is unknown.
        """
        scheme = promotions.new_discount_scheme(discount, percent)
        with self._state.lock:
            promotions.add(self._state, promotion_id, scheme, card_company)

    def _payment(self, payment_id: str, store_id: str | None) -> Payment:
        return payments.find(self._state, (self._state.store(store_id), payment_id))
