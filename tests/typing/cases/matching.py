"""A payment is one of its variants or an `UnknownVariant`, and a checker sees a forgotten one."""

from __future__ import annotations

from typing import assert_never

from portone_async import PortOne, UnknownVariant
from portone_async.models import (
    CancelledPayment,
    FailedPayment,
    PaidPayment,
    PartialCancelledPayment,
    PayPendingPayment,
    ReadyPayment,
    VirtualAccountIssuedPayment,
)


async def every_variant(portone: PortOne) -> str:
    payment = await portone.payment.get_payment("order-1")
    match payment:
        case PaidPayment(amount=amount, paid_at=paid_at):
            reveal_type(amount)  # revealed: PaymentAmount
            reveal_type(paid_at)  # revealed: datetime
            reveal_type(payment.status)  # revealed: Literal['PAID']
            return "paid"
        case (
            CancelledPayment(cancelled_at=cancelled_at)
            | PartialCancelledPayment(cancelled_at=cancelled_at)
        ):
            reveal_type(cancelled_at)  # revealed: datetime
            return "cancelled"
        case FailedPayment(failure=failure):
            reveal_type(failure)  # revealed: PaymentFailure
            return "failed"
        case ReadyPayment() | PayPendingPayment() | VirtualAccountIssuedPayment():
            reveal_type(
                payment  # revealed: PayPendingPayment | ReadyPayment | VirtualAccountIssuedPayment
            )
            return "open"
        case UnknownVariant(tag=tag, raw=raw):
            reveal_type(tag)  # revealed: str | None
            reveal_type(raw)  # revealed: dict[str, Any]
            return "new"
        case _:
            assert_never(payment)


async def without_default(portone: PortOne) -> str:
    match await portone.payment.get_payment("order-1"):
        case PaidPayment() | CancelledPayment() | PartialCancelledPayment():
            return "was paid"
        case FailedPayment() | ReadyPayment() | PayPendingPayment() | VirtualAccountIssuedPayment():
            return "was not paid"
        case UnknownVariant():
            return "new"


async def without_unknown_variants(portone: PortOne) -> str:
    payment = await portone.payment.get_payment("order-1")
    match payment:
        case PaidPayment() | CancelledPayment() | PartialCancelledPayment():
            return "was paid"
        case FailedPayment() | ReadyPayment() | PayPendingPayment() | VirtualAccountIssuedPayment():
            return "was not paid"
        case _:
            assert_never(payment)  # error: arg-type reportArgumentType


async def without_failed_payments(portone: PortOne) -> str:
    payment = await portone.payment.get_payment("order-1")
    match payment:
        case PaidPayment() | CancelledPayment() | PartialCancelledPayment():
            return "was paid"
        case ReadyPayment() | PayPendingPayment() | VirtualAccountIssuedPayment():
            return "was not paid"
        case UnknownVariant():
            return "new"
        case _:
            assert_never(payment)  # error: arg-type reportArgumentType


async def one_field_of_any_variant(portone: PortOne) -> None:
    payment = await portone.payment.get_payment("order-1")
    payment.id  # error: union-attr reportAttributeAccessIssue,reportUnknownMemberType
    if not isinstance(payment, UnknownVariant):
        reveal_type(payment.id)  # revealed: str
        reveal_type(payment.currency == "KRW")  # revealed: bool
    if isinstance(payment, PaidPayment):
        payment.payed_at  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType


async def by_the_tag(portone: PortOne) -> None:
    payment = await portone.payment.get_payment("order-1")
    if isinstance(payment, UnknownVariant):
        reveal_type(payment)  # revealed: UnknownVariant
    elif payment.status == "PAID":
        reveal_type(payment)  # revealed: PaidPayment
    elif payment.status == "PAYED":  # error: comparison-overlap reportUnnecessaryComparison
        pass


async def a_union_in_a_field(portone: PortOne) -> None:
    reply = await portone.payment.cancel_payment("order-1", reason="out of stock")
    cancellation = reply.cancellation
    if not isinstance(cancellation, UnknownVariant):
        reveal_type(cancellation.id)  # revealed: str
