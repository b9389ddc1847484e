"""Load with faults for as long as wanted: `make soak SECONDS=3600`, or `python -m tests.soak SECONDS`.

Shops order, cancel in part and look up over both transports, through a relay and against an emulator that fail, and give
up calls at random. After each minute (in short runs, each sixth of the time) every change must have been carried out as
often as the SDK said, and the process must hold no more than it did when it was warm. Otherwise it says so, and its exit
status is 1.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any, Final, Literal

import anyio
import orjson
from anyio.abc import Process  # noqa: TC002
from anyio.streams.buffered import BufferedByteReceiveStream
from attrs import define, field

from portone_async import PortOne, RetryPolicy, Timeout, errors, models
from portone_async.models import PaymentAmountInput
from tests.soak.orders import Order, Outcome, count, mistakes
from tests.soak.resources import Resources, measure
from tests.soak.server import LATENCY

CONNECTIONS: Final = 10
"""Of each client."""
CUSTOMERS: Final = 20
"""Of each shop at a time."""
MEMORY: Final = 8 << 20
"""Bytes by which memory may go up and down."""
TRANSPORTS: Final[tuple[Literal["httpx", "direct"], ...]] = ("httpx", "direct")


@define
class Shop:
    """Orders over one transport."""

    name: str
    portone: PortOne
    random: Random
    billing_key: str = ""
    orders: dict[str, Order] = field(factory=dict)
    """Since the emulator started anew."""
    numbers: int = 0
    calls: Counter[str] = field(factory=Counter)

    async def order_until(self, ends_at: float) -> None:
        """Order until it is time to stop."""
        while anyio.current_time() < ends_at:
            await self.order()

    async def order(self) -> None:
        self.numbers += 1
        payment_id = f"{self.name}-{self.numbers}"
        order = self.orders[payment_id] = Order()
        payment = self.portone.payment
        order.payment = await self.outcome(
            lambda: payment.pay_with_billing_key(
                payment_id,
                billing_key=self.billing_key,
                amount=PaymentAmountInput(total=100_000),
                currency="KRW",
                order_name="A soak",
            )
        )
        await self.outcome(lambda: self.look_up(payment_id))
        for number in range(self.random.randrange(4)):
            order.cancellations.append("unknown")
            order.cancellations[-1] = await self.outcome(
                lambda amount=10**number: payment.cancel_payment(
                    payment_id, amount=amount, reason="returned"
                )
            )

    async def look_up(self, payment_id: str) -> None:
        payment = await self.portone.payment.get_payment(payment_id)
        assert isinstance(payment, models.PaidPayment | models.PartialCancelledPayment)
        assert payment.id == payment_id, (payment.id, payment_id)

    async def outcome(self, call: Callable[[], Awaitable[object]]) -> Outcome:
        """Make a call, or give it up before it is over, and return what is known of it."""
        patience = self.random.expovariate(10) if self.random.random() < 0.1 else 60
        with anyio.move_on_after(patience):
            try:
                await call()
            except (errors.APIConnectionError, errors.APIError, errors.ResponseError) as error:
                self.calls["errors"] += 1
                return "unknown" if error.may_have_reached else "not done"
            self.calls["results"] += 1
            return "done"
        self.calls["given up"] += 1
        return "unknown"

    def __str__(self) -> str:
        return f"{self.name}: " + ", ".join(f"{n:,} {name}" for name, n in self.calls.items())


@define
class Server:
    """The emulator and the relay, in a process of their own."""

    process: Process
    lines: BufferedByteReceiveStream

    async def read(self) -> dict[str, Any]:
        return orjson.loads(await self.lines.receive_until(b"\n", 100_000_000))

    async def ask(self) -> dict[str, Any]:
        """Return what was carried out, and start anew."""
        assert self.process.stdin is not None
        await self.process.stdin.send(b"\n")
        return await self.read()


@asynccontextmanager
async def running_server() -> AsyncGenerator[Server]:
    command = [sys.executable, "-m", "tests.soak.server"]
    async with await anyio.open_process(command, stderr=None) as process:
        assert process.stdout is not None
        yield Server(process, BufferedByteReceiveStream(process.stdout))
        process.terminate()


async def main(seconds: float) -> str | None:
    """Return what went wrong, if anything did."""
    # One thread for the lookups of addresses, so that their number does not depend on chance.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    await anyio.getaddrinfo("127.0.0.1", 0)
    cold = measure()
    async with running_server() as server, AsyncExitStack() as clients:
        start = await server.read()
        shops = [
            Shop(
                name,
                await clients.enter_async_context(
                    PortOne(
                        start["secret"],
                        base_url=start["url"],
                        transport=name,
                        max_connections=CONNECTIONS,
                        timeout=Timeout(connect=1, read=2 * LATENCY, total=5),
                        retry=RetryPolicy(initial_delay=0.02, max_delay=0.2),
                    )
                ),
                Random(name),
                start["billing_key"],
            )
            for name in TRANSPORTS
        ]
        problem = await soak(server, shops, seconds)
        if problem is not None:
            return problem
    return measure().growth(cold, memory=sys.maxsize, descriptors=0)


async def soak(server: Server, shops: list[Shop], seconds: float) -> str | None:
    """Return what went wrong, if anything did."""
    parts = max(6, round(seconds / 60))
    warm: Resources | None = None
    for part in range(1, parts + 1):
        ends_at = anyio.current_time() + seconds / parts
        async with anyio.create_task_group() as tasks:
            for shop in shops:
                for _ in range(CUSTOMERS):
                    tasks.start_soon(shop.order_until, ends_at)
        await anyio.sleep(2 * LATENCY)  # what was given up may be carried out all the same
        report = await server.ask()
        orders = {name: order for shop in shops for name, order in shop.orders.items()}
        found = mistakes(orders, report["carried_out"])
        if found:
            return "\n".join(found)
        outcomes = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(count(orders).items()))
        for shop in shops:
            shop.orders, shop.billing_key = {}, report["billing_key"]
        del orders, report
        resources = measure()
        sys.stdout.write(
            f"part {part} of {parts}: {resources}. Changes, each as often as was said: {outcomes}. "
            f"Calls so far: {'; '.join(map(str, shops))}\n"
        )
        sys.stdout.flush()
        if part == max(2, parts // 6):
            warm = resources
        if warm is not None:
            idle = len(shops) * CONNECTIONS
            growth = resources.growth(warm, memory=MEMORY, descriptors=idle)
            if growth is not None:
                return growth
    return None


if __name__ == "__main__":
    sys.exit(anyio.run(main, float(*sys.argv[1:])))
