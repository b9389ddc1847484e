"""Partner settlements: what transfers come to on their settlement date.

On that day, a partner's transfers of one type, contract and currency become one settlement, manual
ones each their own if the settings say so. This happens when somebody looks, so that no timer is
needed.
"""

from __future__ import annotations

import orjson

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import amounts, dates, filters, transfer_records
from portone_emulator.platform.counts import count_selected
from portone_emulator.platform.filters import select
from portone_emulator.platform.records import error_about, graphql_id, is_for_test, records
from portone_emulator.platform.setting import current_setting
from portone_emulator.state.index import ARRIVAL, Period
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State

PAYABLE = frozenset({"PAYOUT_PREPARED", "PAYOUT_FAILED"})
"""The statuses in which a settlement can be paid out, or deleted."""

_COUNTS = {
    "PAYOUT_SCHEDULED": "payoutScheduled",
    "PAYOUT_PREPARED": "payoutPrepared",
    "PAYOUT_WITHHELD": "payoutWithheld",
    "PAYOUT_EXCLUDED": "payoutExcluded",
    "PAYOUT_FAILED": "payoutFailed",
    "IN_PAYOUT": "inPayout",
    "PAID_OUT": "paidOut",
    "CANCELLED": "payoutCancelled",
    "CONFIRMED": "payoutConfirmed",
}


def with_status(state: State, transfer: JsonObject, *, test: bool) -> JsonObject:
    """Return a transfer with its status of today, and the settlement and payout that it is in."""
    links = records(state, "settlement of transfer", test=test)
    settlement_id = links.get(transfer["id"], {}).get("id", "")
    settlement = records(state, "partnerSettlement", test=test).get(settlement_id, {})
    today = dates.today(state)
    if transfer["settlementDate"] <= today:
        status = "PAID_OUT" if settlement.get("status") == "PAID_OUT" else "SETTLED"
    elif transfer.get("settlementStartDate", today) <= today:
        status = "IN_PROCESS"
    else:
        status = "SCHEDULED"
    return {
        **transfer,
        "status": status,
        "partnerSettlementId": settlement.get("id"),
        "payoutId": settlement.get("payoutId"),
    }


def settle(state: State, *, test: bool) -> None:
    """Make settlements of the transfers whose day has come."""
    today = dates.today(state)
    transfers = records(state, "transfer", test=test)
    unsettled = records(state, "unsettled transfer", test=test)
    due = unsettled.index.select({}, Period("settlementDate", "", today))
    for transfer_id in due.keys(ARRIVAL, is_ascending=True):
        if transfers[transfer_id]["settlementDate"] > today:  # of a snapshot without dates
            continue
        del unsettled[transfer_id]
        _add_transfer(state, transfers[transfer_id], test=test)


def _add_transfer(state: State, transfer: JsonObject, *, test: bool) -> None:
    """Add a transfer to the settlement that it belongs to, a new one if there is none."""
    settlements = records(state, "partnerSettlement", test=test)
    groups = records(state, "open settlement", test=test)
    group = _group(state, transfer, test=test)
    settlement = settlements.get(groups.get(group, {}).get("id", ""))
    if settlement is None or settlement["status"] != "PAYOUT_PREPARED":
        settlement = _new_settlement(state, transfer, test=test)
        groups[group] = {"id": settlement["id"]}
    else:
        settlement = _merge(settlement, transfer)
    settlements[settlement["id"]] = settlement
    records(state, "settlement of transfer", test=test)[transfer["id"]] = {"id": settlement["id"]}


def _group(state: State, transfer: JsonObject, *, test: bool) -> str:
    """Return a text that is the same for transfers that are settled together."""
    is_alone = (
        transfer["type"] == "MANUAL"
        and current_setting(state, test=test)["manualSettlementPerTransfer"]
    )
    parts = [
        transfer["type"],
        transfer["partner"]["id"],
        transfer.get("contract", {}).get("id"),
        transfer["settlementDate"],
        transfer["settlementCurrency"],
        transfer["id"] if is_alone else None,
    ]
    return orjson.dumps(parts).decode()


