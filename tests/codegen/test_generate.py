"""`python -m codegen generate` and `check`: everything in the document is generated, the same way each time."""

import filecmp
import inspect
import json
import shutil
from collections.abc import Callable
from importlib.metadata import version
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
    probe,
    ref,
    run,
    run_code,
    union,
)

from codegen import coverage, generate, model, parse, parser, render_api, templating
from codegen.document import OPENAPI, PARSER_VERSION, ROOT, VENDORED, CodegenError, Json, operations
from codegen.generate import PACKAGE, load_namespaces, place, write
from codegen.names import snake
from codegen.normalise import normalise
from codegen.prose import Prose, load_prose
from codegen.webhooks import load_webhooks, with_webhooks

facts: Json = with_webhooks(json.loads(VENDORED.read_text(encoding="utf-8")), load_webhooks())
FOLDERS = ("api", "models", "blocking/api")
Change = Callable[[Json], None]


@pytest.fixture(scope="module")
def api() -> model.Api:
    return parse.parse(facts)


def files(folder: Path) -> list[Path]:
    found = [p for name in FOLDERS for p in (folder / name).rglob("*") if p.is_file()]
    return sorted(p for p in found if p.parent.name != "__pycache__")


# --- nothing is lost ---


Kind = tuple[str, Any]


