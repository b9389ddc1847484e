"""The retry loop: sends a request until there is a result, or a failure that a retry would not mend."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from attrs import evolve

from portone_async._decompression import BodyError, decompress
from portone_async._errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ClientClosedError,
    ResponseError,
)
from portone_async._options import Timeout
from portone_async._request import Request
from portone_async._response import RawResponse
from portone_async._retry import RetryPolicy
from portone_async._transport.interface import Transport, TransportError

T = TypeVar("T")
logger: Final = logging.getLogger("portone_async")


async def send(
    transport: Transport,
    request: Request,
    read: Callable[[RawResponse, bool], T],
    *,
    timeout: Timeout,
    retry: RetryPolicy,
    max_response_size: int,
    on_response: Callable[[RawResponse], None] | None = None,
) -> T:
    """Send the request and return what `read` makes of its response.

    `read` takes the response, and whether an earlier attempt may have been carried out. Errors are raised at the
    end and not where they are caught: tracebacks of the transport hold the headers, and so the secret.
    """
    ends_at = retry.clock() + timeout.total
    attempts = 0
    may_have_reached = False
    response: RawResponse | None = None
    error: APIConnectionError | APIError | ResponseError | None = None
    while True:
        attempts += 1
        left = timeout if attempts == 1 else timeout.within(ends_at - retry.clock())
        failure: TransportError | None = None
        try:
            response = await transport.send(request, left)
            response = _decompressed(response, max_response_size)
        except TransportError as problem:
            failure = problem
        except ClientClosedError:
            if error is None:
                raise
            break  # closed during backoff: raise the original error
        if failure is not None or response is None:
            response = None
            error = _connection_error(request, failure, attempts, may_have_reached)
        else:
            if attempts > 1:
                response = evolve(response, attempts=attempts)
            try:
                value = read(response, may_have_reached)
            except (APIError, ResponseError) as problem:
                error = problem
            except Exception as problem:  # noqa: BLE001  (it must not hide that the call was carried out)
                error = response.unreadable(f"could not be decoded: {_where(problem)}")
            else:
                _notify(on_response, response)
                return value
        may_have_reached = may_have_reached or error.may_have_reached
        delay = retry.delay(error, attempts=attempts, remaining=ends_at - retry.clock())
        if delay is None:
            break
        logger.debug(
            "%s: attempt %d failed, retrying in %.2f s: %s", request.info, attempts, delay, error
        )
        await retry.sleep(delay)
    if response is not None:
        _notify(on_response, response)
    raise error


def _decompressed(response: RawResponse, limit: int) -> RawResponse:
    encoding = response.headers.get("content-encoding")
    if encoding is None:
        return response
    try:
        return evolve(response, content=decompress(response.content, encoding, limit))
    except BodyError as problem:
        raise TransportError(
            str(problem), may_have_reached=True, is_transient=problem.is_transient
        ) from None


def _connection_error(
    request: Request, failure: TransportError | None, attempts: int, may_have_reached: bool
) -> APIConnectionError:
    # An attempt that certainly failed does not undo an earlier one that may have arrived.
    reached = may_have_reached or failure is None or failure.may_have_reached
    kind = APITimeoutError if failure is not None and failure.timed_out else APIConnectionError
    error = kind(
        f"no complete response to {request.info} ({failure}); "
        f"PortOne {'may have received' if reached else 'did not receive'} it",
        request=request.info,
        may_have_reached=reached,
        attempts=attempts,
        is_transient=failure is None or failure.is_transient,
    )
    error.__cause__ = failure.cause if failure is not None else None
    return error


def _notify(on_response: Callable[[RawResponse], None] | None, response: RawResponse) -> None:
    """Call the user's function. If it fails, that must not hide what came of the call."""
    if on_response is None:
        return
    try:
        on_response(response)
    except Exception as problem:  # noqa: BLE001
        logger.error("on_response raised %s: the call's result is not affected", _where(problem))  # noqa: TRY400  (the exception's text may hold personal data)


def _where(problem: Exception) -> str:
    """Return an exception's type and place, without its text."""
    frames = traceback.extract_tb(problem.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(problem).__name__}{place}"
