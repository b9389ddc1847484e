"""The options of `portone-emulator`: on the command line, and as environment variables."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

from attrs import frozen

from portone_emulator._version import __version__
from portone_emulator.emulator import DEFAULT_SECRET, DEFAULT_STORE_ID
from portone_emulator.http.server import LOOPBACK
from portone_emulator.state.json_values import parse_datetime
from portone_emulator.webhooks.bodies import WebhookFormat, WebhookVersion
from portone_emulator.webhooks.signing import decode_secret

_MAX_PORT = 65535
_SWITCH_VALUES = {"1": True, "true": True, "0": False, "false": False}
_DESCRIPTION = "Run an emulator of the PortOne V2 API on this machine. No account needed."
_EPILOG = """Each option can be an environment variable instead: PORTONE_EMULATOR_WEBHOOK_URL is
--webhook-url. There, commas separate the values of a repeatable option, and 1 turns a switch on.
The command line overrides the environment; the values of a repeatable option add up."""


def parse(
    arguments: Sequence[str] | None,
    environ: Mapping[str, str],
    *,
    command: str = "portone-emulator",
) -> argparse.Namespace:
    """Parse the command line and the environment; exit with a message if either is wrong.

    `command` is what the user typed, for the help.
    """
    parser = _build_parser(_EnvironmentParser, command)
    options = parser.parse_args(list(_from_environment(environ, parser)))
    parser = _build_parser(argparse.ArgumentParser, command)
    options = parser.parse_args(arguments, options)
    if options.state_file is not None and options.journal is not None:
        parser.error("argument --journal: not allowed with --state-file")
    return options


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"must be from 0 to {_MAX_PORT}")
    return port


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("must be an http or https URL")
    return text


def _origin(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if scheme not in {"http", "https"} or not rest or "/" in rest.removesuffix("/"):
        raise argparse.ArgumentTypeError("must be an origin, such as https://shop.example")
    return text


def _secret(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise argparse.ArgumentTypeError("must be ASCII without spaces, as it is sent in a header")
    return text


def _channel(text: str) -> tuple[str, str]:
    key, separator, provider = text.partition("=")
    if not key or not separator:
        raise argparse.ArgumentTypeError("must be a channel key and its PgProvider, KEY=PROVIDER")
    return key, provider


def _time(text: str) -> datetime:
    try:
        return parse_datetime(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "must be a date-time with a UTC offset, such as 2026-11-30T09:00:00+09:00"
        ) from None


def _webhook_secret(text: str) -> str:
    try:
        decode_secret(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _not_empty(convert: Callable[[str], object]) -> Callable[[str], object]:
    @wraps(convert)
    def converted(text: str) -> object:
        if not text.strip():
            raise argparse.ArgumentTypeError("must not be empty")
        return convert(text)

    return converted


@frozen(kw_only=True)
class Option:
    """An option. A switch takes no value; a repeatable option collects its values."""

    name: str
    help: str
    kind: Literal["value", "repeatable", "switch"] = "value"
    metavar: str | None = None
    convert: Callable[[str], object] = str
    choices: Iterable[str] | None = None
    default: object = None

    @property
    def variable(self) -> str:
        """The environment variable that stands for the option."""
        return "PORTONE_EMULATOR_" + self.name.removeprefix("--").replace("-", "_").upper()

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Add the option to a parser."""
        if self.kind == "switch":
            parser.add_argument(self.name, action="store_true", help=self.help)
            return
        is_repeatable = self.kind == "repeatable"
        parser.add_argument(
            self.name,
            action="append" if is_repeatable else "store",
            metavar=self.metavar,
            type=_not_empty(self.convert),
            choices=self.choices,
            default=list[Any]() if is_repeatable else self.default,
            help=f"{self.help}; repeatable" if is_repeatable else self.help,
        )


