"""The client that commands use. Secrets come from the environment only."""

from __future__ import annotations

import os
from typing import Annotated, TypeAlias

import typer

from portone_async import PortOne
from portone_async._errors import InvalidArgumentError
from portone_async.cli.exits import Exit, Stop

BaseUrl: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Where the API is; the emulator's address, for one.",
        envvar="PORTONE_BASE_URL",
        metavar="URL",
    ),
]


def client(base_url: str, *, connections: int = 1) -> PortOne:
    """A client for PORTONE_API_SECRET and PORTONE_STORE_ID.

    Raises:
        Stop: There is no secret, or it or the address cannot be right.
    """
    if not os.environ.get("PORTONE_API_SECRET"):
        raise Stop(Exit.REFUSED, "no API secret: set the environment variable PORTONE_API_SECRET")
    try:
        return PortOne(base_url=base_url, max_connections=connections)
    except InvalidArgumentError as error:
        raise Stop(Exit.USAGE, str(error)) from None


def refused(error: Exception) -> Stop:
    """The ending for an API secret that PortOne does not take."""
    return Stop(Exit.REFUSED, f"PortOne refused the API secret ({error})")
