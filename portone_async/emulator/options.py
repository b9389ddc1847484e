"""The options of `python -m portone_async.emulator`."""

from __future__ import annotations

import argparse
from pathlib import Path

from portone_async.emulator.emulator import DEFAULT_SECRET, DEFAULT_STORE_ID
from portone_async.emulator.server import LOOPBACK

_DESCRIPTION = "A PortOne V2 that needs no account, on this machine."
_HOST = """address to listen on (default: %(default)s). Any other opens the emulator to whoever reaches
that address. The page and the controls ask for no secret, so from other machines, and from outside
of a container, they answer only under names given by --allow-host"""
_STATE = """file that keeps what happened: loaded at the start if it is there, written when stopped.
Without it, everything is forgotten"""


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(
        prog="python -m portone_async.emulator", description=_DESCRIPTION
    )
    add = made.add_argument
    add(
        "--port", type=_port, default=8000, help="TCP port, 0 for a free one (default: %(default)s)"
    )
    add("--secret", default=DEFAULT_SECRET, help="API secret that it takes (default: %(default)s)")
    add("--store-id", default=DEFAULT_STORE_ID, help="the account's store (default: %(default)s)")
    add("--webhook-url", metavar="URL", type=_url, help="where webhooks go")
    add("--webhook-secret", metavar="SECRET", help="signs them: whsec_ and Base64 (default: made)")
    add("--seed", type=int, default=0, help="for ids and sample replies (default: %(default)s)")
    add("--state-file", metavar="FILE", type=Path, help=_STATE)
    add("--host", default=LOOPBACK, help=_HOST)
    add(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="a name under which the page and the controls may be used from elsewhere; repeatable",
    )
    return made


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError("must be from 0 to 65535")
    return port


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("must be an http or https URL")
    return text
