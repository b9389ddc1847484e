"""Webhook routes: handlers see verified webhooks only, each is handled once, and a failed one counts as not handled."""

from __future__ import annotations

import copy
import logging
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

import anyio
from attrs import define, field
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from portone_async._errors import InvalidArgumentError
from portone_async.fastapi._stores import (
    Claim,
    MemoryStore,
    WebhookStore,
    WebhookStoreUnavailableError,
)
from portone_async.webhooks import (
    DEFAULT_TOLERANCE,
    Event,
    WebhookMessage,
    WebhookVerificationError,
    verify,
)
from portone_async.webhooks._signing import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    Secrets,
    decode_secrets,
    list_secrets,
)

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

logger: Final = logging.getLogger("portone_async")

Handler: TypeAlias = Callable[["Scope", "Receive", "Send"], Awaitable[None]]
_SCOPE_KEY: Final = "portone_async.webhook"
_SUCCESS: Final = range(200, 300)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _verified_message(request: Request) -> WebhookMessage:
    message = request.scope.get(_SCOPE_KEY)
    if message is None:
        raise RuntimeError(
            "this route does not belong to a WebhookRouter, so nothing has verified the request"
        )
    return message


async def _inject_message(request: Request) -> WebhookMessage:
    return _verified_message(request)


async def _inject_event(request: Request) -> Event:
    return _verified_message(request).event


WebhookEvent: TypeAlias = Annotated[Event, Depends(_inject_event)]
"""A parameter for handlers: the webhook's event, verified."""

VerifiedWebhook: TypeAlias = Annotated[WebhookMessage, Depends(_inject_message)]
"""A parameter for handlers: the webhook with its id, the time it was sent and its event, verified."""


class WebhookRouter(APIRouter):
    """An `APIRouter` that calls its handlers with verified webhooks only, and once for each.

    Some requests never reach a handler. The response is 400 if the request is not a webhook from PortOne, 413 if the
    body is too large, 200 if the webhook has already been handled, 409 if it is being handled right now, and 503 if the
    store is unavailable. If a handler raises, or its response is not 2xx, the webhook counts as not handled, and PortOne
    delivers it again.

    The response is sent when everything is done, including dependencies with `yield` and background tasks. If they
    fail (in a commit, for example), the response is 500, whereas plain FastAPI would have sent 200 before. PortOne
    waits 30 seconds for a response.

    Args:
        secrets: The webhook secret from PortOne's console, as for `portone_async.webhooks.verify`, or several while
            one is being replaced.
        store: Remembers which webhooks have been handled. By default a `MemoryStore`, which serves one process only.
        tolerance: How far `webhook-timestamp` may differ from the clock.
        max_body_size: Maximum size of a body in bytes.
        store_timeout: How many seconds the store may take, before a handler and again after it.
        clock: The current time, timezone-aware.
        options: Options of `APIRouter`, such as `prefix` and `tags`.

    Raises:
        InvalidArgumentError: A secret or a limit is not valid.
    """

    def __init__(
        self,
        secrets: Secrets,
        *,
        store: WebhookStore | None = None,
        tolerance: timedelta = DEFAULT_TOLERANCE,
        max_body_size: int = 256 * 1024,
        store_timeout: float = 5,
        clock: Callable[[], datetime] = _utc_now,
        **options: Any,
    ) -> None:
        if max_body_size < 1:
            raise InvalidArgumentError("max_body_size takes a number of bytes above zero")
        secret_list = tuple(list_secrets(secrets))
        decode_secrets(
            secret_list
        )  # an invalid secret is an error of the program's start, not of each request
        receiver = _Receiver(
            secret_list,
            MemoryStore() if store is None else store,
            tolerance,
            max_body_size,
            store_timeout,
            clock,
        )
        # Each router needs its own class: when a router is included in another, FastAPI recreates its routes from
        # their class alone.
        route_class = type("WebhookRoute", (_WebhookRoute,), {"receiver": receiver})
        super().__init__(route_class=route_class, **options)


