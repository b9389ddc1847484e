"""What `verify` takes, and what it refuses."""

from __future__ import annotations

import base64
import copy
import pickle
import traceback
from collections import UserDict
from datetime import UTC, datetime, timedelta, timezone

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


def check(content=BODY, headers=HEADERS, secrets=SECRET, **options) -> WebhookMessage:
    return verify(content, headers, secrets, **{"now": NOW, **options})


def test_a_webhook_gives_its_id_the_time_it_was_sent_and_its_event():
    message = check()
    assert (message.id, message.timestamp) == ("msg_1", NOW)
    match message.event:
        case TransactionPaidWebhook(data=data, timestamp=timestamp):
            assert data.payment_id == "order-1"
            assert timestamp == NOW.replace(microsecond=123_000)
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, bytes.decode])
def test_the_body_is_bytes_or_text(kind):
    assert check(kind(BODY)) == check()


@pytest.mark.parametrize("content", [{"type": "Transaction.Paid"}, None, 1, ["a"]])
def test_a_body_that_was_parsed_already_is_a_mistake_of_the_program(content):
    with pytest.raises(InvalidArgumentError, match="raw bytes"):
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
        iter(PAIRS),
        UserDict(HEADERS),
        Headers(HEADERS),
        Headers(raw=[(name.title().encode(), value.encode()) for name, value in PAIRS]),
        httpx.Headers(HEADERS),
        HEADERS | {"content-type": "text/html", "host": None, "x": ["a", 1]},
    ],
    ids=lambda headers: type(headers).__name__,
)
def test_headers_come_in_any_mapping_and_any_case(headers):
    assert check(headers=headers).id == "msg_1"


@pytest.mark.parametrize("headers", [None, 1, "webhook-id", [("webhook-id",)], [1]])
def test_headers_that_are_none_are_a_mistake_of_the_program(headers):
    with pytest.raises(InvalidArgumentError, match="headers takes"):
        check(headers=headers)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [..., "", None, [], [None], 1, b""])
def test_a_missing_header_is_named(name, value):
    headers = {k: v for k, v in HEADERS.items() if k != name or value is not ...}
    if value is not ...:
        headers[name] = value
    with pytest.raises(MissingHeaderError, match=name) as caught:
        check(headers=headers)
    assert caught.value.header == name


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_with_two_values_is_refused_rather_than_chosen_from(name):
    with pytest.raises(RepeatedHeaderError, match=name):
        check(headers=[*PAIRS, (name.upper(), "1")])


@pytest.mark.parametrize(
    "timestamp",
    ["now", "1.0", "-1", "+1783069200", " 1783069200", "1_783_069_200", "१७८३०६९२००", "²", "9" * 12,
     "1e9", "0x10", "1783069200\n", "2026-07-03T09:00:00Z", "NaN", "inf"],
)  # fmt: skip
def test_a_timestamp_is_a_whole_number_of_seconds(timestamp):
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
def test_a_webhook_is_good_within_the_tolerance_either_way(now, tolerance):
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
def test_a_webhook_outside_the_tolerance_is_refused(now, tolerance, error):
    with pytest.raises(error):
        check(now=now, tolerance=tolerance)


def test_the_clock_is_used_when_no_time_is_given():
    assert verify(BODY, sign(BODY, SECRET), SECRET).event == check().event
    with pytest.raises(TimestampTooOldError):
        verify(BODY, sign(BODY, SECRET, timestamp=datetime.now(UTC) - MINUTES - SECOND), SECRET)
    with pytest.raises(TimestampTooNewError):
        verify(BODY, sign(BODY, SECRET, timestamp=datetime.now(UTC) + MINUTES * 2), SECRET)


@pytest.mark.parametrize(
    "options",
    [{"now": datetime(2026, 7, 3)}, {"now": 1}, {"tolerance": 300}, {"tolerance": -MINUTES}],  # noqa: DTZ001
)
def test_times_without_a_zone_and_negative_tolerances_are_mistakes_of_the_program(options):
    with pytest.raises(InvalidArgumentError):
        check(**options)


BARE = SECRET.removeprefix("whsec_")


@pytest.mark.parametrize(
    "secrets",
    [SECRET, BARE, BARE.rstrip("="), [SECRET], (OTHER, SECRET), [SECRET, OTHER], {BARE, OTHER}, iter([OTHER, BARE])],
)  # fmt: skip
def test_one_secret_or_several_each_with_or_without_its_prefix(secrets):
    assert check(secrets=secrets).id == "msg_1"


@pytest.mark.parametrize("secrets", [OTHER, [OTHER], [OTHER, OTHER]])
def test_another_secret_does_not_fit(secrets):
    with pytest.raises(NoMatchingSignatureError):
        check(secrets=secrets)


@pytest.mark.parametrize(
    "secrets",
    ["", "whsec_", "whsec_====", "not base64!", "비밀", f" {SECRET}", f"{SECRET}\n", "WHSEC_" + BARE, "A",
     [], [""], None, 1, b"bytes", BARE.encode(), {"secret": SECRET}, [SECRET.encode()], [None], [SECRET, ""]],
)  # fmt: skip
def test_what_is_no_secret_is_a_mistake_of_the_program_and_is_not_repeated(secrets):
    with pytest.raises(InvalidArgumentError) as caught:
        check(secrets=secrets)
    assert not isinstance(caught.value, WebhookVerificationError)
    assert BARE not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_signature_among_several_is_enough():
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
        lambda good: "v1," + base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        lambda good: "v1,",
        lambda good: ",",
        lambda good: "\ud800",
        lambda good: "v1,서명",
        lambda good: good[:-1],
        lambda good: good.swapcase(),
    ],
)
def test_only_the_very_signature_fits(change):
    changed = change(HEADERS["webhook-signature"])
    with pytest.raises(NoMatchingSignatureError):
        check(headers=HEADERS | {"webhook-signature": changed})


def test_a_timestamp_is_signed_as_it_is_spelt():
    with pytest.raises(NoMatchingSignatureError):
        check(headers=HEADERS | {"webhook-timestamp": f"0{HEADERS['webhook-timestamp']}"})


def test_the_parts_that_are_signed_cannot_be_moved():
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
def test_a_signed_body_that_is_no_webhook_is_refused(content):
    with pytest.raises(UnreadableBodyError) as caught:
        verify(content, sign(content, SECRET), SECRET)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    with pytest.raises(UnreadableBodyError):
        parse_unverified(content)


def test_every_refusal_is_an_error_of_its_own_under_one_class():
    kinds = {
        MissingHeaderError, RepeatedHeaderError, MalformedTimestampError, TimestampTooOldError,
        TimestampTooNewError, NoMatchingSignatureError, UnreadableBodyError,
    }  # fmt: skip
    assert all(issubclass(kind, WebhookVerificationError) for kind in kinds)
    assert issubclass(WebhookVerificationError, PortOneError)
    errors = [
        kind("webhook-id") if kind in (MissingHeaderError, RepeatedHeaderError) else kind()
        for kind in kinds
    ]
    assert len({str(error) for error in errors}) == len(kinds)
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
def test_no_refusal_tells_of_the_secret_the_payload_or_the_signature(content, change):
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


def test_signing_takes_what_a_header_can_hold():
    assert sign(BODY, SECRET)["webhook-id"] != sign(BODY, SECRET)["webhook-id"]
    for options in ({"message_id": ""}, {"message_id": "아이디"}, {"message_id": "a\nb"}, {"timestamp": datetime(2026, 1, 1)}):  # fmt: skip  # noqa: DTZ001
        with pytest.raises(InvalidArgumentError):
            sign(BODY, SECRET, **options)
