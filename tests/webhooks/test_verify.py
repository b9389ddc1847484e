"""What `verify` accepts, and what it refuses."""

from __future__ import annotations

import base64
import copy
import pickle
import traceback
from collections import UserDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from starlette.datastructures import Headers

from portone_async import PortOneError
from portone_async.errors import InvalidArgumentError
from portone_async.models import TransactionPaidWebhook
from portone_async.webhooks import (
    MalformedTimestampError,
    MissingHeaderError,
    NoMatchingSignatureError,
    RepeatedHeaderError,
    TimestampTooNewError,
    TimestampTooOldError,
    UnreadableBodyError,
    WebhookMessage,
    WebhookVerificationError,
    parse_unverified,
    sign,
    verify,
)

from .samples import OTHER, SECRET, body

NOW = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
BODY = body()
HEADERS = sign(BODY, SECRET, message_id="msg_1", timestamp=NOW)
MINUTES = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def check(
    content: Any = BODY, headers: Any = HEADERS, secrets: Any = SECRET, **options: Any
) -> WebhookMessage:
    options.setdefault("now", NOW)
    return verify(content, headers, secrets, **options)


def test_the_result_has_the_id_the_time_it_was_sent_and_the_event() -> None:
    message = check()
    assert (message.id, message.timestamp) == ("msg_1", NOW)
    match message.event:
        case TransactionPaidWebhook(data=data, timestamp=timestamp):
            assert data.payment_id == "order-1"
            assert timestamp == NOW.replace(microsecond=123_000)
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, bytes.decode])
def test_the_body_is_bytes_or_text(kind: Callable[[bytes], object]) -> None:
    assert check(kind(BODY)) == check()


@pytest.mark.parametrize("content", [{"type": "Transaction.Paid"}, None, 1, ["a"]])
def test_a_body_that_was_already_parsed_is_a_bug_in_the_program(content: object) -> None:
    with pytest.raises(
        InvalidArgumentError, match=f"^body takes the raw bytes .*, not {type(content).__name__}: "
    ):
        check(content)


PAIRS = list(HEADERS.items())


@pytest.mark.parametrize(
    "headers",
    [
        HEADERS,
        {name.upper(): value for name, value in PAIRS},
        {name.title(): value for name, value in PAIRS},
        {name.encode(): value.encode() for name, value in PAIRS},
        {name: [value] for name, value in PAIRS},
        {name: (value, value) for name, value in PAIRS},
        {name: [value.encode()] for name, value in PAIRS},
        PAIRS,
        [(name.encode(), value.encode()) for name, value in PAIRS],
        UserDict(HEADERS),
        Headers(HEADERS),
        Headers(raw=[(name.title().encode(), value.encode()) for name, value in PAIRS]),
        httpx.Headers(HEADERS),
        HEADERS | {"content-type": "text/html", "host": None, "x": ["a", 1]},
    ],
    ids=lambda headers: type(headers).__name__,
)
def test_headers_may_be_any_mapping_in_any_case(headers: object) -> None:
    assert check(headers=headers).id == "msg_1"


def test_headers_may_be_an_iterator() -> None:
    assert check(headers=iter(PAIRS)).id == "msg_1"


@pytest.mark.parametrize("headers", [None, 1, "webhook-id", [("webhook-id",)], [1]])
def test_invalid_headers_are_a_bug_in_the_program(headers: object) -> None:
    with pytest.raises(
        InvalidArgumentError, match=f"headers takes .*, not {type(headers).__name__}$"
    ):
        check(headers=headers)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [..., "", None, [], [None], 1, b""])
def test_a_missing_header_is_named(name: str, value: object) -> None:
    headers: dict[str, object] = {k: v for k, v in HEADERS.items() if k != name or value is not ...}
    if value is not ...:
        headers[name] = value
    with pytest.raises(MissingHeaderError, match=name) as caught:
        check(headers=headers)
    assert caught.value.header == name


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_with_two_values_is_refused(name: str) -> None:
    with pytest.raises(RepeatedHeaderError, match=name):
        check(headers=[*PAIRS, (name.upper(), "1")])


