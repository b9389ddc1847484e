"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com): pure functions, no clock."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

from portone_async._errors import InvalidArgumentError
from portone_async.webhooks._errors import (
    MalformedTimestampError,
    MissingHeaderError,
    NoMatchingSignatureError,
    RepeatedHeaderError,
)

Headers = Mapping[Any, Any] | Iterable[tuple[Any, Any]]

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
_NAMES: Final = (ID, TIMESTAMP, SIGNATURE)
_PREFIX: Final = "whsec_"
_VERSION: Final = b"v1,"
# ASCII digits only: int() takes signs, spaces, underscores and the digits of every script. Eleven of them last
# until the year 5138, and are a time that datetime can hold.
_SECONDS: Final = re.compile(r"[0-9]{1,11}")


class Signed(NamedTuple):
    """The three headers of a webhook, as they came."""

    id: str
    timestamp: str
    signature: str

    @property
    def seconds(self) -> int:
        """When it was sent, in Unix seconds."""
        if _SECONDS.fullmatch(self.timestamp) is None:
            raise MalformedTimestampError
        return int(self.timestamp)


def keys_of(secrets: str | Iterable[str]) -> tuple[bytes, ...]:
    """The keys behind one secret or several, each with or without `whsec_`."""
    listed: list[Any] = [secrets] if isinstance(secrets, str) else _listed(secrets)
    if not listed:
        raise InvalidArgumentError("no webhook secret was given")
    return tuple(_key(secret) for secret in listed)


def _listed(secrets: Any) -> list[Any]:
    if isinstance(secrets, bytes | bytearray | Mapping) or not isinstance(secrets, Iterable):
        raise InvalidArgumentError(
            f"secrets takes a str or several, not {type(cast('object', secrets)).__name__}"
        )
    return list(cast("Iterable[Any]", secrets))


def _key(secret: Any) -> bytes:
    if not isinstance(secret, str):
        raise InvalidArgumentError(f"a webhook secret is a str, not {type(secret).__name__}")
    key = _decoded(secret.removeprefix(_PREFIX))
    if not key:
        # Nothing of it is repeated, and no exception that knows it is chained.
        raise InvalidArgumentError(
            "a webhook secret is empty or not Base64: copy it whole from PortOne's console"
        )
    return key


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def content_of(body: Any) -> bytes:
    """The bytes of a body."""
    if isinstance(body, str):
        # A str that is no Unicode text cannot be what was signed: any bytes that do not fit will do.
        return body.encode("utf-8", "surrogatepass")
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(cast("bytes", body))
    raise InvalidArgumentError(
        f"body takes the raw bytes (or text) of the request, not {type(body).__name__}: "
        "JSON that was parsed and written again is not what was signed"
    )


def signed_headers(headers: Any) -> Signed:
    """The three headers, from any mapping or list of pairs: any case, `str` or `bytes`, one value or a list."""
    found: dict[str, set[str]] = {name: set() for name in _NAMES}
    for key, value in _pairs(headers):
        name = _text(key).lower()
        if name in found:
            values = cast("list[Any]", value) if isinstance(value, list | tuple) else [value]
            found[name].update(filter(None, map(_text, values)))
    for name, values in found.items():
        if not values:
            raise MissingHeaderError(name)
        if len(values) > 1:
            raise RepeatedHeaderError(name)
    return Signed(*(values.pop() for values in found.values()))


def _pairs(headers: Any) -> list[tuple[Any, Any]]:
    try:
        return [(key, value) for key, value in getattr(headers, "items", lambda: headers)()]
    except (TypeError, ValueError):
        pass
    raise InvalidArgumentError(
        f"headers takes a mapping or pairs of name and value, not {type(headers).__name__}"
    )


def _text(value: Any) -> str:
    """A header's name or value; what is no text counts as absent."""
    if isinstance(value, bytes | bytearray):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def signature_of(key: bytes, message_id: str, timestamp: str, content: bytes) -> bytes:
    """`v1,` and the Base64 of the HMAC."""
    # Lone surrogates are kept apart from each other: two ids never share a signature.
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "surrogatepass") + content
    return _VERSION + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def check_signature(keys: tuple[bytes, ...], signed: Signed, content: bytes) -> None:
    """Refuse unless a signature fits one of the keys.

    The text is compared, not what it decodes to: Base64 has several spellings of the same bytes. Every pair is
    compared, each in constant time, so that the time taken tells nothing but how many there are.
    """
    given = [
        part
        for part in signed.signature.encode("utf-8", "surrogatepass").split(b" ")
        if part.startswith(_VERSION)
    ]
    fits = False
    for key in keys:
        expected = signature_of(key, signed.id, signed.timestamp, content)
        for candidate in given:
            fits |= hmac.compare_digest(candidate, expected)
    if not fits:
        raise NoMatchingSignatureError
