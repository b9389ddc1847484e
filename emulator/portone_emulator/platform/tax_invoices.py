"""Tax invoices: drafted, requested by the recipient, issued by the supplier, sent to the tax office."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.responses import Response
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import counterparties, dates
from portone_emulator.platform.records import is_for_test, records
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State
from portone_emulator.webhooks.events import notify_tax_invoice

_KEY_FIELDS = {"SUPPLIER": "supplierDocumentKey", "RECIPIENT": "recipientDocumentKey"}
_PARTIES = {"SUPPLIER": "supplier", "RECIPIENT": "recipient"}
_DOCUMENT_KEY = re.compile(r"[A-Za-z0-9_-]+", flags=re.ASCII)
_LIMITS = {"items": 99, "remarks": 3, "additionalContacts": 5}
_DELETABLE = frozenset(
    {
        "DRAFTED",
        "REQUEST_REFUSED",
        "REQUEST_CANCELLED",
        "ISSUANCE_CANCELLED",
        "SENDING_FAILED",
    }
)


def _find(
    state: State, key: str, key_type: str, brn: str | None, *, test: bool
) -> JsonObject | None:
    """Return a tax invoice by its ID, or by a party's document key and registration number."""
    invoices = records(state, "taxInvoice", test=test)
    if key_type == "TAX_INVOICE_ID":
        return invoices.get(key)
    link = records(state, _KEY_FIELDS[key_type], test=test).get(key)
    if link is None:
        return None
    invoice = invoices[link["id"]]
    return invoice if brn in {None, invoice[_PARTIES[key_type]].get("brn")} else None


def _named(state: State, request: ParsedRequest) -> JsonObject:
    """Return the tax invoice that a request's path and query name."""
    query = request.query
    key_type = query.get("taxInvoiceKeyType", "TAX_INVOICE_ID")
    invoice = _find(
        state,
        request.path["taxInvoiceKey"],
        key_type,
        query.get("brn"),
        test=is_for_test(request),
    )
    if invoice is None:
        raise _not_found()
    return invoice


def _not_found() -> EmulatedAPIError:
    return EmulatedAPIError("B2B_TAX_INVOICE_NOT_FOUND", "no tax invoice has this key")


# Contents.


def _new(state: State, request: ParsedRequest, issuance_type: str | None) -> JsonObject:
    """Return a new tax invoice, a draft. `issuance_type` is the only one that the operation takes."""
    test, body = is_for_test(request), request.body
    content: JsonObject = body["taxInvoice"]
    if issuance_type not in {None, content.get("issuanceType", "REVERSE")}:
        raise EmulatedAPIError("B2B_ISSUANCE_TYPE_MISMATCH", f"the type must be {issuance_type}")
    modification = _modification(state, body, content, test=test)
    for field in _KEY_FIELDS.values():
        if content.get(field) in records(state, field, test=test):
            raise EmulatedAPIError(
                f"B2B_TAX_INVOICE_{'SUPPLIER' if field[0] == 's' else 'RECIPIENT'}"
                "_DOCUMENT_KEY_ALREADY_USED",
                f"{field} is used",
            )
    fields = _content(state, body, test=test)
    now = state.now()
    return omit_none(
        id=f"tax-invoice-{state.ids.uuid()}",
        status="DRAFTED",
        statusUpdatedAt=now,
        draftedAt=now,
        documentModificationType="NORMAL" if modification is None else "MODIFICATION",
        modification=modification,
        **fields,
    )


def _content(state: State, body: JsonObject, *, test: bool) -> JsonObject:
    """Return the fields that a request gives a tax invoice."""
    content: JsonObject = body["taxInvoice"]
    for name, limit in _LIMITS.items():
        if len(content.get(name, ())) > limit:
            raise invalid(f"body.taxInvoice.{name}", f"must be at most {limit}")
    for field in _KEY_FIELDS.values():
        if field in content and not _DOCUMENT_KEY.fullmatch(content[field]):
            raise invalid(f"body.taxInvoice.{field}", "must have letters, digits, - and _ only")
    if content["totalAmount"] != content["totalSupplyAmount"] + content["totalTaxAmount"]:
        raise invalid("body.taxInvoice.totalAmount", "must be the sum of supply value and tax")
    is_reverse = content.get("issuanceType", "REVERSE") == "REVERSE"
    supplier, recipient = (
        _company(state, content, name, is_merchant=is_merchant, test=test)
        for name, is_merchant in (("supplier", not is_reverse), ("recipient", is_reverse))
    )
    if body.get("createRecipientCounterparty", False):
        recipient = _register(state, recipient, test=test)
    return state.document.pick(
        "B2bTaxInvoice",
        {
            "issuanceType": "REVERSE",
            "items": [],
            "remarks": [],
            **content,
            "additionalContacts": _additional_contacts(
                state, content, supplier if is_reverse else recipient, test=test
            ),
            "supplier": supplier,
            "recipient": recipient,
            "issuanceDueDate": dates.tenth_of_next_month(content["writeDate"]),
            **{name: body[name] for name in ("memo",) if name in body},
        },
    )


