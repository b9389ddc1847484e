"""The vendored document, parsed by openapi-python-client and checked for losses, as plain values to render.

openapi-python-client resolves references and property types. What it drops silently (discriminators, tags, JSON
query parameters, `x-` data, the order of enum values) is read from the same document here, and the parser must
return everything that the document names.
"""

from __future__ import annotations

import copy
import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib.metadata import version
from typing import Any, Final, Literal, cast

import openapi_python_client.parser.openapi as opc_openapi
from attrs import define
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import properties as opc_properties_module
from openapi_python_client.parser.errors import GeneratorError

from codegen.core import errors
from codegen.document import (
    PARSER_VERSION,
    CodegenError,
    Json,
    operations,
    schema_name,
    unsupported,
)

_ADD_TYPE: Final = "add it to codegen/parse.py, codegen/render.py and portone_async/_validation.py"
# Not a public API (hence the exact pin), so to a type checker it is Any.
opc: Any = opc_openapi
opc_properties: Any = opc_properties_module
Kind = Literal[
    "str", "int", "bool", "datetime", "date", "json", "enum", "object", "union", "map", "list"
]
QUERY_BODY: Final = "requestBody"
RESERVED_NAMES: Final = frozenset(
    {"additional_properties", "bool", "date", "datetime", "dict", "int", "list", "self", "str"}
)
"""Names that generated code uses itself: a field or argument of such a name gets an underscore."""
RESERVED_CLASSES: Final = frozenset(
    {
        "Any", "Callable", "Caller", "ClassVar", "CursorPages", "Literal", "Model", "Namespace",
        "Namespaces", "NumberedPages", "Operation", "Path", "PathLike", "RequestOptions", "TYPE_CHECKING", "TypeAlias",
        "UnknownVariant", "Unrecognized", *errors.__all__,
    }
)  # fmt: skip
"""Names of classes that generated modules use, or export beside their own."""
SCALARS: Final = frozenset({"str", "int", "bool", "enum", "date", "datetime"})


@define(frozen=True)
class Type:
    """A field's type: `name` is the component for enum, object, union and map; `item` what a list holds."""

    kind: Kind
    name: str = ""
    item: Type | None = None


@define(frozen=True)
class Field:
    """One field of an object, or one parameter of an operation."""

    json_name: str
    type: Type
    required: bool
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return python_name(self.json_name)


@define(frozen=True)
class Schema:
    """A component: an object, an enum, a union of tagged objects, or a map."""

    name: str
    kind: Literal["object", "enum", "union", "map", "error", "errors"]
    fields: tuple[Field, ...] = ()
    values: tuple[str, ...] = ()
    tag: str = ""
    variants: tuple[tuple[str, str], ...] = ()
    item: Type | None = None
    status: int = 0

    @property
    def module(self) -> str:
        return python_name(self.name)

    @property
    def types(self) -> Iterator[Type]:
        """The types that it refers to directly: of fields, of items, and of what a list holds."""
        for kind in (*(f.type for f in self.fields), *([self.item] if self.item else [])):
            yield kind.item or kind


@define(frozen=True)
class Endpoint:
    """One operation."""

    id: str
    method: str
    path: str
    path_parameters: tuple[Field, ...]
    query_parameters: tuple[Field, ...]
    body: Schema | None
    body_in_query: bool
    body_required: bool
    response: Type | None
    media: str | None
    errors: Schema
    secured: bool
    unstable: bool

    @property
    def name(self) -> str:
        return python_name(self.id)


