"""The payment state machine: status changes and the rules that guard them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.payments.amounts import Amount
from portone_emulator.state.json_values import JsonObject, format_datetime, omit_none
from portone_emulator.state.records import Payment, Transaction
from portone_emulator.state.state import Decline, Key, State
from portone_emulator.webhooks.events import Trigger, notify_payment

CANCELLABLE = frozenset({"PAID", "PARTIAL_CANCELLED"})
# The events that `getAllPaymentEventsByCursor` knows.
_EVENTS = frozenset({"PAID", "PARTIAL_CANCELLED", "CANCELLED"})
_VIRTUAL_ACCOUNT = "PaymentMethodVirtualAccount"


def find(state: State, key: Key) -> Payment:
    """Return a payment.

    Raises:
        EmulatedAPIError: PAYMENT_NOT_FOUND.
    """
    payment = state.payments.get(key)
    if payment is None:
        raise EmulatedAPIError("PAYMENT_NOT_FOUND", "this store has no payment with this ID")
    return payment


def check_unpaid(state: State, key: Key) -> None:
    """Check that a payment is neither paid nor pending approval.

    Raises:
        EmulatedAPIError: ALREADY_PAID.
    """
    payment = state.payments.get(key)
    if payment is not None and is_paid_or_pending(payment):
        raise EmulatedAPIError("ALREADY_PAID", "the payment with this ID is already paid")


def is_paid_or_pending(payment: Payment) -> bool:
    """Whether the payment was paid, even if cancelled since, or is pending approval."""
    return payment.latest.amount.paid > 0 or payment.latest.status == "PAY_PENDING"


def check_not_waiting(state: State, key: Key) -> None:
    """Check that a payment is neither paid nor waiting for a deposit.

    Raises:
        EmulatedAPIError: ALREADY_PAID_OR_WAITING.
    """
    payment = state.payments.get(key)
    if payment is None:
        return
    if is_paid_or_pending(payment) or payment.latest.status == "VIRTUAL_ACCOUNT_ISSUED":
        raise EmulatedAPIError(
            "ALREADY_PAID_OR_WAITING", "the payment with this ID is paid or waits for a deposit"
        )


def check_not_scheduled(state: State, key: Key) -> None:
    """Check that no schedule will make this payment.

    Raises:
        EmulatedAPIError: PAYMENT_SCHEDULE_ALREADY_EXISTS.
    """
    if key in state.schedules.of_payment:
        raise EmulatedAPIError(
            "PAYMENT_SCHEDULE_ALREADY_EXISTS", "a schedule will make this payment"
        )


def open_transaction(state: State, key: Key, amount: Amount, fields: JsonObject) -> Payment:
    """Start a payment attempt: the first, or another after one that did not end in payment.

    A virtual account that still waits for a deposit is abandoned.

    Raises:
        EmulatedAPIError: ALREADY_PAID.
    """
    check_unpaid(state, key)
    store_id, payment_id = key
    payment = state.payments.get(key)
    if payment is None:
        payment = Payment(store_id, payment_id)
    defaults: JsonObject = {
        "merchantId": state.settings.merchant_id,
        "storeId": store_id,
        "version": "V2",
        "requestedAt": state.now(),
        "disputes": [],
        "cancellations": [],
        "webhooks": [],
    }
    payment.transactions.append(Transaction(state.ids.uuid(), amount, {**defaults, **fields}))
    change_status(state, payment, "READY")
    return payment


def change_status(
    state: State,
    payment: Payment,
    status: str,
    *,
    trigger: Trigger | None = None,
    cancellation: JsonObject | None = None,
    **fields: Any,
) -> None:
    """Change the status of the payment's latest attempt, and send the events of the change."""
    now = state.now()
    transaction = payment.latest
    transaction.status = status
    transaction.fields.update(fields, updatedAt=now, statusChangedAt=now)
    # Closing an account before any deposit moves no money, so it is no event.
    if status in _EVENTS and transaction.amount.paid:
        _add_event(state, payment, cancellation)
    if status != "READY":
        notify_payment(state, payment, status, trigger=trigger, cancellation=cancellation)
    refresh(state, payment)


def refresh(state: State, payment: Payment) -> None:
    """Rebuild the payment's view after a change, and store the payment."""
    rebuild_view(state, payment)
    state.payments[payment.store_id, payment.id] = payment


def rebuild_view(state: State, payment: Payment) -> None:
    """Rebuild the payment's view from its latest attempt."""
    transaction = payment.latest
    schema = state.document.variants("Payment")[transaction.status]
    values = _values(transaction) | {"id": payment.id, "transactionId": transaction.id}
    payment.view = state.document.pick(schema, values)


def transaction_view(state: State, payment: Payment, transaction: Transaction) -> JsonObject:
    """Return an attempt as `getPaymentTransactions` returns it."""
    schema = state.document.variants("PaymentTransaction")[transaction.status]
    values = _values(transaction) | {"id": transaction.id, "paymentId": payment.id}
    return state.document.pick(schema, values)


def settle(state: State, payment: Payment, trigger: Trigger | None = None) -> None:
    """Mark the latest attempt as paid."""
    transaction = payment.latest
    transaction.amount = transaction.amount.as_paid()
    transaction.payment_token = None
    fields: JsonObject = {
        "pgTxId": transaction.fields.get("pgTxId") or state.ids.uuid(),
        "receiptUrl": f"https://receipts.invalid/{transaction.id}",
    }
    change_status(state, payment, "PAID", trigger=trigger, paidAt=state.now(), **fields)


