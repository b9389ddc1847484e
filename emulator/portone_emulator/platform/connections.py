"""Connections of partners to the tax office, which make them counterparties of tax invoices."""

from __future__ import annotations

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.platform.records import graphql_id, records
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State


def is_connected(partner: JsonObject) -> bool:
    """Whether a partner is connected."""
    return partner["type"].get("memberCompanyConnectionStatus") == "CONNECTED"


def has_ongoing_invoices_with(state: State, counterparty: JsonObject, *, test: bool) -> bool:
    """Whether a tax invoice with a counterparty is in progress."""
    index = records(state, "taxInvoice", test=test).index
    return any(
        len(index.select({name: [value], "is ongoing": [True]}))
        for name, value in (
            ("counterpartyId", counterparty["id"]),
            ("party brn", counterparty["brn"]),
        )
    )


def is_party(invoice: JsonObject, counterparty_id: str, brn: str | None = None) -> bool:
    """Whether a tax invoice names a counterparty, by its ID or its business registration number."""
    parties = (invoice["supplier"], invoice["recipient"])
    return any(
        party.get("counterpartyId") == counterparty_id
        or (brn is not None and party.get("brn") == brn)
        for party in parties
    )


def has_ongoing_invoices(state: State, partner: JsonObject, *, test: bool) -> bool:
    """Whether a tax invoice with a partner is in progress."""
    counterparty = _counterparty(state, partner, test=test)
    return counterparty is not None and has_ongoing_invoices_with(state, counterparty, test=test)


def check_connectable(partner: JsonObject, *, is_scheduled: bool) -> None:
    """Check that a partner can be connected.

    Raises:
        EmulatedAPIError: it cannot.
    """
    _check_business(partner)
    if partner["isArchived"]:
        raise EmulatedAPIError("PLATFORM_ARCHIVED_PARTNER", "the partner is archived")
    if is_scheduled:
        raise EmulatedAPIError("PLATFORM_PARTNER_SCHEDULE_EXISTS", "an update is scheduled")
    if is_connected(partner):
        raise EmulatedAPIError(
            "PLATFORM_COUNTERPARTY_NOT_CONNECTABLE_STATUS", "the partner is connected"
        )


def check_disconnectable(state: State, partner: JsonObject, *, test: bool) -> None:
    """Check that a partner can be disconnected.

    Raises:
        EmulatedAPIError: it cannot.
    """
    _check_business(partner)
    if partner["isArchived"]:
        raise EmulatedAPIError(
            "PLATFORM_ARCHIVED_PARTNER_NTS_NOT_ALLOWED", "the partner is archived"
        )
    if not is_connected(partner):
        raise EmulatedAPIError("PLATFORM_COUNTERPARTY_NOT_CONNECTED", "it is not connected")
    if has_ongoing_invoices(state, partner, test=test):
        raise EmulatedAPIError(
            "PLATFORM_ONGOING_TAX_INVOICE_EXISTS", "a tax invoice is in progress"
        )


def connect(state: State, partner: JsonObject, *, test: bool) -> JsonObject:
    """Connect a partner at once; it becomes a counterparty with the same ID, if that is free."""
    connected = _with_status(state, partner, "CONNECTED", test=test)
    counterparties = records(state, "counterparty", test=test)
    taken = partner["id"] in counterparties
    counterparty_id = f"counterparty-{state.ids.uuid()}" if taken else partner["id"]
    now = state.now()
    counterparties[counterparty_id] = {
        "id": counterparty_id,
        "graphqlId": graphql_id("counterparty", counterparty_id),
        "isForTest": test,
        "partnerId": partner["id"],
        "ntsConnectionStatus": "CONNECTED",
        "ntsConnectedAt": now,
        "additionalContacts": [],
        **_details(connected),
    }
    records(state, "counterparty of partner", test=test)[partner["id"]] = {"id": counterparty_id}
    return connected


def disconnect(state: State, partner: JsonObject, *, test: bool) -> JsonObject:
    """Disconnect a partner. Its counterparty is removed, and the ID never free again."""
    links = records(state, "counterparty of partner", test=test)
    link = links[partner["id"]]
    del links[partner["id"]]
    del records(state, "counterparty", test=test)[link["id"]]
    records(state, "counterparty ID of a partner", test=test)[link["id"]] = {}
    return _with_status(state, partner, "NOT_CONNECTED", test=test)


def update_counterparty(state: State, partner: JsonObject, *, test: bool) -> None:
    """Bring the details of a partner's counterparty, if there is one, up to date."""
    counterparty = _counterparty(state, partner, test=test)
    if counterparty is not None:
        updated = counterparty | _details(partner)
        records(state, "counterparty", test=test)[counterparty["id"]] = updated


def _check_business(partner: JsonObject) -> None:
    if partner["type"]["type"] != "BUSINESS":
        raise EmulatedAPIError("PLATFORM_PARTNER_TYPE_IS_NOT_BUSINESS", "it is not a business")
    if partner["type"]["taxationType"] == "SIMPLE":
        raise EmulatedAPIError(
            "PLATFORM_PARTNER_TAXATION_TYPE_IS_SIMPLE", "simplified taxpayers issue no tax invoices"
        )


def _counterparty(state: State, partner: JsonObject, *, test: bool) -> JsonObject | None:
    link = records(state, "counterparty of partner", test=test).get(partner["id"])
    return None if link is None else records(state, "counterparty", test=test)[link["id"]]


def _with_status(state: State, partner: JsonObject, status: str, *, test: bool) -> JsonObject:
    partner_type = {**partner["type"], "memberCompanyConnectionStatus": status}
    changed = {**partner, "type": partner_type}
    records(state, "partner", test=test)[partner["id"]] = changed
    return changed


def _details(partner: JsonObject) -> JsonObject:
    """Return the fields of a `B2bCounterparty` that come from its partner."""
    business = partner["type"]
    return omit_none(
        brn=business["businessRegistrationNumber"],
        companyName=business["companyName"],
        representativeName=business["representativeName"],
        address=business.get("companyAddress"),
        businessType=business.get("businessType"),
        businessClass=business.get("businessClass"),
        businessStatus=business["businessStatus"],
        contact=partner["contact"],
        memo=partner.get("memo"),
        appliedAt=partner["appliedAt"],
    )
