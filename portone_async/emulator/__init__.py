"""A stateful PortOne emulator on loopback, for tests and demos without an account.

Needs the extra `emulator`. `Emulator` is the entry point; `future` has ready-made changes for
`Emulator.future()`. A running emulator serves a dashboard at `/`, a payment window for browsers at
`/checkout/PAYMENT-ID`, and HTTP controls for programs in any language at `/_emulator/`.
`python -m portone_async.emulator` runs one; `portone_async.emulator.pytest_plugin` has fixtures.
"""

try:
    from portone_async.emulator import future
    from portone_async.emulator.app import RequestRecord
    from portone_async.emulator.billing_key_window import IssueOutcome, IssueResult
    from portone_async.emulator.checkout import CheckoutOutcome, CheckoutResult
    from portone_async.emulator.deliveries import Attempt, Delivery
    from portone_async.emulator.delivery_faults import DeliveryFaults
    from portone_async.emulator.emulator import Emulator
    from portone_async.emulator.errors import EmulatedAPIError
    from portone_async.emulator.escrow import EscrowEvent
    from portone_async.emulator.faults import FaultKind, Hold
    from portone_async.emulator.methods import PayMethod
    from portone_async.emulator.responses import Response
    from portone_async.emulator.snapshots import SnapshotError
except ModuleNotFoundError as error:
    if error.name not in {"jsonschema", "referencing", "starlette", "uvicorn"}:
        raise
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
    "SnapshotError",
    "future",
]
