"""Python names for whatever a document names, and what `openapi/decisions.toml` says about them."""

import json
from pathlib import Path
from typing import Any

import pytest
from codegen_documents import (
    STRING,
    an_error,
    an_object,
    as_json,
    document,
    namespaces,
    operation,
    package,
    probe,
    ref,
    run_code,
    thing,
    union,
)

from codegen import decisions, generate, webhooks
from codegen.__main__ import main
from codegen.decisions import Decisions, load_decisions
from codegen.document import CodegenError, Json
from codegen.generate import attempt, load_namespaces
from codegen.names import snake
from codegen.normalise import normalise
from codegen.parse import parse
from codegen.prose import Prose
from codegen.report import Report

SCHEMAS = [
    "Any", "Model", "Literal", "Datetime", "define", "receipt", "결제", "Foo-Bar", "3dsInfo", "None", "List", "Map",
    "Scalars", "Errors", "a.b c", "B2bX", "B2BX", "FooBar", "Foo_Bar", "x/y~z", "Path", "Secret",
]  # fmt: skip


def names_of(source: Json, choices: Decisions | None = None) -> tuple[dict[str, str], Report]:
    """Component to class."""
    report = Report()
    api = parse(normalise(source), report, choices)
    return {name: schema.class_name for name, schema in api.schemas.items()}, report


def of_all_names() -> Json:
    fields = {f"f{index}": ref(name) for index, name in enumerate(SCHEMAS)}
    fields["f19"] = ref("x~1y~0z")
    return document(Thing=thing(**fields), **{name: an_object(value=STRING) for name in SCHEMAS})


def test_schemas_of_every_name_are_read(tmp_path: Path) -> None:
    source = of_all_names()
    names, _ = names_of(source)
    assert names["Any"] == "Any_"
    assert names["Foo-Bar"] == "Foo_Bar_2"
    assert names["3dsInfo"] == "Model3dsInfo"
    assert (names["receipt"], names["define"], names["결제"]) == ("Receipt", "Define", "결제")
    folder = package(tmp_path, source)
    probe(folder)
    value = {"id": "1"} | {f"f{index}": {"value": name} for index, name in enumerate(SCHEMAS)}
    shown = run_code(
        folder,
        "import importlib, json, pkgutil\n"
        "from portone_async import models, _validation\n"
        "from portone_async._writing import write\n"
        "for module in pkgutil.iter_modules(models.__path__):\n"
        "    importlib.import_module('portone_async.models.' + module.name)\n"
        f"value = json.loads({json.dumps(value)!r})\n"
        "found = models.Thing and importlib.import_module('portone_async.models.thing').read(value)\n"
        "kinds = [type(getattr(found, f'f{index}')).__name__ for index in range(len(value) - 1)]\n"
        "all_classes = all(isinstance(getattr(models, name), type) for name in kinds)\n"
        "print(json.dumps([write(found) == value, _validation.first_mismatch(value, 'Thing'), kinds, all_classes]))",
    )
    assert shown == [True, None, [names[name] for name in SCHEMAS], True]


def test_fields_that_have_one_name_in_python_are_told_apart(tmp_path: Path) -> None:
    fields = ["fooBar", "foo_bar", "id", "_id", "$id", "__id__", "-", "+1", "-1"]
    folder = package(tmp_path, document(Thing=an_object("id", **dict.fromkeys(fields, STRING))))
    probe(folder)
    value = {name: name for name in fields}
    shown = run_code(
        folder,
        "import json; from portone_async._writing import write; from portone_async.models.thing import read\n"
        f"found = read(json.loads({json.dumps(value)!r}))\n"
        "print(json.dumps([write(found), found.foo_bar, found.foo_bar_2, found.id]))",
    )
    assert shown == [value, "foo_bar", "fooBar", "id"]


def test_clash_is_reported_and_can_be_decided() -> None:
    source = document(Thing=thing(fooBar=STRING, foo_bar=STRING, more=ref("ThingMore")))
    _, report = names_of(source)
    (places,) = [places for what, places in report.notes.items() if "decisions.toml" in what]
    assert places == ["Thing.fooBar is foo_bar_2"]
    report = Report()
    chosen = Decisions(
        renames={"Thing.fooBar": "foo_bar_text", "BigThing": "Big", "getThing": "fetch_thing"}
    )
    api = parse(normalise(source), report, chosen)
    assert [f.name for f in api.schemas["Thing"].fields] == [
        "id",
        "foo_bar_text",
        "foo_bar",
        "more",
    ]
    assert api.schemas["BigThing"].class_name == "Big"
    assert {e.name for e in api.endpoints} == {"fetch_thing", "get_things", "create_thing"}
    assert not [what for what in report.notes if "decisions.toml" in what]


