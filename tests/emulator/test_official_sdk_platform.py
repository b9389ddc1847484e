"""PortOne's own Python SDK settles with partners and exchanges tax invoices with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import portone_server_sdk as official
import pytest
from portone_server_sdk import errors, platform
from portone_server_sdk.b2b import counterparty as counterparties
from portone_server_sdk.b2b import tax_invoice as invoices
from portone_server_sdk.platform import partner as partners
from portone_server_sdk.platform import partner_settlement as settlements
from portone_server_sdk.platform import payout as payouts
from portone_server_sdk.platform import transfer as transfers

from portone_emulator import Emulator

from .conftest import START
from .test_official_sdk import close

BRN = "1234567890"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    # One for all: creating the official client takes 1.5 seconds.
    with Emulator(start_at=START) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> Iterator[official.PortOneClient]:
    client = official.PortOneClient(
        secret=emulator.secret, base_url=emulator.url, store_id=emulator.store_id
    )
    add_contract(client)
    add_partner(client, "company", business=business())
    yield client
    close(client)


def add_contract(client: official.PortOneClient, contract_id: str = "contract-1") -> Any:
    monthly = platform.PlatformSettlementCycleMethodMonthlyInput(days_of_month=[31])
    return client.platform.policy.create_platform_contract(
        id=contract_id,
        name="ten percent",
        platform_fee=platform.PlatformFeeInput(fixed_rate=10_000),
        settlement_cycle=platform.PlatformSettlementCycleInput(
            lag_days=2,
            date_policy="HOLIDAY_BEFORE",
            method=platform.PlatformSettlementCycleMethodInput(monthly=monthly),
        ),
        platform_fee_vat_payer="PARTNER",
        subtract_payment_vat_amount=False,
    ).contract


def business() -> partners.CreatePlatformPartnerBodyTypeBusiness:
    return partners.CreatePlatformPartnerBodyTypeBusiness(
        company_name="a company", business_registration_number=BRN, representative_name="Lee"
    )


def add_partner(client: official.PortOneClient, partner_id: str, **kind: Any) -> Any:
    return client.platform.partner.create_platform_partner(
        id=partner_id,
        name="a partner",
        contact=partners.CreatePlatformPartnerBodyContact(name="Kim", email="k@example.com"),
        account=partners.CreatePlatformPartnerBodyAccount(
            bank="SHINHAN", currency="KRW", number="110123", holder="Kim"
        ),
        default_contract_id="contract-1",
        tags=["fruit"],
        type=partners.CreatePlatformPartnerBodyType(**kind),
    ).partner


def test_partners(client: official.PortOneClient) -> None:
    person = partners.CreatePlatformPartnerBodyTypeWhtPayer(birthdate="1990-01-01")
    made = add_partner(client, "person", wht_payer=person)
    assert (made.account.number, made.account.currency) == ("110123", "KRW")
    assert isinstance(made.type, platform.PlatformPartnerTypeWhtPayer)
    assert made.type.birthdate == "1990-01-01"
    own = client.platform.partner
    assert own.get_platform_partner(id="person") == made
    found = own.get_platform_partners(
        filter=platform.PlatformPartnerFilterInput(types=["WHT_PAYER"])
    )
    assert found.items == [made]
    assert own.update_platform_partner(id="person", memo="changed").partner.memo == "changed"
    assert own.archive_platform_partner(id="person").partner.is_archived
    with pytest.raises(errors.PlatformArchivedPartnerError):
        own.update_platform_partner(id="person", memo="again")
    assert not own.recover_platform_partner(id="person").partner.is_archived
    with pytest.raises(errors.PlatformPartnerIdAlreadyExistsError):
        add_partner(client, "person", wht_payer=person)
    with pytest.raises(errors.PlatformPartnerNotFoundError):
        own.get_platform_partner(id="none")
    update = platform.UpdatePlatformPartnerBody(name="later")
    client.platform.schedule_partner(id="person", update=update, applied_at="2026-07-04T00:00:00Z")
    assert client.platform.get_platform_partner_schedule(id="person").name == "later"
    client.platform.cancel_platform_partner_schedule(id="person")
    assert client.platform.get_platform_partner_filter_options().tags == ["fruit"]
    holder = client.platform.account.get_platform_account_holder(
        bank="SHINHAN", account_number="110123"
    )
    assert holder.holder_name == "Kim"
    state = client.platform.company.get_platform_company_state(business_registration_number=BRN)
    assert state.company_state.business_status == "IN_BUSINESS"


def test_policies(client: official.PortOneClient) -> None:
    own = client.platform.policy
    fee = own.create_platform_additional_fee_policy(
        id="marketing",
        name="marketing",
        fee=platform.PlatformFeeInput(fixed_amount=300),
        vat_payer="MERCHANT",
    ).additional_fee_policy
    assert fee.fee == platform.PlatformFixedAmountFee(amount=300)
    assert own.get_platform_additional_fee_policies().items == [fee]
    share = own.create_platform_discount_share_policy(
        id="coupon", name="coupon", partner_share_rate=50_000
    ).discount_share_policy
    assert own.get_platform_discount_share_policy(id="coupon") == share
    changed = own.update_platform_discount_share_policy(id="coupon", partner_share_rate=0)
    assert changed.discount_share_policy.partner_share_rate == 0
    options = client.platform.get_platform_discount_share_policy_filter_options()
    assert options.partner_share_rates == [0]
    contract = own.get_platform_contract(id="contract-1")
    assert isinstance(
        contract.settlement_cycle.method, platform.PlatformSettlementCycleMethodMonthly
    )
    setting = client.platform.update_platform_setting(default_deposit_memo="thanks").setting
    assert client.platform.get_platform_setting() == setting


def test_an_order_is_settled_and_paid_out(
    emulator: Emulator, client: official.PortOneClient
) -> None:
    emulator.checkout("order-1", amount=10_000)
    own = client.platform.transfer
    order = own.create_platform_order_transfer(
        partner_id="company",
        payment_id="order-1",
        order_detail=transfers.CreatePlatformOrderTransferBodyOrderDetail(order_amount=10_000),
        discounts=[],
        additional_fees=[],
    ).transfer
    assert order.amount.settlement == 8_900
    assert isinstance(order.payment, transfers.PlatformPortOnePayment)
    cancelled = client.payment.cancel_payment(payment_id="order-1", reason="x", amount=5_000)
    assert not isinstance(cancelled.cancellation, dict)
    back = own.create_platform_order_cancel_transfer(
        transfer_id=order.id,
        cancellation_id=cancelled.cancellation.id,
        order_detail=transfers.CreatePlatformOrderCancelTransferBodyOrderDetail(order_amount=5_000),
        discounts=[],
    ).transfer
    assert back.amount.settlement == 4_450
    by_hand = own.create_platform_manual_transfer(
        partner_id="company", settlement_amount=50, settlement_date="2026-07-31"
    ).transfer
    assert own.get_platform_transfer(id=by_hand.id) == by_hand
    summaries = own.get_platform_transfer_summaries().transfer_summaries
    assert [type(each) for each in summaries] == [
        transfers.PlatformManualTransferSummary,
        transfers.PlatformOrderCancelTransferSummary,
        transfers.PlatformOrderTransferSummary,
    ]
    assert order.id in own.download_platform_transfer_sheet(fields=["TRANSFER_ID"])
    emulator.advance(days=30)
    filters = settlements.PlatformPartnerSettlementFilterInput(partner_ids=["company"])
    listed = client.platform.partner_settlement.get_platform_partner_settlements(filter=filters)
    assert listed.counts.payout_prepared == len(listed.items) == 3
    ids = [each.id for each in listed.items if not isinstance(each, dict)]
    paid = client.platform.payout.complete_platform_payout_by_partner_settlement_ids(
        bulk_payout_id="july", partner_settlement_ids=ids
    )
    assert paid.payout_count == 1
    criteria = payouts.PlatformPayoutFilterInputCriteria(bulk_payout_id="july")
    [payout] = client.platform.payout.get_platform_payouts(
        filter=payouts.PlatformPayoutFilterInput(criteria=criteria)
    ).items
    assert payout.amount == 8_900 - 4_450 + 50
    assert client.platform.bulk_payout.get_platform_bulk_payouts().items[0].id == "july"
    with pytest.raises(errors.PlatformNonPayablePartnerSettlementsError) as refused:
        client.platform.payout.complete_platform_payout_by_partner_settlement_ids(
            bulk_payout_id="august", partner_settlement_ids=ids
        )
    assert refused.value.ids == ids
    own.create_platform_manual_transfer(
        partner_id="company", settlement_amount=70, settlement_date="2026-07-31"
    )
    emulator.pay_partners()
    [withdrawal] = client.platform.account_transfer.get_platform_account_transfers().items
    assert not isinstance(withdrawal, dict)
    assert withdrawal.amount == 70
    assert client.platform.bulk_account_transfer.get_platform_bulk_account_transfers().items


def test_tax_invoices(client: official.PortOneClient) -> None:
    connected = client.platform.partner.connect_partner_counterparty(id="company").partner
    assert isinstance(connected.type, platform.PlatformPartnerTypeBusiness)
    assert connected.type.member_company_connection_status == "CONNECTED"
    own = client.b2b.tax_invoice

    def content(number: int, kind: invoices.B2bTaxInvoiceIssuanceType) -> Any:
        return invoices.B2bTaxInvoiceInput(
            supplier=invoices.B2bTaxInvoiceCompany(brn=BRN),
            recipient=invoices.B2bTaxInvoiceCompany(brn="9876543210", name="us"),
            supplier_document_key=f"supplier-{number}",
            recipient_document_key=f"recipient-{number}",
            write_date="2026-07-31",
            purpose_type="RECEIPT",
            taxation_type="TAXABLE",
            issuance_type=kind,
            total_supply_amount=10_000,
            total_tax_amount=1_000,
            total_amount=11_000,
        )

    def statuses(*steps: Callable[..., Any], key: str) -> list[str]:
        return [step(tax_invoice_key=key).tax_invoice.status for step in steps]

    drafted = own.draft_b2b_tax_invoice(tax_invoice=content(1, "REVERSE")).tax_invoice
    assert drafted.supplier.name == "a company"
    file_id = own.create_b2b_file_upload_url(file_name="a.pdf").file_id
    own.attach_b2b_tax_invoice_file(tax_invoice_key=drafted.id, file_id=file_id)
    [attached] = own.get_b2b_tax_invoice_attachments(tax_invoice_key=drafted.id).attachments
    own.delete_b2b_tax_invoice_attachment(tax_invoice_key=drafted.id, attachment_id=attached.id)
    assert statuses(
        own.request_b2b_tax_invoice,
        own.issue_b2b_tax_invoice,
        own.send_to_nts_b2b_tax_invoice,
        key=drafted.id,
    ) == ["REQUESTED", "ISSUED", "SENDING_COMPLETED"]
    with pytest.raises(errors.B2bTaxInvoiceNotIssuedStatusError):
        own.cancel_b2b_tax_invoice_issuance(tax_invoice_key=drafted.id)
    requested = own.request_b2b_tax_invoice_reverse_issuance(
        tax_invoice=content(2, "REVERSE")
    ).tax_invoice
    refuse = own.refuse_b2b_tax_invoice_request
    assert statuses(refuse, key=requested.id) == ["REQUEST_REFUSED"]
    own.delete_b2b_tax_invoice(tax_invoice_key=requested.id)
    issued = own.issue_b2b_tax_invoice_immediately(tax_invoice=content(3, "NORMAL")).tax_invoice
    cancel = own.cancel_b2b_tax_invoice_issuance
    assert statuses(cancel, key=issued.id) == ["ISSUANCE_CANCELLED"]
    listed = own.get_b2b_tax_invoices()
    assert {each.id for each in listed.items} == {drafted.id, issued.id}
    assert drafted.id in own.download_b2b_tax_invoices_sheet(fields=["PLAIN_ID"])
    assert drafted.id in own.get_b2b_tax_invoice_pdf_download_url(tax_invoice_key=drafted.id).url
    found = own.get_b2b_tax_invoice(
        tax_invoice_key="recipient-1", tax_invoice_key_type="RECIPIENT", brn="9876543210"
    )
    assert found.id == drafted.id


def test_counterparties(client: official.PortOneClient) -> None:
    own = client.b2b.counterparty
    contact = counterparties.B2bCounterpartyContactInput(name="Choi", email="c@example.com")
    made = own.create_b2b_counterparty(
        counterparty_id="choi",
        counterparty=counterparties.B2bCounterpartyInput(
            brn="5555555555", name="Choi's", representative_name="Choi", contact=contact
        ),
    ).counterparty
    assert own.get_b2b_counterparty(counterparty_id="choi") == made
    assert made in own.get_b2b_counterparties().items
    assert own.get_b2b_counterparty_certificate(brn="5555555555").subject_name == "Choi's"
    # Its `delete_b2b_counterparty` raises NameError before it sends anything.
    with pytest.raises(errors.B2bCounterpartyNotFoundError):
        own.get_b2b_counterparty(counterparty_id="none")
    [info] = client.platform.company.get_b2b_business_infos(brn_list=[BRN]).result
    assert info.business_info is not None
