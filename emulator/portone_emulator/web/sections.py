"""The sections of the dashboard, which the script keeps up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import (
    other_rows,
    payment_rows,
    platform_rows,
    request_rows,
    texts,
    webhook_rows,
)
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator
from portone_emulator.web.tables import Column
from portone_emulator.web.tables import table as render_table


@frozen
class Table:
    """A table. `name` is its key in the data."""

    name: str
    title: Text
    columns: Sequence[Column]
    row: Callable[[Translator, JsonObject], Sequence[object]]


@frozen
class Section:
    """A section of the page with one table, or several that can be folded. `name` is its ID."""

    name: str
    title: Text
    empty: Text
    tables: Sequence[Table]
    is_open_when_empty: bool = False

    def count(self, data: JsonObject) -> int:
        """Return how many rows there are in all."""
        return sum(data["counts"][each.name] for each in self.tables)


def _with_table(
    name: str,
    title: Text,
    empty: Text,
    columns: Sequence[Column],
    row: Callable[[Translator, JsonObject], Sequence[object]],
    *,
    is_open_when_empty: bool = False,
) -> Section:
    return Section(name, title, empty, [Table(name, title, columns, row)], is_open_when_empty)


SECTIONS: Final = (
    _with_table(
        "payments",
        texts.PAYMENTS,
        texts.PAYMENTS_EMPTY,
        payment_rows.COLUMNS,
        payment_rows.row,
        is_open_when_empty=True,
    ),
    _with_table(
        "webhooks",
        texts.WEBHOOKS,
        texts.WEBHOOKS_EMPTY,
        webhook_rows.COLUMNS,
        webhook_rows.row,
        is_open_when_empty=True,
    ),
    _with_table(
        "requests",
        texts.REQUESTS,
        texts.REQUESTS_EMPTY,
        request_rows.COLUMNS,
        request_rows.row,
        is_open_when_empty=True,
    ),
    _with_table(
        "schedules",
        texts.SCHEDULES,
        texts.SCHEDULES_EMPTY,
        other_rows.SCHEDULE_COLUMNS,
        other_rows.schedule,
    ),
    _with_table(
        "billingKeys",
        texts.BILLING_KEYS,
        texts.BILLING_KEYS_EMPTY,
        other_rows.BILLING_KEY_COLUMNS,
        other_rows.billing_key,
    ),
    _with_table(
        "cashReceipts",
        texts.CASH_RECEIPTS,
        texts.CASH_RECEIPTS_EMPTY,
        other_rows.CASH_RECEIPT_COLUMNS,
        other_rows.cash_receipt,
    ),
    _with_table(
        "identityVerifications",
        texts.IDENTITY_VERIFICATIONS,
        texts.IDENTITY_VERIFICATIONS_EMPTY,
        other_rows.IDENTITY_VERIFICATION_COLUMNS,
        other_rows.identity_verification,
    ),
    Section(
        "platform",
        texts.PLATFORM,
        texts.PLATFORM_EMPTY,
        (
            Table("partners", texts.PARTNERS, platform_rows.PARTNER_COLUMNS, platform_rows.partner),
            Table(
                "contracts", texts.CONTRACTS, platform_rows.CONTRACT_COLUMNS, platform_rows.contract
            ),
            Table("policies", texts.POLICIES, platform_rows.POLICY_COLUMNS, platform_rows.policy),
            Table(
                "transfers", texts.TRANSFERS, platform_rows.TRANSFER_COLUMNS, platform_rows.transfer
            ),
            Table(
                "partnerSettlements",
                texts.PARTNER_SETTLEMENTS,
                platform_rows.SETTLEMENT_COLUMNS,
                platform_rows.settlement,
            ),
            Table("payouts", texts.PAYOUTS, platform_rows.PAYOUT_COLUMNS, platform_rows.payout),
            Table(
                "taxInvoices",
                texts.TAX_INVOICES,
                platform_rows.TAX_INVOICE_COLUMNS,
                platform_rows.tax_invoice,
            ),
        ),
    ),
)


def live(t: Translator, data: JsonObject) -> Html:
    """Render the tables of the data, with links to them."""
    sections = [_section(t, section, data) for section in SECTIONS]
    content = [_navigation(t, data), *sections]
    return element("div", content, id="live", data_url="/_emulator/live")


def _navigation(t: Translator, data: JsonObject) -> Html:
    links = [
        element(
            "a",
            t(section.title),
            " ",
            element("span", f"{section.count(data):,}"),
            href=f"#{section.name}",
            data_key=f"link {section.name}",
        )
        for section in SECTIONS
    ]
    return element("nav", links, id="navigation", aria_label=t(texts.NAVIGATION))


def _section(t: Translator, section: Section, data: JsonObject) -> Html:
    shown = [table for table in section.tables if data[table.name]]
    if not shown:
        content: object = element("p", t(section.empty), class_="empty")
    elif len(section.tables) == 1:
        content = _table(t, section.tables[0], data)
    else:
        content = [_folded(t, table, data) for table in shown]
    note = t(texts.COUNT, count=section.count(data))
    if len(section.tables) == 1:
        note = _count(t, section.tables[0], data)
    title = element("h2", t(section.title), " ", element("small", note))
    return element(
        "section",
        element(
            "details",
            element("summary", title, data_key=f"section {section.name}"),
            content,
            open=bool(shown) or section.is_open_when_empty,
        ),
        id=section.name,
        class_="panel",
        tabindex=-1,
    )


def _folded(t: Translator, table: Table, data: JsonObject) -> Html:
    title = element("h3", t(table.title), " ", element("small", _count(t, table, data)))
    return element(
        "details",
        element("summary", title, data_key=f"table {table.name}"),
        _table(t, table, data),
        class_="folded",
    )


def _count(t: Translator, table: Table, data: JsonObject) -> str:
    """Return how many rows there are, and how many of them are shown."""
    shown, count = len(data[table.name]), data["counts"][table.name]
    return t(texts.COUNT if shown == count else texts.SHOWN, shown=shown, count=count)


def _table(t: Translator, table: Table, data: JsonObject) -> Html:
    caption = t(texts.LATEST_FIRST, title=t(table.title))
    rows = [table.row(t, item) for item in data[table.name]]
    return render_table(t, caption, table.columns, rows)
