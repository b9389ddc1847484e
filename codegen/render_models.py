"""The generated models and errors: what their templates are given."""

from __future__ import annotations

from typing import Any, Final

from codegen.core import errors
from codegen.document import CodegenError
from codegen.expressions import (
    annotation,
    declared,
    helpers_of,
    is_mismatch,
    is_scalar,
    is_time,
    literal,
    names_in,
    quoted,
    read_item,
    read_local,
    read_value,
    reading_imports,
    scalar_class,
    type_imports,
)
from codegen.model import Api, Field, Schema, Type
from codegen.names import RESERVED_VARIABLES, error_attribute
from codegen.prose import Prose
from codegen.templating import deprecation, identity_of_error, render, words_of, words_of_field

STATUS_CLASSES: Final = {status: kind.__name__ for status, kind in errors.BY_STATUS.items()}


def object_module(schema: Schema, api: Api, prose: Prose) -> str:
    """An attrs class and the function that reads it."""
    kinds = [f.type for f in schema.fields]
    # Those without a default come first, as attrs wants it, and as `field_getter` gives their values.
    declared_fields = sorted(schema.fields, key=lambda f: not f.required or bool(f.tags))
    others = [Type("dict", item=schema.item)] if schema.item else []
    facts = _class_facts(schema, api)
    facts += [f"__other_fields__: ClassVar[{annotation(kind, api)}]" for kind in others]
    reads = [
        {
            "name": f.name,
            "variable": _variable(f.name),
            "value": read_local(f, _variable(f.name), f"{schema.class_name}.{f.json_name}", api),
        }
        for f in declared_fields
    ]
    mismatches = [
        is_mismatch(f.type, _variable(f.name), f.required, api)
        for f in declared_fields
        if is_scalar(f.type)
    ]
    _, readers, recursive = reading_imports(kinds, api, schema.name)
    nulls = [f.json_name for f in schema.fields if f.type.nullable and not f.required]
    helpers = helpers_of(read["value"] for read in reads) | {"new_instance"}
    helpers |= {"field_getter"} if schema.fields else {"untyped"}
    helpers |= {"keep_nulls"} if nulls else set()
    helpers |= {"report_scalars"} if mismatches else set()
    checking = type_imports([*kinds, *others], api, schema.name)
    fields = [
        {
            "name": f.name,
            "declaration": _declaration(f, api),
            "words": words_of_field(schema.name, f, prose),
        }
        for f in declared_fields
    ]
    typing = ["Any"]
    typing += ["ClassVar"] if facts else []
    typing += ["Literal"] if any(f.tags for f in schema.fields) else []
    typing += ["TYPE_CHECKING"] if checking else []
    return render(
        "object.py",
        schema=schema,
        words=words_of(schema, prose),
        typing=sorted(typing),
        helpers=sorted(helpers),
        readers=sorted(readers),
        recursive=sorted(recursive),
        checking=checking,
        facts=facts,
        fields=fields,
        reads=reads,
        mismatches=mismatches,
        times=[_variable(f.name) for f in schema.fields if is_time(f.type)],
        nulls=nulls,
    )


def _variable(name: str) -> str:
    """The local variable of a field in `read`: never called as what `read` uses itself."""
    return name + "_" if name in RESERVED_VARIABLES or name.startswith("read_") else name


def _class_facts(schema: Schema, api: Api) -> list[str]:
    """What a model's class says about its fields that annotations do not; only what is not empty."""
    enums = [f for f in schema.fields if f.type.kind == "enum"]
    pairs = ", ".join(f'"{name}": {quoted(other)}' for name, other in _irregular(schema).items())
    facts = [f"__json_names__: ClassVar[dict[str, str]] = {{{pairs}}}"] if pairs else []
    for name, fields in (
        ("__enum_fields__", [f.name for f in enums]),
        ("__integer_fields__", [f.name for f in enums if scalar_class(f.type, api) == "int"]),
        ("__time_fields__", [f.name for f in schema.fields if is_time(f.type)]),
        ("__nullable_fields__", [f.name for f in schema.fields if f.type.nullable]),
    ):
        if fields:
            listed = "".join(f'"{field}", ' for field in fields)
            facts.append(f"{name}: ClassVar[tuple[str, ...]] = ({listed})")
    return facts


