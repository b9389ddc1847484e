"""Lists that come in pages: which operations they are, and the iterator over all their items.

What makes a list is read from the shapes: numbered pages take `page` (`number`, `size`) or `pageNumber` and
`pageSize`; cursor pages take `cursor` and give each item one. The items are the reply's only list of objects.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import define

from codegen.document import CodegenError
from codegen.parse import Api, Endpoint, Field

_POSITIONS: Final = frozenset({"page", "pageNumber", "pageSize", "cursor"})


@define(frozen=True)
class Paging:
    """How one list is paged through."""

    kind: Literal["page", "flat", "cursor"]
    items: Field
    rest: tuple[Field, ...]
    """The inputs that stay the same on each page."""

    @property
    def iterator(self) -> str:
        """The class that iterates."""
        return "CursorPages" if self.kind == "cursor" else "NumberedPages"


def paging(endpoint: Endpoint, api: Api) -> Paging | None:
    """How an operation is paged through, if it is a list."""
    inputs = {f.wire: f for f in endpoint.body.fields} if endpoint.body else {}
    kind: Literal["page", "flat", "cursor"]
    if "cursor" in inputs:
        kind = "cursor"
    elif inputs.keys() >= {"pageNumber", "pageSize"}:
        kind = "flat"
    elif "page" in inputs and inputs["page"].type.kind == "object":
        shape = {f.wire for f in api.schemas[inputs["page"].type.name].fields}
        if not shape >= {"number", "size"}:
            raise CodegenError(f"{endpoint.id}: a page without number and size is not understood")
        kind = "page"
    else:
        return None
    if endpoint.reply is None:
        raise CodegenError(f"{endpoint.id}: pages of a reply without content are not understood")
    fields = api.schemas[endpoint.reply.name].fields
    lists = [f for f in fields if f.type.item and f.type.item.kind in ("object", "union")]
    if len(lists) != 1:
        raise CodegenError(f"{endpoint.id}: pages of {len(lists)} lists are not understood")
    rest = tuple(f for f in inputs.values() if f.wire not in _POSITIONS)
    return Paging(kind, lists[0], rest)


def iterator_name(endpoint: Endpoint) -> str:
    """`iter_payments` for `get_payments`."""
    return "iter_" + endpoint.name.removeprefix("get_")
