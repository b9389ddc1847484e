"""The pages of the reference: what their templates are given, and their texts."""

from __future__ import annotations

import importlib
import inspect
from typing import Any, Final

from attrs import define

from codegen import generate
from codegen.document import ROOT, load_vendored
from codegen.expressions import annotation, declared
from codegen.model import Api, Endpoint, Field, Schema
from codegen.reference.links import Links, find
from codegen.reference.words import LANGUAGES, Words, load_words
from codegen.templating import environment

_TEMPLATES: Final = ROOT / "codegen" / "reference" / "templates"
_LINE: Final = 88
"""The length at which a signature gets a line for each argument."""


def pages(api: Api) -> dict[str, str]:
    """The path below `docs/reference` to the text of each page, in each language."""
    links = find(api)
    result: dict[str, str] = {}
    for language in LANGUAGES:
        suffix = ".md" if language == "en" else f".{language}.md"
        reference = _Reference(api, links, load_words(language))
        result |= {f"{path}{suffix}": text for path, text in reference.pages().items()}
    return result


def read_api() -> Api:
    """What there is to describe."""
    return generate.read_api(load_vendored())


@define(frozen=True)
class _Reference:
    """The reference in one language."""

    api: Api
    links: Links
    words: Words

    def pages(self) -> dict[str, str]:
        result = {"index": self._render("index", "index", namespaces=self._summaries())}
        for namespace, endpoints in self.links.namespaces.items():
            page = f"operations/{namespace}"
            result[page] = self._render(
                "operations",
                page,
                namespace=namespace,
                operations=[self._operation(endpoint, namespace, page) for endpoint in endpoints],
            )
        schemas: dict[str, list[Schema]] = {}
        for schema in sorted(self.api.schemas.values(), key=lambda s: s.class_name):
            if schema.kind not in ("error", "errors"):
                schemas.setdefault(self.links.pages[schema.class_name], []).append(schema)
        for page, own in schemas.items():
            kind, _, group = page.partition("/")
            title = self.words.labels.get(group, group)
            classes = [self._schema(schema, page) for schema in own]
            result[page] = self._render(kind, page, title=title, classes=classes)
        result["errors"] = self._render("errors", "errors", statuses=self._errors("errors"))
        return result

    def _render(self, template: str, page: str, **values: Any) -> str:
        return (
            environment(_TEMPLATES)
            .get_template(f"{template}.md.jinja")
            .render(
                label=self.words.labels,
                code=lambda name: self.links.code(name, page),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
                **values,
            )
        )

    def _summaries(self) -> dict[str, list[tuple[str, str]]]:
        return {
            namespace: [(e.name, self.words.summary(e)) for e in endpoints]
            for namespace, endpoints in self.links.namespaces.items()
        }

    def _operation(self, endpoint: Endpoint, namespace: str, page: str) -> dict[str, Any]:
        module = importlib.import_module(f"portone_async.api.{namespace}")
        paging = self.api.pages.get(endpoint.id)
        signature = _signature(getattr(module, endpoint.name))
        returns = str(signature.return_annotation)
        return {
            "name": endpoint.name,
            "summary": self.words.summary(endpoint),
            "description": self.links.text(self.words.description(endpoint), page),
            "method": endpoint.method,
            "path": endpoint.path,
            "repeating": self.words.labels["safe" if endpoint.method == "GET" else "keyed"],
            "remarks": self.words.remarks(endpoint),
            "signature": _source(f"async def {endpoint.name}", signature),
            "arguments": self._arguments(endpoint, signature, page),
            "returns": {"None": "", "Path": self.words.labels["written"]}.get(
                returns, self.links.annotation(returns, page)
            ),
            "errors": [
                self._error(name, page) for name in sorted({name for _, name in endpoint.errors})
            ],
            "iterator": paging
            and {
                "name": paging.iterator,
                "signature": _source(
                    f"def {paging.iterator}", _signature(getattr(module, paging.iterator))
                ),
            },
        }

    def _arguments(
        self, endpoint: Endpoint, signature: inspect.Signature, page: str
    ) -> list[dict[str, Any]]:
        inputs = {each.name: each for each in endpoint.inputs}
        result: list[dict[str, Any]] = []
        for name, parameter in signature.parameters.items():
            words = self.words.labels.get(name, "")
            remarks: list[str] = []
            if name in inputs:
                words = self.words.argument(endpoint, inputs[name])
                remarks = self.words.remarks(inputs[name].field)
            result.append({
                "name": name,
                "type": self.links.annotation(str(parameter.annotation), page),
                "required": parameter.default is inspect.Parameter.empty,
                "words": " ".join(filter(None, [self.links.text(words, page), *remarks])),
            })  # fmt: skip
        return result

    def _schema(self, schema: Schema, page: str) -> dict[str, Any]:
        fields = sorted(schema.fields, key=lambda f: not f.required or bool(f.tags))
        values = [(value, self.words.value(schema, value)) for value in schema.values]
        return {
            "name": schema.class_name,
            "kind": schema.kind,
            "words": self.links.text(self.words.schema(schema.name), page),
            "remarks": self.words.remarks(schema),
            "fields": [self._field(schema, item, page) for item in fields],
            "values": [(value, self.links.text(words, page)) for value, words in values if words],
            "other_values": [value for value, words in values if not words],
            "tag": schema.tag,
            "variants": [self.api.schemas[name].class_name for name in schema.members],
            "tags": {
                self.api.schemas[name].class_name: value for value, name in schema.variants
            },
            "item": self.links.annotation(annotation(schema.item, self.api), page)
            if schema.item
            else "",
            "used_by": self.links.used_by.get(schema.class_name, []),
        }  # fmt: skip

    def _field(self, schema: Schema, item: Field, page: str) -> dict[str, Any]:
        text = declared(item, self.api)
        if item.tags:
            text = f"Literal[{', '.join(repr(tag) for tag in item.tags)}]"
        words = self.links.text(self.words.field(schema, item.json_name), page)
        return {
            "name": item.name,
            "type": self.links.annotation(text, page),
            "required": item.required and not item.tags,
            "words": " ".join(filter(None, [words, *self.words.remarks(item)])),
        }

    def _error(self, component: str, page: str) -> dict[str, Any]:
        from portone_async import errors  # noqa: PLC0415  (the whole of the SDK)

        name = self.api.exceptions[component]
        kind = getattr(errors, name)
        schema = self.api.schemas[component]
        return {
            "name": name,
            "link": self.links.code(name, page),
            "base": kind.__base__.__name__,
            "status": schema.status,
            "types": kind.types,
            "words": self.links.text(self.words.schema(component), page),
            "remarks": self.words.remarks(schema),
            "fields": [
                self._field(schema, item, page)
                for item in schema.fields
                if item.json_name not in ("type", "message")
            ],
            "used_by": self.links.used_by.get(name, []),
        }

    def _errors(self, page: str) -> dict[tuple[int, str], list[dict[str, Any]]]:
        """The errors by status and its class."""
        result: dict[tuple[int, str], list[dict[str, Any]]] = {}
        for error in (self._error(component, page) for component in self.api.exceptions):
            result.setdefault((error["status"], error["base"]), []).append(error)
        return dict(sorted(result.items()))


def _signature(function: Any) -> inspect.Signature:
    """The signature of a function as a method of its namespace: without the client."""
    signature = inspect.signature(function)
    _, *rest = signature.parameters.values()
    return signature.replace(parameters=rest)


def _source(start: str, signature: inspect.Signature) -> str:
    """A signature as in Python, over several lines if it is long. Annotations are texts already."""
    parts: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        parts.append(f"{parameter.name}: {parameter.annotation}{default}")
    end = f" -> {signature.return_annotation}"
    line = f"{start}({', '.join(parts)}){end}"
    if len(line) <= _LINE:
        return line
    return "\n".join([f"{start}(", *(f"    {part}," for part in parts), f"){end}"])
