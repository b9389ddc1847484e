"""Faults at every byte of a response, and of the request's receipt: the call's result, or an error that is right.

With `PORTONE_TESTS_EXHAUSTIVE=1` TLS is tested at every byte too, its handshake included, instead of a sample.
"""

from __future__ import annotations

import random
import ssl
import sys
from collections import defaultdict
from typing import Final, get_args

import anyio
import pytest

from portone_async import PortOne, RequestOptions, Timeout, errors, models
from tests.core.server import PATIENCE, Exchange, Server, Step, head
from tests.core.transport.matrix import AT_ONCE, EXHAUSTIVE, Kind
from tests.core.transport.relay import Direction, Fault, Plan, Relay, relaying
from tests.core.transport.servers import requested_id

pytestmark = pytest.mark.anyio
# Thirty TLS handshakes at once take a second of a busy machine, and would all be tried again at once.
SHORT: Final = Timeout(connect=3, read=1)
LONG: Final = Timeout(connect=PATIENCE, read=PATIENCE)


Keys = defaultdict[str, set[str | None]]
"""The idempotency keys that arrived for each payment."""


async def cancel(exchange: Exchange, keys: Keys) -> None:
    """Respond with a cancellation that bears the payment's id, chunked or not."""
    payment_id = requested_id(exchange)
    keys[payment_id].add(exchange.request.key)
    body = b'{"cancellation":{"status":"SUCCEEDED","id":"%b"}}' % payment_id.encode()
    if int(payment_id.rpartition("-")[2]) % 2:
        headers = {"Connection": "close", "Transfer-Encoding": "chunked"}
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        headers = {"Connection": "close", "Content-Length": str(len(body))}
    await exchange.write(head(200, headers) + body)


class Calls:
    """Calls by which payments are cancelled, and what came of them."""

    def __init__(self, portone: PortOne, keys: Keys, name: str) -> None:
        self.portone = portone
        self.keys = keys
        self.name = name
        self.count = 0
        self.results = 0
        self.errors: list[errors.APIConnectionError] = []

    def __str__(self) -> str:
        return f"{self.name} {self.results} results and {len(self.errors)} errors"

    async def make_one(self, options: RequestOptions) -> None:
        self.count += 1
        payment_id = f"{self.name}-{self.count}"
        try:
            found = await self.portone.payment.cancel_payment(
                payment_id, reason="x" * 20, options=options
            )
        except errors.APIConnectionError as error:
            self.errors.append(error)
            self.check(error, self.keys[payment_id])
        else:
            assert isinstance(found.cancellation, models.SucceededPaymentCancellation)
            assert found.cancellation.id == payment_id
            self.results += 1
        # All attempts of a call have one key: PortOne carries it out once.
        assert len(self.keys[payment_id]) <= 1

    @staticmethod
    def check(error: errors.APIConnectionError, received: set[str | None]) -> None:
        """Check that an error does not deny what PortOne received."""
        assert error.may_have_reached or not received
        assert received <= {error.request.idempotency_key}

    async def make(self, relay: Relay, plans: list[Plan], retries: int) -> None:
        """Call until each plan was followed."""
        stalls = [plan for plan in plans if plan.fault == "stall"]
        # Those take time, and nothing else: many at once. The others are to fail for no reason but their own.
        for chosen, concurrency, timeout in (
            (stalls, 30, SHORT),
            ([plan for plan in plans if plan.fault != "stall"], 10, LONG),
        ):
            options = RequestOptions(timeout=timeout, max_retries=retries)
            limiter = anyio.Semaphore(concurrency)
            # Where there are retries, half of the connections are good ones.
            relay.plans = chosen + [None] * len(chosen) * bool(retries)
            random.Random(4).shuffle(relay.plans)

            async def call(
                limiter: anyio.Semaphore = limiter, options: RequestOptions = options
            ) -> None:
                await self.make_one(options)
                limiter.release()

            async with anyio.create_task_group() as tasks:
                while relay.plans:
                    await limiter.acquire()
                    tasks.start_soon(call)


async def measure(portone: PortOne, relay: Relay) -> dict[Direction, int]:
    """Return how many bytes a call takes in each direction."""
    calls = Calls(portone, defaultdict(set), "measured")
    for _ in range(4):
        await calls.make_one(RequestOptions(max_retries=0))
    assert calls.results == 4
    size: dict[Direction, int] = {"request": 0, "response": 0}
    for direction in size:
        size[direction] = max(sizes[direction] for sizes in relay.sizes)
    return size


def make_plans(sizes: dict[Direction, int], *, with_tls: bool) -> list[Plan]:
    """A plan for each fault at each byte of each direction; for some, which differ little, at a sample of them."""
    chance = random.Random(3)
    plans: list[Plan] = []
    for direction, size in sizes.items():
        for fault in get_args(Fault):
            step = 1
            if not EXHAUSTIVE:
                step *= 12 if fault == "stall" else 1
                step *= 48 if with_tls else 6 if direction == "request" else 1
            offsets = {*range(0, size + 1, step)}
            if with_tls:  # the end of the response is a record among others
                offsets |= {*range(size - 60, size + 1, min(step, 10))}
            plans += [Plan(fault, direction, offset) for offset in offsets]
    chance.shuffle(plans)
    return plans


async def test_a_call_has_its_result_or_an_error_that_is_right(
    kind: Kind, any_server: Server, client_tls: ssl.SSLContext | None
) -> None:
    """Without retries, most faults are errors; with them, most calls succeed in the end, under one key."""
    keys: Keys = defaultdict(set)
    any_server.always = Step(lambda exchange: cancel(exchange, keys))
    with_tls = client_tls is not None
    async with (
        relaying(any_server.url) as relay,
        kind.client(relay.url, retry=AT_ONCE, ssl_context=client_tls) as portone,
    ):
        plans = make_plans(await measure(portone, relay), with_tls=with_tls)
        once = Calls(portone, keys, "once")
        await once.make(relay, plans[::2], 0)
        retried = Calls(portone, keys, "retried")
        await retried.make(relay, plans[1::2], 6)
    form = "TLS" if with_tls else "plain"
    sys.stdout.write(f"{kind} {form}: {len(plans)} faults, {once} and {retried}\n")
    # A fault behind the last byte of the response does no harm.
    assert once.errors
    reached = {error.may_have_reached for error in once.errors}
    # Within the handshake nothing was sent yet.
    assert reached == ({True, False} if with_tls else {True}) or not with_tls
    assert retried.results > 10 * len(retried.errors)
