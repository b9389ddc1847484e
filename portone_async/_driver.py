"""The retry loop: sends a request until there is a result, or a failure that a retry would not mend."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from attrs import evolve

from portone_async._decompression import decompress
from portone_async._errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    PortOneError,
    ResponseError,
)
from portone_async._hooks import NO_HOOKS, CallEnd, Hooks, Retry, notify, report, where
from portone_async._options import Timeout
from portone_async._request import Request
from portone_async._response import RawResponse
from portone_async._retry import RetryPolicy
from portone_async._transport.interface import Transport
from portone_async._transport_error import TransportError

T = TypeVar("T")
logger: Final = logging.getLogger("portone_async")


async def send(  # noqa: PLR0915  (one loop, read from top to bottom)
    transport: Transport,
    request: Request,
    read: Callable[[RawResponse, bool], T],
    *,
    timeout: Timeout,
    retry: RetryPolicy,
    max_response_size: int,
    hooks: Hooks = NO_HOOKS,
    on_response: Callable[[RawResponse], None] | None = None,
) -> T:
    """Send the request and return what `read` makes of its response.

    `read` takes the response, and whether an earlier attempt may have been carried out. Errors are raised at the
    end and not where they are caught: tracebacks of the transport hold the headers, and so the secret.
    """
    started = retry.clock()
    ends_at = started + timeout.total
    attempts = 0
    may_have_reached = False
    response: RawResponse | None = None
    error: APIConnectionError | APIError | ResponseError | None = None

    def end(outcome: BaseException | None) -> None:
        if hooks.on_end is not None:
            status = None if response is None else response.status
            seconds = retry.clock() - started
            notify(
                "on_end", hooks.on_end, CallEnd(request.info, attempts, seconds, status, outcome)
            )

    def final(response: RawResponse) -> None:
        notify("on_response", on_response, response)
        notify("on_response", hooks.on_response, response)

    notify("on_request", hooks.on_request, request.info)
    try:
        while True:
            attempts += 1
            try:
                result = await _attempt(transport, request, timeout, max_response_size)
            except PortOneError:
                if error is None:
                    raise
                break  # not sent, as the client was closed during backoff: raise the original error
            if isinstance(result, TransportError):
                response = None
                error = _connection_error(request, result, attempts, may_have_reached)
            else:
                response = result if attempts == 1 else evolve(result, attempts=attempts)
                try:
                    value = read(response, may_have_reached)
                except (APIError, ResponseError) as problem:
                    error = problem
                except Exception as problem:  # noqa: BLE001  (it must not hide that the call was carried out)
                    error = response.unreadable(f"could not be decoded: {where(problem)}")
                else:
                    final(response)
                    end(None)
                    return value
            may_have_reached = error.may_have_reached  # of this attempt or an earlier one
            remaining = await _back_off(retry, hooks, request, error, attempts, ends_at)
            if remaining is None:
                break
            timeout = timeout.within(remaining)
        if response is not None:
            final(response)
        raise error  # noqa: TRY301
    except BaseException as problem:
        end(problem)
        raise


async def _attempt(
    transport: Transport, request: Request, timeout: Timeout, max_response_size: int
) -> RawResponse | TransportError:
    """Return the decompressed response, or why there is none; raise `PortOneError` if nothing was sent."""
    try:
        response = await transport.send(request, timeout)
        encoding = response.headers.get("content-encoding")
        if encoding is None:
            return response
        return evolve(response, content=decompress(response.content, encoding, max_response_size))
    except TransportError as problem:
        # Without what it was raised from: the libraries' errors hold the secret.
        problem.__traceback__ = problem.__context__ = None
        return problem
    except (PortOneError, AssertionError):
        raise  # an assertion is a mock's, of a test that has not told it of this call
    except Exception as problem:  # noqa: BLE001  (such as one of a hook of the user's http_client)
        text = where(problem)
    return TransportError(text, may_have_reached=True, is_transient=False)


async def _back_off(
    retry: RetryPolicy,
    hooks: Hooks,
    request: Request,
    error: PortOneError,
    attempts: int,
    ends_at: float,
) -> float | None:
    """Wait for the next attempt, and return the seconds that are left for it; `None` to give up."""
    try:
        delay = retry.delay(error, attempts=attempts, remaining=ends_at - retry.clock())
        if delay is None:
            return None
        logger.debug(
            "%s: attempt %d failed, retrying in %.2f s: %s", request.info, attempts, delay, error
        )
        notify("on_retry", hooks.on_retry, Retry(request.info, attempts, error, delay))
        await retry.sleep(delay)
        remaining = ends_at - retry.clock()
    except Exception as problem:  # noqa: BLE001  (the policy's functions may be the user's)
        report("a function of the RetryPolicy", problem)
        return None
    return remaining if remaining > 0 else None


def _connection_error(
    request: Request, failure: TransportError, attempts: int, may_have_reached: bool
) -> APIConnectionError:
    # An attempt that certainly failed does not undo an earlier one that may have arrived.
    reached = may_have_reached or failure.may_have_reached
    kind = APITimeoutError if failure.timed_out else APIConnectionError
    error = kind(
        f"no complete response to {request.info} ({failure}); "
        f"PortOne {'may have received' if reached else 'did not receive'} it",
        request=request.info,
        may_have_reached=reached,
        attempts=attempts,
        is_transient=failure.is_transient,
    )
    error.__cause__ = failure.cause
    return error
