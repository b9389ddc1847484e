"""Python for types: annotations, the expressions that read JSON, and the imports that both need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import evolve

from codegen.document import unsupported
from codegen.model import Api, Field, Type

_PLAIN: Final = {"str": "str", "int": "int", "float": "float", "bool": "bool", "datetime": "datetime", "date": "date", "file": "bytes", "json": "dict[str, Any]", "any": "Any"}  # fmt: skip
_TIMES: Final = ("datetime", "date")


def quoted(text: str) -> str:
    """A string of the document as a Python literal: both languages escape alike."""
    return json.dumps(text, ensure_ascii=False)


def literal(value: str | int) -> str:
    """A string or an integer of the document as a Python literal."""
    return quoted(value) if isinstance(value, str) else str(value)


def annotation(kind: Type, api: Api) -> str:
    """A type as written in an annotation, without null."""
    if kind.kind in _PLAIN:
        return _PLAIN[kind.kind]
    if kind.item and kind.kind == "list":
        return f"list[{_inner_annotation(kind.item, api)}]"
    if kind.item and kind.kind == "dict":
        return f"dict[str, {_inner_annotation(kind.item, api)}]"
    return api.schemas[kind.name].class_name


def _inner_annotation(kind: Type, api: Api) -> str:
    return or_none(annotation(kind, api)) if kind.nullable else annotation(kind, api)


def or_none(text: str) -> str:
    """An annotation that allows `None`."""
    return text if text == "Any" else f"{text} | None"


def declared(item: Field, api: Api) -> str:
    """The annotation of a field or an argument."""
    text = annotation(item.type, api)
    return text if item.required and not item.type.nullable else or_none(text)


def names_in(kind: Type) -> Iterator[Type]:
    """The types in a type that need an import."""
    if kind.item:
        yield from names_in(kind.item)
    elif kind.kind not in ("str", "int", "float", "bool", "file"):
        yield kind


def type_imports(kinds: Iterable[Type], api: Api, own: str = "") -> list[str]:
    """Imports that annotations need, besides `Any`."""
    lines: set[str] = set()
    for kind in (k for outer in kinds for k in names_in(outer)):
        if kind.kind in _TIMES:
            lines.add(f"from datetime import {kind.kind}")
        elif kind.name and kind.name != own:
            schema = api.schemas[kind.name]
            module = "enums" if kind.kind == "enum" else schema.module
            lines.add(f"from portone_async.models.{module} import {schema.class_name}")
    return sorted(lines)


def needs_any(kinds: Iterable[Type]) -> bool:
    """Whether annotations of these types say `Any`."""
    return any(k.kind in ("json", "any") for outer in kinds for k in names_in(outer))


def reader(kind: Type, api: Api) -> str:
    """The name under which a schema's `read` is imported."""
    return f"read_{api.schemas[kind.name].module}"


def scalar_class(kind: Type, api: Api) -> str | None:
    """The class of a scalar's JSON value; nothing for what is no scalar, and for times."""
    if kind.kind == "enum":
        return "int" if isinstance(api.schemas[kind.name].values[0], int) else "str"
    return kind.kind if kind.kind in ("str", "int", "float", "bool") else None


def is_scalar(kind: Type) -> bool:
    """Whether a type's JSON value is also the model's, and holds no float."""
    return kind.kind in ("str", "int", "bool", "enum")


def is_mismatch(kind: Type, variable: str, required: bool, api: Api) -> str:
    """A condition: that `variable` does not hold what the document says of a scalar."""
    condition = f"{variable}.__class__ is not {scalar_class(kind, api)}"
    optional = not required or kind.nullable
    return f"({variable} is not None and {condition})" if optional else condition


def is_time(kind: Type) -> bool:
    """Whether a type holds datetimes: their texts are kept beside them, since a datetime has no nanoseconds."""
    return kind.innermost.kind == "datetime"


def read_value(kind: Type, source: str, where: str, required: bool, api: Api) -> str:
    """An expression that reads the JSON value `source` tolerantly."""
    optional = not required or kind.nullable
    if kind.kind in ("any", "file"):
        return f"untyped({source})"
    if kind.kind in _TIMES and not optional:
        return f"read_{kind.kind}({source}, {quoted(where)})"
    return _read(kind, "v", f"(v := {source})", quoted(where), optional, api, 1)