class _WebhookRoute(APIRoute):
    receiver: ClassVar[_Receiver]

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        openapi_extra: dict[str, Any] | None = None,
        responses: dict[int | str, dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            path,
            endpoint,
            openapi_extra=_add_openapi_defaults(openapi_extra or {}),
            responses={**_ERROR_RESPONSES, **(responses or {})},
            **options,
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = self.methods or set()
        if scope["method"] not in methods:
            allow = {"Allow": ", ".join(sorted(methods))}
            await _json_response(405, "this URL is for webhooks", allow)(scope, receive, send)
            return
        await self.receiver.handle(super().handle, scope, receive, send)


@define(frozen=True)
class _Receiver:
    """Verification and deduplication, shared by all routes of a router."""

    secrets: tuple[str | bytes, ...] = field(repr=False)
    store: WebhookStore
    tolerance: timedelta
    max_body_size: int
    store_timeout: float
    clock: Callable[[], datetime]

    async def handle(self, handler: Handler, scope: Scope, receive: Receive, send: Send) -> None:
        """Verify a request, and call the handler if it is a webhook that has not been handled."""
        request = Request(scope, receive)
        body = await _read_body(request, receive, self.max_body_size)
        if body is None:
            return
        if len(body) > self.max_body_size:
            await _json_response(413, "the body is too large")(scope, receive, send)
            return
        try:
            message = verify(
                body, request.headers, self.secrets, tolerance=self.tolerance, now=self.clock()
            )
        except WebhookVerificationError as error:
            # The reason goes to the log only, not to the sender.
            logger.warning("webhook refused: %s", error)
            message = None
        if message is None:
            await _json_response(400, "the webhook is not valid")(scope, receive, send)
            return
        scope[_SCOPE_KEY] = message
        response = await self._handle_once(message, handler, scope, _replay(body, receive))
        await response(scope, receive, send)

    async def _handle_once(
        self, message: WebhookMessage, handler: Handler, scope: Scope, receive: Receive
    ) -> Response | _BufferedResponse:
        owner = uuid.uuid4().hex
        response = _BufferedResponse()
        has_succeeded = False
        # Also after an exception of claim(): the store may have registered the claim.
        may_own = True
        try:
            claim = await self._claim(message.id, owner)
            if claim is None:
                return _json_response(
                    503, "the webhook store is unavailable", {"Retry-After": "60"}
                )
            may_own = claim == "claimed"
            if claim == "done":
                return Response(status_code=200)
            if claim == "running":
                return _json_response(409, "this webhook is being handled", {"Retry-After": "60"})
            await handler(scope, receive, response.append)
            has_succeeded = response.status in _SUCCESS
        finally:
            if may_own:
                await self._record_outcome(message.id, owner, has_succeeded=has_succeeded)
        return response

    async def _claim(self, message_id: str, owner: str) -> Claim | None:
        """Ask the store; `None` if it is unavailable."""
        with anyio.move_on_after(self.store_timeout) as scope:
            try:
                return await self.store.claim(message_id, owner)
            except WebhookStoreUnavailableError as error:
                _log_store_failure(error)
        if scope.cancelled_caught:
            self._log_store_timeout()
        return None

    async def _record_outcome(self, message_id: str, owner: str, *, has_succeeded: bool) -> None:
        """Tell the store. If that fails, the lease expires by itself, and a redelivery is handled."""
        with anyio.move_on_after(self.store_timeout, shield=True) as scope:
            try:
                if not has_succeeded:
                    await self.store.release(message_id, owner)
                elif not await self.store.complete(message_id, owner):
                    logger.warning(
                        "a webhook was handled twice: its handler took longer than the store's lease"
                    )
            except Exception as error:  # noqa: BLE001  (the handler's response or exception takes precedence)
                _log_store_failure(error)
        if scope.cancelled_caught:
            self._log_store_timeout()

    def _log_store_timeout(self) -> None:
        logger.error("webhook store failed: no response in %g s", self.store_timeout)


def _log_store_failure(error: Exception) -> None:
    # The types alone: what a driver says may quote its settings.
    cause = error.__cause__ if isinstance(error, WebhookStoreUnavailableError) else None
    logger.error("webhook store failed: %s", type(cause or error).__name__)


@define
class _BufferedResponse:
    """A handler's response, buffered until everything has succeeded."""

    status: int = 0
    _messages: list[Message] = field(factory=list["MutableMapping[str, Any]"])

    async def append(self, message: Message) -> None:
        """Serve as the handler's `send`."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self._messages.append(message)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (an ASGI app)
        for message in self._messages:
            await send(message)


async def _read_body(request: Request, receive: Receive, limit: int) -> bytes | None:
    """Return the body, or a longer one than `limit` if it is too large; `None` if the client has disconnected."""
    content_length = request.headers.get("content-length", "")
    if (
        content_length.isdecimal() and len(content_length) < 20 and int(content_length) > limit  # noqa: PLR2004  (an int64)
    ):
        return bytes(limit + 1)
    body = bytearray()
    while len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that returns the body once, and then whatever follows."""
    is_replayed = False

    async def replay() -> Message:
        nonlocal is_replayed
        if is_replayed:
            return await receive()
        is_replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _json_response(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": detail}, status, headers)


# --- the app's own OpenAPI document ----------------------------------------------------------------------

_HEADER_DESCRIPTIONS: Final = {
    ID: "Id of the webhook: the same in every redelivery.",
    TIMESTAMP: "When this delivery was sent, in Unix seconds.",
    SIGNATURE: "Signatures, separated by spaces: `v1,` and the Base64 of an HMAC-SHA256.",
}
_BODY_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "timestamp", "data"],
    "properties": {
        "type": {"type": "string", "examples": ["Transaction.Paid"]},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
}
_ERROR_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    400: {"description": "Not a valid webhook: nothing was done."},
    409: {"description": "This webhook is being handled right now: deliver it again later."},
    413: {"description": "The body is too large: nothing was done."},
    503: {"description": "The store of handled webhooks is unavailable: nothing was done."},
}


def _add_openapi_defaults(extra: dict[str, Any]) -> dict[str, Any]:
    """Return the user's additions to a route's OpenAPI entry, completed by the webhook's headers and body."""
    extra = copy.deepcopy(extra)
    parameters: list[dict[str, Any]] = extra.setdefault("parameters", [])
    names = {parameter.get("name") for parameter in parameters}
    parameters += [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
        }
        for name, description in _HEADER_DESCRIPTIONS.items()
        if name not in names
    ]
    extra.setdefault(
        "requestBody", {"required": True, "content": {"application/json": {"schema": _BODY_SCHEMA}}}
    )
    return extra
