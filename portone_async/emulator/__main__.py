"""`python -m portone_async.emulator`: an emulator to develop against."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from types import FrameType

from portone_async.emulator.app import RequestRecord
from portone_async.emulator.document import load
from portone_async.emulator.emulator import (
    DEFAULT_SECRET,
    DEFAULT_STORE_ID,
    STATEFUL_OPERATIONS,
    Emulator,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    options = _parser().parse_args(arguments)
    emulator = Emulator(
        secret=options.secret,
        store_id=options.store_id,
        port=options.port,
        seed=options.seed,
        on_request=lambda record: print(line(record), flush=True),  # noqa: T201
    )
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    try:
        emulator.start()
    except OSError as error:
        print(f"cannot serve on port {options.port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    print(_greeting(emulator, secret_is_default=options.secret == DEFAULT_SECRET), flush=True)  # noqa: T201
    stopped.wait()
    emulator.stop()
    return 0


def line(record: RequestRecord) -> str:
    """Describe a request in a line without secrets and personal data.

    Of the path's values only ids are shown: a billing key is as good as money, and an account number
    is somebody's.
    """
    shown = [f"{datetime.now(UTC):%H:%M:%S}", record.method.ljust(6)]
    if record.match is None:
        shown.append("(unknown path or method)")
    else:
        values = {
            name: value if name.lower().endswith("id") else "..."
            for name, value in record.match.path.items()
        }
        shown += [record.match.operation.path.format(**values), record.match.operation.id]
    shown.append("no answer" if record.status is None else str(record.status))
    if record.fault is not None:
        shown.append(f"fault={record.fault}")
    if record.is_replay:
        shown.append("replay")
    return "  ".join(shown)


def _greeting(emulator: Emulator, *, secret_is_default: bool) -> str:
    secret = emulator.secret if secret_is_default else "as given"
    return f"""\
PortOne V2 emulator at {emulator.url}
  API secret  {secret}
  store id    {emulator.store_id}
  operations  {len(load().operations)}, {len(STATEFUL_OPERATIONS)} of them stateful; samples elsewhere
Press Ctrl+C to stop."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m portone_async.emulator", description="A PortOne V2 on loopback."
    )
    parser.add_argument("--port", type=int, default=8000, help="TCP port (default: 8000)")
    parser.add_argument("--secret", default=DEFAULT_SECRET, help="API secret that it takes")
    parser.add_argument("--store-id", default=DEFAULT_STORE_ID, help="the account's store id")
    parser.add_argument("--seed", type=int, default=0, help="for ids and sample replies")
    return parser


if __name__ == "__main__":
    sys.exit(main())
