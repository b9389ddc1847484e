"""Counterparties and tax invoices."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from portone_emulator import Emulator

from .conftest import START, error_of
from .platform import BUSINESS, COUNTERPARTY, INVOICE, Marketplace

COUNTERPARTIES = "/b2b/counterparties"
INVOICES = "/b2b/tax-invoices"


@pytest.fixture
def shop() -> Marketplace:
    return Marketplace(Emulator(start_at=START, webhook_url="http://127.0.0.1:9/hook"))


def add_counterparty(shop: Marketplace, counterparty_id: str = "lee", **changes: Any) -> Any:
    body = {"counterpartyId": counterparty_id, "counterparty": COUNTERPARTY | changes}
    return shop.post(COUNTERPARTIES, json=body)


def draft(shop: Marketplace, key: str = "1", **changes: Any) -> Any:
    keys = {"supplierDocumentKey": f"supplier-{key}", "recipientDocumentKey": f"recipient-{key}"}
    return shop.post(f"{INVOICES}/draft", json={"taxInvoice": {**INVOICE, **keys, **changes}})


def events(shop: Marketplace) -> list[str]:
    return [delivery.type for delivery in shop.emulator.deliveries]


class TestCounterparties:
    def test_created_is_found(self, shop: Marketplace) -> None:
        made = add_counterparty(shop, memo="a memo").json()["counterparty"]
        assert (made["id"], made["brn"], made["companyName"]) == ("lee", "1234567890", "a company")
        assert (made["contact"], made["memo"]) == (COUNTERPARTY["contact"], "a memo")
        assert shop.get(f"{COUNTERPARTIES}/lee").json() == made
        again = add_counterparty(shop)
        assert error_of(again) == (409, "B2B_COUNTERPARTY_ID_ALREADY_EXISTS")
        other = shop.get(f"{COUNTERPARTIES}/lee", params={"test": "true"})
        assert error_of(other) == (404, "B2B_COUNTERPARTY_NOT_FOUND")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"brn": "123"}, "B2B_COUNTERPARTY_BRN_INVALID"),
            ({"brn": "0000000000"}, "B2B_COUNTERPARTY_SELF_ORIGIN_BRN_MISMATCH"),
            (
                {"additionalContacts": [COUNTERPARTY["contact"]] * 6},
                "B2B_COUNTERPARTY_TOO_MANY_ADDITIONAL_CONTACTS",
            ),
        ],
    )
    def test_refused(self, shop: Marketplace, changes: dict[str, Any], error: str) -> None:
        assert error_of(add_counterparty(shop, **changes)) == (400, error)
        assert shop.ids(COUNTERPARTIES) == []

    def test_lookups(self, shop: Marketplace) -> None:
        found, failed = shop.post(
            "/b2b/companies/business-info", json={"brnList": ["1234567890", "1"]}
        ).json()["result"]
        assert failed == {"brn": "1", "error": "no business has this number"}
        least = {"brn": "1234567890", "contact": COUNTERPARTY["contact"]}
        body = {"counterparty": least}
        missing = shop.post(COUNTERPARTIES, json=body)
        assert error_of(missing) == (400, "B2B_COUNTERPARTY_MISSING_REQUIRED_FIELDS")
        body["options"] = {"businessInfoVerificationId": found["verificationId"]}
        made = shop.post(COUNTERPARTIES, json=body).json()["counterparty"]
        assert made["companyName"] == found["businessInfo"]["name"]
        assert made["businessInfoVerification"]["id"] == found["verificationId"]
        for options, brn, error in (
            (
                {"businessStatusVerificationId": found["verificationId"]},
                "1234567890",
                (400, "B2B_COUNTERPARTY_VERIFICATION_TYPE_MISMATCH"),
            ),
            (
                {"businessInfoVerificationId": "none"},
                "1234567890",
                (404, "B2B_COUNTERPARTY_VERIFICATION_NOT_FOUND"),
            ),
            (
                {"businessInfoVerificationId": found["verificationId"]},
                "9876543210",
                (400, "B2B_COUNTERPARTY_VERIFICATION_BRN_MISMATCH"),
            ),
        ):
            body = {"counterparty": {**least, "brn": brn}, "options": options}
            assert error_of(shop.post(COUNTERPARTIES, json=body)) == error
        checked = shop.post(
            COUNTERPARTIES,
            json={"counterparty": COUNTERPARTY, "options": {"checkBusinessStatus": True}},
        ).json()["counterparty"]
        assert checked["businessStatus"] == "IN_BUSINESS"

    def test_update_and_delete(self, shop: Marketplace) -> None:
        add_counterparty(shop)
        path = f"{COUNTERPARTIES}/lee"
        changes = {"counterparty": {"brn": "1234567890", "address": "Seoul"}}
        updated = shop.patch(path, json=changes).json()["counterparty"]
        assert (updated["address"], updated["companyName"]) == ("Seoul", "a company")
        assert shop.get(path).json() == updated
        other = shop.patch(path, json={"counterparty": {"brn": "9876543210"}})
        assert error_of(other) == (400, "B2B_COUNTERPARTY_BRN_MODIFICATION_NOT_ALLOWED")
        draft(shop).raise_for_status()
        in_use = shop.delete(path)
        assert error_of(in_use) == (409, "B2B_COUNTERPARTY_ONGOING_TAX_INVOICE_EXISTS")
        [invoice_id] = shop.ids(INVOICES)
        shop.delete(f"{INVOICES}/{invoice_id}").raise_for_status()
        assert shop.delete(path).json() == {}
        assert error_of(shop.get(path)) == (404, "B2B_COUNTERPARTY_NOT_FOUND")

    def test_filters(self, shop: Marketplace) -> None:
        contact = {"name": "Kim", "email": "kim@example.com", "phoneNumber": "0212345678"}
        add_counterparty(shop)
        add_counterparty(
            shop,
            "fish-1",
            name="Fresh Fish",
            brn="9876543210",
            representativeName="Kim",
            contact=contact,
        )
        for filters in (
            {"id": "fish"},
            {"brn": "9876543210"},
            {"companyName": "fish"},
            {"contactEmail": "kim@example.com"},
            {"contactName": "Kim"},
            {"contactPhone": "0212345678"},
            {"counterpartyIds": ["fish-1"]},
            {"representativeName": "Kim"},
        ):
            assert shop.ids(COUNTERPARTIES, filters) == ["fish-1"], filters
        assert shop.ids(COUNTERPARTIES, {"ntsConnectionStatuses": ["CONNECTED"]}) == [
            "fish-1",
            "lee",
        ]
        assert shop.ids(COUNTERPARTIES, {"businessStatuses": ["CLOSED"]}) == []

    def test_certificate(self, shop: Marketplace) -> None:
        add_counterparty(shop)
        path = f"{COUNTERPARTIES}/1234567890/certificate"
        assert shop.get(path).json()["subjectName"] == "a company"
        assert shop.get(f"{path}/registration-url").json()["url"].startswith("https://")
        assert shop.post(f"{path}/validate").json() == {"isValid": True}
        shop.emulator.advance(days=366)
        assert shop.post(f"{path}/validate").json() == {"isValid": False}
        unknown = shop.get(f"{COUNTERPARTIES}/9876543210/certificate")
        assert error_of(unknown) == (404, "B2B_COUNTERPARTY_NOT_FOUND")


class TestPartnersAsCounterparties:
    @pytest.fixture(autouse=True)
    def partner(self, shop: Marketplace) -> None:
        shop.add_contract()
        shop.add_partner(type=BUSINESS)

    def connect(self, shop: Marketplace, partner_id: str = "partner-1") -> Any:
        return shop.post(f"/platform/partners/counterparty-connect/{partner_id}")

    def disconnect(self, shop: Marketplace, partner_id: str = "partner-1") -> Any:
        return shop.post(f"/platform/partners/counterparty-disconnect/{partner_id}")

    def test_connected(self, shop: Marketplace) -> None:
        connected = self.connect(shop).json()["partner"]
        assert connected["type"]["memberCompanyConnectionStatus"] == "CONNECTED"
        assert shop.get("/platform/partners/partner-1").json() == connected
        counterparty = shop.get(f"{COUNTERPARTIES}/partner-1").json()
        assert (counterparty["partnerId"], counterparty["companyName"]) == (
            "partner-1",
            "a company",
        )
        shop.patch(
            "/platform/partners/partner-1", json={"type": {"business": {"companyName": "x"}}}
        )
        assert shop.get(f"{COUNTERPARTIES}/partner-1").json()["companyName"] == "x"
        changes = {"counterparty": {"brn": "1234567890"}}
        update = shop.patch(f"{COUNTERPARTIES}/partner-1", json=changes)
        assert error_of(update) == (403, "B2B_COUNTERPARTY_PARTNER_NOT_UPDATABLE")
        delete = shop.delete(f"{COUNTERPARTIES}/partner-1")
        assert error_of(delete) == (403, "B2B_COUNTERPARTY_PARTNER_NOT_DELETABLE")
        again = self.connect(shop)
        assert error_of(again) == (400, "PLATFORM_COUNTERPARTY_NOT_CONNECTABLE_STATUS")

    def test_a_connected_partner_stays_the_same_business(self, shop: Marketplace) -> None:
        self.connect(shop)
        path = "/platform/partners/partner-1"
        prefix = "PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNER"
        number = {"type": {"business": {"businessRegistrationNumber": "9876543210"}}}
        assert error_of(shop.patch(path, json=number)) == (409, f"{prefix}_BRN_UNCHANGEABLE")
        person = {"type": {"whtPayer": {}}}
        assert error_of(shop.patch(path, json=person)) == (409, f"{prefix}_TYPE_UNCHANGEABLE")
        schedule = {"update": {"memo": "x"}, "appliedAt": "2026-08-01T00:00:00Z"}
        planned = shop.post(f"{path}/schedule", json=schedule)
        assert error_of(planned) == (409, f"{prefix}_CANNOT_BE_SCHEDULED")
        many = shop.post("/platform/partners/schedule", json=schedule)
        assert error_of(many) == (409, f"{prefix}S_CANNOT_BE_SCHEDULED")
        assert many.json()["ids"] == ["partner-1"]

    def test_disconnected(self, shop: Marketplace) -> None:
        not_connected = self.disconnect(shop)
        assert error_of(not_connected) == (400, "PLATFORM_COUNTERPARTY_NOT_CONNECTED")
        self.connect(shop)
        draft(shop).raise_for_status()
        assert error_of(self.disconnect(shop)) == (409, "PLATFORM_ONGOING_TAX_INVOICE_EXISTS")
        archive = shop.post("/platform/partners/partner-1/archive")
        assert error_of(archive) == (409, "PLATFORM_COUNTERPARTY_ONGOING_TAX_INVOICE_EXISTS")
        shop.delete(f"{INVOICES}/{shop.ids(INVOICES)[0]}").raise_for_status()
        partner = self.disconnect(shop).json()["partner"]
        assert partner["type"]["memberCompanyConnectionStatus"] == "NOT_CONNECTED"
        assert error_of(shop.get(f"{COUNTERPARTIES}/partner-1"))[0] == 404
        taken = add_counterparty(shop, "partner-1")
        assert error_of(taken) == (409, "B2B_COUNTERPARTY_ID_ALREADY_EXISTS_BY_PARTNER")

    def test_who_cannot_be_connected(self, shop: Marketplace) -> None:
        shop.add_partner("person")
        assert error_of(self.connect(shop, "person")) == (
            400,
            "PLATFORM_PARTNER_TYPE_IS_NOT_BUSINESS",
        )
        simple = {"business": {**BUSINESS["business"], "taxationType": "SIMPLE"}}
        shop.add_partner("simple", type=simple)
        assert error_of(self.connect(shop, "simple")) == (
            400,
            "PLATFORM_PARTNER_TAXATION_TYPE_IS_SIMPLE",
        )
        path = "/platform/partners/partner-1"
        schedule = {"update": {"memo": "x"}, "appliedAt": "2026-08-01T00:00:00Z"}
        shop.post(f"{path}/schedule", json=schedule).raise_for_status()
        assert error_of(self.connect(shop)) == (409, "PLATFORM_PARTNER_SCHEDULE_EXISTS")
        shop.delete(f"{path}/schedule")
        shop.post(f"{path}/archive").raise_for_status()
        assert error_of(self.connect(shop)) == (409, "PLATFORM_ARCHIVED_PARTNER")
        assert error_of(self.disconnect(shop)) == (409, "PLATFORM_ARCHIVED_PARTNER_NTS_NOT_ALLOWED")
        assert error_of(self.connect(shop, "none")) == (404, "PLATFORM_PARTNER_NOT_FOUND")

    def test_many(self, shop: Marketplace) -> None:
        shop.add_partner("partner-2", type=BUSINESS)
        shop.add_partner("person")
        path = "/platform/partners/counterparty-{}"
        task = shop.post(path.format("connect"), json={}).json()["bulkTask"]
        assert (task["status"], task["progressStats"]["succeededCount"]) == ("COMPLETED", 2)
        assert sorted(shop.ids(COUNTERPARTIES)) == ["partner-1", "partner-2"]
        nobody = shop.post(path.format("connect"), json={})
        assert error_of(nobody) == (404, "PLATFORM_TARGET_PARTNER_NOT_FOUND")
        task = shop.post(path.format("disconnect"), json={"filter": {"ids": ["partner-2"]}})
        assert task.json()["bulkTask"]["type"] == "DISCONNECT_MEMBER_COMPANIES"
        assert shop.ids(COUNTERPARTIES) == ["partner-1"]


class TestInvoices:
    @pytest.fixture(autouse=True)
    def counterparty(self, shop: Marketplace) -> None:
        add_counterparty(shop).raise_for_status()

    def step(self, shop: Marketplace, invoice_id: str, step: str, **body: Any) -> Any:
        return shop.post(f"{INVOICES}/{invoice_id}/{step}", json=body)

    def test_draft_is_what_was_asked_for(self, shop: Marketplace) -> None:
        made = draft(shop).json()["taxInvoice"]
        assert (made["status"], made["issuanceType"]) == ("DRAFTED", "REVERSE")
        assert (made["totalAmount"], made["items"]) == (11_000, INVOICE["items"])
        assert made["supplier"]["name"] == "a company"
        assert made["supplier"]["counterpartyId"] == "lee"
        assert made["recipient"]["brn"] == "9876543210"
        assert made["issuanceDueDate"] == "2026-08-10"
        assert shop.get(f"{INVOICES}/{made['id']}").json() == made
        for key_type, key, brn in (
            ("SUPPLIER", "supplier-1", "1234567890"),
            ("RECIPIENT", "recipient-1", "9876543210"),
        ):
            query = {"taxInvoiceKeyType": key_type, "brn": brn}
            assert shop.get(f"{INVOICES}/{key}", params=query).json() == made
            wrong = shop.get(f"{INVOICES}/{key}", params={**query, "brn": "1111111111"})
            assert error_of(wrong) == (404, "B2B_TAX_INVOICE_NOT_FOUND")
        other = shop.get(f"{INVOICES}/{made['id']}", params={"test": "true"})
        assert error_of(other) == (404, "B2B_TAX_INVOICE_NOT_FOUND")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"supplierDocumentKey": "a b"}, (400, "INVALID_REQUEST")),
            ({"totalAmount": 1}, (400, "INVALID_REQUEST")),
            ({"remarks": ["x"] * 4}, (400, "INVALID_REQUEST")),
            ({"writeDate": "9999-12-31"}, (400, "INVALID_REQUEST")),
            ({"supplier": {"brn": "9999999999"}}, (404, "B2B_SUPPLIER_NOT_FOUND")),
            ({"supplier": {}}, (404, "B2B_SUPPLIER_NOT_FOUND")),
            ({"recipient": {"counterpartyId": "none"}}, (404, "B2B_RECIPIENT_NOT_FOUND")),
            (
                {"supplierDocumentKey": "supplier-0"},
                (400, "B2B_TAX_INVOICE_SUPPLIER_DOCUMENT_KEY_ALREADY_USED"),
            ),
            (
                {"recipientDocumentKey": "recipient-0"},
                (400, "B2B_TAX_INVOICE_RECIPIENT_DOCUMENT_KEY_ALREADY_USED"),
            ),
        ],
    )
    def test_refused(
        self, shop: Marketplace, changes: dict[str, Any], error: tuple[int, str]
    ) -> None:
        draft(shop, "0").raise_for_status()
        assert error_of(draft(shop, **changes)) == error
        assert len(shop.ids(INVOICES)) == 1

    def test_requested_issued_and_sent(self, shop: Marketplace) -> None:
        invoice_id = draft(shop).json()["taxInvoice"]["id"]
        early = self.step(shop, invoice_id, "issue")
        assert error_of(early) == (400, "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS")
        assert error_of(self.step(shop, invoice_id, "send-to-nts")) == (
            400,
            "B2B_TAX_INVOICE_NOT_ISSUED_STATUS",
        )
        requested = self.step(shop, invoice_id, "request").json()["taxInvoice"]
        assert requested["status"] == "REQUESTED"
        assert error_of(self.step(shop, invoice_id, "request")) == (
            400,
            "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS",
        )
        issued = self.step(shop, invoice_id, "issue", memo="done").json()["taxInvoice"]
        assert (issued["status"], issued["memo"], issued["isDelayed"]) == ("ISSUED", "done", False)
        assert issued["ntsApprovalNumber"].startswith("20260703")
        sent = self.step(shop, invoice_id, "send-to-nts").json()["taxInvoice"]
        assert (sent["status"], sent["ntsResultCode"]) == ("SENDING_COMPLETED", "SUC001")
        assert shop.get(f"{INVOICES}/{invoice_id}").json() == sent
        late = self.step(shop, invoice_id, "cancel-issuance")
        assert error_of(late) == (400, "B2B_TAX_INVOICE_NOT_ISSUED_STATUS")
        deleted = shop.delete(f"{INVOICES}/{invoice_id}")
        assert error_of(deleted) == (400, "B2B_TAX_INVOICE_NON_DELETABLE_STATUS")
        assert events(shop) == [
            "TaxInvoice.Requested",
            "TaxInvoice.Issued",
            "TaxInvoice.SendingCompleted",
        ]
        assert json.loads(shop.emulator.deliveries[0].content)["data"] == {
            "taxInvoiceId": invoice_id,
            "status": "REQUESTED",
            "supplierBrn": "1234567890",
            "supplierDocumentKey": "supplier-1",
            "recipientDocumentKey": "recipient-1",
            "totalAmount": 11_000,
            "totalSupplyAmount": 10_000,
            "totalTaxAmount": 1_000,
        }

    @pytest.mark.parametrize(
        ("step", "status", "event"),
        [
            ("refuse-request", "REQUEST_REFUSED", "Refused"),
            ("cancel-request", "REQUEST_CANCELLED", "RequestCancelled"),
        ],
    )
    def test_request_ends(self, shop: Marketplace, step: str, status: str, event: str) -> None:
        body = {"taxInvoice": INVOICE}
        made = shop.post(f"{INVOICES}/request-reverse-issuance", json=body).json()["taxInvoice"]
        assert made["status"] == "REQUESTED"
        assert self.step(shop, made["id"], step).json()["taxInvoice"]["status"] == status
        assert events(shop)[1:] == [f"TaxInvoice.{event}"]
        again = self.step(shop, made["id"], step)
        assert error_of(again) == (400, "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS")
        assert shop.delete(f"{INVOICES}/{made['id']}").json() == {}
        assert error_of(shop.get(f"{INVOICES}/{made['id']}"))[0] == 404
        assert draft(shop).is_success  # the document keys are free again

    def test_issued_at_once_and_cancelled(self, shop: Marketplace) -> None:
        path = f"{INVOICES}/issue-immediately"
        reverse = shop.post(path, json={"taxInvoice": INVOICE})
        assert error_of(reverse) == (400, "B2B_ISSUANCE_TYPE_MISMATCH")
        normal = {
            **INVOICE,
            "issuanceType": "NORMAL",
            "recipient": {
                "brn": "9876543210",
                "name": "b",
                "representativeName": "Choi",
                "contact": {"email": "b@example.com"},
            },
        }
        del normal["supplier"]
        normal["writeDate"] = "2026-05-02"
        body = {"taxInvoice": normal, "createRecipientCounterparty": True}
        made = shop.post(path, json=body).json()["taxInvoice"]
        assert (made["status"], made["isDelayed"]) == ("ISSUED", True)
        [created] = shop.list(COUNTERPARTIES, {"brn": "9876543210"})["items"]
        assert made["recipient"]["counterpartyId"] == created["id"]
        again = shop.post(
            path,
            json={
                **body,
                "taxInvoice": {**normal, "supplierDocumentKey": "x", "recipientDocumentKey": "y"},
            },
        )
        assert error_of(again) == (409, "B2B_ID_ALREADY_EXISTS")
        cancelled = self.step(shop, made["id"], "cancel-issuance").json()["taxInvoice"]
        assert cancelled["status"] == "ISSUANCE_CANCELLED"
        asked = draft(shop, "2", issuanceType="NORMAL").json()["taxInvoice"]["id"]
        assert error_of(self.step(shop, asked, "request")) == (400, "B2B_ISSUANCE_TYPE_MISMATCH")
        assert self.step(shop, asked, "issue").json()["taxInvoice"]["status"] == "ISSUED"

    def test_document_keys_are_needed(self, shop: Marketplace) -> None:
        content = {key: value for key, value in INVOICE.items() if not key.endswith("DocumentKey")}
        made = shop.post(f"{INVOICES}/draft", json={"taxInvoice": content}).json()["taxInvoice"]
        for step, party in (
            ("request", "RECIPIENT"),
            ("cancel-request", "RECIPIENT"),
            ("issue", "SUPPLIER"),
            ("refuse-request", "SUPPLIER"),
        ):
            assert error_of(self.step(shop, made["id"], step)) == (
                400,
                f"B2B_TAX_INVOICE_NO_{party}_DOCUMENT_KEY",
            )

    def test_draft_is_replaced(self, shop: Marketplace) -> None:
        made = draft(shop).json()["taxInvoice"]
        content = {**INVOICE, "remarks": ["changed"]}
        body = {"taxInvoiceKey": "recipient-1", "brn": "9876543210", "taxInvoice": content}
        updated = shop.put(f"{INVOICES}/draft", json=body).json()["taxInvoice"]
        assert updated == made | {"remarks": ["changed"]}
        key = {"taxInvoice": {**content, "supplierDocumentKey": "other"}}
        assert error_of(shop.put(f"{INVOICES}/draft", json=body | key)) == (
            400,
            "B2B_DOCUMENT_KEY_CANNOT_BE_CHANGED",
        )
        unknown = shop.put(f"{INVOICES}/draft", json=body | {"taxInvoiceKey": "none"})
        assert error_of(unknown) == (404, "B2B_TAX_INVOICE_NOT_FOUND")
        self.step(shop, made["id"], "request")
        assert error_of(shop.put(f"{INVOICES}/draft", json=body)) == (
            400,
            "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS",
        )

    def test_amendment(self, shop: Marketplace) -> None:
        def amend(key: str, original: str, **changes: Any) -> Any:
            content = {
                **INVOICE,
                "supplierDocumentKey": f"s{key}",
                "recipientDocumentKey": f"r{key}",
                **changes,
            }
            modification = {"taxInvoiceKey": original, "type": "RETURN"}
            body = {"taxInvoice": content, "modification": modification}
            return shop.post(f"{INVOICES}/draft", json=body)

        original = draft(shop).json()["taxInvoice"]
        assert error_of(amend("2", "none")) == (404, "B2B_ORIGINAL_TAX_INVOICE_NOT_FOUND")
        assert error_of(amend("2", "recipient-1")) == (
            400,
            "B2B_TAX_INVOICE_STATUS_NOT_SENDING_COMPLETED",
        )
        for step in ("request", "issue", "send-to-nts"):
            self.step(shop, original["id"], step).raise_for_status()
        assert error_of(amend("2", "recipient-1", taxationType="FREE")) == (
            400,
            "B2B_CANNOT_CHANGE_TAX_TYPE",
        )
        amended = amend("2", "recipient-1").json()["taxInvoice"]
        assert amended["documentModificationType"] == "MODIFICATION"
        assert amended["modification"]["rootTaxInvoiceId"] == original["id"]
        for step in ("request", "issue", "send-to-nts"):
            self.step(shop, amended["id"], step).raise_for_status()
        second = amend("3", "r2").json()["taxInvoice"]["modification"]
        assert second["originalTaxInvoiceId"] == amended["id"]
        assert second["rootTaxInvoiceId"] == original["id"]

    def test_attachments(self, shop: Marketplace) -> None:
        invoice_id = draft(shop).json()["taxInvoice"]["id"]
        path = f"{INVOICES}/{invoice_id}"
        file_id = shop.post("/b2b/file-upload-url", json={"fileName": "a.pdf"}).json()["fileId"]
        unknown = shop.post(f"{path}/attach-file", json={"fileId": "none"})
        assert error_of(unknown) == (404, "B2B_FILE_NOT_FOUND")
        assert shop.post(f"{path}/attach-file", json={"fileId": file_id}).content == b""
        [attachment] = shop.get(f"{path}/attachments").json()["attachments"]
        assert attachment["name"] == "a.pdf"
        missing = shop.delete(f"{path}/attachments/none")
        assert error_of(missing) == (404, "B2B_TAX_INVOICE_ATTACHMENT_NOT_FOUND")
        assert shop.delete(f"{path}/attachments/{attachment['id']}").content == b""
        assert shop.get(f"{path}/attachments").json() == {"attachments": []}
        self.step(shop, invoice_id, "request")
        late = shop.post(f"{path}/attach-file", json={"fileId": file_id})
        assert error_of(late) == (400, "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")

    def test_urls(self, shop: Marketplace) -> None:
        invoice_id = draft(shop).json()["taxInvoice"]["id"]
        for form in ("pdf-download", "popup", "print"):
            url = shop.get(f"{INVOICES}/{invoice_id}/{form}-url").json()["url"]
            assert invoice_id in url
            assert error_of(shop.get(f"{INVOICES}/none/{form}-url"))[0] == 404
        batch = shop.get("/b2b/bulk-tax-invoices/none")
        assert error_of(batch) == (404, "B2B_BULK_TAX_INVOICE_NOT_FOUND")

    def test_lists_and_sheet(self, shop: Marketplace) -> None:
        first = draft(shop, "1").json()["taxInvoice"]["id"]
        second = draft(
            shop,
            "2",
            issuanceType="NORMAL",
            writeDate="2026-06-02",
            taxationType="FREE",
            purposeType="INVOICE",
            totalAmount=20_000,
            totalSupplyAmount=20_000,
            totalTaxAmount=0,
        ).json()["taxInvoice"]["id"]
        shop.emulator.advance(days=1)
        issued = self.step(shop, second, "issue").json()["taxInvoice"]
        for filters in (
            {"statuses": ["ISSUED"]},
            {"issuanceTypes": ["NORMAL"]},
            {"taxationTypes": ["FREE"]},
            {"purposeTypes": ["INVOICE"]},
            {"partnerBrn": "9876543210"},
            {"isDelayed": False},
            {"primaryFilter": {"taxInvoiceId": second}},
            {"primaryFilter": {"taxInvoiceIds": [second]}},
            {"primaryFilter": {"supplierDocumentKey": "supplier-2"}},
            {"primaryFilter": {"recipientDocumentKey": "recipient-2"}},
            {"primaryFilter": {"ntsApprovalNumber": issued["ntsApprovalNumber"]}},
            {
                "primaryFilter": {
                    "dateFilter": {
                        "dateType": "WRITE",
                        "dateRange": [{"from": "2026-06-01", "until": "2026-06-30"}],
                    }
                }
            },
            {"primaryFilter": {"dateFilter": {"dateType": "ISSUE"}}},
        ):
            assert shop.ids(INVOICES, filters) == [second], filters
        assert shop.ids(INVOICES) == [second, first]
        assert shop.ids(INVOICES, {"counterpartyId": "lee"}) == [second, first]
        assert shop.ids(INVOICES, {"counterpartyId": "x", "includeBrnMatch": True}) == []
        add_counterparty(shop, "lee-2")  # the same business under another ID
        assert shop.ids(INVOICES, {"counterpartyId": "lee-2"}) == []
        by_number = {"counterpartyId": "lee-2", "includeBrnMatch": True}
        assert shop.ids(INVOICES, by_number) == [second, first]
        assert shop.ids(INVOICES, {"supplierBrn": "1234567890"}) == [second, first]
        sort = {"sort": {"by": "TOTAL_AMOUNT", "order": "ASC"}}
        assert shop.ids(INVOICES, {}, body=sort) == [first, second]
        page = shop.list(INVOICES, {}, body={"pageNumber": 1, "pageSize": 1})
        assert [item["id"] for item in page["items"]] == [first]
        assert page["page"] == {"number": 1, "size": 1, "totalCount": 2}
        assert shop.ids(INVOICES, {}, body={"test": True}) == []
        too_large = {"requestBody": json.dumps({"pageSize": 1001})}
        assert error_of(shop.get(INVOICES, params=too_large)) == (400, "INVALID_REQUEST")
        shop.emulator.advance(days=31)  # a list without a main filter is of the last month
        assert shop.ids(INVOICES) == []
        assert shop.ids(INVOICES, {"primaryFilter": {"taxInvoiceId": first}}) == [first]
        since = {"dateFilter": {"dateRange": [{"from": "2026-07-01"}]}}
        assert shop.ids(INVOICES, {"primaryFilter": since}) == [second, first]
        fields = ["PLAIN_ID", "STATUS", "SUPPLIER_COMPANY_NAME", "TOTAL_AMOUNT", "ITEMS"]
        query = {"requestBody": json.dumps({"filter": {"primaryFilter": since}, "fields": fields})}
        sheet = shop.get("/b2b/tax-invoices-sheet", params=query)
        assert list(csv.reader(io.StringIO(sheet.text))) == [
            fields,
            [second, "ISSUED", "a company", "20000", "apples"],
            [first, "DRAFTED", "a company", "11000", "apples"],
        ]
