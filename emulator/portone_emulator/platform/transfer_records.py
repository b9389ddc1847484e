"""The records of transfers, and which belong to the same payment."""

from __future__ import annotations

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.platform.records import records
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State


def find(state: State, transfer_id: str, *, test: bool) -> JsonObject:
    """Return a transfer.

    Raises:
        EmulatedAPIError: PLATFORM_TRANSFER_NOT_FOUND.
    """
    transfer = records(state, "transfer", test=test).get(transfer_id)
    if transfer is None:
        raise EmulatedAPIError("PLATFORM_TRANSFER_NOT_FOUND", "no transfer has this ID")
    return transfer


def add(state: State, transfer: JsonObject, *, test: bool) -> None:
    """Keep a new transfer."""
    transfer_id = transfer["id"]
    records(state, "transfer", test=test)[transfer_id] = transfer
    unsettled = records(state, "unsettled transfer", test=test)
    unsettled[transfer_id] = {"settlementDate": transfer["settlementDate"]}
    if transfer["type"] != "MANUAL":
        links = records(state, "transfers of payment", test=test)
        ids = links.get(transfer["payment"]["id"], {"ids": []})["ids"]
        links[transfer["payment"]["id"]] = {"ids": [*ids, transfer_id]}


def transfers_of(state: State, payment_id: str, *, test: bool) -> list[JsonObject]:
    """Return the transfers for a payment, the oldest first."""
    links = records(state, "transfers of payment", test=test)
    transfers = records(state, "transfer", test=test)
    return [transfers[each] for each in links.get(payment_id, {"ids": []})["ids"]]


def remove(state: State, transfer: JsonObject, *, test: bool) -> None:
    """Remove a transfer."""
    del records(state, "transfer", test=test)[transfer["id"]]
    unsettled = records(state, "unsettled transfer", test=test)
    if transfer["id"] in unsettled:
        del unsettled[transfer["id"]]
    if transfer["type"] != "MANUAL":
        links = records(state, "transfers of payment", test=test)
        ids = links[transfer["payment"]["id"]]["ids"]
        links[transfer["payment"]["id"]] = {"ids": [each for each in ids if each != transfer["id"]]}


def cancellations_of(state: State, order: JsonObject, *, test: bool) -> list[JsonObject]:
    """Return the transfers that take an order's transfer back."""
    if order["type"] != "ORDER":
        return []
    return [
        transfer
        for transfer in transfers_of(state, order["payment"]["id"], test=test)
        if transfer.get("orderTransferId") == order["id"]
    ]