def _new_settlement(state: State, transfer: JsonObject, *, test: bool) -> JsonObject:
    settlement_id = f"partner-settlement-{state.ids.uuid()}"
    common = omit_none(
        type=transfer["type"],
        id=settlement_id,
        graphqlId=graphql_id("partnerSettlement", settlement_id),
        isForTest=test,
        partner=transfer["partner"],
        contract=transfer.get("contract"),
        settlementDate=transfer["settlementDate"],
        settlementCurrency=transfer["settlementCurrency"],
        status="PAYOUT_PREPARED",
        statusUpdatedAt=state.now(),
        transferIds=[transfer["id"]],
    )
    if transfer["type"] == "MANUAL":
        return common | {
            "amount": transfer["settlementAmount"],
            "taxFreeAmount": transfer["settlementTaxFreeAmount"],
        }
    start = transfer["settlementStartDate"]
    return common | {
        "amount": transfer["amount"],
        "settlementStartDateRange": {"from": start, "until": start},
    }


def _merge(settlement: JsonObject, transfer: JsonObject) -> JsonObject:
    merged = settlement | {"transferIds": [*settlement["transferIds"], transfer["id"]]}
    if transfer["type"] == "MANUAL":
        return merged | {
            "amount": settlement["amount"] + transfer["settlementAmount"],
            "taxFreeAmount": settlement["taxFreeAmount"] + transfer["settlementTaxFreeAmount"],
        }
    start, starts = transfer["settlementStartDate"], settlement["settlementStartDateRange"]
    return merged | {
        "amount": amounts.add([settlement["amount"], transfer["amount"]]),
        "settlementStartDateRange": {
            "from": min(start, starts["from"]),
            "until": max(start, starts["until"]),
        },
    }


def change(state: State, settlement: JsonObject, *, test: bool, **changes: str) -> None:
    """Change a settlement's status, and whatever changes with it."""
    records(state, "partnerSettlement", test=test)[settlement["id"]] = (
        settlement | changes | {"statusUpdatedAt": state.now()}
    )


def find_all(state: State, ids: list[str], *, test: bool) -> list[JsonObject]:
    """Return settlements, in the order of their IDs.

    Raises:
        EmulatedAPIError: PLATFORM_PARTNER_SETTLEMENTS_NOT_FOUND.
    """
    settle(state, test=test)
    settlements = records(state, "partnerSettlement", test=test)
    missing = [each for each in ids if each not in settlements]
    if missing:
        raise error_about(
            "PLATFORM_PARTNER_SETTLEMENTS_NOT_FOUND",
            "partner settlements do not exist",
            "partnerSettlement",
            missing,
        )
    return [settlements[each] for each in ids]


def _list(state: State, request: ParsedRequest) -> JsonObject:
    test = is_for_test(request)
    settle(state, test=test)
    found = select(state, "partnerSettlement", request.body.get("filter", {}), test=test)
    items, page = filters.page(state, "partnerSettlement", found, request.body, test=test)
    variants = state.document.variants("PlatformPartnerSettlement")
    return {
        "items": [state.document.pick(variants[each["type"]], each) for each in items],
        "page": page,
        "counts": count_selected(found, _COUNTS),
    }


def _delete(state: State, request: ParsedRequest) -> JsonObject:
    """Delete settlements with their transfers."""
    test = is_for_test(request)
    ids = list(dict.fromkeys(request.body["partnerSettlementIds"]))
    settlements = find_all(state, ids, test=test)
    fixed = [each["id"] for each in settlements if each["status"] not in PAYABLE]
    if fixed:
        raise error_about(
            "PLATFORM_NON_DELETABLE_PARTNER_SETTLEMENTS",
            "partner settlements are paid out",
            "partnerSettlement",
            fixed,
        )
    deleted = {each for settlement in settlements for each in settlement["transferIds"]}
    needed = [
        settlement["id"]
        for settlement in settlements
        if not _transfers_that_refer(state, settlement, test=test) <= deleted
    ]
    if needed:
        raise EmulatedAPIError(
            "PLATFORM_REFERENCED_CANCEL_ORDER_TRANSFERS_EXIST",
            "other transfers take orders in them back",
            ids=needed,
        )
    for settlement in settlements:
        del records(state, "partnerSettlement", test=test)[settlement["id"]]
    for transfer_id in deleted:
        del records(state, "settlement of transfer", test=test)[transfer_id]
        transfer_records.remove(
            state, transfer_records.find(state, transfer_id, test=test), test=test
        )
    return {}


def _transfers_that_refer(state: State, settlement: JsonObject, *, test: bool) -> set[str]:
    """Return the IDs of the transfers that take orders of a settlement back."""
    return {
        cancellation["id"]
        for transfer_id in settlement["transferIds"]
        for cancellation in transfer_records.cancellations_of(
            state, transfer_records.find(state, transfer_id, test=test), test=test
        )
    }


HANDLERS: dict[str, Handler] = {
    "getPlatformPartnerSettlements": _list,
    "deletePlatformPartnerSettlements": _delete,
}
