"""The handlers of partner settlement and tax invoices."""

from __future__ import annotations

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.responses import Response
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import (
    counterparties,
    lookups,
    order_cancels,
    orders,
    partners,
    payouts,
    policies,
    setting,
    settlements,
    tax_invoice_lists,
    tax_invoices,
    transfers,
)
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State

_HANDLERS: dict[str, Handler] = {
    **policies.HANDLERS,
    **partners.HANDLERS,
    **lookups.HANDLERS,
    **setting.HANDLERS,
    **transfers.HANDLERS,
    **orders.HANDLERS,
    **order_cancels.HANDLERS,
    **settlements.HANDLERS,
    **payouts.HANDLERS,
    **counterparties.HANDLERS,
    **tax_invoices.HANDLERS,
    **tax_invoice_lists.HANDLERS,
}


def _with_documented_errors(operation_id: str, handler: Handler) -> Handler:
    """Report as INVALID_REQUEST what the operation has no error type for.

    Operations that do the same, such as to schedule a change and to reschedule it, list different
    errors.
    """

    def handle(state: State, request: ParsedRequest) -> JsonObject | Response:
        try:
            return handler(state, request)
        except EmulatedAPIError as error:
            if error.type in state.document.operation(operation_id).error_schemas:
                raise
            raise invalid("body", error.message) from None

    return handle


HANDLERS = {name: _with_documented_errors(name, handler) for name, handler in _HANDLERS.items()}
