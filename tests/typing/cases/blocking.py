"""The blocking client: the same signatures, without `await`."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from portone_async import RequestOptions, blocking
from portone_async.blocking import PortOne, with_response
from portone_async.models import Payment, PaymentAmountInput, PaymentFilterInput

portone = PortOne("secret", store_id="store", transport="direct")


def calls() -> None:
    assert_type(portone.payment.get_payment("a"), Payment)
    assert_type(portone.payment.get_payment("a", options=RequestOptions(max_retries=0)), Payment)
    reveal_type(portone.payment.get_payments())  # revealed: GetPaymentsResponse
    reveal_type(portone.payment.cancel_payment("a", reason="r"))  # revealed: CancelPaymentResponse
    reveal_type(portone.common.get_bank_infos())  # revealed: GetBankInfosResponse
    partners = portone.platform.partner.get_platform_partners()
    reveal_type(partners)  # revealed: GetPlatformPartnersResponse
    charged = portone.payment.pay_with_billing_key(
        "a", billing_key="b", order_name="c", amount=PaymentAmountInput(total=1), currency="KRW"
    )
    reveal_type(charged)  # revealed: PayWithBillingKeyResponse


def without_json() -> None:
    invoices = portone.b2b.tax_invoice
    reveal_type(invoices.download_b2b_tax_invoices_sheet(file="a"))  # revealed: Path
    reveal_type(invoices.download_b2b_tax_invoices_sheet(file=Path("a")))  # revealed: Path
    assert_type(invoices.delete_b2b_tax_invoice_attachment("a", "b"), None)
    invoices.download_b2b_tax_invoices_sheet()  # error: call-arg reportCallIssue


def raw() -> None:
    reveal_type(portone.request("GET", "/payments/a"))  # revealed: RawResponse
    portone.request("GET", "/payments/a", body={})  # error: call-arg reportCallIssue


def lists() -> None:
    for payment in portone.payment.iter_payments(filter=PaymentFilterInput(), size=10):
        assert_type(payment, Payment)
    for page in portone.payment.iter_payments().by_page():
        reveal_type(page.response)  # revealed: GetPaymentsResponse
        assert_type(page.items, list[Payment])
    with portone.payment.iter_payments().prefetched() as payments:
        assert_type(next(payments), Payment)
    reveal_type(
        portone.payment.iter_all_payments_by_cursor()  # revealed: Pages[PaymentWithCursor, GetAllPaymentsByCursorResponse]
    )
    portone.payment.iter_payments(size="1")  # error: arg-type reportArgumentType
    portone.payment.iter_payments(pages=1)  # error: call-arg reportCallIssue


def with_its_response() -> None:
    reply = with_response(portone.payment.get_payments)
    reveal_type(reply)  # revealed: TypedResponse[GetPaymentsResponse]
    cancelled = with_response(portone.payment.cancel_payment, "a", reason="r")
    reveal_type(cancelled.value)  # revealed: CancelPaymentResponse
    with_response(portone.payment.cancel_payment, "a")  # error: call-arg reportCallIssue
    with_response(portone.payment.get_payment, 1)  # error: arg-type reportArgumentType


def mistakes() -> None:
    portone.payment.get_payment()  # error: call-arg reportCallIssue
    portone.payment.get_payment(1)  # error: arg-type reportArgumentType
    portone.payment.get_payment("a", "store")  # error: call-arg reportCallIssue
    portone.payment.get_payment("a", storeId="store")  # error: call-arg reportCallIssue
    portone.payment.cancel_payment("a")  # error: call-arg reportCallIssue
    portone.payment.cancel_payment("a", reason=1)  # error: arg-type reportArgumentType
    portone.payment.get_paymint  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType
    PortOne("secret", retries=1)  # error: call-arg reportCallIssue
    PortOne("secret", "token")  # error: call-arg reportCallIssue
    PortOne("secret", timeout="1")  # error: arg-type reportArgumentType
    blocking.PortOen  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType


def a_context_manager() -> None:
    with PortOne() as client:
        reveal_type(client)  # revealed: PortOne
        reveal_type(client.payment.billing_key)  # revealed: PaymentBillingKeyNamespace
