"""What calls return."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from portone_async import PortOne, Unrecognized, with_response
from portone_async.api.common import get_bank_infos
from portone_async.api.payment import cancel_payment, get_payment
from portone_async.models import Payment

portone = PortOne("secret")


async def bound() -> None:
    assert_type(await portone.payment.get_payment("a"), Payment)
    reveal_type(await portone.payment.get_payments())  # revealed: GetPaymentsResponse
    cancelled = await portone.payment.cancel_payment("a", reason="r")
    reveal_type(cancelled)  # revealed: CancelPaymentResponse
    reveal_type(await portone.common.get_bank_infos())  # revealed: GetBankInfosResponse
    partners = await portone.platform.partner.get_platform_partners()
    reveal_type(partners)  # revealed: GetPlatformPartnersResponse


async def without_json() -> None:
    invoices = portone.b2b.tax_invoice
    transfers = portone.platform.transfer
    reveal_type(await invoices.download_b2b_tax_invoices_sheet(file="a"))  # revealed: Path
    reveal_type(await transfers.download_platform_transfer_sheet(file=Path("a")))  # revealed: Path
    reveal_type(await invoices.delete_b2b_tax_invoice_attachment("a", "b"))  # revealed: None
    await transfers.download_platform_transfer_sheet()  # error: call-arg reportCallIssue


async def raw() -> None:
    response = await portone.request("GET", "/payments/a")
    reveal_type(response)  # revealed: RawResponse
    reveal_type(response.json())  # revealed: Any


async def unbound() -> None:
    assert_type(await get_payment(portone, "a"), Payment)
    assert_type(await get_payment(portone.payment, "a"), Payment)
    reveal_type(await cancel_payment(portone, "a", reason="r"))  # revealed: CancelPaymentResponse
    reveal_type(await get_bank_infos(portone))  # revealed: GetBankInfosResponse
    await get_payment("a")  # error: call-arg,arg-type reportCallIssue
    await get_payment("a", "b")  # error: arg-type reportArgumentType
    await cancel_payment(portone, "a")  # error: call-arg reportCallIssue


async def with_its_response() -> None:
    reply = await with_response(portone.payment.get_payments)
    reveal_type(reply)  # revealed: TypedResponse[GetPaymentsResponse]
    assert_type(reply.value.items, list[Payment])
    reveal_type(reply.response.status)  # revealed: int
    reveal_type(reply.response.headers)  # revealed: Mapping[str, str]
    reveal_type(reply.response.content)  # revealed: bytes
    cancelled = await with_response(portone.payment.cancel_payment, "a", reason="r")
    reveal_type(cancelled.value)  # revealed: CancelPaymentResponse
    banks = await with_response(get_bank_infos, portone)
    reveal_type(banks.value)  # revealed: GetBankInfosResponse
    await with_response(portone.payment.cancel_payment, "a")  # error: call-arg reportCallIssue
    await with_response(portone.payment.get_payment, 1)  # error: arg-type reportArgumentType


async def fields() -> None:
    page = await portone.payment.get_payments()
    reveal_type(page.page.total_count)  # revealed: int
    reveal_type(page.additional_properties)  # revealed: dict[str, Any]
    banks = await portone.common.get_bank_infos()
    reveal_type(banks.items)  # revealed: list[BankInfo]
    reveal_type(banks.items[0].name.ko)  # revealed: str
    webhook = (await portone.payment.resend_webhook("a", webhook_id="b")).webhook
    reveal_type(webhook.triggered_at)  # revealed: datetime | None
    new = Unrecognized("NEW")
    reveal_type(new.lower())  # revealed: str


async def a_context_manager() -> None:
    async with PortOne() as client:
        reveal_type(client)  # revealed: PortOne