OPTIONS = (
    Option(
        name="--port",
        convert=_port,
        default=8000,
        help="TCP port, 0 for a free one (default: %(default)s)",
    ),
    Option(
        name="--host",
        default=LOOPBACK,
        help="""address to listen on (default: %(default)s). Any other exposes the emulator to
        whoever can reach that address. The dashboard and the controls need no secret, so from other
        machines, and from outside a container, they are served only under names given by
        --allow-host""",
    ),
    Option(
        name="--allow-host",
        kind="repeatable",
        metavar="NAME",
        help="Host name that may use the dashboard and the controls from elsewhere",
    ),
    Option(
        name="--shop-origin",
        kind="repeatable",
        metavar="ORIGIN",
        convert=_origin,
        help="""origin of the pages that may open windows, such as https://shop.example; windows then
        redirect to such origins only (default: pages of this machine may, and they redirect to
        any)""",
    ),
    Option(
        name="--secret",
        convert=_secret,
        default=DEFAULT_SECRET,
        help="API secret to accept (default: %(default)s)",
    ),
    Option(
        name="--store-id",
        default=DEFAULT_STORE_ID,
        help="the account's store ID (default: %(default)s)",
    ),
    Option(
        name="--sub-store",
        kind="repeatable",
        metavar="STORE-ID",
        help="further store that requests may name",
    ),
    Option(name="--any-store", kind="switch", help="accept requests for any store"),
    Option(
        name="--channel",
        kind="repeatable",
        metavar="KEY=PROVIDER",
        convert=_channel,
        help="""channel key and its PgProvider, such as channel-key-1=TOSSPAYMENTS (default: every
        channel key is accepted)""",
    ),
    Option(name="--webhook-url", metavar="URL", convert=_url, help="destination of webhooks"),
    Option(
        name="--webhook-secret",
        metavar="SECRET",
        convert=_webhook_secret,
        help="signing secret of webhooks, whsec_ and Base64 (default: generated from the seed)",
    ),
    Option(
        name="--webhook-version",
        choices=get_args(WebhookVersion),
        default="2024-04-25",
        help="version of webhook bodies (default: %(default)s)",
    ),
    Option(
        name="--webhook-format",
        choices=get_args(WebhookFormat),
        default="json",
        help="encoding of webhook bodies of version 2024-01-01 (default: %(default)s)",
    ),
    Option(
        name="--start-at",
        metavar="TIME",
        convert=_time,
        help="""the clock's start time, such as 2026-11-30T09:00:00+09:00; it then moves only by
        the control advance (default: it runs in real time)""",
    ),
    Option(
        name="--seed",
        convert=int,
        default=0,
        help="seed for IDs and generated responses (default: %(default)s)",
    ),
    Option(
        name="--otp",
        metavar="CODE",
        help="code that confirms identity verifications by SMS (default: any code)",
    ),
    Option(
        name="--seed-file",
        metavar="FILE",
        convert=Path,
        help="""YAML or JSON file of payments, billing keys and so on to start with; not used if a
        state file or a journal has a state already""",
    ),
    Option(
        name="--state-file",
        metavar="FILE",
        convert=Path,
        help="""file for the state: loaded at start if it exists, written at exit. Without it, the
        state is lost at exit""",
    ),
    Option(
        name="--journal",
        metavar="FILE",
        convert=Path,
        help="""file for the state, written before each response: it survives a crash and kill -9.
        An SQLite database, created if it does not exist""",
    ),
)


class _EnvironmentParser(argparse.ArgumentParser):
    """Parses the options of the environment; its messages name the variables."""

    def error(self, message: str) -> NoReturn:
        for option in OPTIONS:
            message = re.sub(rf"^argument {option.name}\b(?!-)", option.variable, message)
        super().error(message)


def _build_parser(kind: type[argparse.ArgumentParser], command: str) -> argparse.ArgumentParser:
    parser = kind(prog=command, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"portone-emulator {__version__}")
    for option in OPTIONS:
        option.add_to(parser)
    return parser


def _from_environment(environ: Mapping[str, str], parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the arguments that stand for the variables that are set. An empty one is not."""
    for option in OPTIONS:
        text = environ.get(option.variable, "").strip()
        # Kubernetes sets PORTONE_EMULATOR_PORT=tcp://... if there is a service of this name.
        if not text or text.startswith("tcp://"):
            continue
        if option.kind == "value":
            yield f"{option.name}={text}"
        elif option.kind == "repeatable":
            yield from (f"{option.name}={each.strip()}" for each in text.split(",") if each.strip())
        elif text.lower() not in _SWITCH_VALUES:
            parser.error(f"argument {option.name}: must be 1 or 0")
        elif _SWITCH_VALUES[text.lower()]:
            yield option.name
