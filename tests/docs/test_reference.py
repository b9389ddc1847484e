"""The pages of the reference, before mkdocs makes a site of them."""

from __future__ import annotations

import posixpath
import re
from typing import TypeVar

import pytest
from attrs import evolve

from codegen.model import Api, Endpoint, Field, Schema
from codegen.prose import Prose
from codegen.reference.links import find
from codegen.reference.pages import pages, read_api
from codegen.reference.words import LABELS, LANGUAGES, Words, load_words

SUFFIXES = {"en": ".md", "ko": ".ko.md"}
_T = TypeVar("_T", Endpoint, Field, Schema)
EVERY_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def api() -> Api:
    return read_api()


@pytest.fixture(scope="module")
def texts(api: Api) -> dict[str, str]:
    return pages(api)


def section(text: str, name: str) -> str:
    """From a heading to the next one of its level or a higher one."""
    heading = re.search(rf"^(#+) \S+ \{{ #{name} \}}$", text, re.MULTILINE)
    assert heading
    following = re.compile(rf"^#{{2,{len(heading[1])}}} ", re.MULTILINE)
    end = following.search(text, heading.end())
    return text[heading.start() : end.start() if end else len(text)]


def test_both_languages_have_the_same_pages_and_labels(texts: dict[str, str]) -> None:
    english, korean = (
        {path.removesuffix(suffix) for path in texts if path.endswith(".ko.md") == (code == "ko")}
        for code, suffix in SUFFIXES.items()
    )
    assert english == korean
    for name, label in LABELS["en"].items():
        placeholders = re.findall(r"\{\w+\}", label)
        assert re.findall(r"\{\w+\}", LABELS["ko"][name]) == placeholders
        assert re.search(r"[가-힣]", LABELS["ko"][name])


def test_every_link_leads_to_a_heading(texts: dict[str, str]) -> None:
    headings = {
        path: set(re.findall(r"^##.*\{ #(\S+) \}$", text, re.MULTILINE))
        for path, text in texts.items()
    }
    links = 0
    for path, text in texts.items():
        for target, anchor in re.findall(r"\]\(([^)#]*)#([^)]*)\)", text):
            # A link names the English page; the site puts the Korean one in its place.
            page = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            assert anchor in headings[page if target else path], f"{path}: {target}#{anchor}"
            links += 1
    assert links > 10_000


@EVERY_LANGUAGE
def test_an_operation_says_whether_it_may_be_repeated(texts: dict[str, str], language: str) -> None:
    text = texts[f"operations/payment{SUFFIXES[language]}"]
    labels = LABELS[language]
    assert labels["safe"] in section(text, "get_payment")
    assert labels["keyed"] in section(text, "cancel_payment")
    assert labels["iterator"] in section(text, "iter_payments")


@EVERY_LANGUAGE
def test_an_argument_has_its_type_and_whether_it_is_required(
    texts: dict[str, str], language: str
) -> None:
    text = section(texts[f"operations/payment{SUFFIXES[language]}"], "cancel_payment")
    required = LABELS[language]["required"]
    assert f"`reason` <code>str</code> · {required}\n:   " in text
    assert "`amount` <code>int | None</code>\n:   " in text
    linked = "[CancelRequester](../enums/payment.md#CancelRequester)"
    assert f"`requester` <code>{linked} | None</code>\n:   " in text


def test_a_type_lists_what_refers_to_it(texts: dict[str, str]) -> None:
    payment = section(texts["models/payment.md"], "PaidPayment")
    assert "[`Payment`](#Payment)" in payment
    error = section(texts["errors.md"], "PaymentNotFoundError")
    assert "[`get_payment`](operations/payment.md#get_payment)" in error


@EVERY_LANGUAGE
def test_an_error_type_in_a_text_leads_to_its_class(texts: dict[str, str], language: str) -> None:
    text = section(texts[f"operations/payment{SUFFIXES[language]}"], "cancel_payment")
    description = text.partition(f"**{LABELS[language]['arguments']}**")[0]
    assert (
        "[`CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN`](../errors.md#CancellableAmountConsistencyBrokenError)"
        in description
    )


@EVERY_LANGUAGE
def test_what_is_withheld_says_since_when(api: Api, language: str) -> None:
    """An operation, one of its arguments, an enum, a class, one of its fields and an error."""

    def marked(item: _T) -> _T:
        return evolve(item, withheld="7.8.9")

    endpoints = tuple(
        evolve(marked(e), inputs=tuple(evolve(i, field=marked(i.field)) for i in e.inputs))
        if e.id == "getPayment"
        else e
        for e in api.endpoints
    )
    names = ("PaidPayment", "CancelRequester", "PaymentNotFoundError")
    schemas = api.schemas | {
        name: evolve(marked(api.schemas[name]), fields=tuple(map(marked, api.schemas[name].fields)))
        for name in names
    }
    texts = pages(evolve(api, endpoints=endpoints, schemas=schemas))
    label = LABELS[language]["withheld"].format("7.8.9")
    suffix = SUFFIXES[language]
    operation = section(texts[f"operations/payment{suffix}"], "get_payment")
    assert f"\n**{label}**\n" in operation
    assert re.search(rf"^`payment_id` .*\n:   .* {re.escape(label)}$", operation, re.MULTILINE)
    model = section(texts[f"models/payment{suffix}"], "PaidPayment")
    assert f"\n**{label}**\n" in model
    assert re.search(rf"^`order_name` .*\n:   .* {re.escape(label)}$", model, re.MULTILINE)
    assert f"\n**{label}**\n" in section(texts[f"enums/payment{suffix}"], "CancelRequester")
    assert f"\n**{label}**\n" in section(texts[f"errors{suffix}"], "PaymentNotFoundError")
    others = [text for path, text in texts.items() if path.startswith("operations/platform")]
    assert all("7.8.9" not in text for text in others)


def test_a_korean_page_is_in_korean(texts: dict[str, str]) -> None:
    """Objects, fields, values and errors have Korean words of their own."""
    for path, name, words in (
        ("models/payment", "PaidPayment", "완료된 결제."),
        ("models/payment", "PaidPayment", ":   주문명."),
        ("enums/payment", "CancelRequester", ":   구매자."),
        ("errors", "PaymentNotFoundError", "이 상점에는 해당 결제 ID의 결제가 없습니다."),
    ):
        assert words in section(texts[f"{path}.ko.md"], name)
    lines = [
        line
        for path, text in texts.items()
        if path.endswith(".ko.md")
        for line in re.findall(r"^:   (.*)$", text, re.MULTILINE)
    ]
    assert len(lines) > 5_000
    # Names of firms and versions are the same in both languages.
    english = [line for line in lines if re.search(r"[a-z]+ [a-z]", line)]
    assert [line for line in english if not re.search(r"[가-힣]", line)] == []


def test_english_stands_where_korean_has_no_words(api: Api) -> None:
    english = load_words("en")
    endpoint = next(e for e in api.endpoints if e.id == "cancelPayment")
    without = Words(LABELS["ko"], (Prose(), *english.prose))
    assert without.summary(endpoint) == english.summary(endpoint) != ""
    own = Prose(operations={"cancelPayment": {"summary": "취소합니다."}})
    assert Words(LABELS["ko"], (own, *english.prose)).summary(endpoint) == "취소합니다."


def test_names_are_described_in_one_place(api: Api) -> None:
    links = find(api)
    names = [e.name for e in api.endpoints] + [paging.iterator for paging in api.pages.values()]
    names += [s.class_name for s in api.schemas.values() if s.kind not in ("error", "errors")]
    names += api.exceptions.values()
    assert sorted(names) == sorted(links.pages)