@pytest.mark.parametrize(
    "timestamp",
    ["now", "1.0", "-1", "+1783069200", " 1783069200", "1_783_069_200", "१७८३०६९२००", "²", "9" * 12,
     "1e9", "0x10", "1783069200\n", "2026-07-03T09:00:00Z", "NaN", "inf"],
)  # fmt: skip
def test_a_timestamp_must_be_an_integer_number_of_seconds(timestamp: str) -> None:
    with pytest.raises(MalformedTimestampError):
        check(headers=HEADERS | {"webhook-timestamp": timestamp})


@pytest.mark.parametrize(
    ("now", "tolerance"),
    [
        (NOW + MINUTES, MINUTES),
        (NOW - MINUTES, MINUTES),
        (NOW, timedelta()),
        (NOW + timedelta(days=400), timedelta.max),
        (NOW.astimezone(timezone(timedelta(hours=9))), MINUTES),
    ],
)
def test_a_webhook_is_valid_within_the_tolerance_in_either_direction(
    now: datetime, tolerance: timedelta
) -> None:
    assert check(now=now, tolerance=tolerance).id == "msg_1"


@pytest.mark.parametrize(
    ("now", "tolerance", "error"),
    [
        (NOW + MINUTES + SECOND, MINUTES, TimestampTooOldError),
        (NOW - MINUTES - SECOND, MINUTES, TimestampTooNewError),
        (NOW + SECOND, timedelta(), TimestampTooOldError),
        (NOW - SECOND, timedelta(), TimestampTooNewError),
    ],
)
def test_a_webhook_outside_the_tolerance_is_refused(
    now: datetime, tolerance: timedelta, error: type[WebhookVerificationError]
) -> None:
    with pytest.raises(error):
        check(now=now, tolerance=tolerance)


