"""From an operation and its arguments to a request: every protocol rule of PortOne's, no input or output."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from attrs import define, field

from portone_async import _json
from portone_async._errors import InvalidArgumentError, RequestInfo
from portone_async._operation import Operation
from portone_async._options import RequestOptions
from portone_async._parameters import has_dot_segment, path_segment, query_string, take_headers
from portone_async._version import __version__
from portone_async._writing import write_argument

_KEYED: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BODY_IN_QUERY: Final = frozenset({"GET", "HEAD", "DELETE"})
_LONGEST_TARGET: Final = (
    65_000  # httpx refuses URLs from 65,536 characters; servers have lower limits
)
_METHODS: Final = _KEYED | _BODY_IN_QUERY
# A path and a query of RFC 3986, and the brackets that are common in queries. A transport would escape the rest.
_RAW_PATH: Final = re.compile(r"/(?!/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]-]|%[0-9A-Fa-f]{2})*")
JSON_MEDIA: Final = "application/json"
USER_AGENT: Final = f"portone-async/{__version__}"
_RAW: Final = Operation[Any]("", "", "(raw)")
"""What a raw request has in common with operations: it is secured, and JSON in both directions."""


@define(frozen=True)
class Settings:
    """What a client adds to each request."""

    base_path: str
    """What stands before each path, such as `/v2`; usually nothing."""
    authorization: str = field(repr=False)
    uses_access_token: bool = False
    store_id: str | None = None
    server: tuple[str, int] | None = None
    """Host and port."""


@define(frozen=True)
class Request:
    """A request, ready to be sent."""

    method: str
    target: str = field(repr=False)
    """Path and query, escaped."""
    headers: list[tuple[str, str]] = field(repr=False)
    content: bytes | None = field(repr=False)
    info: RequestInfo

    @property
    def sends_length(self) -> bool:
        """Whether to send Content-Length: there is a body, or the method usually has one."""
        return bool(self.content) or self.method in ("POST", "PUT", "PATCH")


def build_request(
    settings: Settings,
    operation: Operation[Any],
    options: RequestOptions,
    path: Mapping[str, Any],
    query: Mapping[str, Any],
    body: Mapping[str, Any],
) -> Request:
    """Return the request for one call of an operation.

    Raises `InvalidArgumentError` for what cannot be meant: an empty path segment, a time without a zone, a
    value of another type than the document's.
    """
    if operation.token_only and not settings.uses_access_token:
        raise InvalidArgumentError(
            f"{operation.id} takes an access token, not the API secret: PortOne(access_token=...)"
        )
    target = operation.path
    kinds = dict(operation.path_types)
    for name, value in path.items():
        segment = path_segment(value, name, kinds.get(name, "str"))
        target = target.replace(f"{{{name}}}", segment)
    parameters = dict(query)
    headers = take_headers(parameters, operation)
    if operation.store == "query" and parameters.get("storeId") is None:
        parameters["storeId"] = settings.store_id
    content: bytes | None = None
    if operation.body is not None:
        encoded = _encoded_body(operation, body, settings.store_id)
        if isinstance(encoded, InvalidArgumentError):
            raise encoded
        if operation.body_in_query and encoded is not None:
            parameters["requestBody"] = encoded.decode()
        else:
            content = encoded
    key = _idempotency_key(operation.method, options)
    info = RequestInfo(
        operation.method,
        operation.path,
        operation.id,
        key,
        uses_access_token=operation.secured and settings.uses_access_token,
        server=settings.server,
    )
    return _assemble(settings, options, info, target, parameters, content, operation, headers)


def build_raw_request(
    settings: Settings,
    options: RequestOptions,
    method: str,
    path: str,
    query: Mapping[str, Any] | None,
    json: Any,
) -> Request:
    """Return a request for what is not generated (yet): `path` starts with `/` and is sent as it is."""
    if not isinstance(method, str) or (method := method.upper()) not in _METHODS:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"method is one of {', '.join(sorted(_METHODS))}")
    _check_raw_path(path)
    parameters = _raw_query(query)
    content: bytes | None = None
    if json is not None:
        encoded = encode_json(write_argument("json", json))
        if method in _BODY_IN_QUERY:
            parameters["requestBody"] = encoded.decode()
        else:
            content = encoded
    key = _idempotency_key(method, options)
    info = RequestInfo(
        method, _RAW.path, None, key, settings.uses_access_token, server=settings.server
    )
    return _assemble(settings, options, info, path, parameters, content, _RAW, [])


def _raw_query(query: Any) -> dict[str, Any]:
    if query is None:
        return {}
    if not isinstance(query, Mapping) or not all(isinstance(name, str) for name in query):  # pyright: ignore[reportUnknownVariableType]
        raise InvalidArgumentError("query takes a mapping of names to values, such as {'page': 1}")
    return dict(query)  # pyright: ignore[reportUnknownArgumentType]


def _check_raw_path(path: Any) -> None:
    if not isinstance(path, str) or not _RAW_PATH.fullmatch(path):
        raise InvalidArgumentError(
            "path starts with one / and is escaped, such as /payments/order1"
        )
    if has_dot_segment(unquote(path.partition("?")[0])):
        raise InvalidArgumentError("path must not hold . or .. segments")


def encode_json(value: Any) -> bytes:
    """Return JSON bytes."""
    try:
        return _json.dumps(value)
    except TypeError as error:
        raise InvalidArgumentError(f"an argument cannot be written as JSON: {error}") from None


def _encoded_body(
    operation: Operation[Any], body: Mapping[str, Any], store_id: str | None
) -> bytes | InvalidArgumentError | None:
    """Return the body, nothing if it may be absent, or why it is refused.

    Not raised here: secrets and card numbers are in the variables of what writes and checks a body, and tools that
    collect errors show the variables of each function in a traceback.
    """
    try:
        written = _written_body(operation, body, store_id)
        is_absent = written is None if operation.whole_body else not written
        if is_absent and not operation.body_required:
            return None
        if operation.body_media != JSON_MEDIA:
            from portone_async._forms import encode_form  # noqa: PLC0415  (few operations have one)

            return encode_form(operation.body_media, written)
        return encode_json(written)
    except InvalidArgumentError as error:
        return InvalidArgumentError(*error.args)


def _written_body(operation: Operation[Any], body: Mapping[str, Any], store_id: str | None) -> Any:
    from portone_async._validation import check_input  # noqa: PLC0415  (lookups have no body: they need not pay for it)

    if operation.whole_body:
        whole = write_argument("body", body["body"])
        if whole is not None or operation.body_required:
            check_input(whole, operation.body or "", operation.id)
        return whole
    written = {
        name: write_argument(name, value) for name, value in body.items() if value is not None
    }
    for name in operation.nulls:
        written.setdefault(name, None)
    if store_id is not None:
        if operation.store == "body":
            written.setdefault("storeId", store_id)
        elif operation.store not in ("query", None):
            if operation.store == "filter":
                # No filter finds everything; any other absent object stays absent.
                written.setdefault("filter", {})
            holder = written.get(operation.store)
            if isinstance(holder, dict):
                holder.setdefault("storeId", store_id)  # pyright: ignore[reportUnknownMemberType]
    check_input(written, operation.body or "", operation.id)
    return written


def _idempotency_key(method: str, options: RequestOptions) -> str | None:
    if method not in _KEYED:
        return None
    return options.idempotency_key or uuid.uuid4().hex


def _assemble(
    settings: Settings,
    options: RequestOptions,
    info: RequestInfo,
    target: str,
    parameters: Mapping[str, Any],
    content: bytes | None,
    operation: Operation[Any],
    headers: list[tuple[str, str]],
) -> Request:
    target = settings.base_path + target
    if query := query_string(parameters, operation):
        target += ("&" if "?" in target else "?") + query
    if len(target) > _LONGEST_TARGET:
        raise InvalidArgumentError(f"{info} would be too long for a URL: ask for less at once")
    return Request(
        info.method,
        target,
        _headers(settings, options, info, content, operation, headers),
        content,
        info,
    )


def _headers(
    settings: Settings,
    options: RequestOptions,
    info: RequestInfo,
    content: bytes | None,
    operation: Operation[Any],
    more: list[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Return the headers. Built last, so that the secret is in no frame that an error passes."""
    accept = operation.accept or ("text/csv" if operation.download else JSON_MEDIA)
    headers = [("accept", accept), ("user-agent", USER_AGENT), ("accept-encoding", "gzip")]
    if operation.secured:
        headers.append(("authorization", settings.authorization))
    if content is not None:
        headers.append(("content-type", _content_type(operation, content)))
    headers += more
    if info.idempotency_key is not None:
        # An RFC 8941 string: in double quotes.
        headers.append(("idempotency-key", f'"{info.idempotency_key}"'))
    if options.headers:
        given = {name.lower(): value for name, value in options.headers.items()}
        headers = [header for header in headers if header[0] not in given] + [*given.items()]
    return headers


def _content_type(operation: Operation[Any], content: bytes) -> str:
    if operation.body_media == JSON_MEDIA:
        return JSON_MEDIA
    from portone_async._forms import content_type  # noqa: PLC0415  (few operations have one)

    return content_type(operation.body_media, content)
