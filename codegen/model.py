"""What gets generated, as plain values: what the templates are given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Final, Literal

from attrs import define, field

Kind = Literal[
    "str", "int", "float", "bool", "datetime", "date", "file", "json", "any", "enum", "object", "union", "map", "alias",
    "list", "dict",
]  # fmt: skip
SCALARS: Final = frozenset({"str", "int", "float", "bool", "enum", "date", "datetime"})
_SECRET: Final = re.compile(
    r"secret|password|token|credential|cardNumber|card_number", re.IGNORECASE
)
"""Names of fields whose values no traceback may show."""


@define(frozen=True)
class Type:
    """A value's type: `name` is the component, if it has one; `item` what a list or an anonymous map holds."""

    kind: Kind
    name: str = ""
    item: Type | None = None
    nullable: bool = False

    @property
    def innermost(self) -> Type:
        """What it holds in the end, if it is a list or a map."""
        return self.item.innermost if self.item else self


@define(frozen=True)
class Field:
    """One field of an object, or one parameter of an operation."""

    json_name: str
    name: str
    type: Type
    required: bool
    tags: tuple[str, ...] = ()
    """The values that it may have, if it tells variants of a union apart."""
    deprecated: bool = False
    read_only: bool = False
    withheld: str = ""
    """The version in which PortOne's document ceased to have it; empty if it has it."""

    @property
    def is_secret(self) -> bool:
        """Whether its value must not be seen in a traceback."""
        return _SECRET.search(self.json_name) is not None


@define(frozen=True)
class Schema:
    """A component.

    An `error` is generated as an exception only, and `errors` (a union of them) not at all. An `alias` is another name
    of a type: of a list, a scalar or any JSON.
    """

    name: str
    kind: Literal["object", "enum", "union", "map", "alias", "error", "errors"]
    class_name: str
    module: str
    fields: tuple[Field, ...] = ()
    values: tuple[str | int, ...] = ()
    tag: str = ""
    variants: tuple[tuple[str, str], ...] = ()
    untagged: tuple[str, ...] = ()
    """Members of a union that no tag leads to."""
    item: Type | None = None
    """What a map or an alias holds; of an object, all fields beside `fields`."""
    status: int = 0
    deprecated: bool = False
    withheld: str = ""
    """As that of a field."""

    @property
    def members(self) -> tuple[str, ...]:
        """The components of a union."""
        return (*(name for _, name in self.variants), *self.untagged)

    @property
    def types(self) -> Iterator[Type]:
        """The types that it refers to directly: of fields, of items, and of what a list holds."""
        for kind in (*(f.type for f in self.fields), *([self.item] if self.item else [])):
            yield kind.innermost


Place = Literal["path", "query", "header", "body"]


@define(frozen=True)
class Input:
    """One argument of an operation: where it goes, and what it is called."""

    place: Place
    field: Field
    name: str
    joined: bool = False
    """Whether a list in the query is one text with commas, rather than the parameter several times."""


@define(frozen=True)
class Paging:
    """How a list that comes in pages is iterated over."""

    kind: Literal["page", "flat", "cursor"]
    iterator: str
    """The name of the function."""
    items: Field
    rest: tuple[Input, ...]
    """The inputs that stay the same on each page."""
    moving: dict[str, str] = field(hash=False)
    """JSON name to argument of the inputs that move from page to page."""
    identity: tuple[Field, ...] = ()
    """The fields that tell one item from another, whatever else changes about it. None where there are none."""

    @property
    def iterator_class(self) -> str:
        return "CursorPages" if self.kind == "cursor" else "NumberedPages"


@define(frozen=True)
class Endpoint:
    """One operation."""

    id: str
    name: str
    method: str
    path: str
    inputs: tuple[Input, ...]
    body: str | None
    """The component whose fields are arguments, or that is one argument as a whole."""
    body_media: str
    body_in_query: bool
    body_required: bool
    whole_body: bool
    response: Type | None
    may_be_empty: bool
    media: str | None
    errors: tuple[tuple[str, str], ...]
    """Error type to component; an empty type where the document names none."""
    secured: bool
    token_only: bool
    unstable: bool
    deprecated: bool
    withheld: str = ""
    """As that of a field."""

    def fields(self, *places: Place) -> tuple[Field, ...]:
        """The inputs of some places."""
        return tuple(each.field for each in self.inputs if each.place in places)

    @property
    def path_parameters(self) -> tuple[Field, ...]:
        return self.fields("path")

    @property
    def query_parameters(self) -> tuple[Field, ...]:
        return self.fields("query")

    @property
    def is_download(self) -> bool:
        """Whether its response is a file."""
        return self.media is not None and self.media != "application/json"


@define(frozen=True)
class Api:
    """Everything that gets generated."""

    schemas: dict[str, Schema]
    endpoints: tuple[Endpoint, ...]
    exceptions: dict[str, str]
    """Component to the name of its exception."""
    pages: dict[str, Paging] = field(factory=dict[str, Paging], hash=False)
    """Operations that are lists in pages."""

    @cached_property
    def common_errors(self) -> frozenset[str]:
        """The errors that more than half of the operations have."""
        count = Counter(name for e in self.endpoints for name in {name for _, name in e.errors})
        return frozenset(name for name, times in count.items() if times * 2 > len(self.endpoints))

    @cached_property
    def below(self) -> dict[str, frozenset[str]]:
        """Each schema's name to the names of all schemas that it holds, directly or indirectly."""
        direct = {
            schema.name: {*(t.name for t in schema.types if t.name), *schema.members}
            for schema in self.schemas.values()
        }
        below: dict[str, frozenset[str]] = {}
        for name, held in direct.items():
            seen, waiting = set[str](), held
            while waiting:
                seen |= waiting
                waiting = set[str]().union(*(direct[inner] for inner in waiting)) - seen
            below[name] = frozenset(seen)
        return below
