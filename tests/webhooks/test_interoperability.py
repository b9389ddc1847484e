"""Interoperability with `standardwebhooks` and PortOne's own SDK: each accepts what the other signs.

Both accept only text as a body, so the bodies here are text.
"""

from __future__ import annotations

import base64
import json
import random
import secrets as random_secrets
import time
from datetime import UTC, datetime

import portone_server_sdk.webhook as official
import pytest
import standardwebhooks

from portone_async import UnknownVariant
from portone_async.models import LegacyConfirmWebhook, LegacyWebhook
from portone_async.webhooks import (
    NoMatchingSignatureError,
    TimestampTooNewError,
    TimestampTooOldError,
    UnreadableBodyError,
    WebhookVerificationError,
    sign,
    verify,
)

from .samples import DATA, webhook

ROUNDS = 2_000
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz0123456789 .,{}[]\"'\\/&=%+\t\n\r\0\x7f",
    "가나다라마바사아자차카타파하결제취소빌링키주문번호김철수ㄱㄴㅏㅣ",
    "🍜🛍️👩‍👩‍👧‍👦🇰🇷💳✅e\u0301\u200d\ufeff\u2028\U0010ffff",
)


def text(generator: random.Random) -> str:
    alphabet = generator.choice((*ALPHABETS, "".join(ALPHABETS)))
    return "".join(generator.choices(alphabet, k=generator.randrange(40)))


def bodies(seed: int) -> list[str]:
    generator = random.Random(seed)
    made = []
    for _ in range(ROUNDS):
        kind = generator.choice([*DATA, text(generator)])
        made.append(
            json.dumps(
                webhook(kind, **{text(generator): text(generator), "data": {"paymentId": text(generator)}}),
                ensure_ascii=generator.random() < 0.2,
                indent=generator.choice([None, None, 1]),
            )
        )  # fmt: skip
    return made


def a_secret(generator: random.Random) -> str:
    # The sizes that Standard Webhooks allows.
    key = base64.b64encode(random_secrets.token_bytes(generator.randrange(24, 65))).decode()
    return generator.choice(["whsec_", ""]) + key


def test_what_they_sign_is_accepted() -> None:
    generator = random.Random(1)
    for body in bodies(1):
        secret, name = a_secret(generator), f"msg_{generator.random()}"
        seconds = str(int(time.time()) + generator.randrange(-290, 290))
        theirs = standardwebhooks.Webhook(secret).sign(
            name, datetime.fromtimestamp(int(seconds), UTC), body
        )
        digest = official._sign(secret, name, seconds, body)
        assert theirs == f"v1,{base64.b64encode(digest).decode()}"
        headers = {
            "Webhook-Id": name,
            "Webhook-Timestamp": seconds,
            "Webhook-Signature": f"v1,AAAA {theirs}",
        }
        message = verify(generator.choice([body, body.encode()]), headers, secret)
        assert message.id == name
        assert message.timestamp == datetime.fromtimestamp(int(seconds), UTC)
        event = message.event
        assert not isinstance(event, LegacyWebhook | LegacyConfirmWebhook)
        kind = event.tag if isinstance(event, UnknownVariant) else event.type
        assert kind == json.loads(body)["type"]


def test_what_is_signed_here_they_accept() -> None:
    generator = random.Random(2)
    for body in bodies(2):
        secret = a_secret(generator)
        headers = sign(generator.choice([body, body.encode()]), secret)
        assert standardwebhooks.Webhook(secret).verify(body.encode(), headers) == json.loads(body)
        official.verify(secret, body, headers)
        assert verify(body, headers, secret).id == headers["webhook-id"]


def test_what_they_refuse_is_refused() -> None:
    generator = random.Random(3)
    for body in bodies(3)[:500]:
        secret = a_secret(generator)
        headers = sign(body, secret)
        changed, other = body, secret
        match generator.randrange(4):
            case 0:
                changed = body + " "
            case 1:
                headers["webhook-id"] += "1"
            case 2:
                headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
            case _:
                other = a_secret(generator)
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(other).verify(changed, headers)
        with pytest.raises(official.WebhookVerificationError):
            official.verify(other, changed, headers)
        with pytest.raises(NoMatchingSignatureError):
            verify(changed, headers, other)


@pytest.mark.parametrize(("shift", "error"), [(-301, TimestampTooOldError), (310, TimestampTooNewError)])  # fmt: skip
def test_the_tolerance_is_the_same(shift: int, error: type[WebhookVerificationError]) -> None:
    body, secret = json.dumps(webhook()), a_secret(random.Random(4))
    sent = datetime.fromtimestamp(int(time.time()) + shift, UTC)
    headers = sign(body, secret, timestamp=sent)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(body, headers)
    with pytest.raises(official.WebhookVerificationError):
        official.verify(secret, body, headers)
    with pytest.raises(error):
        verify(body, headers, secret)


def test_every_field_of_the_official_models_is_the_same() -> None:
    secret = a_secret(random.Random(5))
    compared = 0
    for kind in DATA:
        body = json.dumps(webhook(kind))
        headers = sign(body, secret)
        theirs, ours = official.verify(secret, body, headers), verify(body, headers, secret).event
        if isinstance(theirs, dict):  # it does not know tax invoices
            assert theirs == webhook(kind)
            continue
        compared += 1
        assert theirs.timestamp == webhook()["timestamp"]
        assert not isinstance(ours, LegacyWebhook | LegacyConfirmWebhook | UnknownVariant)
        for name, value in vars(theirs.data).items():
            assert getattr(ours.data, name) == value
    assert compared == 16


@pytest.mark.parametrize("flip", range(8))
def test_every_change_of_a_single_bit_is_refused(flip: int) -> None:
    body = json.dumps(webhook(orderName="🍜 라면"), ensure_ascii=False).encode()
    secret = a_secret(random.Random(6))
    headers = {name: value.encode() for name, value in sign(body, secret).items()}
    assert verify(body, headers, secret)
    parts = {"body": body, **headers}
    for name, value in parts.items():
        for index in range(len(value)):
            changed = bytearray(value)
            changed[index] ^= 1 << flip
            given = parts | {name: bytes(changed)}
            content = given.pop("body")
            with pytest.raises(WebhookVerificationError) as caught:
                verify(content, given, secret)
            assert not isinstance(caught.value, UnreadableBodyError)


def test_a_form_is_signed_like_any_body() -> None:
    secret = a_secret(random.Random(7))
    body = "payment_id=%EC%A3%BC%EB%AC%B8-1&tx_id=tx-1&status=Paid"
    headers = sign(body, secret)
    assert standardwebhooks.Webhook(secret).verify(body, headers, json_parse=False) is None
    event = verify(body, headers, secret).event
    assert isinstance(event, LegacyWebhook)
    assert event.payment_id == "주문-1"


def test_bytes_are_the_key_itself_as_in_their_code() -> None:
    key = random_secrets.token_bytes(32)
    body = json.dumps(webhook())
    headers = sign(body, key, timestamp=datetime.now(UTC))
    assert standardwebhooks.Webhook(key).verify(body, headers) == webhook()
    official.verify(key, body, headers)
    text = f"whsec_{base64.b64encode(key).decode()}"
    for secret in (key, text, text.encode()):
        assert verify(body, headers, secret).id == headers["webhook-id"]
