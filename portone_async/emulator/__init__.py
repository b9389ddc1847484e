"""A stateful PortOne emulator on loopback, for tests and demos without an account.

This is the distribution `portone-emulator`, which the extra `emulator` installs; it works without the SDK, for programs
in any language. `portone_async.emulator.pytest_plugin` has fixtures of an emulator and of a client connected to it.
"""

try:
    from portone_emulator import (
        Attempt,
        CheckoutOutcome,
        CheckoutResult,
        Delivery,
        DeliveryFaults,
        EmulatedAPIError,
        Emulator,
        EscrowEvent,
        FaultKind,
        Hold,
        IssueOutcome,
        IssueResult,
        PayMethod,
        RequestRecord,
        Response,
        SeedError,
        SnapshotError,
        VerificationOutcome,
        VerificationResult,
        future,
    )
except ModuleNotFoundError as error:
    message = "the emulator needs its extra: pip install 'portone-async[emulator]'"
    raise ModuleNotFoundError(message, name=error.name) from error

__all__ = [
    "Attempt",
    "CheckoutOutcome",
    "CheckoutResult",
    "Delivery",
    "DeliveryFaults",
    "EmulatedAPIError",
    "Emulator",
    "EscrowEvent",
    "FaultKind",
    "Hold",
    "IssueOutcome",
    "IssueResult",
    "PayMethod",
    "RequestRecord",
    "Response",
    "SeedError",
    "SnapshotError",
    "VerificationOutcome",
    "VerificationResult",
    "future",
]
