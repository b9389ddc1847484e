"""100,000 arbitrary requests: each results in an event or a `WebhookVerificationError`, and nothing else."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from portone_async import Model, UnknownVariant
from portone_async.webhooks import (
    TimestampTooNewError,
    TimestampTooOldError,
    UnreadableBodyError,
    WebhookMessage,
    WebhookVerificationError,
    sign,
    verify,
)

from .samples import DATA, OTHER, SECRET, body

T = TypeVar("T")
NOW = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
GOOD = sign(body(), SECRET, message_id="msg_1", timestamp=NOW)


def cases(number: int) -> settings:
    return settings(
        max_examples=number,
        phases=(Phase.generate, Phase.shrink),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def outcome(
    content: bytes | str, headers: Any, secret: str = SECRET
) -> WebhookMessage | WebhookVerificationError:
    try:
        message = verify(content, headers, secret, now=NOW)
    except WebhookVerificationError as error:
        refusal = error
    else:
        assert isinstance(message.event, Model | UnknownVariant)
        return message
    assert refusal.__context__ is None
    return refusal


class Entropy:
    """Derives choices from bytes: much faster than composing strategies, and shrinks as well."""

    def __init__(self, data: bytes) -> None:
        self.data = iter(data)

    def byte(self) -> int:
        return next(self.data, 0)

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.byte() % len(options)]

    def junk(self) -> bytes:
        return bytes(self.byte() for _ in range(self.byte() % 9))


# Several requests per example, as generating an example takes longer than verifying a request.
BATCH = 5
batches = st.binary(min_size=48 * BATCH, max_size=48 * BATCH).map(
    lambda data: [Entropy(data[start::BATCH]) for start in range(BATCH)]
)
NAMES = [*GOOD, *(name.upper() for name in GOOD), *(name.title().encode() for name in GOOD)]
VALUES = [*GOOD.values(), "v1,", "v1,AAAA", "", "1783069200", "0", "\u0663", "-1", "99999999999", "9" * 400,
          "\ud800", None, 1, b"1783069200", [], [None], {}, object()]  # fmt: skip


def value(entropy: Entropy) -> Any:
    match entropy.byte() % 8:
        case 0:
            return entropy.junk()
        case 1:
            return entropy.junk().decode("utf-8", "surrogateescape")
        case 2:
            return [entropy.one_of(VALUES) for _ in range(entropy.byte() % 4)]
        case 3:
            return entropy.one_of(list(GOOD.values())) + entropy.junk().decode("latin-1")
        case _:
            return entropy.one_of(VALUES)


def pairs(entropy: Entropy, most: int) -> Iterator[tuple[str | bytes, Any]]:
    for _ in range(entropy.byte() % (most + 1)):
        name = entropy.junk() if entropy.byte() % 8 == 0 else entropy.one_of(NAMES)
        good = GOOD.get(name.lower() if isinstance(name, str) else name.decode("latin-1").lower())
        yield name, good if good and entropy.byte() % 2 else value(entropy)


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=30))  # fmt: skip
json_values = st.one_of(scalars, st.lists(scalars, max_size=3))
top_level_fields = ["type", "timestamp", "data", "payment_id", "tx_id", "status"]
data_fields = sorted({name for data in DATA.values() for name in data})


@cases(40_000 // BATCH)
@given(batches)
def test_any_headers(batch: list[Entropy]) -> None:
    for entropy in batch:
        content = body() if entropy.byte() % 2 else entropy.junk()
        outcome(content, dict(pairs(entropy, 8)))


@cases(30_000 // BATCH)
@given(batches)
def test_any_pairs_beside_valid_headers(batch: list[Entropy]) -> None:
    for entropy in batch:
        good = [(name, value) for name, value in GOOD.items() if entropy.byte() % 8]
        result = outcome(body(), [*good, *pairs(entropy, 3)])
        assert isinstance(result, Exception) or result.id == "msg_1"


@cases(20_000 // BATCH)
@given(batches)
def test_any_change_of_a_valid_request(batch: list[Entropy]) -> None:
    for entropy in batch:
        name, shift = entropy.one_of(["", *GOOD]), timedelta(seconds=entropy.byte() * 5 - 600)
        content = body()
        signed = sign(content, SECRET, message_id="msg_1", timestamp=NOW + shift)
        headers = {key: value.encode() for key, value in signed.items()}
        before = headers[name] if name else content
        place = entropy.byte() % (len(before) + 1)
        after = before[:place] + entropy.junk() + before[place + entropy.byte() % 3 :]
        if name:
            headers[name] = after
        else:
            content = after
        result = outcome(content, headers)
        if after != before:
            # The header may hold several signatures, separated by spaces: the valid one may still be among them.
            is_still_signed = name == "webhook-signature" and before in after.split(b" ")
            assert isinstance(result, Exception) or is_still_signed
        elif abs(shift) <= timedelta(minutes=5):
            assert isinstance(result, WebhookMessage)
            assert result.id == "msg_1"
        else:
            assert isinstance(result, TimestampTooOldError | TimestampTooNewError)


@cases(5_000)
@given(st.binary(max_size=60) | st.text(string.printable, max_size=60) | st.text(max_size=60))
def test_any_body_with_a_valid_signature(content: bytes | str) -> None:
    headers = sign(content, SECRET, timestamp=NOW)
    result = outcome(content, headers)
    assert not isinstance(result, Exception) or isinstance(result, UnreadableBodyError)
    assert isinstance(outcome(content, headers, OTHER), WebhookVerificationError)


@cases(5_000)
@given(
    st.dictionaries(st.sampled_from(top_level_fields), json_values, max_size=4),
    st.sampled_from(list(DATA)),
    st.dictionaries(st.sampled_from(data_fields), json_values, max_size=4),
    st.integers(0, 3),
)
def test_any_json_object_is_an_event(
    raw: dict[str, Any], kind: str, data: dict[str, Any], which: int
) -> None:
    if which & 1:
        raw["type"] = kind
    if which & 2:
        raw["data"] = data
    content = json.dumps(raw, ensure_ascii=bool(which & 1))
    result = outcome(content, sign(content, SECRET, timestamp=NOW))
    assert not isinstance(result, Exception)
