"""What is read under `/_emulator/`, by programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import frozen

from portone_emulator._version import __version__
from portone_emulator.state.json_values import JsonObject, format_datetime
from portone_emulator.web import openapi
from portone_emulator.web.page_data import page_data

if TYPE_CHECKING:
    from portone_emulator.web.site import Site

_MAX_STATE_ITEMS = 10_000
_TIME: JsonObject = {"type": "string", "format": "date-time"}
_OBJECTS: JsonObject = {"type": "array", "items": {"type": "object"}}


@frozen(kw_only=True)
class Read:
    """A GET request. Public ones have no secret and no state, and are there for any host."""

    description: str
    properties: JsonObject
    is_public: bool = False
    run: Callable[[Site], JsonObject]

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema of the response's JSON."""
        return {
            "type": "object",
            "properties": self.properties,
            "required": list(self.properties),
        }


def _index(site: Site) -> JsonObject:
    return {
        name: {
            "method": "POST",
            "path": f"{openapi.PREFIX}{name}",
            "about": control.description,
            "body": control.schema,
        }
        for name, control in site.controls.items()
    }


def _state(site: Site) -> JsonObject:
    return page_data(site.state, site.requests, _MAX_STATE_ITEMS)


def _health(site: Site) -> JsonObject:
    now = datetime.now(UTC)
    return {
        "status": "ok",
        "version": __version__,
        "now": site.state.now(),
        "startedAt": format_datetime(site.started_at),
        "uptimeSeconds": round((now - site.started_at).total_seconds(), 3),
    }


def _openapi(site: Site) -> JsonObject:
    return openapi.describe(site.controls, READS)


READS: dict[str, Read] = {
    "": Read(
        description="List the controls, with the JSON Schema of each body.",
        properties={},
        run=_index,
    ),
    "state": Read(
        description="Return what the page at / has, the latest first, at most "
        f"{_MAX_STATE_ITEMS} of each kind.",
        properties={
            "now": _TIME,
            "storeId": {"type": "string"},
            "counts": {"type": "object"},
            "payments": _OBJECTS,
            "requests": _OBJECTS,
            "webhooks": _OBJECTS,
            "schedules": _OBJECTS,
            "billingKeys": _OBJECTS,
            "cashReceipts": _OBJECTS,
            "identityVerifications": _OBJECTS,
            "partners": _OBJECTS,
            "contracts": _OBJECTS,
            "policies": _OBJECTS,
            "transfers": _OBJECTS,
            "partnerSettlements": _OBJECTS,
            "payouts": _OBJECTS,
            "taxInvoices": _OBJECTS,
        },
        run=_state,
    ),
    "health": Read(
        description="Return 200 while the emulator serves; `now` is its clock's time.",
        properties={
            "status": {"const": "ok"},
            "version": {"type": "string"},
            "now": _TIME,
            "startedAt": _TIME,
            "uptimeSeconds": {"type": "number"},
        },
        is_public=True,
        run=_health,
    ),
    "openapi.json": Read(
        description="Return this description.",
        properties={"openapi": {"type": "string"}, "paths": {"type": "object"}},
        is_public=True,
        run=_openapi,
    ),
}
