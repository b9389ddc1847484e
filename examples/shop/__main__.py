"""`python -m examples.shop`: the shop and the emulator, until Ctrl+C."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import socket
import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import uvicorn
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.supervisors import Multiprocess

from portone_async.emulator import Emulator

from .app import create_app
from .database import Database
from .settings import Settings
from .webhooks import PATH

HOST: Final = "127.0.0.1"
_BACKLOG: Final = 2048


def main() -> None:
    """Serve the shop and the emulator."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.shop", description="An example shop, with the emulator."
    )
    parser.add_argument(
        "--port", type=int, default=8080, help="the shop's TCP port (8080), 0 for a free one"
    )
    parser.add_argument(
        "--emulator-port", type=int, default=0, help="the emulator's TCP port (a free one)"
    )
    parser.add_argument(
        "--workers", type=number_of_workers, default=1, help="how many processes serve it (1)"
    )
    parser.add_argument(
        "--database-url",
        help="PostgreSQL, as postgresql+asyncpg://...; SQLite in a temporary file without it",
    )
    parser.add_argument(
        "--redis-url", help="where handled webhooks are remembered (in the database)"
    )
    options = parser.parse_args()
    try:
        listener = listen(options.port)
    except OSError as error:
        sys.exit(f"port {options.port}: {error.strerror}; choose another one with --port")
    shop_url = f"http://{HOST}:{listener.getsockname()[1]}"
    # The emulator's data ends with it, so SQLite's does, too. What is in another database stays there.
    with (
        listener,
        tempfile.TemporaryDirectory() as folder,
        Emulator(
            port=options.emulator_port,
            webhook_url=shop_url + PATH,
            shop_origins=[shop_url],
            # With the ids of an earlier run, a Redis or database that is kept would take webhooks for handled ones.
            seed=secrets.randbits(32),
        ) as emulator,
    ):
        settings = Settings(
            shop_url=shop_url,
            window_url=emulator.url,
            database_url=options.database_url or f"sqlite+aiosqlite:///{Path(folder) / 'shop.db'}",
            redis_url=options.redis_url,
            api_url=emulator.url,
            api_secret=emulator.secret,
            webhook_secret=emulator.webhook_secret,
            staff_password=secrets.token_urlsafe(9),
        )
        asyncio.run(prepare(settings))
        print(f"Shop      {shop_url}")
        print(f"Staff     {shop_url}/admin   any name, password {settings.staff_password}")
        print(f"Emulator  {emulator.url}   all payments, and a clock to move")
        print("Press Ctrl+C to stop.", flush=True)
        with suppress(KeyboardInterrupt):
            serve(settings, listener, options.workers)


def serve(settings: Settings, listener: socket.socket, workers: int) -> None:
    """Serve the shop until Ctrl+C or a signal. Several workers share the socket, the database and Redis."""
    config = uvicorn.Config(
        partial(create_app, settings),
        factory=True,
        workers=workers,
        log_level="warning",
        # Longer than clients and proxies keep a connection that is not in use. Otherwise a request that has been sent,
        # and that a busy machine has not read yet, can meet the server's end of the connection, and is lost.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,  # the event stream of an open page never ends by itself
        timeout_worker_healthcheck=60,  # a busy machine takes longer than the default to start a worker
    )
    if workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
    else:
        Multiprocess(config, sockets=[listener]).run()


async def prepare(settings: Settings) -> None:
    """Create missing tables, before workers do so all at the same time, and exit if there is no database or no Redis."""
    try:
        database = Database(settings)
    except (ValueError, ImportError, SQLAlchemyError) as error:
        sys.exit(f"--database-url or --redis-url: {error}")
    try:
        await database.create_tables()
    except Exception as error:  # noqa: BLE001  (drivers have exceptions of their own)
        sys.exit(f"--database-url: {error}")
    else:
        try:
            await database.check_redis()
        except (OSError, RedisError) as error:
            sys.exit(f"--redis-url: {error}")
    finally:
        await database.aclose()


def number_of_workers(text: str) -> int:
    """Parse `--workers`."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return int(text)


def listen(port: int) -> socket.socket:
    """Listen on loopback.

    The protocol is given explicitly, which `socket.create_server` does not do: asyncio turns off Nagle's algorithm
    only for a socket with IPPROTO_TCP. With it, each response would wait 40 ms for an acknowledgement.

    Raises:
        OSError: The port is in use.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


if __name__ == "__main__":
    main()
