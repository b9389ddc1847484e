"""From status, headers and body to a model or an error: no input or output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from portone_async import _json
from portone_async._errors import APIError, status_class
from portone_async._operation import Operation
from portone_async._reading import report_mismatch
from portone_async._registry import error_classes, model_reader
from portone_async._response import SUCCESS, RawResponse

T = TypeVar("T")


def read_response(
    operation: Operation[T],
    response: RawResponse,
    may_have_reached: bool = False,
    *,
    strict: bool = False,
) -> T:
    """Return the value of a success response; raise the error of another one."""
    if response.status not in SUCCESS:
        raise read_error(operation, response, may_have_reached)
    if operation.response is None:
        return cast("T", None)
    if strict:
        _check(operation.response, response)
    body = response.json()
    if body.__class__ is not dict:
        return cast("T", report_mismatch(body, operation.response))
    return model_reader(operation.response)(body)


def check_success(
    operation: Operation[Any] | None, response: RawResponse, may_have_reached: bool
) -> RawResponse:
    """Return a success response as it came; raise the error of another one."""
    if response.status not in SUCCESS:
        raise read_error(operation, response, may_have_reached)
    return response


def check_download(
    operation: Operation[Any], response: RawResponse, may_have_reached: bool
) -> RawResponse:
    """Return a success response that is known to be complete."""
    check_success(operation, response, may_have_reached)
    if not response.headers.keys() & {"content-length", "transfer-encoding"}:
        raise response.unreadable(
            "does not declare its length: half of it would look like the whole"
        )
    return response


def _check(name: str, response: RawResponse) -> None:
    from portone_async._validation import first_mismatch  # noqa: PLC0415  (slow to import)

    mismatch = first_mismatch(response.json(), name)
    if mismatch is not None:
        path, problem = mismatch
        raise response.unreadable(f"differs from the document: {path} {problem}", path)


def read_error(
    operation: Operation[Any] | None, response: RawResponse, may_have_reached: bool = False
) -> APIError:
    """Return the error that a response without success stands for."""
    body = error_body(response.content)
    kind = _error_class(operation, body) if body else None
    return (kind or status_class(response.status))(
        status=response.status,
        request=response.request,
        body=body,
        headers=dict(response.headers),
        content=response.content,
        attempts=response.attempts,
        may_have_reached=may_have_reached,
    )


def error_body(content: bytes) -> dict[str, Any] | None:
    """Return the body of an error if it is a JSON object; a gateway's HTML or an empty body is not."""
    try:
        body = _json.loads(content)
    except ValueError:
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def _error_class(
    operation: Operation[Any] | None, body: Mapping[str, Any]
) -> type[APIError] | None:
    name = body.get("type")
    if not isinstance(name, str):
        return None
    # One value may stand for two classes; the operation decides which.
    own = error_classes(operation.errors).get(name) if operation else None
    return own or error_classes(None).get(name)
