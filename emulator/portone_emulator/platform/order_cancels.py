"""Transfers that take orders back, in part or all that is left."""

from __future__ import annotations

from collections.abc import Sequence

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import amounts, dates, payments, transfer_records, transfers
from portone_emulator.platform.amounts import Part
from portone_emulator.platform.orders import check_unique_products
from portone_emulator.platform.records import exactly_one, graphql_id, is_for_test, tag
from portone_emulator.state.json_values import JsonObject, normalized, omit_none
from portone_emulator.state.state import State

_DISCOUNT_FIELDS = ("amount", "taxFreeAmount", "shareAmount", "shareTaxFreeAmount")


def _create(state: State, request: ParsedRequest) -> JsonObject:
    test, body = is_for_test(request), request.body
    order = _find_order(state, body, test=test)
    earlier = transfer_records.cancellations_of(state, order, test=test)
    source = _portone_cancellation(state, body, order)
    for transfer in earlier:
        if transfer["cancellation"]["id"] == body["cancellationId"]:
            raise transfers.already_exists(transfer)
    left = _left(order, earlier)
    if left["amount"]["order"] == 0:
        raise EmulatedAPIError(
            "PLATFORM_ORDER_TRANSFER_ALREADY_CANCELLED", "nothing is left of the order"
        )
    transfer = transfers.new_transfer(state, body, "ORDER_CANCEL", order["partner"], test=test)
    detail = source or body["externalCancellationDetail"]
    cancelled_at = normalized(detail.get("cancelledAt")) or state.now()
    start = dates.local_date(cancelled_at)
    transfer |= {
        "orderTransferId": order["id"],
        "contract": order["contract"],
        "payment": order["payment"],
        "settlementCurrency": order["settlementCurrency"],
        "parameters": order["parameters"],
        "cancellation": {"id": body["cancellationId"], "cancelledAt": cancelled_at},
        **transfers.settlement_dates(state, body, start, order["contract"], test=test),
        **_parts(body, order, left),
    }
    if source is not None:
        registered = [
            each["amount"]
            for each in transfer_records.transfers_of(state, order["payment"]["id"], test=test)
            if each["type"] == "ORDER_CANCEL" and each["cancellation"]["id"] == source["id"]
        ]
        payments.check_cancellation_limits(source, transfer["amount"], registered)
    return transfers.save(state, transfer, test=test)


def _find_order(state: State, body: JsonObject, *, test: bool) -> JsonObject:
    """Return the order's transfer that a request names."""
    if "transferId" in body:
        order = transfer_records.find(state, body["transferId"], test=test)
        if order["type"] != "ORDER":
            raise EmulatedAPIError("PLATFORM_TRANSFER_NOT_FOUND", "it is not an order's transfer")
        return order
    if not {"partnerId", "paymentId"} <= body.keys():
        raise invalid("body.transferId", "is required without partnerId and paymentId")
    found = [
        transfer
        for transfer in transfer_records.transfers_of(state, body["paymentId"], test=test)
        if transfer["type"] == "ORDER"
    ]
    if not found:
        raise EmulatedAPIError("PLATFORM_PAYMENT_NOT_FOUND", "the payment has no transfer")
    orders = [each for each in found if each["partner"]["id"] == body["partnerId"]]
    if not orders:
        raise EmulatedAPIError("PLATFORM_TRANSFER_NOT_FOUND", "the partner has no transfer for it")
    if len(orders) > 1:
        raise EmulatedAPIError("PLATFORM_CANNOT_SPECIFY_TRANSFER", "several transfers match")
    return orders[0]


def _portone_cancellation(state: State, body: JsonObject, order: JsonObject) -> JsonObject | None:
    """Return the cancellation that a request names; `None` for one made outside PortOne."""
    payment: JsonObject = order["payment"]
    is_external = payment["type"] == "EXTERNAL"
    if is_external != ("externalCancellationDetail" in body):
        raise EmulatedAPIError(
            "PLATFORM_CANCELLATION_AND_PAYMENT_TYPE_MISMATCHED",
            "externalCancellationDetail is for payments made outside PortOne",
        )
    if is_external:
        return None
    made: list[JsonObject] = state.payments[payment["storeId"], payment["id"]].view["cancellations"]
    for cancellation in made:
        if (cancellation["id"], cancellation["status"]) == (body["cancellationId"], "SUCCEEDED"):
            return cancellation
    raise EmulatedAPIError(
        "PLATFORM_CANCELLATION_NOT_FOUND", "the payment has no such cancellation"
    )