def kind_in_the_document(schema: Json) -> Kind:
    """A type, read from the document by other means than the generator's."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = facts["components"]["schemas"][name]
        if "oneOf" in target:
            return "union", name
        if "enum" in target:
            return "enum", name
        is_map = "properties" not in target and isinstance(target.get("additionalProperties"), dict)
        return ("map" if is_map else "object"), name
    kind, form = schema["type"], schema.get("format", "")
    if kind == "array":
        return ("list", kind_in_the_document(schema["items"]))
    dates = {"date": "date", "date-time": "datetime"}
    names = {
        "string": dates.get(form, "str"),
        "integer": "int",
        "boolean": "bool",
        "object": "json",
    }
    return names[kind], ""


def kind_of(kind: model.Type) -> Kind:
    return ("list", kind_of(kind.item)) if kind.item else (kind.kind, kind.name)


def test_every_schema_and_field(api: model.Api) -> None:
    schemas = facts["components"]["schemas"]
    assert api.schemas.keys() == schemas.keys()
    for name, schema in schemas.items():
        ours = api.schemas[name]
        assert {f.json_name for f in ours.fields} == schema.get("properties", {}).keys()
        for field in ours.fields:
            assert field.required == (field.json_name in schema.get("required", [])), name
            assert kind_of(field.type) == kind_in_the_document(
                schema["properties"][field.json_name]
            ), name
        assert list(ours.values) == schema.get("enum", [])
        assert dict(ours.variants) == {
            value: target.rpartition("/")[2]
            for value, target in schema.get("discriminator", {}).get("mapping", {}).items()
        }
        assert ours.status == schema.get("x-portone-status-code", 0)


def test_every_operation_parameter_and_response(api: model.Api) -> None:
    ours = {e.id: e for e in api.endpoints}
    assert len(ours) == len(api.endpoints) == sum(1 for _ in operations(facts))
    for path, method, found in operations(facts):
        endpoint = ours.pop(found["operationId"])
        assert (endpoint.path, endpoint.method) == (path, method)
        parameters = [*endpoint.path_parameters, *endpoint.query_parameters]
        listed = {p["name"]: p for p in found.get("parameters", []) if "schema" in p}
        assert {p.json_name for p in parameters} == listed.keys()
        for parameter in parameters:
            assert parameter.required == listed[parameter.json_name].get("required", False)
            assert kind_of(parameter.type) == kind_in_the_document(
                listed[parameter.json_name]["schema"]
            )
        in_query = [p for p in found.get("parameters", []) if "content" in p]
        body = found.get("requestBody") or (in_query[0] if in_query else None)
        assert endpoint.body_in_query == bool(in_query)
        assert (endpoint.body is None) == (body is None)
        if body:
            (media,) = body["content"].values()
            assert endpoint.body is not None
            assert ref(endpoint.body) == media["schema"]
            assert endpoint.body_required == body.get("required", False)
        responses = dict(found["responses"])
        content = responses.pop("200").get("content")
        assert endpoint.media == (next(iter(content)) if content else None)
        if endpoint.media == "application/json":
            assert endpoint.response is not None
            assert ref(endpoint.response.name) == content["application/json"]["schema"]
        assert endpoint.errors == tuple(
            (value, target.rpartition("/")[2])
            for union in {
                r["content"]["application/json"]["schema"]["$ref"] for r in responses.values()
            }
            for value, target in facts["components"]["schemas"][union.rpartition("/")[2]][
                "discriminator"
            ]["mapping"].items()
        )
        assert endpoint.secured == bool(found.get("security"))
        assert endpoint.unstable == found.get("x-portone-unstable", False)
    assert not ours


def places_of_the_store(schema: Json, *path: str) -> list[str]:
    """The places of every `storeId` in an input, read from the document by other means than the generator's."""
    if "$ref" in schema:
        schema = facts["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "items" in schema:
        return places_of_the_store(schema["items"], *path, "[]")
    found: list[str] = []
    for name, value in schema.get("properties", {}).items():
        inner = places_of_the_store(value, *path, name)
        found += [".".join(path) or "body"] if name == "storeId" else inner
    return found


def test_every_operation_that_takes_a_store_is_given_the_clients(api: model.Api) -> None:
    ours = {e.id: render_api._store(e, api) for e in api.endpoints}
    for _, _, found in operations(facts):
        contents = [p["content"] for p in found.get("parameters", []) if "content" in p]
        contents += [found["requestBody"]["content"]] if "requestBody" in found else []
        places = [
            place
            for c in contents
            for m in c.values()
            for place in places_of_the_store(m["schema"])
        ]
        places += ["query" for p in found.get("parameters", []) if p["name"] == "storeId"]
        assert places == [ours[found["operationId"]]] * bool(places)
        assert bool(places) == bool(ours[found["operationId"]])


def test_parser_has_nothing_to_warn_of() -> None:
    codes = {name: f"C{index}" for index, name in enumerate(facts["components"]["schemas"])}
    components = parser._parse(parser._Encoder(codes).document(facts))
    assert components.keys() == {*codes.values(), parser._PARAMETERS}


def test_everything_reaches_the_generated_package(api: model.Api) -> None:
    found = run_code(
        ROOT,
        "import json, portone_async.errors as e, portone_async.models as m\n"
        "print(json.dumps([sorted(m.__all__), sorted(e._generated.__all__)]))",
    )
    errors = sorted(s.name for s in api.schemas.values() if s.kind == "error")
    models = sorted(s.name for s in api.schemas.values() if s.kind not in ("error", "errors"))
    assert found == [models, errors]


# --- a loss stops the run, by name ---


def parameter_of(schema: Json) -> Change:
    def change(source: Json) -> None:
        operation(source, "getThing")["parameters"][1]["schema"] = schema

    return change


def list_in_path(source: Json) -> None:
    operation(source, "getThing")["parameters"][0]["schema"] = {"type": "array", "items": STRING}


def header_like_query(source: Json) -> None:
    operation(source, "getThing")["parameters"].append(
        {"name": "storeId", "in": "header", "schema": STRING}
    )


def two_types(source: Json) -> None:
    operation(source, "createThing")["responses"] |= {
        "200": {"description": "", "content": as_json("Thing")},
        "201": {"description": "", "content": as_json("BigThing")},
    }


def response_of(name: str) -> Change:
    def change(source: Json) -> None:
        operation(source, "getThing")["responses"]["200"]["content"] = as_json(name)

    return change


def octets(source: Json) -> None:
    operation(source, "createThing")["requestBody"]["content"] = {
        "application/octet-stream": {"schema": STRING}
    }


def form_of(name: str) -> Change:
    def change(source: Json) -> None:
        content = {"multipart/form-data": {"schema": ref(name)}}
        operation(source, "createThing")["requestBody"]["content"] = content

    return change


def placeholder(source: Json) -> None:
    source["paths"]["/things/{id}"] = source["paths"].pop("/things/{thingId}")


def security(source: Json) -> None:
    source["components"]["securitySchemes"]["bank"] = {
        "type": "apiKey",
        "in": "header",
        "name": "X-Bank",
    }
    operation(source, "getThing")["security"] = [{"bank": []}]


def nothing(source: Json) -> None:
    pass


LOSSES: list[tuple[str, Json, Change, list[str]]] = [
    ("errors told apart by another field", document(GetThingError=union("code", A="InvalidRequestError")), nothing, ["GetThingError: errors that are told apart by code"]),
    ("status of no error", document(ThingNotFoundError=an_error(302)), nothing, ["ThingNotFoundError: 302 is no status of an error"]),
    ("successes of several types", document(), two_types, ["createThing: successes of several types (200, 201)"]),
    ("response of an enum", document(), response_of("ThingKind"), ["getThing: a response of enum"]),
    ("body of another medium", document(), octets, ["createThing: a body of application/octet-stream"]),
    ("form of what is not an object", document(), form_of("ThingMap"), ["createThing: multipart/form-data of what is not an object"]),
    ("object in the query", document(), parameter_of({"type": "object"}), ["getThing.storeId: a parameter of json"]),
    ("list in the path", document(), list_in_path, ["getThing.thingId: a parameter of list"]),
    ("map of itself", document(ThingMap={"type": "object", "additionalProperties": ref("ThingMap")}), nothing, ["ThingMap: a map or a list that holds itself"]),
    ("placeholder of no parameter", document(), placeholder, ["getThing: the path's placeholders are not its path parameters"]),
    ("unknown security", document(), security, ["getThing: the security bank"]),
    ("one name in two places that are one in Python", document(), header_like_query, ["getThing: storeId in the query and in a header"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "change", "says"), [pytest.param(*rest, id=name) for name, *rest in LOSSES]
)
def test_loss_stops_the_run_by_name(
    tmp_path: Path, source: Json, change: Change, says: list[str]
) -> None:
    change(source)
    with pytest.raises(CodegenError) as caught:
        write(normalise(source), tmp_path, namespaces(source))
    for words in says:
        assert words in str(caught.value)
    assert not list(tmp_path.rglob("*.py"))


def test_what_the_parser_warns_of_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    encode = parser._Encoder.document

    def broken(encoder: Any, source: Json) -> Json:
        encoded = encode(encoder, source)
        encoded["components"]["schemas"]["C0"] = {"type": "array"}
        return encoded

    monkeypatch.setattr(parser._Encoder, "document", broken)
    with pytest.raises(CodegenError, match="openapi-python-client warns: "):
        parse.parse(normalise(document()))


def without(monkeypatch: pytest.MonkeyPatch, lose: Callable[[dict[str, Any]], object]) -> None:
    """Let the parser lose something of its table of components."""
    run_parser = parser._parse

    def lossy(encoded: Json) -> dict[str, Any]:
        table = run_parser(encoded)
        lose(table)
        return table

    monkeypatch.setattr(parser, "_parse", lossy)


def test_schema_that_the_parser_loses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = normalise(document())
    code = f"C{list(found['components']['schemas']).index('BigThing')}"
    without(monkeypatch, lambda table: table.pop(code))
    with pytest.raises(CodegenError, match="1 schemas lost by the parser: BigThing"):
        parse.parse(found)


def test_field_that_the_parser_loses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = normalise(document(Thing=an_object("id", id=STRING, a=STRING, b=STRING)))
    code = f"C{list(found['components']['schemas']).index('Thing')}"
    without(monkeypatch, lambda table: table[code].optional_properties.clear())
    with pytest.raises(CodegenError, match="Thing: fields lost by the parser: a, b"):
        parse.parse(found)


def test_parameter_that_the_parser_loses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, lambda table: table[parser._PARAMETERS].optional_properties.clear())
    with pytest.raises(CodegenError, match="getThing: parameters lost by the parser: storeId"):
        parse.parse(normalise(document()))


def test_another_version_of_the_parser_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its programmatic use is no public API, and the generator calls a function of its inside."""
    assert version("openapi-python-client") == PARSER_VERSION
    monkeypatch.setattr(parser, "version", lambda _: "0.30.0")
    with pytest.raises(
        CodegenError, match=rf"openapi-python-client {PARSER_VERSION} is needed, not 0\.30\.0"
    ):
        parse.parse(normalise(document()))


def test_the_function_that_is_called_is_still_what_it_was() -> None:
    """`build_schemas` makes the table of references, which nothing of the parser gives from outside."""
    found = inspect.signature(parser.properties.build_schemas)
    assert set(found.parameters) == {"components", "schemas", "config"}


# --- where operations live ---


def test_unplaced_operation_is_named(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match=r"namespaces\.toml first: createThing, getThings$"):
        write(normalise(document()), tmp_path, {"thing": ["getThing"]})
    assert not list(tmp_path.rglob("*.py"))


def test_operation_placed_twice_is_named(tmp_path: Path) -> None:
    placed = namespaces(document()) | {"other": ["getThing"]}
    with pytest.raises(CodegenError, match=r"placed twice.*getThing"):
        write(normalise(document()), tmp_path, placed)


@pytest.mark.parametrize(
    "placed",
    [
        {"thing": ["getThing", "getThings", "createThing"], "thing.get_thing": []},
        {"thing": ["getThing", "getThings", "createThing"], "thing.get_thing.deep": []},
    ],
)
def test_operation_named_like_a_namespace_is_named(
    tmp_path: Path, placed: dict[str, list[str]]
) -> None:
    with pytest.raises(
        CodegenError, match=r"getThing: thing\.get_thing is a namespace already: place it elsewhere"
    ):
        write(normalise(document()), tmp_path, placed)


def test_pinned_operation_may_be_gone(api: model.Api) -> None:
    placed = load_namespaces()
    placed["payment"] = [*placed["payment"], "hiddenOneDay"]
    assert "hiddenOneDay" not in {name for names in place(api, placed).values() for name in names}


def test_every_operation_is_pinned(api: model.Api) -> None:
    placed = [name for names in load_namespaces().values() for name in names]
    assert {e.id for e in api.endpoints} <= set(placed)
    assert len(placed) == len(set(placed))


# --- the same bytes each time, and those that are committed ---


def test_same_bytes_whatever_the_hash_seed(tree: Path, tmp_path: Path) -> None:
    results: list[Path] = []
    for seed in ("0", "1"):
        for name in FOLDERS:
            shutil.rmtree(tree / "portone_async" / name)
        done = run(tree, "-m", "codegen", "generate", PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
        kept = tmp_path / seed
        for name in FOLDERS:
            shutil.copytree(tree / "portone_async" / name, kept / name)
        results.append(kept)
    names = [[str(p.relative_to(folder)) for p in files(folder)] for folder in (*results, PACKAGE)]
    assert names[0] == names[1] == names[2]
    for other in (results[1], PACKAGE):
        _, differing, broken = filecmp.cmpfiles(results[0], other, names[0], shallow=False)
        assert (differing, broken) == ([], [])


def test_check_passes_on_the_committed_tree(tree: Path) -> None:
    done = run(tree, "-m", "codegen", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("the generated code is up to date\n")


# --- check ---


def in_words(monkeypatch: pytest.MonkeyPatch, english: Prose, korean: Prose | None = None) -> None:
    """Let `openapi/prose` be this."""
    words = {"prose": english, "ko": korean or Prose()}
    monkeypatch.setattr(generate, "load_prose", lambda folder=OPENAPI / "prose": words[folder.name])


def allow(limits: dict[str, int] | None = None, open_enums: str = "") -> None:
    """Let `openapi/coverage.toml` be this: as many without words as `{"en_values": 1}` says, and 99 elsewhere."""
    limits = limits or {}
    lines: list[str] = []
    for language, kinds in coverage.KINDS.items():
        lines.append(f"[without_words.{language}]")
        lines += [f"{kind} = {limits.get(f'{language}_{kind}', 99)}" for kind in kinds]
    coverage.COVERAGE.write_text("\n".join([*lines, "[open_enums]", open_enums]))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package generated from the small document, which `check` takes for the repository's."""
    source = normalise(document())
    none: Json = {"webhooks": {}, "components": {"schemas": {}}}
    monkeypatch.setattr(generate, "PACKAGE", tmp_path)
    monkeypatch.setattr(generate, "load_webhooks", lambda: none)
    monkeypatch.setattr(generate, "load_vendored", lambda: source)
    monkeypatch.setattr(generate, "load_namespaces", lambda: namespaces(document()))
    in_words(monkeypatch, Prose())
    limits = tmp_path.parent / f"{tmp_path.name}-coverage.toml"
    monkeypatch.setattr(coverage, "COVERAGE", limits)
    allow()
    write(source, tmp_path)
    return tmp_path


def test_check_passes_on_what_generate_wrote(small: Path) -> None:
    assert generate.check().endswith("the generated code is up to date")


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("models/thing.py", lambda p: p.write_text(p.read_text() + "\n")),
        ("models/thing.py", Path.unlink),
        ("api/thing.py", Path.unlink),
        ("models/extra.py", lambda p: p.write_text("")),
        ("models/deep/extra.py", lambda p: (p.parent.mkdir(), p.write_text(""))),
        ("api/notes.txt", lambda p: p.write_text("")),
    ],
)
def test_check_finds_drift(small: Path, path: str, change: Callable[[Path], object]) -> None:
    change(small / path)
    with pytest.raises(CodegenError, match=rf"run `python -m codegen generate`: {path} differ"):
        generate.check()


