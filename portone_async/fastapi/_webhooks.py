"""Webhook routes: nothing reaches a handler unverified, nothing is handled twice, nothing that failed counts as done."""

from __future__ import annotations

import copy
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

import anyio
from attrs import define, field
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from portone_async._errors import InvalidArgumentError
from portone_async.fastapi._stores import MemoryStore, WebhookStore
from portone_async.webhooks import (
    TOLERANCE,
    Event,
    WebhookMessage,
    WebhookVerificationError,
    verify,
)
from portone_async.webhooks._signing import ID, SIGNATURE, TIMESTAMP, keys_of

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

logger: Final = logging.getLogger("portone_async")

Handle = Callable[["Scope", "Receive", "Send"], Awaitable[None]]
_KEY: Final = "portone_async.webhook"
_SUCCESS: Final = range(200, 300)
# Seconds that telling the store may take when the request is being cancelled.
_GRACE: Final = 5


def _verified(request: Request) -> WebhookMessage:
    message = request.scope.get(_KEY)
    if message is None:
        raise RuntimeError("this route is on no WebhookRouter, so nothing has verified the request")
    return message


async def _message(request: Request) -> WebhookMessage:
    return _verified(request)


async def _event(request: Request) -> Event:
    return _verified(request).event


WebhookEvent: TypeAlias = Annotated[Event, Depends(_event)]
"""A handler's parameter: what the webhook tells, verified."""

VerifiedWebhook: TypeAlias = Annotated[WebhookMessage, Depends(_message)]
"""A handler's parameter: the webhook with its id and the time it was sent, verified."""


class WebhookRouter(APIRouter):
    """An `APIRouter` whose handlers are called with verified webhooks only, once each.

    A request that is no webhook of PortOne's is answered 400, one whose body is too large 413, a webhook that was
    handled 200, and one that is being handled 409; none of them reaches a handler. A handler that raises, or
    answers other than 2xx, leaves the webhook unhandled: PortOne delivers it again.

    The answer is sent when everything is done, dependencies with `yield` and background tasks included: what fails
    in them (a commit, say) makes it 500, where FastAPI alone would have said 200 before. PortOne waits 30 s.

    Args:
        secrets: The webhook secret, or several while one is being replaced.
        store: Where it is kept what was handled. A `MemoryStore` when not given, which knows of this process only.
        tolerance: How far `webhook-timestamp` may be from the clock.
        max_body_size: Bytes that a body may have.
        options: Those of `APIRouter`, such as `prefix` and `tags`.

    Raises:
        InvalidArgumentError: A secret is none, or the size cannot be right.
    """

    def __init__(
        self,
        secrets: str | Iterable[str],
        *,
        store: WebhookStore | None = None,
        tolerance: timedelta = TOLERANCE,
        max_body_size: int = 256 * 1024,
        **options: Any,
    ) -> None:
        listed = (secrets,) if isinstance(secrets, str) else tuple(secrets)
        keys_of(listed)
        if max_body_size < 1:
            raise InvalidArgumentError("max_body_size is a number of bytes above zero")
        store = MemoryStore() if store is None else store
        receiver = _Receiver(listed, store, tolerance, max_body_size)
        # A class of its own, as FastAPI hands routes on by their class when a router is included.
        route = type("WebhookRoute", (_WebhookRoute,), {"receiver": receiver})
        super().__init__(route_class=route, **options)


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
            openapi_extra=_documented(openapi_extra or {}),
            responses={**_REFUSALS, **(responses or {})},
            **options,
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = self.methods or set()
        if scope["method"] not in methods:
            allow = {"Allow": ", ".join(sorted(methods))}
            await _answer(405, "this is for webhooks", allow)(scope, receive, send)
            return
        await self.receiver.handle(super().handle, scope, receive, send)


