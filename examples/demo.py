"""A shop's day: payments, a partial refund, errors, and a status that PortOne has not added yet.

It runs against the emulator on loopback, over real HTTP: `make demo`.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator

import anyio

from portone_async import PortOne, RequestOptions, UnknownVariant, errors
from portone_async.emulator import Emulator, future
from portone_async.models import (
    FailedPayment,
    PageInput,
    PaidPayment,
    PartialCancelledPayment,
    Payment,
    PaymentFilterInput,
    SucceededPaymentCancellation,
)

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
STEPS: Iterator[int] = iter(range(1, 100))


def paint(text: object, code: str) -> str:
    """Colour a text, on a terminal."""
    return f"\033[{code}m{text}\033[0m" if COLOUR else str(text)


def step(title: str, code: str) -> None:
    """Print the title of a step, and its code."""
    print(f"\n{paint(f'{next(STEPS)}. {title}', '1;36')}\n   {paint(code, '2')}")


def show(text: object, code: str = "32") -> None:
    """Print a result."""
    for line in textwrap.wrap(str(text), 77):
        print(f"   {paint(line, code)}")


def describe(payment: Payment) -> str:
    """Describe a payment in one line. The type checker knows every variant."""
    match payment:
        case PaidPayment(id=payment_id, amount=amount, paid_at=paid_at):
            return f"{payment_id}: {amount.paid:,} KRW paid at {paid_at:%H:%M:%S %Z}"
        case PartialCancelledPayment(id=payment_id, amount=amount):
            return f"{payment_id}: {amount.cancelled:,} of {amount.paid:,} KRW refunded"
        case FailedPayment(id=payment_id):
            return f"{payment_id}: failed"
        case UnknownVariant(tag=tag, raw=raw):
            return f"{raw.get('id')}: {tag}, a status that this version does not know yet"
        case other:
            return f"{other.id}: {other.status}"


async def main() -> None:
    """Run the day."""
    async with (
        Emulator() as emulator,
        PortOne(emulator.secret, base_url=emulator.url) as portone,
    ):
        print(f"{paint('portone-async', '1')}: a shop's day, against an emulator at {emulator.url}")

        step(
            "Register an order's amount",
            'portone.payment.pre_register_payment("order20261130001", ...)',
        )
        await portone.payment.pre_register_payment(
            "order20261130001", total_amount=30_000, currency="KRW"
        )
        show("PortOne now refuses any other amount for order20261130001")

        step("The customer pays, in the payment window", 'emulator.checkout("order20261130001")')
        emulator.checkout("order20261130001", amount=30_000, order_name="Two bags of coffee")
        emulator.checkout("order20261130002", amount=5_000, order_name="A mug")
        emulator.checkout("order20261130003", "failed", amount=9_000, order_name="A kettle")
        show("order20261130001 and order20261130002 paid, order20261130003 failed")

        step("Look the payment up", 'match await portone.payment.get_payment("order20261130001")')
        show(describe(await portone.payment.get_payment("order20261130001")))

        step(
            "Refund 10,000 KRW; PortOne carries it out, but its response is lost",
            'portone.payment.cancel_payment("order20261130001", amount=10_000, reason=...)',
        )
        emulator.fault("cancelPayment", "reset_after")
        response = await portone.payment.cancel_payment(
            "order20261130001", amount=10_000, reason="one bag torn"
        )
        keys = [r.idempotency_key for r in emulator.requests if r.operation_id == "cancelPayment"]
        done = isinstance(response.cancellation, SucceededPaymentCancellation)
        show(
            f"sent {len(keys)} times with {len(set(keys))} idempotency key: "
            f"{'cancelled once' if done else 'not cancelled yet'}"
        )
        show(describe(await portone.payment.get_payment("order20261130001")))

        step("List paid orders", "portone.payment.get_payments(page=..., filter=...)")
        page = await portone.payment.get_payments(
            page=PageInput(number=0, size=10),
            filter=PaymentFilterInput(status=["PAID", "PARTIAL_CANCELLED"]),
        )
        for payment in page.items:
            show(describe(payment))

        step(
            "Look up a payment that does not exist",
            'portone.payment.get_payment("order20261130404")',
        )
        try:
            await portone.payment.get_payment("order20261130404")
        except errors.PaymentNotFoundError as error:
            show(f"{type(error).__name__}, a NotFoundError: {error}", "33")

        step("Pass an invalid argument: nothing is sent", 'portone.payment.get_payment("..")')
        try:
            await portone.payment.get_payment("..")
        except errors.InvalidArgumentError as error:
            show(error, "33")

        step(
            "Call while a gateway is down, without retries", "options=RequestOptions(max_retries=0)"
        )
        emulator.fault("getPayment", "502_html")
        try:
            await portone.payment.get_payment(
                "order20261130002", options=RequestOptions(max_retries=0)
            )
        except errors.BadGatewayError as error:
            show(f"{type(error).__name__}: {error} (retried by default)", "33")

        step("Read a status that PortOne adds later", "case UnknownVariant(tag=tag, raw=raw)")
        emulator.future("getPayment", future.unknown_variant("FROZEN"))
        show(describe(await portone.payment.get_payment("order20261130002")))

        print(f"\n{paint('Total:', '1')} {len(emulator.requests)} requests over real HTTP.")
        print("Next: `make shop` runs a whole shop in your browser; the guides are in docs/.")


if __name__ == "__main__":
    anyio.run(main)