@define(frozen=True)
class Api:
    """Everything that gets generated."""

    schemas: dict[str, Schema]
    endpoints: tuple[Endpoint, ...]

    @cached_property
    def below(self) -> dict[str, frozenset[str]]:
        """Each schema's name to the names of all schemas that it holds, directly or indirectly."""
        direct = {
            schema.name: {
                *(t.name for t in schema.types if t.name),
                *(n for _, n in schema.variants),
            }
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


def snake(name: str) -> str:
    """`getPayment` and `B2bTaxInvoice` as `get_payment` and `b2b_tax_invoice`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    words = re.sub(r"[\W_]+", "_", unicodedata.normalize("NFKC", words)).lower().strip("_")
    return f"field_{words}" if words[:1].isdigit() else words


def python_name(json_name: str) -> str:
    """The Python name of a field, an argument, a function or a module; a reserved one gets an underscore."""
    name = snake(json_name)
    if not name.isidentifier():
        raise CodegenError(f"{json_name!r} gives no name in Python")
    return name + "_" if keyword.iskeyword(name) or name in RESERVED_NAMES else name


def parse(document: Json) -> Api:
    """Read the vendored document; an error names whatever was lost or is not supported."""
    stripped, in_query = _for_parser(document)
    data, by_component = _run_parser(stripped)
    names = {
        str(model.class_info.name): name
        for name, model in by_component.items()
        if hasattr(model, "class_info")
    }
    facts = document["components"]["schemas"]
    unions = {name for _, _, operation in operations(document) for name in _error_unions(operation)}
    for name in unions:
        if "oneOf" not in facts[name]:
            raise unsupported(
                name,
                "an error response without oneOf",
                "errors come as a union with a discriminator",
            )
    errors = unions | {schema_name(v["$ref"]) for union in unions for v in facts[union]["oneOf"]}
    schemas = {
        name: _schema(name, facts[name], by_component, names, facts, errors) for name in facts
    }
    parsed = {
        (_shape(_plain(e.path)), e.method.upper()): e
        for collection in data.endpoint_collections_by_tag.values()
        for e in collection.endpoints
    }
    endpoints: list[Endpoint] = []
    for path, method, operation in operations(document):
        endpoint = parsed.get((_shape(path), method))
        if endpoint is None:
            raise CodegenError(f"{operation['operationId']}: lost by the parser")
        endpoints.append(
            _endpoint(path, method, operation, endpoint, schemas, names, facts, in_query)
        )
    api = Api(schemas, tuple(sorted(endpoints, key=lambda e: e.id)))
    _check_names(api)
    _check_uses(api)
    return api


def _shape(path: str) -> str:
    """A path without the names of its parameters, which the parser changes."""
    return re.sub(r"{[^}]*}", "{}", path)


def _for_parser(document: Json) -> tuple[Json, set[str]]:
    """A copy that the parser reads without loss, and the ids of operations whose body is in the query."""
    stripped = copy.deepcopy(document)
    for name, schema in stripped["components"]["schemas"].items():
        if "oneOf" in schema:
            stripped["components"]["schemas"][name] = {"type": "object"}
        for value in schema.get("properties", {}).values():
            value.pop("const", None)
            value.pop("enum", None)
    in_query: set[str] = set()
    for _, _, operation in operations(stripped):
        operation["tags"] = ["all"]
        for parameter in list(operation.get("parameters", [])):
            if "content" in parameter:
                if parameter["name"] != QUERY_BODY or "requestBody" in operation:
                    raise unsupported(
                        operation["operationId"],
                        f"JSON in the query parameter {parameter['name']}",
                        f"only one body is, in {QUERY_BODY}",
                    )
                operation["requestBody"] = {"content": parameter["content"]}
                operation["parameters"].remove(parameter)
                in_query.add(operation["operationId"])
    return stripped, in_query


def _run_parser(document: Json) -> tuple[Any, Json]:
    installed = version("openapi-python-client")
    if installed != PARSER_VERSION:
        raise CodegenError(
            f"openapi-python-client {PARSER_VERSION} is needed, not {installed}: run `make check`, which installs it"
        )
    config = Config.from_sources(
        ConfigFile(post_hooks=[], literal_enums=True),
        MetaType.NONE,
        document_source="openapi.json",
        file_encoding="utf-8",
        overwrite=True,
        output_path=None,
    )
    captured: list[Any] = []
    build_schemas, deepcopy = opc.build_schemas, opc.deepcopy

    def capture(**arguments: Any) -> Any:
        captured.append(build_schemas(**arguments))
        return captured[-1]

    # The parser drops its table of references: this is the only way to get it.
    opc.build_schemas = capture
    # It copies each endpoint, with all the schemas below, to sort its parameters, and drops the original: half its time.
    opc.deepcopy = _uncopied
    try:
        data = opc.GeneratorData.from_dict(document, config=config)
    finally:
        opc.build_schemas, opc.deepcopy = build_schemas, deepcopy
    if isinstance(data, GeneratorError):
        raise CodegenError(
            f"openapi-python-client refuses the document: {data.header}: {data.detail}"
        )
    for error in [
        *data.errors,
        *(e for c in data.endpoint_collections_by_tag.values() for e in c.parse_errors),
    ]:
        warning = re.sub(r"<\S+ object at \w+> ", "", f"{error.header}: {error.detail}")
        raise CodegenError(f"openapi-python-client warns: {warning}")
    table = captured[0].classes_by_reference
    by_component = {str(_plain(ref)).rpartition("/")[2]: model for ref, model in table.items()}
    lost = sorted(document["components"]["schemas"].keys() - by_component.keys())
    if lost:
        raise CodegenError(f"{len(lost)} schemas lost by the parser: {', '.join(lost[:20])}")
    return data, by_component


def _uncopied(value: Any) -> Any:
    return value


def _plain(value: Any) -> Any:
    """A string of the document without the parser's wrapper."""
    return value.get_untrusted_value() if hasattr(value, "get_untrusted_value") else value


def _schema(
    name: str,
    facts: Json,
    by_component: Json,
    names: dict[str, str],
    all_facts: Json,
    errors: set[str],
) -> Schema:
    if "oneOf" in facts:
        mapping = facts["discriminator"]["mapping"]
        variants = tuple((value, schema_name(ref)) for value, ref in mapping.items())
        tag = facts["discriminator"]["propertyName"]
        return Schema(name, "errors" if name in errors else "union", tag=tag, variants=variants)
    if "enum" in facts:
        return Schema(name, "enum", values=tuple(facts["enum"]))
    model = by_component[name]
    if not isinstance(model, opc_properties.ModelProperty):
        raise unsupported(name, "a component of this type", _ADD_TYPE)
    if isinstance(facts.get("additionalProperties"), dict):
        if facts.get("properties"):
            raise unsupported(name, "properties beside additionalProperties", _ADD_TYPE)
        return Schema(
            name, "map", item=_type(model.additional_properties, f"{name}.*", names, all_facts)
        )
    parsed: Json = {
        _plain(p.name): p
        for p in cast(
            "list[Any]", [*(model.required_properties or []), *(model.optional_properties or [])]
        )
    }
    lost = facts.get("properties", {}).keys() ^ parsed.keys()
    if lost:
        raise CodegenError(f"{name}: fields lost by the parser: {', '.join(sorted(lost))}")
    fields: list[Field] = []
    for json_name, value in facts.get("properties", {}).items():
        tags = (value["const"],) if "const" in value else tuple(value.get("enum", ()))
        required = json_name in facts.get("required", ())
        where = f"{name}.{json_name}"
        if required != parsed[json_name].required:
            raise CodegenError(f"{where}: required lost by the parser")
        kind = _type(parsed[json_name], where, names, all_facts)
        fields.append(Field(json_name, kind, required, tags))
    status = facts.get("x-portone-status-code", 0)
    if name in errors and not status:
        raise CodegenError(f"{name}: an error without a status: it needs x-portone-status-code")
    return Schema(name, "error" if name in errors else "object", tuple(fields), status=status)


def _type(prop: Any, where: str, names: dict[str, str], facts: Json) -> Type:
    match prop:
        case opc_properties.StringProperty():
            return Type("str")
        case opc_properties.IntProperty():
            return Type("int")
        case opc_properties.BooleanProperty():
            return Type("bool")
        case opc_properties.DateTimeProperty():
            return Type("datetime")
        case opc_properties.DateProperty():
            return Type("date")
        case opc_properties.ListProperty():
            item = _type(prop.inner_property, f"{where}[]", names, facts)
            if item.kind in ("list", "json"):
                raise unsupported(where, f"a list of {item.kind}", _ADD_TYPE)
            return Type("list", item=item)
        case opc_properties.EnumProperty() | opc_properties.LiteralEnumProperty():
            return Type("enum", _component(prop, where, names))
        case opc_properties.ModelProperty() if str(prop.class_info.name) in names:
            name = names[str(prop.class_info.name)]
            if "oneOf" in facts[name]:
                return Type("union", name)
            return Type(
                "map" if isinstance(facts[name].get("additionalProperties"), dict) else "object",
                name,
            )
        case opc_properties.ModelProperty() if not (
            prop.required_properties or prop.optional_properties or _typed_map(prop)
        ):
            return Type("json")
        case _:
            raise unsupported(where, type(prop).__name__, _ADD_TYPE)


def _typed_map(prop: Any) -> bool:
    return not isinstance(prop.additional_properties, bool | opc_properties.AnyProperty)


def _component(prop: Any, where: str, names: dict[str, str]) -> str:
    name = names.get(str(prop.class_info.name))
    if name is None:
        raise unsupported(where, "an enum without a name", "move it to components/schemas")
    return name


def _endpoint(
    path: str,
    method: str,
    operation: Json,
    parsed: Any,
    schemas: dict[str, Schema],
    names: dict[str, str],
    facts: Json,
    in_query: set[str],
) -> Endpoint:
    name = operation["operationId"]
    declared = {
        (p["in"], p["name"]): p for p in operation.get("parameters", []) if "content" not in p
    }
    fields: dict[str, dict[str, Field]] = {"path": {}, "query": {}}
    for place, properties in (("path", parsed.path_parameters), ("query", parsed.query_parameters)):
        for prop in properties:
            json_name = _plain(prop.name)
            where = f"{name}.{json_name}"
            kind = _type(prop, where, names, facts)
            if kind.kind not in SCALARS:
                raise unsupported(where, f"a parameter of {kind.kind}", "only scalars are")
            required = declared[place, json_name].get("required", False)
            fields[place][json_name] = Field(json_name, kind, required)
    lost = declared.keys() ^ {(place, key) for place, group in fields.items() for key in group}
    if lost:
        listed = ", ".join(sorted(key for _, key in lost))
        raise CodegenError(f"{name}: parameters lost by the parser: {listed}")
    placeholders = re.findall(r"{([^}]*)}", path)
    if set(placeholders) != fields["path"].keys():
        raise CodegenError(f"{name}: the path's placeholders are not its path parameters")
    if len(parsed.responses.patterns) != len(operation["responses"]):
        raise CodegenError(f"{name}: responses lost by the parser")
    body_facts = operation.get("requestBody")
    if name in in_query:
        body_facts = next(p for p in operation["parameters"] if "content" in p)
    body = None
    if body_facts is not None:
        if len(parsed.bodies) != 1:
            raise CodegenError(f"{name}: body lost by the parser")
        body = schemas[_only_reference(body_facts["content"], "application/json", name)]
    response, media = _response(operation, schemas, name)
    unions = _error_unions(operation)
    if body is not None and body.kind != "object":
        raise unsupported(
            name, f"a body of {body.kind}", "only an object is: its fields become arguments"
        )
    if len(unions) != 1:
        raise CodegenError(f"{name}: one error union is expected, not {sorted(unions)}")
    return Endpoint(
        id=name,
        method=method,
        path=path,
        path_parameters=tuple(fields["path"][key] for key in placeholders),
        query_parameters=tuple(fields["query"][key] for key in sorted(fields["query"])),
        body=body,
        body_in_query=name in in_query,
        body_required=bool(body_facts and body_facts.get("required", False)),
        response=response,
        media=media,
        errors=schemas[unions.pop()],
        secured=bool(operation.get("security")),
        unstable=bool(operation.get("x-portone-unstable")),
    )


def _error_unions(operation: Json) -> set[str]:
    return {
        _only_reference(response.get("content", {}), "application/json", operation["operationId"])
        for status, response in operation["responses"].items()
        if not status.startswith("2")
    }


def _response(
    operation: Json, schemas: dict[str, Schema], name: str
) -> tuple[Type | None, str | None]:
    success = [status for status in operation["responses"] if status.startswith("2")]
    if success != ["200"]:
        raise CodegenError(f"{name}: one 200 response is expected, not {success}")
    content = operation["responses"]["200"].get("content")
    if not content:
        return None, None
    if len(content) != 1:
        raise unsupported(name, f"a response in {' or '.join(content)}", "one media type is")
    (media,) = content
    if media != "application/json":
        return None, media
    schema = schemas[_only_reference(content, media, name)]
    if schema.kind not in ("object", "union", "map"):
        raise unsupported(name, f"a response of {schema.kind}", "an object, a union or a map is")
    return Type(schema.kind, schema.name), media


def _only_reference(content: Json, media: str, name: str) -> str:
    if list(content) != [media] or "$ref" not in content[media]["schema"]:
        what = ", ".join(content) or "a response"
        remedy = f"{media} with a $ref to components/schemas is"
        raise unsupported(name, f"{what} without a named schema", remedy)
    return schema_name(content[media]["schema"]["$ref"])


def _check_names(api: Api) -> None:
    """Stop at two things that would have the same name in Python, and at what gives no name."""

    def once(what: str, names: Iterable[tuple[str, str]]) -> None:
        seen: dict[str, str] = {}
        for python, original in names:
            if seen.setdefault(python, original) != original:
                raise CodegenError(
                    f"{what}: {seen[python]} and {original} are the same name in Python: {python}"
                )

    schemas = tuple(api.schemas.values())
    once("schemas", ((s.module, s.name) for s in schemas))
    once("operations", ((e.name, e.id) for e in api.endpoints))
    for schema in schemas:
        if (
            not schema.name.isidentifier()
            or keyword.iskeyword(schema.name)
            or schema.name in RESERVED_NAMES | RESERVED_CLASSES
        ):
            raise CodegenError(
                f"{schema.name}: cannot be the name of a class: Python or the SDK reserves it"
            )
        once(schema.name, ((f.name, f.json_name) for f in schema.fields))
    for endpoint in api.endpoints:
        body = endpoint.body.fields if endpoint.body else ()
        places = {
            "path": endpoint.path_parameters,
            "query": endpoint.query_parameters,
            "body": body,
        }
        once(
            endpoint.id,
            ((f.name, f"{f.json_name} of the {where}") for where, fs in places.items() for f in fs),
        )


def _check_uses(api: Api) -> None:
    """Errors are exceptions, so nothing else may hold them."""
    for schema in api.schemas.values():
        held = {t.name for t in schema.types if t.name}
        if schema.kind == "union":
            held |= {name for _, name in schema.variants}
        for name in sorted(held):
            if api.schemas[name].kind in ("error", "errors"):
                raise CodegenError(
                    f"{schema.name}: holds the error {name}, which is not supported: errors are exceptions"
                )
