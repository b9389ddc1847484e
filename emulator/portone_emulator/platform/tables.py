"""What the lists of partner settlement and tax invoices are filtered and sorted by.

A table maps a filter's name to a path, such as `contact.email`. `|` separates several paths; a list
on a path stands for each of its items. Filters of a nested object are `keyword.name`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import Factory, frozen

from portone_emulator.state import json_values
from portone_emulator.state.index import ARRIVAL, Fields
from portone_emulator.state.json_values import JsonObject

Table: TypeAlias = Mapping[str, str]


def values_at(record: JsonObject, paths: str) -> list[Any]:
    """Return the values at the paths."""
    return [
        value
        for path in paths.split("|")
        for value in json_values.values_at(record, tuple(path.split(".")))
    ]


@frozen(kw_only=True)
class Filters:
    """The filters of a kind of record.

    `facets` and `lookups` want values: see `Fields`. `ranges` want a date or a time from one to
    another, and `texts` a part of a text.
    """

    facets: Table = Factory(dict[str, str])
    lookups: Table = Factory(dict[str, str])
    ranges: Table = Factory(dict[str, str])
    texts: Table = Factory(dict[str, str])

    def read(self, record: JsonObject) -> Fields:
        """Return the fields of a record."""
        times: dict[str, str | None] = {ARRIVAL: "-"}
        for name, paths in self.ranges.items():
            times[name] = next(iter(values_at(record, paths)), None)
        return Fields(
            times=times,
            facets={name: tuple(values_at(record, each)) for name, each in self.facets.items()},
            lookups={
                # Keywords are texts, also of numbers.
                name: tuple(map(str, values) if name.startswith("keyword.") else values)
                for name, values in (
                    (name, values_at(record, each)) for name, each in self.lookups.items()
                )
            },
        )


_POLICY_TEXTS = {"keyword.id": "id", "keyword.name": "name"}
_PARTNER = {
    "partnerIds": "partner.id",
    "partnerTags": "partner.tags",
}
FILTERS: Mapping[str, Filters] = {
    "contract": Filters(
        facets={
            "isArchived": "isArchived",
            "cycleTypes": "settlementCycle.method.type",
            "datePolicies": "settlementCycle.datePolicy",
            "platformFeePayers": "platformFeeVatPayer",
        },
        texts=_POLICY_TEXTS,
    ),
    "additionalFeePolicy": Filters(
        facets={"isArchived": "isArchived", "vatPayers": "vatPayer"},
        lookups={"keyword.fee": "fee.rate|fee.amount"},
        texts=_POLICY_TEXTS,
    ),
    "discountSharePolicy": Filters(
        facets={"isArchived": "isArchived"},
        lookups={"partnerShareRates": "partnerShareRate"},
        texts=_POLICY_TEXTS,
    ),
    "partner": Filters(
        facets={
            "isArchived": "isArchived",
            "banks": "account.bank",
            "accountCurrencies": "account.currency",
            "accountStatuses": "account.status",
            "types": "type.type",
            "businessStatuses": "type.businessStatus",
            "taxationTypes": "type.taxationType",
            "memberCompanyConnectionStatuses": "type.memberCompanyConnectionStatus",
        },
        lookups={
            "ids": "id",
            "tags": "tags",
            "contractIds": "defaultContractId",
            "account number": "account.number",
        },
        texts={
            "keyword.id": "id",
            "keyword.name": "name",
            "keyword.email": "contact.email",
            "keyword.memo": "memo",
            "keyword.defaultContractId": "defaultContractId",
            "keyword.businessRegistrationNumber": "type.businessRegistrationNumber",
            "keyword.accountNumber": "account.number",
            "keyword.accountHolder": "account.holder",
        },
    ),
    "transfer": Filters(
        facets={
            "types": "type",
            "channelKeys": "payment.channelKey",
            "paymentMethodTypes": "payment.method.type",
        },
        lookups={
            "contractIds": "contract.id",
            "partnerTags": "partner.tags",
            "additionalFeePolicyIds": (
                "additionalFees.policy.id|orderLines.additionalFees.policy.id"
            ),
            "discountSharePolicyIds": (
                "discounts.sharePolicy.id|orderLines.discounts.sharePolicy.id"
            ),
            "keyword.partnerId": "partner.id",
            "keyword.paymentId": "payment.id",
            "keyword.productId": "orderLines.product.id",
            "keyword.productName": "orderLines.product.name",
            "keyword.transferId": "id",
        },
        ranges={
            "settlementDateRange": "settlementDate",
            "settlementStartDateRange": "settlementStartDate",
        },
        texts={
            "keyword.partnerName": "partner.name",
            "keyword.partnerMemo": "partner.memo",
            "keyword.transferMemo": "memo",
        },
    ),
    "unsettled transfer": Filters(ranges={"settlementDate": "settlementDate"}),
    "partnerSettlement": Filters(
        facets={
            "statuses": "status",
            "settlementTypes": "type",
            "settlementCurrencies": "settlementCurrency",
        },
        lookups={
            **_PARTNER,
            "settlementDates": "settlementDate",
            "contractIds": "contract.id",
            "keyword.partnerSettlementId": "id",
            "keyword.payoutId": "payoutId",
            "keyword.bulkPayoutId": "bulkPayoutId",
        },
    ),
    "payout": Filters(
        facets={
            "statuses": "status",
            "partnerTypes": "partner.type.type",
            "partnerTaxationTypes": "partner.type.taxationType",
            "payoutAccountBanks": "account.bank",
            "payoutCurrencies": "currency",
            "settlementStatementStatuses": "settlementStatement.status",
            "taxInvoiceStatuses": "taxInvoiceStatus",
        },
        lookups={
            **_PARTNER,
            "payoutIds": "id",
            "criteria.payoutId": "id",
            "criteria.bulkPayoutId": "bulkPayoutId",
            "criteria.taxInvoiceId": "taxInvoiceId",
            "criteria.settlementStatementId": "settlementStatement.id",
        },
        ranges={
            "criteria.timestampRange": "createdAt",
            "criteria.scheduledTimestampRange": "scheduledAt",
            "criteria.statusUpdatedTimestampRange": "statusUpdatedAt",
            "criteria.settlementStatementIssuedTimestampRange": "settlementStatement.issuedAt",
        },
    ),
    "bulkPayout": Filters(
        facets={"statuses": "status", "methods": "method"},
        lookups={"criteria.bulkPayoutId": "id"},
        ranges={
            "criteria.timestampRange": "createdAt",
            "criteria.statusUpdatedTimestampRange": "statusUpdatedAt",
        },
    ),
    "accountTransfer": Filters(
        facets={"statuses": "status", "types": "type", "bankAccountId": "bankAccountId"},
        lookups={
            "accountTransferId": "id",
            "accountTransferIds": "id",
            "bulkAccountTransferId": "bulkAccountTransferId",
            "payoutId": "payoutId",
            "depositAccountHolder": "depositAccountHolder",
            "depositMemo": "depositMemo",
            "depositorName": "depositorName",
            "withdrawalMemo": "withdrawalMemo",
        },
        ranges={
            "createdTimestampRange": "createdAt",
            "scheduledTimestampRange": "scheduledAt",
            "statusUpdatedTimestampRange": "statusUpdatedAt",
            "tradeTimestampRange": "tradedAt",
        },
    ),
    "bulkAccountTransfer": Filters(
        facets={"statuses": "status"},
        lookups={"criteria.bulkAccountTransferId": "id"},
        ranges={
            "criteria.timestampRange": "createdAt",
            "criteria.statusUpdatedTimestampRange": "statusUpdatedAt",
        },
    ),
    "counterparty": Filters(
        facets={
            "businessStatuses": "businessStatus",
            "ntsConnectionStatuses": "ntsConnectionStatus",
        },
        lookups={
            "brn": "brn",
            "contactEmail": "contact.email",
            "contactName": "contact.name",
            "contactPhone": "contact.phoneNumber",
            "counterpartyIds": "id",
            "representativeName": "representativeName",
        },
        texts={"companyName": "companyName"},
    ),
    "taxInvoice": Filters(
        facets={
            "statuses": "status",
            "issuanceTypes": "issuanceType",
            "purposeTypes": "purposeType",
            "taxationTypes": "taxationType",
            "documentModificationTypes": "documentModificationType",
            "isDelayed": "isDelayed",
        },
        lookups={
            "supplierBrn": "supplier.brn",
            "counterpartyId": "supplier.counterpartyId|recipient.counterpartyId",
            "party brn": "supplier.brn|recipient.brn",
            "primaryFilter.taxInvoiceId": "id",
            "primaryFilter.taxInvoiceIds": "id",
            "primaryFilter.bulkTaxInvoiceId": "bulkTaxInvoiceId",
            "primaryFilter.ntsApprovalNumber": "ntsApprovalNumber",
            "primaryFilter.supplierDocumentKey": "supplierDocumentKey",
            "primaryFilter.recipientDocumentKey": "recipientDocumentKey",
            "primaryFilter.payoutId": "payoutId",
        },
    ),
}
"""The filters of each kind of record that is listed."""

_AMOUNTS = ("totalAmount", "totalSupplyAmount", "totalTaxAmount")
_INVOICE_TIMES = (
    "draftedAt",
    "writeDate",
    "issuanceDueDate",
    "requestedAt",
    "issuedAt",
    "ntsSentAt",
    "statusUpdatedAt",
)
_FINAL_STATUSES = frozenset(
    {
        "DRAFT_FAILED",
        "REQUEST_FAILED",
        "REQUEST_CANCELLED",
        "REQUEST_REFUSED",
        "ISSUE_FAILED",
        "ISSUANCE_CANCELLED",
        "SENDING_COMPLETED",
        "SENDING_FAILED",
    }
)
_OFFSET = 10**20
"""Makes the texts of amounts, which may be negative, equally long."""


def _of_tax_invoice(invoice: JsonObject) -> Fields:
    """Return the fields of a tax invoice, which is sorted by amounts, too."""
    times, facets, lookups = FILTERS["taxInvoice"].read(invoice)
    facets["is ongoing"] = (invoice["status"] not in _FINAL_STATUSES,)
    is_reverse = invoice["issuanceType"] == "REVERSE"
    lookups["partnerBrn"] = tuple(
        values_at(invoice, "supplier.brn" if is_reverse else "recipient.brn")
    )
    for name in _INVOICE_TIMES:
        times[name] = invoice.get(name)
    for name in _AMOUNTS:
        times[name] = str(invoice[name] + _OFFSET)
    return Fields(times, facets, lookups)


def _of_schedule(changes: JsonObject) -> Fields:
    """Return when the scheduled changes of a record come into force."""
    return Fields({"appliedAt": changes["appliedAt"]}, {}, {})


READERS: Mapping[str, Callable[[JsonObject], Fields]] = {
    **{kind: filters.read for kind, filters in FILTERS.items()},
    **{
        f"{kind} schedule": _of_schedule
        for kind in ("contract", "additionalFeePolicy", "discountSharePolicy", "partner")
    },
    "taxInvoice": _of_tax_invoice,
}
"""What is read from the records of each kind for its index."""
