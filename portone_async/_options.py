"""Timeouts, and the options of one call."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, evolve, field, fields

from portone_async._errors import InvalidArgumentError
from portone_async._response import RawResponse

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
_ONE_DAY: Final = 86_400.0


@define(frozen=True)
class Timeout:
    """Seconds to wait, each above 0 and at most 86,400 (a day).

    Args:
        connect: For a connection to be established, TLS included.
        read: For the next bytes of the response. PortOne asks for at least 60, as a payment company may take that long.
        write: For the next bytes of the request to be sent.
        pool: For a connection to be free.
        total: For the whole call: all attempts, and the waits between them.
    """

    connect: float = 10.0
    read: float = 60.0
    write: float = 60.0
    pool: float = 60.0
    total: float = 180.0

    def __attrs_post_init__(self) -> None:
        for attribute in fields(Timeout):
            value: Any = getattr(self, attribute.name)
            if not is_seconds(value) or value == 0:
                raise InvalidArgumentError(
                    f"Timeout({attribute.name}=...) takes seconds: a number above 0, at most 86400"
                )

    @classmethod
    def of(cls, value: float | Timeout) -> Timeout:
        """Return the timeout itself, or one with so many seconds for every step.

        `total` stays as it is by default, unless one step alone may take longer.
        """
        if isinstance(value, Timeout):
            return value
        if not is_seconds(value) or value == 0:
            raise InvalidArgumentError(
                "timeout takes seconds (a number above 0, at most 86400) or a portone_async.Timeout"
            )
        return cls(value, value, value, value, max(value, DEFAULT_TIMEOUT.total))

    def within(self, remaining: float) -> Timeout:
        """Return the timeouts of an attempt for which so many seconds (more than 0) are left."""
        return evolve(self, total=remaining) if remaining < self.total else self


def is_seconds(value: Any) -> bool:
    """Return whether it is a number from 0 to 86,400, which neither `True` nor NaN is."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _ONE_DAY


DEFAULT_TIMEOUT: Final = Timeout()


def _checked_headers(headers: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return a copy of the headers: what was checked is what is sent."""
    if headers is None:
        return None
    if not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(
            "headers takes a mapping of names to values, such as {'x-trace': 'abc'}"
        )
    for name, value in headers.items():
        check_header(name, value)
        if name.lower() in _OWN_HEADERS:
            raise InvalidArgumentError(
                f"the header {name} is set by the client: it cannot be given in headers"
            )
    return dict(headers)


@define(frozen=True)
class RequestOptions:
    """Options of one call.

    Args:
        timeout: Seconds for every step, or a `Timeout`.
        max_retries: How often to retry at most; 0 for never.
        idempotency_key: 16 to 256 ASCII letters, digits, `-`, `_` (or `.:~+/=@`). PortOne carries out one
            request per key and repeats its response for three hours. Generated for each call if omitted; give
            your own to make a call repeatable across processes. Never use one for two different requests.
        headers: Additional headers.
        on_response: Called with the call's final response: status, headers and raw body.
    """

    timeout: float | Timeout | None = None
    max_retries: int | None = None
    idempotency_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, converter=_checked_headers, repr=False)
    on_response: Callable[[RawResponse], None] | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.timeout is not None:
            Timeout.of(self.timeout)
        if self.max_retries is not None:
            check_max_retries(self.max_retries)
        if self.idempotency_key is not None:
            _check_idempotency_key(self.idempotency_key)
        if self.on_response is not None and (
            not callable(self.on_response) or inspect.iscoroutinefunction(self.on_response)
        ):
            raise InvalidArgumentError(
                "on_response takes a function of one RawResponse, which is called and not awaited"
            )


NO_OPTIONS: Final = RequestOptions()


def check_options(options: Any) -> RequestOptions:
    """Return the options, or refuse what is something else."""
    if options is None:
        return NO_OPTIONS
    if not isinstance(options, RequestOptions):
        raise InvalidArgumentError(
            f"options takes RequestOptions(timeout=..., ...), not {type(options).__name__}"
        )
    return options


def check_max_retries(value: Any) -> None:
    """Refuse what is not a number of retries."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidArgumentError("max_retries takes a whole number from 0")


def is_header_value(value: Any) -> bool:
    """Return whether HTTP can carry it."""
    return isinstance(value, str) and _HEADER_VALUE.fullmatch(value) is not None


def check_header(name: Any, value: Any) -> None:
    """Refuse a header that HTTP cannot carry, without repeating its value."""
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise InvalidArgumentError("a header's name takes letters, digits and hyphens")
    if not is_header_value(value):
        raise InvalidArgumentError(f"the header {name} has characters that HTTP cannot carry")


def _check_idempotency_key(key: Any) -> None:
    if not isinstance(key, str) or not _IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidArgumentError(
            "idempotency_key takes a str of 16 to 256 ASCII letters, digits and -_.:~+/=@, such as a UUID"
        )
