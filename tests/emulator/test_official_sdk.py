"""PortOne's own Python SDK, unmodified, as an independent client of the emulator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import portone_server_sdk as official
import pytest
from portone_server_sdk import common, errors, identity_verification, payment, webhook
from portone_server_sdk.payment import billing_key as keys
from portone_server_sdk.payment import cash_receipt, payment_schedule

from portone_emulator import Emulator

from .conftest import START
from .receiver import Receiver, receiving
from .response_checks import operations

SCENARIOS = "test_official_sdk*.py"
CHANNEL = "channel-key-1"
CREDENTIAL = common.CardCredential(number="4111111111111111", expiry_year="30", expiry_month="12")
CARD = payment.InstantPaymentMethodInput(card=payment.InstantPaymentMethodInputCard(CREDENTIAL))
AMOUNT = common.PaymentAmountInput(total=1000)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def emulator(receiver: Receiver) -> Iterator[Emulator]:
    # One for the whole scenario: creating the official client takes 1.5 seconds.
    with Emulator(start_at=START, webhook_url=receiver.url) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> Iterator[official.PortOneClient]:
    client = official.PortOneClient(
        secret=emulator.secret, base_url=emulator.url, store_id=emulator.store_id
    )
    yield client
    close(client)


def close(client: Any) -> None:
    """Close the HTTP clients of the SDK's client: it has no method for that."""
    for part in vars(client).values():
        if isinstance(part, httpx.Client):
            part.close()
        elif type(part).__module__.startswith("portone_server_sdk"):
            close(part)


def test_paid_in_the_window_and_cancelled(
    emulator: Emulator, client: official.PortOneClient
) -> None:
    client.payment.pre_register_payment(payment_id="window", total_amount=1000, currency="KRW")
    emulator.checkout("window", amount=1000, customer={"id": "customer-1"})
    paid = client.payment.get_payment(payment_id="window")
    assert isinstance(paid, payment.PaidPayment)
    assert (paid.amount.paid, paid.customer.id) == (1000, "customer-1")
    client.payment.cancel_payment(payment_id="window", reason="changed mind", amount=400)
    partly = client.payment.get_payment(payment_id="window")
    assert isinstance(partly, payment.PartialCancelledPayment)
    made = client.payment.cancel_payment(
        payment_id="window", reason="changed mind", current_cancellable_amount=600
    ).cancellation
    assert isinstance(made, payment.SucceededPaymentCancellation)
    assert made.total_amount == 600
    with pytest.raises(errors.PaymentAlreadyCancelledError):
        client.payment.cancel_payment(payment_id="window", reason="changed mind")
    attempts = client.payment.get_payment_transactions(payment_id="window").items
    assert len(attempts) == 1


def test_authenticated_in_the_window_and_confirmed(
    emulator: Emulator, client: official.PortOneClient
) -> None:
    window = emulator.checkout("confirm", "authenticated", amount=1000)
    assert window.payment_token is not None
    with pytest.raises(errors.InformationMismatchError):
        client.payment.confirm_payment(
            payment_id="confirm", payment_token=window.payment_token, total_amount=1
        )
    client.payment.confirm_payment(
        payment_id="confirm",
        payment_token=window.payment_token,
        tx_id=window.tx_id,
        total_amount=1000,
    )
    client.payment.capture_payment(payment_id="confirm")
    item = payment.RegisterStoreReceiptBodyItem(
        store_business_registration_number="1234567890",
        store_name="a stall",
        total_amount=1000,
        currency="KRW",
    )
    assert client.payment.register_store_receipt(payment_id="confirm", items=[item]).receipt_url


