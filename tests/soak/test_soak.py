"""The soak test for some seconds, and that it would see what it looks for."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from attrs import evolve

from tests.soak.orders import Order, Outcome, mistakes
from tests.soak.resources import Resources

SECONDS = 20
FLAT = Resources(memory=50_000_000, descriptors=20, tasks=1, threads=2)


@pytest.mark.load
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_changes_are_carried_out_as_often_as_was_said_and_nothing_grows() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.soak", str(SECONDS)],
        capture_output=True,
        text=True,
        timeout=SECONDS + 100,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    parts = ended.stdout.splitlines()
    assert len(parts) == 6
    assert re.search(r"said: [\d,]+ done, [\d,]+ not done, [\d,]+ unknown", ended.stdout)
    for name in ("httpx", "direct"):
        assert all(f" {end}" in parts[-1].partition(f"{name}: ")[2].partition(";")[0] for end in ("results", "errors", "given up"))  # fmt: skip


@pytest.mark.parametrize(
    ("payment", "cancellations", "carried_out"),
    [
        ("done", [], 0),
        ("not done", [], None),
        ("unknown", [], 0),
        ("unknown", [], None),
        ("done", ["done", "done"], 11),
        ("done", ["not done", "done"], 10),
        ("unknown", ["unknown", "unknown"], 10),
        ("unknown", ["not done", "unknown"], None),
    ],
)
def test_what_agrees_is_no_mistake(
    payment: Outcome, cancellations: list[Outcome], carried_out: int | None
) -> None:
    assert Order(payment, cancellations).mistake(carried_out) is None


@pytest.mark.parametrize(
    ("payment", "cancellations", "carried_out", "mistake"),
    [
        ("done", [], None, "the payment was carried out 0 times, and was said to be done"),
        ("not done", [], 0, "the payment was carried out 1 times, and was said to be not done"),
        ("done", ["done"], 2, "cancellation 1 was carried out 2 times, and was said to be done"),
        ("done", ["unknown"], 2, "cancellation 1 was carried out 2 times"),
        ("done", ["done", "done"], 1, "cancellation 2 was carried out 0 times"),
        ("done", ["not done"], 1, "cancellation 1 was carried out 1 times"),
        ("done", ["done"], 11, "1 more cancelled than was asked for"),
    ],
)
def test_what_differs_is_a_mistake(
    payment: Outcome, cancellations: list[Outcome], carried_out: int | None, mistake: str
) -> None:
    found = mistakes(
        {"a": Order(payment, cancellations)}, {} if carried_out is None else {"a": carried_out}
    )
    assert len(found) == 1
    assert found[0].startswith(f"a: {mistake}")


def test_a_payment_that_nobody_ordered_is_a_mistake() -> None:
    assert mistakes({}, {"a": 0}) == ["a is unknown"]


def test_growth_is_seen() -> None:
    assert FLAT.growth(FLAT, memory=0, descriptors=0) is None
    more = evolve(FLAT, memory=FLAT.memory + 10, descriptors=22)
    assert more.growth(FLAT, memory=10, descriptors=2) is None
    assert str(more.growth(FLAT, memory=9, descriptors=2)).startswith("memory grew: from 47.7 MiB")
    assert str(more.growth(FLAT, memory=10, descriptors=1)).startswith("descriptors grew")
    for name in ("tasks", "threads"):
        more = evolve(FLAT, **{name: 3})
        assert str(more.growth(FLAT, memory=0, descriptors=0)).startswith(f"{name} grew")