def charge(state: State, payment: Payment) -> None:
    """Charge the latest attempt; it succeeds unless a decline is planned.

    Raises:
        EmulatedAPIError: PG_PROVIDER if declined; the payment is FAILED then.
    """
    if state.declines:
        declined = state.declines.popleft()
        fail(state, payment, declined)
        raise EmulatedAPIError(
            "PG_PROVIDER",
            "the payment company declined",
            pgCode=declined.pg_code,
            pgMessage=declined.pg_message,
        )
    settle(state, payment)


def fail(state: State, payment: Payment, declined: Decline) -> None:
    """Mark the latest attempt as failed."""
    failure = {
        "reason": "the payment company declined",
        "pgCode": declined.pg_code,
        "pgMessage": declined.pg_message,
    }
    change_status(state, payment, "FAILED", failedAt=state.now(), failure=failure)


def issue_account(
    state: State, payment: Payment, account: JsonObject, expires_at: datetime
) -> None:
    """Issue a virtual account for the latest attempt."""
    transaction = payment.latest
    transaction.account_expires_at = expires_at
    method = {
        "type": _VIRTUAL_ACCOUNT,
        "accountNumber": state.ids.digits(14),
        **account,
        "issuedAt": state.now(),
        "expiredAt": format_datetime(expires_at),
    }
    pg_tx_id = state.ids.uuid()
    change_status(state, payment, "VIRTUAL_ACCOUNT_ISSUED", method=method, pgTxId=pg_tx_id)
    state.delivery_queue.wake()


def deposit(state: State, payment: Payment, amount: int | None) -> None:
    """Deposit into the virtual account.

    Raises:
        EmulatedAPIError: PAYMENT_NOT_WAITING_FOR_DEPOSIT; INVALID_REQUEST if `amount` is not the
            total: banks accept no other amount for such an account.
    """
    _check_waits_for_deposit(payment)
    if amount is not None and amount != payment.latest.amount.total:
        raise invalid("amount", "must be the payment's total amount")
    settle(state, payment, "VIRTUAL_ACCOUNT_DEPOSIT")


def approve(state: State, payment: Payment) -> None:
    """Approve a pending payment.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if the payment is not pending.
    """
    if payment.latest.status != "PAY_PENDING":
        raise invalid("payment", f"must be PAY_PENDING, is {payment.latest.status}")
    settle(state, payment, "ASYNC_PAY_APPROVED")


def close_account(state: State, payment: Payment) -> str:
    """Close the virtual account before any deposit, and return when.

    Raises:
        EmulatedAPIError: PAYMENT_NOT_WAITING_FOR_DEPOSIT.
    """
    _check_waits_for_deposit(payment)
    now = state.now()
    payment.latest.account_expires_at = None
    change_status(state, payment, "CANCELLED", cancelledAt=now)
    return now


def next_expiry(state: State) -> datetime | None:
    """Return when the next virtual account that waits for a deposit expires, if there is one."""
    first = state.payments.expiring.first()
    return None if first is None else first[0]


def close_expired_accounts(state: State) -> None:
    """Close the expired virtual accounts."""
    now = state.clock.now()
    while (first := state.payments.expiring.first()) is not None and first[0] <= now:
        close_account(state, state.payments[first[1]])


def check_paid(payment: Payment) -> None:
    """Check that a payment is paid.

    Raises:
        EmulatedAPIError: PAYMENT_NOT_PAID.
    """
    if payment.latest.status not in CANCELLABLE:
        raise EmulatedAPIError("PAYMENT_NOT_PAID", f"the payment is {payment.latest.status}")


def has_account(transaction: Transaction) -> bool:
    """Whether the attempt uses a virtual account."""
    return transaction.fields.get("method", {}).get("type") == _VIRTUAL_ACCOUNT


def escrow_view(state: State, escrow: JsonObject) -> JsonObject:
    """Return an escrow with the fields of its status."""
    return state.document.pick(state.document.variants("PaymentEscrow")[escrow["status"]], escrow)


def _check_waits_for_deposit(payment: Payment) -> None:
    if payment.latest.status != "VIRTUAL_ACCOUNT_ISSUED":
        raise EmulatedAPIError(
            "PAYMENT_NOT_WAITING_FOR_DEPOSIT", f"the payment is {payment.latest.status}"
        )


def _values(transaction: Transaction) -> JsonObject:
    return transaction.fields | {
        "status": transaction.status,
        "amount": transaction.amount.to_json(),
        # A copy: responses already sent must not grow.
        "cancellations": list(transaction.fields["cancellations"]),
    }


def _add_event(state: State, payment: Payment, cancellation: JsonObject | None) -> None:
    transaction = payment.latest
    amount = transaction.amount
    values = transaction.fields | omit_none(
        type=transaction.status,
        id=state.ids.uuid(),
        paymentId=payment.id,
        transactionId=transaction.id,
        createdAt=state.now(),
        totalAmount=amount.to_json(),
        eventAmount=cancellation["totalAmount"] if cancellation else amount.paid,
        cancellation=cancellation,
    )
    schema = state.document.variants("PaymentEvent")[transaction.status]
    state.events.append(state.document.pick(schema, values))