def _company(
    state: State, content: JsonObject, name: str, *, is_merchant: bool, test: bool
) -> JsonObject:
    """Return a party with the details that are registered of it; what the request gives counts more.

    The supplier that is asked to issue an invoice must be a counterparty. A recipient need not be.
    """
    given: JsonObject = content.get(name, {})
    counterparty_id, brn = given.get("counterpartyId"), given.get("brn")
    counterparty = None
    if counterparty_id is not None:
        counterparty = records(state, "counterparty", test=test).get(counterparty_id)
    elif brn is not None:
        counterparty = counterparties.find_by_number(state, brn, test=test)
    if counterparty is not None:
        return {**_as_company(counterparty), **given}
    if counterparty_id is None and is_merchant:
        return {**counterparties.MERCHANT, **given}
    if counterparty_id is None and brn is not None and name == "recipient":
        return given
    raise EmulatedAPIError(
        f"B2B_{name.upper()}_NOT_FOUND",
        "no counterparty has this ID or number",
        **omit_none(brn=brn, counterpartyId=counterparty_id),
    )


def _as_company(counterparty: JsonObject) -> JsonObject:
    """Return a counterparty as a `B2bTaxInvoiceCompany`."""
    contact = counterparty["contact"]
    names = ("brn", "address", "businessClass", "businessType", "representativeName")
    return {
        "counterpartyId": counterparty["id"],
        "name": counterparty["companyName"],
        "contact": {
            key: contact[key] for key in ("name", "email", "phoneNumber") if key in contact
        },
        **{name: counterparty[name] for name in names if name in counterparty},
    }


def _register(state: State, company: JsonObject, *, test: bool) -> JsonObject:
    """Register a recipient as a counterparty."""
    counterparty_id = company.get("counterpartyId")
    if counterparty_id in records(state, "counterparty", test=test):
        raise EmulatedAPIError("B2B_ID_ALREADY_EXISTS", "the recipient is a counterparty already")
    details = {key: company[key] for key in company if key != "taxRegistrationId"}
    contact = details.get("contact", {})
    if "contact" in details:
        details["contact"] = {"name": "", **contact}
    created = counterparties.create(state, None, details, {}, test=test)
    return {**company, "counterpartyId": created["id"]}


def _additional_contacts(
    state: State, content: JsonObject, company: JsonObject, *, test: bool
) -> list[JsonObject]:
    if "additionalContacts" in content or not content.get("useCounterpartyAdditionalContacts"):
        return content.get("additionalContacts", [])
    known = records(state, "counterparty", test=test)
    contacts = known.get(company.get("counterpartyId", ""), {}).get("additionalContacts", [])
    names = ("name", "email", "phoneNumber")
    return [{name: each[name] for name in names if name in each} for each in contacts]


def _modification(
    state: State, body: JsonObject, content: JsonObject, *, test: bool
) -> JsonObject | None:
    """Return what a new tax invoice amends, if it does."""
    given: JsonObject | None = body.get("modification")
    if given is None:
        return None
    key_type = given.get("taxInvoiceKeyType", "RECIPIENT")
    original = _find(state, given["taxInvoiceKey"], key_type, given.get("brn"), test=test)
    if original is None:
        raise EmulatedAPIError("B2B_ORIGINAL_TAX_INVOICE_NOT_FOUND", "the original does not exist")
    if original["status"] != "SENDING_COMPLETED":
        raise EmulatedAPIError(
            "B2B_TAX_INVOICE_STATUS_NOT_SENDING_COMPLETED", f"the original is {original['status']}"
        )
    if original["taxationType"] != content["taxationType"]:
        raise EmulatedAPIError("B2B_CANNOT_CHANGE_TAX_TYPE", "the original has another type")
    root = original.get("modification", {}).get("rootTaxInvoiceId", original["id"])
    return {
        "type": given["type"],
        "originalTaxInvoiceId": original["id"],
        "originalNtsApprovalNumber": original["ntsApprovalNumber"],
        "rootTaxInvoiceId": root,
    }


def _save(state: State, invoice: JsonObject, *, test: bool) -> JsonObject:
    records(state, "taxInvoice", test=test)[invoice["id"]] = invoice
    for field in _KEY_FIELDS.values():
        if field in invoice:
            records(state, field, test=test)[invoice[field]] = {"id": invoice["id"]}
    return {"taxInvoice": invoice}


def _draft(state: State, request: ParsedRequest) -> JsonObject:
    return _save(state, _new(state, request, None), test=is_for_test(request))


