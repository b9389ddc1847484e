"""The exceptions that are not generated.

    PortOneError
    ├── InvalidArgumentError (ValueError)   nothing was sent
    ├── ClientClosedError (RuntimeError)    nothing was sent
    ├── APIConnectionError                  no answer, or half of one
    │   └── APITimeoutError
    ├── ResponseError                       a 2xx answer that cannot be read
    ├── PaginationError                     a list that does not go on
    └── APIError                            an answer that is no success
        ├── BadRequestError 400, AuthenticationError 401, PermissionDeniedError 403, NotFoundError 404,
        │   ConflictError 409, GoneError 410, RateLimitError 429
        └── ServerError 5xx
            └── InternalServerError 500, BadGatewayError 502, ServiceUnavailableError 503, GatewayTimeoutError 504

`portone_async.errors` adds a class per error type of PortOne's under these.

Messages carry facts about the request and the failure, never a secret, an id, a body or a person's data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import define, field

__all__ = (
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
)


@define(frozen=True)
class RequestInfo:
    """What was asked, without ids or bodies: those may be secrets or personal data."""

    method: str
    path: str
    """The path's template, such as `/payments/{paymentId}`."""
    operation_id: str | None = None
    idempotency_key: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class PortOneError(Exception):
    """Base of everything that this package raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    kind: type[PortOneError], arguments: tuple[Any, ...], state: dict[str, Any]
) -> PortOneError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(state)
    return error


class InvalidArgumentError(PortOneError, ValueError):
    """An argument that cannot be right. Nothing was sent."""


class ClientClosedError(PortOneError, RuntimeError):
    """The client was used after it was closed. Nothing was sent."""


class APIConnectionError(PortOneError):
    """No complete answer came: connecting failed, or the connection broke.

    `may_have_reached` tells whether PortOne may have got the request, and so may have carried it out. The same
    call with `RequestOptions(idempotency_key=error.request.idempotency_key)` is then safe for three hours: it
    is not carried out twice, and tells what happened the first time.
    """

    def __init__(
        self, message: str, *, request: RequestInfo, may_have_reached: bool, attempts: int
    ) -> None:
        super().__init__(message)
        self.request: Final = request
        self.may_have_reached: Final = may_have_reached
        self.attempts: Final = attempts


class APITimeoutError(APIConnectionError):
    """No answer came in time. See `may_have_reached`: hanging up does not stop PortOne."""


class ResponseError(PortOneError):
    """A success whose body cannot be read: no JSON, or (with `strict=True`) not what the document says.

    `path` is the JSON path of the first departure when strict. The operation itself was carried out.
    """

    def __init__(
        self,
        message: str,
        *,
        request: RequestInfo,
        status: int,
        headers: Mapping[str, str],
        content: bytes,
        path: str | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.request: Final = request
        self.status: Final = status
        self.headers: Final = headers
        self.content: Final = content
        self.path: Final = path
        self.attempts: Final = attempts


class PaginationError(PortOneError):
    """A list does not go on: PortOne answered with the cursor that it was asked to go on from."""


class APIError(PortOneError):
    """PortOne, or something between, answered with an error.

    `type` and `message` are PortOne's (`None` where the answer names none, as when a gateway answers with
    HTML). `body` is the JSON object of the answer if it is one, `content` the bytes of it. Fields of known
    error types are attributes, such as `PgProviderError.pg_code`.
    """

    types: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        *,
        status: int,
        request: RequestInfo,
        body: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        attempts: int = 1,
    ) -> None:
        named = body.get("type") if body else None
        said = body.get("message") if body else None
        self.status: Final = status
        self.type: Final = named if isinstance(named, str) else None
        self.message: Final = said if isinstance(said, str) else None
        self.request: Final = request
        self.body: Final = body
        self.headers: Final[Mapping[str, str]] = headers or {}
        self.content: Final = content
        self.attempts: Final = attempts
        super().__init__(
            f"{status} {self.type or 'without a PortOne error type'} in answer to {request}"
        )
        self._read_fields(body or {})

    def _read_fields(self, raw: Any) -> None:
        """Set the fields of this error type; generated classes override it."""

    @property
    def request_id(self) -> str | None:
        """The id that a gateway gave this request, if the answer carries one."""
        return next((self.headers[name] for name in _REQUEST_ID if name in self.headers), None)

    @property
    def text(self) -> str:
        """The answer's body as text, whatever it is. May hold personal data: keep it out of logs."""
        return self.content.decode("utf-8", "replace")


_REQUEST_ID: Final = (
    "x-request-id",
    "x-portone-request-id",
    "x-amzn-requestid",
    "x-amzn-trace-id",
    "cf-ray",
)


class BadRequestError(APIError):
    """400: the request is not valid."""


class AuthenticationError(APIError):
    """401: the API secret or token is wrong or has expired."""


class PermissionDeniedError(APIError):
    """403: the secret does not allow this."""


class NotFoundError(APIError):
    """404: what was asked for does not exist."""


class ConflictError(APIError):
    """409: the state of things does not allow this."""


class GoneError(APIError):
    """410: it has expired."""


class RateLimitError(APIError):
    """429: too many requests."""


class ServerError(APIError):
    """5xx: the fault is not on this side."""


class InternalServerError(ServerError):
    """500."""


class BadGatewayError(ServerError):
    """502: a payment company's or a gateway's fault."""


class ServiceUnavailableError(ServerError):
    """503."""


class GatewayTimeoutError(ServerError):
    """504."""


BY_STATUS: Final[dict[int, type[APIError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    429: RateLimitError,
    500: InternalServerError,
    502: BadGatewayError,
    503: ServiceUnavailableError,
    504: GatewayTimeoutError,
}


def status_class(status: int) -> type[APIError]:
    """The class that stands for a status."""
    return BY_STATUS.get(status) or (ServerError if status >= 500 else APIError)  # noqa: PLR2004
