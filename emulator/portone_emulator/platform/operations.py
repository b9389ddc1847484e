"""The handlers of partner settlement and tax invoices."""

from __future__ import annotations

from portone_emulator.http.handlers import Handler
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

HANDLERS: dict[str, Handler] = {
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