def _irregular(schema: Schema) -> dict[str, str]:
    """Attributes whose JSON name is not simply their camel case."""

    # As `portone_async._model` does it.
    def camel(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(word.capitalize() for word in rest)

    return {f.name: f.json_name for f in schema.fields if camel(f.name) != f.json_name}


def _declaration(item: Field, api: Api) -> str:
    """A field's annotation and default."""
    if item.tags:
        tags = f"Literal[{', '.join(repr(tag) for tag in item.tags)}]"
        # Of several tags, whoever makes an instance has to choose.
        return f"{tags} = {item.tags[0]!r}" if len(item.tags) == 1 else tags
    return declared(item, api) + ("" if item.required else " = None")


def union_module(schema: Schema, api: Api, prose: Prose) -> str:
    """A union's type and the function that reads it by its discriminator."""
    classes = {api.schemas[n].class_name: api.schemas[n].module for n in schema.members}
    return render(
        "union.py",
        schema=schema,
        words=words_of(schema, prose),
        members=list(classes),
        imports=[
            f"from portone_async.models.{module} import {name}"
            for name, module in sorted(classes.items())
        ],
        variants=[(tag, api.schemas[name].class_name) for tag, name in schema.variants],
    )


def alias_module(schema: Schema, api: Api, prose: Prose) -> str:
    """Another name of a type, and the function that reads it."""
    item = schema.item or Type("any")
    imports = set[str]()
    if schema.kind == "map":
        target, value = Type("dict", item=item), _read_map(item, schema, api)
    else:
        target, value = item, read_item(item, "raw", schema.name, api)
    for kind in names_in(item):
        if kind.kind in ("datetime", "date"):
            imports.add(f"from datetime import {kind.kind}")
        elif kind.name:
            module = "enums" if kind.kind == "enum" else api.schemas[kind.name].module
            imports.add(
                f"from portone_async.models.{module} import {api.schemas[kind.name].class_name}"
            )
    _, readers, _ = reading_imports([item], api)
    helpers = helpers_of([value]) | {
        name for name in ("read_map", "read_scalar_map") if value.startswith(f"{name}(")
    }
    if helpers:
        imports.add(f"from portone_async._reading import {', '.join(sorted(helpers))}")
    text_ = annotation(target, api)
    return render(
        "alias.py",
        schema=schema,
        words=words_of(schema, prose),
        imports=sorted(imports | readers),
        target=f"{text_} | None" if target.nullable and text_ != "Any" else text_,
        value=value,
    )


def _read_map(item: Type, schema: Schema, api: Api) -> str:
    where = quoted(schema.name)
    if item.kind in ("str", "int", "bool") and not item.nullable:
        return f"read_scalar_map(raw, {item.kind}, {where})"
    if item.kind in ("object", "union") and not item.nullable:
        return f"read_map(raw, read_{api.schemas[item.name].module}, {where})"
    value = read_item(item, "item", schema.name, api, 2)
    return f"{{key: {value} for key, item in raw.items()}}"


def enums_module(api: Api, prose: Prose) -> str:
    """All enums: a value that this version knows, or one that PortOne has added since."""
    enums = [
        {
            "name": schema.class_name,
            "literals": [literal(value) for value in schema.values],
            "other": "Unrecognized" if isinstance(schema.values[0], str) else "UnrecognizedInteger",
            "words": words_of(schema, prose),
        }
        for schema in api.schemas.values()
        if schema.kind == "enum"
    ]
    imports = sorted({str(enum["other"]) for enum in enums}) or ["Unrecognized"]
    return render("enums.py", enums=enums, imports=imports)


def models_index(api: Api) -> str:
    """`models/__init__`: every name, each imported when it is first used."""
    shown = [s for s in api.schemas.values() if s.kind not in ("error", "errors")]
    modules = [(s.class_name, "enums" if s.kind == "enum" else s.module) for s in shown]
    return render(
        "models.py",
        by_module=sorted(modules, key=lambda pair: (pair[1], pair[0])),
        by_name=sorted(modules),
    )


def errors_module(api: Api, prose: Prose) -> str:
    """One exception class per error type, derived from the class of its status."""
    values: dict[str, set[str]] = {}
    for endpoint in api.endpoints:
        for value, name in endpoint.errors:
            values.setdefault(name, set()).update({value} - {""})
    classes = [
        _error(api.schemas[name], class_, values.get(name, set()), api, prose)
        for name, class_ in api.exceptions.items()
    ]
    fields = [f for error in classes for f in error["fields"]]
    kinds = [f["type"] for f in fields]
    _, readers, _ = reading_imports(kinds, api)
    return render(
        "errors.py",
        classes=classes,
        bases=sorted({error["base"] for error in classes}),
        helpers=sorted(helpers_of(f["value"] for f in fields)),
        readers=sorted(readers),
        checking=type_imports(kinds, api),
    )


def _error(schema: Schema, name: str, values: set[str], api: Api, prose: Prose) -> dict[str, Any]:
    own = [tag for f in schema.fields if f.json_name == "type" for tag in f.tags]
    types = sorted(values) + [tag for tag in own if tag not in values]
    words = [
        prose.schemas.get(schema.name, ""),
        identity_of_error(schema, types),
        deprecation(schema),
    ]
    fields = [f for f in schema.fields if f.json_name not in ("type", "message")]
    return {
        "name": name,
        "base": _status_class(schema),
        "words": "\n\n".join(filter(None, words)),
        "types": types,
        "fields": [
            {
                "name": error_attribute(f.name),
                "type": f.type,
                "annotation": declared(f, api),
                "words": words_of_field(schema.name, f, prose),
                "value": read_value(
                    f.type,
                    f"get({quoted(f.json_name)})",
                    f"{schema.name}.{f.json_name}",
                    f.required,
                    api,
                ),
            }
            for f in fields
        ],
    }


def _status_class(schema: Schema) -> str:
    if schema.status in STATUS_CLASSES:
        return STATUS_CLASSES[schema.status]
    if schema.status and not 400 <= schema.status < 600:  # noqa: PLR2004
        raise CodegenError(f"{schema.name}: {schema.status} is no status of an error")
    return errors.status_class(schema.status).__name__
