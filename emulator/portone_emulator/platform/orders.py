"""Transfers for orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments.amounts import included_vat
from portone_emulator.platform import amounts, dates, payments, transfer_records, transfers
from portone_emulator.platform.amounts import Part, Vat
from portone_emulator.platform.partners import PARTNERS
from portone_emulator.platform.policies import CONTRACTS, DISCOUNT_POLICIES, FEE_POLICIES
from portone_emulator.platform.records import error_about, is_for_test, tag
from portone_emulator.platform.setting import current_setting
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.records import Payment
from portone_emulator.state.state import State


def check_unique_products(ids: Iterable[str]) -> None:
    """Check that each product has one line.

    Raises:
        EmulatedAPIError: PLATFORM_PRODUCT_ID_DUPLICATED.
    """
    for product_id, count in Counter(ids).items():
        if count > 1:
            raise EmulatedAPIError(
                "PLATFORM_PRODUCT_ID_DUPLICATED", "a product has several lines", id=product_id
            )


def _create(state: State, request: ParsedRequest) -> JsonObject:
    test, body = is_for_test(request), request.body
    partner = PARTNERS.find(state, body["partnerId"], test=test)
    contract_id = body.get("contractId", partner["defaultContractId"])
    contract = CONTRACTS.find(state, contract_id, test=test)
    lines = _lines(body["orderDetail"])
    _check_policies(state, [body, *lines], test=test)
    transfer = transfers.new_transfer(state, body, "ORDER", partner, test=test)
    source = None
    vat: Vat = included_vat
    if "externalPaymentDetail" in body:
        payment = payments.external_payment(body["paymentId"], body["externalPaymentDetail"])
    else:
        source = payments.find_paid(state, body["paymentId"])
        payment = payments.portone_payment(source)
        taxable = payments.paid_parts(source)["SupplyWithVat"]
        vat = amounts.share_of_vat(source.latest.amount.vat, taxable)
    transfers.check_currency(payment["currency"])
    _check_single(state, partner["id"], payment["id"], test=test)
    start = dates.local_date(payment.get("paidAt") or state.now())
    transfer |= {
        "contract": contract,
        "payment": payment,
        "settlementCurrency": payment["currency"],
        "parameters": body.get("parameters", {}),
        **transfers.settlement_dates(state, body, start, contract, test=test),
        **_parts(state, body, lines, contract, source, vat, test=test),
    }
    if source is not None:
        registered = [
            each["amount"]
            for each in transfer_records.transfers_of(state, source.id, test=test)
            if each["type"] == "ORDER" and each["payment"]["type"] == "PORT_ONE"
        ]
        payments.check_payment_limits(source, transfer["amount"], registered)
    return transfers.save(state, transfer, test=test)


def _check_single(state: State, partner_id: str, payment_id: str, *, test: bool) -> None:
    """Check that the partner has no transfer for the payment, unless settings allow several."""
    if current_setting(state, test=test)["supportsMultipleOrderTransfersPerPartner"]:
        return
    for transfer in transfer_records.transfers_of(state, payment_id, test=test):
        if transfer["type"] == "ORDER" and transfer["partner"]["id"] == partner_id:
            raise transfers.already_exists(transfer)


def _lines(detail: JsonObject) -> list[JsonObject]:
    """Return the lines of a request; none if it gives an amount or nothing."""
    if {"orderAmount", "orderLines"} <= detail.keys():
        raise invalid("body.orderDetail", "must have either orderAmount or orderLines")
    lines: list[JsonObject] = detail.get("orderLines", [])
    check_unique_products(line["product"]["id"] for line in lines)
    for line in lines:
        if line["quantity"] < 1:
            raise invalid("body.orderDetail.orderLines.quantity", "must be positive")
        for name in ("amount", "taxFreeAmount"):
            location = f"body.orderDetail.orderLines.product.{name}"
            amounts.check_not_negative(location, line["product"].get(name, 0))
    return lines


def _check_policies(state: State, parts: Sequence[JsonObject], *, test: bool) -> None:
    """Check that the policies of an order and of its lines exist, and are named once in each."""
    for resource, field, id_field in (
        (FEE_POLICIES, "additionalFees", "policyId"),
        (DISCOUNT_POLICIES, "discounts", "sharePolicyId"),
    ):
        named = [[each[id_field] for each in part[field]] for part in parts]
        missing = [
            each for ids in named for each in ids if not resource.exists(state, each, test=test)
        ]
        if missing:
            raise error_about(
                f"PLATFORM_{tag(resource.plural)}_NOT_FOUND",
                "policies do not exist",
                resource.field,
                missing,
            )
        if any(len(set(ids)) < len(ids) for ids in named):
            raise invalid(f"body.{field}", "must name each policy once")


def _parts(
    state: State,
    body: JsonObject,
    lines: Sequence[JsonObject],
    contract: JsonObject,
    source: Payment | None,
    vat: Vat,
    *,
    test: bool,
) -> JsonObject:
    """Return the amount, lines, discounts and additional fees of an order."""
    discounts = _discounts(state, body, test=test)
    line_parts = [_line_part(state, line, test=test) for line in lines]
    order, tax_free = _order_amount(body, line_parts, discounts, source)
    fees = _fees(state, body, order, test=test)
    whole = Part(order=0 if lines else order, tax_free=0, discounts=discounts, fees=fees)
    line_sums = [amounts.sums_of(part, contract, has_fixed_fee=False) for part in line_parts]
    sums = [*line_sums, amounts.sums_of(whole, contract, has_fixed_fee=True)]
    order_lines = [
        {
            "product": {
                "taxFreeAmount": 0,
                **state.document.pick("PlatformOrderTransferProduct", line["product"]),
            },
            "quantity": line["quantity"],
            "discounts": part.discounts,
            "additionalFees": part.fees,
            "amount": amounts.settle([own], contract, vat, product_id=line["product"]["id"]),
        }
        for line, part, own in zip(lines, line_parts, line_sums, strict=True)
    ]
    return {
        "amount": amounts.settle(sums, contract, vat, tax_free=tax_free),
        "orderLines": order_lines,
        "discounts": discounts,
        "additionalFees": fees,
    }


def _order_amount(
    body: JsonObject,
    line_parts: Sequence[Part],
    discounts: Sequence[JsonObject],
    source: Payment | None,
) -> tuple[int, int | None]:
    """Return the order amount, and its tax-free part if that is not the lines'.

    An order without amount and lines is all that was paid, and the discounts.
    """
    detail: JsonObject = body["orderDetail"]
    tax_free = body.get("taxFreeAmount")
    amounts.check_not_negative("body.taxFreeAmount", tax_free or 0)
    if line_parts:
        return sum(part.order for part in line_parts), tax_free
    if "orderAmount" in detail:
        amounts.check_not_negative("body.orderDetail.orderAmount", detail["orderAmount"])
        return detail["orderAmount"], tax_free
    if source is None:
        raise invalid("body.orderDetail", "must have either orderAmount or orderLines")
    paid = payments.paid_parts(source)
    if tax_free is None:
        tax_free = paid["TaxFree"] + sum(each["taxFreeAmount"] for each in discounts)
    return paid["Payment"] + sum(each["amount"] for each in discounts), tax_free


def _line_part(state: State, line: JsonObject, *, test: bool) -> Part:
    product, quantity = line["product"], line["quantity"]
    order = product["amount"] * quantity
    return Part(
        order=order,
        tax_free=product.get("taxFreeAmount", 0) * quantity,
        discounts=_discounts(state, line, test=test),
        fees=_fees(state, line, order, test=test),
    )


def _discounts(state: State, part: JsonObject, *, test: bool) -> list[JsonObject]:
    discounts: list[JsonObject] = []
    for each in part["discounts"]:
        tax_free = each.get("taxFreeAmount", 0)
        amounts.check_not_negative("body.discounts.amount", each["amount"])
        amounts.check_not_negative("body.discounts.taxFreeAmount", tax_free)
        policy = DISCOUNT_POLICIES.find(state, each["sharePolicyId"], test=test)
        discounts.append(amounts.discount(policy, each["amount"], tax_free))
    return discounts


def _fees(state: State, part: JsonObject, order: int, *, test: bool) -> list[JsonObject]:
    ids = [each["policyId"] for each in part["additionalFees"]]
    policies = [FEE_POLICIES.find(state, each, test=test) for each in ids]
    return [amounts.additional_fee(each, order, has_fixed_fee=True) for each in policies]


HANDLERS: dict[str, Handler] = {"createPlatformOrderTransfer": _create}
