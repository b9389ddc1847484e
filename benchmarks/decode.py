"""Reading one payment from bytes: dates parsed, tags dispatched, unknown fields kept."""

import importlib
import json
import statistics
import timeit
from typing import Any

import orjson

from benchmarks.sample import CONTENT
from benchmarks.table import show
from portone_async._response import reply_reader

ROUNDS, CALLS = 15, 1000


def official() -> Any:
    """The official SDK's own function, on the standard library's JSON as its client uses it."""
    module = importlib.import_module("portone_server_sdk._generated.payment.payment")
    return lambda: module._deserialize_payment(json.loads(CONTENT))


def ours() -> Any:
    read = reply_reader("Payment")
    return lambda: read(orjson.loads(CONTENT))


def main() -> None:
    """Measure each in turn, round by round, so that what slows the machine slows all of them."""
    contestants = {
        "official SDK": official(),
        "portone-async": ours(),
        "orjson alone": lambda: orjson.loads(CONTENT),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            times[name].append(timeit.timeit(run, number=CALLS) / CALLS * 1e6)
    base = times["official SDK"]
    rows = [
        (
            name,
            f"{statistics.median(found):.1f}",
            f"{statistics.median(t / b for t, b in zip(found, base, strict=True)):.2f}",
        )
        for name, found in times.items()
    ]
    show(f"Reading one payment of {len(CONTENT):,} bytes", ("", "µs (median)", "of official"), rows)
