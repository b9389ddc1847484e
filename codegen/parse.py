"""The document of facts as plain values to render: types through openapi-python-client, all else from the facts.

The parser must return everything that the document names: what is lost stops the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple, cast

from attrs import define, evolve

from codegen import pages, parser
from codegen.decisions import Decisions
from codegen.document import CodegenError, Json, operations, reachable, schema_name, unsupported
from codegen.model import SCALARS, Api, Endpoint, Field, Input, Paging, Place, Schema, Type
from codegen.names import (
    RESERVED_ARGUMENTS,
    Names,
    argument_name,
    class_name,
    function_name,
    module_name,
    python_name,
)
from codegen.parser import Parsed, properties, typed_parameters, without_null
from codegen.paths import FORMS, JSON_MEDIA, QUERY_BODY
from codegen.report import Report


class _Wanted(NamedTuple):
    """An argument that has no name yet."""

    place: Place
    field: Field
    joined: bool = False


_SCHEMES: Final = {"http portone": "secret", "http bearer": "token"}
"""The kinds of security scheme that the client has credentials for."""


def parse(document: Json, report: Report | None = None, decisions: Decisions | None = None) -> Api:
    """Read a document of facts; an error names everything that was lost or is not supported."""
    own = Report()
    reader = _Reader(document, parser.run(document), report or own, decisions or Decisions())
    api = reader.api()
    own.raise_refusals()
    return api


@define
class _Roles:
    """Which components are errors, and which are anything else too."""

    unions: set[str]
    errors: set[str]
    held: set[str]
    statuses: dict[str, set[str]]
    """Error to the statuses under which it is listed."""
    forms: set[str]


class _Reader:
    def __init__(
        self, document: Json, parsed: Parsed, report: Report, decisions: Decisions
    ) -> None:
        self.document = document
        self.facts: Json = document["components"]["schemas"]
        self.parsed = parsed
        self.report = report
        self.names = Names(report, decisions)
        self.roles = self._roles()

    def api(self) -> Api:
        shown = [
            name
            for name in self.facts
            if name not in self.roles.errors | self.roles.unions or name in self.roles.held
        ]
        classes = self.names.of("", ((name, class_name(name)) for name in shown))
        modules = Names(Report(), Decisions()).of("", ((name, module_name(name)) for name in shown))
        schemas: dict[str, Schema] = {}
        for name in self.facts:
            with self.report.collecting():
                schemas[name] = self._schema(
                    name, classes.get(name, class_name(name)), modules.get(name, module_name(name))
                )
        self._refuse_recursive_aliases(schemas)
        self.report.raise_refusals()
        in_errors = {t.name for e in self.roles.errors for t in schemas[e].types if t.name}
        taken = {schemas[name].class_name for name in in_errors}
        exceptions = self.names.of(
            "", ((name, class_name(name)) for name in sorted(self.roles.errors)), taken
        )
        functions = self.names.of(
            "",
            (
                (o["operationId"], function_name(o["operationId"]))
                for _, _, o in operations(self.document)
            ),
        )
        endpoints: list[Endpoint] = []
        for path, method, operation in operations(self.document):
            with self.report.collecting():
                endpoints.append(self._endpoint(path, method, operation, functions, schemas))
        self.report.raise_refusals()
        endpoints.sort(key=lambda e: e.id)
        api = Api(schemas, tuple(endpoints), exceptions)
        lists: dict[str, Paging] = {}
        for endpoint in endpoints:
            found = pages.find(endpoint, api, set(functions.values()), self.report)
            if found:
                lists[endpoint.id] = found
        return evolve(api, pages=lists)

    def _refuse_recursive_aliases(self, schemas: dict[str, Schema]) -> None:
        """A class may hold itself; an alias of a type cannot be written down then."""
        aliases = {name: s for name, s in schemas.items() if s.kind in ("map", "alias")}
        for name in aliases:
            seen, waiting = set[str](), {name}
            while waiting:
                seen |= waiting
                held = {t.name for each in waiting for t in aliases[each].types}
                if name in held:
                    self.report.refusals.append(
                        str(
                            unsupported(
                                name,
                                "a map or a list that holds itself",
                                "leave its operations out",
                            )
                        )
                    )
                    break
                waiting = (held & aliases.keys()) - seen

    # --- errors ---

    def _roles(self) -> _Roles:
        unions: set[str] = set()
        errors: set[str] = set()
        statuses: dict[str, set[str]] = {}
        others: list[Any] = []
        for _, _, operation in operations(self.document):
            others += [operation.get("requestBody"), operation.get("parameters")]
            success, failure = split_responses(operation)
            others += success.values()
            for status, response in failure.items():
                for name in _json_components({status: response}):
                    members = [schema_name(m["$ref"]) for m in self.facts[name].get("oneOf", ())]
                    for member in members or [name]:
                        statuses.setdefault(member, set()).add(status)
            for name in _json_components(failure):
                members = [schema_name(m["$ref"]) for m in self.facts[name].get("oneOf", ())]
                if "oneOf" in self.facts[name]:
                    unions.add(name)
                elif "properties" in self.facts[name]:
                    errors.add(name)
                else:
                    self.report.note(
                        "errors without a class of their own", f"{operation['operationId']}: {name}"
                    )
                errors.update(m for m in members if "oneOf" not in self.facts[m])
        # What errors hold are models, and what webhooks hold are.
        fields = [
            value for name in errors for value in self.facts[name].get("properties", {}).values()
        ]
        held = set(reachable([others, fields], self.facts))
        used = set(reachable([operations_of(self.document), fields], self.facts))
        bodies: list[Json] = [
            o["requestBody"] for o in operations_of(self.document) if "requestBody" in o
        ]
        contents: list[Json] = [body["content"] for body in bodies]
        forms = {
            schema_name(content[media]["schema"]["$ref"])
            for content in contents
            for media in FORMS
            if media in content
        }
        return _Roles(unions, errors, held | (self.facts.keys() - used), statuses, forms)

    # --- schemas ---

    def _kind(self, name: str) -> Literal["object", "enum", "union", "map", "alias"]:
        facts = self.facts[name]
        if "oneOf" in facts:
            return "union"
        if "enum" in facts:
            return "enum"
        if facts.get("type") == "object":
            return "map" if isinstance(facts.get("additionalProperties"), dict) else "object"
        return "alias"

    def _schema(self, name: str, class_: str, module: str) -> Schema:
        facts = self.facts[name]
        kind = self._kind(name)
        only_error = name not in self.roles.held
        deprecated = bool(facts.get("deprecated"))
        match kind:
            case "union":
                mapping = facts["discriminator"]["mapping"]
                variants = tuple((value, schema_name(ref)) for value, ref in mapping.items())
                members = [schema_name(member["$ref"]) for member in facts["oneOf"]]
                reached = {target for _, target in variants}
                untagged = tuple(member for member in members if member not in reached)
                tag = facts["discriminator"]["propertyName"]
                is_errors = only_error and name in self.roles.unions
                if name in self.roles.unions and tag != "type":
                    raise unsupported(
                        name,
                        f"errors that are told apart by {tag}",
                        "the client reads `type`: leave its operations out",
                    )
                return Schema(
                    name,
                    "errors" if is_errors else "union",
                    class_,
                    module,
                    tag=tag,
                    variants=variants,
                    untagged=untagged,
                    deprecated=deprecated,
                )
            case "enum":
                return Schema(
                    name, kind, class_, module, values=tuple(facts["enum"]), deprecated=deprecated
                )
            case "map" | "alias":
                prop = self.parsed.components[name]
                if kind == "map":
                    item = self._type(
                        facts["additionalProperties"], prop.additional_properties, f"{name}.*"
                    )
                else:
                    item = self._type(facts, prop, name)
                return Schema(name, kind, class_, module, item=item, deprecated=deprecated)
            case "object":
                is_error = only_error and name in self.roles.errors
                return Schema(
                    name,
                    "error" if is_error else "object",
                    class_,
                    module,
                    self._fields(name, facts),
                    status=self._status(name),
                    deprecated=deprecated,
                )

    def _fields(self, name: str, facts: Json) -> tuple[Field, ...]:
        values: Json = facts.get("properties", {})
        found = self.parsed.fields.get(name, {})
        lost = values.keys() ^ found.keys()
        if lost:
            raise CodegenError(f"{name}: fields lost by the parser: {', '.join(sorted(lost))}")
        names = self.names.of(f"{name}.", ((key, python_name(key)) for key in values))
        fields: list[Field] = []
        for key, value in values.items():
            tags = (value["const"],) if "const" in value else tuple(value.get("enum", ()))
            required = key in facts.get("required", ())
            if required != found[key].required:
                raise CodegenError(f"{name}.{key}: required lost by the parser")
            kind = self._type(value, found[key], f"{name}.{key}")
            if name not in self.roles.forms:
                kind = _without_files(kind)
            fields.append(
                Field(
                    key, names[key], kind, required, tags,
                    deprecated=bool(value.get("deprecated")), read_only=bool(value.get("readOnly")),
                )
            )  # fmt: skip
        return tuple(fields)

    def _type(self, facts: Json, prop: Any, where: str) -> Type:
        facts, nullable = without_null(facts)
        if "$ref" in facts:
            name = schema_name(facts["$ref"])
            if (
                hasattr(prop, "class_info")
                and self.parsed.classes.get(str(prop.class_info.name)) != name
            ):
                raise CodegenError(f"{where}: {name} lost by the parser")
            return Type(self._kind(name), name, nullable=nullable)
        match prop:
            case properties.StringProperty():
                is_file = facts.get("format") == "binary"
                return Type("file" if is_file else "str", nullable=nullable)
            case properties.IntProperty():
                return Type("int", nullable=nullable)
            case properties.FloatProperty():
                return Type("float", nullable=nullable)
            case properties.BooleanProperty():
                return Type("bool", nullable=nullable)
            case properties.DateTimeProperty():
                return Type("datetime", nullable=nullable)
            case properties.DateProperty():
                return Type("date", nullable=nullable)
            case properties.ListProperty():
                item = self._type(facts["items"], prop.inner_property, f"{where}[]")
                return Type("list", item=item, nullable=nullable)
            case properties.ModelProperty() if isinstance(facts.get("additionalProperties"), dict):
                item = self._type(
                    facts["additionalProperties"], prop.additional_properties, f"{where}.*"
                )
                return Type("dict", item=item, nullable=nullable)
            case properties.ModelProperty():
                return Type("json", nullable=nullable)
            case properties.AnyProperty():
                return Type("any", nullable=True)
            case _:
                raise unsupported(where, type(prop).__name__, "add it to codegen/parse.py")

    # --- operations ---

    def _endpoint(
        self,
        path: str,
        method: str,
        operation: Json,
        functions: dict[str, str],
        schemas: dict[str, Schema],
    ) -> Endpoint:
        name = operation["operationId"]
        found = self._parameters(path, operation)
        body, media, in_query, required = self._body(operation)
        whole = body is not None and schemas[body].kind != "object"
        if media in FORMS and whole:
            raise unsupported(
                name, f"{media} of what is not an object", "an object is: its fields become parts"
            )
        if body is not None and not whole:
            fields = [f for f in schemas[body].fields if not f.read_only]
            found += [_Wanted("body", f) for f in fields]
        elif body is not None:
            found.append(
                _Wanted("body", Field("body", "body", Type(self._kind(body), body), required))
            )
        response, may_be_empty, response_media = self._response(operation)
        token_only, secured = self._security(operation)
        return Endpoint(
            id=name,
            name=functions[name],
            method=method,
            path=path,
            inputs=self._inputs(name, found, whole),
            body=body,
            body_media=media,
            body_in_query=in_query,
            body_required=required,
            whole_body=whole,
            response=response,
            may_be_empty=may_be_empty,
            media=response_media,
            errors=self._errors(operation),
            secured=secured,
            token_only=token_only,
            unstable=bool(operation.get("x-portone-unstable")),
            deprecated=bool(operation.get("deprecated")),
        )

    def _parameters(self, path: str, operation: Json) -> list[_Wanted]:
        name = operation["operationId"]
        declared = typed_parameters(operation)
        parsed = self.parsed.parameters[name]
        lost = declared.keys() ^ parsed.keys()
        if lost:
            raise CodegenError(
                f"{name}: parameters lost by the parser: {', '.join(sorted(key for _, key in lost))}"
            )
        result: list[_Wanted] = []
        for (place, key), facts in declared.items():
            where = f"{name}.{key}"
            kind = self._type(facts["schema"], parsed[place, key], where)
            allowed = kind.kind in SCALARS or (
                place != "path" and kind.kind == "list" and kind.item and kind.item.kind in SCALARS
            )
            if kind.kind == "alias":
                kind = self._alias(kind.name)
                allowed = kind.kind in SCALARS
            if not allowed:
                raise unsupported(
                    where,
                    f"a parameter of {kind.kind}",
                    "scalars and lists of them are; leave the operation out",
                )
            joined = kind.kind == "list" and facts.get("explode") is False
            field = Field(
                key,
                "",
                kind,
                facts.get("required", False),
                deprecated=bool(facts.get("deprecated")),
            )
            result.append(_Wanted(cast("Place", place), field, joined))
        placeholders = re.findall(r"{([^}]*)}", path)
        by_name = {each.field.json_name: each for each in result if each.place == "path"}
        if set(placeholders) != by_name.keys():
            raise CodegenError(f"{name}: the path's placeholders are not its path parameters")
        others = [each for each in result if each.place != "path"]
        names = [
            {w.field.json_name for w in others if w.place == place} for place in ("query", "header")
        ]
        twice = names[0] & names[1]
        if twice:
            remedy = "leave the operation out"
            raise unsupported(name, f"{min(twice)} in the query and in a header", remedy)
        others.sort(key=lambda each: (each.place == "header", each.field.json_name))
        return [by_name[key] for key in dict.fromkeys(placeholders)] + others

    def _alias(self, name: str) -> Type:
        return self._type(self.facts[name], self.parsed.components[name], name)

    def _inputs(self, operation: str, found: list[_Wanted], whole: bool) -> tuple[Input, ...]:
        """The arguments: of the path first, then of the body, as they are written in a call."""
        order: list[Place] = ["path", "body", "query", "header"]
        result: list[Input] = []
        taken = set[str]()
        for place in order:
            group = [(f, joined) for where, f, joined in found if where == place]
            clashing = {f.json_name for f, _ in group if argument_name(f.json_name) in taken}
            wanted = [
                (
                    f.json_name,
                    f"{place}_{python_name(f.json_name)}"
                    if f.json_name in clashing
                    else argument_name(f.json_name),
                )
                for f, _ in group
            ]
            if place == "body" and whole:
                wanted = [("body", "body")]
            for key in sorted(clashing):
                self.report.note(
                    "named after its place, as two inputs have the name",
                    f"{operation}.{key} is {place}_{python_name(key)}",
                )
            names = self.names.of(f"{operation}.", wanted, taken | (RESERVED_ARGUMENTS - {"body"}))
            taken |= set(names.values())
            result += [
                Input(
                    place, evolve(f, name=f.name or names[f.json_name]), names[f.json_name], joined
                )
                for f, joined in group
            ]
        return tuple(result)

    def _body(self, operation: Json) -> tuple[str | None, str, bool, bool]:
        """The body's component, its media type, whether it goes into the query, and whether it is required."""
        name = operation["operationId"]
        in_query = [p for p in operation.get("parameters", []) if "content" in p]
        body = operation.get("requestBody")
        if any(p["name"] != QUERY_BODY or p["in"] != "query" for p in in_query) or (
            in_query and body
        ):
            listed = ", ".join(p["name"] for p in in_query)
            raise unsupported(
                name, f"JSON in the parameter {listed}", f"only one body is, in {QUERY_BODY}"
            )
        facts = in_query[0] if in_query else body
        if facts is None:
            return None, JSON_MEDIA, False, False
        content: Json = facts["content"]
        if not content:
            return None, JSON_MEDIA, False, False
        known = [media for media in (JSON_MEDIA, *FORMS) if media in content]
        if not known or (in_query and known[0] != JSON_MEDIA):
            raise unsupported(
                name, f"a body of {', '.join(content)}", f"{', '.join((JSON_MEDIA, *FORMS))} are"
            )
        if len(content) > 1:
            self.report.note(
                "not used: the other media types of a body", f"{name}: {', '.join(content)}"
            )
        component = schema_name(content[known[0]]["schema"]["$ref"])
        return component, known[0], bool(in_query), bool(facts.get("required", False))

    def _response(self, operation: Json) -> tuple[Type | None, bool, str | None]:
        """The type of a success, whether it may have no body, and its media type."""
        name = operation["operationId"]
        success, _ = split_responses(operation)
        contents: list[Json] = [response.get("content") or {} for response in success.values()]
        full = [content for content in contents if content]
        if not full:
            return None, False, None
        refs = {content[JSON_MEDIA]["schema"]["$ref"] for content in full if JSON_MEDIA in content}
        if len(refs) > 1:
            raise unsupported(
                name,
                f"successes of several types ({', '.join(success)})",
                "one is; leave the operation out",
            )
        media: list[str] = sorted({each for content in full for each in content})
        if len(media) > 1:
            self.report.note(
                "not used: the other media types of a response", f"{name}: {', '.join(media)}"
            )
        if not refs:
            return None, False, media[0]
        component = schema_name(refs.pop())
        if self._kind(component) == "enum":
            raise unsupported(name, "a response of enum", "leave the operation out")
        return Type(self._kind(component), component), len(full) < len(contents), JSON_MEDIA

    def _errors(self, operation: Json) -> tuple[tuple[str, str], ...]:
        _, failure = split_responses(operation)
        result: dict[str, str] = {}
        untagged: set[str] = set()
        for name in _json_components(failure):
            facts = self.facts[name]
            mapping = {
                tag: schema_name(ref)
                for tag, ref in facts.get("discriminator", {}).get("mapping", {}).items()
            }
            for tag, target in mapping.items():
                if result.setdefault(tag, target) != target:
                    self.report.note(
                        "one error type for two classes: the first is raised",
                        f"{operation['operationId']}: {tag}",
                    )
            members = [schema_name(m["$ref"]) for m in facts.get("oneOf", ())] or [name]
            if "oneOf" not in facts:
                mapping = dict.fromkeys(self._own_types(name), name)
                result |= {tag: target for tag, target in mapping.items() if tag not in result}
            untagged.update(
                m for m in members if m not in mapping.values() and m in self.roles.errors
            )
        return (*result.items(), *(("", name) for name in sorted(untagged)))

    def _own_types(self, name: str) -> list[str]:
        """The types that an error's own schema gives it."""
        facts: Json = self.facts[name].get("properties", {}).get("type", {})
        if "$ref" in facts:
            facts = self.facts[schema_name(facts["$ref"])]
        return [facts["const"]] if "const" in facts else facts.get("enum", [])

    def _status(self, name: str) -> int:
        """The status of an error: its own, or the only one under which it is listed."""
        status = self.facts[name].get("x-portone-status-code", 0)
        listed = self.roles.statuses.get(name, set())
        if not status and name in self.roles.errors:
            if len(listed) == 1 and min(listed).isdecimal():
                return int(min(listed))
            self.report.note("an error without a status of its own", name)
        return status

    def _security(self, operation: Json) -> tuple[bool, bool]:
        """Whether only an access token is accepted, and whether credentials are sent at all."""
        alternatives: list[Any] = operation.get("security") or []
        if not all(isinstance(each, dict) for each in alternatives):
            raise CodegenError(f"{operation['operationId']}: security must be a list of objects")
        schemes: Json = self.document["components"].get("securitySchemes", {})
        kinds: set[str] = set()
        for alternative in alternatives:
            names = list(cast("Json", alternative))
            described = [
                f"{schemes.get(n, {}).get('type')} {str(schemes.get(n, {}).get('scheme', '')).lower()}"
                for n in names
            ]
            if len(names) == 1 and described[0] in _SCHEMES:
                kinds.add(_SCHEMES[described[0]])
            elif names:
                kinds.add("other")
        if kinds == {"other"}:
            raise unsupported(
                operation["operationId"],
                f"the security {', '.join(n for each in alternatives for n in each)}",
                "the API secret and access tokens are; leave the operation out",
            )
        if {} in alternatives and kinds:
            self.report.note(
                "optional security: credentials are sent all the same", operation["operationId"]
            )
        if kinds and "secret" not in kinds:
            self.report.note(
                "takes an access token only, not the API secret", operation["operationId"]
            )
        return bool(kinds) and "secret" not in kinds, bool(kinds)


def _without_files(kind: Type) -> Type:
    """A type of JSON, which has no bytes."""
    if kind.item:
        return evolve(kind, item=_without_files(kind.item))
    return evolve(kind, kind="str") if kind.kind == "file" else kind


def split_responses(operation: Json) -> tuple[Json, Json]:
    """The responses of an operation that are successes, and those that are errors."""
    responses: Json = operation["responses"]
    success = {status: r for status, r in responses.items() if status.startswith("2")}
    if not success and "default" in responses:
        success = {"default": responses["default"]}
    failure = {
        status: r
        for status, r in responses.items()
        if status not in success and not status.startswith(("1", "3"))
    }
    return success, failure


def operations_of(document: Json) -> list[Json]:
    """All operations of a document."""
    return [operation for _, _, operation in operations(document)]


def _json_components(responses: Json) -> Iterable[str]:
    """The components of the JSON of some responses, each once."""
    found: dict[str, None] = {}
    for response in responses.values():
        media = response.get("content", {}).get(JSON_MEDIA)
        if media:
            found[schema_name(media["schema"]["$ref"])] = None
    return found
