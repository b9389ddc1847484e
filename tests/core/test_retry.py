"""The retry policy: when to retry and how long to wait, as pure functions."""

from __future__ import annotations

import pickle
import random
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from math import inf, nan
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import RetryPolicy, errors
from portone_async._retry import is_transient, retry_after
from portone_async.errors import InvalidArgumentError, RequestInfo

NOW = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
INFO = RequestInfo("POST", "/things/{id}")
BROKEN = errors.APIConnectionError("broken", request=INFO, may_have_reached=True, attempts=1)


def failed(
    status: int, type_: str | None = None, retry_after: str | None = None
) -> errors.APIError:
    """An error response."""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return errors.APIError(
        status=status, request=INFO, body={"type": type_} if type_ else None, headers=headers
    )


def unreadable(path: str | None, **headers: str) -> errors.ResponseError:
    """A success response that cannot be read."""
    return errors.ResponseError(
        "unreadable", request=INFO, status=200, headers=headers, content=b"", path=path
    )


def asked(value: str) -> float | None:
    """The seconds that a `Retry-After` asks for."""
    return retry_after({"retry-after": value}, lambda: NOW)


IN_PROGRESS = failed(409, "IDEMPOTENCY_OUTSTANDING_REQUEST")
TRANSIENT = [408, 429, 500, 502, 503, 504, *range(520, 531)]

jitters = st.floats(0, 1)
seconds = st.floats(0, 100)
policies = st.builds(
    RetryPolicy,
    max_retries=st.integers(0, 20),
    initial_delay=seconds,
    max_delay=seconds,
    max_retry_after=seconds,
    jitter=jitters.map(lambda jitter: lambda: jitter),
    now=st.just(lambda: NOW),
)
failures = st.just(BROKEN) | st.builds(
    failed,
    st.sampled_from([*TRANSIENT, 409]),
    st.none() | st.just("IDEMPOTENCY_OUTSTANDING_REQUEST"),
    st.none() | st.integers(0, 200).map(str),
)


def delay(
    policy: RetryPolicy, error: errors.PortOneError, attempts: int = 1, remaining: float = 1e9
) -> float | None:
    return policy.delay(error, attempts=attempts, remaining=remaining)


@given(policies, failures, st.integers(1, 10_000), st.floats(0, 1000))
def test_a_delay_is_within_every_bound(
    policy: RetryPolicy, error: errors.PortOneError, attempts: int, remaining: float
) -> None:
    """Never negative, never past the total time, never shorter than asked for, never longer than allowed."""
    wait = delay(policy, error, attempts, remaining)
    if wait is None:
        return
    is_response = isinstance(error, errors.APIError)
    least = (retry_after(error.headers, lambda: NOW) if is_response else None) or 0.0
    assert least <= wait <= least + policy.max_delay
    assert least <= policy.max_retry_after
    assert wait < remaining
    assert policy.max_retries > 0
    in_progress = is_response and error.type == "IDEMPOTENCY_OUTSTANDING_REQUEST"
    assert in_progress or attempts <= policy.max_retries


@given(st.integers(1, 10_000), jitters, jitters)
def test_the_jitter_is_full(attempts: int, low: float, high: float) -> None:
    """Any wait from nothing to the step, and more jitter is never less wait."""
    low, high = sorted((low, high))

    def wait(jitter: float) -> float:
        wait = delay(RetryPolicy(10_000, jitter=lambda: jitter), BROKEN, attempts)
        assert wait is not None
        return wait

    assert wait(0) == 0
    assert wait(1) == min(8.0, 0.5 * 2.0 ** (attempts - 1) if attempts < 50 else 8.0)
    assert wait(low) <= wait(high) <= wait(1)


@given(st.integers(1, 100), jitters)
def test_steps_only_grow(attempts: int, jitter: float) -> None:
    """Up to the cap, and stay there."""
    policy = RetryPolicy(1000, jitter=lambda: jitter)
    first, second = (delay(policy, BROKEN, number) for number in (attempts, attempts + 1))
    assert first is not None
    assert second is not None
    assert first <= second <= policy.max_delay


@given(st.integers(1, 1000), jitters)
def test_a_first_request_in_progress_is_never_asked_about_at_once(
    attempts: int, jitter: float
) -> None:
    """At least half a step lies between the attempts."""
    wait = delay(RetryPolicy(jitter=lambda: jitter), IN_PROGRESS, attempts)
    assert wait is not None
    assert 0.25 <= wait <= 8.0


