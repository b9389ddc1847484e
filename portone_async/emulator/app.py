"""The ASGI application of the API: from an HTTP request to its response."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
import anyio.to_thread
import orjson
from attrs import frozen
from starlette.requests import ClientDisconnect, Request

from portone_async.emulator import delivery, idempotency, timeline
from portone_async.emulator.answers import Answer
from portone_async.emulator.auth import Auth
from portone_async.emulator.document import Match, Operation
from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.faults import Fault, Faults
from portone_async.emulator.future import Future
from portone_async.emulator.generated import Generator
from portone_async.emulator.handlers import Handler
from portone_async.emulator.refusals import Refusals
from portone_async.emulator.state import State
from portone_async.emulator.validation import Input, RequestValidator

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

BODY_LIMIT = 1_000_000
# Errors that any request can get, whether or not its operation lists them.
_COMMON_STATUSES = {
    "INVALID_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "IDEMPOTENCY_OUTSTANDING_REQUEST": 409,
}
_log = logging.getLogger(__name__)


@frozen
class RequestRecord:
    """A received request and its outcome.

    `path` is percent-encoded, as sent, without the query. `status` is the response's, `None` if the
    connection was reset instead. `idempotency_key` is the raw header, with its quotes; `is_replay`
    marks the repeated response for a known key. `at` is on the emulator's clock, `seconds` is the real
    duration.
    """

    method: str
    path: str
    match: Match | None
    status: int | None
    idempotency_key: str | None
    fault: str | None
    is_replay: bool
    at: datetime
    seconds: float

    @property
    def operation_id(self) -> str | None:
        """The operation's ID; `None` for an unknown path or method."""
        return None if self.match is None else self.match.operation.id


@frozen
class _Outcome:
    """What to send: a response, or `None` to reset the connection without processing."""

    answer: Answer | None
    is_replay: bool = False


