"""From status, headers and body to a model or an error: no input or output."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeVar, cast

from portone_async import _json, _reading
from portone_async._errors import APIConnectionError, APIError, RequestInfo, status_class
from portone_async._operation import Operation
from portone_async._reading import load_variants, mismatch, untyped_values
from portone_async._registry import Reader, error_classes, model_reader
from portone_async._response import SUCCESS, RawResponse

T = TypeVar("T")
_LARGE: Final = 64 * 1024
"""From so many bytes on, the garbage collector waits until a body is read."""


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
    if operation.response is None or (operation.may_be_empty and not response.content):
        return cast("T", None)
    if strict:
        _check(operation.response, response)
    if len(response.content) < _LARGE:
        return _read_body(operation.response, operation, response)
    with _collector_paused():
        return _read_body(operation.response, operation, response)


def _read_body(name: str, operation: Operation[T], response: RawResponse) -> T:
    """Read a body, and once more if it holds an integer that was rounded.

    orjson makes floats of integers beyond 64 bits. To look for them in the bytes takes a tenth of the time of reading,
    and is only needed if a model holds a float. Those are unknown fields, mismatches and values of any type or of that
    of numbers, and all of these are counted. Other threads count too, so that at worst it is done for nothing.
    """
    try:
        body = _json.loads_rounding(response.content)
    except ValueError:
        body = None
    if body.__class__ is dict:
        count = next(untyped_values)
        model = model_reader(name)(body)
        if next(untyped_values) == count + 1 or not _json.may_hold_a_big_integer(response.content):
            return model
    body = response.json()
    if body.__class__ is not dict and not operation.any_json:
        return cast("T", mismatch(body, name))
    return model_reader(name)(body)


@contextmanager
def _collector_paused() -> Generator[None]:
    """Keep the garbage collector from running, unless the program has turned it off itself.

    It runs after every few hundred new objects, looks through them, and finds nothing: reading makes no cycles. For a
    page of 1,000 payments that would be a third of the time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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


def preload(operation: Operation[Any] | None, request: RequestInfo, *, strict: bool) -> None:
    """Import what reading any response to the request needs: models, all variants of unions, errors.

    They are imported when they are first needed. For a request that changes something that would be too late: a
    module that cannot be imported (no file descriptor is free, an installation is damaged) would hide its result.

    Raises `APIConnectionError`: nothing was sent.
    """
    try:
        _preload(operation.response if operation is not None else None, strict)
    except Exception as error:
        raise APIConnectionError(
            f"{request} was not sent: what reads its response cannot be imported ({type(error).__name__})",
            request=request,
            may_have_reached=False,
            attempts=0,
            is_transient=isinstance(error, OSError),
        ) from error


@cache
def _preload(model: str | None, strict: bool) -> None:
    importlib.import_module("email.utils")  # for a Retry-After that is a date
    loaded: set[Reader] = set()
    for reader in _readers("portone_async.models.errors"):
        _load(reader, loaded)
    if model is not None:
        _load(model_reader(model), loaded)
        if strict:
            importlib.import_module("portone_async._validation")
            importlib.import_module("portone_async.models.enums")


def _load(reader: Reader, loaded: set[Reader]) -> None:
    if reader not in loaded:
        loaded.add(reader)
        is_models = reader.__module__ != _reading.__name__
        for nested in _readers(reader.__module__) if is_models else load_variants(reader):
            _load(nested, loaded)


def _readers(module: str) -> Iterator[Reader]:
    """Import a generated module, and return the functions by which it reads its fields."""
    importlib.import_module(module)
    return (value for name, value in vars(sys.modules[module]).items() if name.startswith("read_"))


def _check(name: str, response: RawResponse) -> None:
    from portone_async._validation import first_mismatch  # noqa: PLC0415  (slow to import)

    found = first_mismatch(response.json(), name)
    if found is not None:
        path, problem = found
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