@pytest.mark.parametrize("asked", [0, 5, 30])
def test_clients_that_were_told_the_same_second_do_not_come_back_together(asked: int) -> None:
    """Jitter comes on top of `Retry-After`: 300 clients are spread over half a second, and none is early."""
    policy = RetryPolicy(jitter=random.Random(20260703).random)
    error = failed(429, retry_after=str(asked))
    waits = [delay(policy, error) for _ in range(300)]
    early = [wait for wait in waits if wait is None or wait < asked]
    assert early == []
    tenths = [int((wait - asked) * 20) for wait in waits if wait is not None]
    assert set(tenths) == set(range(10))
    assert max(tenths.count(tenth) for tenth in range(10)) < 60


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_retry_after_beyond_the_cap_gives_up(seconds: int, cap: int) -> None:
    """The caller decides about so long a wait."""
    policy = RetryPolicy(max_retry_after=cap)
    assert (delay(policy, failed(503, retry_after=str(seconds))) is None) == (seconds > cap)


def test_a_success_that_was_cut_short_obeys_retry_after_too() -> None:
    """Should a gateway send one."""
    policy = RetryPolicy(jitter=lambda: 0.0)
    assert delay(policy, unreadable(None, **{"retry-after": "7"})) == 7


@pytest.mark.parametrize(
    "status", [200, 302, 400, 401, 403, 404, 409, 410, 418, 501, 505, 519, 531]
)
def test_what_is_not_transient_is_never_retried(status: int) -> None:
    """Whatever the headers ask."""
    error = failed(status, retry_after="1")
    assert not is_transient(error)
    assert delay(RetryPolicy(), error) is None


@given(st.sampled_from(TRANSIENT), st.from_regex(r"[A-Z][A-Z0-9_]{1,99}", fullmatch=True))
def test_an_error_type_makes_any_status_final(status: int, type_: str) -> None:
    """It is PortOne's own response."""
    assert is_transient(failed(status))
    assert not is_transient(failed(status, type_))


@given(st.sampled_from(TRANSIENT), st.text())
def test_a_type_of_another_shape_is_not_portones(status: int, type_: str) -> None:
    """RFC 9457 has a URI there."""
    is_portones = (
        len(type_) > 1
        and type_[0] in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        and set(type_) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
    )
    assert is_transient(failed(status, type_)) == (not is_portones)


def test_the_first_request_of_a_key_is_waited_for() -> None:
    """Only PortOne's error type says that it is in progress; another conflict is final."""
    policy = RetryPolicy(1)
    assert delay(policy, IN_PROGRESS, 99) is not None
    assert delay(policy, failed(409)) is None
    assert delay(policy, failed(409, "PAYMENT_ALREADY_CANCELLED")) is None


def test_a_response_that_was_cut_short_is_transient_and_one_of_another_shape_is_not() -> None:
    """With a path it is whole, but not what the document says: it would be the same again."""
    assert is_transient(unreadable(None))
    assert not is_transient(unreadable("$.amount"))


def test_other_errors_are_not_transient() -> None:
    """The caller's mistakes among them."""
    distrusted = errors.APIConnectionError(
        "the certificate", request=INFO, may_have_reached=False, attempts=1, is_transient=False
    )
    assert is_transient(BROKEN)
    assert not is_transient(distrusted)
    assert not is_transient(errors.InvalidArgumentError("no"))
    assert not is_transient(errors.PaginationError("no"))


@given(st.integers(0, 10**9 - 1))
def test_retry_after_reads_seconds(number: int) -> None:
    """A whole number, white space around it allowed."""
    assert asked(f" {number} ") == number


@given(st.decimals(0, 10**6, places=3))
def test_retry_after_reads_fractions_of_seconds(number: Any) -> None:
    """RFC 9110 has none, but gateways send them."""
    assert asked(str(number)) == float(number)


@given(st.integers(-(10**6), 10**6), st.integers(-23, 23))
def test_retry_after_reads_dates(offset: int, hours: int) -> None:
    """In any zone, never less than nothing."""
    until = (NOW + timedelta(seconds=offset)).astimezone(timezone(timedelta(hours=hours)))
    assert asked(format_datetime(until)) == max(0, offset)


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 03 Jul 2026 09:00:20 GMT",
        "Friday, 03-Jul-26 09:00:20 GMT",
        "Fri Jul  3 09:00:20 2026",
        "Fri, 03 Jul 2026 09:00:20",
    ],
)
def test_retry_after_reads_every_form_of_date(date: str) -> None:
    """RFC 9110, 5.6.7; without a zone it is UTC."""
    assert asked(date) == 20
    assert asked(f"{date}, 5") == asked(f"5,{date}") == asked(f"{date}, {date}") == 20
    assert asked(f"{date}, 25") == asked(f"25, {date}") == 25


