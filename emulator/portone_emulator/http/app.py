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

from portone_emulator.document.document import Match, Operation
from portone_emulator.document.generated import ResponseGenerator
from portone_emulator.errors import EmulatedAPIError, internal_error, invalid
from portone_emulator.http import idempotency, response_writer
from portone_emulator.http.auth import Auth
from portone_emulator.http.handlers import Handler
from portone_emulator.http.named_store import named_store
from portone_emulator.http.responses import Response
from portone_emulator.http.validation import ParsedRequest, RequestValidator
from portone_emulator.scenarios.error_responses import PlannedErrors
from portone_emulator.scenarios.faults import Fault, Faults
from portone_emulator.scenarios.future import PlannedChanges
from portone_emulator.state import timeline
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.records import Key
from portone_emulator.state.state import State

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
    """A received request and its result.

    Attributes:
        method: the HTTP method.
        path: the path, percent-encoded as sent, without the query.
        match: the operation and its path parameters; `None` for an unknown path or method.
        payment: the store and the ID of the payment that the path names; `None` if it names none,
            or the request names a store that is not one of the account's.
        status: the response's status; `None` if the connection was reset instead.
        error: the type and message of an API error, without values of the request; `None` for any
            other response.
        idempotency_key: the raw header, with its quotes; `None` without one, and for a GET.
        fault: the kind of fault that was injected; `None` without one.
        is_replay: whether the response is the repeated one of a known idempotency key.
        at: when the request arrived, on the emulator's clock.
        seconds: how long it took until the response was ready, in real time.
    """

    method: str
    path: str
    match: Match | None
    payment: Key | None
    status: int | None
    error: str | None
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
class _Result:
    """What to send: a response, or `None` to reset the connection without processing."""

    response: Response | None
    is_replay: bool = False


