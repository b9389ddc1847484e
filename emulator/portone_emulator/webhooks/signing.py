"""Signatures of webhooks, according to Standard Webhooks (https://www.standardwebhooks.com).

Written for the emulator alone: what an SDK verifies with must not be what signed it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"
_MIN_KEY_SIZE = 24


def generate_secret(seed: int) -> str:
    """Generate a secret, the same for the same seed: it only guards loopback."""
    key = hashlib.sha256(f"{seed}/webhook-secret".encode()).digest()
    return _PREFIX + base64.b64encode(key).decode()


def decode_secret(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        ValueError: the secret is not `whsec_` and the Base64 of at least 24 bytes. The message does
            not repeat it.
    """
    try:
        text = secret.removeprefix(_PREFIX)
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _MIN_KEY_SIZE:
        raise ValueError(
            f"a webhook secret is {_PREFIX} and the Base64 of at least {_MIN_KEY_SIZE} bytes"
        )
    return key


def sign(content: bytes, key: bytes, message_id: str, unix_time: int) -> dict[str, str]:
    """Return the headers of a webhook with this body."""
    signed = f"{message_id}.{unix_time}.".encode() + content
    digest = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(unix_time),
        "webhook-signature": f"v1,{digest}",
    }
