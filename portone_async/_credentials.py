"""What a client authorizes its requests by: the API secret or an access token."""

from __future__ import annotations

import os
from typing import Any

from attrs import define, field

from portone_async._options import is_header_value


@define(frozen=True)
class Secret:
    """An argument that no repr shows: tools that collect errors show the variables of each function in a traceback."""

    value: Any = field(repr=False)


def as_secret(value: Any) -> Secret | None:
    """`value` wrapped; nothing if it is absent."""
    return None if value is None else Secret(value)


@define(frozen=True)
class Credentials:
    """The API secret or an access token, as given or as the environment has it; not checked yet.

    Nothing here raises: tools that collect errors show the variables of each function in a traceback, and here
    some of them hold the secret.
    """

    api_secret: Any = field(repr=False)
    access_token: Any = field(repr=False)

    @property
    def uses_access_token(self) -> bool:
        """Whether there is an access token, which expires."""
        return self.access_token is not None

    @property
    def authorization(self) -> str:
        """The value of the `Authorization` header, if there is no `problem`."""
        return f"{'Bearer' if self.uses_access_token else 'PortOne'} {self._secret()}"

    @property
    def problem(self) -> str | None:
        """Why these cannot be used, without the secret."""
        secret = self._secret()
        if self.api_secret is not None and self.access_token is not None:
            return "give api_secret or access_token, not both"
        if not secret:
            return "no API secret: PortOne('...') or the environment variable PORTONE_API_SECRET (console: API Keys)"
        if not isinstance(secret, str):
            return f"the API secret takes a str, not {type(secret).__name__}"
        if any(character.isspace() for character in secret):
            return "the API secret has white space in it or around it"
        if not is_header_value(secret):
            return "the API secret has characters that HTTP cannot carry"
        return None

    def _secret(self) -> Any:
        if self.uses_access_token:
            return self.access_token
        return os.environ.get("PORTONE_API_SECRET") if self.api_secret is None else self.api_secret
