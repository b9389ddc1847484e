"""CSV downloads: a column for each field that a request names, headed by its name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from portone_emulator.http.responses import Response
from portone_emulator.platform.tables import values_at
from portone_emulator.state.json_values import JsonObject

TRANSFER_COLUMNS: Mapping[str, str] = {
    "TRANSFER_ID": "id",
    "TRANSFER_TYPE": "type",
    "TRANSFER_STATUS": "status",
    "TRANSFER_MEMO": "memo",
    "TRANSFER_SETTLEMENT_DATE": "settlementDate",
    "TRANSFER_SETTLEMENT_START_DATE": "settlementStartDate",
    "TRANSFER_SETTLEMENT_AMOUNT": "settlementAmount|amount.settlement",
    "TRANSFER_SETTLEMENT_TAX_FREE_AMOUNT": "settlementTaxFreeAmount|amount.settlementTaxFree",
    "TRANSFER_SETTLEMENT_CURRENCY": "settlementCurrency",
    "TRANSFER_ORDER_NAME": "payment.orderName",
    "TRANSFER_ORDER_AMOUNT": "amount.order",
    "TRANSFER_ORDER_TAX_FREE_AMOUNT": "amount.orderTaxFree",
    "TRANSFER_PAYMENT_ID": "payment.id",
    "TRANSFER_PAYMENT_METHOD": "payment.method.type",
    "TRANSFER_PAYMENT_AMOUNT": "amount.payment",
    "TRANSFER_PAYMENT_SUPPLY_AMOUNT": "amount.paymentSupply",
    "TRANSFER_PAYMENT_VAT_AMOUNT": "amount.paymentVat",
    "TRANSFER_PAYMENT_TAX_FREE_AMOUNT": "amount.paymentTaxFree",
    "TRANSFER_PAYMENT_VAT_BURDEN_AMOUNT": "amount.paymentVatBurden",
    "TRANSFER_PLATFORM_FEE": "amount.platformFee",
    "TRANSFER_PLATFORM_FEE_VAT": "amount.platformFeeVat",
    "TRANSFER_CONTRACT_ID": "contract.id",
    "TRANSFER_CONTRACT_NAME": "contract.name",
    "TRANSFER_DISCOUNT_AMOUNT": "amount.discount",
    "TRANSFER_DISCOUNT_TAX_FREE_AMOUNT": "amount.discountTaxFree",
    "TRANSFER_DISCOUNT_SHARE_AMOUNT": "amount.discountShare",
    "TRANSFER_DISCOUNT_SHARE_TAX_FREE_AMOUNT": "amount.discountShareTaxFree",
    "TRANSFER_ADDITIONAL_FEE": "amount.additionalFee",
    "TRANSFER_ADDITIONAL_FEE_VAT": "amount.additionalFeeVat",
    "PARTNER_ID": "partner.id",
    "PARTNER_NAME": "partner.name",
    "PARTNER_TYPE": "partner.type.type",
    "PARTNER_MEMO": "partner.memo",
    "PARTNER_TAGS": "partner.tags",
}
INVOICE_COLUMNS: Mapping[str, str] = {
    "PLAIN_ID": "id",
    "STATUS": "status",
    "ISSUANCE_TYPE": "issuanceType",
    "DOCUMENT_MODIFICATION_TYPE": "documentModificationType",
    "IS_DELAYED": "isDelayed",
    "WRITE_DATE": "writeDate",
    "ISSUANCE_DUE_DATE": "issuanceDueDate",
    "TAXATION_TYPE": "taxationType",
    "PURPOSE_TYPE": "purposeType",
    "SUPPLIER_COMPANY_NAME": "supplier.name",
    "SUPPLIER_BRN": "supplier.brn",
    "SUPPLIER_REPRESENTATIVE_NAME": "supplier.representativeName",
    "SUPPLIER_COUNTERPARTY_ID": "supplier.counterpartyId",
    "SUPPLIER_DOCUMENT_KEY": "supplierDocumentKey",
    "RECIPIENT_COMPANY_NAME": "recipient.name",
    "RECIPIENT_BRN": "recipient.brn",
    "RECIPIENT_REPRESENTATIVE_NAME": "recipient.representativeName",
    "RECIPIENT_COUNTERPARTY_ID": "recipient.counterpartyId",
    "RECIPIENT_DOCUMENT_KEY": "recipientDocumentKey",
    "TOTAL_AMOUNT": "totalAmount",
    "TOTAL_SUPPLY_AMOUNT": "totalSupplyAmount",
    "TOTAL_TAX_AMOUNT": "totalTaxAmount",
    "MEMO": "memo",
    "REQUESTED_AT": "requestedAt",
    "ISSUED_AT": "issuedAt",
    "NTS_SENT_AT": "ntsSentAt",
    "STATUS_UPDATED_AT": "statusUpdatedAt",
    "ITEMS": "items.name",
}


def sheet(
    rows: Iterable[JsonObject], columns: Mapping[str, str], fields: Sequence[str] | None
) -> Response:
    """Return a sheet with the columns of these fields, all if omitted; unknown ones stay empty."""
    names = list(fields or columns)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for row in rows:
        writer.writerow(_cell(row, columns.get(name)) for name in names)
    return Response(200, text.getvalue().encode(), "text/csv")


def _cell(row: JsonObject, paths: str | None) -> str:
    return "" if paths is None else ", ".join(map(str, values_at(row, paths)))
