"""A published document as facts only: a valid OpenAPI 3.1 document in one form, whatever form it was written in.

`normalise` is where every document passes: what a schema can be afterwards is told in `codegen/schemas.py`, what an
operation can be in `codegen/paths.py`. Everything sorted by name, except enum values and parameters, whose order
counts.
"""

from __future__ import annotations

from typing import Any

from codegen.core import origin
from codegen.decisions import Decisions
from codegen.document import CodegenError, Json, operations, reachable, unsupported
from codegen.keywords import COMPONENTS, DOCUMENT, SECURITY_SCHEME, facts, objects
from codegen.paths import Paths, shape
from codegen.report import Report
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
                "securitySchemes": {
                    name: facts(scheme, SECURITY_SCHEME, f"securitySchemes.{name}", self.report)
                    for name, scheme in components.get("securitySchemes", {}).items()
                },
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
                kept = self.decisions.without_left_out(path, objects(item, path), self.report)
                methods = reader.path(path, kept)
                if methods:
                    paths[path] = methods
        ids = [operation["operationId"] for _, _, operation in operations({"paths": paths})]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise CodegenError(f"operationId used twice: {', '.join(twice)}")
        shapes: dict[tuple[str, str], str] = {}
        for path, method, _ in operations({"paths": paths}):
            place = shape(path), method
            if shapes.setdefault(place, path) != path:
                raise CodegenError(f"{method} {shapes[place]} and {path} are the same path")
        return paths

    def _name_enums(self, name: str, schemas: Schemas, tags: set[str]) -> None:
        schema = schemas.components[name]
        if "enum" in schema:
            return
        properties = schema.get("properties", {})
        for key in properties.keys() - tags:
            title = name + key[:1].upper() + key[1:]
            properties[key] = schemas.name_enums(properties[key], f"{name}.{key}", title)
        schemas.components[name] = schemas.name_enums(schema, name, name)

    def _servers(self, servers: list[Any]) -> list[Json]:
        found = [
            facts(s, {"url": "string"}, "servers", self.report, needed=("url",)) for s in servers
        ]
        urls = [server["url"].rstrip("/") for server in found]
        if urls and origin.BASE_URL not in urls:
            with self.report.collecting():
                remedy = f"change BASE_URL in portone_async/_origin.py, which is {origin.BASE_URL}"
                raise unsupported("servers", " and ".join(urls), remedy)
        return [{"url": server["url"]} for server in found]
