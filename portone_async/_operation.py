"""What generated functions are written in terms of: operations, options per call, and who carries them out."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar

from attrs import define, field

from portone_async._errors import InvalidArgumentError

if TYPE_CHECKING:
    from os import PathLike

    from portone_async._response import RawResponse

T = TypeVar("T")
Wire: TypeAlias = Literal["auto", "httpx", "httpx2"]
"""What carries the bytes."""

# PortOne takes an RFC 8941 string of 16 to 256 ASCII characters and recommends these.
_IDEMPOTENCY_KEY: Final = re.compile(r"[A-Za-z0-9_\-.:~+/=@]{16,256}")
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?|")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OWN_HEADERS: Final = frozenset(
    {
        "authorization",
        "idempotency-key",
        "content-type",
        "content-length",
        "host",
        "transfer-encoding",
    }
)


@define(frozen=True)
class Operation(Generic[T]):
    """The facts of one operation of PortOne's document; `T` is what its function returns."""

    id: str
    method: str
    path: str
    reply: str | None = field(default=None, kw_only=True)
    body: str | None = field(default=None, kw_only=True)
    body_required: bool = field(default=False, kw_only=True)
    body_in_query: bool = field(default=False, kw_only=True)
    download: bool = field(default=False, kw_only=True)
    unstable: bool = field(default=False, kw_only=True)
    secured: bool = field(default=True, kw_only=True)
    store: Literal["query", "body", "filter"] | None = field(default=None, kw_only=True)
    errors: tuple[str, ...] = field(default=(), kw_only=True)


@define(frozen=True)
class Timeout:
    """Seconds to wait for a connection, for the next bytes of an answer, for sending, and for a free lane."""

    connect: float = 10.0
    read: float = 60.0  # PortOne asks for no less: a payment company may take that long
    write: float = 60.0
    pool: float = 60.0

    def __attrs_post_init__(self) -> None:
        for name in ("connect", "read", "write", "pool"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise InvalidArgumentError(f"Timeout({name}=...) takes seconds above 0")

    @property
    def limits(self) -> dict[str, float]:
        """The four of them by name."""
        return {
            "connect": self.connect,
            "read": self.read,
            "write": self.write,
            "pool": self.pool,
        }

    @classmethod
    def of(cls, value: float | Timeout) -> Timeout:
        """A number of seconds for every step, or the timeouts as they are."""
        return value if isinstance(value, Timeout) else cls(value, value, value, value)


@define(frozen=True)
class RequestOptions:
    """Options of one call.

    Args:
        timeout: Seconds for every step, or a `Timeout`.
        max_retries: How often to try again at most; 0 for never.
        idempotency_key: 16 to 256 ASCII letters, digits, `-`, `_` (or `.:~+/=@`). PortOne carries out one
            request per key and repeats its answer for three hours. Made for each call when not given; give
            your own to make a call repeatable across processes. Never use one for two different requests.
        headers: Additional headers.
        on_response: Called with each call's final response: status, headers and raw body.
    """

    timeout: float | Timeout | None = None
    max_retries: int | None = None
    idempotency_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    on_response: Callable[[RawResponse], None] | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.timeout is not None:
            Timeout.of(self.timeout)
        if self.max_retries is not None:
            check_max_retries(self.max_retries)
        if self.idempotency_key is not None and not _IDEMPOTENCY_KEY.fullmatch(
            self.idempotency_key
        ):
            raise InvalidArgumentError(
                "idempotency_key takes 16 to 256 ASCII letters, digits and -_.:~+/=@, such as a UUID"
            )
        for name, value in (self.headers or {}).items():
            check_header(name, value)
            if name.lower() in _OWN_HEADERS:
                raise InvalidArgumentError(
                    f"the header {name} is the client's own: it cannot be given in headers"
                )


def check_max_retries(value: int) -> None:
    """Refuse what is no number of retries."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError("max_retries takes a whole number from 0")


def check_header(name: str, value: str) -> None:
    """Refuse a header that HTTP cannot carry, without repeating its value."""
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError("a header's name takes letters, digits and hyphens")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"the header {name} has characters that HTTP cannot carry")


class Caller(ABC):
    """What carries out operations: a client, or a namespace of one."""

    @abstractmethod
    async def call(
        self,
        operation: Operation[T],
        options: RequestOptions | None = None,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        file: str | PathLike[str] | None = None,
    ) -> T:
        """Carry out one operation. Generated functions call this; use them instead."""


class Namespace(Caller):
    """Operations bound to a client."""

    def __init__(self, client: Caller) -> None:
        self._client: Final = client

    async def call(
        self,
        operation: Operation[T],
        options: RequestOptions | None = None,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        file: str | PathLike[str] | None = None,
    ) -> T:
        """Carry out one operation by the client."""
        return await self._client.call(
            operation, options, path=path, query=query, body=body, file=file
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"
