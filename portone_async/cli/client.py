"""The client that commands use. Its secrets come from the environment only."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import Annotated, TypeAlias

import typer

from portone_async import PortOne
from portone_async._errors import AuthenticationError, InvalidArgumentError
from portone_async.cli.command import CommandError, ExitCode

BaseUrlOption: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Where the API is, such as the emulator's address.",
        envvar="PORTONE_BASE_URL",
        metavar="URL",
    ),
]
AllowHttpOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--allow-http",
        help="Permit a --base-url with http:// on another machine, where everyone in between can read the API secret.",
    ),
]


def create_client(base_url: str, *, allow_http: bool = False, connections: int = 1) -> PortOne:
    """Create a client from PORTONE_API_SECRET and PORTONE_STORE_ID.

    Raises:
        CommandError: There is no secret, or it or the URL is not valid.
    """
    if not os.environ.get("PORTONE_API_SECRET"):
        raise CommandError(
            ExitCode.UNAUTHORIZED,
            "no API secret: set the environment variable PORTONE_API_SECRET",
        )
    new_client = partial(
        PortOne, base_url=base_url, allow_http=allow_http, max_connections=connections
    )
    # Directly where that is possible: not through a proxy.
    with suppress(InvalidArgumentError):
        return new_client(transport="direct")
    try:
        return new_client()
    except InvalidArgumentError as error:
        message = str(error).replace("allow_http=True", "--allow-http")
        raise CommandError(ExitCode.USAGE, message) from None


def secret_refused(error: AuthenticationError) -> CommandError:
    """Return the error for an API secret that PortOne does not accept."""
    return CommandError(
        ExitCode.UNAUTHORIZED, "PortOne refused the API secret ({error})", error=error
    )
