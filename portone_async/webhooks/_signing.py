"""Signatures according to Standard Webhooks (https://www.standardwebhooks.com): pure functions, without a clock."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast

from portone_async._errors import InvalidArgumentError
from portone_async.webhooks._errors import (
    MalformedTimestampError,
    MissingHeaderError,
    NoMatchingSignatureError,
    RepeatedHeaderError,
)

Headers: TypeAlias = Mapping[Any, Any] | Iterable[tuple[Any, Any]]
Secrets: TypeAlias = str | bytes | Iterable[str | bytes]

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
_NAMES: Final = (ID, TIMESTAMP, SIGNATURE)
_PREFIX: Final = "whsec_"
# "Signing secret: random, between 24 bytes (192 bits) and 64 bytes (512 bits)":
# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
# Longer keys are no less safe, and HMAC takes them, so only the minimum is enforced.
_MIN_KEY_SIZE: Final = 24
_VERSION: Final = b"v1,"
# Only ASCII digits: int() also accepts signs, spaces, underscores and the digits of other scripts. Eleven digits are
# enough until the year 5138, and fit into a datetime.
_SECONDS: Final = re.compile(r"[0-9]{1,11}")


class SignatureHeaders(NamedTuple):
    """The three headers of a webhook, as received."""

    id: str
    timestamp: str
    signature: str

    @property
    def seconds(self) -> int:
        """When the webhook was sent, in Unix seconds.

        Raises:
            MalformedTimestampError: The header is not a number of seconds.
        """
        if _SECONDS.fullmatch(self.timestamp) is None:
            raise MalformedTimestampError
        return int(self.timestamp)


def decode_secrets(secrets: Secrets) -> tuple[bytes, ...]:
    """Return the HMAC keys for one secret or several.

    A `str` is Base64, with or without `whsec_`. `bytes` are the key itself, as in the libraries of Standard Webhooks
    and in PortOne's own SDK, unless they start with `whsec_`: then they are an encoded `str`.

    Raises:
        InvalidArgumentError: A secret is not valid, or there is none.
    """
    keys = tuple(map(_decode_secret, list_secrets(secrets)))
    if not keys:
        raise InvalidArgumentError("no webhook secret was given")
    return keys


def list_secrets(secrets: Any) -> list[Any]:
    """Return one secret or several as a list, without looking at each.

    Raises:
        InvalidArgumentError: They are neither a secret nor an iterable of secrets.
    """
    if secrets is None:
        raise InvalidArgumentError(
            "the webhook secret is None: is the setting or environment variable that holds it set?"
        )
    if isinstance(secrets, str | bytes | bytearray):
        return [secrets]
    if isinstance(secrets, Mapping) or not isinstance(secrets, Iterable):
        raise InvalidArgumentError(
            f"secrets takes a str or bytes, or several, not {type(cast('object', secrets)).__name__}"
        )
    return list(cast("Iterable[Any]", secrets))


def _decode_secret(secret: Any) -> bytes:
    if isinstance(secret, bytes | bytearray):
        is_text = secret.startswith(_PREFIX.encode())
        key = _decode_base64(secret.decode("latin-1")) if is_text else bytes(secret)
    elif isinstance(secret, str):
        key = _decode_base64(secret)
    else:
        raise InvalidArgumentError(
            f"a webhook secret is a str or bytes, not {type(secret).__name__}"
        )
    # The messages do not repeat the secret, and no exception that knows it is chained.
    if not key:
        raise InvalidArgumentError(
            "a webhook secret is empty or not Base64: copy all of it from PortOne's console"
        )
    if len(key) < _MIN_KEY_SIZE:
        raise InvalidArgumentError(
            f"a webhook secret has {len(key)} bytes, but Standard Webhooks requires at least {_MIN_KEY_SIZE}: "
            "copy all of it from PortOne's console"
        )
    return key


def _decode_base64(secret: str) -> bytes | None:
    text = secret.removeprefix(_PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def to_bytes(body: Any) -> bytes:
    """Return a body as bytes."""
    if isinstance(body, str):
        # Lone surrogates are not valid Unicode, so such a str cannot be what was signed: any bytes will do.
        return body.encode("utf-8", "surrogatepass")
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(cast("bytes", body))
    raise InvalidArgumentError(
        f"body takes the raw bytes (or text) of the request, not {type(body).__name__}: "
        "JSON that was parsed and serialized again is not what was signed"
    )


def read_headers(headers: Any) -> SignatureHeaders:
    """Return the three headers from any mapping or list of pairs.

    Names may have any case. Names and values may be `str` or `bytes`, and values also lists of them.
    """
    values_by_name: dict[str, set[str]] = {name: set() for name in _NAMES}
    for key, value in _to_pairs(headers):
        name = _to_text(key).lower()
        if name in values_by_name:
            values = cast("list[Any]", value) if isinstance(value, list | tuple) else [value]
            values_by_name[name].update(filter(None, map(_to_text, values)))
    for name, values in values_by_name.items():
        if not values:
            raise MissingHeaderError(name)
        if len(values) > 1:
            raise RepeatedHeaderError(name)
    return SignatureHeaders(*(values.pop() for values in values_by_name.values()))


def _to_pairs(headers: Any) -> list[tuple[Any, Any]]:
    try:
        return [(key, value) for key, value in getattr(headers, "items", lambda: headers)()]
    except (TypeError, ValueError):
        pass
    raise InvalidArgumentError(
        f"headers takes a mapping or pairs of name and value, not {type(headers).__name__}"
    )


def _to_text(value: Any) -> str:
    """Return a header's name or value as text; anything that is not text counts as absent."""
    if isinstance(value, bytes | bytearray):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def compute_signature(key: bytes, message_id: str, timestamp: str, content: bytes) -> bytes:
    """Return `v1,` and the Base64 of the HMAC."""
    # "surrogatepass" keeps lone surrogates distinct, so that two ids never share a signature.
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "surrogatepass") + content
    return _VERSION + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def verify_signature(keys: tuple[bytes, ...], headers: SignatureHeaders, content: bytes) -> None:
    """Raise unless one of the signatures matches one of the keys.

    Signatures are compared as text, not decoded: the same bytes have several Base64 spellings. Every pair is compared,
    each in constant time, so the total time reveals only how many there are.

    Raises:
        NoMatchingSignatureError: None matches.
    """
    candidates = [
        part
        for part in headers.signature.encode("utf-8", "surrogatepass").split(b" ")
        if part.startswith(_VERSION)
    ]
    is_match = False
    for key in keys:
        expected = compute_signature(key, headers.id, headers.timestamp, content)
        for candidate in candidates:
            is_match |= hmac.compare_digest(candidate, expected)
    if not is_match:
        raise NoMatchingSignatureError