def _update_draft(state: State, request: ParsedRequest) -> JsonObject:
    test, body = is_for_test(request), request.body
    key_type = body.get("taxInvoiceKeyType", "RECIPIENT")
    invoice = _find(state, body["taxInvoiceKey"], key_type, body.get("brn"), test=test)
    if invoice is None:
        raise _not_found()
    _check_status(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
    content: JsonObject = body["taxInvoice"]
    for field in _KEY_FIELDS.values():
        if field in content and content[field] != invoice.get(field):
            raise EmulatedAPIError("B2B_DOCUMENT_KEY_CANNOT_BE_CHANGED", f"{field} stays")
    kept = (
        "id",
        "status",
        "statusUpdatedAt",
        "draftedAt",
        "documentModificationType",
        "modification",
        "memo",
        *_KEY_FIELDS.values(),
    )
    updated = {name: invoice[name] for name in kept if name in invoice}
    return _save(state, updated | _content(state, body, test=test), test=test)


# Steps from status to status.


def _check_status(invoice: JsonObject, wanted: str, error_type: str) -> None:
    if invoice["status"] != wanted:
        raise EmulatedAPIError(error_type, f"the tax invoice is {invoice['status']}")


def _move(
    state: State, invoice: JsonObject, status: str, body: JsonObject, **fields: Any
) -> JsonObject:
    """Return a tax invoice in another status, and send the webhook of the step."""
    memo = {name: body[name] for name in ("memo",) if name in body}
    moved = invoice | memo | fields | {"status": status, "statusUpdatedAt": state.now()}
    notify_tax_invoice(state, moved)
    return moved


def _request(state: State, invoice: JsonObject, body: JsonObject) -> JsonObject:
    """Request a draft's issue from its supplier, as the recipient."""
    _check_status(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
    if invoice["issuanceType"] != "REVERSE":
        raise EmulatedAPIError("B2B_ISSUANCE_TYPE_MISMATCH", "the supplier issues it unasked")
    return _move(state, invoice, "REQUESTED", body, requestedAt=state.now())


def _issue(state: State, invoice: JsonObject, body: JsonObject) -> JsonObject:
    """Issue a draft or a request, as the supplier."""
    if invoice["issuanceType"] == "NORMAL":
        _check_status(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
    else:
        _check_status(invoice, "REQUESTED", "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS")
    today = dates.today(state)
    return _move(
        state,
        invoice,
        "ISSUED",
        body,
        issuedAt=state.now(),
        isDelayed=today > invoice["issuanceDueDate"],
        ntsApprovalNumber=today.replace("-", "") + state.ids.digits(16),
    )


def _cancel_issuance(state: State, invoice: JsonObject, body: JsonObject) -> JsonObject:
    _check_status(invoice, "ISSUED", "B2B_TAX_INVOICE_NOT_ISSUED_STATUS")
    return _move(state, invoice, "ISSUANCE_CANCELLED", body)


def _cancel_request(state: State, invoice: JsonObject, body: JsonObject) -> JsonObject:
    _check_status(invoice, "REQUESTED", "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS")
    return _move(state, invoice, "REQUEST_CANCELLED", body)


def _refuse_request(state: State, invoice: JsonObject, body: JsonObject) -> JsonObject:
    _check_status(invoice, "REQUESTED", "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS")
    return _move(state, invoice, "REQUEST_REFUSED", body)


def _send_to_nts(state: State, invoice: JsonObject, body: JsonObject) -> JsonObject:
    """Send an issued invoice to the tax office, which accepts it at once."""
    _check_status(invoice, "ISSUED", "B2B_TAX_INVOICE_NOT_ISSUED_STATUS")
    now = state.now()
    return _move(
        state,
        invoice,
        "SENDING_COMPLETED",
        body,
        ntsSentAt=now,
        ntsResultReceivedAt=now,
        ntsResult="SUCCESS",
        ntsResultCode="SUC001",
    )


Step = Callable[[State, JsonObject, JsonObject], JsonObject]


def _step(take: Step, party: str | None = None) -> Handler:
    """Return the handler of an operation that takes a step with an existing tax invoice.

    `party` is the one that takes it, if the invoice needs a document key of theirs.
    """

    def handle(state: State, request: ParsedRequest) -> JsonObject:
        invoice = _named(state, request)
        if party is not None and _KEY_FIELDS[party] not in invoice:
            raise EmulatedAPIError(f"B2B_TAX_INVOICE_NO_{party}_DOCUMENT_KEY", "it has none")
        moved = take(state, invoice, request.body)
        return _save(state, moved, test=is_for_test(request))

    return handle


def _at_once(take: Step, issuance_type: str) -> Handler:
    """Return the handler of an operation that drafts a tax invoice and takes a step with it."""

    def handle(state: State, request: ParsedRequest) -> JsonObject:
        draft = _new(state, request, issuance_type)
        return _save(state, take(state, draft, request.body), test=is_for_test(request))

    return handle


def _get(state: State, request: ParsedRequest) -> JsonObject:
    return _named(state, request)


def _delete(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    invoice = _named(state, request)
    if invoice["status"] not in _DELETABLE:
        raise EmulatedAPIError(
            "B2B_TAX_INVOICE_NON_DELETABLE_STATUS", f"the tax invoice is {invoice['status']}"
        )
    del records(state, "taxInvoice", test=test)[invoice["id"]]
    for field in _KEY_FIELDS.values():
        if field in invoice:
            del records(state, field, test=test)[invoice[field]]
    attachments = records(state, "attachments", test=test)
    if invoice["id"] in attachments:
        del attachments[invoice["id"]]
    return {}


def _bulk(_: State, __: ParsedRequest) -> JsonObject:
    """Batches are made in PortOne's console only."""
    raise EmulatedAPIError("B2B_BULK_TAX_INVOICE_NOT_FOUND", "no batch has this ID")


# Files.


def _upload_url(state: State, request: ParsedRequest) -> JsonObject:
    file_id = f"file-{state.ids.uuid()}"
    files = records(state, "file", test=is_for_test(request))
    files[file_id] = {"name": request.body["fileName"]}
    return {"fileId": file_id, "url": f"https://tax-invoice.invalid/files/{file_id}"}


def _attach(state: State, request: ParsedRequest) -> Response:
    test = is_for_test(request)
    invoice = _named(state, request)
    _check_status(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
    file = records(state, "file", test=test).get(request.body["fileId"])
    if file is None:
        raise EmulatedAPIError("B2B_FILE_NOT_FOUND", "no file has this fileId")
    attachment = {
        "id": f"attachment-{state.ids.uuid()}",
        "name": file["name"],
        "attachedAt": state.now(),
    }
    attachments = records(state, "attachments", test=test)
    items = attachments.get(invoice["id"], {"items": []})["items"]
    attachments[invoice["id"]] = {"items": [*items, attachment]}
    return Response(200)


def _attachments(state: State, request: ParsedRequest) -> JsonObject:
    invoice = _named(state, request)
    found = records(state, "attachments", test=is_for_test(request)).get(invoice["id"])
    return {"attachments": [] if found is None else found["items"]}


def _detach(state: State, request: ParsedRequest) -> Response:
    invoice = _named(state, request)
    _check_status(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
    items: list[JsonObject] = _attachments(state, request)["attachments"]
    kept = [each for each in items if each["id"] != request.path["attachmentId"]]
    if len(kept) == len(items):
        raise EmulatedAPIError("B2B_TAX_INVOICE_ATTACHMENT_NOT_FOUND", "it has none of this ID")
    records(state, "attachments", test=is_for_test(request))[invoice["id"]] = {"items": kept}
    return Response(200)


@frozen
class _Url:
    """An operation that returns a URL of a tax invoice. Nothing is behind it."""

    form: str

    def __call__(self, state: State, request: ParsedRequest) -> JsonObject:
        invoice = _named(state, request)
        return {"url": f"https://tax-invoice.invalid/{invoice['id']}/{self.form}"}


HANDLERS: Mapping[str, Handler] = {
    "draftB2bTaxInvoice": _draft,
    "updateB2bTaxInvoiceDraft": _update_draft,
    "issueB2bTaxInvoiceImmediately": _at_once(_issue, "NORMAL"),
    "requestB2bTaxInvoiceReverseIssuance": _at_once(_request, "REVERSE"),
    "requestB2bTaxInvoice": _step(_request, "RECIPIENT"),
    "issueB2bTaxInvoice": _step(_issue, "SUPPLIER"),
    "cancelB2bTaxInvoiceIssuance": _step(_cancel_issuance),
    "cancelB2bTaxInvoiceRequest": _step(_cancel_request, "RECIPIENT"),
    "refuseB2bTaxInvoiceRequest": _step(_refuse_request, "SUPPLIER"),
    "sendToNtsB2bTaxInvoice": _step(_send_to_nts),
    "getB2bTaxInvoice": _get,
    "deleteB2bTaxInvoice": _delete,
    "getB2bBulkTaxInvoice": _bulk,
    "createB2bFileUploadUrl": _upload_url,
    "attachB2bTaxInvoiceFile": _attach,
    "getB2bTaxInvoiceAttachments": _attachments,
    "deleteB2bTaxInvoiceAttachment": _detach,
    "getB2bTaxInvoicePdfDownloadUrl": _Url("pdf"),
    "getB2bTaxInvoicePopupUrl": _Url("popup"),
    "getB2bTaxInvoicePrintUrl": _Url("print"),
}
