"""A stateful PortOne emulator on loopback, for tests and demos without an account.

Needs the extra `emulator`. `Emulator` is the entry point; `future` has ready-made changes for
`Emulator.future()`. A running emulator serves a dashboard at `/`, a payment window for browsers at
`/checkout/PAYMENT-ID`, and HTTP controls for programs in any language at `/_emulator/`.
`python -m portone_async.emulator` runs one; `portone_async.emulator.pytest_plugin` has fixtures.
"""

try:
    from portone_async.emulator import future
    from portone_async.emulator.answers import Answer
    from portone_async.emulator.app import RequestRecord
    from portone_async.emulator.checkout import Checkout, Outcome
    from portone_async.emulator.deliveries import Attempt, Delivery
    from portone_async.emulator.disorder import Disorder
    from portone_async.emulator.emulator import Emulator
    from portone_async.emulator.errors import Refusal
    from portone_async.emulator.escrow import EscrowEvent
    from portone_async.emulator.faults import FaultKind, Hold
    from portone_async.emulator.issue_window import IssueOutcome, IssueWindow
    from portone_async.emulator.methods import Method
    from portone_async.emulator.snapshots import SnapshotError
except ModuleNotFoundError as error:
    if error.name not in {"jsonschema", "referencing", "starlette", "uvicorn"}:
        raise
    message = "the emulator needs its extra: pip install 'portone-async[emulator]'"
    raise ModuleNotFoundError(message, name=error.name) from error

__all__ = [
    "Answer",
    "Attempt",
    "Checkout",
    "Delivery",
    "Disorder",
    "Emulator",
    "EscrowEvent",
    "FaultKind",
    "Hold",
    "IssueOutcome",
    "IssueWindow",
    "Method",
    "Outcome",
    "Refusal",
    "RequestRecord",
    "SnapshotError",
    "future",
]
