"""What PortOne's document lacks: withheld, not removed, as PortOne hides things and brings them back.

An operation, argument, class or field that a new document lacks stays in the facts for one release, with the version
that is to bring that release as its mark. Generated code says so in docstrings, and functions warn when they are
called. A later import takes out what was released so, and the mark of what came back. `[drop]` in
`openapi/decisions.toml` lets a symbol go at once.

A symbol is named as in the rest of `openapi/`: `getPayment`, `getPayment.storeId`, `Payment`, `Payment.amount`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

from attrs import define, field

from codegen.decisions import Decisions
from codegen.diff.change import Fate
from codegen.document import CodegenError, Json, operations, references, schema_name
from codegen.keywords import MARK
from codegen.names import argument_name, class_name, function_name, python_name
from codegen.paths import QUERY_BODY, shape
from codegen.report import Report
from codegen.roles import find_roles


@define(frozen=True)
class Taken:
    """A new document as it is taken up after an old one."""

    old: Json
    """What PortOne's old document had, and what goes only now: what is withheld still is no change."""
    new: Json
    """PortOne's new document, without what it lacks."""
    document: Json
    """The new document, and what is kept of the old one."""
    fates: Mapping[str, Fate] = field(factory=dict[str, Fate])


def take_up(
    new: Json, old: Json, version: str, decisions: Decisions, report: Report | None = None
) -> Taken:
    """Keep of `old` what `new` lacks; `version` is that of the next release."""
    report = report or Report()
    marks = {name: node[MARK] for name, node in symbols(old) if MARK in node}
    new = without(new, {name for name, node in symbols(new) if MARK in node})
    present = {name for name, _ in symbols(new)}
    released = {name for name, since in marks.items() if since != version}
    result = _Keeper(_copy(new), without(old, released), version, decisions, report)
    result.keep()
    fates = dict.fromkeys(result.kept | result.arguments, Fate.KEPT)
    for name in marks.keys() & present:
        fates[name] = Fate.BACK
        report.note("back, and no longer deprecated", name)
    for name in sorted(released - present):
        fates[name] = Fate.REMOVED
        report.note(f"removed, as it was withheld in {marks[name]}", name)
    still = {name for name in marks if fates.get(name) in (Fate.KEPT, Fate.BACK)}
    for name in sorted(result.kept - marks.keys() - result.hidden):
        report.note(f"withheld by PortOne, and kept until a version after {version}", name)
    return Taken(without(old, still), new, result.document, fates)


def without(document: Json, gone: Collection[str]) -> Json:
    """The document without some symbols."""
    if not gone:
        return document
    paths: Json = {}
    for path, method, operation in operations(document):
        name = operation["operationId"]
        if name in gone:
            continue
        kept = dict(operation)
        if "parameters" in kept:
            kept["parameters"] = [
                p for p in kept["parameters"] if f"{name}.{p['name']}" not in gone
            ]
            if not kept["parameters"]:
                del kept["parameters"]
        if f"{name}.{QUERY_BODY}" in gone:
            kept.pop("requestBody", None)
        paths.setdefault(path, {})[method.lower()] = kept
    schemas: Json = {}
    for name, schema in document["components"]["schemas"].items():
        if name not in gone:
            schemas[name] = _without_parts(name, schema, gone)
    return document | {"paths": paths, "components": document["components"] | {"schemas": schemas}}


def _without_parts(name: str, schema: Json, gone: Collection[str]) -> Json:
    result = dict(schema)
    fields = {k: v for k, v in schema.get("properties", {}).items() if f"{name}.{k}" not in gone}
    result.pop("properties", None)
    if fields:
        result["properties"] = fields
    if "oneOf" in schema:
        result["oneOf"] = [m for m in schema["oneOf"] if schema_name(m["$ref"]) not in gone]
        mapping = schema["discriminator"]["mapping"]
        result["discriminator"] = schema["discriminator"] | {
            "mapping": {tag: ref for tag, ref in mapping.items() if schema_name(ref) not in gone}
        }
    return result