def test_the_current_time_is_the_default() -> None:
    assert verify(BODY, sign(BODY, SECRET), SECRET).event == check().event
    with pytest.raises(TimestampTooOldError):
        verify(BODY, sign(BODY, SECRET, timestamp=datetime.now(UTC) - MINUTES - SECOND), SECRET)
    with pytest.raises(TimestampTooNewError):
        verify(BODY, sign(BODY, SECRET, timestamp=datetime.now(UTC) + MINUTES * 2), SECRET)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"now": datetime(2026, 7, 3)}, "now takes a datetime with a time zone"),  # noqa: DTZ001
        ({"now": 1}, "now takes a datetime with a time zone"),
        ({"tolerance": 300}, "tolerance takes a timedelta that is not negative"),
        ({"tolerance": -MINUTES}, "tolerance takes a timedelta that is not negative"),
    ],
)
def test_naive_times_and_negative_tolerances_are_bugs_in_the_program(
    options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{problem}$"):
        check(**options)


BARE = SECRET.removeprefix("whsec_")
KEY = base64.b64decode(BARE)
SHORT = f"whsec_{base64.b64encode(KEY[:23]).decode()}"


@pytest.mark.parametrize(
    "secrets",
    [SECRET, BARE, BARE.rstrip("="), [SECRET], (OTHER, SECRET), [SECRET, OTHER], {BARE, OTHER},
     KEY, bytearray(KEY), SECRET.encode(), [SECRET.encode()], [OTHER, KEY]],
)  # fmt: skip
def test_one_secret_or_several_each_with_or_without_its_prefix(secrets: object) -> None:
    assert check(secrets=secrets).id == "msg_1"


def test_secrets_may_be_an_iterator() -> None:
    assert check(secrets=iter([OTHER, BARE])).id == "msg_1"


@pytest.mark.parametrize("secrets", [OTHER, [OTHER], [OTHER, OTHER], KEY[::-1], BARE.encode()])
def test_another_secret_does_not_match(secrets: object) -> None:
    with pytest.raises(NoMatchingSignatureError):
        check(secrets=secrets)


@pytest.mark.parametrize(
    "secrets",
    ["", "whsec_", "whsec_====", "not base64!", "비밀", f" {SECRET}", f"{SECRET}\n", "WHSEC_" + BARE, "A",
     [], [""], None, 1, b"", b"bytes", b"whsec_", b"whsec_!", {"secret": SECRET}, [1], [None], [SECRET, ""],
     KEY[:23], base64.b64encode(KEY[:23]).decode(), [SECRET, SHORT], SHORT.encode()],
)  # fmt: skip
def test_an_invalid_secret_is_a_bug_in_the_program_and_is_not_repeated(secrets: object) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check(secrets=secrets)
    assert not isinstance(caught.value, WebhookVerificationError)
    for secret in (BARE, SHORT, repr(KEY[:23])):
        assert secret not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize(
    ("secrets", "problem"),
    [
        ([], "no webhook secret was given"),
        (1, "secrets takes a str or bytes, or several, not int"),
        ({"a": SECRET}, "secrets takes a str or bytes, or several, not dict"),
        ([1], "a webhook secret is a str or bytes, not int"),
        ([SECRET, None], "a webhook secret is a str or bytes, not NoneType"),
        ("", "a webhook secret is empty or not Base64: copy all of it from PortOne's console"),
        ("whsec_!", "a webhook secret is empty or not Base64: copy all of it from PortOne's console"),
        (SHORT, "a webhook secret has 23 bytes, but .* at least 24: copy all of it from PortOne's console"),
    ],
)  # fmt: skip
def test_the_error_says_what_is_wrong_with_a_secret(secrets: object, problem: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{problem}$"):
        check(secrets=secrets)


def test_a_secret_has_at_least_24_bytes() -> None:
    with pytest.raises(
        InvalidArgumentError, match="has 23 bytes, but Standard Webhooks requires at least 24"
    ):
        check(secrets=SHORT)
    assert check(headers=sign(BODY, KEY[:24], timestamp=NOW), secrets=KEY[:24])


def test_a_secret_that_is_not_set_is_named_as_the_reason() -> None:
    with pytest.raises(InvalidArgumentError, match="environment variable"):
        check(secrets=None)


def test_a_signature_among_several_is_enough() -> None:
    good = HEADERS["webhook-signature"]
    for signature in (f"v1,AAAA {good}", f"v2,{good[3:]} {good}", f"{good} v1a,AAAA", f"  {good} , v1, v1", f"v1,{'A' * 44} {good}"):  # fmt: skip
        assert check(headers=HEADERS | {"webhook-signature": signature}).id == "msg_1"
    assert check(headers=sign(BODY, [OTHER, SECRET], timestamp=NOW), secrets=SECRET)


@pytest.mark.parametrize(
    "change",
    [
        lambda good: good.replace("v1,", "v2,"),
        lambda good: good.replace("v1,", "V1,"),
        lambda good: good.replace("v1,", ""),
        lambda good: good.replace("v1,", "v1 ,"),
        lambda good: good.rstrip("="),
        lambda good: good + "=",
        lambda good: good + "\n",
        lambda good: "v1," + base64.b64decode(good[3:]).hex(),
        lambda _: "v1," + base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        lambda _: "v1,",
        lambda _: ",",
        lambda _: "\ud800",
        lambda _: "v1,서명",
        lambda good: good[:-1],
        lambda good: good.swapcase(),
    ],
)
def test_only_the_exact_signature_matches(change: Callable[[str], str]) -> None:
    changed = change(HEADERS["webhook-signature"])
    with pytest.raises(NoMatchingSignatureError):
        check(headers=HEADERS | {"webhook-signature": changed})


def test_the_timestamp_is_signed_as_written() -> None:
    with pytest.raises(NoMatchingSignatureError):
        check(headers=HEADERS | {"webhook-timestamp": f"0{HEADERS['webhook-timestamp']}"})


def test_an_id_that_is_no_text_has_no_signature() -> None:
    with pytest.raises(NoMatchingSignatureError):
        check(headers=HEADERS | {"webhook-id": "\ud800"})


def test_the_parts_that_are_signed_cannot_be_moved() -> None:
    # "a.1783069200.{...}" could be the id "a" or the id "a.1783069200" with a body that starts later.
    moved = {**HEADERS, "webhook-id": f"msg_1.{HEADERS['webhook-timestamp']}"}
    with pytest.raises(NoMatchingSignatureError):
        check(headers=moved)
    with pytest.raises(NoMatchingSignatureError):
        check(b"." + BODY)


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"1", b'"type"', b"{", b"\xff\xfe", b"type=Transaction.Paid", b"payment_id", b"\x00",
     "{\ud800}", b'{"type":NaN}', b"[" * 100_000, b"payment_id=%ff", b"a=1&" * 200 + b"payment_id=1"],
)  # fmt: skip
def test_a_signed_body_that_is_not_a_webhook_is_refused(content: bytes | str) -> None:
    with pytest.raises(UnreadableBodyError) as caught:
        verify(content, sign(content, SECRET), SECRET)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    with pytest.raises(UnreadableBodyError):
        parse_unverified(content)