@pytest.mark.parametrize("name", ["class", "foo-bar", "foo_bar"])
def test_name_that_cannot_be_is_refused(name: str) -> None:
    source = document(Thing=thing(fooBar=STRING, foo_bar=STRING))
    chosen = Decisions(renames={"Thing.fooBar": name, "Thing.foo_bar": "foo_bar"})
    with pytest.raises(CodegenError, match=rf"Thing\.fooBar cannot be called {name}"):
        parse(normalise(source), None, chosen)


def test_error_named_like_a_base_class(tmp_path: Path) -> None:
    source = document(
        GetThingError=union("type", SLOW="RateLimitError", INVALID_REQUEST="InvalidRequestError"),
        RateLimitError=an_error(429),
    )
    folder = package(tmp_path, source)
    probe(folder)
    shown = run_code(
        folder,
        "import json; from portone_async import errors\n"
        "print(json.dumps([errors.RateLimitError_.types, issubclass(errors.RateLimitError_, errors.RateLimitError)]))",
    )
    assert shown == [["SLOW"], True]


# --- openapi/decisions.toml ---


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "decisions.toml"
    path.write_text(text)
    return path


def test_decisions_are_read(tmp_path: Path) -> None:
    found = load_decisions(
        written(
            tmp_path,
            '[leave_out]\ngetThing = "why"\n[rename]\nAny = { to = "Anything", reason = "why" }\n'
            '[drop]\n"Thing.note" = "why not"\n',
        )
    )
    assert found == Decisions({"getThing": "why"}, {"Any": "Anything"}, {"Thing.note": "why not"})
    assert load_decisions(tmp_path / "none.toml") == Decisions()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "decisions.toml"),
        ("[other]", r"\[other\] is not a table"),
        ("leave_out = 1", r"\[leave_out\] must be a table"),
        ("[leave_out]\na = 1", "leave_out a takes a reason"),
        ('[drop]\na = ""', "drop a takes a reason"),
        ('[rename]\nA = "B"', "rename A takes"),
        ('[rename]\nA = { to = "B" }', "rename A takes"),
    ],
)
def test_decisions_that_are_none_are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(CodegenError, match=says):
        load_decisions(written(tmp_path, text))


@pytest.mark.parametrize("key", ["getThing", "GET /things/{thingId}"])
def test_operation_that_is_left_out_may_be_anything(key: str) -> None:
    """So that a maintainer can go on today and support it tomorrow."""
    source = document()
    operation(source, "getThing")["parameters"] = [{"name": "a", "in": "cookie", "schema": STRING}]
    with pytest.raises(CodegenError, match="cookie"):
        normalise(source)
    report = Report()
    found = normalise(source, report, Decisions(leave_out={key: "cookies"}))
    assert "/things/{thingId}" not in found["paths"]
    assert report.refusals == []
    assert report.notes["left out (cookies)"] == [key]


# --- namespaces and webhooks that cannot be read ---


@pytest.mark.parametrize("text", [None, "[", 'payment = "getPayment"'])
def test_namespaces_that_cannot_be_read_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.setattr(generate, "OPENAPI", tmp_path)
    if text is not None:
        (tmp_path / "namespaces.toml").write_text(text)
    with pytest.raises(CodegenError, match=r"^openapi/namespaces\.toml"):
        load_namespaces()


@pytest.mark.parametrize("text", [None, "", "<html>", "{}", "[]"])
def test_webhooks_that_cannot_be_read_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    path = tmp_path / "webhooks.json"
    monkeypatch.setattr(webhooks, "WEBHOOKS", path)
    if text is not None:
        path.write_text(text)
    with pytest.raises(CodegenError, match=r"^openapi/webhooks\.json cannot be read: "):
        webhooks.load_webhooks()


def test_new_operation_is_proposed_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        generate, "load_namespaces", lambda: {"stock": ["getThings"], "a": ["createThing"]}
    )
    report = Report()
    attempt(normalise(document()), report, Decisions())
    (places,) = [places for what, places in report.notes.items() if "namespaces.toml" in what]
    assert places[0].startswith("getThing (GET /things/{thingId}; perhaps in ")


