"""The sections of the dashboard, which the script keeps up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import other_rows, payment_rows, request_rows, texts, webhook_rows
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator
from portone_emulator.web.tables import Column, table


@frozen
class Section:
    """A section with a table. `name` is its key in a snapshot, and the element's ID."""

    name: str
    title: Text
    empty: Text
    columns: Sequence[Column]
    row: Callable[[Translator, JsonObject], Sequence[object]]
    is_open_when_empty: bool = False


SECTIONS: Final = (
    Section(
        "payments",
        texts.PAYMENTS,
        texts.PAYMENTS_EMPTY,
        payment_rows.COLUMNS,
        payment_rows.row,
        is_open_when_empty=True,
    ),
    Section(
        "webhooks",
        texts.WEBHOOKS,
        texts.WEBHOOKS_EMPTY,
        webhook_rows.COLUMNS,
        webhook_rows.row,
        is_open_when_empty=True,
    ),
    Section(
        "requests",
        texts.REQUESTS,
        texts.REQUESTS_EMPTY,
        request_rows.COLUMNS,
        request_rows.row,
        is_open_when_empty=True,
    ),
    Section(
        "schedules",
        texts.SCHEDULES,
        texts.SCHEDULES_EMPTY,
        other_rows.SCHEDULE_COLUMNS,
        other_rows.schedule,
    ),
    Section(
        "billingKeys",
        texts.BILLING_KEYS,
        texts.BILLING_KEYS_EMPTY,
        other_rows.BILLING_KEY_COLUMNS,
        other_rows.billing_key,
    ),
    Section(
        "cashReceipts",
        texts.CASH_RECEIPTS,
        texts.CASH_RECEIPTS_EMPTY,
        other_rows.CASH_RECEIPT_COLUMNS,
        other_rows.cash_receipt,
    ),
    Section(
        "identityVerifications",
        texts.IDENTITY_VERIFICATIONS,
        texts.IDENTITY_VERIFICATIONS_EMPTY,
        other_rows.IDENTITY_VERIFICATION_COLUMNS,
        other_rows.identity_verification,
    ),
    Section(
        "partners",
        texts.PARTNERS,
        texts.PARTNERS_EMPTY,
        other_rows.PARTNER_COLUMNS,
        other_rows.partner,
    ),
)


def live(t: Translator, snapshot: JsonObject) -> Html:
    """Render the tables of a snapshot, with links to them."""
    sections = [_section(t, section, snapshot) for section in SECTIONS]
    content = [_navigation(t, snapshot), *sections]
    return element("div", content, id="live", data_url="/_emulator/live")


def _navigation(t: Translator, snapshot: JsonObject) -> Html:
    links = [
        element(
            "a",
            t(section.title),
            " ",
            element("span", f"{snapshot['counts'][section.name]:,}"),
            href=f"#{section.name}",
            data_key=f"link {section.name}",
        )
        for section in SECTIONS
    ]
    return element("nav", links, id="navigation", aria_label=t(texts.NAVIGATION))


def _section(t: Translator, section: Section, snapshot: JsonObject) -> Html:
    items = snapshot[section.name]
    shown, count = len(items), snapshot["counts"][section.name]
    counts = texts.COUNT if shown == count else texts.SHOWN
    title = element(
        "h2", t(section.title), " ", element("small", t(counts, shown=shown, count=count))
    )
    if items:
        caption = t(texts.LATEST_FIRST, title=t(section.title))
        content = table(t, caption, section.columns, [section.row(t, item) for item in items])
    else:
        content = element("p", t(section.empty), class_="empty")
    return element(
        "section",
        element(
            "details",
            element("summary", title, data_key=f"section {section.name}"),
            content,
            open=bool(items) or section.is_open_when_empty,
        ),
        id=section.name,
        class_="panel",
        tabindex=-1,
    )
