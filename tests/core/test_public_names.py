"""The names that are public: adding, renaming or removing one is a decision, and shows here."""

from __future__ import annotations

import importlib

import pytest

import portone_async
import portone_emulator
from portone_async import emulator, errors
from portone_async.models import errors as generated_errors

PUBLIC = {
    "portone_async": [
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
    ],
    "portone_async.blocking": ["Pages", "PortOne", "Prefetched", "with_response"],
    "portone_async.bulk": ["Progress", "Result", "Results", "TooManyFailuresError", "lookup"],
    "portone_async.fastapi": [
        "Claim",
        "ClientDependency",
        "MemoryStore",
        "VerifiedWebhook",
        "WebhookEvent",
        "WebhookRouter",
        "WebhookStore",
        "from_thread",
        "lifespan",
        "WebhookStoreUnavailableError",
        "portone_error_handler",
    ],
    "portone_async.webhooks": [
        "DEFAULT_TOLERANCE",
        "Event",
        "MalformedTimestampError",
        "MissingHeaderError",
        "NoMatchingSignatureError",
        "RepeatedHeaderError",
        "TimestampTooNewError",
        "TimestampTooOldError",
        "UnreadableBodyError",
        "WebhookMessage",
        "WebhookVerificationError",
        "parse_unverified",
        "sign",
        "verify",
    ],
}
ERRORS = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "ClientClosedError",
    "ConflictError",
    "GatewayTimeoutError",
    "GoneError",
    "InternalServerError",
    "InvalidArgumentError",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "PortOneError",
    "RateLimitError",
    "RequestInfo",
    "ResponseError",
    "ServerError",
    "ServiceUnavailableError",
]


@pytest.mark.parametrize(("module", "names"), PUBLIC.items(), ids=PUBLIC)
def test_a_module_exports_these_names(module: str, names: list[str]) -> None:
    """No more and no fewer, and each of them exists."""
    public = importlib.import_module(module)
    assert sorted(public.__all__) == sorted(names)
    for name in names:
        assert hasattr(public, name)


def test_errors_are_these_and_one_for_each_type() -> None:
    """All of them are exceptions of this package, but for what says which request failed."""
    assert sorted(errors.__all__) == sorted([*ERRORS, *generated_errors.__all__])
    assert set(ERRORS).isdisjoint(generated_errors.__all__)
    for name in errors.__all__:
        assert name == "RequestInfo" or issubclass(getattr(errors, name), errors.PortOneError)


def test_errors_and_models_are_loaded_when_they_are_asked_for() -> None:
    """As attributes of the package; other names are unknown."""
    assert portone_async.errors is errors
    assert portone_async.models.Payment
    with pytest.raises(AttributeError, match="has no attribute 'client'"):
        portone_async.client  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_the_emulator_has_the_same_names_in_both_distributions() -> None:
    """They are written twice, for type checkers; a version is that of each distribution."""
    assert {*emulator.__all__, "__version__"} == set(portone_emulator.__all__)
    for name in emulator.__all__:
        assert getattr(emulator, name) is getattr(portone_emulator, name)
