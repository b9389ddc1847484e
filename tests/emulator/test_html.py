"""Content is escaped: nothing put into HTML becomes HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_emulator.web.html import Html, element, text
from portone_emulator.web.money import money


class Reader(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.content = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.content += data


# Without control characters and surrogates: HTML parsers replace some of them.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@given(TEXTS, TEXTS)
def test_any_text_stays_text(content: str, value: str) -> None:
    read = Reader(element("p", content, [content], title=value))
    assert read.tags == [("p", {"title": value})]
    assert read.content == content * 2


def test_elements_nest() -> None:
    inner = element("b", "<")
    assert element("p", inner, None, [inner, "&"]) == "<p><b>&lt;</b><b>&lt;</b>&amp;</p>"
    assert isinstance(text("x"), Html)


def test_attributes() -> None:
    made = element("input", class_="a", data_key="b", required=True, value=None, checked=False)
    assert made == '<input class="a" data-key="b" required>'


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (0, "KRW", "0 KRW"),
        (1234567, "KRW", "1,234,567 KRW"),
        (5, "USD", "0.05 USD"),
        (123456, "EUR", "1,234.56 EUR"),
        (1234, "JPY", "1,234 JPY"),
        (1234, "KWD", "1.234 KWD"),
        (-1050, "USD", "-10.50 USD"),
    ],
)
def test_amounts(amount: int, currency: str, shown: str) -> None:
    assert money(amount, currency) == shown
