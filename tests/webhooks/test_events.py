"""What a webhook reads as."""

from __future__ import annotations

import json
import logging
from typing import get_args
from urllib.parse import urlencode

import pytest

from portone_async import UnknownVariant, models, webhooks
from portone_async.converter import converter
from portone_async.models import (
    BillingKeyIssuedWebhook,
    LegacyWebhook,
    TaxInvoiceIssuedWebhook,
    TransactionConfirmWebhook,
    TransactionPaidWebhook,
    TransactionPartialCancelledWebhook,
)
from portone_async.webhooks import parse_unverified, sign, verify

from .samples import DATA, SECRET, body, webhook

LEGACY = {"payment_id": "주문 1", "tx_id": "tx-1", "status": "Paid"}


@pytest.mark.parametrize("kind", DATA)
def test_each_type_has_a_model_of_its_own_and_is_written_back_as_it_came(kind, caplog):
    event = verify(body(kind), sign(body(kind), SECRET), SECRET).event
    assert type(event).__name__ == f"{kind.replace('.', '')}Webhook"
    assert event.type == kind
    assert converter.unstructure(event) == webhook(kind)
    assert converter.structure(webhook(kind), models.Webhook) == event
    assert converter.structure(webhook(kind), webhooks.Event) == event
    assert not caplog.records


def test_the_union_holds_exactly_these_types():
    names = {member.__name__ for member in get_args(models.Webhook)}
    assert names == {f"{kind.replace('.', '')}Webhook" for kind in DATA} | {"UnknownVariant"}
    assert set(get_args(webhooks.Event)) == {*get_args(models.Webhook), LegacyWebhook}


def test_the_data_of_each_family_is_typed():
    match parse_unverified(body("Transaction.PartialCancelled")):
        case TransactionPartialCancelledWebhook(data=data):
            assert (data.payment_id, data.cancellation_id) == ("order-1", "cancellation-1")
    match parse_unverified(body("Transaction.Confirm")):
        case TransactionConfirmWebhook(data=data):
            assert data.total_amount == 10_000
    match parse_unverified(body("BillingKey.Issued")):
        case BillingKeyIssuedWebhook(data=data):
            assert data.billing_key == "billing-key-1"
            assert "billing-key-1" not in repr(data)
    match parse_unverified(body("TaxInvoice.Issued")):
        case TaxInvoiceIssuedWebhook(data=data):
            assert (data.tax_invoice_id, data.total_tax_amount) == ("invoice-1", 1_000)


def test_a_type_that_nobody_knows_yet_is_an_unknown_variant():
    event = parse_unverified(body("Escrow.Shipped"))
    assert event == UnknownVariant("Escrow.Shipped", webhook("Escrow.Shipped"))


@pytest.mark.parametrize("kind", [None, 1, ["Transaction.Paid"], {}])
def test_a_type_that_is_no_text_is_an_unknown_variant(kind):
    assert parse_unverified(json.dumps(webhook() | {"type": kind})).tag is None
    assert parse_unverified("{}") == UnknownVariant(None, {})


def test_unknown_fields_are_kept():
    data = DATA["Transaction.Paid"] | {"installment": 3}
    event = parse_unverified(body(data=data, retry=2))
    assert event.additional_properties == {"retry": 2}
    assert event.data.additional_properties == {"installment": 3}


def test_departures_are_read_as_they_are_and_logged_without_their_values(caplog):
    content = body("Transaction.Confirm", timestamp="marker-1", data={"totalAmount": "marker-2"})
    with caplog.at_level(logging.WARNING, "portone_async"):
        event = parse_unverified(content)
    assert isinstance(event, TransactionConfirmWebhook)
    assert (event.timestamp, event.data.total_amount, event.data.payment_id) == (
        "marker-1", "marker-2", None)  # fmt: skip
    assert "marker" not in caplog.text
    assert parse_unverified(json.dumps({"type": "Transaction.Paid"})).data is None
    assert parse_unverified(body(data=[1])).data == [1]


@pytest.mark.parametrize("content", [json.dumps(LEGACY), urlencode(LEGACY)], ids=["json", "form"])
def test_the_body_of_2024_01_01_has_its_own_model(content):
    event = verify(content, sign(content, SECRET), SECRET).event
    assert event == LegacyWebhook(payment_id="주문 1", tx_id="tx-1", status="Paid")
    assert converter.unstructure(event) == LEGACY


def test_a_form_may_have_more_fields_and_fewer():
    event = parse_unverified("payment_id=a&status=Frozen&note=")
    assert (event.payment_id, event.status, event.tx_id) == ("a", "Frozen", None)
    assert event.additional_properties == {"note": ""}


def test_what_has_a_type_is_no_old_body():
    assert isinstance(parse_unverified(body() [:-1] + b', "payment_id": "a"}'), TransactionPaidWebhook)  # fmt: skip
