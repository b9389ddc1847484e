"""Lists that come in pages: which operations they are, and what their iterators take.

A list is recognised by its shape: numbered pages take `page` (`number`, `size`) or `pageNumber` and `pageSize`;
cursor pages take `cursor`, and each item has one. The items are the response's `items`, or its only list of objects.
In a numbered list an item is known by its `id`, or else by the field that the path of one item ends in.
What looks like a list and is none has no iterator.
"""

from __future__ import annotations

from typing import Literal

from codegen.model import Api, Endpoint, Field, Input, Paging, Schema, Type
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
        kind,
        name,
        items,
        (*path, *rest, *others),
        {key: inputs[key].name for key in moving},
        _identity(items.type.item, api) if items.type.item else (),
    )


def _identity(item: Type, api: Api) -> tuple[Field, ...]:
    """The id that every variant of an item has, and the store where all name it: stores may use the same ids."""
    texts = [
        {f.json_name: f for f in schema.fields if f.required and f.type.kind == "str"}
        for schema in _objects(api.schemas[item.name], api, set())
    ]
    if not texts:
        return ()
    fields = {name: f for name, f in texts[0].items() if all(name in other for other in texts)}
    paths = [e.path for e in api.endpoints if e.method == "GET" and e.response == item]
    names = ["id", *sorted(path.rpartition("/{")[2].removesuffix("}") for path in paths)]
    own = next((fields[name] for name in names if name in fields), None)
    if own is None:
        return ()
    return (fields["storeId"], own) if "storeId" in fields else (own,)


def _objects(schema: Schema, api: Api, seen: set[str]) -> list[Schema]:
    """The objects that a component may be."""
    if schema.name in seen:
        return []
    seen.add(schema.name)
    if schema.kind != "union":
        return [schema]
    return [one for name in schema.members for one in _objects(api.schemas[name], api, seen)]


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
