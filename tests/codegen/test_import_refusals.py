"""`python -m codegen import` of what is not a document, or not a supported one: one line, and nothing is changed."""

import contextlib
import itertools
import json
import random
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from codegen_documents import (
    NEWEST,
    STRING,
    Vendored,
    an_error,
    an_object,
    as_json,
    damaged,
    document,
    operation,
    published,
    ref,
    run,
    thing,
    union,
)

from codegen.document import CodegenError, Json
from codegen.generate import sources
from codegen.normalise import normalise
from codegen.parse import parse
from codegen.prose import Prose


def refused(vendored: Vendored, source: Path | str, *says: str) -> None:
    """Importing `source` fails with one line that says it, and the vendored files are as they were."""
    before = vendored.contents()
    status, out, err = vendored.run("import", source)
    assert (status, out) == (1, "")
    assert err.startswith("codegen import: ")
    assert err.endswith("\n")
    assert len(err.splitlines()) == 1, err
    for words in says:
        assert words in err
    assert vendored.contents() == before


def refused_document(vendored: Vendored, tmp_path: Path, source: Json | str, *says: str) -> None:
    path = tmp_path / "source.json"
    path.write_text(source if isinstance(source, str) else json.dumps(source))
    refused(vendored, path, *says)


# --- files ---


def test_no_file(vendored: Vendored, tmp_path: Path) -> None:
    refused(vendored, tmp_path / "none.json", "none.json cannot be read: No such file")


