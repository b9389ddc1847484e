"""What generated functions call: a client, or a namespace of one."""

from __future__ import annotations

import pytest

from portone_async import PortOne
from portone_async._caller import Namespace
from portone_async.api.payment import PaymentNamespace, get_payment
from tests.core.conftest import paid
from tests.core.server import Server, answer


@pytest.mark.anyio
async def test_an_operation_is_called_in_three_ways(server: Server, portone: PortOne) -> None:
    """As a method of a namespace, and as a function of a client or a namespace."""
    server.always = answer(paid())
    first = await portone.payment.get_payment("order-1")
    second = await get_payment(portone, "order-1")
    third = await get_payment(portone.payment, "order-1")
    assert first == second == third
    assert len({request.target for request in server.requests}) == 1


def test_a_namespace_is_the_clients() -> None:
    """Made once."""
    portone = PortOne("x")
    assert isinstance(portone.payment, PaymentNamespace)
    assert isinstance(portone.payment, Namespace)
    assert portone.payment is portone.payment
    assert repr(portone.payment) == f"<PaymentNamespace of {portone!r}>"
