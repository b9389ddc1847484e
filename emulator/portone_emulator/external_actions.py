"""What happens outside the shop: at its customers, the payment companies and PortOne's console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from portone_emulator.billing import issue_window
from portone_emulator.billing.issue_window import IssueOrder
from portone_emulator.document.choices import check_choice
from portone_emulator.errors import invalid
from portone_emulator.identity import verification_window
from portone_emulator.identity.verification_window import VerificationOrder
from portone_emulator.payments import (
    cancellations,
    checkout,
    checkout_profiles,
    escrow,
    payments,
    pg_specific,
    promotions,
)
from portone_emulator.payments.checkout import CheckoutOutcome, CheckoutResult, Order
from portone_emulator.platform import payouts
from portone_emulator.platform.payouts import PayoutOutcome
from portone_emulator.state import timeline
from portone_emulator.state.json_values import JsonObject, omit_none

if TYPE_CHECKING:
    from portone_emulator.billing.issue_window import IssueOutcome, IssueResult
    from portone_emulator.identity.verification_window import (
        VerificationOutcome,
        VerificationResult,
    )
    from portone_emulator.payments.escrow import EscrowEvent
    from portone_emulator.payments.methods import PayMethod
    from portone_emulator.state.records import Payment
    from portone_emulator.state.state import Key, State


class ExternalActions:
    """The methods that simulate customers, payment companies and the merchant's console."""

    _state: State

    def checkout(
        self,
        payment_id: str,
        outcome: CheckoutOutcome = "paid",
        *,
        amount: int | None = None,
        tax_free: int | None = None,
        vat: int | None = None,
        currency: str = "KRW",
        order_name: str = "An order",
        method: PayMethod = "card",
        customer: JsonObject | None = None,
        channel_key: str | None = None,
        channel_group_id: str | None = None,
        custom_data: str | None = None,
        promotion_id: str | None = None,
        is_escrow: bool = False,
        notice_urls: Iterable[str] = (),
        method_details: JsonObject | None = None,
        account_expires_at: datetime | None = None,
        products: Iterable[JsonObject] = (),
        country: str | None = None,
        is_cultural_expense: bool | None = None,
        store_id: str | None = None,
    ) -> CheckoutResult:
        """Simulate a customer who opens the payment window and leaves it with an outcome.

        Args:
            payment_id: the payment's ID.
            outcome: how the customer leaves the window, see `CheckoutOutcome`.
            amount: the total, in the currency's smallest unit; defaults to the pre-registered
                total.
            tax_free: the tax-free part of `amount`.
            vat: the VAT part of `amount`; defaults to 1/11 of the taxable part.
            currency: ISO 4217 code.
            order_name: the order's name.
            method: the payment method.
            customer: JSON of PortOne's `CustomerInput`.
            channel_key: the channel to pay through.
            channel_group_id: the channel group that chooses the channel.
            custom_data: stored with the payment.
            promotion_id: a promotion whose discount applies, see `add_promotion()`.
            is_escrow: whether the payment is held in escrow until delivery.
            notice_urls: destinations of its webhooks, instead of `webhook_url`.
            method_details: fields of the `PaymentMethod` that replace the sample's, such as
                `{"provider": "NAVERPAY"}`.
            account_expires_at: when a virtual account closes; seven days later if omitted.
            products: what is sold, JSON of PortOne's `PaymentProduct`.
            country: ISO 3166-1 alpha-2 code, stored with the payment.
            is_cultural_expense: whether it is a cultural expense, stored with the payment.
            store_id: a sub-store; defaults to the account's store.

        Returns:
            What the shop's page receives.

        Raises:
            EmulatedAPIError: ALREADY_PAID; INFORMATION_MISMATCH if the order differs from what was
                pre-registered; PROMOTION_NOT_FOUND, DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT.
            ValueError: `outcome`, `method` or `currency` is unknown.
        """
        order = Order(
            amount=amount,
            tax_free=tax_free,
            vat=vat,
            currency=currency,
            order_name=order_name,
            method=method,
            customer=customer or {},
            channel_key=channel_key,
            channel_group_id=channel_group_id,
            custom_data=custom_data,
            promotion_id=promotion_id,
            is_escrow=is_escrow,
            notice_urls=tuple(notice_urls),
            method_details=method_details or {},
            account_expires_at=account_expires_at,
            products=tuple(products),
            country=country,
            is_cultural_expense=is_cultural_expense,
        )
        with self._state.lock:
            return checkout.simulate(self._state, self._key(payment_id, store_id), outcome, order)

    def deposit(
        self, payment_id: str, amount: int | None = None, *, store_id: str | None = None
    ) -> None:
        """Simulate a deposit into a payment's virtual account.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_WAITING_FOR_DEPOSIT; INVALID_REQUEST if `amount` is not
                the total.
        """
        with self._state.lock:
            timeline.catch_up(self._state)
            payment = payments.find(self._state, self._key(payment_id, store_id))
            payments.deposit(self._state, payment, amount)

    def approve(self, payment_id: str, *, store_id: str | None = None) -> None:
        """Approve a pending payment, as the payment company does.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND; INVALID_REQUEST if the payment is not PAY_PENDING.
        """
        with self._state.lock:
            payment = payments.find(self._state, self._key(payment_id, store_id))
            payments.approve(self._state, payment)

    def leave_checkout(
        self, payment_id: str, outcome: CheckoutOutcome = "paid", *, store_id: str | None = None
    ) -> CheckoutResult:
        """Leave a payment window that is still open after `checkout(..., "ready")`.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND; INVALID_REQUEST if the payment is not READY.
            ValueError: `outcome` is unknown.
        """
        with self._state.lock:
            return checkout.leave(self._state, self._key(payment_id, store_id), outcome)

    def cancel(
        self,
        payment_id: str,
        *,
        reason: str = "cancelled by an operator",
        store_id: str | None = None,
    ) -> JsonObject:
        """Cancel the rest of a payment, as an operator does in PortOne's console.

        Returns:
            The `PaymentCancellation`.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND, PAYMENT_NOT_PAID, PAYMENT_ALREADY_CANCELLED.
        """
        with self._state.lock:
            payment = payments.find(self._state, self._key(payment_id, store_id))
            # A virtual account's refund needs an account: an operator would ask the customer.
            body: JsonObject = {"reason": reason, "refundAccount": {}}
            cancellation = cancellations.cancel(self._state, payment, body, trigger="CONSOLE")
            return dict(cancellation)

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
        billing_key: str | None = None,
        issue_id: str | None = None,
        issue_name: str | None = None,
        channel_key: str | None = None,
        channel_group_id: str | None = None,
        custom_data: str | None = None,
        notice_urls: Iterable[str] = (),
        method: PayMethod = "card",
        method_details: JsonObject | None = None,
        payment_details: JsonObject | None = None,
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
            billing_key: the billing key to issue; generated if omitted.
            issue_id: stored with the billing key.
            issue_name: stored with the billing key.
            channel_key: the channel to register with.
            channel_group_id: the channel group that chooses the channel.
            custom_data: stored with the billing key, and with the payment.
            notice_urls: destinations of the webhooks, instead of `webhook_url`.
            method: the payment method: `"card"`, `"mobile"` or `"easy_pay"`.
            method_details: fields of the `BillingKeyPaymentMethod` that replace the sample's.
            payment_details: the payment's other fields, JSON of `payWithBillingKey`, and its
                `taxFreeAmount` and `vatAmount`.
            store_id: a sub-store; defaults to the account's store.

        Returns:
            What the shop's page receives.

        Raises:
            EmulatedAPIError: ALREADY_PAID; INVALID_REQUEST if the payment has no amount, or if
                `billing_key` is taken.
            ValueError: `outcome`, `method` or `currency` is unknown.
        """
        shared = omit_none(customData=custom_data)
        payment = None
        if payment_id is not None:
            payment = {
                **shared,
                **(payment_details or {}),
                "paymentId": payment_id,
                "totalAmount": amount or 0,
                "currency": currency,
                "orderName": order_name,
                "customer": customer or {},
                "noticeUrls": list(notice_urls),
            }
        order = IssueOrder(
            customer=customer or {},
            channel_key=channel_key,
            channel_group_id=channel_group_id,
            method=method,
            method_details=method_details or {},
            issue_fields=shared
            | omit_none(billingKey=billing_key, issueId=issue_id, issueName=issue_name),
            notice_urls=tuple(notice_urls),
            payment=payment,
        )
        with self._state.lock:
            if billing_key in self._state.billing_keys:
                raise invalid("billingKey", "is taken")
            store = self._state.store(store_id)
            return issue_window.simulate(self._state, store, outcome, order)

    def verify_identity(
        self,
        identity_verification_id: str,
        outcome: VerificationOutcome = "verified",
        *,
        customer: JsonObject | None = None,
        channel_key: str | None = None,
        channel_group_id: str | None = None,
        custom_data: str | None = None,
        store_id: str | None = None,
    ) -> VerificationResult:
        """Simulate a customer who proves who they are in the identity-verification window.

        Args:
            identity_verification_id: the verification's ID.
            outcome: how the customer leaves the window, see `VerificationOutcome`.
            customer: JSON of PortOne's `CustomerInput`: the person who is verified. Name, birth
                date and gender default to a sample's.
            channel_key: the channel to verify through.
            channel_group_id: the channel group that chooses the channel.
            custom_data: stored with the verification.
            store_id: a sub-store; defaults to the account's store.

        Returns:
            What the shop's page receives.

        Raises:
            EmulatedAPIError: IDENTITY_VERIFICATION_ALREADY_VERIFIED; INVALID_REQUEST if the birth
                date is not one.
            ValueError: `outcome` is unknown.
        """
        order = VerificationOrder(
            customer=customer or {},
            channel_key=channel_key,
            channel_group_id=channel_group_id,
            custom_data=custom_data,
        )
        with self._state.lock:
            key = self._key(identity_verification_id, store_id)
            return verification_window.simulate(self._state, key, outcome, order)

    def expect_otp(
        self, identity_verification_id: str, otp: str, *, store_id: str | None = None
    ) -> None:
        """Set the code that the customer receives by SMS for an identity verification.

        `confirmIdentityVerification` refuses any other with 502 PG_PROVIDER, and can be tried
        again. Without this, `Emulator(otp=...)` is the right code; without both, any is. It may be
        set before the verification is sent.

        Raises:
            EmulatedAPIError: FORBIDDEN if `store_id` is not a store of the account.
        """
        with self._state.lock:
            self._state.otps[self._key(identity_verification_id, store_id)] = otp

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

    def add_pg_card_promotion(
        self,
        promotion_id: str,
        *,
        discount: int,
        minimum_amount: int = 1,
        card_company: str = "SHINHAN_CARD",
        channel_key: str | None = None,
    ) -> None:
        """Start a card promotion of the payment company KCP, or replace it.

        `getPgCardPromotions` lists it. It lowers no payment: KCP's window, which is not emulated,
        would offer it.

        Args:
            promotion_id: KCP's ID.
            discount: the amount off, in KRW.
            minimum_amount: the smallest amount to pay for which it is listed, in KRW.
            card_company: one of `PgPromotionCardCompany`.
            channel_key: the channel, of `KCP_V2` unless the emulator accepts any channel key.

        Raises:
            EmulatedAPIError: CHANNEL_NOT_FOUND; INVALID_REQUEST if the channel is not of
                `KCP_V2`, or an amount is not positive.
            ValueError: `card_company` is unknown.
        """
        with self._state.lock:
            pg_specific.add_card_promotion(
                self._state,
                promotion_id,
                discount=discount,
                minimum_amount=minimum_amount,
                card_company=card_company,
                channel_key=channel_key,
            )

    def add_checkout_profile(self, profile_key: str, methods: Iterable[JsonObject]) -> None:
        """Add a checkout profile, as made in PortOne's console, or replace it.

        `evaluateCheckoutProfile` returns those of its methods that fit.

        Args:
            profile_key: the profile's key.
            methods: JSON objects with `paymentMethod`, one of `CheckoutPaymentMethod`, and, if
                they limit it, `countries`, `currencies`, `minAmount` and `maxAmount`, inclusive
                and in the currency's smallest unit; and with `channelKey`, unless it is the
                first channel. Of several for one payment method, the first that fits counts.

        Raises:
            EmulatedAPIError: CHANNEL_NOT_FOUND; INVALID_REQUEST if there is no method, or one for
                no amount.
            ValueError: a field of a method, or one of its values, is unknown.
        """
        with self._state.lock:
            checkout_profiles.add(self._state, profile_key, methods)

    def pay_partners(
        self,
        partner_settlement_ids: Iterable[str] = (),
        outcome: PayoutOutcome = "succeeded",
        *,
        for_test: bool = False,
    ) -> str:
        """Pay partners through the payout agency, as an operator orders in PortOne's console.

        Args:
            partner_settlement_ids: the settlements to pay; all that wait for a payout if none.
            outcome: how the bank transfers end, see `PayoutOutcome`.
            for_test: whether to pay settlements of test data instead of live data.

        Returns:
            The ID of the bulk payout.

        Raises:
            EmulatedAPIError: PLATFORM_PARTNER_SETTLEMENTS_NOT_FOUND,
                PLATFORM_NON_PAYABLE_PARTNER_SETTLEMENTS; PLATFORM_CURRENCY_NOT_SUPPORTED if what a
                partner owes is more than it gets, as PortOne's document calls that.
            ValueError: `outcome` is unknown.
        """
        check_choice("outcome", outcome, get_args(PayoutOutcome))
        with self._state.lock:
            return payouts.pay_through_agency(
                self._state, list(partner_settlement_ids), outcome, test=for_test
            )

    def _key(self, payment_id: str, store_id: str | None) -> Key:
        return self._state.store(store_id), payment_id

    def _payment(self, payment_id: str, store_id: str | None) -> Payment:
        return payments.find(self._state, (self._state.store(store_id), payment_id))
