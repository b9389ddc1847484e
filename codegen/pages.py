"""Lists that come in pages: which operations they are, and the iterator over all their items.

A list is recognised by its shape: numbered pages take `page` (`number`, `size`) or `pageNumber` and `pageSize`;
cursor pages take `cursor`, and each item has one. The items are the response's only list of objects. In a numbered
list an item is known by its `id`, or else by the field that the path of one item ends in.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import define

from codegen.document import unsupported
from codegen.parse import Api, Endpoint, Field, Type

_REMEDY: Final = "describe in codegen/pages.py how such a list is paged through"
_POSITIONS: Final = frozenset({"page", "pageNumber", "pageSize", "cursor"})


@define(frozen=True)
class Paging:
    """How one list is paged through."""

    kind: Literal["page", "flat", "cursor"]
    items: Field
    rest: tuple[Field, ...]
    """The inputs that stay the same on each page."""
    identity: tuple[Field, ...]
    """The fields that tell one item from another, whatever else changes about it. None where there are none."""

    @property
    def iterator(self) -> str:
        """The class that iterates."""
        return "CursorPages" if self.kind == "cursor" else "NumberedPages"


def paging(endpoint: Endpoint, api: Api) -> Paging | None:
    """How an operation is paged through, if it is a list."""
    inputs = {f.json_name: f for f in endpoint.body.fields} if endpoint.body else {}
    kind: Literal["page", "flat", "cursor"]
    if "cursor" in inputs:
        kind = "cursor"
    elif inputs.keys() >= {"pageNumber", "pageSize"}:
        kind = "flat"
    elif "page" in inputs and inputs["page"].type.kind == "object":
        shape = {f.json_name for f in api.schemas[inputs["page"].type.name].fields}
        if not shape >= {"number", "size"}:
            raise unsupported(endpoint.id, "a page without number and size", _REMEDY)
        kind = "page"
    else:
        return None
    if endpoint.response is None:
        raise unsupported(endpoint.id, "a list whose response has no content", _REMEDY)
    fields = api.schemas[endpoint.response.name].fields
    lists = [f for f in fields if f.type.item and f.type.item.kind in ("object", "union")]
    if len(lists) != 1:
        raise unsupported(endpoint.id, f"a response with {len(lists)} lists of objects", _REMEDY)
    rest = tuple(f for f in inputs.values() if f.json_name not in _POSITIONS)
    return Paging(kind, lists[0], rest, _identity(lists[0].type.item, api))


def _identity(item: Type | None, api: Api) -> tuple[Field, ...]:
    """The id that every variant of an item has, and the store where all name it: stores may use the same ids."""
    if item is None:
        return ()
    schemas = [api.schemas[name] for _, name in api.schemas[item.name].variants]
    texts = [
        {f.json_name: f for f in schema.fields if f.required and f.type.kind == "str"}
        for schema in schemas or [api.schemas[item.name]]
    ]
    fields = {name: f for name, f in texts[0].items() if all(name in other for other in texts)}
    paths = [e.path for e in api.endpoints if e.method == "GET" and e.response == item]
    names = ["id", *sorted(path.rpartition("/{")[2].removesuffix("}") for path in paths)]
    own = next((fields[name] for name in names if name in fields), None)
    if own is None:
        return ()
    return (fields["storeId"], own) if "storeId" in fields else (own,)


def iterator_name(endpoint: Endpoint) -> str:
    """`iter_payments` for `get_payments`."""
    return "iter_" + endpoint.name.removeprefix("get_")