def _left(order: JsonObject, cancels: Sequence[JsonObject]) -> JsonObject:
    """Return what is left of an order, or of a line, after cancellations."""
    left: JsonObject = order["amount"]
    for each in cancels:
        left = amounts.subtract(left, each["amount"])
    return {
        "amount": left,
        "discounts": _left_items(order, cancels, "discounts", "sharePolicy", _DISCOUNT_FIELDS),
        "additionalFees": _left_items(
            order, cancels, "additionalFees", "policy", ("amount", "vat")
        ),
        "orderLines": [_left_line(line, cancels) for line in order.get("orderLines", [])],
    }


def _left_items(
    order: JsonObject,
    cancels: Sequence[JsonObject],
    field: str,
    policy: str,
    numbers: Sequence[str],
) -> list[JsonObject]:
    taken = [item for each in cancels for item in each[field]]
    return [
        item
        | {
            number: item[number]
            - sum(each[number] for each in taken if each[policy]["id"] == item[policy]["id"])
            for number in numbers
        }
        for item in order[field]
    ]


def _left_line(line: JsonObject, cancels: Sequence[JsonObject]) -> JsonObject:
    taken = [
        each
        for cancel in cancels
        for each in cancel["orderLines"]
        if each["product"]["id"] == line["product"]["id"]
    ]
    left = _left(line, taken)
    quantity = line["quantity"] - sum(each["quantity"] for each in taken)
    del left["orderLines"]
    return {"product": line["product"], "quantity": quantity, **left}


def _parts(body: JsonObject, order: JsonObject, left: JsonObject) -> JsonObject:
    """Return the amount, lines, discounts and additional fees that are taken back."""
    detail: JsonObject = body.get("orderDetail", {"all": {}})
    choice, given = exactly_one(detail, ("all", "orderAmount", "orderLines"), "body.orderDetail")
    if choice == "all":
        return _rest(left)
    if bool(order["orderLines"]) != (choice == "orderLines"):
        raise EmulatedAPIError(
            "PLATFORM_ORDER_DETAIL_MISMATCHED", f"the order was not made with {choice}"
        )
    lines = [] if choice == "orderAmount" else _cancelled_lines(given, left)
    amount = given if choice == "orderAmount" else sum(part.order for part, _ in lines)
    amounts.check_not_negative("body.orderDetail.orderAmount", amount)
    tax_free = body.get("taxFreeAmount", sum(part.tax_free for part, _ in lines))
    amounts.check_not_negative("body.taxFreeAmount", tax_free)
    _check_left(amount, tax_free, left["amount"])
    whole = Part(
        order=0 if lines else amount,
        tax_free=0,
        discounts=_cancelled_discounts(body["discounts"], left, None),
        fees=_cancelled_fees(left, amount),
    )
    contract: JsonObject = order["contract"]
    line_sums = [amounts.sums_of(part, contract, has_fixed_fee=False) for part, _ in lines]
    sums = [*line_sums, amounts.sums_of(whole, contract, has_fixed_fee=False)]
    taxable = payments.parts_of(order["amount"])["SupplyWithVat"]
    vat = amounts.share_of_vat(order["amount"]["paymentVat"], taxable)
    total = amounts.settle(sums, contract, vat, tax_free=tax_free)
    if all(total[name] == left["amount"][name] for name in ("order", "orderTaxFree", "discount")):
        return _rest(left)
    return {
        "amount": total,
        "discounts": whole.discounts,
        "additionalFees": whole.fees,
        "orderLines": [
            {
                **line,
                "discounts": part.discounts,
                "additionalFees": part.fees,
                "amount": amounts.settle([own], contract, vat, product_id=line["product"]["id"]),
            }
            for (part, line), own in zip(lines, line_sums, strict=True)
        ],
    }


def _rest(left: JsonObject) -> JsonObject:
    """Return all that is left, fixed fees included."""
    return {
        "amount": left["amount"],
        "orderLines": [line for line in left["orderLines"] if line["quantity"]],
        **{
            name: [item for item in left[name] if item["amount"]]
            for name in ("discounts", "additionalFees")
        },
    }


