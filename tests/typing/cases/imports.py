"""A misspelt name is an error, although errors and models are imported only when they are used."""

from __future__ import annotations

import portone_async
from portone_async import errors, models, webhooks

portone_async.PortOen  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType
portone_async.bulk  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType
errors.PgProvidrError  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType
models.PaidPaymnt  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType
webhooks.Evnt  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType

payment: models.PaidPayment
event: webhooks.Event
