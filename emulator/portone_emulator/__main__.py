"""`portone-emulator`: run an emulator to develop against."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from portone_emulator.document.document import load
from portone_emulator.emulator import DEFAULT_SECRET, STATEFUL_OPERATIONS, Emulator
from portone_emulator.http.app import RequestRecord
from portone_emulator.http.request_log import format_request
from portone_emulator.options import parse
from portone_emulator.scenarios.seeds import SeedError
from portone_emulator.state.snapshots import SnapshotError


class _CommandError(Exception):
    """The emulator cannot run; the message is one line for the user."""


def main(arguments: Sequence[str] | None = None, *, command: str = "portone-emulator") -> int:
    """Serve until interrupted. `command` is what the user typed, for the help."""
    options = parse(arguments, os.environ, command=command)
    try:
        emulator = _create_emulator(options)
        if not _load(emulator, options.state_file):
            _seed(emulator, options.seed_file)
        with _stop_signals() as stopped:
            _start(emulator, options)
            print(_banner(emulator, options), flush=True)  # noqa: T201  (a command prints)
            stopped.wait()
            _stop(emulator)
            _save(emulator, options.state_file)
    except _CommandError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _create_emulator(options: argparse.Namespace) -> Emulator:
    in_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")  # https://no-color.org

    def log(record: RequestRecord) -> None:
        print(format_request(record, in_colour=in_colour), flush=True)  # noqa: T201

    try:
        return Emulator(
            secret=options.secret,
            store_id=options.store_id,
            sub_store_ids=options.sub_store,
            any_store=options.any_store,
            channels=dict(options.channel) or None,
            webhook_url=options.webhook_url,
            webhook_secret=options.webhook_secret,
            webhook_version=options.webhook_version,
            webhook_format=options.webhook_format,
            host=options.host,
            allowed_hosts=options.allow_host,
            shop_origins=options.shop_origin,
            port=options.port,
            seed=options.seed,
            start_at=options.start_at,
            otp=options.otp,
            journal=options.journal,
            on_request=log,
        )
    except ValueError as error:
        raise _CommandError(f"--channel: {error}") from None


def _start(emulator: Emulator, options: argparse.Namespace) -> None:
    try:
        emulator.start()
    except SnapshotError as error:
        raise _CommandError(
            f"cannot use the journal {options.journal}: {error}. "
            "To start with an empty state, name another file"
        ) from None
    except OSError as error:
        address = f"{options.host}, port {options.port}"
        raise _CommandError(f"cannot serve on {address}: {error.strerror or error}") from None


def _stop(emulator: Emulator) -> None:
    try:
        emulator.stop()
    except OSError as error:
        raise _CommandError(str(error)) from None


@contextmanager
def _stop_signals() -> Generator[threading.Event]:
    """Set the event on SIGINT (Ctrl+C) and SIGTERM; do nothing else in the signal handler."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _load(emulator: Emulator, file: Path | None) -> bool:
    """Load the state file, if there is one. An unreadable file is left unchanged."""
    if file is None:
        return False
    if not file.resolve().parent.is_dir():
        raise _CommandError(f"cannot keep state in {file}: no such folder")
    if not os.access(file.resolve().parent, os.W_OK):
        raise _CommandError(f"cannot keep state in {file}: its folder cannot be written")
    try:
        emulator.load(file)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _CommandError(f"cannot read the state file {file}: {error.strerror}") from None
    except SnapshotError as error:
        raise _CommandError(
            f"cannot use the state file {file}: {error}. "
            "It was not changed; move it away to start with an empty state"
        ) from None
    return True


def _seed(emulator: Emulator, file: Path | None) -> None:
    if file is None:
        return
    try:
        emulator.seed(file)
    except OSError as error:
        raise _CommandError(f"cannot read the seed file {file}: {error.strerror}") from None
    except SeedError as error:
        raise _CommandError(f"cannot use the seed file {file}: {error}") from None


def _save(emulator: Emulator, file: Path | None) -> None:
    if file is None:
        return
    try:
        emulator.save(file)
    except OSError as error:
        raise _CommandError(f"cannot write the state file {file}: {error.strerror}") from None


def _banner(emulator: Emulator, options: argparse.Namespace) -> str:
    secret = emulator.secret if options.secret == DEFAULT_SECRET else "the one given"
    if options.webhook_url is None:
        webhooks = "off: no --webhook-url given"
    elif options.webhook_secret is None:
        webhooks = f"to {options.webhook_url}, signed with {emulator.webhook_secret}"
    else:
        webhooks = f"to {options.webhook_url}, signed with the secret given"
    file = options.state_file or options.journal
    state = "" if file is None else f"\n  state       {file}"
    return f"""\
PortOne V2 emulator at {emulator.url}
  dashboard   {emulator.url}/
  controls    {emulator.url}/_emulator/
  window      {emulator.url}/checkout/PAYMENT-ID?totalAmount=1000&redirect=YOUR-SHOP
  browser SDK {emulator.url}/v2/browser-sdk.js
  API secret  {secret}
  store ID    {emulator.store_id}
  operations  {_operations()}
  webhooks    {webhooks}{state}
Press Ctrl+C to stop."""


def _operations() -> str:
    operations = load().operations
    generated = operations.keys() - STATEFUL_OPERATIONS
    without_state = f", {len(generated)} of them without state" if generated else ""
    return f"{len(operations)}{without_state}"


def run() -> None:
    """Run the command, and exit with its status."""
    sys.exit(main())


if __name__ == "__main__":
    run()
