"""Lists that come in pages: which operations they are, and what their iterators take.

A list is recognised by its shape: numbered pages take `page` (`number`, `size`) or `pageNumber` and `pageSize`;
cursor pages take `cursor`, and each item has one. The items are the response's `items`, or its only list of objects.
What looks like a list and is none has no iterator.
"""

from __future__ import annotations

from typing import Literal

from codegen.model import Api, Endpoint, Field, Input, Paging, Schema
from codegen.report import Report


def find(endpoint: Endpoint, api: Api, functions: set[str], report: Report) -> Paging | None:
    """How an operation is paged through, if it is a list; `functions` are names that are taken."""
    inputs = {i.field.json_name: i for i in endpoint.inputs if i.place == "body"}
    if endpoint.whole_body or not inputs.keys() & {"cursor", "page", "pageNumber"}:
        return None
    response = (
        api.schemas[endpoint.response.name]
        if endpoint.response and endpoint.response.name
        else None
    )
    items = _items(response) if response else None
    if items is None:
        report.note("no iterator: not one list of objects in the response", endpoint.id)
        return None
    kind = _kind(inputs, items, api)
    if kind is None:
        report.note("no iterator: no page that is known", endpoint.id)
        return None
    moving = {
        "page": ("page",),
        "flat": ("pageNumber", "pageSize"),
        "cursor": ("cursor",),
    }[kind]
    name = "iter_" + endpoint.name.removeprefix("get_")
    name = f"iter_{endpoint.name}" if name in functions else name
    if name in functions:
        report.note("no iterator: its name is an operation's", endpoint.id)
        return None
    # Path parameters first, as they may be given by position.
    rest = tuple(
        i for i in endpoint.inputs if i.place == "body" and i.field.json_name not in moving
    )
    others = tuple(i for i in endpoint.inputs if i.place not in ("body", "path"))
    path = tuple(i for i in endpoint.inputs if i.place == "path")
    return Paging(
        kind, name, items, (*path, *rest, *others), {key: inputs[key].name for key in moving}
    )


def _items(response: Schema) -> Field | None:
    lists = [
        f
        for f in response.fields
        if f.type.kind == "list" and f.type.item and f.type.item.kind in ("object", "union")
    ]
    named = [f for f in lists if f.json_name == "items"]
    found = lists if len(lists) == 1 else named
    return found[0] if found else None


def _kind(
    inputs: dict[str, Input], items: Field, api: Api
) -> Literal["page", "flat", "cursor"] | None:
    page = inputs.get("page")
    if page and page.field.type.kind == "object":
        fields = {f.json_name: f for f in api.schemas[page.field.type.name].fields}
        known = fields.get("number"), fields.get("size")
        others = [f for f in fields.values() if f.required and f not in known]
        if all(f and f.type.kind == "int" for f in known) and not others:
            return "page"
    flat = inputs.get("pageNumber"), inputs.get("pageSize")
    if all(f and f.field.type.kind == "int" for f in flat):
        return "flat"
    cursor = inputs.get("cursor")
    held = api.schemas[items.type.item.name] if items.type.item else None
    if cursor and cursor.field.type.kind == "str" and held and _have_cursors(held, api):
        return "cursor"
    return None


def _have_cursors(item: Schema, api: Api) -> bool:
    objects = [api.schemas[name] for name in item.members] if item.kind == "union" else [item]
    return all(any(f.json_name == "cursor" for f in each.fields) for each in objects)
