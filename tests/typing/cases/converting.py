"""Models by a cattrs converter, and models built and changed by hand."""

from __future__ import annotations

from portone_async import UnknownVariant
from portone_async.converter import converter
from portone_async.models import PaidPayment, PaymentAmount, PaymentAmountInput

data: dict[str, object] = {}
payment = converter.structure(data, PaidPayment)
reveal_type(payment)  # revealed: PaidPayment
reveal_type(payment.amount)  # revealed: PaymentAmount
payment.order_name = "Tea"
payment.order_name = 1  # error: assignment reportAttributeAccessIssue
payment.status = "FAILED"  # error: assignment reportAttributeAccessIssue
payment.totall = 1  # error: attr-defined reportAttributeAccessIssue
wanted: PaymentAmount = PaymentAmountInput(total=1)  # error: assignment reportAssignmentType
variant = UnknownVariant(tag="NEW", raw={})
variant.tag = "OTHER"  # error: misc reportAttributeAccessIssue
