"""The pages of the reference, before mkdocs makes a site of them."""

from __future__ import annotations

import posixpath
import re

import pytest

from codegen.prose import Prose
from codegen.reference.links import find
from codegen.reference.pages import pages, read_api
from codegen.reference.words import LABELS, LANGUAGES, Words, load_words

SUFFIXES = {"en": ".md", "ko": ".ko.md"}
EVERY_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return pages()


def section(text: str, name: str) -> str:
    start = text.index(f"{{ #{name} }}")
    return text[start : text.find("\n## ", start)]


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
    error = texts["errors.md"]
    found = error[error.index("{ #PaymentNotFoundError }") :].partition("\n### ")[0]
    assert "[`get_payment`](operations/payment.md#get_payment)" in found


def test_english_stands_where_korean_has_no_words() -> None:
    english = load_words("en")
    endpoint = next(e for e in read_api().endpoints if e.id == "cancelPayment")
    without = Words(LABELS["ko"], (Prose(), *english.prose))
    assert without.summary(endpoint) == english.summary(endpoint) != ""
    own = Prose(operations={"cancelPayment": {"summary": "취소합니다."}})
    assert Words(LABELS["ko"], (own, *english.prose)).summary(endpoint) == "취소합니다."


def test_names_are_described_in_one_place() -> None:
    api = read_api()
    links = find(api)
    names = [e.name for e in api.endpoints] + [paging.iterator for paging in api.pages.values()]
    names += [s.class_name for s in api.schemas.values() if s.kind not in ("error", "errors")]
    names += api.exceptions.values()
    assert sorted(names) == sorted(links.pages)
