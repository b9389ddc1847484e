"""Async SDK for the PortOne V2 payment API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portone_async._caller import with_response
from portone_async._client import PortOne
from portone_async._errors import APIError, PortOneError
from portone_async._hooks import CallEnd, Connections, Hooks, Retry
from portone_async._model import Model, UnknownVariant, Unrecognized
from portone_async._options import RequestOptions, Timeout
from portone_async._response import RawResponse, TypedResponse
from portone_async._retry import RetryPolicy
from portone_async._version import __version__

if TYPE_CHECKING:
    from portone_async import errors, models

__all__ = [
    "APIError",
    "CallEnd",
    "Connections",
    "Hooks",
    "Model",
    "PortOne",
    "PortOneError",
    "RawResponse",
    "RequestOptions",
    "Retry",
    "RetryPolicy",
    "Timeout",
    "TypedResponse",
    "UnknownVariant",
    "Unrecognized",
    "__version__",
    "errors",
    "models",
    "with_response",
]


if not TYPE_CHECKING:  # it would allow any name

    def __getattr__(name: str) -> Any:
        if name in ("errors", "models"):
            import importlib  # noqa: PLC0415

            return importlib.import_module(f"portone_async.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