def _copy(document: Json) -> Json:
    """A copy of what a new document may be given: operations with parameters, schemas with fields and variants."""
    paths: Json = {path: dict(item) for path, item in document["paths"].items()}
    for item in paths.values():
        for method, operation in item.items():
            item[method] = dict(operation)
            if "parameters" in operation:
                item[method]["parameters"] = list(operation["parameters"])
    schemas: Json = {}
    for name, schema in document["components"]["schemas"].items():
        schemas[name] = dict(schema)
        if "properties" in schema:
            schemas[name]["properties"] = dict(schema["properties"])
        if "discriminator" in schema:
            schemas[name]["discriminator"] = deepcopy(schema["discriminator"])
    return document | {"paths": paths, "components": document["components"] | {"schemas": schemas}}


def symbols(document: Json) -> Iterator[tuple[str, Json]]:
    """Each symbol of a document of facts, and its part of the document."""
    for _, _, operation in operations(document):
        yield operation["operationId"], operation
        for parameter in operation.get("parameters", []):
            yield f"{operation['operationId']}.{parameter['name']}", parameter
        if "requestBody" in operation:
            yield f"{operation['operationId']}.{QUERY_BODY}", operation["requestBody"]
    for name, schema in document["components"]["schemas"].items():
        yield name, schema
        for key, value in schema.get("properties", {}).items():
            yield f"{name}.{key}", value


