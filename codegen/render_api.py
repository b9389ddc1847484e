"""The generated operations and namespaces: what their templates are given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from codegen.document import CodegenError
from codegen.expressions import annotation, declared, needs_any, quoted, scalar_class, type_imports
from codegen.model import Api, Endpoint, Input, Paging, Schema, Type
from codegen.prose import Prose
from codegen.templating import (
    FILE,
    SIZE,
    TOKEN_ONLY,
    UNSTABLE,
    WRITTEN,
    deprecation,
    identity_of_error,
    render,
)
from codegen.text import first_sentence


def namespace_class(namespace: str) -> str:
    """The class behind `portone.<namespace>`."""
    return (
        "".join(word.capitalize() for word in namespace.replace(".", "_").split("_")) + "Namespace"
    )


def _child(path: str) -> dict[str, str]:
    return {"path": path, "name": path.rpartition(".")[2], "class_name": namespace_class(path)}


def api_index(children: list[str]) -> str:
    """`api/__init__`: the namespaces of the client itself."""
    return render("api.py", children=[_child(child) for child in children])


def namespace_module(
    namespace: str, endpoints: list[Endpoint], children: list[str], api: Api, prose: Prose
) -> str:
    """One namespace: its operations as functions, and the class that binds them to a client."""
    kinds: list[Type] = []
    for endpoint in endpoints:
        kinds += [i.field.type for i in endpoint.inputs]
        kinds += [endpoint.response] if endpoint.response else []
    lists = {e.id: api.pages[e.id] for e in endpoints if e.id in api.pages}
    kinds += [pages.items.type for pages in lists.values()]
    checking = type_imports(kinds, api)
    if lists:
        checking += [
            "from collections.abc import Awaitable",
            "from portone_async._response import TypedResponse",
        ]
    if needs_any(kinds):
        checking.append("from typing import Any")
    if any(e.is_download for e in endpoints):
        checking += ["from os import PathLike", "from pathlib import Path"]
    if endpoints:
        checking += [
            "from portone_async._caller import Caller",
            "from portone_async._options import RequestOptions",
        ]
    checking += [f"from portone_async.api.{c} import {namespace_class(c)}" for c in children]
    return render(
        "namespace.py",
        namespace=namespace,
        class_name=namespace_class(namespace),
        children=[_child(child) for child in children],
        checking=sorted(checking),
        has_secrets=any(i.field.is_secret for e in endpoints for i in _body(e)),
        iterators=sorted({pages.iterator_class for pages in lists.values()}),
        operations=[_operation(e, lists.get(e.id), api, prose) for e in endpoints],
    )


def blocking_module(
    namespace: str, endpoints: list[Endpoint], children: list[str], api: Api
) -> str:
    """One namespace of the blocking client; with the name `""`, the namespaces of the client itself."""
    iterators = [api.pages[e.id].iterator for e in endpoints if e.id in api.pages]
    parent, _, name = namespace.rpartition(".")
    return render(
        "blocking.py",
        package=f"portone_async.api.{parent}".rstrip("."),
        module=name,
        words=f"`portone.{namespace}`, blocking." if namespace else "The namespaces of a client.",
        class_name=namespace_class(namespace) if namespace else "Namespaces",
        children=[_child(child) for child in children],
        checking=[
            f"from portone_async.blocking.api.{c} import {namespace_class(c)}" for c in children
        ],
        functions=[e.name for e in endpoints],
        iterators=iterators,
        imports=[
            "Namespace",
            *(["blocking"] if endpoints else []),
            *(["blocking_pages"] if iterators else []),
        ],
    )


def _body(endpoint: Endpoint) -> list[Input]:
    return [i for i in endpoint.inputs if i.place == "body"]


def _operation(endpoint: Endpoint, pages: Paging | None, api: Api, prose: Prose) -> dict[str, Any]:
    returns = "Path" if endpoint.is_download else "None"
    response = ""
    if endpoint.response:
        response = api.schemas[endpoint.response.name].class_name
        returns = f"{response} | None" if endpoint.may_be_empty else response
    body = _body(endpoint)
    secrets = [i.name for i in body if i.field.is_secret]
    fields = ", ".join(f"{quoted(i.field.json_name)}: {_value(i)}" for i in body)
    return {
        "name": endpoint.name,
        "constant": _constant(endpoint),
        "result": returns,
        "returns": returns,
        "response": returns,
        "facts": _facts(endpoint, response, api),
        "parameters": _parameters(endpoint, api),
        "secrets": secrets,
        "body": f"{{{fields}}}" if endpoint.body else "",
        "path": _dict(i for i in endpoint.inputs if i.place == "path"),
        "query": _dict(i for i in endpoint.inputs if i.place in ("query", "header")),
        "is_download": endpoint.is_download,
        "iterator": _iterator(endpoint, pages, api, prose) if pages else None,
        "summary": prose.summary(endpoint) or f"`{endpoint.id}` of PortOne's document.",
        "paragraphs": [p for p in prose.description(endpoint).split("\n\n") if p],
        "unstable": UNSTABLE if endpoint.unstable else "",
        "deprecation": deprecation(endpoint),
        "withheld": endpoint.withheld,
        "token_only": TOKEN_ONLY if endpoint.token_only else "",
        "written": WRITTEN,
        "method": endpoint.method,
        "path_text": endpoint.path,
        "arguments": _arguments(endpoint, prose),
        "errors": _errors(endpoint, api, prose),
    }


def _constant(endpoint: Endpoint) -> str:
    return "_" + endpoint.name.upper()


def _value(item: Input) -> str:
    """The value of a field of the body: a secret in a wrapper, as tracebacks show the variables of each function."""
    return f"as_secret({item.name})" if item.field.is_secret else item.name


def _dict(inputs: Iterable[Input]) -> str:
    pairs = ", ".join(f"{quoted(i.field.json_name)}: {i.name}" for i in inputs)
    return f"{{{pairs}}}" if pairs else ""


def _facts(endpoint: Endpoint, response: str, api: Api) -> list[str]:
    """The facts of an operation that the core needs; only those that are not what they mostly are."""
    facts = [quoted(endpoint.id), quoted(endpoint.method), quoted(endpoint.path)]
    body = api.schemas[endpoint.body] if endpoint.body else None
    nulls = [
        i.field.json_name for i in _body(endpoint) if i.field.required and i.field.type.nullable
    ]
    kinds = [
        f'({quoted(f.json_name)}, "{kind}")'
        for f in endpoint.path_parameters
        if (kind := scalar_class(f.type, api) or f.type.kind) != "str"
    ]
    arrays = [i for i in endpoint.inputs if i.place == "query" and i.field.type.kind == "list"]
    texts = {
        "response": response,
        "body": body.class_name if body else "",
        "body_media": endpoint.body_media
        if body and endpoint.body_media != "application/json"
        else "",
        "accept": endpoint.media if endpoint.is_download and endpoint.media != "text/csv" else "",
        "store": _store(endpoint, api) or "",
    }
    flags = {
        "any_json": bool(endpoint.response) and endpoint.response.kind == "alias",  # pyright: ignore[reportOptionalMemberAccess]
        "may_be_empty": endpoint.may_be_empty,
        "body_required": endpoint.body_required,
        "body_in_query": endpoint.body_in_query,
        "whole_body": endpoint.whole_body,
        "download": endpoint.is_download,
        "unstable": endpoint.unstable,
        "token_only": endpoint.token_only,
    }
    tuples = {
        "nulls": [quoted(name) for name in nulls],
        "path_types": kinds,
        "arrays": [quoted(i.field.json_name) for i in arrays if not i.joined],
        "joined": [quoted(i.field.json_name) for i in arrays if i.joined],
        "numbers": [
            quoted(f.json_name)
            for f in endpoint.fields("query", "header")
            if f.type.innermost.kind == "float"
        ],
        "headers": [quoted(f.json_name) for f in endpoint.fields("header")],
    }
    order = (
        "response", "any_json", "may_be_empty", "body", "body_media", "body_required", "body_in_query", "whole_body",
        "nulls", "path_types", "arrays", "joined", "numbers", "headers", "download", "accept", "unstable", "token_only",
    )  # fmt: skip
    for name in order:
        if texts.get(name):
            facts.append(f"{name}={quoted(texts[name] or '')}")
        elif flags.get(name):
            facts.append(f"{name}=True")
        elif tuples.get(name):
            facts.append(f"{name}=({', '.join(tuples[name])},)")
    if not endpoint.secured:
        facts.append("secured=False")
    if texts["store"]:
        facts.append(f"store={quoted(texts['store'])}")
    names = ", ".join(
        f'"{name}"' for name in sorted({api.exceptions[name] for _, name in endpoint.errors})
    )
    facts.append(f"errors=({names},)" if names else "errors=()")
    return facts


def _store(endpoint: Endpoint, api: Api) -> str | None:
    """Where the operation takes `storeId`, if it does: the query, the body or an object in the body."""
    if any(f.json_name == "storeId" for f in endpoint.query_parameters):
        return "query"
    fields = endpoint.fields("body")
    if any(f.json_name == "storeId" for f in fields):
        return "body"
    holders = [
        item.json_name
        for item in fields
        if item.type.kind == "object"
        and not endpoint.whole_body
        and any(f.json_name == "storeId" for f in api.schemas[item.type.name].fields)
    ]
    if len(holders) > 1:
        places = " and ".join(holders)
        raise CodegenError(
            f"{endpoint.id}: a storeId in {places} is not supported: one place takes the client's"
        )
    return holders[0] if holders else None


def _ordered(endpoint: Endpoint) -> list[Input]:
    """The arguments as a signature has them: of the path, then those that must be given, then the others."""
    order = {"path": 0, "body": 1, "query": 1, "header": 1}
    return sorted(
        endpoint.inputs, key=lambda i: (order[i.place], i.place != "path" and not i.field.required)
    )


def _parameters(endpoint: Endpoint, api: Api) -> list[str]:
    inputs = _ordered(endpoint)
    path = [f"{i.name}: {declared(i.field, api)}" for i in inputs if i.place == "path"]
    required = [
        f"{i.name}: {declared(i.field, api)}"
        for i in inputs
        if i.place != "path" and i.field.required
    ]
    optional = [
        f"{i.name}: {declared(i.field, api)} = None"
        for i in inputs
        if i.place != "path" and not i.field.required
    ]
    if endpoint.is_download:
        required.append("file: str | PathLike[str]")
    return [
        "client: Caller",
        *path,
        "*",
        *required,
        *optional,
        "options: RequestOptions | None = None",
    ]


def _arguments(endpoint: Endpoint, prose: Prose) -> list[tuple[str, str]]:
    """The documented arguments, in the order of the signature."""
    inputs = _ordered(endpoint)
    must = [i for i in inputs if i.place == "path" or i.field.required]
    rest = [i for i in inputs if i not in must]
    result = [(i.name, _argument_words(endpoint, i, prose)) for i in must]
    if endpoint.is_download:
        result.append(("file", FILE))
    result += [(i.name, _argument_words(endpoint, i, prose)) for i in rest]
    return [(name, words) for name, words in result if words]


def _argument_words(endpoint: Endpoint, item: Input, prose: Prose) -> str:
    words = prose.argument(endpoint, item)
    return " ".join(filter(None, [words, deprecation(item.field)]))


def _errors(endpoint: Endpoint, api: Api, prose: Prose) -> list[tuple[str, str]]:
    """The documented errors: those of its own with the reason, and on the last line what any operation may raise."""
    types: dict[str, list[str]] = {}
    for value, name in endpoint.errors:
        types.setdefault(name, []).extend([value] if value else [])
    common = sorted(api.exceptions[name] for name in types.keys() & api.common_errors)
    own = sorted(
        (api.exceptions[name], _error_words(api.schemas[name], values, prose))
        for name, values in types.items()
        if name not in api.common_errors
    )
    such = f", such as {' or '.join(', '.join(common).rsplit(', ', 1))}" if common else ""
    return [*own, ("APIError", f"Any {'other ' if own else ''}error{such}.")]


def _error_words(schema: Schema, types: list[str], prose: Prose) -> str:
    words = prose.schemas.get(schema.name)
    return first_sentence(words) if words else identity_of_error(schema, types)


def _iterator(endpoint: Endpoint, pages: Paging, api: Api, prose: Prose) -> dict[str, Any]:
    """The function that makes an iterator over all items of a list."""
    taken = {i.name for i in pages.rest}

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        return name

    path = [i for i in pages.rest if i.place == "path"]
    others = sorted(
        (i for i in pages.rest if i.place != "path"), key=lambda i: not i.field.required
    )
    inputs = [
        f"{i.name}: {declared(i.field, api)}{'' if i.field.required else ' = None'}" for i in others
    ]
    arguments = [i.name if i.place == "path" else f"{i.name}={i.name}" for i in pages.rest]
    documented = [(i.name, _argument_words(endpoint, i, prose)) for i in pages.rest]
    imports: list[str] = []
    start = ", ".join(repr(f.name) for f in pages.identity)
    start = f"({start},)" if start else ""
    if pages.kind == "cursor":
        own, position = free("cursor"), free("position")
        moving = [f"{pages.moving['cursor']}={position}"]
        inputs.append(f"{own}: str | None = None")
        documented.append((own, "Where to continue: the `cursor` of the last item already read."))
        start, parameter = own, f"{position}: str | None"
    else:
        own, position = free("size"), free("number")
        inputs.append(f"{own}: int | None = None")
        named, holder = ("pageSize", endpoint.body or "") if pages.kind == "flat" else ("size", "")
        words = prose.parameter(endpoint, named, holder)
        documented.append((own, words or SIZE))
        parameter = f"{position}: int"
        if pages.kind == "flat":
            moving = [
                f"{pages.moving['pageNumber']}={position}",
                f"{pages.moving['pageSize']}={own}",
            ]
        else:
            page = api.schemas[
                next(f.type.name for f in endpoint.fields("body") if f.json_name == "page")
            ]
            fields = {f.json_name: f.name for f in page.fields}
            imports.append(f"from portone_async.models.{page.module} import {page.class_name}")
            value = f"{page.class_name}({fields['number']}={position}, {fields['size']}={own})"
            moving = [f"{pages.moving['page']}={value}"]
    item = pages.items.type.item or pages.items.type
    return {
        "name": pages.iterator,
        "class_name": pages.iterator_class,
        "parameters": [
            "client: Caller", *(f"{i.name}: {declared(i.field, api)}" for i in path), "*", *inputs,
            "options: RequestOptions | None = None",
        ],
        "item": annotation(item, api),
        "documented": [(name, words) for name, words in documented if words],
        "imports": imports,
        "fetch": free("fetch"),
        "position": parameter,
        "arguments": ["client", *arguments, *moving, "options=options"],
        "field": pages.items.name,
        "start": start,
    }  # fmt: skip
