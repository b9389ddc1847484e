"""Command-line options of `portone-emulator`."""

from __future__ import annotations

import argparse
from pathlib import Path

from portone_emulator.emulator import DEFAULT_SECRET, DEFAULT_STORE_ID
from portone_emulator.http.server import LOOPBACK

_MAX_PORT = 65535
_DESCRIPTION = "Run an emulator of the PortOne V2 API on this machine. No account needed."
_HOST = """address to listen on (default: %(default)s). Any other exposes the emulator to whoever can
reach that address. The dashboard and the controls need no secret, so from other machines, and from
outside a container, they are served only under names given by --allow-host"""
_STATE = """file for the state: loaded at start if it exists, written at exit. Without it, the state is
lost at exit"""
_JOURNAL = """file for the state, written before each response: it survives a crash and kill -9. An
SQLite database, created if it does not exist"""


def build_parser(command: str) -> argparse.ArgumentParser:
    """Build the argument parser; `command` is what the user typed, for the help."""
    parser = argparse.ArgumentParser(prog=command, description=_DESCRIPTION)
    add = parser.add_argument
    add(
        "--port", type=_port, default=8000, help="TCP port, 0 for a free one (default: %(default)s)"
    )
    add("--secret", default=DEFAULT_SECRET, help="API secret to accept (default: %(default)s)")
    add(
        "--store-id", default=DEFAULT_STORE_ID, help="the account's store ID (default: %(default)s)"
    )
    add("--webhook-url", metavar="URL", type=_url, help="destination of webhooks")
    add(
        "--webhook-secret",
        metavar="SECRET",
        help="signing secret of webhooks, whsec_ and Base64 (default: generated from the seed)",
    )
    add(
        "--seed",
        type=int,
        default=0,
        help="seed for IDs and generated responses (default: %(default)s)",
    )
    add(
        "--otp",
        metavar="CODE",
        help="code that confirms identity verifications by SMS (default: any code)",
    )
    state = parser.add_mutually_exclusive_group()
    state.add_argument("--state-file", metavar="FILE", type=Path, help=_STATE)
    state.add_argument("--journal", metavar="FILE", type=Path, help=_JOURNAL)
    add("--host", default=LOOPBACK, help=_HOST)
    add(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="Host name that may use the dashboard and the controls from elsewhere; repeatable",
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"must be from 0 to {_MAX_PORT}")
    return port


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("must be an http or https URL")
    return text