def test_check_finds_missing_folders(small: Path) -> None:
    shutil.rmtree(small / "models")
    with pytest.raises(CodegenError, match=r"models/.* and \d+ more differ"):
        generate.check()


def test_check_finds_unplaced_operations(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "load_namespaces", lambda: {"thing": ["getThing", "getThings"]})
    with pytest.raises(CodegenError, match=r"namespaces\.toml first: createThing"):
        generate.check()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (Prose(operations={"gone": {"summary": "It."}}), "operation gone"),
        (Prose(schemas={"Gone": "It."}), "schema Gone"),
        (Prose(fields={"Thing.gone": "It."}), "field Thing.gone"),
        (Prose(fields={"*.gone": "It."}), r"field \*.gone"),
        (Prose(values={"ThingKind.GONE": "It."}), "value ThingKind.GONE"),
    ],
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_check_finds_stray_prose(
    small: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: Prose, name: str
) -> None:
    in_words(monkeypatch, *([words] if language == "en" else [Prose(), words]))
    with pytest.raises(
        CodegenError,
        match=rf"\({language}\) describes what the document does not have: {name}$",
    ):
        generate.check()


def test_check_lists_facts_without_prose(small: Path) -> None:
    report = generate.check().splitlines()
    for language in ("en", "ko"):
        start = f"without words ({language}): "
        assert f"{start}operations createThing, getThing, getThings" in report
        assert f"{start}errors InvalidRequestError, ThingNotFoundError" in report
        (parameters,) = [line for line in report if line.startswith(f"{start}parameters ")]
        assert {"getThing.thingId", "createThing.name"} <= set(
            parameters.removeprefix(f"{start}parameters ").split(", ")
        )
    assert "without words (en): values ThingKind.RED, ThingKind.BLUE" in report
    (fields,) = [line for line in report if line.startswith("without words (en): fields ")]
    assert "Thing.id" in fields.split(", ")
    (english,) = [line for line in report if line.startswith("with words (en): ")]
    assert english.startswith("with words (en): operations 0 of 3, parameters 0 of ")
    assert report[-2].startswith("with words (ko): operations 0 of 3, parameters 0 of ")
    assert report[-2].endswith(", errors 0 of 2")