@define(frozen=True)
class _Receiver:
    """What all routes of a router do with a request."""

    secrets: tuple[str, ...] = field(repr=False)
    store: WebhookStore
    tolerance: timedelta
    max_body_size: int

    async def handle(self, handler: Handle, scope: Scope, receive: Receive, send: Send) -> None:
        """Verify a request, and pass it on if it is a webhook that was not handled."""
        request = Request(scope, receive)
        body = await _read(request, receive, self.max_body_size)
        if body is None:
            return
        if len(body) > self.max_body_size:
            await _answer(413, "the body is too large")(scope, receive, send)
            return
        try:
            message = verify(body, request.headers, self.secrets, tolerance=self.tolerance)
        except WebhookVerificationError as error:
            # The log says why; whoever sent it learns nothing.
            logger.warning("webhook refused: %s", error)
            message = None
        if message is None:
            await _answer(400, "the webhook is not valid")(scope, receive, send)
            return
        scope[_KEY] = message
        answer = await self._once(message, handler, scope, _replay(body, receive))
        await answer(scope, receive, send)

    async def _once(
        self, message: WebhookMessage, handler: Handle, scope: Scope, receive: Receive
    ) -> Response | _Held:
        owner = uuid.uuid4().hex
        answer = _Held()
        succeeded = False
        mine = True
        try:
            claim = await self.store.claim(message.id, owner)
            mine = claim == "claimed"
            if claim == "done":
                return Response(status_code=200)
            if claim == "running":
                return _answer(409, "this webhook is being handled", {"Retry-After": "60"})
            await handler(scope, receive, answer.hold)
            succeeded = answer.status in _SUCCESS
        finally:
            # After a failed claim as well: it may have come through.
            if mine:
                await self._settle(message.id, owner, succeeded=succeeded)
        return answer

    async def _settle(self, message_id: str, owner: str, *, succeeded: bool) -> None:
        """Tell the store. If it cannot be told, the lease ends by itself and a redelivery is handled."""
        settle = self.store.complete if succeeded else self.store.release
        with anyio.move_on_after(_GRACE, shield=True) as scope:
            try:
                await settle(message_id, owner)
            except Exception as error:  # noqa: BLE001  (what the handler did or raised is what counts)
                logger.error("webhook store failed: %s", type(error).__name__)  # noqa: TRY400
        if scope.cancelled_caught:
            logger.error("webhook store failed: no answer in %d s", _GRACE)


@define
class _Held:
    """The answer of a handler, held back until it is certain."""

    status: int = 0
    _messages: list[Message] = field(factory=list["MutableMapping[str, Any]"])

    async def hold(self, message: Message) -> None:
        """Be the `send` of the handler."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self._messages.append(message)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (an ASGI app)
        for message in self._messages:
            await send(message)


async def _read(request: Request, receive: Receive, limit: int) -> bytes | None:
    """The body, or more of it than the limit allows; `None` if the sender is gone."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > limit:  # noqa: PLR2004  (an int64)
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
    """A `receive` that gives the body once, and then whatever comes."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _answer(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": detail}, status, headers)


# --- the app's own OpenAPI document ----------------------------------------------------------------------

_HEADERS: Final = {
    ID: "Id of the webhook: the same in every redelivery.",
    TIMESTAMP: "When this delivery was sent, in Unix seconds.",
    SIGNATURE: "Signatures, separated by spaces: `v1,` and the Base64 of an HMAC-SHA256.",
}
_BODY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "timestamp", "data"],
    "properties": {
        "type": {"type": "string", "examples": ["Transaction.Paid"]},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
}
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"description": "No valid webhook: nothing was done."},
    409: {"description": "This webhook is being handled right now: deliver it again later."},
    413: {"description": "The body is too large: nothing was done."},
}


def _documented(extra: dict[str, Any]) -> dict[str, Any]:
    """The user's additions to a route's OpenAPI entry, and ours where there are none yet."""
    extra = copy.deepcopy(extra)
    parameters: list[dict[str, Any]] = extra.setdefault("parameters", [])
    named = {parameter.get("name") for parameter in parameters}
    parameters += [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": words,
            "schema": {"type": "string"},
        }
        for name, words in _HEADERS.items()
        if name not in named
    ]
    extra.setdefault(
        "requestBody", {"required": True, "content": {"application/json": {"schema": _BODY}}}
    )
    return extra
