"""Logs: no secret, id or body of a call reaches a record, and other users of httpx log as ever."""

from __future__ import annotations

import base64
import importlib
import json
import logging
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from portone_async import PortOne, RequestOptions, errors, models
from tests.core.conftest import ORDER, SECRET, WORD, paid
from tests.core.server import Server, answer, error, reset
from tests.core.transport.matrix import AT_ONCE, DEFAULT, EVERY, USERS, Kind, on

pytestmark = pytest.mark.anyio
PHONE = "010-7777-x234"
NAME = "홍길동마커"
KEY = "marker-of-the-key-5b1d"
MARKERS = [SECRET, ORDER, WORD, PHONE, NAME, KEY, "7777-x", "%ED%99%8D"]
LIBRARIES = ["httpx", "httpcore", "httpx2", "httpcore2", "h11", "asyncio", "anyio", "trio", ""]


@pytest.fixture(params=["INFO", "DEBUG"])
def records(request: pytest.FixtureRequest) -> Iterator[list[logging.LogRecord]]:
    """All that is logged at a level, by whichever library."""
    found: list[logging.LogRecord] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record)

    collector = Collector()
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(request.param)
    logging.getLogger().addHandler(collector)
    yield found
    logging.getLogger().removeHandler(collector)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


def shown(records: list[logging.LogRecord]) -> str:
    """Whatever a handler could write of records."""
    return "\n".join(
        f"{record.getMessage()} {record.msg!r} {record.args!r} {record.exc_text} {vars(record)!r}"
        for record in records
    )


async def make_calls(kind: Kind, server: Server) -> None:
    """Calls with personal data in path, query, `requestBody` and body; with errors and a retry."""
    server.plays(
        answer(paid(customer={"name": NAME, "phoneNumber": PHONE})),
        answer({"items": [], "page": {"number": 0, "size": 1, "totalCount": 0}}),
        reset(),
        answer({"cancellation": {"status": "SUCCEEDED", "reason": WORD}}),
        error("PAYMENT_NOT_FOUND", 404, message=WORD),
        answer({}),
    )
    async with kind.client(server.url, retry=AT_ONCE) as portone:
        await portone.payment.get_payment(ORDER)
        await portone.payment.get_payments(
            filter=models.PaymentFilterInput(
                text_search=[models.PaymentTextSearch(field="CUSTOMER_PHONE_NUMBER", value=PHONE)]
            )
        )
        options = RequestOptions(idempotency_key=KEY)
        await portone.payment.cancel_payment(ORDER, reason=f"{WORD} {NAME}", options=options)
        with pytest.raises(errors.PaymentNotFoundError):
            await portone.payment.get_payment(ORDER)
        await portone.request("GET", f"/payments/{ORDER}", query={"phone": PHONE}, json={"a": NAME})


async def test_nothing_of_a_call_is_logged(
    kind: Kind, server: Server, records: list[logging.LogRecord]
) -> None:
    """Neither in messages nor in arguments; what is logged instead is the path's template."""
    await make_calls(kind, server)
    assert PHONE in json.dumps([r.query for r in server.requests if "requestBody" in r.query])
    text = shown(records)
    for marker in MARKERS:
        assert marker not in text
    if kind.transport == "httpx":
        assert "HTTP Request: GET /payments/{paymentId}" in text


@on([*USERS, *EVERY[:3]])
async def test_other_users_of_the_library_log_their_urls(
    kind: Kind, server: Server, records: list[logging.LogRecord]
) -> None:
    """Before, between and after calls, in the same task and in others."""
    library: Any = importlib.import_module(kind.library or "httpx")
    server.always = answer(paid())

    async def get(client: Any, name: str) -> None:
        await client.get(f"{server.url}/{name}")

    async with library.AsyncClient(verify=False) as client, kind.client(server.url) as portone:
        await get(client, "before")
        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(portone.payment.get_payment, ORDER)
                tasks.start_soon(get, client, f"beside-{number}")
        await get(client, "after")
    text = shown(records)
    for name in ["before", *(f"beside-{number}" for number in range(5)), "after"]:
        assert f"HTTP Request: GET {server.url}/{name} " in text
    assert ORDER not in text


@on(EVERY[:3])
async def test_records_of_other_forms_are_logged_as_they_are(
    kind: Kind, server: Server, records: list[logging.LogRecord]
) -> None:
    """A tool may log under the library's name, and name its arguments."""
    async with kind.client(server.url):
        logging.getLogger(kind.library or "httpx").info("%(tool)s looks on", {"tool": "Mine"})
    assert "Mine looks on" in shown(records)


@on(USERS)
async def test_what_else_the_users_client_sends_is_logged(
    kind: Kind, server: Server, records: list[logging.LogRecord]
) -> None:
    """To PortOne's own address, even."""
    library: Any = importlib.import_module(str(kind.library))
    server.always = answer(paid())
    async with library.AsyncClient(verify=False) as client:
        portone = PortOne(SECRET, base_url=server.url, http_client=client)
        await portone.payment.get_payment(ORDER)
        await client.get(f"{server.url}/payments/another")
    text = shown(records)
    assert f"HTTP Request: GET {server.url}/payments/another " in text
    assert ORDER not in text


@on(DEFAULT)
async def test_the_password_of_a_proxy_is_not_logged(
    kind: Kind,
    server: Server,
    records: list[logging.LogRecord],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("//", f"//user:{WORD}@"))
    server.plays(answer(paid()))
    async with kind.client("http://api.portone.invalid", allow_http=True) as portone:
        await portone.payment.get_payment(ORDER)
    encoded = base64.b64encode(f"user:{WORD}".encode()).decode()
    assert server.request.header("proxy-authorization") == f"Basic {encoded}"
    text = shown(records)
    for marker in (*MARKERS, encoded):
        assert marker not in text
