"""The operations of a published document in their canonical form: nothing shared, nothing by reference.

- A body that HTTP does not allow (of GET and DELETE) is the query parameter `requestBody`, as JSON.
- JSON bodies and responses refer to a component by name; so do those that are sent as forms.
- `security` is on each operation; the parameters of a path are on each of its operations.
"""

from __future__ import annotations

import http
import re
from typing import Any, Final, cast

from attrs import define

from codegen.document import METHODS, CodegenError, Json, schema_ref, unsupported
from codegen.keywords import (
    BODY,
    HEADER,
    MEDIA,
    OPERATION,
    PARAMETER,
    PATH_ITEM,
    QUERY_OR_BODY,
    RESPONSE,
    facts,
    objects,
)
from codegen.report import Report
from codegen.schemas import Schemas

QUERY_BODY: Final = "requestBody"
JSON_MEDIA: Final = "application/json"
FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")
OWN_HEADERS: Final = frozenset(
    {"idempotency-key", "authorization", "accept", "accept-encoding", "content-type", "content-length", "user-agent"}
)  # fmt: skip
"""Headers that the client itself sends."""
_STYLES: Final = {"path": ("simple",), "query": ("form",), "header": ("simple",)}
_PLACES: Final = ("path", "query", "header")


@define
class Paths:
    """Brings operations into their canonical form."""

    components: Json
    """The document's own, of every kind."""
    schemas: Schemas
    security: list[Any] | None
    report: Report

    def path(self, path: str, item: Any) -> Json:
        """The operations of one path, by method."""
        shared = facts(item, PATH_ITEM, path, self.report)
        before = len(self.report.refusals)
        common = self._parameters(shared.get("parameters", []), path, path)
        is_whole = len(self.report.refusals) == before
        methods: Json = {}
        for method in METHODS:
            if method in shared:
                before = len(self.report.refusals)
                with self.report.collecting():
                    operation = self._operation(method, path, shared[method], common)
                    # What is refused in part would be refused again, for the part that it lacks then.
                    if is_whole and len(self.report.refusals) == before:
                        methods[method] = operation
        return methods

    def _operation(self, method: str, path: str, operation: Any, common: list[Json]) -> Json:
        where = f"{method.upper()} {path}"
        found = facts(
            operation, OPERATION, where, self.report, kind="operation", needed=("responses",)
        )
        name = found.get("operationId") or self._derived_id(method, path, where)
        parameters = self._parameters(found.get("parameters", []), where, name)
        said = {(p["in"], p["name"]) for p in parameters}
        parameters += [p for p in common if (p["in"], p["name"]) not in said]
        result: Json = {"operationId": name}
        if "requestBody" in found:
            with self.report.collecting():
                self._body(found["requestBody"], method, name, parameters, result, where)
        if parameters:
            result["parameters"] = sorted(
                parameters,
                key=lambda p: (_PLACES.index(p["in"]), path.find("{" + p["name"] + "}"), p["name"]),
            )
        result["responses"] = {}
        for key, response in found["responses"].items():
            if key.startswith("x-"):
                self.report.note(f"not used: {key}", f"{where} responses")
                continue
            status = key.upper() if key[1:].lower() == "xx" else key
            with self.report.collecting():
                result["responses"][status] = self._response(status, response, where, name)
        security = found.get("security", self.security)
        if security is not None:
            result["security"] = security
        for key, value in found.items():
            if key in ("deprecated", "x-portone-unstable"):
                if value:
                    result[key] = True
            elif key.startswith("x-"):
                result[key] = value
        return result

    def _derived_id(self, method: str, path: str, where: str) -> str:
        words = re.findall(r"\w+", path.replace("{", "by_").replace("_", " "))
        name = method + "".join(word[0].upper() + word[1:] for word in words)
        self.report.note("named here, as it has no operationId", f"{name} ({where})")
        return name

    def shared(self, node: Any, kind: str, where: str) -> Any:
        """What a reference to another kind of component stands for."""
        for _ in range(10):
            if not isinstance(node, dict) or "$ref" not in node:
                return cast("Any", node)
            ref = cast("Json", node)["$ref"]
            prefix = f"#/components/{kind}/"
            if not isinstance(ref, str) or not ref.startswith(prefix):
                raise unsupported(where, f"$ref: {ref!r:.40}", f"only references to {prefix}* are")
            name = ref.removeprefix(prefix)
            shared = objects(self.components.get(kind, {}), f"components {kind}")
            if name not in shared:
                raise CodegenError(f"dangling reference: {ref} is not in the document")
            node = shared[name]
        raise CodegenError(f"{where}: $ref leads in a circle")

    def _body(
        self, body: Any, method: str, name: str, parameters: list[Json], result: Json, where: str
    ) -> None:
        where = f"{where} requestBody"
        shared = self.shared(body, "requestBodies", where)
        found = facts(shared, BODY, where, self.report, needed=("content",))
        content = self._content(found["content"], where, f"{_class_like(name)}Body")
        required = found.get("required", False)
        if method not in ("get", "delete"):
            extensions = {key: value for key, value in found.items() if key.startswith("x-")}
            result["requestBody"] = {"content": content, "required": required} | extensions
            return
        # Where HTTP has no body, it is sent as JSON in the query; PortOne's document mostly lists it in both places.
        listed = [parameter for parameter in parameters if parameter["name"] == QUERY_BODY]
        if not listed:
            added: Json = {"name": QUERY_BODY, "in": "query", "content": content}
            listed = [added]
            parameters.append(added)
        if listed[0].get("content") != content:
            raise CodegenError(f"{where}: the body and the query parameter {QUERY_BODY} differ")
        if required:
            listed[0]["required"] = True

    def _parameters(self, parameters: list[Any], where: str, owner: str) -> list[Json]:
        result: list[Json] = []
        for each in parameters:
            with self.report.collecting():
                parameter = self._parameter(each, where, owner)
                result += [parameter] if parameter else []
        return result

    def _parameter(self, parameter: Any, where: str, owner: str) -> Json | None:
        shared = self.shared(parameter, "parameters", f"{where} parameters")
        found = facts(
            shared,
            PARAMETER,
            f"{where} parameters",
            self.report,
            kind="parameter",
            needed=("name", "in"),
        )
        name, place = found["name"], found["in"]
        where = f"{where} {name}"
        if place not in _PLACES:
            raise unsupported(
                where,
                f"a {place} parameter",
                "path, query and header parameters are; leave the operation out",
            )
        if place == "header" and name.lower() in OWN_HEADERS:
            self.report.note("not used: a header that the client itself sends", where)
            return None
        result: Json = {"name": name, "in": place}
        # PortOne's own flag is right about a required body in the query where the two of OpenAPI are not.
        override = facts(
            found.get("x-portone-query-or-body", {}), QUERY_OR_BODY, where, self.report
        )
        if found.get("required") or override.get("required"):
            result["required"] = True
        title = _class_like(owner if not owner.startswith("/") else "") + _class_like(name)
        if "content" in found:
            result["content"] = self._content(found["content"], where, title)
        elif "schema" in found:
            result["schema"] = self.schemas.schema(found["schema"], where, title)
        else:
            raise CodegenError(f"{where}: has no schema")
        if found.get("style", _STYLES[place][0]) not in _STYLES[place]:
            raise unsupported(
                where, f"the style {found['style']}", f"{', '.join(_STYLES[place])} is"
            )
        if found.get("explode", place == "query") != (place == "query"):
            result["explode"] = found["explode"]
        for key, value in found.items():
            if key == "deprecated" or (key.startswith("x-") and key != "x-portone-query-or-body"):
                result[key] = value
        return result

    def _response(self, status: str, response: Any, where: str, name: str) -> Json:
        where = f"{where} {status}"
        result: Json = {"description": _phrase(status, where)}
        shared = self.shared(response, "responses", where)
        found = facts(shared, RESPONSE, where, self.report, kind="response")
        suffix = "Response" if is_success(status) else f"Error{status.capitalize()}"
        if "content" in found:
            result["content"] = self._content(found["content"], where, _class_like(name) + suffix)
        if found.get("headers"):
            result["headers"] = {}
            for header, value in found["headers"].items():
                known = facts(
                    self.shared(value, "headers", where), HEADER, f"{where} {header}", self.report
                )
                schema = self.schemas.schema(
                    known.get("schema", {}),
                    f"{where} {header}",
                    _class_like(name) + _class_like(header),
                )
                result["headers"][header] = {"schema": schema}
                self.report.note(
                    "kept, not used: response headers (`with_response` has them)",
                    f"{where} {header}",
                )
        return result

    def _content(self, content: Any, where: str, name: str) -> Json:
        result: Json = {}
        for kind, media in objects(content, f"{where} content").items():
            media_type = _media_type(kind)
            if media_type == JSON_MEDIA and not kind.lower().startswith(JSON_MEDIA):
                self.report.note(f"called {JSON_MEDIA} in requests", f"{where} {kind}")
            found = facts(media, MEDIA, f"{where} {kind}", self.report, kind="media")
            if media_type == JSON_MEDIA or media_type in FORMS:
                schema = self.schemas.schema(found.get("schema", {}), where, name)
                if "$ref" not in schema:
                    schema = schema_ref(self.schemas.named(name, schema, where))
            else:
                # Bytes, whatever their schema says.
                given: Any = found.get("schema")
                is_binary = isinstance(given, dict) and "binary" in cast("Json", given).values()
                schema = {"type": "string"} | ({"format": "binary"} if is_binary else {})
            result[media_type] = {"schema": schema}
        return result


def shape(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"{[^}]*}", "{}", path)


def is_success(status: str) -> bool:
    """Whether a response's key in the document stands for a success."""
    return status.startswith("2")


def _media_type(name: str) -> str:
    """A media type without parameters; every kind of JSON is `application/json`."""
    plain = name.partition(";")[0].strip().lower()
    return (
        JSON_MEDIA
        if plain.endswith("+json") or plain in ("*/*", "application/*", "text/json")
        else plain
    )


_PHRASES: Final = {str(known.value): known.phrase for known in http.HTTPStatus} | {
    "1XX": "Informational",
    "2XX": "Success",
    "3XX": "Redirection",
    "4XX": "Client Error",
    "5XX": "Server Error",
    "default": "Default",
}


def _phrase(status: str, where: str) -> str:
    """OpenAPI requires a description on every response: HTTP's own phrase, since PortOne's is prose."""
    if status in _PHRASES:
        return _PHRASES[status]
    if re.fullmatch(r"[1-5]\d\d", status):
        return "Unassigned"
    raise CodegenError(f"{where}: is not an HTTP status")


def _class_like(name: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in re.split(r"\W+", name) if word)
