"""`portone-async get`: one payment."""

from __future__ import annotations

import sys
from typing import Annotated

import orjson
import typer

from portone_async import PortOne, PortOneError, with_response
from portone_async._errors import AuthenticationError
from portone_async._origin import BASE_URL
from portone_async.cli.client import (
    AllowHttpOption,
    BaseUrlOption,
    create_client,
    secret_refused,
)
from portone_async.cli.command import CommandError, ExitCode, run_command
from portone_async.cli.event_loop import run_async
from portone_async.cli.terminal import make_console


def get(
    payment_id: Annotated[str, typer.Argument(metavar="PAYMENT_ID", help="The payment's id.")],
    base_url: BaseUrlOption = BASE_URL,
    allow_http: AllowHttpOption = False,
) -> None:
    """Print one payment as JSON, as PortOne sent it. In a file or pipe, it is UTF-8."""

    def run() -> ExitCode:
        content = run_async(_get, create_client(base_url, allow_http=allow_http), payment_id)
        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        data = orjson.dumps(orjson.loads(content), option=options)
        if sys.stdout.isatty():
            make_console().print_json(data.decode())
        else:
            # For programs: neither the locale's encoding nor FORCE_COLOR applies.
            sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return ExitCode.OK

    raise typer.Exit(run_command(run))


async def _get(portone: PortOne, payment_id: str) -> bytes:
    async with portone:
        try:
            result = await with_response(portone.payment.get_payment, payment_id)
        except AuthenticationError as error:
            raise secret_refused(error) from error
        except PortOneError as error:
            raise CommandError(ExitCode.FAILED, "{error}", error=error) from error
    return result.response.content
