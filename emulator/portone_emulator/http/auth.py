"""Authentication by the API secret, or by tokens issued for it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from attrs import define, field

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.handlers import Handler
from portone_emulator.state.clock import Clock
from portone_emulator.state.json_values import JsonObject

# From the OpenAPI document's description of `LoginViaApiSecretResponse`.
ACCESS_LIFETIME = timedelta(minutes=30)
REFRESH_LIFETIME = timedelta(days=1)


@define
class Auth:
    """Checks credentials and issues tokens."""

    _secret: str = field(repr=False)
    _clock: Clock
    _access: dict[str, datetime] = field(factory=dict, init=False, repr=False)
    _refresh: dict[str, datetime] = field(factory=dict, init=False, repr=False)

    def check(self, header: str | None) -> None:
        """Check the Authorization header.

        Raises:
            EmulatedAPIError: UNAUTHORIZED.
        """
        scheme, _, credential = (header or "").partition(" ")
        match scheme.lower():
            case "portone":
                is_valid = _equals(credential.strip(), self._secret)
            case "bearer":
                is_valid = self._is_valid(self._access, credential.strip())
            case _:
                is_valid = False
        if not is_valid:
            raise EmulatedAPIError(
                "UNAUTHORIZED", "the Authorization header has no valid secret or token"
            )

    def login(self, secret: str) -> JsonObject:
        """Issue tokens for the API secret.

        Raises:
            EmulatedAPIError: UNAUTHORIZED.
        """
        if not _equals(secret, self._secret):
            raise EmulatedAPIError("UNAUTHORIZED", "the API secret is wrong")
        return self._issue()

    def refresh(self, token: str) -> JsonObject:
        """Issue new tokens for a refresh token.

        Raises:
            EmulatedAPIError: UNAUTHORIZED.
        """
        if not self._is_valid(self._refresh, token):
            raise EmulatedAPIError("UNAUTHORIZED", "the refresh token is unknown or has expired")
        return self._issue()

    def clear(self) -> None:
        """Revoke all tokens."""
        self._access.clear()
        self._refresh.clear()

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of the token operations."""
        return {
            "loginViaApiSecret": lambda _, request: self.login(request.body["apiSecret"]),
            "refreshToken": lambda _, request: self.refresh(request.body["refreshToken"]),
        }

    def _issue(self) -> JsonObject:
        """Issue tokens. Earlier refresh tokens end, as the document says; access tokens stay."""
        now = self._clock.now()
        self._refresh.clear()
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._access[access] = now + ACCESS_LIFETIME
        self._refresh[refresh] = now + REFRESH_LIFETIME
        return {"accessToken": access, "refreshToken": refresh}

    def _is_valid(self, tokens: dict[str, datetime], token: str) -> bool:
        expires_at = tokens.get(token)
        return expires_at is not None and self._clock.now() < expires_at


def _equals(candidate: str, secret: str) -> bool:
    return secrets.compare_digest(candidate.encode(), secret.encode())