def test_every_refusal_has_its_own_class_under_a_common_one() -> None:
    errors = [
        MissingHeaderError("webhook-id"),
        RepeatedHeaderError("webhook-id"),
        MalformedTimestampError(),
        TimestampTooOldError(),
        TimestampTooNewError(),
        NoMatchingSignatureError(),
        UnreadableBodyError(),
    ]
    kinds = {type(error) for error in errors}
    assert all(issubclass(kind, WebhookVerificationError) for kind in kinds)
    assert issubclass(WebhookVerificationError, PortOneError)
    assert len({str(error) for error in errors}) == len(kinds) == len(errors)
    for error in errors:
        for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
            assert (type(other), str(other), vars(other)) == (
                type(error), str(error), vars(error))  # fmt: skip


MARK = "marker7391"
PLANTED = body(data={"paymentId": MARK}, extra=MARK)


@pytest.mark.parametrize(
    ("content", "change"),
    [
        (PLANTED, {"webhook-id": None}),
        (PLANTED, {"webhook-id": [MARK, f"{MARK}2"]}),
        (PLANTED, {"webhook-timestamp": f"{MARK}"}),
        (PLANTED, {"webhook-timestamp": "1"}),
        (PLANTED, {"webhook-timestamp": "99999999999"}),
        (PLANTED, {"webhook-signature": f"v1,{MARK}"}),
        (MARK.encode() + b"\xff", {}),
        (f'{{"{MARK}":', {}),
        (f"payment_id={MARK}%ff", {}),
        (f"{MARK}\ud800", {}),
    ],
)
def test_no_error_reveals_the_secret_the_payload_or_the_signature(
    content: bytes | str, change: dict[str, object]
) -> None:
    secret = base64.b64encode(f"{MARK} is in the secret".encode()).decode()
    headers = sign(content, secret, message_id=MARK)
    with pytest.raises(WebhookVerificationError) as caught:
        verify(content, headers | change, secret)
    error = caught.value
    shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
    shown += traceback.format_exception(error)
    for text in shown:
        assert MARK not in text
        assert secret not in text
        assert headers["webhook-signature"][3:] not in text
    assert (error.__cause__, error.__context__) == (None, None)


def test_signing_accepts_only_what_a_header_can_contain() -> None:
    assert sign(BODY, SECRET)["webhook-id"] != sign(BODY, SECRET)["webhook-id"]
    for message_id in ("", "아이디", "a\nb"):
        with pytest.raises(InvalidArgumentError, match=r"^message_id takes printable ASCII$"):
            sign(BODY, SECRET, message_id=message_id)
    with pytest.raises(InvalidArgumentError, match=r"^timestamp "):
        sign(BODY, SECRET, timestamp=datetime(2026, 1, 1))  # noqa: DTZ001  (what is tested)
