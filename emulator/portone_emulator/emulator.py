"""The public facade of the emulator."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from os import PathLike
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import anyio.to_thread
from starlette.applications import Starlette

from portone_emulator.actions import Actions
from portone_emulator.billing import billing_keys, issue_window, schedules
from portone_emulator.document.choices import check_choice
from portone_emulator.document.document import load
from portone_emulator.document.generated import ResponseGenerator
from portone_emulator.http.app import Api, RequestRecord
from portone_emulator.http.auth import Auth
from portone_emulator.http.background import BackgroundWorker
from portone_emulator.http.handlers import Handler
from portone_emulator.http.idempotency import IdempotencyKeys
from portone_emulator.http.request_history import RequestHistory
from portone_emulator.http.server import LOOPBACK, LoopbackServer
from portone_emulator.http.validation import RequestValidator
from portone_emulator.identity import verifications
from portone_emulator.payments import (
    cancellations,
    cash_receipts,
    checkout_profiles,
    escrow,
    lists,
    operations,
    pg_specific,
    promotions,
    sessions,
    vat_reports,
)
from portone_emulator.platform import operations as platform
from portone_emulator.scenarios import seeds
from portone_emulator.scenarios.error_responses import PlannedErrors
from portone_emulator.scenarios.faults import Faults
from portone_emulator.scenarios.future import PlannedChanges
from portone_emulator.state import snapshots, state_file
from portone_emulator.state.clock import Clock
from portone_emulator.state.ids import Ids
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import Settings, State
from portone_emulator.web.controls import controls
from portone_emulator.web.guard import Guard
from portone_emulator.web.shop_origins import ShopOrigins
from portone_emulator.web.site import Site
from portone_emulator.webhooks import history
from portone_emulator.webhooks.bodies import WebhookFormat, WebhookVersion, check_version
from portone_emulator.webhooks.signing import decode_secret, generate_secret

DEFAULT_SECRET = "emulator-secret"  # noqa: S105  (not a real one)
DEFAULT_STORE_ID = "store-emulator"

_HANDLERS: dict[str, Handler] = {
    **operations.HANDLERS,
    **cancellations.HANDLERS,
    **escrow.HANDLERS,
    **issue_window.HANDLERS,
    **lists.HANDLERS,
    **sessions.HANDLERS,
    **history.HANDLERS,
    **promotions.HANDLERS,
    **checkout_profiles.HANDLERS,
    **pg_specific.HANDLERS,
    **vat_reports.HANDLERS,
    **billing_keys.HANDLERS,
    **schedules.HANDLERS,
    **cash_receipts.HANDLERS,
    **verifications.HANDLERS,
    **platform.HANDLERS,
}

STATEFUL_OPERATIONS = frozenset({*_HANDLERS, "loginViaApiSecret", "refreshToken"})
"""The operations with real state; the others return generated responses."""


class Emulator(Actions):
    """A stateful PortOne emulator on loopback; no account needed.

    ```python
    async with Emulator() as emulator:
        emulator.checkout("order20261130001", amount=1000)
        response = await client.get(f"{emulator.url}/payments/order20261130001", headers=...)
    ```

    Between `start()` and `stop()`, or in a `with` or `async with` block, it is served over HTTP by
    a thread of its own. Its methods may be called from any thread. `app` is the ASGI application,
    for in-process use without a server.
    """

    def __init__(
        self,
        *,
        secret: str = DEFAULT_SECRET,
        store_id: str = DEFAULT_STORE_ID,
        sub_store_ids: Iterable[str] = (),
        any_store: bool = False,
        channels: Mapping[str, str] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        webhook_version: WebhookVersion = "2024-04-25",
        webhook_format: WebhookFormat = "json",
        host: str = LOOPBACK,
        allowed_hosts: Iterable[str] = (),
        shop_origins: Iterable[str] = (),
        port: int = 0,
        seed: int = 0,
        start_at: datetime | None = None,
        otp: str | None = None,
        journal: str | PathLike[str] | None = None,
        on_request: Callable[[RequestRecord], None] | None = None,
    ) -> None:
        """Create an emulator; `start()` serves it.

        Args:
            secret: the API secret that requests must carry.
            store_id: the account's store, used if a request names none.
            sub_store_ids: further stores that requests may name; any other is FORBIDDEN.
            any_store: whether requests may name any store.
            channels: maps channel keys to their `PgProvider`; other keys get CHANNEL_NOT_FOUND. If
                omitted, every channel key is accepted.
            webhook_url: destination of webhooks whose request has no `noticeUrls`.
            webhook_secret: signing secret, `whsec_` and Base64; generated from the seed if omitted.
            webhook_version: version of the bodies. 2024-01-01 has payment events only.
            webhook_format: encoding of 2024-01-01 bodies.
            host: the address to listen on. Any but loopback exposes the emulator to other machines.
            allowed_hosts: `Host` names that may use the dashboard and the controls, which need no
                secret, in addition to loopback names from this machine.
            shop_origins: origins of the shops that may open windows by the browser SDK, and that
                windows may redirect to, such as `https://shop.example`. If omitted, pages of this
                machine may open them, and they redirect to any.
            port: the TCP port; 0 picks a free one.
            seed: seed for IDs and generated responses.
            start_at: the clock's start time; it then moves only by `advance()`.
            otp: the code that confirms identity verifications by SMS; any other is refused. If
                omitted, any code does; `expect_otp()` sets it for one verification.
            journal: a file that has the state at any moment, from `start()` to `stop()`: it
                survives the death of the process. The first `start()` restores what it has.
            on_request: called after each request, in the server's thread.

        Raises:
            ValueError: `webhook_secret` is malformed, `webhook_version`, `webhook_format` or a
                `PgProvider` is unknown, or `start_at` has no UTC offset.
        """
        self.webhook_secret = webhook_secret or generate_secret(seed)
        decode_secret(self.webhook_secret)
        check_version(webhook_version, webhook_format)
        self.secret = secret
        self.store_id = store_id
        self._host = host
        self._port = port
        self._reset_lock = Lock()
        self._server: LoopbackServer | None = None
        self._requests = RequestHistory()
        self._on_request = on_request
        document = load()
        for provider in (channels or {}).values():
            check_choice("PgProvider", provider, document.enum("PgProvider"))
        clock = Clock(start_at)
        settings = Settings(
            store_id=store_id,
            merchant_id="merchant-emulator",
            sub_store_ids=frozenset(sub_store_ids),
            any_store=any_store,
            channels=channels,
            webhook_url=webhook_url,
            webhook_secret=self.webhook_secret,
            webhook_version=webhook_version,
            webhook_format=webhook_format,
            otp=otp,
        )
        self._state = State(document, settings, clock, Ids(seed))
        self._background = BackgroundWorker(self._state)
        self._faults = Faults(document, seed)
        self._planned_changes = PlannedChanges(document)
        self._planned_errors = PlannedErrors(document, seed)
        self._auth = Auth(secret, clock)
        self._keys = IdempotencyKeys(clock)
        self._journal: AbstractContextManager[object] = nullcontext()
        if journal is not None:
            # Only here: SQLite is for this only.
            from portone_emulator.state.journal import Journal  # noqa: PLC0415

            self._journal = Journal(Path(journal), self._state, self._keys)
        self._open_journal = ExitStack()
        validator = RequestValidator(document)
        self._api = Api(
            state=self._state,
            auth=self._auth,
            faults=self._faults,
            planned_changes=self._planned_changes,
            planned_errors=self._planned_errors,
            validator=validator,
            keys=self._keys,
            handlers={**_HANDLERS, **self._auth.handlers()},
            generator=ResponseGenerator(document, seed),
            on_request=self._record_request,
        )
        self.app = Starlette()
        self._site = Site(
            api=self._api,
            actions=self,
            state=self._state,
            requests=self._requests,
            controls=controls(document),
            validator=validator,
            guard=Guard(allowed_hosts),
            shop_origins=ShopOrigins(shop_origins),
        )
        # Not a route: a route's pattern does not match a path that contains a newline.
        self.app.router.default = self._site

    @property
    def url(self) -> str:
        """The base URL of the running emulator.

        Raises:
            RuntimeError: the emulator is not started.
        """
        if self._server is None:
            raise RuntimeError("the emulator is not started")
        return self._server.url

    def start(self) -> None:
        """Start serving.

        Raises:
            OSError: the port is taken, or the journal cannot be written.
            RuntimeError: the emulator is already started.
            SnapshotError: the journal cannot be opened, is damaged, is used by another emulator or
                belongs to another store.
        """
        if self._server is not None:
            raise RuntimeError("the emulator is already started")
        with ExitStack() as stack:
            stack.enter_context(self._journal)
            server = LoopbackServer(self.app, self._host, self._port)
            server.start()
            self._open_journal = stack.pop_all()
        self._server = server
        self._background.start()

    def stop(self) -> None:
        """Stop serving, and release what is held. `payments` and the like stay readable.

        Raises:
            RuntimeError: a thread does not stop; it is abandoned.
            OSError: the journal cannot be written.
        """
        server = self._server
        if server is None:
            return
        with self._open_journal:
            try:
                self._background.stop()
            finally:
                server.stop()
                self._faults.release_all()  # their threads would keep the process from ending
                self._background.stop()  # again: a concurrent reset may have restarted it
                self._server = None

    def __enter__(self) -> Self:
        """Start serving."""
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Start serving, from any event loop."""
        await anyio.to_thread.run_sync(self.start)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop serving."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.stop)

    @property
    def requests(self) -> list[RequestRecord]:
        """The received requests, oldest first; at most the last 100,000."""
        return list(self._requests)

    def wait_for_webhooks(self, timeout: float = 10.0) -> None:
        """Block until every due webhook was attempted.

        Do not call it in an event loop that serves the webhooks: use `await_webhooks()` there. A
        failed webhook is not due again before the clock has advanced.

        Raises:
            TimeoutError: not done after `timeout` seconds.
            RuntimeError: the emulator is not started, so nothing is sent.
        """
        self._background.wait_until_idle(timeout)

    async def await_webhooks(self, timeout: float = 10.0) -> None:
        """Like `wait_for_webhooks()`, without blocking the event loop.

        Raises:
            TimeoutError: not done after `timeout` seconds.
            RuntimeError: the emulator is not started, so nothing is sent.
        """
        await anyio.to_thread.run_sync(self._background.wait_until_idle, timeout)

    def reset(self) -> None:
        """Discard all state and everything planned, as if newly created. Holds stay."""
        with self._paused(), self._state.lock:
            self._state.clear()
            self._state.clock.reset()
            self._state.ids.restart()
            for part in (
                self._auth,
                self._keys,
                self._faults,
                self._planned_changes,
                self._planned_errors,
            ):
                part.clear()
            self._requests.clear()

    def seed(self, data: JsonObject | str | PathLike[str]) -> None:
        """Add payments, billing keys and so on to the state. No webhooks are sent for them.

        Args:
            data: a seed, or the path of a seed file, in JSON or YAML.

        Raises:
            OSError: the file cannot be read.
            SeedError: the seed does not fit its format, or PortOne's rules. Entries before the one
                that the message names are added.
        """
        if not isinstance(data, dict):
            data = seeds.read_file(Path(data))
        site = self._site

        def run_control(control: str, body: JsonObject) -> JsonObject:
            return site.run_control(site.controls[control], body)

        seeds.add(data, self._state, run_control, self._api.call)

    def snapshot(self) -> JsonObject:
        """Return the state as JSON.

        Requests, tokens and planned faults, errors and response changes are not part of it.
        """
        return snapshots.take(self._state, self._keys)

    def restore(self, snapshot: JsonObject) -> None:
        """Replace the state and the time by those of a `snapshot()`.

        Raises:
            SnapshotError: the snapshot is damaged, of another version or of another store. Nothing
                changes.
        """
        with self._paused():
            snapshots.restore(snapshot, self._state, self._keys)

    def save(self, path: str | PathLike[str]) -> None:
        """Save a `snapshot()` to a JSON file, atomically.

        Raises:
            OSError: the file cannot be written.
        """
        state_file.write(Path(path), self.snapshot())

    def load(self, path: str | PathLike[str]) -> None:
        """Restore the snapshot of a file.

        Raises:
            OSError: the file cannot be read.
            SnapshotError: the file is damaged, of another version or of another store. Nothing
                changes.
        """
        self.restore(state_file.read(Path(path)))

    @contextmanager
    def _paused(self) -> Generator[None]:
        """Stop the background work while the state is replaced."""
        with self._reset_lock:
            is_served = self._server is not None
            self._background.stop()
            try:
                yield
            finally:
                if is_served:
                    self._background.start()

    def _record_request(self, record: RequestRecord) -> None:
        self._requests.append(record)
        if self._on_request is not None:
            self._on_request(record)
