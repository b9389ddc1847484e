import assert from "node:assert/strict";
import { B2b } from "@portone/server-sdk";
import { BRN } from "./platform.js";
import { refused, shop } from "./shop.js";

const { taxInvoice: invoices } = shop.b2b;

function content(number: number, issuanceType = "REVERSE") {
  const contact = { name: "Lee Bada", email: "bada@example.com" };
  return {
    supplier: { brn: BRN, name: "a farm", representativeName: "Lee Bada", contact },
    recipient: { brn: "9876543210", name: "a shop", representativeName: "Kim Haneul", contact },
    supplierDocumentKey: `supplier-${number}`,
    recipientDocumentKey: `recipient-${number}`,
    writeDate: "2026-10-01",
    purposeType: "RECEIPT",
    taxationType: "TAXABLE",
    issuanceType,
    totalSupplyAmount: 10_000,
    totalTaxAmount: 1_000,
    totalAmount: 11_000,
    items: [{ name: "apples", supplyCostAmount: 10_000, taxAmount: 1_000 }],
  };
}

export async function issuedByTheSupplier(): Promise<void> {
  const draft = await invoices.draftB2bTaxInvoice({ taxInvoice: content(1) });
  const taxInvoiceKey = draft.taxInvoice.id;
  assert(taxInvoiceKey);
  const changed = { ...content(1), remarks: ["by hand"] };
  await invoices.updateB2bTaxInvoiceDraft({
    taxInvoiceKey,
    taxInvoiceKeyType: "TAX_INVOICE_ID",
    taxInvoice: changed,
  });
  const { fileId } = await invoices.createB2bFileUploadUrl({ fileName: "delivery.pdf" });
  await invoices.attachB2bTaxInvoiceFile({ taxInvoiceKey, fileId });
  const { attachments } = await invoices.getB2bTaxInvoiceAttachments({ taxInvoiceKey });
  const [attachment] = attachments;
  assert(attachment);
  await invoices.deleteB2bTaxInvoiceAttachment({ taxInvoiceKey, attachmentId: attachment.id });
  await invoices.requestB2bTaxInvoice({ taxInvoiceKey });
  await invoices.issueB2bTaxInvoice({ taxInvoiceKey });
  await invoices.sendToNtsB2bTaxInvoice({ taxInvoiceKey });
  const sent = await invoices.getB2bTaxInvoice({ taxInvoiceKey });
  assert.equal(sent.status, "SENDING_COMPLETED");
  await refused(
    invoices.cancelB2bTaxInvoiceIssuance({ taxInvoiceKey }),
    B2b.TaxInvoice.CancelB2bTaxInvoiceIssuanceError,
    "B2B_TAX_INVOICE_NOT_ISSUED_STATUS",
  );
  await invoices.getB2bTaxInvoicePdfDownloadUrl({ taxInvoiceKey });
  await invoices.getB2bTaxInvoicePopupUrl({ taxInvoiceKey, includeMenu: true });
  await invoices.getB2bTaxInvoicePrintUrl({ taxInvoiceKey });
}

export async function takenBack(): Promise<void> {
  const reverse = { taxInvoice: content(2) };
  const refusedOne = await invoices.requestB2bTaxInvoiceReverseIssuance(reverse);
  const refusedKey = refusedOne.taxInvoice.id ?? "";
  await invoices.refuseB2bTaxInvoiceRequest({ taxInvoiceKey: refusedKey, memo: "a wrong sum" });
  await invoices.deleteB2bTaxInvoice({ taxInvoiceKey: refusedKey });
  await refused(
    invoices.getB2bTaxInvoice({ taxInvoiceKey: refusedKey }),
    B2b.TaxInvoice.GetB2bTaxInvoiceError,
    "B2B_TAX_INVOICE_NOT_FOUND",
  );
  const again = await invoices.requestB2bTaxInvoiceReverseIssuance({ taxInvoice: content(3) });
  await invoices.cancelB2bTaxInvoiceRequest({ taxInvoiceKey: again.taxInvoice.id ?? "" });
  const normal = { taxInvoice: content(4, "NORMAL") };
  const issued = await invoices.issueB2bTaxInvoiceImmediately(normal);
  await invoices.cancelB2bTaxInvoiceIssuance({ taxInvoiceKey: issued.taxInvoice.id ?? "" });
}

export async function listed(): Promise<void> {
  assert.equal((await invoices.getB2bTaxInvoices()).items.length, 3);
  const sheet = await invoices.downloadB2bTaxInvoicesSheet({ fields: ["SUPPLIER_DOCUMENT_KEY"] });
  assert(sheet.includes("supplier-1"));
  await refused(
    invoices.getB2bBulkTaxInvoice({ bulkTaxInvoiceId: "none" }),
    B2b.TaxInvoice.GetB2bBulkTaxInvoiceError,
    "B2B_BULK_TAX_INVOICE_NOT_FOUND",
  );
}
