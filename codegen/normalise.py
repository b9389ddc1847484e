"""A published document as facts only: a valid OpenAPI 3.1 document in one form, whatever form it was written in.

`normalise` is where every document passes: what a schema can be afterwards is told in `codegen/schemas.py`, what an
operation can be in `codegen/paths.py`. Everything sorted by name, except enum values and parameters, whose order
counts.
"""

from __future__ import annotations

from typing import Any, Final

from codegen.core import origin
from codegen.decisions import Decisions
from codegen.document import CodegenError, Json, operations, reachable, unsupported
from codegen.keywords import COMPONENTS, DOCUMENT, SECURITY_SCHEME, facts, objects
from codegen.paths import Paths, shape
from codegen.report import Report, listed
from codegen.schemas import Schemas
from codegen.unions import settle


def normalise(
    source: Json, report: Report | None = None, decisions: Decisions | None = None
) -> Json:
    """The facts of a published document.

    Without a report, everything that is refused is raised as one error; with one it is kept there, and the facts are
    those of the rest.
    """
    own = Report()
    result = _Normaliser(report or own, decisions or Decisions()).document(source)
    own.raise_refusals()
    return result


class _Normaliser:
    def __init__(self, report: Report, decisions: Decisions) -> None:
        self.report = report
        self.decisions = decisions

    def document(self, source: Json) -> Json:
        version = source.get("openapi")
        if not isinstance(version, str) or not version.startswith("3."):
            actual = (
                f"Swagger {source['swagger']}" if "swagger" in source else f"openapi: {version!r}"
            )
            raise CodegenError(f"an OpenAPI 3 document is needed, not {actual}")
        if not source.get("paths"):
            raise CodegenError("the document has no paths: is it complete?")
        # The extensions at the root are the contents of PortOne's documentation pages.
        root = {key: value for key, value in source.items() if not key.startswith("x-")}
        root = facts(root, DOCUMENT, "the document", self.report, kind="document", needed=("info",))
        components = facts(
            root.get("components", {}), COMPONENTS, "components", self.report, kind="components"
        )
        known: Json = components.get("schemas", {})
        schemas = Schemas(known, self.report, siblings_count=not version.startswith("3.0"))
        paths = self._paths(root, components, schemas)
        schemas.finish()
        found = schemas.components
        tags = settle(found, self.report)
        if self.report.refusals:
            self._say_where_dangling(schemas.dangling)
            say_where(paths, found, self.report)
        for name in sorted(found):
            self._name_enums(name, schemas, {tag for variant, tag in tags if variant == name})
        for _, _, operation in operations({"paths": paths}):
            for parameter in operation.get("parameters", []):
                if "schema" in parameter:
                    title = operation["operationId"][:1].upper() + operation["operationId"][1:]
                    where = f"{operation['operationId']} {parameter['name']}"
                    name = title + parameter["name"][:1].upper() + parameter["name"][1:]
                    parameter["schema"] = schemas.name_enums(parameter["schema"], where, name)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "PortOne V2 API: facts only",
                "version": str(root["info"].get("version", "unknown")),
            },
            "servers": self._servers(root.get("servers", [])),
            "paths": paths,
            "components": {
                "schemas": {name: found[name] for name in reachable(paths, found)},
                "securitySchemes": self._security_schemes(components),
            },
        }

    def _paths(self, root: Json, components: Json, schemas: Schemas) -> Json:
        reader = Paths(components, schemas, root.get("security"), self.report)
        paths: Json = {}
        for path, item in root["paths"].items():
            if path.startswith("x-"):
                self.report.note(f"not used: {path}", "paths")
                continue
            with self.report.collecting():
                item = reader.shared(item, "pathItems", path)  # noqa: PLW2901
                kept = self.decisions.without_left_out(path, objects(item, path), self.report)
                methods = reader.path(path, kept)
                if methods:
                    paths[path] = methods
        self._refuse_twins(paths)
        return paths

    def _refuse_twins(self, paths: Json) -> None:
        """Refuse and take out operations that have the id, or the method and path, of one before."""
        first: dict[str | tuple[str, str], str] = {}
        for path, method, operation in list(operations({"paths": paths})):
            name, place = operation["operationId"], (shape(path), method)
            with self.report.collecting():
                for key, what in (
                    (name, "have the same operationId"),
                    (place, "are the same path"),
                ):
                    if key in first:
                        del paths[path][method.lower()]
                        remedy = f'leave one out, as "{method} {path}" in openapi/decisions.toml'
                        raise CodegenError(f"{first[key]} and {method} {path} {what}: {remedy}")
                first |= dict.fromkeys((name, place), f"{method} {path}")

    def _say_where_dangling(self, dangling: dict[str, list[str]]) -> None:
        self.report.refusals = [
            f"{line}; it is used in {listed(dangling[line])}" if line in dangling else line
            for line in self.report.refusals
        ]

    def _name_enums(self, name: str, schemas: Schemas, tags: set[str]) -> None:
        schema = schemas.components[name]
        if "enum" in schema:
            return
        properties = schema.get("properties", {})
        for key in properties.keys() - tags:
            title = name + key[:1].upper() + key[1:]
            properties[key] = schemas.name_enums(properties[key], f"{name}.{key}", title)
        schemas.components[name] = schemas.name_enums(schema, name, name)

    def _security_schemes(self, components: Json) -> Json:
        result: Json = {}
        for name, scheme in components.get("securitySchemes", {}).items():
            with self.report.collecting():
                result[name] = facts(
                    scheme, SECURITY_SCHEME, f"securitySchemes.{name}", self.report
                )
        return result

    def _servers(self, servers: list[Any]) -> list[Json]:
        found: list[Json] = []
        for server in servers:
            with self.report.collecting():
                found.append(
                    facts(server, {"url": "string"}, "servers", self.report, needed=("url",))
                )
        urls = [server["url"].rstrip("/") for server in found]
        if urls and origin.BASE_URL not in urls:
            with self.report.collecting():
                remedy = f"change BASE_URL in portone_async/_origin.py, which is {origin.BASE_URL}"
                raise unsupported("servers", " and ".join(urls), remedy)
        return [{"url": url} for url in urls]


def say_where(paths: Json, schemas: Json, report: Report) -> None:
    """Complete what was refused of schemas by the operations that meet it, as those can be left out."""
    users: dict[str, list[str]] = {}
    for _, _, operation in operations({"paths": paths}):
        for name in reachable(operation, schemas):
            users.setdefault(name, []).append(operation["operationId"])
    for index, line in enumerate(report.refusals):
        found = [name for name in users if line.startswith(name) and line[len(name)] in ".:[ "]
        if found and _OPERATIONS not in line:
            report.refusals[index] = f"{line}{_OPERATIONS}{listed(users[max(found, key=len)])}"


_OPERATIONS: Final = "; operations: "