def test_instant(emulator: Emulator, client: official.PortOneClient) -> None:
    order: dict[str, Any] = {
        "channel_key": CHANNEL,
        "method": CARD,
        "order_name": "a book",
        "amount": AMOUNT,
        "currency": "KRW",
    }
    client.payment.pay_instantly(payment_id="instant", **order)
    with pytest.raises(errors.AlreadyPaidError):
        client.payment.pay_instantly(payment_id="instant", **order)
    emulator.decline(pg_code="42")
    with pytest.raises(errors.PgProviderError) as declined:
        client.payment.pay_instantly(payment_id="declined", **order)
    assert declined.value.pg_code == "42"
    failed = client.payment.get_payment(payment_id="declined")
    assert isinstance(failed, payment.FailedPayment)
    with pytest.raises(errors.PaymentNotFoundError):
        client.payment.get_payment(payment_id="none/such ✓")


def test_virtual_account(emulator: Emulator, client: official.PortOneClient) -> None:
    method = payment.InstantPaymentMethodInput(
        virtual_account=payment.InstantPaymentMethodInputVirtualAccount(
            bank="SHINHAN",
            expiry=payment.InstantPaymentMethodInputVirtualAccountExpiry(valid_hours=24),
            option=payment.InstantPaymentMethodInputVirtualAccountOption(type="NORMAL"),
        )
    )
    for payment_id in ("deposit", "closed"):
        client.payment.pay_instantly(
            payment_id=payment_id,
            channel_key=CHANNEL,
            method=method,
            order_name="a book",
            amount=AMOUNT,
            currency="KRW",
        )
    assert isinstance(
        client.payment.get_payment(payment_id="deposit"), payment.VirtualAccountIssuedPayment
    )
    emulator.deposit("deposit")
    client.payment.close_virtual_account(payment_id="closed")
    assert isinstance(client.payment.get_payment(payment_id="deposit"), payment.PaidPayment)
    assert isinstance(client.payment.get_payment(payment_id="closed"), payment.CancelledPayment)


def test_billing_keys_and_schedules(emulator: Emulator, client: official.PortOneClient) -> None:
    billing_key = client.payment.billing_key.issue_billing_key(
        method=keys.InstantBillingKeyPaymentMethodInput(
            card=keys.InstantBillingKeyPaymentMethodInputCard(CREDENTIAL)
        ),
        channel_key=CHANNEL,
    ).billing_key_info.billing_key
    info = client.payment.billing_key.get_billing_key_info(billing_key=billing_key)
    assert isinstance(info, keys.IssuedBillingKeyInfo)
    assert client.payment.billing_key.get_billing_key_infos().page.total_count == 1
    client.payment.pay_with_billing_key(
        payment_id="billed",
        billing_key=billing_key,
        order_name="a month",
        amount=AMOUNT,
        currency="KRW",
    )
    plan = payment_schedule.BillingKeyPaymentScheduleInput(
        billing_key=billing_key, order_name="a month", amount=AMOUNT, currency="KRW"
    )
    schedules = client.payment.payment_schedule
    made = [
        schedules.create_payment_schedule(
            payment_id=payment_id, payment=plan, time_to_pay="2026-08-01T00:00:00Z"
        ).schedule.id
        for payment_id in ("august", "never")
    ]
    revoked = schedules.revoke_payment_schedules(schedule_ids=made[1:])
    assert revoked.revoked_schedule_ids == made[1:]
    emulator.advance(days=40)
    completed = schedules.get_payment_schedule(payment_schedule_id=made[0])
    assert isinstance(completed, payment_schedule.SucceededPaymentSchedule)
    assert schedules.get_payment_schedules().page.total_count == 2
    paid = client.payment.get_payment(payment_id="august")
    assert isinstance(paid, payment.PaidPayment)
    assert paid.schedule_id == made[0]
    client.payment.billing_key.delete_billing_key(billing_key=billing_key)
    deleted = client.payment.billing_key.get_billing_key_info(billing_key=billing_key)
    assert isinstance(deleted, keys.DeletedBillingKeyInfo)