def _cancelled_lines(
    requested: Sequence[JsonObject], left: JsonObject
) -> list[tuple[Part, JsonObject]]:
    """Return the requested lines as parts, each with its product and quantity."""
    check_unique_products(line["productId"] for line in requested)
    left_lines = {line["product"]["id"]: line for line in left["orderLines"]}
    lines: list[tuple[Part, JsonObject]] = []
    for line in requested:
        product_id, quantity = line["productId"], line["quantity"]
        if product_id not in left_lines:
            raise EmulatedAPIError(
                "PLATFORM_PRODUCT_ID_NOT_FOUND", "the order has no such product", id=product_id
            )
        own = left_lines[product_id]
        if quantity < 1:
            raise invalid("body.orderDetail.orderLines.quantity", "must be positive")
        if quantity > own["quantity"]:
            raise EmulatedAPIError(
                "PLATFORM_CANCELLABLE_PRODUCT_QUANTITY_EXCEEDED",
                "fewer are left of the product",
                productId=product_id,
                cancellableQuantity=own["quantity"],
            )
        order = own["product"]["amount"] * quantity
        part = Part(
            order=order,
            tax_free=own["product"]["taxFreeAmount"] * quantity,
            discounts=_cancelled_discounts(line["discounts"], own, product_id),
            fees=_cancelled_fees(own, order),
        )
        lines.append((part, {"product": own["product"], "quantity": quantity}))
    return lines


def _check_left(amount: int, tax_free: int, left: JsonObject) -> None:
    left_tax_free = left["orderTaxFree"]
    for name, requested, limit in (
        ("TaxFree", tax_free, left_tax_free),
        ("SupplyWithVat", amount - tax_free, left["order"] - left_tax_free),
    ):
        if requested > limit:
            raise EmulatedAPIError(
                "PLATFORM_CANCELLABLE_AMOUNT_EXCEEDED",
                "less is left of the order",
                cancellableAmount=limit,
                requestAmount=requested,
                amountType=tag(name),
            )


def _cancelled_discounts(
    requested: Sequence[JsonObject], left: JsonObject, product_id: str | None
) -> list[JsonObject]:
    """Return the discounts that are taken back of an order or a line."""
    left_discounts = {each["sharePolicy"]["id"]: each for each in left["discounts"]}
    discounts: dict[str, JsonObject] = {}
    for each in requested:
        policy_id, amount = each["sharePolicyId"], each["amount"]
        tax_free = each.get("taxFreeAmount", 0)
        ids = {
            "discountSharePolicyId": policy_id,
            "discountSharePolicyGraphqlId": graphql_id("discountSharePolicy", policy_id),
            **omit_none(productId=product_id),
        }
        if policy_id in discounts:
            raise EmulatedAPIError(
                "PLATFORM_DISCOUNT_SHARE_POLICY_ID_DUPLICATED",
                "a policy is named twice",
                id=policy_id,
                graphqlId=ids["discountSharePolicyGraphqlId"],
            )
        if policy_id not in left_discounts:
            raise EmulatedAPIError(
                "PLATFORM_TRANSFER_DISCOUNT_SHARE_POLICY_NOT_FOUND",
                "the order has no discount by this policy",
                **ids,
            )
        own = left_discounts[policy_id]
        for name, location, value in (
            ("DISCOUNT", "amount", amount),
            ("DISCOUNT_TAX_FREE", "taxFreeAmount", tax_free),
        ):
            amounts.check_not_negative(f"body.discounts.{location}", value)
            if value > own[location]:
                raise EmulatedAPIError(
                    f"PLATFORM_CANCELLABLE_{name}_AMOUNT_EXCEEDED",
                    "less is left of the discount",
                    cancellableAmount=own[location],
                    requestAmount=value,
                    **ids,
                )
        discounts[policy_id] = amounts.discount(own["sharePolicy"], amount, tax_free)
    return list(discounts.values())


def _cancelled_fees(left: JsonObject, order: int) -> list[JsonObject]:
    policies = [each["policy"] for each in left["additionalFees"]]
    return [amounts.additional_fee(each, order, has_fixed_fee=False) for each in policies]


HANDLERS: dict[str, Handler] = {"createPlatformOrderCancelTransfer": _create}
