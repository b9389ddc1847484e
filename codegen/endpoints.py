"""The operations of a document of facts as values to render."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, cast

from attrs import define, evolve

from codegen.document import CodegenError, Json, schema_name, unsupported
from codegen.keywords import MARK
from codegen.kinds import Kinds
from codegen.model import SCALARS, Endpoint, Field, Input, Place, Schema, Type
from codegen.names import RESERVED_ARGUMENTS, Names, argument_name, python_name
from codegen.parser import typed_parameters
from codegen.paths import FORMS, JSON_MEDIA, QUERY_BODY
from codegen.report import Report
from codegen.roles import Roles, json_components, split_responses

_SCHEMES: Final = {"http portone": "secret", "http bearer": "token"}
"""The kinds of security scheme that the client has credentials for."""


class _Body(NamedTuple):
    """What an operation sends beside its parameters."""

    component: str | None = None
    media: str = JSON_MEDIA
    in_query: bool = False
    required: bool = False
    withheld: str = ""
    """As that of a field."""


class _Wanted(NamedTuple):
    """An argument that has no name yet."""

    place: Place
    field: Field
    joined: bool = False


@define(frozen=True)
class Endpoints:
    """Reads operations."""

    document: Json
    kinds: Kinds
    schemas: dict[str, Schema]
    functions: dict[str, str]
    """OperationId to the name of its function."""
    names: Names
    roles: Roles
    report: Report

    def endpoint(self, path: str, method: str, operation: Json) -> Endpoint:
        """One operation."""
        name = operation["operationId"]
        found = self._parameters(path, operation)
        sent = self._body(operation)
        body, withheld = sent.component, sent.withheld
        whole = body is not None and self.schemas[body].kind != "object"
        if sent.media in FORMS and whole:
            raise unsupported(
                name,
                f"{sent.media} of what is not an object",
                "an object is: its fields become parts",
            )
        if body is not None and not whole:
            fields = [f for f in self.schemas[body].fields if not f.read_only]
            found += [
                _Wanted("body", evolve(f, withheld=withheld, required=False) if withheld else f)
                for f in fields
            ]
        elif body is not None:
            found.append(
                _Wanted(
                    "body", Field("body", "body", Type(self.kinds.of(body), body), sent.required)
                )
            )
        response, may_be_empty, response_media = self._response(operation)
        token_only, secured = self._security(operation)
        return Endpoint(
            id=name,
            name=self.functions[name],
            method=method,
            path=path,
            inputs=self._inputs(name, found, whole),
            body=body,
            body_media=sent.media,
            body_in_query=sent.in_query,
            body_required=sent.required,
            whole_body=whole,
            response=response,
            may_be_empty=may_be_empty,
            media=response_media,
            errors=self._errors(operation),
            secured=secured,
            token_only=token_only,
            unstable=bool(operation.get("x-portone-unstable")),
            deprecated=bool(operation.get("deprecated")),
            withheld=operation.get(MARK, ""),
        )

    def _parameters(self, path: str, operation: Json) -> list[_Wanted]:
        name = operation["operationId"]
        declared = typed_parameters(operation)
        parsed = self.kinds.parsed.parameters[name]
        lost = declared.keys() ^ parsed.keys()
        if lost:
            raise CodegenError(
                f"{name}: parameters lost by the parser: {', '.join(sorted(key for _, key in lost))}"
            )
        result: list[_Wanted] = []
        for (place, key), facts in declared.items():
            where = f"{name}.{key}"
            kind = self.kinds.plain(self.kinds.type(facts["schema"], parsed[place, key], where))
            allowed = kind.kind in SCALARS or (
                place != "path" and kind.kind == "list" and kind.item and kind.item.kind in SCALARS
            )
            if not allowed:
                held = f" of {kind.item.kind}" if kind.item else ""
                lists = "" if place == "path" else " and lists of them"
                raise unsupported(
                    where,
                    f"a parameter of {kind.kind}{held} in the {place}",
                    f"scalars{lists} are; leave the operation out",
                )
            joined = kind.kind == "list" and facts.get("explode") is False
            field = Field(
                key,
                "",
                kind,
                facts.get("required", False),
                deprecated=bool(facts.get("deprecated")),
                withheld=facts.get(MARK, ""),
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

    def _body(self, operation: Json) -> _Body:
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
        content: Json = facts["content"] if facts else {}
        if not facts or not content:
            return _Body()
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
        required = bool(facts.get("required", False))
        return _Body(component, known[0], bool(in_query), required, facts.get(MARK, ""))

    def _response(self, operation: Json) -> tuple[Type | None, bool, str | None]:
        """The type of a success, whether it may have no body, and its media type."""
        name = operation["operationId"]
        success, _ = split_responses(operation)
        if not success:
            self.report.note("no success in the document: every response but 2XX is raised", name)
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
        if self.kinds.of(component) == "enum":
            raise unsupported(name, "a response of enum", "leave the operation out")
        return Type(self.kinds.of(component), component), len(full) < len(contents), JSON_MEDIA

    def _errors(self, operation: Json) -> tuple[tuple[str, str], ...]:
        _, failure = split_responses(operation)
        result: dict[str, str] = {}
        untagged: set[str] = set()
        for name in json_components(failure):
            facts = self.kinds.facts[name]
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
        facts: Json = self.kinds.facts[name].get("properties", {}).get("type", {})
        if "$ref" in facts:
            facts = self.kinds.facts[schema_name(facts["$ref"])]
        return [facts["const"]] if "const" in facts else facts.get("enum", [])

    def _security(self, operation: Json) -> tuple[bool, bool]:
        """Whether only an access token is accepted, and whether credentials are sent at all."""
        alternatives: list[Any] = operation.get("security") or []
        if not all(isinstance(each, dict) for each in alternatives):
            raise CodegenError(f"{operation['operationId']}: security must be a list of objects")
        schemes: Json = self.document["components"].get("securitySchemes", {})
        kinds: set[str] = set()
        for alternative in alternatives:
            names = list(cast("Json", alternative))
            if not all(isinstance(scopes, list) for scopes in alternative.values()):
                raise CodegenError(
                    f"{operation['operationId']}: each security scheme needs a list of scopes"
                )
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
