"""Where each name of the API is described, and links to it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import define, field

from codegen.generate import load_namespaces, place
from codegen.model import Api, Endpoint
from codegen.webhooks import load_webhooks

SHARED: Final = "shared"
"""The page of what several namespaces use."""
WEBHOOKS: Final = "webhooks"
_LIBRARY: Final = {"RequestOptions", "UnknownVariant", "Unrecognized"}
"""Hand-written names in annotations and texts, described by mkdocstrings."""
_NAME: Final = re.compile(r'"[^"]*"|[A-Za-z_]\w*')
_CODE: Final = re.compile(r"`([A-Za-z_]\w*)`")


@define(frozen=True)
class Links:
    """Pages by name: of operations `namespace`, of everything else the page's path without its suffix."""

    namespaces: dict[str, list[Endpoint]]
    pages: dict[str, str]
    """Class, error or function to the path of its page, which has it as an anchor."""
    used_by: dict[str, list[str]] = field(factory=dict[str, list[str]])
    """Class or error to the classes and functions that refer to it directly."""
    errors: dict[str, str] = field(factory=dict[str, str])
    """Error type, as PortOne writes it, to its class."""

    def to(self, name: str, page: str, text: str = "") -> str:
        """A link from a page to where a name is described, or just the name."""
        text = text or name
        if name in _LIBRARY:
            return f"[{text}][portone_async.{name}]"
        if name not in self.pages:
            return text
        target = self.pages[name]
        path = "" if target == page else posixpath.relpath(target, posixpath.dirname(page)) + ".md"
        return f"[{text}]({path}#{name})"

    def code(self, name: str, page: str) -> str:
        """The same, with the name as code."""
        return self.to(name, page, f"`{name}`")

    def annotation(self, text: str, page: str) -> str:
        """An annotation as code in which each name leads to its description."""
        inner = _NAME.sub(lambda found: self.to(found.group(), page), text)
        return f"<code>{inner}</code>"

    def text(self, text: str, page: str) -> str:
        """A text in which each name and error type in backticks leads to its description."""

        def link(found: re.Match[str]) -> str:
            name = self.errors.get(found[1], found[1])
            return self.to(name, page, found[0]) if name in self.pages else found[0]

        return _CODE.sub(link, text)


def find(api: Api) -> Links:
    """Give each name its page: an operation that of its namespace, a class that of those who use it."""
    endpoints = {e.id: e for e in api.endpoints}
    namespaces = {
        namespace: [endpoints[id_] for id_ in sorted(ids)]
        for namespace, ids in place(api, load_namespaces()).items()
        if ids
    }
    users: dict[str, set[str]] = {}
    used_by: dict[str, list[str]] = {}
    pages: dict[str, str] = {}
    for namespace, own in namespaces.items():
        for endpoint in own:
            pages[endpoint.name] = f"operations/{namespace}"
            if endpoint.id in api.pages:
                pages[api.pages[endpoint.id].iterator] = f"operations/{namespace}"
            for name in sorted(set(_roots(endpoint))):
                used_by.setdefault(_class(name, api), []).append(endpoint.name)
                for each in (name, *api.below[name]):
                    users.setdefault(each, set()).add(namespace)
    webhooks = load_webhooks()["components"]["schemas"]
    for schema in api.schemas.values():
        if schema.kind == "errors":
            continue
        for name in {*(t.name for t in schema.types if t.name), *schema.members}:
            used_by.setdefault(_class(name, api), []).append(_class(schema.name, api))
        if schema.kind == "error":
            pages[api.exceptions[schema.name]] = "errors"
            continue
        group = WEBHOOKS if schema.name in webhooks else _common(users.get(schema.name, ()))
        if schema.kind == "enum":
            pages[schema.class_name] = f"enums/{group.partition('.')[0]}"
        else:
            pages[schema.class_name] = f"models/{group}"
    return Links(
        namespaces,
        pages,
        {name: sorted(uses) for name, uses in used_by.items()},
        {type_: api.exceptions[name] for e in api.endpoints for type_, name in e.errors if type_},
    )


def _class(name: str, api: Api) -> str:
    return api.exceptions.get(name) or api.schemas[name].class_name


def _roots(endpoint: Endpoint) -> Iterator[str]:
    """The schemas that an operation takes, returns and raises itself."""
    kinds = [item.field.type.innermost for item in endpoint.inputs]
    kinds += [endpoint.response.innermost] if endpoint.response else []
    yield from (kind.name for kind in kinds if kind.name)
    yield from (name for _, name in endpoint.errors)
    if endpoint.body:
        yield endpoint.body


def _common(namespaces: Iterable[str]) -> str:
    """The innermost namespace that holds all of these."""
    common = posixpath.commonpath([n.replace(".", "/") for n in namespaces]) if namespaces else ""
    return common.replace("/", ".") or SHARED
