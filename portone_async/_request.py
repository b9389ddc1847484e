"""From an operation and its arguments to a request: every rule of the wire, no input or output."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import quote, unquote

import orjson
from attrs import define, field

from portone_async._errors import InvalidArgumentError, RequestInfo
from portone_async._model import argument_name
from portone_async._operation import Operation, RequestOptions
from portone_async._version import __version__
from portone_async._writing import write

# encodeURIComponent leaves these as they are, and so does PortOne's own SDK.
_UNESCAPED: Final = "!'()*-._~"
_KEYED: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BODY_IN_QUERY: Final = frozenset({"GET", "HEAD", "DELETE"})
_LONGEST_URL: Final = 65_536  # httpx's limit; servers have lower ones
_METHODS: Final = _KEYED | _BODY_IN_QUERY
USER_AGENT: Final = f"portone-async/{__version__}"


@define(frozen=True)
class Settings:
    """What a client adds to each request."""

    base_url: str
    authorization: str = field(repr=False)
    store_id: str | None = None


@define(frozen=True)
class Request:
    """A request, ready for the wire."""

    method: str
    url: str = field(repr=False)
    headers: list[tuple[str, str]] = field(repr=False)
    content: bytes | None = field(repr=False)
    info: RequestInfo

    @property
    def target(self) -> str:
        """Path and query, escaped: what follows scheme and authority."""
        return "/" + self.url.partition("//")[2].partition("/")[2]

    @property
    def has_length(self) -> bool:
        """Whether its length is told: that of a body, or that there is none where one could be."""
        return bool(self.content) or self.method in ("POST", "PUT", "PATCH")


def build_request(
    settings: Settings,
    operation: Operation[Any],
    options: RequestOptions,
    path: Mapping[str, Any],
    query: Mapping[str, Any],
    body: Mapping[str, Any],
) -> Request:
    """The request for one call of an operation.

    Raises `InvalidArgumentError` for what cannot be meant: an empty path segment, a time without a zone, a
    value of another type than the document's.
    """
    target = operation.path
    for name, value in path.items():
        target = target.replace(f"{{{name}}}", escape_segment(value, argument_name(name)))
    parameters = dict(query)
    if operation.store == "query" and parameters.get("storeId") is None:
        parameters["storeId"] = settings.store_id
    content: bytes | None = None
    if operation.body is not None:
        written = _written_body(operation, body, settings.store_id)
        if written or operation.body_required:
            encoded = encode_json(written)
            if operation.body_in_query:
                parameters["requestBody"] = encoded.decode()
            else:
                content = encoded
    return _assemble(
        settings, options, operation.method, target, operation.path, parameters, content, operation
    )


def build_raw_request(
    settings: Settings,
    options: RequestOptions,
    method: str,
    path: str,
    query: Mapping[str, Any],
    json: Any,
) -> Request:
    """A request for what is not generated (yet): `path` starts with `/` and is sent as it is."""
    method = method.upper()
    if method not in _METHODS:
        raise InvalidArgumentError(f"method is one of {', '.join(sorted(_METHODS))}")
    segments = path.split("?", maxsplit=1)[0].split("/")
    if (
        not path.startswith("/")
        or path.startswith("//")
        or not path.isascii()
        or not path.isprintable()
    ):
        raise InvalidArgumentError(
            "path starts with one / and is escaped, such as /payments/order-1"
        )
    if any(unquote(segment) in (".", "..") for segment in segments) or " " in path or "#" in path:
        raise InvalidArgumentError("path must not hold . or .. segments, spaces or a fragment")
    parameters = dict(query)
    content: bytes | None = None
    if json is not None:
        encoded = encode_json(write(json))
        if method in _BODY_IN_QUERY:
            parameters["requestBody"] = encoded.decode()
        else:
            content = encoded
    return _assemble(settings, options, method, path, "(raw)", parameters, content, None)


def escape_segment(value: Any, name: str) -> str:
    """A path parameter, escaped as `encodeURIComponent` does."""
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name} takes a str, not {type(value).__name__}")
    if value in ("", ".", ".."):
        raise InvalidArgumentError(
            f"{name} is {value!r}: that would call another operation, so it is not sent"
        )
    try:
        return quote(value, safe=_UNESCAPED)
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} is no valid Unicode text") from None


def encode_json(value: Any) -> bytes:
    """JSON bytes."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise InvalidArgumentError(f"an argument cannot be written as JSON: {error}") from None


def _written(name: str, value: Any) -> Any:
    try:
        return write(value)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{argument_name(name)}: {error}") from None


def _written_body(
    operation: Operation[Any], body: Mapping[str, Any], store_id: str | None
) -> dict[str, Any]:
    from portone_async._validation import check_input  # noqa: PLC0415  (lookups have no body: they need not pay for it)

    written = {name: _written(name, value) for name, value in body.items() if value is not None}
    if store_id is not None:
        if operation.store == "body":
            written.setdefault("storeId", store_id)
        elif operation.store == "filter":
            chosen = written.setdefault("filter", {})
            if isinstance(chosen, dict):
                chosen.setdefault("storeId", store_id)  # pyright: ignore[reportUnknownMemberType]
    check_input(written, operation.body or "", operation.id)
    return written


def _assemble(
    settings: Settings,
    options: RequestOptions,
    method: str,
    target: str,
    template: str,
    parameters: Mapping[str, Any],
    content: bytes | None,
    operation: Operation[Any] | None,
) -> Request:
    pairs = [
        f"{quote(name)}={_query_value(value, name)}"
        for name, value in parameters.items()
        if value is not None
    ]
    headers = [
        (
            "accept",
            "application/json" if operation is None or not operation.download else "text/csv",
        )
    ]
    headers += [("user-agent", USER_AGENT), ("accept-encoding", "gzip")]
    if operation is None or operation.secured:
        headers.append(("authorization", settings.authorization))
    if content is not None:
        headers.append(("content-type", "application/json"))
    key: str | None = None
    if method in _KEYED:
        # An RFC 8941 string: in double quotes.
        key = options.idempotency_key or uuid.uuid4().hex
        headers.append(("idempotency-key", f'"{key}"'))
    if options.headers:
        given = {name.lower(): value for name, value in options.headers.items()}
        headers = [header for header in headers if header[0] not in given] + [*given.items()]
    info = RequestInfo(method, template, operation.id if operation else None, key)
    separator = "?" if "?" not in target else "&"
    url = settings.base_url + target + (separator + "&".join(pairs) if pairs else "")
    if len(url) > _LONGEST_URL:
        raise InvalidArgumentError(f"{info} would be too long for a URL: ask for less at once")
    return Request(method, url, headers, content, info)


def _query_value(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        value = write(value)
    if not isinstance(value, str):
        raise InvalidArgumentError(
            f"{name} takes a str, int, bool, date or datetime, not {type(value).__name__}"
        )
    try:
        return quote(value, safe=_UNESCAPED)
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} is no valid Unicode text") from None
