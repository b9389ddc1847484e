"""Reading payments from bytes, more and more of them: dates parsed, tags dispatched, unknown fields kept.

Each contender reads in a process of its own, with no more objects around for the garbage collector than it needs
itself: `python -m benchmarks.decode NAME`.
"""

from __future__ import annotations

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
from benchmarks.section import Section, figures

ROUNDS = 7
# How long one contender reads each page in a round.
SECONDS = 0.1
# How many payments; one is the answer to a lookup, the others are pages of a list.
PAGES = (1, 10, 100, 1_000)

Read = Callable[[], Any]


def official(content: bytes, *, page: bool) -> Read:
    """The official SDK's own function, on the standard library's JSON as its client uses it."""
    name = "get_payments_response" if page else "payment"
    module = import_module(f"portone_server_sdk._generated.payment.{name}")
    read = getattr(module, f"_deserialize_{name}")
    return lambda: read(json.loads(content))


def ours(content: bytes, *, page: bool) -> Read:
    """What the client does with a body."""
    from portone_async._registry import model_reader

    read = model_reader("GetPaymentsResponse" if page else "Payment")
    return lambda: read(orjson.loads(content))


def alone(content: bytes, *, page: bool) -> Read:
    """The floor: dictionaries."""
    return lambda: orjson.loads(content)


CONTENDERS = {"official": official, "ours": ours, "orjson": alone}


def answer(count: int) -> bytes:
    """One payment, as a lookup answers, or a page of a list."""
    if count == 1:
        return CONTENT
    page = {"items": [PAYMENT] * count, "page": {"number": 0, "size": count, "totalCount": count}}
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()


def seconds(name: str, count: int) -> float:
    """Seconds that one reading takes."""
    read = CONTENDERS[name](answer(count), page=count > 1)
    read()
    calls, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < SECONDS:
        read()
        calls += 1
    return elapsed / calls


def ask(name: str) -> list[float]:
    """Let one contender read all the pages in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.decode", name],
        check=True,
        stdout=subprocess.PIPE,
        timeout=60,
        preexec_fn=cores.measured,
    )
    took: list[float] = json.loads(done.stdout)
    return took


def measure() -> dict[str, Section]:
    """Ask each in turn, round by round."""
    rounds = [{name: ask(name) for name in CONTENDERS} for _ in range(ROUNDS)]
    time_ = Section(title="Reading payments from bytes", unit="s", cases={})
    speed = Section(title="The same as throughput", unit="MB per s", cases={})
    for index, count in enumerate(PAGES):
        took = {name: [once[name][index] for once in rounds] for name in CONTENDERS}
        size = len(answer(count)) / 1e6
        case = f"{count:,} payment{'s' * (count > 1)}, {_size(size)}"
        time_["cases"][case] = figures(took)
        speed["cases"][case] = figures(
            {name: [size / once for once in found] for name, found in took.items()}
        )
    return {"decode": time_, "throughput": speed}


def _size(size: float) -> str:
    return f"{size:.1f} MB" if size > 1 else f"{size * 1e3:.{int(size < 0.01)}f} kB"


if __name__ == "__main__":
    print(json.dumps([seconds(sys.argv[1], count) for count in PAGES]))
