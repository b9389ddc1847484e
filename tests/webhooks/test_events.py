"""How webhooks are parsed."""

from __future__ import annotations

import json
import logging
from typing import cast, get_args
from urllib.parse import urlencode

import pytest

from portone_async import UnknownVariant, models, webhooks
from portone_async.converter import converter
from portone_async.models import (
    BillingKeyIssuedWebhook,
    LegacyConfirmWebhook,
    LegacyWebhook,
    TaxInvoiceIssuedWebhook,
    TransactionConfirmWebhook,
    TransactionPaidWebhook,
    TransactionPartialCancelledWebhook,
)
from portone_async.webhooks import parse_unverified, sign, verify

from .samples import DATA, SECRET, body, webhook

LEGACY = {"payment_id": "주문 1", "tx_id": "tx-1", "status": "Paid"}
LEGACY_CONFIRM = {"payment_id": "주문 1", "tx_id": "tx-1", "total_amount": 10_000}


@pytest.mark.parametrize("kind", DATA)
def test_each_type_has_its_own_model_and_survives_a_round_trip(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    event = verify(body(kind), sign(body(kind), SECRET), SECRET).event
    assert type(event).__name__ == f"{kind.replace('.', '')}Webhook"
    assert not isinstance(event, UnknownVariant | LegacyWebhook | LegacyConfirmWebhook)
    assert event.type == kind
    assert converter.unstructure(event) == webhook(kind)
    assert converter.structure(webhook(kind), models.Webhook) == event
    assert converter.structure(webhook(kind), webhooks.Event) == event
    assert not caplog.records


def test_the_union_has_exactly_these_types() -> None:
    names = {member.__name__ for member in get_args(models.Webhook)}
    assert names == {f"{kind.replace('.', '')}Webhook" for kind in DATA} | {"UnknownVariant"}
    assert set(get_args(webhooks.Event)) == {
        *get_args(models.Webhook),
        LegacyWebhook,
        LegacyConfirmWebhook,
    }


def test_the_data_of_each_family_is_typed() -> None:
    cancelled = parse_unverified(body("Transaction.PartialCancelled"))
    assert isinstance(cancelled, TransactionPartialCancelledWebhook)
    assert (cancelled.data.payment_id, cancelled.data.cancellation_id) == (
        "order-1",
        "cancellation-1",
    )
    confirm = parse_unverified(body("Transaction.Confirm"))
    assert isinstance(confirm, TransactionConfirmWebhook)
    assert confirm.data.total_amount == 10_000
    issued = parse_unverified(body("BillingKey.Issued"))
    assert isinstance(issued, BillingKeyIssuedWebhook)
    assert issued.data.billing_key == "billing-key-1"
    assert "billing-key-1" not in repr(issued.data)
    invoice = parse_unverified(body("TaxInvoice.Issued"))
    assert isinstance(invoice, TaxInvoiceIssuedWebhook)
    assert (invoice.data.tax_invoice_id, invoice.data.total_tax_amount) == ("invoice-1", 1_000)


def test_a_type_of_a_later_version_is_an_unknown_variant() -> None:
    event = parse_unverified(body("Escrow.Shipped"))
    assert event == UnknownVariant("Escrow.Shipped", webhook("Escrow.Shipped"))


@pytest.mark.parametrize("kind", [None, 1, ["Transaction.Paid"], {}])
def test_a_type_that_is_not_text_is_an_unknown_variant(kind: object) -> None:
    event = parse_unverified(json.dumps(webhook() | {"type": kind}))
    assert isinstance(event, UnknownVariant)
    assert event.tag is None
    assert parse_unverified("{}") == UnknownVariant(None, {})


def test_unknown_fields_are_kept() -> None:
    data = DATA["Transaction.Paid"] | {"installment": 3}
    event = parse_unverified(body(data=data, retry=2))
    assert isinstance(event, TransactionPaidWebhook)
    assert event.additional_properties == {"retry": 2}
    assert event.data.additional_properties == {"installment": 3}


def test_mismatches_are_kept_and_logged_without_their_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    content = body("Transaction.Confirm", timestamp="marker-1", data={"totalAmount": "marker-2"})
    with caplog.at_level(logging.WARNING, "portone_async"):
        event = parse_unverified(content)
    assert isinstance(event, TransactionConfirmWebhook)
    assert (event.timestamp, event.data.total_amount, event.data.payment_id) == (
        "marker-1", "marker-2", None)  # fmt: skip
    assert "marker" not in caplog.text
    without_data = parse_unverified(json.dumps({"type": "Transaction.Paid"}))
    assert isinstance(without_data, TransactionPaidWebhook)
    assert without_data.data is None
    with_list = parse_unverified(body(data=[1]))
    assert isinstance(with_list, TransactionPaidWebhook)
    assert with_list.data == [1]


@pytest.mark.parametrize("content", [json.dumps(LEGACY), urlencode(LEGACY)], ids=["json", "form"])
def test_the_body_of_2024_01_01_has_its_own_model(content: str) -> None:
    event = verify(content, sign(content, SECRET), SECRET).event
    assert event == LegacyWebhook(payment_id="주문 1", tx_id="tx-1", status="Paid")
    assert converter.unstructure(event) == LEGACY


@pytest.mark.parametrize(
    "content", [json.dumps(LEGACY_CONFIRM), urlencode(LEGACY_CONFIRM)], ids=["json", "form"]
)
def test_a_question_of_2024_01_01_has_its_amount_and_is_no_notification(
    content: str, caplog: pytest.LogCaptureFixture
) -> None:
    event = verify(content, sign(content, SECRET), SECRET).event
    assert event == LegacyConfirmWebhook(payment_id="주문 1", tx_id="tx-1", total_amount=10_000)
    assert not isinstance(event, LegacyWebhook)
    assert converter.unstructure(event) == LEGACY_CONFIRM
    assert not caplog.records


def test_an_amount_that_is_not_a_number_stays_text() -> None:
    event = parse_unverified("payment_id=a&tx_id=b&total_amount=1e3")
    assert isinstance(event, LegacyConfirmWebhook)
    assert cast("object", event.total_amount) == "1e3"


def test_a_question_may_come_without_a_store(caplog: pytest.LogCaptureFixture) -> None:
    """PortOne's page on the confirm process shows none, its page on webhooks one for every type."""
    data = {key: value for key, value in DATA["Transaction.Confirm"].items() if key != "storeId"}
    event = parse_unverified(body("Transaction.Confirm", data=data))
    assert isinstance(event, TransactionConfirmWebhook)
    assert event.data.store_id is None
    assert not caplog.records


def test_a_form_may_have_more_fields_and_fewer() -> None:
    event = parse_unverified("payment_id=a&status=Frozen&note=")
    assert isinstance(event, LegacyWebhook)
    assert (event.payment_id, event.status, event.tx_id) == ("a", "Frozen", None)
    assert event.additional_properties == {"note": ""}


def test_a_body_with_a_type_is_not_a_legacy_one() -> None:
    assert isinstance(parse_unverified(body() [:-1] + b', "payment_id": "a"}'), TransactionPaidWebhook)  # fmt: skip


def test_other_names_are_unknown() -> None:
    with pytest.raises(AttributeError, match=r"'portone_async.webhooks' has no attribute 'Evnt'"):
        _ = webhooks.Evnt  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ({}, LegacyWebhook),
        ({"total_amount": 10_000}, LegacyWebhook),
        ({"total_amount": 10_000, "status": None}, LegacyConfirmWebhook),
        ({"status": None}, LegacyWebhook),
    ],
)
def test_only_an_amount_without_a_status_asks_whether_to_charge(
    changes: dict[str, object], model: type[LegacyWebhook | LegacyConfirmWebhook]
) -> None:
    fields = {name: value for name, value in {**LEGACY, **changes}.items() if value is not None}
    assert type(parse_unverified(json.dumps(fields).encode())) is model
