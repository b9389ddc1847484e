"""HTTP responses for PortOne errors that no handler has caught."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from fastapi.responses import JSONResponse, Response

from portone_async._errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    GatewayTimeoutError,
    GoneError,
    NotFoundError,
    PermissionDeniedError,
    PortOneError,
    RateLimitError,
    ResponseError,
)
from portone_async.webhooks import WebhookVerificationError

if TYPE_CHECKING:
    from fastapi import Request

logger: Final = logging.getLogger("portone_async")

# Status and detail per class; the first match counts. The app's callers have no PortOne secret, so 401 and 403 are
# problems of the app, not of the caller.
_RESPONSES: Final[tuple[tuple[type[PortOneError], int, str], ...]] = (
    (WebhookVerificationError, 400, "the webhook is not valid"),
    (BadRequestError, 400, "PortOne rejected the request"),
    (NotFoundError, 404, "not found at PortOne"),
    (ConflictError, 409, "not possible in the current state"),
    (GoneError, 410, "it has expired"),
    (AuthenticationError, 500, "internal server error"),
    (PermissionDeniedError, 500, "internal server error"),
    (RateLimitError, 503, "PortOne is busy: try again later"),
    (GatewayTimeoutError, 504, "PortOne did not respond in time"),
    (APITimeoutError, 504, "PortOne did not respond in time"),
    (APIConnectionError, 502, "PortOne could not be reached"),
    (ResponseError, 502, "PortOne's response could not be read"),
    (APIError, 502, "PortOne, or the payment company behind it, could not do it"),
)
_SERVER_ERROR: Final = 500
_UNAVAILABLE: Final = 503


async def portone_error_handler(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Respond to an error that a handler did not catch: `app.add_exception_handler(PortOneError, ...)`.

    The response contains a text of this package, and `type` if PortOne names an error type that this version knows
    (such as `PG_PROVIDER`, a payment company's refusal). Nothing else of PortOne's response is passed on. Bugs in the
    program (`InvalidArgumentError`, `ClientClosedError`) are raised again, for the app's own 500.
    """
    match = next(((s, d) for kind, s, d in _RESPONSES if isinstance(error, kind)), None)
    if match is None:
        raise error
    status, detail = match
    content = {"detail": detail}
    if isinstance(error, APIError) and error.type in error.types and status != _SERVER_ERROR:
        content["type"] = error.type
    if status >= _SERVER_ERROR:
        logger.error("responded with %d: %s", status, error, exc_info=error)
    return JSONResponse(content, status, _retry_after(error) if status == _UNAVAILABLE else None)


def _retry_after(error: Exception) -> dict[str, str] | None:
    value = error.headers.get("retry-after", "") if isinstance(error, APIError) else ""
    return {"Retry-After": value} if value.isascii() and value.isdecimal() else None
