"""From status, headers and body to a model or an error: no input or output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar, cast

import orjson
from attrs import define, field

from portone_async._errors import APIError, RequestInfo, ResponseError, status_class
from portone_async._model import Model, UnknownVariant
from portone_async._operation import Operation
from portone_async._reading import report_mismatch
from portone_async._registry import error_classes, model_reader

T = TypeVar("T")
OK: Final = range(200, 300)


@define(frozen=True)
class RawResponse:
    """A response as it came. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    request: RequestInfo
    attempts: int = 1

    def json(self) -> Any:
        """The body as JSON; `ResponseError` if it is none."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            raise self.unreadable("is not JSON") from None

    def unreadable(self, problem: str, path: str | None = None) -> ResponseError:
        """The error for a success that cannot be read."""
        return ResponseError(
            f"the answer ({self.status}) to {self.request} {problem}",
            request=self.request,
            status=self.status,
            headers=dict(self.headers),
            content=self.content,
            path=path,
            attempts=self.attempts,
        )


@define(frozen=True)
class Reply(Generic[T]):
    """A typed reply and the response that it was read from."""

    value: T = field(
        repr=lambda value: repr(value) if isinstance(value, Model | UnknownVariant) else "..."
    )
    response: RawResponse


def read_reply(operation: Operation[T], response: RawResponse, *, strict: bool = False) -> T:
    """The value of a successful response."""
    if operation.reply is None:
        return cast("T", None)
    body = response.json()
    if strict:
        from portone_async._validation import first_mismatch  # noqa: PLC0415

        mismatch = first_mismatch(body, operation.reply)
        if mismatch is not None:
            path, problem = mismatch
            raise response.unreadable(f"departs from the document: {path} {problem}", path)
    if body.__class__ is not dict:
        return cast("T", report_mismatch(body, operation.reply))
    return model_reader(operation.reply)(body)


def read_error(operation: Operation[Any] | None, response: RawResponse) -> APIError:
    """The error that a response without success stands for."""
    body = error_body(response.content)
    kind = _error_class(operation, body) if body else None
    return (kind or status_class(response.status))(
        status=response.status,
        request=response.request,
        body=body,
        headers=dict(response.headers),
        content=response.content,
        attempts=response.attempts,
    )


def error_body(content: bytes) -> dict[str, Any] | None:
    """The body of an error if it is a JSON object; a gateway's HTML or nothing is none."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def _error_class(
    operation: Operation[Any] | None, body: Mapping[str, Any]
) -> type[APIError] | None:
    named = body.get("type")
    if not isinstance(named, str):
        return None
    # One value may mean two classes; which one is the operation's to say.
    own = error_classes(operation.errors).get(named) if operation else None
    return own or error_classes(None).get(named)
