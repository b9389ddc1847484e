"""`portone-async get`: one payment."""

from __future__ import annotations

import sys
from typing import Annotated

import orjson
import typer

from portone_async import PortOne, PortOneError, with_response
from portone_async._client import BASE_URL
from portone_async._errors import AuthenticationError
from portone_async.cli.account import BaseUrl, client, refused
from portone_async.cli.exits import Exit, Stop, ending
from portone_async.cli.loop import run_loop
from portone_async.cli.terminal import console


def get(
    payment_id: Annotated[str, typer.Argument(metavar="PAYMENT_ID", help="The payment's id.")],
    base_url: BaseUrl = BASE_URL,
) -> None:
    """Print one payment as JSON, as PortOne sent it."""

    def run() -> Exit:
        content = run_loop(_get, client(base_url), payment_id)
        text = orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2).decode()
        if sys.stdout.isatty():
            console().print_json(text)
        else:
            # Data: FORCE_COLOR is not for it.
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        return Exit.OK

    raise typer.Exit(ending(run))


async def _get(portone: PortOne, payment_id: str) -> bytes:
    async with portone:
        try:
            reply = await with_response(portone.payment.get_payment, payment_id)
        except AuthenticationError as error:
            raise refused(error) from error
        except PortOneError as error:
            raise Stop(Exit.FAILED, str(error)) from error
    return reply.response.content
