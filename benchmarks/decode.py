"""Reading payments from bytes, more and more of them: dates parsed, union variants chosen, unknown fields kept.

Each contender reads in a process of its own, so that the garbage collector has no other objects to go through:
`python -m benchmarks.decode NAME`. With `_no_gc` the collector is off: what is missing then is its share.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import orjson

from benchmarks import cores
from benchmarks.sample import CONTENT, PAYMENT
from benchmarks.section import Section, summarize

ROUNDS = 7
# How long a contender reads each body in a round.
SECONDS = 0.1
# Payments per body: 1 is the response of a lookup, the others are pages of a list.
PAYMENTS = (1, 10, 100, 1_000)

Read = Callable[[], Any]


def official(content: bytes, *, page: bool) -> Read:
    """The official SDK's own function, on the standard library's JSON as its client uses it."""
    name = "get_payments_response" if page else "payment"
    module = import_module(f"portone_server_sdk._generated.payment.{name}")
    deserialize = getattr(module, f"_deserialize_{name}")
    return lambda: deserialize(json.loads(content))


def ours(content: bytes, *, page: bool) -> Read:
    """What the client does with a response."""
    # Here, so that the other contenders' processes do not import it.
    from portone_async._decoding import read_response  # noqa: PLC0415
    from portone_async._errors import RequestInfo  # noqa: PLC0415
    from portone_async._operation import Operation  # noqa: PLC0415
    from portone_async._response import RawResponse  # noqa: PLC0415

    name = "GetPaymentsResponse" if page else "Payment"
    operation: Operation[Any] = Operation("read", "GET", "/", response=name)
    response = RawResponse(200, {}, content, RequestInfo("GET", "/"))
    return lambda: read_response(operation, response)


def orjson_alone(content: bytes, *, page: bool) -> Read:  # noqa: ARG001  (dictionaries either way)
    """The lower bound: dictionaries."""
    return lambda: orjson.loads(content)


CONTENDERS = {"official": official, "ours": ours, "orjson": orjson_alone}
NO_GC = "_no_gc"
NAMES = (*CONTENDERS, "official" + NO_GC, "ours" + NO_GC)


def response_body(count: int) -> bytes:
    """One payment, as a lookup returns it, or a page of a list."""
    if count == 1:
        return CONTENT
    page = {"items": [PAYMENT] * count, "page": {"number": 0, "size": count, "totalCount": count}}
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()


def seconds(name: str, count: int) -> float:
    """Seconds to read a body once."""
    read = CONTENDERS[name.removesuffix(NO_GC)](response_body(count), page=count > 1)
    read()
    reads, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < SECONDS:
        read()
        reads += 1
    return elapsed / reads


def run_contender(name: str) -> list[float]:
    """Let one contender read each body in a new process, and return its seconds."""
    with cores.measured():
        finished = subprocess.run(
            [sys.executable, "-m", "benchmarks.decode", name],
            check=True,
            stdout=subprocess.PIPE,
            timeout=60,
        )
    durations: list[float] = json.loads(finished.stdout)
    return durations


def measure() -> dict[str, Section]:
    """Run the contenders in turn, round by round."""
    rounds = [{name: run_contender(name) for name in NAMES} for _ in range(ROUNDS)]
    duration = Section(title="Reading payments from bytes", unit="s", cases={})
    throughput = Section(title="The same as throughput", unit="MB per s", cases={})
    for index, count in enumerate(PAYMENTS):
        durations = {name: [each[name][index] for each in rounds] for name in NAMES}
        megabytes = len(response_body(count)) / 1e6
        case = f"{count:,} payment{'s' * (count > 1)}, {_format_size(megabytes)}"
        duration["cases"][case] = summarize(durations)
        throughput["cases"][case] = summarize(
            {name: [megabytes / each for each in values] for name, values in durations.items()}
        )
    return {"decode": duration, "throughput": throughput}


def _format_size(megabytes: float) -> str:
    if megabytes > 1:
        return f"{megabytes:.1f} MB"
    kilobytes = megabytes * 1e3
    return f"{kilobytes:.1f} kB" if kilobytes < 10 else f"{kilobytes:.0f} kB"  # noqa: PLR2004


if __name__ == "__main__":
    if sys.argv[1].endswith(NO_GC):
        gc.disable()
    print(json.dumps([seconds(sys.argv[1], count) for count in PAYMENTS]))
