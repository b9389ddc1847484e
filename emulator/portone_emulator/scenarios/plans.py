"""What the API does next: declines, errors, faults, and the responses of a future PortOne."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portone_emulator.scenarios.faults import Fault, FaultKind, Faults, Hold
from portone_emulator.scenarios.future import Change, PlannedChanges
from portone_emulator.state.state import Decline

if TYPE_CHECKING:
    from portone_emulator.scenarios.error_responses import PlannedErrors
    from portone_emulator.state.state import State


class Plans:
    """The methods that plan what the next requests meet."""

    _state: State
    _faults: Faults
    _planned_changes: PlannedChanges
    _planned_errors: PlannedErrors

    def decline(
        self, times: int = 1, *, pg_code: str = "DECLINED", pg_message: str = "declined"
    ) -> None:
        """Decline the next charges: 502 PG_PROVIDER, and the payment is FAILED.

        A charge is an instant payment, a billing-key payment, a due schedule or a confirmation.
        """
        with self._state.lock:
            self._state.declines.extend([Decline(pg_code, pg_message)] * times)

    def pend_cancellations(self, times: int = 1) -> None:
        """Leave the next cancellations pending at the payment company.

        Such a cancellation is REQUESTED until `complete_cancellation()`, `fail_cancellation()` or
        the shop's `stopPaymentCancellation`. Meanwhile the payment's status does not change, and
        the amount cannot be cancelled a second time.
        """
        with self._state.lock:
            self._state.cancellations_left_pending += times

    def respond_with_error(
        self, operation_id: str, error_type: str, times: int = 1, **fields: object
    ) -> None:
        """Respond to an operation's next requests with an error that the document lists for it.

        Raises:
            ValueError: the operation, its error or a field of that error is unknown.
        """
        self._planned_errors.plan(operation_id, error_type, times, fields)

    def fault(
        self,
        operation_id: str,
        kind: FaultKind,
        times: int | None = 1,
        *,
        delay: float = 0.0,
        retry_after: int | str | None = None,
        probability: float = 1.0,
    ) -> None:
        """Inject a fault into the next requests for an operation; `"*"` means any operation.

        Args:
            operation_id: the operation's ID, or `"*"`.
            kind: the kind of fault, see `Fault`.
            times: the number of requests; `None` for all.
            delay: seconds to wait, for `latency`.
            retry_after: the Retry-After header of a gateway's response.
            probability: the probability that a request gets the fault.

        Raises:
            ValueError: `operation_id` or `kind` is unknown.
        """
        header = None if retry_after is None else str(retry_after)
        self._faults.plan(operation_id, Fault(kind, delay, header), times, probability)

    def clear_faults(self) -> None:
        """Cancel all planned faults."""
        self._faults.clear()

    def hold(self, operation_id: str) -> Hold:
        """Hold an operation's requests before processing, until released or the block ends.

        ```python
        with emulator.hold("cancelPayment") as hold:
            ...  # start a request elsewhere
            hold.wait()
        ```

        Raises:
            ValueError: `operation_id` is unknown.
        """
        return self._faults.hold(operation_id)

    def release(self, operation_id: str) -> None:
        """Let an operation's held requests continue, and hold no more.

        Raises:
            ValueError: `operation_id` is unknown.
        """
        self._faults.release(operation_id)

    def future(self, operation_id: str, change: Change, times: int = 1) -> None:
        """Change an operation's next responses, as a future PortOne might: see `emulator.future`.

        Raises:
            ValueError: `operation_id` is unknown.
        """
        self._planned_changes.plan(operation_id, change, times)
