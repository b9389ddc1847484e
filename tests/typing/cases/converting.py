"""Models by a cattrs converter, and models built and changed by hand."""

from __future__ import annotations

from typing import assert_type

import cattrs

from portone_async import UnknownVariant
from portone_async.converter import converter, install
from portone_async.models import PaidPayment, Payment, PaymentAmount, PaymentAmountInput
from portone_async.webhooks import Event

data: dict[str, object] = {}
payment = converter.structure(data, PaidPayment)
reveal_type(payment)  # revealed: PaidPayment
reveal_type(payment.amount)  # revealed: PaymentAmount
either: Payment = converter.structure(data, Payment)
assert_type(either, Payment)
assert_type(converter.structure([data], list[Payment]), list[Payment])
event: Event = converter.structure(data, Event)
maybe: Payment | None = converter.structure(None, Payment | None)
converter.structure(data, "Payment")  # error: call-overload reportArgumentType,reportCallIssue
reveal_type(install(cattrs.Converter()))  # revealed: Converter
payment.order_name = "Tea"
payment.order_name = 1  # error: assignment reportAttributeAccessIssue
payment.status = "FAILED"  # error: assignment reportAttributeAccessIssue
payment.totall = 1  # error: attr-defined reportAttributeAccessIssue
wanted: PaymentAmount = PaymentAmountInput(total=1)  # error: assignment reportAssignmentType
variant = UnknownVariant(tag="NEW", raw={})
variant.tag = "OTHER"  # error: misc reportAttributeAccessIssue
