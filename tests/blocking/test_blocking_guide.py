"""What docs/blocking.md says, in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from portone_async import webhooks
from portone_async.blocking import PortOne
from portone_emulator import Emulator
from tests.blocking.conftest import ORDER

DOCS = Path(__file__).parents[2] / "docs"
SECRET = "whsec_dGVzdCBzZWNyZXQgb2YgMjQgYnl0ZXMh"
Run = Callable[[str], dict[str, Any]]


@pytest.fixture(params=["", ".ko"], ids=["English", "Korean"])
def run(
    request: pytest.FixtureRequest,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Run]:
    """Run the block of the guide that imports a package, against the emulator, and give the names that it defines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTONE_API_SECRET", emulator.secret)
    monkeypatch.setenv("PORTONE_BASE_URL", emulator.url)
    monkeypatch.setenv("PORTONE_WEBHOOK_SECRET", SECRET)
    text = (DOCS / f"blocking{request.param}.md").read_text(encoding="utf-8")
    guide = ModuleType("guide")
    names = vars(guide)

    def run(package: str) -> dict[str, Any]:
        pytest.importorskip(package)
        code = next(
            code
            for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
            if f"import {package}\n" in code or f"from {package} import" in code
        )
        exec(compile(code, f"blocking{request.param}.md", "exec"), names)  # noqa: S102  (our own documents)
        return names

    yield run
    if "portone" in names:
        names["portone"].close()


def test_calls(run: Run, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    run("portone_async")["main"]()
    assert capsys.readouterr().out.startswith("PaidPayment\n")
    assert emulator.payments[ORDER]["amount"]["cancelled"] == 1_000


# Django


@pytest.fixture
def shop(run: Run) -> Iterator[Callable[..., Any]]:
    """The shop of the guide: requests to it, by path."""
    pytest.importorskip("django")
    from django.apps import apps  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection, connections  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    names = run("django")
    urls = ModuleType("urls")
    vars(urls).update(urlpatterns=names["urlpatterns"])
    settings.ROOT_URLCONF = urls
    with connection.schema_editor() as editor:
        editor.create_model(names["Order"])
    for order_id, amount in ((ORDER, 1_000_000), ("order2", 999)):
        names["Order"].objects.create(id=order_id, amount=amount)

    def post(path: str, body: bytes = b"", **headers: str) -> Any:
        client = Client(HTTP_HOST="localhost", raise_request_exception=True)
        return client.post(path, body, "application/json", headers=headers)

    yield post
    connections.close_all()
    apps.all_models.pop("shop")
    apps.clear_cache()


def webhook(kind: str, payment_id: str) -> bytes:
    data = {"storeId": "store-1", "paymentId": payment_id, "transactionId": "t-1"}
    if kind == "Transaction.Confirm":
        data["totalAmount"] = "1000"
    return json.dumps(
        {"type": kind, "timestamp": "2026-11-30T00:00:00.000Z", "data": data}
    ).encode()


def test_a_django_view_settles_an_order(shop: Callable[..., Any], emulator: Emulator) -> None:
    emulator.checkout("order2", amount=1_000)
    for _ in range(2):
        assert shop(f"/orders/{ORDER}/complete").json() == {"state": "paid"}
        assert shop("/orders/order2/complete").json() == {"state": "wrong amount"}
    assert len(emulator.requests) == 2
    assert shop("/orders/order3/complete").status_code == 404


def test_an_order_that_is_not_paid_stays_pending(shop: Callable[..., Any]) -> None:
    assert shop("/orders/order2/complete").json() == {"state": "pending"}


def test_a_django_view_takes_webhooks(shop: Callable[..., Any], emulator: Emulator) -> None:
    body = webhook("Transaction.Paid", ORDER)
    headers = webhooks.sign(body, SECRET)
    forged = shop("/webhooks/portone", body.replace(b"Paid", b"Failed"), **headers)
    assert (forged.status_code, emulator.requests) == (400, [])
    for _ in range(2):
        assert shop("/webhooks/portone", body, **headers).status_code == 200
    assert len(emulator.requests) == 1
    assert shop(f"/orders/{ORDER}/complete").json() == {"state": "paid"}

    for kind, status in (("Transaction.Confirm", 400), ("Transaction.NewAndUnknown", 200)):
        body = webhook(kind, "order2")
        response = shop("/webhooks/portone", body, **webhooks.sign(body, SECRET))
        assert response.status_code == status, kind


# Celery


@pytest.fixture
def refunds(run: Run) -> Iterator[dict[str, Any]]:
    """The guide's tasks, each run at once where it is requested."""
    names = run("celery")
    names["app"].conf.task_always_eager = True
    yield names
    names["engine"].dispose()


def state_of(names: dict[str, Any], key: str) -> str:
    with names["engine"].begin() as db:
        statement = names["text"]("SELECT state FROM refunds WHERE key = :key")
        return db.execute(statement, {"key": key}).scalar_one()


def keys_of(emulator: Emulator) -> list[str]:
    return [str(each.idempotency_key).strip('"') for each in emulator.requests]


def test_a_task_refunds_once_however_often_it_is_run(
    refunds: dict[str, Any], emulator: Emulator
) -> None:
    key = refunds["request_refund"](ORDER, 10_000, 1_000_000)
    assert state_of(refunds, key) == "refunded"
    for _ in range(2):
        # A worker that died after the call, before it wrote so.
        with refunds["engine"].begin() as db:
            db.execute(refunds["text"]("UPDATE refunds SET state = 'requested'"))
        assert refunds["refund"].delay(key).get() == "refunded"
    assert refunds["refund"].delay(key).get() == "refunded"  # delivered once more
    assert emulator.payments[ORDER]["amount"]["cancelled"] == 10_000
    assert keys_of(emulator) == [key] * 3


@pytest.mark.parametrize("fault", ["reset_after", "503"])
def test_a_task_is_tried_again_with_the_same_key(
    refunds: dict[str, Any], emulator: Emulator, fault: Any
) -> None:
    refunds["portone"] = PortOne(max_retries=0)
    emulator.fault("cancelPayment", fault, times=2)
    key = refunds["request_refund"](ORDER, 10_000, 1_000_000)
    assert state_of(refunds, key) == "refunded"
    assert keys_of(emulator) == [key] * 3
    assert emulator.payments[ORDER]["amount"]["cancelled"] == 10_000


def test_a_refusal_is_final(refunds: dict[str, Any], emulator: Emulator) -> None:
    key = refunds["request_refund"](ORDER, 10_000, 5_000)
    assert state_of(refunds, key) == "refused"
    assert emulator.payments[ORDER]["amount"]["cancelled"] == 0
