"""The pages' language: negotiated by `Accept-Language`, and complete."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import httpx
import pytest

import portone_emulator.web
from portone_emulator import Emulator
from portone_emulator.document.document import load
from portone_emulator.payments.methods import PayMethod
from portone_emulator.scenarios.faults import FaultKind
from portone_emulator.scenarios.future import ChangeName
from portone_emulator.web import texts
from portone_emulator.web.language import Text, negotiate

WEB = Path(portone_emulator.web.__file__).parent
MODULES = [path for path in WEB.rglob("*.py") if path.stem.endswith("texts")]


def constants(path: Path) -> dict[str, Any]:
    """Return the texts and the tables of texts that a module defines."""
    name = ".".join(path.relative_to(WEB).with_suffix("").parts)
    module = import_module(f"portone_emulator.web.{name}")
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, Text)
        or (isinstance(value, dict) and any(isinstance(each, Text) for each in value.values()))
    }


TEXTS = [
    pytest.param(text, id=f"{path.stem}.{name}{f'.{key}' if key else ''}")
    for path in MODULES
    for name, value in constants(path).items()
    for key, text in (value.items() if isinstance(value, dict) else [("", value)])
]


def fields(pattern: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}


def test_texts_are_found() -> None:
    assert texts.__file__ in map(str, MODULES)
    assert len(TEXTS) > 50


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_complete_in_both_languages(text: Text) -> None:
    assert text.en.strip()
    assert text.ko.strip()
    # An error's Korean text may say all that the message says.
    assert fields(text.ko) == fields(text.en) or text.en == "{message}"
    assert not re.search("[가-힣]", text.en)
    # A Korean text is Korean, unless it is a proper name.
    assert re.search("[가-힣]", text.ko) or text.ko == text.en or fields(text.ko)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_text_is_used(path: Path) -> None:
    others = "".join(each.read_text() for each in WEB.rglob("*.py") if each != path)
    own = path.read_text()
    unused = [
        name
        for name in constants(path)
        if not re.search(rf"\b{path.stem}\.{name}\b", others)
        and len(re.findall(rf"\b{name}\b", own)) == 1  # part of a table in the same module
    ]
    assert unused == []


def test_every_status_and_method_has_its_text() -> None:
    document = load()
    assert texts.PAYMENT_STATUSES.keys() == set(document.variants("Payment"))
    assert texts.SCHEDULE_STATUSES.keys() == set(document.variants("PaymentSchedule"))
    assert texts.BILLING_KEY_STATUSES.keys() == set(document.variants("BillingKeyInfo"))
    assert texts.CASH_RECEIPT_STATUSES.keys() == set(document.variants("CashReceipt"))
    assert texts.CANCELLATION_STATUSES.keys() == set(document.variants("PaymentCancellation"))
    verification = document.variants("IdentityVerification")
    assert texts.IDENTITY_VERIFICATION_STATUSES.keys() == set(verification)
    assert texts.PARTNER_STATUSES.keys() == set(document.enum("PlatformPartnerStatus"))
    assert texts.PARTNER_TYPES.keys() == set(document.variants("PlatformPartnerType"))
    assert texts.CASH_RECEIPT_TYPES.keys() == set(document.enum("CashReceiptType"))
    assert texts.METHODS.keys() == {name.upper() for name in get_args(PayMethod)}
    assert texts.FAULT_KINDS.keys() == set(get_args(FaultKind))
    assert texts.CHANGES.keys() == set(get_args(ChangeName))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("KO-kr", "ko"),
        ("ko-Kore-KR", "ko"),
        ("en-US,en;q=0.9", "en"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.5, ko;q=0.8", "ko"),
        ("en;q=0.8,ko", "ko"),
        ("ko;q=0.001,en;q=0", "ko"),
        ("fr,ko;q=0.3", "ko"),
        ("fr,de;q=0.5", "en"),
        ("fr,*;q=0.5", "en"),
        ("*", "en"),
        ("en;q=0.2,*", "ko"),
        ("ko;q=0,*", "en"),
        ("ko,*", "ko"),
        ("en,ko", "en"),
        ("ko,en", "ko"),
        ("ko ; q = 0.5 , en;q=0.4", "ko"),
        ("kok,en;q=0.1", "en"),  # Konkani
        ("ko;q=2,en;q=0.1", "en"),  # not a weight
        ("ko;q=x", "en"),
        (",;q=1,ko_KR,*;*", "en"),
        ("한국어,ko;q=0.1", "ko"),
    ],
)
def test_negotiation(header: str, language: str) -> None:
    assert negotiate(header).language == language


@pytest.mark.parametrize(
    ("header", "language", "shown"),
    [("en", "en", texts.PAYMENTS.en), ("ko-KR,ko;q=0.9,en;q=0.8", "ko", texts.PAYMENTS.ko)],
)
def test_page_is_in_the_language(
    emulator: Emulator, header: str, language: str, shown: str
) -> None:
    for path in ("/", "/_emulator/live"):
        response = httpx.get(emulator.url + path, headers={"Accept-Language": header}, verify=False)
        assert shown in response.text
        assert response.headers["Content-Language"] == language
        assert response.headers["Vary"] == "Accept-Language"
    assert (
        f'<html lang="{language}">'
        in httpx.get(emulator.url, headers={"Accept-Language": header}, verify=False).text
    )