@define
class _Keeper:
    """Adds to a new document what it lacks of an old one."""

    document: Json
    old: Json
    version: str
    decisions: Decisions
    report: Report
    kept: set[str] = field(factory=set[str])
    hidden: set[str] = field(factory=set[str])
    """Unions of errors, which are no classes."""
    by_body: dict[str, list[Json]] = field(factory=dict[str, list[Json]])
    """Each body's component to the operations that take its fields."""
    arguments: set[str] = field(factory=set[str])
    """The arguments that are kept with a whole body."""

    @property
    def schemas(self) -> Json:
        return self.document["components"]["schemas"]

    def keep(self) -> None:
        """Add functions and their arguments, then classes and their fields, then what those refer to."""
        added: list[Any] = list(self._operations())
        schemas: Json = self.old["components"]["schemas"]
        for _, _, operation in operations(self.document):
            for body in _bodies(operation):
                self.by_body.setdefault(body, []).append(operation)
        roles = find_roles(self.old, Report())
        self.hidden = roles.unions - roles.held
        taken = {class_name(name) for name in self.schemas}
        for name, schema in schemas.items():
            if name in self.schemas:
                added += self._fields(name, schema, self.schemas[name])
            # It stays if an operation that stays refers to it.
            elif name not in self.hidden and class_name(name) not in taken:
                added += self._kept(name, schema, self.schemas, name)
        self._complete(added)
        for name, schema in schemas.items():
            if "oneOf" in schema and "oneOf" in self.schemas.get(name, {}):
                self._variants(schema, self.schemas[name])
        self.document["components"]["schemas"] = dict(sorted(self.schemas.items()))

    def _kept(self, symbol: str, node: Json, holder: Json, key: str) -> list[Json]:
        """Keep a symbol, marked, unless it is dropped."""
        if symbol in self.decisions.drop:
            self.report.note(f"dropped ({self.decisions.drop[symbol]})", symbol)
            return []
        self.kept.add(symbol)
        holder[key] = {MARK: self.version} | deepcopy(node)
        return [holder[key]]

    def _operations(self) -> Iterator[Json]:
        present = {o["operationId"]: o for _, _, o in operations(self.document)}
        places = {(shape(p), m): o["operationId"] for p, m, o in operations(self.document)}
        names = {function_name(name) for name in present}
        for path, method, operation in operations(self.old):
            name = operation["operationId"]
            if self.decisions.left_out_as(name, method, path):
                continue
            if name in present:
                yield from self._parameters(operation, present[name], path)
                yield from self._body(operation, present[name])
            elif (shape(path), method) in places:
                self.report.note(
                    "renamed by PortOne: [rename] in openapi/decisions.toml can keep the old name",
                    f"{name} is {places[shape(path), method]}",
                )
            elif function_name(name) not in names:
                item = self.document["paths"].setdefault(path, {})
                yield from self._kept(name, operation, item, method.lower())
                if not item:
                    del self.document["paths"][path]

    def _parameters(self, old: Json, new: Json, path: str) -> Iterator[Json]:
        """Arguments in the query and in headers; those of the path are its own, whichever it is now."""
        taken = {argument_name(name) for name in self._arguments(new)} | set(
            re.findall("{(.*?)}", path)
        )
        for parameter in old.get("parameters", []):
            own = parameter["in"] == "path" or "content" in parameter
            if own or argument_name(parameter["name"]) in taken:
                continue
            optional = {key: value for key, value in parameter.items() if key != "required"}
            holder: Json = {}
            symbol = f"{old['operationId']}.{parameter['name']}"
            yield from self._kept(symbol, optional, holder, "")
            new.setdefault("parameters", []).extend(holder.values())

    def _body(self, old: Json, new: Json) -> Iterator[Json]:
        """A whole body, whose fields are arguments."""
        if _bodies(new) or not _bodies(old):
            return
        symbol = f"{old['operationId']}.{QUERY_BODY}"
        holder: Json = {}
        if "requestBody" in old:
            yield from self._kept(
                symbol, old["requestBody"] | {"required": False}, new, "requestBody"
            )
        else:
            (parameter,) = (p for p in old["parameters"] if "content" in p)
            optional = {key: value for key, value in parameter.items() if key != "required"}
            yield from self._kept(symbol, optional, holder, "")
            new.setdefault("parameters", []).extend(holder.values())
        if symbol in self.kept:
            fields = (
                self.old["components"]["schemas"][name].get("properties", {})
                for name in _bodies(old)
            )
            self.arguments |= {f"{old['operationId']}.{key}" for each in fields for key in each}

    def _arguments(self, operation: Json) -> Iterator[str]:
        """The JSON names of all inputs of an operation."""
        for parameter in operation.get("parameters", []):
            yield parameter["name"]
        for body in _bodies(operation):
            yield from self.schemas[body].get("properties", {})

    def _fields(self, name: str, old: Json, new: Json) -> Iterator[Json]:
        before, after = old.get("properties", {}), new.get("properties", {})
        if (
            new.keys() & {"oneOf", "enum", "anyOf"}
            or new.get("type") != "object"
            or _means_another(before, after)
        ):
            return
        taken = {python_name(key) for key in after}
        taken |= {
            python_name(key) for o in self.by_body.get(name, ()) for key in self._arguments(o)
        }
        for key, value in before.items():
            if key in after or python_name(key) in taken:
                continue
            # A tag is of use in its own union alone: elsewhere it would be sent unasked.
            plain = {k: v for k, v in value.items() if k not in ("const", "enum")}
            yield from self._kept(f"{name}.{key}", plain, after, key)
        if after:
            new["properties"] = after

    def _complete(self, added: list[Any]) -> None:
        """Add what the kept parts refer to."""
        waiting = [name for part in added for name in references(part)]
        while waiting:
            name = waiting.pop()
            if name in self.schemas:
                continue
            if name in self.decisions.drop:
                raise CodegenError(
                    f"openapi/decisions.toml: {name} cannot be dropped, as what is kept refers to it: "
                    "drop that too"
                )
            self.schemas[name] = {MARK: self.version} | deepcopy(
                self.old["components"]["schemas"][name]
            )
            self.kept.add(name)
            waiting.extend(references(self.schemas[name]))

    def _variants(self, old: Json, new: Json) -> None:
        """Kept classes stay variants of the unions that stay."""
        tag = old["discriminator"]["propertyName"]
        if MARK in new or new["discriminator"]["propertyName"] != tag:
            return
        mapping = new["discriminator"]["mapping"]
        for value, ref in old["discriminator"]["mapping"].items():
            if schema_name(ref) in self.kept and value not in mapping:
                mapping[value] = ref
                new["oneOf"] = sorted(
                    [*(m for m in new["oneOf"] if m["$ref"] != ref), {"$ref": ref}],
                    key=lambda m: schema_name(m["$ref"]),
                )


def _bodies(operation: Json) -> set[str]:
    """The components whose fields are arguments of an operation."""
    holders = [p for p in operation.get("parameters", []) if "content" in p]
    holders += [operation["requestBody"]] if "requestBody" in operation else []
    schemas = (media["schema"] for holder in holders for media in holder["content"].values())
    return {schema_name(schema["$ref"]) for schema in schemas if "$ref" in schema}


def _means_another(before: Json, after: Json) -> bool:
    """Whether a class of the same name has nothing in common with what it was."""
    names = [
        {k for k, v in fields.items() if not v.keys() & {"const", "enum"}}
        for fields in (before, after)
    ]
    return min(map(len, names)) > 1 and not names[0] & names[1]
