"""The rows of partner settlement and tax invoices. No account number is among them."""

from __future__ import annotations

from typing import Final

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import texts
from portone_emulator.web.badges import status_badge
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.money import money
from portone_emulator.web.tables import Column
from portone_emulator.web.times import time_element

PARTNER_COLUMNS: Final = (
    Column(texts.PARTNER),
    Column(texts.STATUS),
    Column(texts.PARTNER_TYPE),
    Column(texts.CONTRACT),
    Column(texts.APPLIED_AT),
)
CONTRACT_COLUMNS: Final = (
    Column(texts.CONTRACT_NAME),
    Column(texts.PLATFORM_FEE),
    Column(texts.SETTLEMENT_CYCLE),
    Column(texts.APPLIED_AT),
)
POLICY_COLUMNS: Final = (
    Column(texts.POLICY),
    Column(texts.POLICY_TYPE),
    Column(texts.RATE),
    Column(texts.APPLIED_AT),
)
TRANSFER_COLUMNS: Final = (
    Column(texts.TRANSFER),
    Column(texts.STATUS),
    Column(texts.SETTLEMENT_TYPE),
    Column(texts.AMOUNT, is_number=True),
    Column(texts.SETTLEMENT_DATE),
)
SETTLEMENT_COLUMNS: Final = (Column(texts.PARTNER_SETTLEMENT), *TRANSFER_COLUMNS[1:])
PAYOUT_COLUMNS: Final = (
    Column(texts.PAYOUT),
    Column(texts.STATUS),
    Column(texts.PAYOUT_METHOD),
    Column(texts.AMOUNT, is_number=True),
    Column(texts.SINCE),
)
TAX_INVOICE_COLUMNS: Final = (
    Column(texts.TAX_INVOICE),
    Column(texts.STATUS),
    Column(texts.PARTIES),
    Column(texts.AMOUNT, is_number=True),
    Column(texts.WRITE_DATE),
)


def partner(t: Translator, partner: JsonObject) -> list[object]:
    """Render the cells of a partner."""
    kind = partner["type"]["type"]
    return [
        _named(t, partner),
        status_badge(t, texts.PARTNER_STATUSES, partner["status"]),
        t(texts.PARTNER_TYPES[kind]) if kind in texts.PARTNER_TYPES else kind,
        partner["defaultContractId"],
        time_element(partner["appliedAt"]),
    ]


def contract(t: Translator, contract: JsonObject) -> list[object]:
    """Render the cells of a contract."""
    cycle: JsonObject = contract["settlementCycle"]
    method = cycle["method"]["type"]
    return [
        _named(t, contract),
        _fee(contract["platformFee"]),
        [t(texts.CYCLES[method]), element("small", f"D+{cycle['lagDays']}")],
        time_element(contract["appliedAt"]),
    ]


def policy(t: Translator, policy: JsonObject) -> list[object]:
    """Render the cells of an additional-fee policy or a discount-share policy."""
    is_fee = "fee" in policy
    return [
        _named(t, policy),
        t(texts.ADDITIONAL_FEE if is_fee else texts.DISCOUNT_SHARE),
        _fee(policy["fee"]) if is_fee else _percent(policy["partnerShareRate"]),
        time_element(policy["appliedAt"]),
    ]


def transfer(t: Translator, transfer: JsonObject) -> list[object]:
    """Render the cells of a transfer."""
    is_manual = transfer["type"] == "MANUAL"
    amount = transfer["settlementAmount"] if is_manual else transfer["amount"]["settlement"]
    return _of_partner(t, transfer, texts.TRANSFER_STATUSES, amount)


def settlement(t: Translator, settlement: JsonObject) -> list[object]:
    """Render the cells of a partner settlement."""
    return _of_partner(t, settlement, texts.SETTLEMENT_STATUSES, settlement["amount"])


def payout(t: Translator, payout: JsonObject) -> list[object]:
    """Render the cells of a payout."""
    return [
        _identified(t, payout, payout["partner"]["name"]),
        status_badge(t, texts.PAYOUT_STATUSES, payout["status"]),
        t(texts.PAYOUT_METHODS[payout["method"]]),
        _money(payout["amount"], payout["currency"]),
        time_element(payout["statusUpdatedAt"]),
    ]


def tax_invoice(t: Translator, invoice: JsonObject) -> list[object]:
    """Render the cells of a tax invoice; of its parties, the supplier first."""
    return [
        _identified(t, invoice, t(texts.ISSUANCE_TYPES[invoice["issuanceType"]])),
        status_badge(t, texts.TAX_INVOICE_STATUSES, invoice["status"]),
        [_party(invoice["supplier"]), element("small", "→ ", _party(invoice["recipient"]))],
        _money(invoice["totalAmount"], "KRW"),
        invoice["writeDate"],
    ]


def _of_partner(
    t: Translator, record: JsonObject, statuses: texts.Statuses, amount: int
) -> list[object]:
    return [
        _identified(t, record, record["partner"]["name"]),
        status_badge(t, statuses, record["status"]),
        t(texts.SETTLEMENT_TYPES[record["type"]]),
        _money(amount, record["settlementCurrency"]),
        record["settlementDate"],
    ]


def _named(t: Translator, record: JsonObject) -> list[Html]:
    """Render what has a name and an ID."""
    title = [element("strong", record["name"]), element("small", record["id"])]
    return [*title, *_marks(t, record)]


def _identified(t: Translator, record: JsonObject, note: str) -> list[Html]:
    """Render what has an ID only, mostly a generated one."""
    return [element("code", record["id"]), element("small", note), *_marks(t, record)]


def _marks(t: Translator, record: JsonObject) -> list[Html]:
    marks = {"isForTest": texts.TEST_DATA, "isArchived": texts.ARCHIVED}
    return [element("small", t(text)) for name, text in marks.items() if record.get(name)]


def _party(company: JsonObject) -> str:
    return company.get("companyName") or company["brn"]


def _fee(fee: JsonObject) -> str:
    return _percent(fee["rate"]) if fee["type"] == "FIXED_RATE" else f"{fee['amount']:,}"


def _percent(rate: int) -> str:
    """Format a rate in thousandths of a percent."""
    return f"{rate / 1000:g} %"


def _money(amount: int, currency: str) -> Html:
    return element("span", money(amount, currency), class_="money")