def test_decisions_file_that_is_broken_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(decisions, "DECISIONS", written(tmp_path, "["))
    assert main(["import", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


# --- iterators ---


def paged(parameters: list[Json] | None = None, name: str = "getThings", **fields: Any) -> Json:
    """The small document with a list in pages."""
    source = document(
        GetThingsBody=an_object(page=ref("PageInput"), **fields),
        PageInput=an_object(number={"type": "integer"}, size={"type": "integer"}),
        GetThingsResponse=an_object("items", items={"type": "array", "items": ref("Thing")}),
    )
    found = operation(source, "getThings")
    found["operationId"] = name
    found["parameters"] += parameters or []
    return source


ITERATE = """
import asyncio, inspect, json, httpx
from portone_async import PortOne
requests = []
def answer(request):
    requests.append(str(request.url.path) + " " + json.dumps(json.loads(request.url.params["requestBody"]), sort_keys=True))
    return httpx.Response(200, json={{"items": [] if len(requests) > 1 else [{{"id": "1"}}]}})
async def main():
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
        portone = PortOne("secret", http_client=http_client)
        return [thing.id async for thing in portone.thing.{call}]
print(json.dumps([asyncio.run(main()), requests]))
"""


def test_iterator_with_path_parameters_and_clashing_names(tmp_path: Path) -> None:
    names = ("number", "fetch", "position", "size", "cursor")
    source = paged(**dict.fromkeys(names, STRING))
    source["paths"]["/shops/{shopId}/things"] = {"get": source["paths"]["/things"].pop("get")}
    operation(source, "getThings")["parameters"].append(
        {"name": "shopId", "in": "path", "required": True, "schema": STRING}
    )
    folder = package(tmp_path, source)
    probe(folder)
    call = "iter_things('s 1', number='n', fetch='f', position='p', size='z', cursor='c', size_=2)"
    items, requests = run_code(folder, ITERATE.format(call=call))
    assert items == ["1"]
    body = '"fetch": "f", "number": "n", "page": {"number": %d, "size": 2}, "position": "p", "size": "z"}'
    assert requests == [f'/shops/s 1/things {{"cursor": "c", {body % page}' for page in (0, 1)]


def test_iterator_has_the_words_for_the_size_of_a_page() -> None:
    api = parse(normalise(paged(size=STRING)))
    placed = namespaces(document())
    wordless = generate.sources(api, Prose(), placed)["api/thing.py"]
    assert "        size_: Items per page; PortOne's default if omitted.\n" in wordless
    words = Prose(
        operations={"getThings": {"parameters": {"size": "Five if omitted."}}},
        fields={"GetThingsBody.size": "How large a thing is."},
    )
    assert (
        "        size_: Five if omitted.\n" in generate.sources(api, words, placed)["api/thing.py"]
    )


def test_operation_called_like_an_iterator_keeps_its_name(tmp_path: Path) -> None:
    source = paged()
    operation(source, "getThing")["operationId"] = "iterThings"
    folder = package(tmp_path, source)
    assert probe(folder)["functions"]["iterThings"] == "thing.iter_things"
    assert run_code(folder, ITERATE.format(call="iter_get_things()"))[0] == ["1"]


@pytest.mark.parametrize(
    "response",
    [
        an_object(
            "a",
            "b",
            a={"type": "array", "items": ref("Thing")},
            b={"type": "array", "items": ref("Thing")},
        ),
        an_object(id=STRING),
    ],
)
def test_what_only_looks_like_a_list_has_no_iterator(response: Json) -> None:
    source = paged() if response else document()
    source["components"]["schemas"]["GetThingsResponse"] = response
    report = Report()
    api = parse(normalise(source), report)
    assert api.pages == {}
    assert report.notes["no iterator: not one list of objects in the response"] == ["getThings"]


def test_list_that_gains_a_second_list_keeps_its_iterator() -> None:
    source = paged()
    source["components"]["schemas"]["GetThingsResponse"]["properties"]["others"] = {
        "type": "array",
        "items": ref("BigThing"),
    }
    api = parse(normalise(source))
    assert api.pages["getThings"].items.json_name == "items"


@pytest.mark.parametrize("name", ["cursor", "page", "pageNumber"])
def test_ordinary_operation_may_have_an_input_of_that_name(name: str) -> None:
    source = document(CreateThingBody=an_object(**{name: STRING}))
    operation(source, "createThing")["responses"]["200"] = {
        "description": "",
        "content": as_json("GetThingsResponse"),
    }
    report = Report()
    assert "createThing" not in parse(normalise(source), report).pages
    assert "createThing" in report.notes["no iterator: no page that is known"]


def test_numbered_list_that_gains_a_cursor_stays_one() -> None:
    api = parse(normalise(paged(cursor=STRING)))
    assert api.pages["getThings"].kind == "page"


# --- discriminators ---


def test_converter_is_not_led_astray_by_constants(tmp_path: Path) -> None:
    """A constant that all variants share, and a variant of two unions with two tags."""
    both = {"type": "string", "const": "V2"}
    source = document(
        Thing=thing(more=ref("ThingMore"), other=ref("Other")),
        BigThing=an_object("type", type=STRING, version=both),
        SmallThing=an_object("type", type=STRING, version=both),
        Other=union("status", DONE="BigThing", OPEN="SmallThing"),
    )
    folder = package(tmp_path, source)
    code = (
        "import json; from portone_async import models; from portone_async.converter import converter\n"
        "raw = {'type': 'SMALL', 'status': 'OPEN', 'version': 'V2'}\n"
        "unions = [models.ThingMore, models.Other]\n"
        "print(json.dumps([type(converter.structure(raw, union)).__name__ for union in unions]))"
    )
    assert run_code(folder, code) == ["SmallThing", "SmallThing"]


def test_variant_of_two_tags_must_be_told_which_in_an_input() -> None:
    source = document(
        CreateThingBody=an_object(more=ref("ThingMore")),
        ThingMore=union("type", BIG="BigThing", HUGE="BigThing", SMALL="SmallThing"),
    )
    api = parse(normalise(source))
    written_ = generate.sources(api, generate.Prose(), namespaces(source))["models/big_thing.py"]
    assert 'type: Literal["BIG", "HUGE"]\n' in written_.replace("'", '"')


def test_optional_constant_of_an_input_is_not_sent_unasked() -> None:
    source = document(CreateThingBody=an_object(mode={"type": "string", "const": "FAST"}))
    api = parse(normalise(source))
    (field,) = api.schemas["CreateThingBody"].fields
    assert (field.tags, field.type.kind, field.required) == ((), "enum", False)


def test_tag_that_the_mapping_calls_otherwise_is_reported_and_its_type_allows_both() -> None:
    source = document(SmallThing=an_object("type", type={"type": "string", "const": "TINY"}))
    report = Report()
    found = normalise(source, report)["components"]["schemas"]
    assert report.notes["a tag of another value than the mapping's, which alone is looked at"] == [
        "SmallThing.type"
    ]
    # The mapping says which of the two leads to the variant.
    mapping = found["ThingMore"]["discriminator"]["mapping"]
    assert [tag for tag, to in mapping.items() if to == ref("SmallThing")["$ref"]] == ["SMALL"]
    assert found["SmallThing"]["properties"]["type"]["enum"] == ["SMALL", "TINY"]


@pytest.mark.parametrize(
    "name", ["api", "blocking", "blockingPages", "cachedProperty", "call", "withResponse"]
)
def test_operation_called_like_what_its_module_uses(tmp_path: Path, name: str) -> None:
    source = document()
    operation(source, "getThing")["operationId"] = name
    assert f"thing.{snake(name)}_" in probe(package(tmp_path, source))["functions"].values()


# --- security ---


def test_operation_for_access_tokens_only_is_never_sent_the_secret(tmp_path: Path) -> None:
    source = document()
    source["components"]["securitySchemes"]["bearer"] = {"type": "http", "scheme": "bearer"}
    operation(source, "getThing")["security"] = [{"bearer": []}]
    folder = package(tmp_path, source)
    code = """
import asyncio, json, httpx
from portone_async import PortOne, errors
seen = []
def answer(request):
    seen.append(request.headers["authorization"])
    return httpx.Response(200, json={"id": "1"})
async def main():
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
        await PortOne(access_token="token", http_client=http_client).thing.get_thing("1")
        try:
            await PortOne("secret", http_client=http_client).thing.get_thing("1")
        except errors.InvalidArgumentError as error:
            return str(error)
print(json.dumps([asyncio.run(main()), seen]))
"""
    text, seen = run_code(folder, code)
    assert "takes an access token, not the API secret" in text
    assert seen == ["Bearer token"]
    assert "It takes an access token" in (folder / "portone_async/api/thing.py").read_text()


def test_security_of_the_whole_document_counts() -> None:
    source = document() | {"security": [{"portOne": []}]}
    del operation(source, "getThing")["security"]
    operation(source, "createThing")["security"] = []
    secured = {e.id: e.secured for e in parse(normalise(source)).endpoints}
    assert secured == {"getThing": True, "getThings": True, "createThing": False}


def test_operations_and_documents_without_ids_and_of_3_1() -> None:
    source = document() | {
        "openapi": "3.1.1",
        "webhooks": {},
        "jsonSchemaDialect": "https://example.org",
    }
    del operation(source, "getThing")["operationId"]
    report = Report()
    found = normalise(source, report)
    assert operation(found, "getThingsByThingId")
    assert report.notes["not used: webhooks"] == ["the document"]
