"""A response as it came, and one with its typed value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from attrs import define, field

from portone_async import _json
from portone_async._errors import RequestInfo, ResponseError
from portone_async._model import Model, UnknownVariant

T = TypeVar("T")
SUCCESS: Final = range(200, 300)


@define(frozen=True)
class RawResponse:
    """A response as it was received.

    Attributes:
        status: The HTTP status.
        headers: The headers; their names are lower case.
        content: The body, decompressed. It may hold personal data.
        request: What was requested.
        attempts: How many attempts were made.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    request: RequestInfo
    attempts: int = 1

    def json(self) -> Any:
        """Return the body as JSON; raise `ResponseError` if it is not JSON."""
        try:
            return _json.loads(self.content)
        except ValueError:
            pass
        # Not within `except`: the decoder's error holds the body.
        raise self.unreadable("is not JSON")

    def unreadable(self, problem: str, path: str | None = None) -> ResponseError:
        """Return the error for a success response that cannot be read."""
        return ResponseError(
            f"the response ({self.status}) to {self.request} {problem}",
            request=self.request,
            status=self.status,
            headers=dict(self.headers),
            content=self.content,
            path=path,
            attempts=self.attempts,
        )


@define(frozen=True)
class TypedResponse(Generic[T]):
    """A typed value and the response that it was read from.

    Attributes:
        value: What the call would have returned by itself.
        response: Status, headers and body.
    """

    value: T = field(
        repr=lambda value: repr(value) if isinstance(value, Model | UnknownVariant) else "..."
    )
    response: RawResponse
