"""Our reader of responses beside h11 and llhttp, by a table of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.core.transport.direct.judges import Outcome, read_h11, read_llhttp, read_ours
from tests.core.transport.direct.response_samples import BAD_SPACE, SAMPLES, Sample, Verdict

LONG = 1_000
each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=map(ascii, SAMPLES))


def divided(data: bytes) -> Iterator[list[bytes]]:
    """Yield some bytes whole, one by one, and split in two at every place; what is long, in pieces."""
    yield [data]
    if len(data) > LONG:
        yield [data[start : start + LONG] for start in range(0, len(data), LONG)]
        return
    yield [data[place : place + 1] for place in range(len(data))]
    for place in range(1, len(data)):
        yield [data[:place], data[place:]]


def check(
    read: Callable[[str, list[bytes]], Outcome | Exception | None],
    sample: Sample,
    expected: Verdict,
) -> None:
    for pieces in divided(sample.data):
        found = read(sample.method, pieces)
        outcome = found.without_framing() if isinstance(found, Outcome) else None
        assert outcome == expected, (found, pieces)


@each_sample
def test_ours(sample: Sample) -> None:
    check(read_ours, sample, sample.verdicts.ours)


@each_sample
def test_h11(sample: Sample) -> None:
    check(read_h11, sample, sample.verdicts.h11)


@each_sample
def test_llhttp(sample: Sample) -> None:
    if sample.method != "HEAD":  # of which httptools cannot tell it
        check(lambda _, pieces: read_llhttp(pieces), sample, sample.verdicts.llhttp)


def test_ours_differs_for_a_reason() -> None:
    """Where all agree there is nothing to say; where they do not, there is."""
    for verdicts in (sample.verdicts for sample in SAMPLES.values()):
        agree = verdicts.ours == verdicts.h11 == verdicts.llhttp
        assert agree != bool(verdicts.why), verdicts


def test_ours_reads_nothing_that_both_others_refuse() -> None:
    """But for white space that RFC 9112 has every recipient parse."""
    for verdicts in (sample.verdicts for sample in SAMPLES.values()):
        if verdicts.h11 is verdicts.llhttp is None and verdicts.why != BAD_SPACE:
            assert verdicts.ours is None, verdicts


def test_ours_reads_what_both_others_read_or_nothing() -> None:
    for verdicts in (sample.verdicts for sample in SAMPLES.values()):
        ours, others = verdicts.ours, (verdicts.h11, verdicts.llhttp)
        bodies = {other.body for other in others if other is not None}
        if ours is not None and len(bodies) == 1:
            assert bodies == {ours.body}, verdicts