def test_check_holds_how_much_has_words(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allow({"en_values": 1})
    with pytest.raises(
        CodegenError,
        match=r"^2 values are without words \(en\), and openapi/.* allows 1: write them",
    ):
        generate.check()
    allow({"en_values": 9})
    lowered = f"openapi/{coverage.COVERAGE.name} can be lowered: en, values = "
    assert f"{lowered}2" in generate.check().splitlines()
    in_words(monkeypatch, Prose(values={"ThingKind.RED": "As a rose."}))
    generate.generate()
    assert "`RED`: As a rose." in (small / "models/enums.py").read_text()
    assert f"{lowered}1" in generate.check().splitlines()


@pytest.mark.parametrize("kind", coverage.KINDS["en"])
def test_check_holds_every_kind_in_english(small: Path, kind: str) -> None:
    allow({f"en_{kind}": 0})
    with pytest.raises(CodegenError, match=rf" {kind} are without words \(en\)"):
        generate.check()


@pytest.mark.parametrize("kind", coverage.KINDS["ko"])
def test_check_holds_korean_by_limits_of_its_own(
    small: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    allow({f"ko_{kind}": 0})
    with pytest.raises(CodegenError, match=rf" {kind} are without words \(ko\)"):
        generate.check()
    names = ("createThing", "getThing", "getThings")
    parameters = {f"*.{name}": "값." for name in ("thingId", "storeId", "page", "name", "map")}
    korean = Prose(
        operations={name: {"summary": "조회합니다."} for name in names},
        schemas={"InvalidRequestError": "잘못된 요청.", "ThingNotFoundError": "없음."},
        fields=parameters,
    )
    in_words(monkeypatch, Prose(), korean)
    assert f"without words (ko): {kind}" not in generate.check()


def test_values_of_open_enums_need_no_words(small: Path) -> None:
    allow({"en_values": 0}, 'ThingKind = "names of colours"')
    assert "values 0 of 0" in generate.check()
    allow({"en_values": 0}, 'ThingKind = "names of colours"\nGone = "no such enum"')
    assert f"openapi/{coverage.COVERAGE.name} names what is no enum: Gone" in generate.check()


@pytest.mark.parametrize("kind", ["en", "ko"])
def test_a_kind_without_a_limit_is_an_error(small: Path, kind: str) -> None:
    text = coverage.COVERAGE.read_text()
    coverage.COVERAGE.write_text(text.replace(f"[without_words.{kind}]\noperations = 99\n", f"[without_words.{kind}]\n"))  # fmt: skip
    with pytest.raises(CodegenError, match=r"cannot be read: KeyError\('operations'\)"):
        generate.check()


def test_korean_words_are_no_english_ones(tmp_path: Path) -> None:
    (tmp_path / "ko").mkdir()
    (tmp_path / "a.toml").write_text('[schemas]\nThing = "A thing."\n')
    (tmp_path / "ko" / "a.toml").write_text('[schemas]\nThing = "물건."\n')
    assert load_prose(tmp_path).schemas == {"Thing": "A thing."}
    assert load_prose(tmp_path / "ko").schemas == {"Thing": "물건."}
    assert load_prose(tmp_path / "fr") == Prose()


def test_words_about_hidden_operations_are_kept(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PortOne hides operations and shows them again: the words about them are no mistake."""
    placed = {"thing": [*namespaces(document())["thing"], "hiddenThing"]}
    monkeypatch.setattr(generate, "load_namespaces", lambda: placed)
    words = Prose(operations={"hiddenThing": {"summary": "It."}}, schemas={"HiddenThing": "It."})
    in_words(monkeypatch, words)
    generate.generate()
    assert "words (en) about what is withheld, which are kept: 2" in generate.check().splitlines()
    words.operations["neverThere"] = {"summary": "It."}
    with pytest.raises(CodegenError, match=r"does not have: operation neverThere$"):
        generate.check()


def test_generate_replaces_what_was_there(small: Path) -> None:
    (small / "models/extra.py").write_text("")
    (small / "models/thing.py").unlink()
    assert generate.generate().startswith("generated 3 operations: ")
    assert not (small / "models/extra.py").exists()
    assert generate.check()


def test_generate_leaves_what_was_there_when_it_fails(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {p: p.read_bytes() for p in files(small)}
    monkeypatch.setattr(generate, "load_namespaces", dict)
    with pytest.raises(CodegenError):
        generate.generate()
    assert {p: p.read_bytes() for p in files(small)} == before


@pytest.mark.parametrize("content", [None, "", "<<<<<<< HEAD", "{"])
def test_vendored_document_that_is_missing_or_broken(tree: Path, content: str | None) -> None:
    path = tree / "openapi/portone-v2.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    done = run(tree, "-m", "codegen", "check")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "run `python -m codegen import SOURCE`" in done.stderr


# --- what the generated files are like ---


def test_first_line_says_generated_and_by_which_command() -> None:
    for path in files(PACKAGE):
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        assert first == templating.HEADER.strip(), path
        assert "Generated by `python -m codegen generate`" in first


def test_lines_do_not_outgrow_the_document(api: model.Api) -> None:
    # 60,000 for the document of July 2026.
    lines = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in files(PACKAGE))
    facts = sum(found.total for found in coverage.find(api, load_prose()).values())
    assert lines < 10.2 * facts


def test_nothing_but_python_is_generated() -> None:
    assert {p.suffix for p in files(PACKAGE)} == {".py"}


def test_every_module_imports_and_every_operation_is_reachable(api: model.Api) -> None:
    found = probe(ROOT)
    generated = [
        p
        for p in files(PACKAGE)
        if p.parts[-2:] not in (("api", "__init__.py"), ("models", "__init__.py"))
    ]
    assert found["modules"] == len(generated)
    objects = [s for s in api.schemas.values() if s.kind == "object"]
    assert found["fields"] == sum(len(s.fields) for s in objects)
    tree = place(api, load_namespaces())
    assert found["functions"] == {
        name: f"{namespace}.{snake(name)}" for namespace, names in tree.items() for name in names
    }
    assert found["functions"].keys() == {o["operationId"] for _, _, o in operations(facts)}


def test_models_are_imported_when_they_are_used() -> None:
    loaded = (
        "import json, sys\n"
        "{code}\n"
        "print(json.dumps(sorted(m for m in sys.modules if m.startswith('portone_async.models.'))))"
    )
    assert run_code(ROOT, loaded.format(code="import portone_async.models")) == []
    client = "from portone_async import PortOne, models; PortOne('x').platform.partner; dir(models)"
    assert run_code(ROOT, loaded.format(code=client)) == []
    one = "from portone_async.models import OneLineAddress"
    assert run_code(ROOT, loaded.format(code=one)) == ["portone_async.models.one_line_address"]
    enum = "from portone_async.models import Currency"
    assert run_code(ROOT, loaded.format(code=enum)) == ["portone_async.models.enums"]