@frozen(kw_only=True)
class Api:
    """Handles API requests as PortOne does."""

    state: State
    auth: Auth
    faults: Faults
    future: Future
    refusals: Refusals
    validator: RequestValidator
    keys: idempotency.IdempotencyKeys
    handlers: Mapping[str, Handler]
    generator: Generator
    on_request: Callable[[RequestRecord], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        at, started = self.state.clock.now(), time.perf_counter()
        try:
            content = await _read(request)
        except ClientDisconnect:
            return
        path = _raw_path(scope)
        match = self.state.document.find(request.method, path)
        fault = None if match is None else self.faults.take(match.operation.id)
        outcome = await self._outcome(request, path, match, content, fault)
        answer = outcome.answer
        if fault is not None and fault.kind == "reset_after":
            answer = None
        record = RequestRecord(
            method=request.method,
            path=path,
            match=match,
            status=None if answer is None else answer.status,
            idempotency_key=_idempotency_key(request),
            fault=None if fault is None else fault.kind,
            is_replay=outcome.is_replay,
            at=at,
            seconds=time.perf_counter() - started,
        )
        self.on_request(record)
        if answer is None:
            await delivery.reset(scope, receive)
        elif fault is not None and fault.kind == "truncated":
            await delivery.send_half(answer, scope, receive, send)
        else:
            await delivery.send_answer(answer, scope, receive, send)

    async def _outcome(
        self,
        request: Request,
        path: str,
        match: Match | None,
        content: bytes | None,
        fault: Fault | None,
    ) -> _Outcome:
        if fault is not None and fault.kind == "reset_before":
            return _Outcome(None)
        gateway_answer = None if fault is None else fault.gateway_answer()
        if gateway_answer is not None:
            return _Outcome(gateway_answer)
        if match is None:
            return _Outcome(self._unknown(path))
        try:
            return await self._work(request, path, match, content, fault)
        except Refusal as refusal:
            return _Outcome(self._refused(match.operation, refusal))
        except Exception:  # noqa: BLE001 - a bug here must not show the client a traceback
            _log.exception("internal error while handling %s", match.operation.id)
            return _Outcome(Answer.of({"type": "INTERNAL_SERVER_ERROR"}, status=500))

    async def _work(
        self,
        request: Request,
        path: str,
        match: Match,
        content: bytes | None,
        fault: Fault | None,
    ) -> _Outcome:
        """Validate and process the request, or replay the response of its idempotency key."""
        operation = match.operation
        if not operation.is_public:
            self.auth.check(request.headers.get("authorization"))
        key = idempotency.read_key(_idempotency_key(request))
        if content is None:
            raise invalid("body", f"must not exceed {BODY_LIMIT} bytes")
        query_string = request.scope["query_string"].decode("latin-1")
        content_type = request.headers.get("content-type")
        given = self.validator.read(match, query_string, content_type, content)
        if key is None:
            return _Outcome(await self._perform(operation, given, fault))
        with self.state.lock:  # in-process requests can come from several event loops
            repeated = self.keys.begin(key, _fingerprint(operation, path, given))
        if repeated is not None:
            return _Outcome(repeated, is_replay=True)
        try:
            answer = await self._perform(operation, given, fault)
        except BaseException:
            self.keys.abandon(key)
            raise
        self.keys.finish(key, answer)
        return _Outcome(answer)

    async def _perform(self, operation: Operation, given: Input, fault: Fault | None) -> Answer:
        """Process a valid request, with its hold and latency fault."""
        hold = self.faults.held(operation.id)
        if hold is not None:
            await anyio.to_thread.run_sync(hold.block, abandon_on_cancel=True)
        if fault is not None and fault.kind == "latency":
            await anyio.sleep(fault.delay)
        try:
            with self.state.lock:
                answer = self._handle(operation, given)
        except Refusal as refusal:
            answer = self._refused(operation, refusal)
        return self.future.apply(operation.id, answer)

    def _handle(self, operation: Operation, given: Input) -> Answer:
        self.refusals.raise_next(operation.id)
        timeline.catch_up(self.state)
        handler = self.handlers.get(operation.id)
        if handler is None:
            return self.generator.answer(self.state, operation, given)
        self.state.is_silent = given.body.get("skipWebhook", given.query.get("skipWebhook", False))
        try:
            return Answer.of(handler(self.state, given))
        finally:
            self.state.is_silent = False

    def _refused(self, operation: Operation, refusal: Refusal) -> Answer:
        status = self.state.document.error_status(operation, refusal.type)
        return Answer.of(refusal.wire(), status=status or _COMMON_STATUSES[refusal.type])

    def _unknown(self, path: str) -> Answer:
        methods = self.state.document.methods(path)
        if methods:
            refusal = Refusal("METHOD_NOT_ALLOWED", f"the path allows {', '.join(methods)}")
            return Answer.of(refusal.wire(), status=405, headers={"Allow": ", ".join(methods)})
        return Answer.of(Refusal("NOT_FOUND", "the path is unknown").wire(), status=404)


async def _read(request: Request) -> bytes | None:
    """Read the whole body; return `None` if it exceeds the limit."""
    content = bytearray()
    is_too_large = False
    async for chunk in request.stream():
        is_too_large = is_too_large or len(content) + len(chunk) > BODY_LIMIT
        if not is_too_large:
            content += chunk
    return None if is_too_large else bytes(content)


def _raw_path(scope: Scope) -> str:
    """Return the path as sent. ASGI's `path` is decoded: an escaped slash would split a segment."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw is None else raw.decode("latin-1").partition("?")[0]


def _idempotency_key(request: Request) -> str | None:
    """Return the raw header; PortOne ignores it on GET."""
    if request.method not in idempotency.METHODS:
        return None
    return request.headers.get("idempotency-key")


def _fingerprint(operation: Operation, path: str, given: Input) -> bytes:
    """Return a hash that identifies the request, ignoring whitespace and field order."""
    said = [operation.method, path, given.query, given.body]
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()
