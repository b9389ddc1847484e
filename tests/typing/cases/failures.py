"""What errors hold, and where their classes are found."""

from __future__ import annotations

import portone_async
from portone_async import PortOne, PortOneError, errors
from portone_async.errors import APIConnectionError, NotFoundError, PgProviderError

portone = PortOne("secret")


async def raised() -> None:
    try:
        await portone.payment.cancel_payment("a", reason="r")
    except PgProviderError as error:
        reveal_type(error.pg_code)  # revealed: str
        reveal_type(error.status)  # revealed: int
    except NotFoundError as error:
        reveal_type(error.type)  # revealed: str | None
        reveal_type(error.body)  # revealed: dict[str, Any] | None
        error.pg_code  # error: attr-defined reportAttributeAccessIssue,reportUnknownMemberType
    except APIConnectionError as error:
        reveal_type(error.may_have_reached)  # revealed: bool
    except errors.PaymentAlreadyCancelledError as error:
        reveal_type(error)  # revealed: PaymentAlreadyCancelledError
    except portone_async.errors.ConflictError as error:
        reveal_type(error.request.idempotency_key)  # revealed: str | None


base: type[PortOneError] = errors.PgProviderError
status: type[errors.BadGatewayError] = errors.PgProviderError
wrong: type[errors.NotFoundError] = errors.PgProviderError  # error: assignment reportAssignmentType
