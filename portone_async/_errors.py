"""The exceptions that are not generated.

    PortOneError
    ├── InvalidArgumentError (ValueError)   nothing was sent
    ├── ClientClosedError (RuntimeError)    nothing was sent
    ├── APIConnectionError                  no response, or a truncated one
    │   └── APITimeoutError
    ├── ResponseError                       a success response that cannot be read
    ├── PaginationError                     a list that cannot be read to its end
    └── APIError                            an error response
        ├── BadRequestError 400, AuthenticationError 401, PermissionDeniedError 403, NotFoundError 404,
        │   ConflictError 409, GoneError 410, RateLimitError 429
        └── ServerError 5xx
            └── InternalServerError 500, BadGatewayError 502, ServiceUnavailableError 503, GatewayTimeoutError 504

`portone_async.errors` adds a class for each error type of PortOne's.

Messages hold facts about the request and the failure, never a secret, an id, a body or personal data.
"""

from __future__ import annotations

import re
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
    """What was requested, without ids or bodies: those may be secrets or personal data.

    Attributes:
        method: The HTTP method.
        path: The path's template, such as `/payments/{paymentId}`; `(raw)` for `PortOne.request`.
        operation_id: PortOne's name of the operation, such as `getPayment`; `None` for `PortOne.request`.
        idempotency_key: The key that was sent, the same for all attempts; `None` for a GET.
        uses_access_token: Whether it was authorized by an access token, which expires, and not by the API secret.
        server: Host and port.
    """

    method: str
    path: str
    operation_id: str | None = None
    idempotency_key: str | None = field(default=None, repr=False)
    uses_access_token: bool = field(default=False, repr=False)
    server: tuple[str, int] | None = field(default=None, repr=False)

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
    """An argument that is not valid. Nothing was sent."""


class ClientClosedError(PortOneError, RuntimeError):
    """The client was used after it was closed. Nothing was sent."""


class APIConnectionError(PortOneError):
    """There is no complete response: connecting failed, or the connection broke.

    If PortOne may have received the request, it is safe for three hours to repeat the call with the same key,
    `RequestOptions(idempotency_key=error.request.idempotency_key)`: it is not carried out twice, and returns the
    result of the first call.

    Attributes:
        request (RequestInfo): What was requested.
        may_have_reached (bool): Whether PortOne may have received the request, and so may have carried it out.
        attempts (int): How many attempts were made; 0 if nothing was sent because a module that is needed to read the
            response could not be imported.
        is_transient (bool): Whether a retry may help; false for a certificate that is not trusted, for example.
    """

    def __init__(
        self,
        message: str,
        *,
        request: RequestInfo,
        may_have_reached: bool,
        attempts: int,
        is_transient: bool = True,
    ) -> None:
        super().__init__(message)
        self.request: Final = request
        self.may_have_reached: Final = may_have_reached
        self.attempts: Final = attempts
        self.is_transient: Final = is_transient


class APITimeoutError(APIConnectionError):
    """There was no complete response in time. PortOne may go on with the request: see `may_have_reached`."""


class ResponseError(PortOneError):
    """A success response that cannot be read.

    It is not JSON, has no list where one is iterated over, or (with `strict=True`) differs from PortOne's document.
    The operation itself was carried out, unless a gateway responded in PortOne's place.

    Attributes:
        may_have_reached (bool): Always true.
        request (RequestInfo): What was requested.
        status (int): The HTTP status.
        headers (Mapping[str, str]): The response's headers; their names are lower case.
        content (bytes): The response's body. It may hold personal data: keep it out of logs.
        path (str | None): The JSON path of the first mismatch; `None` if there is none.
        attempts (int): How many attempts were made.
    """

    may_have_reached: Final = True

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
    """A list cannot be read to its end: pages or a cursor repeat, or a page is empty before the list's own count.

    The items before it were returned. The iterator keeps its position: if you go on iterating, it requests the same
    page again. The message says what else to do.
    """


IN_PROGRESS: Final = "IDEMPOTENCY_OUTSTANDING_REQUEST"
"""The error type of a request whose idempotency key belongs to one that PortOne is still carrying out."""
# The shape of PortOne's error types. Gateways use `type` too: RFC 9457 has a URI there.
_ERROR_TYPE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,99}")


class APIError(PortOneError):
    """An error response, from PortOne or from a gateway in front of it.

    Fields of known error types are attributes, such as `PgProviderError.pg_code`.

    Attributes:
        types (tuple[str, ...]): PortOne's error types that a class stands for, such as `("PG_PROVIDER",)`.
        status (int): The HTTP status.
        type (str | None): PortOne's error type; `None` if the response has none, such as a gateway's HTML.
        message (str | None): PortOne's message; `None` if the response has none. It may hold personal data: keep it
            out of logs.
        request (RequestInfo): What was requested.
        body (dict[str, Any] | None): The response's JSON object; `None` if it is something else. It may hold personal
            data.
        headers (Mapping[str, str]): The response's headers; their names are lower case.
        content (bytes): The response's body. It may hold personal data.
        attempts (int): How many attempts were made.
        may_have_reached (bool): Whether the request may have been carried out all the same: an earlier attempt of the
            call may have been, or the response is not PortOne's own. False where PortOne itself refused the first
            attempt.
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
        may_have_reached: bool = False,
    ) -> None:
        kind = body.get("type") if body else None
        message = body.get("message") if body else None
        self.status: Final = status
        self.type: Final = kind if isinstance(kind, str) and self._is_portones(kind) else None
        self.message: Final = message if isinstance(message, str) else None
        self.request: Final = request
        self.body: Final = body
        self.headers: Final[Mapping[str, str]] = headers or {}
        self.content: Final = content
        self.attempts: Final = attempts
        self.may_have_reached: Final = (
            may_have_reached or self.type is None or self.type == IN_PROGRESS
        )
        text = f"{status} {self.type or 'without a PortOne error type'} in response to {request}"
        if status == 401 and request.uses_access_token:  # noqa: PLR2004
            text += "; the access token may have expired: log in again"
        if may_have_reached:
            text += "; an earlier attempt of this call may have been carried out"
        super().__init__(text)
        self._read_fields(body or {})

    @classmethod
    def _is_portones(cls, kind: str) -> bool:
        return kind in cls.types or _ERROR_TYPE.fullmatch(kind) is not None

    def _read_fields(self, raw: Any) -> None:
        """Set the fields of this error type; generated classes override it."""

    @property
    def request_id(self) -> str | None:
        """The id that a gateway gave this request, if the response has one."""
        return next((self.headers[name] for name in _REQUEST_ID if name in self.headers), None)

    @property
    def text(self) -> str:
        """The response's body as text, whatever it is. It may hold personal data: keep it out of logs."""
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
    """404: what was requested does not exist."""


class ConflictError(APIError):
    """409: the current state does not allow this."""


class GoneError(APIError):
    """410: it has expired."""


class RateLimitError(APIError):
    """429: too many requests."""


class ServerError(APIError):
    """5xx: the server failed."""


class InternalServerError(ServerError):
    """500."""


class BadGatewayError(ServerError):
    """502: a payment company or a gateway failed."""


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
    """Return the class of a status."""
    return BY_STATUS.get(status) or (ServerError if status >= 500 else APIError)  # noqa: PLR2004
