"""A stateful emulator of PortOne V2 for tests and development, in any language: no account needed.

`Emulator` is the entry point; `future` has ready-made changes for `Emulator.future()`. A running
emulator serves a dashboard at `/`, a payment window for browsers at `/checkout/PAYMENT-ID`, a
drop-in for PortOne's browser SDK at `/v2/browser-sdk.js`, and HTTP controls for programs in any
language at `/_emulator/`. `portone-emulator` runs one;
`portone_emulator.pytest_plugin` has a fixture.
"""

from portone_emulator._version import __version__
from portone_emulator.billing.issue_window import IssueOutcome, IssueResult
from portone_emulator.emulator import Emulator
from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.app import RequestRecord
from portone_emulator.http.responses import Response
from portone_emulator.identity.verification_window import VerificationOutcome, VerificationResult
from portone_emulator.payments.checkout import CheckoutOutcome, CheckoutResult
from portone_emulator.payments.escrow import EscrowEvent
from portone_emulator.payments.methods import PayMethod
from portone_emulator.scenarios import future
from portone_emulator.scenarios.faults import FaultKind, Hold
from portone_emulator.scenarios.seeds import SeedError
from portone_emulator.state.snapshots import SnapshotError
from portone_emulator.webhooks.delivery import Attempt, Delivery
from portone_emulator.webhooks.delivery_faults import DeliveryFaults

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
    "__version__",
    "future",
]
