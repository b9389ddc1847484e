"""Every exception of this package: those of `portone_async._errors`, and a class per error type of PortOne's."""

from __future__ import annotations

import portone_async.models.errors as _generated
from portone_async._errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    BadGatewayError,
    BadRequestError,
    ClientClosedError,
    ConflictError,
    GatewayTimeoutError,
    GoneError,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    PortOneError,
    RateLimitError,
    RequestInfo,
    ResponseError,
    ServerError,
    ServiceUnavailableError,
)
from portone_async.models.errors import *  # noqa: F403  (its __all__ is the list)

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "ClientClosedError",
    "ConflictError",
    "GatewayTimeoutError",
    "GoneError",
    "InternalServerError",
    "InvalidArgumentError",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "PortOneError",
    "RateLimitError",
    "RequestInfo",
    "ResponseError",
    "ServerError",
    "ServiceUnavailableError",
]
__all__ += _generated.__all__
