"""PortOne's errors as answers of an app, where a handler does not catch them."""

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

# The first that fits. Whoever calls the app has no secret of PortOne's: 401 and 403 are the app's own trouble.
_ANSWERS: Final[tuple[tuple[type[PortOneError], int, str], ...]] = (
    (WebhookVerificationError, 400, "the webhook is not valid"),
    (BadRequestError, 400, "PortOne refuses the request"),
    (NotFoundError, 404, "PortOne does not know it"),
    (ConflictError, 409, "the state of things at PortOne does not allow it"),
    (GoneError, 410, "it has expired"),
    (AuthenticationError, 500, "internal server error"),
    (PermissionDeniedError, 500, "internal server error"),
    (RateLimitError, 503, "PortOne is busy: try again later"),
    (GatewayTimeoutError, 504, "PortOne did not answer in time"),
    (APITimeoutError, 504, "PortOne did not answer in time"),
    (APIConnectionError, 502, "PortOne could not be reached"),
    (ResponseError, 502, "PortOne's answer could not be read"),
    (APIError, 502, "PortOne, or the payment company behind it, could not do it"),
)
_SERVER: Final = 500
_UNAVAILABLE: Final = 503


async def portone_error_handler(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer for an error that a handler let through: `app.add_exception_handler(PortOneError, ...)`.

    The answer holds words of ours, and `type` where PortOne names an error type that this version knows (such as
    `PG_PROVIDER`, a payment company's refusal); nothing else of what PortOne said. What is a fault of the program
    (`InvalidArgumentError`, `ClientClosedError`) is raised again, for the app's 500.
    """
    found = next(((s, d) for kind, s, d in _ANSWERS if isinstance(error, kind)), None)
    if found is None:
        raise error
    status, detail = found
    content = {"detail": detail}
    if isinstance(error, APIError) and error.type in error.types and status != _SERVER:
        content["type"] = error.type
    if status >= _SERVER:
        logger.error("answered %d: %s", status, error, exc_info=error)
    return JSONResponse(content, status, _retry_after(error) if status == _UNAVAILABLE else None)


def _retry_after(error: Exception) -> dict[str, str] | None:
    value = error.headers.get("retry-after", "") if isinstance(error, APIError) else ""
    return {"Retry-After": value} if value.isascii() and value.isdecimal() else None
