"""What the components of a document are used for: errors, models, forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define

from codegen.document import Json, operations, reachable, schema_name
from codegen.keywords import MARK
from codegen.paths import FORMS, JSON_MEDIA
from codegen.report import Report


@define
class Roles:
    """Which components are errors, and which are anything else too."""

    unions: set[str]
    """Unions of errors."""
    errors: set[str]
    held: set[str]
    """Components that are models, some errors among them."""
    statuses: dict[str, set[str]]
    """Error to the statuses under which it is listed."""
    forms: set[str]
    """Components that are sent as forms, where a binary text is a file."""


def find_roles(document: Json, report: Report) -> Roles:
    """Sort the components of a document of facts by what they are used for."""
    facts: Json = document["components"]["schemas"]
    unions: set[str] = set()
    errors: set[str] = set()
    statuses: dict[str, set[str]] = {}
    others: list[Any] = []
    for _, _, operation in operations(document):
        others += [operation.get("requestBody"), operation.get("parameters")]
        success, failure = split_responses(operation)
        others += success.values()
        for status, response in failure.items():
            for name in json_components({status: response}):
                members = [schema_name(m["$ref"]) for m in facts[name].get("oneOf", ())]
                for member in members or [name]:
                    statuses.setdefault(member, set()).add(status)
        for name in json_components(failure):
            members = [schema_name(m["$ref"]) for m in facts[name].get("oneOf", ())]
            if "oneOf" in facts[name]:
                unions.add(name)
            elif "properties" in facts[name]:
                errors.add(name)
            else:
                report.note(
                    "errors without a class of their own", f"{operation['operationId']}: {name}"
                )
            errors.update(m for m in members if "oneOf" not in facts[m])
    # No operation raises an error any more that PortOne's document lacks.
    errors |= {n for n, f in facts.items() if f.keys() >= {MARK, "x-portone-status-code"}}
    # What errors hold are models, and what webhooks hold are.
    fields = [value for name in errors for value in facts[name].get("properties", {}).values()]
    others += [f for n, f in facts.items() if MARK in f and n not in errors | unions]
    held = set(reachable([others, fields], facts))
    used = set(reachable([operations_of(document), fields], facts))
    bodies: list[Json] = [o["requestBody"] for o in operations_of(document) if "requestBody" in o]
    contents: list[Json] = [body["content"] for body in bodies]
    forms = {
        schema_name(content[media]["schema"]["$ref"])
        for content in contents
        for media in FORMS
        if media in content
    }
    return Roles(unions, errors, held | (facts.keys() - used - errors), statuses, forms)


def split_responses(operation: Json) -> tuple[Json, Json]:
    """The responses of an operation that are successes, and those that are errors."""
    responses: Json = operation["responses"]
    success = {status: r for status, r in responses.items() if status.startswith("2")}
    if not success and "default" in responses:
        success = {"default": responses["default"]}
    failure = {
        status: r
        for status, r in responses.items()
        if status not in success and not status.startswith(("1", "3"))
    }
    return success, failure


def operations_of(document: Json) -> list[Json]:
    """All operations of a document."""
    return [operation for _, _, operation in operations(document)]


def json_components(responses: Json) -> Iterable[str]:
    """The components of the JSON of some responses, each once."""
    found: dict[str, None] = {}
    for response in responses.values():
        media = response.get("content", {}).get(JSON_MEDIA)
        if media:
            found[schema_name(media["schema"]["$ref"])] = None
    return found
