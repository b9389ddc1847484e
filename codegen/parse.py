"""The document of facts as plain values to render: types through openapi-python-client, all else from the facts.

The parser must return everything that the document names: what is lost stops the run.
"""

from __future__ import annotations

from typing import cast

from attrs import evolve

from codegen import pages, parser
from codegen.decisions import Decisions
from codegen.document import CodegenError, Json, operations, schema_name, unsupported
from codegen.endpoints import Endpoints
from codegen.keywords import MARK
from codegen.kinds import Kinds, without_files
from codegen.model import Api, Endpoint, Field, Paging, Schema
from codegen.names import Names, class_name, function_name, module_name, python_name
from codegen.parser import Parsed
from codegen.report import Report
from codegen.roles import find_roles


def parse(document: Json, report: Report | None = None, decisions: Decisions | None = None) -> Api:
    """Read a document of facts.

    Without a report, everything that was lost or is not supported is raised as one error; with one it is kept there, and
    the result is the rest.
    """
    own = Report()
    reader = _Reader(document, parser.run(document), report or own, decisions or Decisions())
    api = reader.api()
    own.raise_refusals()
    return api


class _Reader:
    def __init__(
        self, document: Json, parsed: Parsed, report: Report, decisions: Decisions
    ) -> None:
        self.document = document
        self.facts: Json = document["components"]["schemas"]
        self.kinds = Kinds(self.facts, parsed)
        self.report = report
        self.names = Names(report, decisions)
        self.roles = find_roles(document, report)

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
            class_, module = (
                classes.get(name, class_name(name)),
                modules.get(name, module_name(name)),
            )
            # What stands in for it if it is refused: nothing that would be refused once more.
            schemas[name] = Schema(name, "object", class_, module)
            with self.report.collecting():
                schemas[name] = self._schema(name, class_, module)
        self._refuse_recursive_aliases(schemas)
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
        reader = Endpoints(
            self.document, self.kinds, schemas, functions, self.names, self.roles, self.report
        )
        endpoints: list[Endpoint] = []
        for path, method, operation in operations(self.document):
            with self.report.collecting():
                endpoints.append(reader.endpoint(path, method, operation))
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

    def _schema(self, name: str, class_: str, module: str) -> Schema:
        facts = self.facts[name]
        return evolve(self._by_kind(name, class_, module), withheld=facts.get(MARK, ""))

    def _by_kind(self, name: str, class_: str, module: str) -> Schema:
        facts = self.facts[name]
        kind = self.kinds.of(name)
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
                prop = self.kinds.parsed.components[name]
                if kind == "map":
                    item = self.kinds.type(
                        facts["additionalProperties"], prop.additional_properties, f"{name}.*"
                    )
                else:
                    item = self.kinds.type(facts, prop, name)
                return Schema(name, kind, class_, module, item=item, deprecated=deprecated)
            case "object":
                is_error = only_error and name in self.roles.errors
                more = facts.get("additionalProperties")
                others = self.kinds.parsed.components[name].additional_properties
                return Schema(
                    name,
                    "error" if is_error else "object",
                    class_,
                    module,
                    self._fields(name, facts),
                    item=self.kinds.type(cast("Json", more), others, f"{name}.*")
                    if isinstance(more, dict)
                    else None,
                    status=self._status(name),
                    deprecated=deprecated,
                )

    def _fields(self, name: str, facts: Json) -> tuple[Field, ...]:
        values: Json = facts.get("properties", {})
        found = self.kinds.parsed.fields.get(name, {})
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
            kind = self.kinds.type(value, found[key], f"{name}.{key}")
            if name not in self.roles.forms:
                kind = without_files(kind)
            fields.append(
                Field(
                    key, names[key], kind, required, tags,
                    deprecated=bool(value.get("deprecated")), read_only=bool(value.get("readOnly")),
                    withheld=value.get(MARK, ""),
                )
            )  # fmt: skip
        return tuple(fields)

    def _status(self, name: str) -> int:
        """The status of an error: its own, or the only one under which it is listed."""
        status = self.facts[name].get("x-portone-status-code", 0)
        listed = self.roles.statuses.get(name, set())
        if not status and name in self.roles.errors:
            if len(listed) == 1 and min(listed).isdecimal():
                return int(min(listed))
            self.report.note("an error without a status of its own", name)
        return status
