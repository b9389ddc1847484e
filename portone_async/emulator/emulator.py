"""The public facade of the emulator."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import anyio.to_thread
import orjson
from starlette.applications import Starlette

from portone_async.emulator import (
    billing_key_window,
    billing_keys,
    cancellations,
    cash_receipts,
    checkout,
    escrow,
    identity_verifications,
    payment_lists,
    payment_operations,
    payment_sessions,
    payment_webhooks,
    payments,
    promotions,
    schedules,
    snapshots,
    state_file,
    timeline,
)
from portone_async.emulator.actions import Actions
from portone_async.emulator.app import Api, RequestRecord
from portone_async.emulator.auth import Auth
from portone_async.emulator.background import BackgroundWorker
from portone_async.emulator.checkout import CheckoutOutcome, CheckoutResult, Order
from portone_async.emulator.choices import check_choice
from portone_async.emulator.clock import Clock
from portone_async.emulator.deliveries import Delivery
from portone_async.emulator.delivery_faults import DeliveryFaults
from portone_async.emulator.document import load
from portone_async.emulator.faults import Fault, FaultKind, Faults, Hold
from portone_async.emulator.future import Change, PlannedChanges
from portone_async.emulator.generated import ResponseGenerator
from portone_async.emulator.handlers import Handler
from portone_async.emulator.idempotency import IdempotencyKeys
from portone_async.emulator.ids import Ids
from portone_async.emulator.json_values import JsonObject
from portone_async.emulator.methods import PayMethod
from portone_async.emulator.planned_errors import PlannedErrors
from portone_async.emulator.server import LOOPBACK, LoopbackServer
from portone_async.emulator.state import Decline, Key, Settings, State
from portone_async.emulator.validation import RequestValidator
from portone_async.emulator.web.controls import controls
from portone_async.emulator.web.guard import Guard
from portone_async.emulator.web.redirect import RedirectPolicy
from portone_async.emulator.web.site import Site
from portone_async.emulator.webhook_bodies import WebhookFormat, WebhookVersion, check_version
from portone_async.emulator.webhook_sender import check_secret, generate_secret

DEFAULT_SECRET = "emulator-secret"  # noqa: S105  (not a real one)
DEFAULT_STORE_ID = "store-emulator"
MAX_REQUEST_RECORDS = 100_000

_HANDLERS: dict[str, Handler] = {
    **payment_operations.HANDLERS,
    **cancellations.HANDLERS,
    **escrow.HANDLERS,
    **billing_key_window.HANDLERS,
    **payment_lists.HANDLERS,
    **payment_sessions.HANDLERS,
    **payment_webhooks.HANDLERS,
    **promotions.HANDLERS,
    **billing_keys.HANDLERS,
    **schedules.HANDLERS,
    **cash_receipts.HANDLERS,
    **identity_verifications.HANDLERS,
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
        on_request: Callable[[RequestRecord], None] | None = None,
    ) -> None:
        """Create an emulator; `start()` serves it.

        Args:
            secret: the API secret that requests must carry.
            store_id: the account's store, used if a request names none.
            sub_store_ids: further stores that requests may name; any other is FORBIDDEN.
            channels: maps channel keys to their `PgProvider`; other keys get CHANNEL_NOT_FOUND. If
                omitted, every channel key is accepted.
            webhook_url: destination of webhooks whose request has no `noticeUrls`.
            webhook_secret: signing secret, `whsec_` and Base64; generated from the seed if omitted.
            webhook_version: version of the bodies. 2024-01-01 has payment events only.
            webhook_format: encoding of 2024-01-01 bodies.
            host: the address to listen on. Any but loopback exposes the emulator to other machines.
            allowed_hosts: `Host` names that may use the dashboard and the controls, which need no
                secret, in addition to loopback names from this machine.
            shop_origins: origins that windows may redirect to, such as `https://shop.example`; any
                if omitted.
            port: the TCP port; 0 picks a free one.
            seed: seed for IDs and generated responses.
            start_at: the clock's start time; it then moves only by `advance()`.
            on_request: called after each request, in the server's thread.

        Raises:
            InvalidArgumentError: `webhook_secret` is malformed.
            ValueError: `webhook_version`, `webhook_format` or a `PgProvider` is unknown, or
                `start_at` has no UTC offset.
        """
        self.webhook_secret = webhook_secret or generate_secret(seed)
        check_secret(self.webhook_secret)
        check_version(webhook_version, webhook_format)
        self.secret = secret
        self.store_id = store_id
        self._host = host
        self._port = port
        self._reset_lock = Lock()
        self._server: LoopbackServer | None = None
        self._requests: deque[RequestRecord] = deque(maxlen=MAX_REQUEST_RECORDS)
        self._on_request = on_request
        document = load()
        for provider in (channels or {}).values():
            check_choice("PgProvider", provider, document.enum("PgProvider"))
        clock = Clock(start_at)
        settings = Settings(
            store_id=store_id,
            merchant_id="merchant-emulator",
            sub_store_ids=frozenset(sub_store_ids),
            channels=channels,
            webhook_url=webhook_url,
            webhook_secret=self.webhook_secret,
            webhook_version=webhook_version,
            webhook_format=webhook_format,
        )
        self._state = State(document, settings, clock, Ids(seed))
        self._background = BackgroundWorker(self._state)
        self._faults = Faults(document, seed)
        self._planned_changes = PlannedChanges(document)
        self._planned_errors = PlannedErrors(document, seed)
        self._auth = Auth(secret, clock)
        self._keys = IdempotencyKeys(clock)
        validator = RequestValidator(document)
        api = Api(
            state=self._state,
            auth=self._auth,
            faults=self._faults,
            planned_changes=self._planned_changes,
            planned_errors=self._planned_errors,
            validator=validator,
            keys=self._keys,
            handlers={**_HANDLERS, **self._auth.handlers()},
            generator=ResponseGenerator(document, validator, seed),
            on_request=self._record_request,
        )
        self.app = Starlette()
        # Not a route: a route's pattern does not match a path that contains a newline.
        self.app.router.default = Site(
            api=api,
            emulator=self,
            state=self._state,
            requests=self._requests,
            controls=controls(document),
            validator=validator,
            guard=Guard(allowed_hosts),
            redirect_policy=RedirectPolicy(shop_origins),
        )

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
            OSError: the port is taken.
            RuntimeError: the emulator is already started.
        """
        if self._server is not None:
            raise RuntimeError("the emulator is already started")
        server = LoopbackServer(self.app, self._host, self._port)
        server.start()
        self._server = server
        self._background.start()

    def stop(self) -> None:
        """Stop serving. `payments`, `requests` and `deliveries` stay readable.

        Raises:
            RuntimeError: a thread does not stop; it is abandoned.
        """
        if self._server is None:
            return
        try:
            self._background.stop()
        finally:
            self._server.stop()
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

    @property
    def payments(self) -> dict[str, JsonObject]:
        """A copy of the payments by ID, as `getPayment` returns them."""
        with self._state.lock:
            views = {payment.id: payment.view for payment in self._state.payments.values()}
            return orjson.loads(orjson.dumps(views))

    @property
    def deliveries(self) -> list[Delivery]:
        """The webhook deliveries, in the order of their events."""
        with self._state.lock:
            return list(self._state.delivery_queue.deliveries)

    @property
    def webhooks(self) -> DeliveryFaults:
        """Plan faults for the next webhooks: `duplicate()`, `delay()`, `reorder()`."""
        return self._state.delivery_queue.faults

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

    @property
    def now(self) -> datetime:
        """The current time on the emulator's clock."""
        return self._state.clock.now()

    def checkout(
        self,
        payment_id: str,
        outcome: CheckoutOutcome = "paid",
        *,
        amount: int | None = None,
        tax_free: int | None = None,
        vat: int | None = None,
        currency: str = "KRW",
        order_name: str = "An order",
        method: PayMethod = "card",
        customer: JsonObject | None = None,
        channel_key: str | None = None,
        custom_data: str | None = None,
        promotion_id: str | None = None,
        is_escrow: bool = False,
        notice_urls: Iterable[str] = (),
        store_id: str | None = None,
    ) -> CheckoutResult:
        """Simulate a customer who opens the payment window and leaves it with an outcome.

        Args:
            payment_id: the payment's ID.
            outcome: how the customer leaves the window, see `CheckoutOutcome`.
            amount: the total, in the currency's smallest unit; defaults to the pre-registered
                total.
            tax_free: the tax-free part of `amount`.
            vat: the VAT part of `amount`; defaults to 1/11 of the taxable part.
            currency: ISO 4217 code.
            order_name: the order's name.
            method: the payment method.
            customer: JSON of PortOne's `CustomerInput`.
            channel_key: the channel to pay through.
            custom_data: stored with the payment.
            promotion_id: a promotion whose discount applies, see `add_promotion()`.
            is_escrow: whether the payment is held in escrow until delivery.
            notice_urls: destinations of its webhooks, instead of `webhook_url`.
            store_id: a sub-store; defaults to the account's store.

        Returns:
            What the shop's page receives.

        Raises:
            EmulatedAPIError: ALREADY_PAID; INFORMATION_MISMATCH if the order differs from what was
                pre-registered; PROMOTION_NOT_FOUND, DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT.
            ValueError: `outcome`, `method` or `currency` is unknown.
        """
        order = Order(
            amount=amount,
            tax_free=tax_free,
            vat=vat,
            currency=currency,
            order_name=order_name,
            method=method,
            customer=customer or {},
            channel_key=channel_key or self._state.default_channel_key(),
            custom_data=custom_data,
            promotion_id=promotion_id,
            is_escrow=is_escrow,
            notice_urls=tuple(notice_urls),
        )
        with self._state.lock:
            return checkout.simulate(self._state, self._key(payment_id, store_id), outcome, order)

    def deposit(
        self, payment_id: str, amount: int | None = None, *, store_id: str | None = None
    ) -> None:
        """Simulate a deposit into a payment's virtual account.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_WAITING_FOR_DEPOSIT; INVALID_REQUEST if `amount` is not
                the total.
        """
        with self._state.lock:
            timeline.catch_up(self._state)
            payment = payments.find(self._state, self._key(payment_id, store_id))
            payments.deposit(self._state, payment, amount)

    def approve(self, payment_id: str, *, store_id: str | None = None) -> None:
        """Approve a pending payment, as the payment company does.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND; INVALID_REQUEST if the payment is not PAY_PENDING.
        """
        with self._state.lock:
            payment = payments.find(self._state, self._key(payment_id, store_id))
            payments.approve(self._state, payment)

    def leave_checkout(
        self, payment_id: str, outcome: CheckoutOutcome = "paid", *, store_id: str | None = None
    ) -> CheckoutResult:
        """Leave a payment window that is still open after `checkout(..., "ready")`.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND; INVALID_REQUEST if the payment is not READY.
            ValueError: `outcome` is unknown.
        """
        with self._state.lock:
            return checkout.leave(self._state, self._key(payment_id, store_id), outcome)

    def cancel(
        self,
        payment_id: str,
        *,
        reason: str = "cancelled by an operator",
        store_id: str | None = None,
    ) -> JsonObject:
        """Cancel the rest of a payment, as an operator does in PortOne's console.

        Returns:
            The `PaymentCancellation`.

        Raises:
            EmulatedAPIError: PAYMENT_NOT_FOUND, PAYMENT_NOT_PAID, PAYMENT_ALREADY_CANCELLED.
        """
        with self._state.lock:
            payment = payments.find(self._state, self._key(payment_id, store_id))
            # A virtual account's refund needs an account: an operator would ask the customer.
            body: JsonObject = {"reason": reason, "refundAccount": {}}
            cancellation = cancellations.cancel(self._state, payment, body, trigger="CONSOLE")
            return dict(cancellation)

    def decline(
        self, times: int = 1, *, pg_code: str = "DECLINED", pg_message: str = "declined"
    ) -> None:
        """Decline the next charges: 502 PG_PROVIDER, and the payment is FAILED.

        A charge is an instant payment, a billing-key payment, a due schedule or a confirmation.
        """
        with self._state.lock:
            self._state.declines.extend([Decline(pg_code, pg_message)] * times)

    def respond_with_error(
        self, operation_id: str, error_type: str, times: int = 1, **fields: object
    ) -> None:
        """Respond to an operation's next requests with an error that the document lists for it.

        Raises:
            ValueError: the operation, its error or a field of that error is unknown.
        """
        self._planned_errors.plan(operation_id, error_type, times, fields)

    def fault(
        self,
        operation_id: str,
        kind: FaultKind,
        times: int | None = 1,
        *,
        delay: float = 0.0,
        retry_after: int | str | None = None,
        probability: float = 1.0,
    ) -> None:
        """Inject a fault into the next requests for an operation; `"*"` means any operation.

        Args:
            operation_id: the operation's ID, or `"*"`.
            kind: the kind of fault, see `Fault`.
            times: the number of requests; `None` for all.
            delay: seconds to wait, for `latency`.
            retry_after: the Retry-After header of a gateway's response.
            probability: the probability that a request gets the fault.

        Raises:
            ValueError: `operation_id` or `kind` is unknown.
        """
        header = None if retry_after is None else str(retry_after)
        self._faults.plan(operation_id, Fault(kind, delay, header), times, probability)

    def clear_faults(self) -> None:
        """Cancel all planned faults."""
        self._faults.clear()

    def hold(self, operation_id: str) -> AbstractContextManager[Hold]:
        """Hold an operation's requests before processing, until released or the block ends.

        Raises:
            ValueError: `operation_id` is unknown.
        """
        return self._faults.hold(operation_id)

    def future(self, operation_id: str, change: Change, times: int = 1) -> None:
        """Change an operation's next responses, as a future PortOne might: see `emulator.future`.

        Raises:
            ValueError: `operation_id` is unknown.
        """
        self._planned_changes.plan(operation_id, change, times)

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Advance the clock. Whatever falls due on the way happens at its own time."""
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta():
            raise ValueError("the clock only moves forward")
        with self._state.lock:
            timeline.advance(self._state, step)
            self._state.delivery_queue.wake()

    def reset(self) -> None:
        """Discard all state and everything planned, as if newly created. Holds stay."""
        with self._reset_lock:
            is_served = self._server is not None
            self._background.stop()
            with self._state.lock:
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
            if is_served:
                self._background.start()

    def save(self, path: str | PathLike[str]) -> None:
        """Save the state to a JSON file, atomically.

        Requests, tokens and planned faults, errors and response changes are not saved.

        Raises:
            OSError: the file cannot be written.
        """
        state_file.write(Path(path), snapshots.take(self._state, self._keys))

    def load(self, path: str | PathLike[str]) -> None:
        """Restore saved state, before `start()`.

        Raises:
            OSError: the file cannot be read.
            SnapshotError: the file is damaged, of another version or of another store. Nothing
                changes.
            RuntimeError: the emulator is started.
        """
        if self._server is not None:
            raise RuntimeError("the emulator is already started")
        snapshots.restore(state_file.read(Path(path)), self._state, self._keys)

    def _key(self, payment_id: str, store_id: str | None) -> Key:
        return self._state.store(store_id), payment_id

    def _record_request(self, record: RequestRecord) -> None:
        self._requests.append(record)
        if self._on_request is not None:
            self._on_request(record)
