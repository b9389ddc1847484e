"""The records of partner settlement and tax invoices, test and live data apart."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.state.containers import RecordsOfKind
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State


def is_for_test(request: ParsedRequest) -> bool:
    """Whether a request is for test data: `test` of the query, else of the body, else no."""
    body = request.body
    named: JsonObject = {"isForTest": False, **body.get("filter", {}), **body}
    return request.query.get("test", body.get("test", named["isForTest"]))


def records(state: State, kind: str, *, test: bool) -> RecordsOfKind:
    """Return the records of a kind by ID, oldest first. Replace a record to change it."""
    return state.records.kind(test, kind)


def choose_id(state: State, kind: str, wanted: str | None) -> str:
    """Return the ID for a new record: the one wanted, else a generated one.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if it is empty.
    """
    if wanted == "":
        raise invalid("body.id", "must not be empty")
    return wanted or f"{kind}-{state.ids.uuid()}"


def graphql_id(kind: str, record_id: str) -> str:
    """Return a record's ID in PortOne's GraphQL API."""
    return base64.b64encode(f"{kind}:{record_id}".encode()).decode()


def error_about(error_type: str, message: str, kind: str, ids: Iterable[str]) -> EmulatedAPIError:
    """Create an error that names records, in the order given and each once."""
    named = list(dict.fromkeys(ids))
    return EmulatedAPIError(
        error_type, message, ids=named, graphqlIds=[graphql_id(kind, each) for each in named]
    )


def exactly_one(value: JsonObject, choices: Iterable[str], location: str) -> tuple[str, Any]:
    """Return the only field of an input that must have exactly one of several, and its value.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if it has none or several.
    """
    choices = list(choices)
    given = [name for name in choices if name in value]
    if len(given) != 1:
        raise invalid(location, f"must have exactly one of {', '.join(choices)}")
    return given[0], value[given[0]]


def tag(name: str) -> str:
    """Convert a name to upper case with underscores: `whtPayer` to `WHT_PAYER`."""
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in name)
    return words.lstrip("_").upper()