def read_local(item: Field, variable: str, where: str, api: Api) -> str:
    """An expression that reads the value of a field from a local variable; a scalar stays as it came."""
    if is_scalar(item.type):
        return variable
    kind = item.type if item.required else evolve(item.type, nullable=True)
    return read_item(kind, variable, where, api)


def read_item(kind: Type, variable: str, where: str, api: Api, depth: int = 1) -> str:
    """An expression that reads the value of `variable`."""
    if kind.kind in ("any", "file"):
        return f"untyped({variable})"
    return _read(kind, variable, variable, quoted(where), kind.nullable, api, depth)


def _read(
    kind: Type, raw: str, assigned: str, where: str, optional: bool, api: Api, depth: int
) -> str:
    """The expression: `assigned` comes first and gives the value, which is in `raw` afterwards."""
    mismatch = f"mismatch({raw}, {where})"
    if kind.kind in _TIMES:
        read = f"read_{kind.kind}({raw}, {where})"
        if assigned == raw:
            return f"None if {raw} is None else {read}" if optional else read
        return f"None if {assigned} is None else {read}"
    if kind.kind == "alias":
        value = f"{reader(kind, api)}({raw})"
        missing = "None" if optional else mismatch
        return f"{missing} if {assigned} is None else {value}"
    scalar = scalar_class(kind, api)
    expected = scalar or ("list" if kind.kind == "list" else "dict")
    if kind.kind in ("float", "json"):
        value = f"untyped({raw})"
    elif scalar:
        value = raw
    elif kind.kind in ("object", "union", "map"):
        value = f"{reader(kind, api)}({raw})"
    elif kind.item and kind.kind in ("list", "dict"):
        value = _read_items(kind.kind, kind.item, raw, where, api, depth)
    else:
        raise unsupported(where, f"reading {kind}", "add it to codegen/expressions.py")
    is_expected = "in (float, int)" if expected == "float" else f"is {expected}"
    if not optional:
        return f"{value} if {assigned}.__class__ {is_expected} else {mismatch}"
    if value == raw:
        return f"{raw} if {assigned} is None or {raw}.__class__ {is_expected} else {mismatch}"
    return (
        f"None if {assigned} is None else {value} if {raw}.__class__ {is_expected} else {mismatch}"
    )


def _read_items(container: str, item: Type, raw: str, where: str, api: Api, depth: int) -> str:
    scalar = scalar_class(item, api)
    if container == "list" and not item.nullable and scalar and scalar != "float":
        return f"read_scalars({raw}, {scalar}, {where})"
    if container == "list" and not item.nullable and item.kind in ("object", "union"):
        return f"read_list({raw}, {reader(item, api)}, {where})"
    variable = "item" if depth == 1 else f"item{depth}"
    value = read_item(item, variable, json.loads(where), api, depth + 1)
    if container == "list":
        return f"[{value} for {variable} in {raw}]"
    return f"{{key: {value} for key, {variable} in {raw}.items()}}"


def reading_imports(
    kinds: Iterable[Type], api: Api, own: str = ""
) -> tuple[set[str], set[str], set[str]]:
    """What `read` needs at run time: helpers of `_reading`, other readers, and readers that import this module.

    The last are imported when they are called, as two modules cannot import each other at the top.
    """
    helpers: set[str] = set()
    imports: set[str] = set()
    recursive: set[str] = set()
    for kind in kinds:
        inner = kind.innermost
        if inner.kind in _TIMES:
            helpers.add(f"read_{inner.kind}")
        if inner.kind in ("object", "union", "map", "alias"):
            module = api.schemas[inner.name].module
            (
                recursive
                if own and (own == inner.name or own in api.below[inner.name])
                else imports
            ).add(f"from portone_async.models.{module} import read as {reader(inner, api)}")
    return helpers, imports, recursive


def helpers_of(expressions: Iterable[str]) -> set[str]:
    """The helpers of `_reading` that are called in some expressions."""
    known = ("mismatch", "read_scalars", "read_list", "read_datetime", "read_date", "untyped")
    text = "\n".join(expressions)
    return {name for name in known if f"{name}(" in text}