def test_of_several_retry_afters_the_longest_obeys_all() -> None:
    """A header that is sent twice is one list."""
    assert asked("1, 3") == asked("3,1") == asked("3, 2.5,") == asked("soon, 3") == 3


@given(
    st.text()
    | st.from_regex(
        r"[A-Z][a-z]{2}, \d{1,30} (Jan|Feb) -?\d{1,30} \d{1,20}:\d{1,9}:\d{1,9} ([+-]\d{1,30}|GMT)"
    )
)
def test_a_retry_after_that_nobody_can_read_asks_for_nothing(value: str) -> None:
    """It is somebody else's bug, not an exception."""
    wait = asked(value)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ",",
        "soon",
        "-5",
        "1.5.2",
        "1.",
        ".5",
        "1e3",
        "inf",
        "nan",
        "1_0",
        "1" * 10,
        "٣",
        "Fri, 03 Jul",
        "Fri, 03 Jul 99999999999999999999 09:00:00 GMT",
    ],
)
def test_these_ask_for_nothing(value: str) -> None:
    """Neither seconds nor a date."""
    assert asked(value) is None


def test_no_headers_ask_for_nothing() -> None:
    assert retry_after({}, lambda: NOW) is None


def test_a_policy_of_no_retries_never_waits() -> None:
    """Not even for a first request in progress."""
    for error in (BROKEN, IN_PROGRESS):
        assert delay(RetryPolicy(0), error) is None


@pytest.mark.parametrize("name", ["initial_delay", "max_delay", "max_retry_after"])
@pytest.mark.parametrize(
    "value", [-1, -0.1, nan, inf, -inf, 86_401, 10**400, True, "5", None, b"5", [1], timedelta(1)]
)
def test_a_policy_takes_seconds(name: str, value: Any) -> None:
    """At once, not when the first call fails: 10**400 has no float."""
    with pytest.raises(InvalidArgumentError, match=rf"RetryPolicy\({name}=.*from 0 to 86400"):
        RetryPolicy(**{name: value})


@pytest.mark.parametrize("value", [-1, True, 1.5, "2", None])
def test_a_policy_takes_a_number_of_retries(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="max_retries takes a whole number from 0"):
        RetryPolicy(max_retries=value)


@pytest.mark.parametrize("name", ["sleep", "clock", "jitter", "now"])
@pytest.mark.parametrize("value", ["text", 5, None])
def test_a_policy_takes_functions(name: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"RetryPolicy\({name}=.*takes a function"):
        RetryPolicy(**{name: value})


@pytest.mark.parametrize("value", [0, 0.0, 86_400, 1])
def test_a_policy_takes_everything_in_between(value: float) -> None:
    """From nothing to a day."""
    RetryPolicy(initial_delay=value, max_delay=value, max_retry_after=value)


def test_a_policys_own_functions_are_the_clocks_and_random_numbers_that_one_expects() -> None:
    """Aware, monotonic, from 0 to 1, not always the same."""
    policy = RetryPolicy()
    assert policy.sleep is anyio.sleep
    assert abs(policy.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert policy.clock() <= policy.clock()
    numbers = {policy.jitter() for _ in range(20)}
    assert len(numbers) > 1
    assert all(0 <= number <= 1 for number in numbers)


def test_a_policy_can_be_pickled_and_compared() -> None:
    """As settings are that are handed to another process."""
    policy = RetryPolicy(5, initial_delay=1)
    content = pickle.dumps(policy)
    assert pickle.loads(content) == policy  # noqa: S301  (bytes of our own)
    assert len(content) < 500  # without the state of the random number generator


def test_a_policy_prints_its_limits() -> None:
    """And not the addresses of its functions."""
    assert repr(RetryPolicy()) == (
        "RetryPolicy(max_retries=2, initial_delay=0.5, max_delay=8.0, max_retry_after=30.0)"
    )


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 0.25), (0.5, 0.375), (1.0, 0.5)])
def test_while_a_request_is_in_progress_half_of_each_step_is_waited_for(
    jitter: float, wait: float
) -> None:
    policy = RetryPolicy(initial_delay=0.5, jitter=lambda: jitter)
    assert policy.delay(IN_PROGRESS, attempts=1, remaining=inf) == wait


def test_a_date_to_retry_after_is_measured_by_the_policys_clock() -> None:
    policy = RetryPolicy(jitter=lambda: 0.0, now=lambda: NOW)
    error = failed(503, retry_after=format_datetime(NOW + timedelta(seconds=7), usegmt=True))
    assert policy.delay(error, attempts=1, remaining=inf) == 7
