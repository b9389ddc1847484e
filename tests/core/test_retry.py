"""The retry policy: when and how long, as pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import RetryPolicy
from portone_async._retry import OUTSTANDING, Failure

NOW = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
FAULT = Failure()
RUNNING = Failure(409, {}, OUTSTANDING)

jitters = st.floats(0, 1)
seconds = st.floats(0, 100)
policies = st.builds(
    RetryPolicy,
    max_retries=st.integers(0, 20),
    first_delay=seconds,
    longest_delay=seconds,
    longest_retry_after=seconds,
    budget=st.floats(0, 1000),
)
failures = st.builds(
    Failure,
    st.none() | st.sampled_from([408, 429, 500, 502, 503, 504, 409]),
    st.just({}) | st.builds(lambda s: {"retry-after": str(s)}, st.integers(0, 200)),
    st.none() | st.just(OUTSTANDING),
)


@given(policies, failures, st.integers(1, 10_000), st.floats(0, 2000), jitters)
def test_a_delay_is_within_every_bound(
    policy: RetryPolicy, failure: Failure, attempts: int, elapsed: float, jitter: float
) -> None:
    """Never negative, never past the budget, never longer than asked for or allowed."""
    delay = policy.delay(failure, attempts=attempts, elapsed=elapsed, jitter=jitter, now=NOW)
    if delay is None:
        return
    asked = failure.retry_after(NOW)
    assert delay >= 0
    assert elapsed + delay <= policy.budget
    assert delay <= max(policy.longest_delay, asked or 0)
    assert asked is None or asked <= delay <= max(policy.longest_delay, policy.longest_retry_after)
    assert policy.max_retries > 0
    assert failure.outstanding or attempts <= policy.max_retries


@given(st.integers(1, 10_000), jitters, jitters)
def test_the_jitter_is_full(attempts: int, low: float, high: float) -> None:
    """Any wait from nothing to the step, and more jitter is never less wait."""
    policy = RetryPolicy(max_retries=10_000, budget=1e9)
    low, high = sorted((low, high))

    def wait(jitter: float) -> float:
        delay = policy.delay(FAULT, attempts=attempts, elapsed=0, jitter=jitter, now=NOW)
        assert delay is not None
        return delay

    assert wait(0) == 0
    assert wait(1) == min(8.0, 0.5 * 2.0 ** (attempts - 1) if attempts < 50 else 8.0)
    assert wait(low) <= wait(high) <= wait(1)


@given(st.integers(1, 100), jitters)
def test_steps_only_grow(attempts: int, jitter: float) -> None:
    """Up to the cap, and stay there."""
    policy = RetryPolicy(max_retries=1000, budget=1e9)
    first, second = (
        policy.delay(FAULT, attempts=number, elapsed=0, jitter=jitter, now=NOW)
        for number in (attempts, attempts + 1)
    )
    assert first is not None
    assert second is not None
    assert first <= second <= policy.longest_delay


@given(st.integers(1, 1000), jitters)
def test_a_running_first_request_is_never_asked_about_at_once(attempts: int, jitter: float) -> None:
    """At least half a step lies between the questions."""
    delay = RetryPolicy().delay(RUNNING, attempts=attempts, elapsed=0, jitter=jitter, now=NOW)
    assert delay is not None
    assert 0.25 <= delay <= 8.0


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 410, 418, 501, 505])
def test_what_does_not_pass_is_never_tried_again(status: int) -> None:
    """Whatever the headers ask."""
    failure = Failure(status, {"retry-after": "1"})
    assert not failure.passing
    assert RetryPolicy().delay(failure, attempts=1, elapsed=0, jitter=0, now=NOW) is None


@given(st.sampled_from([408, 429, 500, 502, 503, 504]), st.text())
def test_an_error_type_makes_any_status_final(status: int, type_: str) -> None:
    """It is PortOne's own answer."""
    assert Failure(status, {}, None).passing
    assert not Failure(status, {}, type_).passing


def test_only_a_409_of_that_type_is_outstanding() -> None:
    """Another conflict is final."""
    assert RUNNING.passing
    assert not Failure(409, {}, None).passing
    assert not Failure(409, {}, "PAYMENT_ALREADY_CANCELLED").passing
    assert not Failure(502, {}, OUTSTANDING).passing


@given(st.integers(0, 10**9))
def test_retry_after_reads_seconds(number: int) -> None:
    """A whole number, white space around it allowed."""
    assert Failure(429, {"retry-after": f" {number} "}).retry_after(NOW) == number


@given(st.integers(-(10**6), 10**6), st.integers(-23, 23))
def test_retry_after_reads_dates(offset: int, hours: int) -> None:
    """In any zone, never less than nothing."""
    until = (NOW + timedelta(seconds=offset)).astimezone(timezone(timedelta(hours=hours)))
    asked = Failure(429, {"retry-after": format_datetime(until)}).retry_after(NOW)
    assert asked == max(0, offset)


@given(
    st.text()
    | st.from_regex(
        r"[A-Z][a-z]{2}, \d{1,30} (Jan|Feb) -?\d{1,30} \d{1,20}:\d{1,9}:\d{1,9} ([+-]\d{1,30}|GMT)"
    )
)
def test_a_retry_after_that_nobody_can_read_asks_for_nothing(asked: str) -> None:
    """It is somebody else's bug, not an exception."""
    waited = Failure(429, {"retry-after": asked}).retry_after(NOW)
    assert waited is None or waited >= 0


@pytest.mark.parametrize(
    "asked",
    [
        "",
        " ",
        "soon",
        "-5",
        "1.5",
        "1e3",
        "٣",
        "Fri, 03 Jul",
        "Fri, 03 Jul 99999999999999999999 09:00:00 GMT",
    ],
)
def test_these_ask_for_nothing(asked: str) -> None:
    """Neither whole seconds nor a date."""
    assert Failure(429, {"retry-after": asked}).retry_after(NOW) is None


def test_no_headers_ask_for_nothing() -> None:
    """A connection that broke has none."""
    assert FAULT.retry_after(NOW) is None


def test_a_policy_of_no_retries_never_waits() -> None:
    """Not even for a first request that still runs."""
    for failure in (FAULT, RUNNING):
        assert (
            RetryPolicy(max_retries=0).delay(failure, attempts=1, elapsed=0, jitter=0, now=NOW)
            is None
        )
