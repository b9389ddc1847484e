"""The other side of the soak test: an emulator that fails, behind a relay that fails.

It writes a line of JSON when it listens. Asked by a line, it writes what was carried out since the last time, and starts
anew.
"""

from __future__ import annotations

import sys
from random import Random
from typing import Any, Final, get_args

import anyio
import orjson
from anyio import to_thread

from portone_emulator import Emulator, FaultKind
from tests.core.transport.relay import Direction, Fault, Plan, relaying

LATENCY: Final = 0.3
"""Seconds by which some requests are carried out late."""
_FAULTS: Final[dict[str, tuple[FaultKind, float]]] = {
    "payWithBillingKey": ("reset_after", 0.05),
    "cancelPayment": ("truncated", 0.05),
    "getPayment": ("429", 0.05),
    "*": ("latency", 0.02),
}
_OTHER_FAULTS: Final[dict[str, tuple[FaultKind, float]]] = {
    "payWithBillingKey": ("502_html", 0.05),
    "cancelPayment": ("reset_after", 0.05),
    "getPayment": ("reset_before", 0.05),
    "*": ("503", 0.05),
}


def begin(emulator: Emulator, faults: dict[str, tuple[FaultKind, float]]) -> dict[str, Any]:
    """Forget everything, and return what a shop needs to know."""
    emulator.reset()
    for operation, (kind, probability) in faults.items():
        emulator.fault(operation, kind, times=None, probability=probability, delay=LATENCY)
    return {"billing_key": emulator.issue_billing_key().billing_key}


def carried_out(emulator: Emulator) -> dict[str, int]:
    """Return how much of each payment that was made was cancelled."""
    return {
        payment_id: payment["amount"]["cancelled"]
        for payment_id, payment in emulator.payments.items()
        if payment["status"] not in ("READY", "FAILED")
    }


async def main() -> None:
    random = Random(0)

    def draw() -> Plan | None:
        if random.random() < 0.5:
            return None
        fault: Fault = random.choice(get_args(Fault))
        direction: Direction = random.choice(get_args(Direction))
        return Plan(fault, direction, int(random.expovariate(1 / 10_000)))

    async with Emulator() as emulator, relaying(emulator.url) as relay:
        relay.otherwise = draw
        faults, other_faults = _FAULTS, _OTHER_FAULTS
        report: dict[str, Any] = {"url": relay.url, "secret": emulator.secret}
        while True:
            report |= begin(emulator, faults)
            sys.stdout.buffer.write(orjson.dumps(report) + b"\n")
            sys.stdout.flush()
            if not await to_thread.run_sync(sys.stdin.readline):
                return
            report = {"carried_out": carried_out(emulator)}
            relay.sizes.clear()
            faults, other_faults = other_faults, faults


if __name__ == "__main__":
    anyio.run(main)
