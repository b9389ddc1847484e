"""The OpenAPI description of the controls, made from the controls themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from portone_emulator._version import __version__
from portone_emulator.http.responses import JSON
from portone_emulator.state.json_values import JsonObject

if TYPE_CHECKING:
    from portone_emulator.web.control import Control
    from portone_emulator.web.reads import Read

PREFIX: Final = "/_emulator/"
_ERROR: JsonObject = {"$ref": "#/components/responses/Error"}


def describe(controls: Mapping[str, Control], reads: Mapping[str, Read]) -> JsonObject:
    """Return the OpenAPI document of what is served under `/_emulator/`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "portone-emulator",
            "version": __version__,
            "description": "What happens outside a shop that uses PortOne: its customers, the "
            "payment companies, and what a test plans. No credentials are needed.",
        },
        "paths": {
            **{f"{PREFIX}{name}": {"get": _read(name, read)} for name, read in reads.items()},
            **{
                f"{PREFIX}{name}": {"post": _control(name, each)} for name, each in controls.items()
            },
        },
        "components": {
            "responses": {
                "Error": {
                    "description": "Nothing was done, for a reason like those of PortOne's errors.",
                    "content": _json(
                        {
                            "type": "object",
                            "properties": {
                                "type": {"type": "string"},
                                "message": {"type": "string"},
                            },
                            "required": ["type", "message"],
                        }
                    ),
                }
            }
        },
    }


def _read(name: str, read: Read) -> JsonObject:
    return {
        "operationId": f"get-{name.partition('.')[0] or 'controls'}",
        "summary": read.description,
        "responses": {
            "200": {"description": "Success.", "content": _json(read.schema)},
            **({} if read.is_public else {"default": _ERROR}),
        },
    }


def _control(name: str, control: Control) -> JsonObject:
    body = _json({**control.schema, "additionalProperties": False})
    body[JSON]["example"] = control.example
    result = {"type": "object", "properties": control.result}
    return {
        "operationId": name,
        "summary": control.description,
        "requestBody": {"required": bool(control.required), "content": body},
        "responses": {
            "200": {"description": "Success.", "content": _json(result)},
            "default": _ERROR,
        },
    }


def _json(schema: JsonObject) -> JsonObject:
    return {JSON: {"schema": schema}}