def test_directory(vendored: Vendored, tmp_path: Path) -> None:
    refused(vendored, tmp_path, "cannot be read: Is a directory")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<html>", "is not JSON"),
        (b"openapi: 3.0.3\n", "is not JSON: it looks like YAML"),
        (b"\x1f\x8b\x08\x00", "is not JSON: it is packed with gzip"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"\x89PNG\r\n", "is not JSON"),
        (b'{"openapi": 1' + b"1" * 5000 + b"}", "is not JSON"),
        (b"[]", "an object is needed"),
        (b"null", "an object is needed"),
        (b'"openapi"', "an object is needed"),
        (b"3", "an object is needed"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_no_json_object(vendored: Vendored, tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "source.json"
    path.write_bytes(content)
    refused(vendored, path, says)


def test_truncated_download(vendored: Vendored, tmp_path: Path) -> None:
    text = json.dumps(document(), ensure_ascii=False).encode()
    path = tmp_path / "source.json"
    for at in random.Random(2).sample(range(1, len(text)), 100):
        path.write_bytes(text[:at])
        refused(vendored, path, "ends too early: a truncated download?")


def test_truncated_download_of_the_real_document(vendored: Vendored, tmp_path: Path) -> None:
    text = published(NEWEST).read_bytes()
    path = tmp_path / "source.json"
    for at in random.Random(2).sample(range(1, len(text)), 10):
        path.write_bytes(text[:at])
        refused(vendored, path, "ends too early: a truncated download?")


def test_command_ends_with_status_1_and_no_traceback(tree: Path, tmp_path: Path) -> None:
    before = (tree / "openapi/portone-v2.json").read_bytes()
    done = run(tree, "-m", "codegen", "import", str(tmp_path / "none.json"))
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert (tree / "openapi/portone-v2.json").read_bytes() == before


def test_document_that_cannot_be_written(vendored: Vendored, tmp_path: Path) -> None:
    vendored.document.unlink()
    vendored.document.mkdir()
    before = vendored.provenance.read_bytes()
    path = tmp_path / "source.json"
    path.write_text(json.dumps(document()))
    status, out, err = vendored.run("import", path)
    assert (status, out) == (1, "")
    assert "portone-v2.json cannot be written: Is a directory" in err
    assert vendored.provenance.read_bytes() == before
    assert sorted(vendored.document.parent.iterdir()) == [vendored.document, vendored.provenance]


# --- URLs ---


Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve one response on loopback; returns its URL."""
    with contextlib.ExitStack() as stack:

        def start(status: int, content: bytes = b"", **headers: str) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name.replace("_", "-"), value)
                    self.end_headers()
                    self.wfile.write(content)

                def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base's name)
                    pass

            server = stack.enter_context(HTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/openapi.json"

        yield start


def test_url_is_downloaded(vendored: Vendored, serve: Serve) -> None:
    # Of a document that was there, what the new one lacks would be kept.
    vendored.document.unlink()
    assert vendored.run("import", serve(200, json.dumps(document()).encode())).status == 0
    assert json.loads(vendored.document.read_text()) == normalise(document())


@pytest.mark.parametrize("status", [404, 403, 500, 204, 304])
def test_url_that_returns_no_document(vendored: Vendored, serve: Serve, status: int) -> None:
    refused(vendored, serve(status), f"returned {status}")


def test_url_that_returns_a_page(vendored: Vendored, serve: Serve) -> None:
    refused(vendored, serve(200, b"<html>not found</html>"), "is not JSON")


def test_url_whose_response_is_cut(vendored: Vendored, serve: Serve) -> None:
    url = serve(200, json.dumps(document()).encode()[:100], Content_Length="5000")
    refused(vendored, url, "cannot be downloaded")


def test_url_that_leads_in_circles(vendored: Vendored, serve: Serve) -> None:
    refused(vendored, serve(302, Location="/openapi.json"), "cannot be downloaded")


def test_url_whose_encoding_is_broken(vendored: Vendored, serve: Serve) -> None:
    refused(vendored, serve(200, b"no gzip", Content_Encoding="gzip"), "cannot be downloaded")


def test_url_that_takes_for_ever(
    vendored: Vendored, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that sends a byte now and then: httpx limits each wait only."""
    clock = itertools.count(0, 61)
    monkeypatch.setattr("codegen.source.time", SimpleNamespace(monotonic=lambda: next(clock)))
    refused(vendored, serve(200, b" " * 100), "takes longer than 60 seconds")


def test_url_that_is_refused(vendored: Vendored) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused(vendored, f"http://127.0.0.1:{port}/openapi.json", "cannot be downloaded")


@pytest.mark.parametrize(
    "url", ["http://", "https://", "http://[", "http://a:b/", "http://\x7f/", "http://xn--a--/"]
)
def test_url_that_is_none(vendored: Vendored, url: str) -> None:
    refused(vendored, url, "cannot be downloaded")


# --- documents ---


def changed(change: Callable[[Json], object]) -> Json:
    source = document()
    change(source)
    return source


def schema_says(**keywords: Any) -> Json:
    return document(Thing=thing() | keywords)


def field_says(**keywords: Any) -> Json:
    return document(Thing=thing(odd=STRING | keywords))


def of(name: str, **keywords: Any) -> Json:
    return changed(lambda source: operation(source, name).update(keywords))


def cookie(source: Json) -> None:
    operation(source, "getThing")["parameters"].append(
        {"name": "session", "in": "cookie", "schema": STRING}
    )


def deep_object(source: Json) -> None:
    operation(source, "getThing")["parameters"][1]["style"] = "deepObject"


def same_path(source: Json) -> None:
    other = json.loads(json.dumps(operation(source, "getThing")).replace("thingId", "id"))
    source["paths"]["/things/{id}"] = {"get": other | {"operationId": "getOther"}}


def same_id(source: Json) -> None:
    operation(source, "getThing")["operationId"] = "createThing"


REFUSALS: list[tuple[str, Json | str, list[str]]] = [
    ("Swagger 2", {"swagger": "2.0", "paths": {"/": {}}}, ["Swagger 2.0"]),
    ("no version", {"paths": {"/": {}}}, ["OpenAPI 3"]),
    ("version 4", document() | {"openapi": "4.0.0"}, ["OpenAPI 3", "4.0.0"]),
    ("a number as version", document() | {"openapi": 3}, ["OpenAPI 3"]),
    ("no paths", {"openapi": "3.0.3", "info": {}}, ["no paths"]),
    ("empty paths", document() | {"paths": {}}, ["no paths"]),
    ("paths a list", document() | {"paths": [1]}, ["paths must be of type object"]),
    ("no info", changed(lambda s: s.pop("info")), ["has no info"]),
    ("servers an object", document() | {"servers": {}}, ["servers must be of type array"]),
    ("server without url", document() | {"servers": [{}]}, ["servers: has no url"]),
    ("components a list", document() | {"components": []}, ["components must be of type object"]),
    ("path null", changed(lambda s: s["paths"].update({"/x": None})), ["/x: an object is needed"]),
    ("path with a reference", changed(lambda s: s["paths"].update({"/x": {"$ref": ""}})), ["/x"]),
    ("operation a list", changed(lambda s: s["paths"]["/things"].update(get=[])), ["/things: get"]),
    ("servers of its own", of("getThing", servers=[]), ["GET /things/{thingId}", "servers"]),
    ("parameters an object", of("getThing", parameters={}), ["parameters must be of type array"]),
    ("parameter null", of("getThing", parameters=[None]), ["GET /things/{thingId} parameters"]),
    ("parameter a reference", of("getThing", parameters=[ref("Thing")]), ["$ref"]),
    ("parameter without schema", of("getThing", parameters=[{"name": "a", "in": "query"}]), ["a:"]),
    ("responses missing", changed(lambda s: operation(s, "getThing").pop("responses")), ["GET"]),
    ("responses a list", of("getThing", responses=[]), ["responses must be of type object"]),
    ("response null", of("getThing", responses={"200": None}), ["GET /things/{thingId} 200"]),
    ("status of letters", of("getThing", responses={"success": {}}), ["success", "is not an HTTP status"]),
    ("status of nobody", of("getThing", responses={"799": {}}), ["799", "is not an HTTP status"]),
    ("body without content", of("createThing", requestBody={}), ["requestBody: has no content"]),
    ("media null", of("createThing", requestBody={"content": {"text/csv": None}}), ["text/csv"]),
    ("cookie", changed(cookie), ["GET /things/{thingId} session: a cookie parameter is not supported: "]),
    ("style of a parameter", changed(deep_object), ["deepObject"]),
    ("paths of one shape", changed(same_path), ["GET /things/{thingId} and GET /things/{id} are the same path: leave one out"]),
    ("another server", document() | {"servers": [{"url": "https://elsewhere.example"}]}, ["https://elsewhere.example", "BASE_URL"]),
    ("allOf of itself", document(Thing={"allOf": [ref("Thing"), an_object(a=STRING)]}), ["Thing: allOf holds Thing in itself"]),
    ("alias of itself", document(Thing=ref("Thing")), ["Thing: refers to itself"]),
    ("operationId twice", changed(same_id), ["have the same operationId", "POST /things", "decisions.toml"]),
    ("dangling reference", document(Thing=thing(a=ref("Nobody"))), ["dangling", "Nobody", "used in Thing.a"]),
    ("dangling mapping", document(ThingMore=union("type", BIG="Nobody")), ["dangling", "Nobody"]),
    ("a file elsewhere", document(Thing=thing(a={"$ref": "other.json#/A"})), ["other.json#/A"]),
    ("reference a number", document(Thing=thing(a={"$ref": 5})), ["Thing.a: $ref 5 is not supported: "]),
    ("reference into a schema", document(Thing=thing(a={"$ref": "#/components/schemas/Thing/properties/id"})), ["Thing.a: $ref", "Thing/properties/id", "operations: getThing, getThings"]),
    ("union without discriminator", document(ThingMore={"oneOf": []}), ["a union of nothing"]),
    ("union of nothing", document(ThingMore=union("type")), ["ThingMore: a union of nothing"]),
    ("union of enums", document(ThingMore=union("type", A="ThingKind")), ["ThingKind"]),
    ("tag a number", document(BigThing=an_object(type={"type": "integer"})), ["BigThing.type"]),
    ("schema null", document(Thing=None), ["Thing: an object is needed, not null"]),
    ("schema a list", document(Thing=[]), ["Thing: an object is needed, not []"]),
    ("field null", document(Thing=thing(a=None)), ["Thing.a: an object is needed, not null"]),
    ("properties a list", schema_says(properties=[]), ["Thing: properties must be of type object"]),
    ("required a string", schema_says(required="id"), ["Thing: required must be of type array"]),
    ("required of numbers", schema_says(required=[1]), ["Thing required: 1 is not supported: only strings"]),
    ("enum a string", document(ThingKind={"enum": "A"}), ["ThingKind: enum must be of type array"]),
    ("type nobody knows", field_says(type="file"), ["Thing.odd: type file"]),
    ("format a number", field_says(format=5), ["Thing.odd: format must be of type string"]),
    ("items a list", field_says(type="array", items=[STRING]), ["Thing.odd: items must be of type object"]),
    ("status a string", document(ThingNotFoundError=an_error(404) | {"x-portone-status-code": "404"}), ["x-portone-status-code must be of type integer"]),
    ("status a boolean", document(ThingNotFoundError=an_error(404) | {"x-portone-status-code": True}), ["x-portone-status-code must be of type integer"]),
    *(
        (f"{name} of a wrong type", field_says(**{name: "junk"}), [f"Thing.odd: {name} must be of type "])
        for name in ("allOf", "anyOf", "oneOf", "nullable", "readOnly", "not", "if", "prefixItems", "multipleOf")
    ),
    ("half an emoji", document(ThingKind={"enum": ["\ud83d"]}), ["unpaired surrogate"]),
    ("half a name", document(Thing=thing(**{"\ud83d": STRING})), ["unpaired surrogate"]),
]  # fmt: skip
for _keyword in ("xor", "typ", "nullabel"):
    REFUSALS.extend([
        (f"{_keyword} of a schema", schema_says(**{_keyword: []}), [f"Thing: the keyword {_keyword} is not supported: "]),
        (f"{_keyword} of a field", field_says(**{_keyword: True}), [f"Thing.odd: the keyword {_keyword} is not supported: "]),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("source", "says"), [pytest.param(*rest, id=name) for name, *rest in REFUSALS]
)
def test_document_that_is_not_supported(
    vendored: Vendored, tmp_path: Path, source: Json | str, says: list[str]
) -> None:
    refused_document(vendored, tmp_path, source, *says)


def test_everything_that_is_refused_is_named_in_one_run(vendored: Vendored, tmp_path: Path) -> None:
    """One thing a line: schemas, fields, operations and parameters, each with its place."""
    source = document(
        Thing=thing(odd={"type": "file"}, other={"format": 5}),
        ThingMap={"type": "nobody knows"},
    )
    cookie(source)
    operation(source, "createThing")["requestBody"] = {}
    del operation(source, "getThings")["parameters"]
    operation(source, "getThings")["requestBody"]["content"] = as_json("Nobody")
    path = tmp_path / "source.json"
    path.write_text(json.dumps(source))
    before = vendored.contents()
    status, out, err = vendored.run("import", path)
    assert (status, out) == (1, "")
    assert [
        line.removeprefix("codegen import: ").partition(" is ")[0]
        for line in sorted(err.splitlines())
    ] == [
        "GET /things/{thingId} session: a cookie parameter",
        "POST /things requestBody: has no content",
        "Thing.odd: type file",
        "Thing.other: format must be of type string",
        "dangling reference: #/components/schemas/Nobody",
    ]
    assert vendored.contents() == before


def test_what_later_steps_refuse_is_named_in_the_same_run(
    vendored: Vendored, tmp_path: Path
) -> None:
    """What the importer, the reader and the templates refuse; a refused part is not refused twice."""
    source = document(
        Loop={"type": "object", "additionalProperties": ref("Loop")},
        Holder=an_object(storeId=STRING),
        CreateThingBody=an_object(one=ref("Holder"), other=ref("Holder")),
        Thing=thing(loop=ref("Loop")),
    )
    cookie(source)
    odd = {"name": "id", "in": "path", "required": True, "schema": STRING, "style": "matrix"}
    answers = {"200": {"description": ""}}
    xml = {"content": {"application/xml": {"schema": STRING}}}
    source["paths"] |= {
        "/odd/{id}": {"get": {"operationId": "getOdd", "parameters": [odd], "responses": answers}},
        "/xml": {"post": {"operationId": "sendXml", "requestBody": xml, "responses": answers}},
        "/again": {"get": {"operationId": "getThings", "responses": answers}},
    }
    path = tmp_path / "source.json"
    path.write_text(json.dumps(source))
    before = vendored.contents()
    status, out, err = vendored.run("import", path)
    assert (status, out) == (1, "")
    lines = sorted(line.removeprefix("codegen import: ") for line in err.splitlines())
    assert [line.partition(" is ")[0].partition(":")[0] for line in lines] == [
        "GET /odd/{id} id",
        "GET /things and GET /again have the same operationId",
        "GET /things/{thingId} session",
        "Loop",
        "createThing",
        "sendXml",
    ]
    assert lines[3].endswith("; operations: getThings")
    assert vendored.contents() == before


def test_document_without_components_names_every_reference(
    vendored: Vendored, tmp_path: Path
) -> None:
    path = tmp_path / "source.json"
    path.write_text(json.dumps(changed(lambda s: s.pop("components"))))
    before = vendored.contents()
    status, out, err = vendored.run("import", path)
    assert (status, out) == (1, "")
    assert all("dangling" in line and "is not in the document" in line for line in err.splitlines())
    assert {"Thing", "GetThingError", "CreateThingBody"} <= {
        line.partition("/schemas/")[2].split()[0] for line in err.splitlines()
    }
    assert vendored.contents() == before


def test_what_only_the_generator_refuses_leaves_the_tree_as_it_was(
    vendored: Vendored, tmp_path: Path
) -> None:
    source = document()
    operation(source, "getThing")["security"] = [{"bank": []}]
    operation(source, "createThing")["security"] = [{"bank": []}]
    source["components"]["securitySchemes"]["bank"] = {"type": "oauth2", "flows": {}}
    path = tmp_path / "source.json"
    path.write_text(json.dumps(source))
    before = vendored.contents()
    status, out, err = vendored.run("import", path)
    assert (status, out) == (1, "")
    assert [line.partition(" is ")[0] for line in sorted(err.splitlines())] == [
        "codegen import: createThing: the security bank",
        "codegen import: getThing: the security bank",
    ]
    assert vendored.contents() == before


def test_whatever_is_malformed_is_refused_by_name() -> None:
    messages: list[str] = []
    for path, junk, source in damaged():
        try:
            normalise(source)
        except CodegenError as error:
            messages += error.lines
        except Exception as error:
            raise AssertionError(f"{junk!r} at {path}") from error
    assert len(messages) > 1000
    assert [message for message in messages if "\n" in message or len(message) >= 300] == []
    # Each that asks for a decision says which.
    unsupported = [message for message in messages if "not supported" in message]
    assert len(unsupported) > 300
    assert [
        message for message in unsupported if not re.search("is not supported: .", message)
    ] == []


def test_whatever_was_imported_is_generated_or_refused_by_name() -> None:
    """What an import lets through and the generator meets: the same promise, and sound Python."""
    seen = set[str]()
    generated = 0
    for path, junk, source in damaged():
        try:
            facts = normalise(source)
        except CodegenError:
            continue
        text = json.dumps(facts, sort_keys=True)
        if text in seen:
            continue
        seen.add(text)
        try:
            api = parse(facts)
            modules = sources(api, Prose(), {"thing": [e.id for e in api.endpoints]})
        except CodegenError:
            continue
        except Exception as error:
            raise AssertionError(f"{junk!r} at {path}") from error
        generated += 1
        for name, module in modules.items():
            compile(module, name, "exec")
    assert len(seen) > generated > 50