@frozen(kw_only=True)
class Api:
    """Handles API requests as PortOne does."""

    state: State
    auth: Auth
    faults: Faults
    planned_changes: PlannedChanges
    planned_errors: PlannedErrors
    validator: RequestValidator
    keys: idempotency.IdempotencyKeys
    handlers: Mapping[str, Handler]
    generator: ResponseGenerator
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
        fault = None if match is None else self.faults.next_fault(match.operation.id)
        result = await self._respond(request, path, match, content, fault)
        response = result.response
        if fault is not None and fault.kind == "reset_after":
            response = None
        record = RequestRecord(
            method=request.method,
            path=path,
            match=match,
            payment=self._payment(request, match, content),
            status=None if response is None else response.status,
            error=None if response is None else response.error,
            idempotency_key=_idempotency_key(request),
            fault=None if fault is None else fault.kind,
            is_replay=result.is_replay,
            at=at,
            seconds=time.perf_counter() - started,
        )
        self.on_request(record)
        if response is None:
            await response_writer.reset_connection(scope, receive)
        elif fault is not None and fault.kind == "truncated":
            await response_writer.send_truncated(response, scope, receive, send)
        else:
            await response_writer.send_response(response, scope, receive, send)

    async def _respond(
        self,
        request: Request,
        path: str,
        match: Match | None,
        content: bytes | None,
        fault: Fault | None,
    ) -> _Result:
        if fault is not None and fault.kind == "reset_before":
            return _Result(None)
        gateway_response = None if fault is None else fault.gateway_response()
        if gateway_response is not None:
            return _Result(gateway_response)
        if match is None:
            return _Result(self._unknown(path))
        try:
            return await self._process(request, path, match, content, fault)
        except EmulatedAPIError as error:
            return _Result(self._error_response(match.operation, error))
        except OSError as error:  # the journal cannot be written
            _log.error("%s", error)
            return _Result(Response.from_json(internal_error(error), status=500))
        except Exception:  # noqa: BLE001  (a bug here must not show the client a traceback)
            _log.exception("internal error while handling %s", match.operation.id)
            return _Result(Response.from_json({"type": "INTERNAL_SERVER_ERROR"}, status=500))

    async def _process(
        self,
        request: Request,
        path: str,
        match: Match,
        content: bytes | None,
        fault: Fault | None,
    ) -> _Result:
        """Validate and process the request, or replay the response of its idempotency key."""
        operation = match.operation
        if not operation.is_public:
            self.auth.check(request.headers.get("authorization"))
        key = idempotency.read_key(_idempotency_key(request))
        if content is None:
            raise invalid("body", f"must not exceed {BODY_LIMIT} bytes")
        parsed = self.validator.read(match, _query_string(request), content)
        if key is None:
            return _Result(await self._execute(operation, parsed, fault, key))
        with self.state.lock:  # in-process requests can come from several event loops
            repeated = self.keys.begin(key, _fingerprint(operation, path, parsed))
        if repeated is not None:
            return _Result(repeated, is_replay=True)
        try:
            return _Result(await self._execute(operation, parsed, fault, key))
        except BaseException:
            self.keys.abandon(key)
            raise

    def call(self, operation_id: str, path: dict[str, str], body: JsonObject) -> None:
        """Process a request of the emulator's own, at once, whatever faults are planned.

        Raises:
            EmulatedAPIError: INVALID_REQUEST or an error of the operation.
        """
        operation = self.state.document.operation(operation_id)
        if operation.body is not None:
            self.validator.check(operation.body, body, "body")
        with self.state.lock:
            self._handle(operation, ParsedRequest(path=path, query={}, body=body))

    async def _execute(
        self, operation: Operation, parsed: ParsedRequest, fault: Fault | None, key: str | None
    ) -> Response:
        """Process a valid request, with its hold and latency fault, and finish its key."""
        hold = self.faults.current_hold(operation.id)
        if hold is not None:
            await anyio.to_thread.run_sync(hold.block, abandon_on_cancel=True)
        if fault is not None and fault.kind == "latency":
            await anyio.sleep(fault.delay)
        with self.state.lock:  # once: a journal writes all of it or nothing
            try:
                response = self._handle(operation, parsed)
            except EmulatedAPIError as error:
                response = self._error_response(operation, error)
            response = self.planned_changes.apply(operation.id, response)
            if key is not None:
                self.keys.finish(key, response)
        return response

    def _handle(self, operation: Operation, parsed: ParsedRequest) -> Response:
        self.planned_errors.raise_next(operation.id)
        timeline.catch_up(self.state)
        handler = self.handlers.get(operation.id)
        if handler is None:
            return self.generator.respond(operation, parsed)
        with self.state.skipping_webhook(parsed.query, parsed.body):
            result = handler(self.state, parsed)
        return result if isinstance(result, Response) else Response.from_json(result)

    def _payment(self, request: Request, match: Match | None, content: bytes | None) -> Key | None:
        if match is None or "paymentId" not in match.path:
            return None
        store_id = named_store(match, _query_string(request), content)
        if store_id is None:
            store_id = self.state.settings.store_id
        return (store_id, match.path["paymentId"]) if self.state.has_store(store_id) else None

    def _error_response(self, operation: Operation, error: EmulatedAPIError) -> Response:
        status = self.state.document.error_status(operation, error.type)
        return Response.from_json(error.to_json(), status=status or _COMMON_STATUSES[error.type])

    def _unknown(self, path: str) -> Response:
        methods = self.state.document.methods(path)
        if methods:
            error = EmulatedAPIError("METHOD_NOT_ALLOWED", f"the path allows {', '.join(methods)}")
            return Response.from_json(
                error.to_json(), status=405, headers={"Allow": ", ".join(methods)}
            )
        return Response.from_json(
            EmulatedAPIError("NOT_FOUND", "the path is unknown").to_json(), status=404
        )


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


def _query_string(request: Request) -> str:
    return request.scope["query_string"].decode("latin-1")


def _idempotency_key(request: Request) -> str | None:
    """Return the raw header; PortOne ignores it on GET."""
    if request.method not in idempotency.METHODS:
        return None
    return request.headers.get("idempotency-key")


def _fingerprint(operation: Operation, path: str, parsed: ParsedRequest) -> bytes:
    """Return a hash that identifies the request, ignoring whitespace and field order."""
    identity = [operation.method, path, parsed.query, parsed.body]
    return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).digest()