def test_cash_receipts(emulator: Emulator, client: official.PortOneClient) -> None:
    emulator.checkout("cash", method="transfer", amount=1000)
    receipts = client.payment.cash_receipt
    issued = receipts.issue_cash_receipt(
        payment_id="cash",
        channel_key=CHANNEL,
        type="PERSONAL",
        order_name="a book",
        currency="KRW",
        amount=AMOUNT,
        customer=cash_receipt.IssueCashReceiptCustomerInput(identity_number="01012345678"),
    )
    found = receipts.get_cash_receipt_by_payment_id(payment_id="cash")
    assert isinstance(found, cash_receipt.IssuedCashReceipt)
    assert found.issue_number == issued.cash_receipt.issue_number
    assert receipts.get_cash_receipts().page.total_count == 1
    receipts.cancel_cash_receipt_by_payment_id(payment_id="cash")
    found = receipts.get_cash_receipt_by_payment_id(payment_id="cash")
    assert isinstance(found, cash_receipt.CancelledCashReceipt)


def test_identity_verification(client: official.PortOneClient) -> None:
    verifications = client.identity_verification
    verifications.send_identity_verification(
        identity_verification_id="person",
        channel_key=CHANNEL,
        customer=identity_verification.SendIdentityVerificationBodyCustomer(
            name="Kim",
            phone_number="01012345678",
            ip_address="127.0.0.1",
            identity_number="9001012",
        ),
        operator="SKT",
        method="SMS",
    )
    verifications.resend_identity_verification(identity_verification_id="person")
    verifications.confirm_identity_verification(identity_verification_id="person", otp="123456")
    person = verifications.get_identity_verification(identity_verification_id="person")
    assert isinstance(person, identity_verification.VerifiedIdentityVerification)
    assert person.verified_customer.birth_date == "1990-01-01"
    assert verifications.get_identity_verifications().page.total_count == 1


def id_of(found: payment.Payment | dict[str, Any]) -> str:
    """Return a payment's ID; the SDK returns unknown variants as dictionaries."""
    assert not isinstance(found, dict)
    return found.id


def test_lists(emulator: Emulator, client: official.PortOneClient) -> None:
    for number in range(3):
        emulator.checkout(f"listed-{number}", amount=1000)
    emulator.checkout("listed-failed", "failed", amount=1000)
    everything = client.payment.get_payments(page=common.PageInput(number=0, size=100))
    paid = client.payment.get_payments(filter=payment.PaymentFilterInput(status=["PAID"]))
    assert 0 < paid.page.total_count < everything.page.total_count == len(everything.items)
    seen: list[str] = []
    cursor = None
    while page := client.payment.get_all_payments_by_cursor(cursor=cursor, size=2).items:
        seen += [id_of(item.payment) for item in page]
        cursor = page[-1].cursor
    assert sorted(seen) == sorted(id_of(item) for item in everything.items)
    assert client.payment.get_all_payment_events_by_cursor(size=3).items


def test_tokens(emulator: Emulator, client: official.PortOneClient) -> None:
    tokens = client.auth.login_via_api_secret(api_secret=emulator.secret)
    assert client.auth.refresh_token(refresh_token=tokens.refresh_token).access_token
    with pytest.raises(errors.UnauthorizedError):
        client.auth.login_via_api_secret(api_secret="wrong")


def test_webhooks(emulator: Emulator, client: official.PortOneClient, receiver: Receiver) -> None:
    emulator.checkout("told", amount=1000)
    client.payment.cancel_payment(payment_id="told", reason="changed mind")
    client.payment.resend_webhook(payment_id="told")
    emulator.wait_for_webhooks()
    verified = [
        webhook.verify(emulator.webhook_secret, each.content.decode(), dict(each.headers))
        for each in receiver.received
    ]
    assert len(verified) == len(emulator.deliveries) > 2
    # It returns unknown events as dictionaries: there are none.
    assert not [event for event in verified if isinstance(event, dict)]
    assert all(delivery.is_delivered for delivery in emulator.deliveries)


def test_at_least_60_operations_are_called() -> None:
    """Counted in the source: with several workers, none of them runs all of these tests."""
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob(SCENARIOS))
    names = {
        re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", operation["operationId"])
        for _, _, operation in operations()
    }
    assert len(names & set(re.findall(r"\.(\w+)", tests))) >= 60
