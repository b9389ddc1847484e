"""A wrong call is an error before it runs."""

from __future__ import annotations

from datetime import UTC, date, datetime

from portone_async import PortOne, RequestOptions, Unrecognized
from portone_async.models import (
    CustomerInput,
    InstantPaymentMethodInput,
    InstantPaymentMethodInputVirtualAccount,
    PageInput,
    PaymentAmountInput,
    PaymentFilterInput,
)

amount = PaymentAmountInput(total=1000)
method = InstantPaymentMethodInput()


async def right(portone: PortOne, currency: str) -> None:
    await portone.payment.cancel_payment("order-1", reason="r", requester="CUSTOMER")
    await portone.payment.cancel_payment(payment_id="order-1", reason="r", amount=None)
    await portone.payment.cancel_payment(
        "order-1", reason="r", options=RequestOptions(max_retries=0, timeout=5)
    )
    await portone.payment.pay_instantly(
        "order-1", amount=amount, currency="KRW", method=method, order_name="Tea"
    )
    await portone.payment.pay_instantly(
        "order-1", amount=amount, currency=Unrecognized("NEW"), method=method, order_name="Tea"
    )
    await portone.payment.pay_instantly(
        "order-1", amount=amount, currency=Unrecognized(currency), method=method, order_name="Tea"
    )
    await portone.payment.get_payments(
        filter=PaymentFilterInput(
            from_=datetime(2024, 1, 1, tzinfo=UTC), status=["PAID", Unrecognized("NEW")]
        ),
        page=PageInput(number=0, size=100),
    )


async def a_misspelt_enum_value(portone: PortOne, currency: str) -> None:
    await portone.payment.cancel_payment(
        "order-1",
        reason="r",
        requester="COSTUMER",  # error: arg-type reportArgumentType
    )
    await portone.payment.pay_instantly(
        "order-1",
        amount=amount,
        currency="KWR",  # error: arg-type reportArgumentType
        method=method,
        order_name="Tea",
    )
    await portone.payment.pay_instantly(
        "order-1",
        amount=amount,
        currency=currency,  # error: arg-type reportArgumentType
        method=method,
        order_name="Tea",
    )
    PaymentFilterInput(status=["PAYED"])  # error: list-item reportArgumentType


async def a_missing_argument(portone: PortOne) -> None:
    await portone.payment.get_payment()  # error: call-arg reportCallIssue
    await portone.payment.cancel_payment("order-1")  # error: call-arg reportCallIssue
    PaymentAmountInput()  # error: call-arg reportCallIssue


async def a_wrong_type(portone: PortOne) -> None:
    await portone.payment.get_payment(1)  # error: arg-type reportArgumentType
    await portone.payment.cancel_payment("a", reason=1)  # error: arg-type reportArgumentType
    await portone.payment.cancel_payment(
        "a",
        reason="r",
        amount="1",  # error: arg-type reportArgumentType
    )
    await portone.payment.cancel_payment(
        "a",
        reason="r",
        amount=1.5,  # error: arg-type reportArgumentType
    )
    await portone.payment.get_payments(page={"number": 0})  # error: arg-type reportArgumentType
    await portone.payment.get_payment("a", options={})  # error: arg-type reportArgumentType
    PaymentAmountInput(total="1000")  # error: arg-type reportArgumentType
    PaymentFilterInput(from_="2024-01-01")  # error: arg-type reportArgumentType
    PaymentFilterInput(from_=date(2024, 1, 1))  # error: arg-type reportArgumentType
    CustomerInput(name="Kim")  # error: arg-type reportArgumentType
    InstantPaymentMethodInput(
        card=InstantPaymentMethodInputVirtualAccount  # error: arg-type reportArgumentType
    )
    RequestOptions(timeout="5")  # error: arg-type reportArgumentType


async def an_unknown_argument(portone: PortOne) -> None:
    call = portone.payment
    await call.get_payment("a", storeId="store")  # error: call-arg reportCallIssue
    await call.cancel_payment("a", reason="r", reazon="r")  # error: call-arg reportCallIssue
    call.get_paymint  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType
    PaymentAmountInput(total=1, tax=1)  # error: call-arg reportCallIssue
    PortOne("secret", retries=1)  # error: call-arg reportCallIssue


async def a_keyword_given_by_position(portone: PortOne) -> None:
    await portone.payment.cancel_payment("a", "r")  # error: call-arg reportCallIssue
    await portone.payment.get_payment("a", "store")  # error: call-arg reportCallIssue
    PaymentAmountInput(1000)  # error: call-arg,arg-type reportCallIssue
    PortOne("secret", "token")  # error: call-arg reportCallIssue


async def a_call_without_await(portone: PortOne) -> None:
    portone.payment.get_payment("a")  # error: unused-coroutine reportUnusedCoroutine
