"""`python -m codegen import` of what is no document, or one nobody here understands: one line, nothing touched."""

import contextlib
import json
import random
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from codegen_documents import (
    NEWEST,
    STRING,
    an_object,
    damaged,
    document,
    operation,
    published,
    ref,
    run,
    thing,
    union,
)

from codegen.document import CodegenError
from codegen.generate import sources
from codegen.importer import normalise
from codegen.parse import parse
from codegen.prose import Prose


def refused(vendored, source, *says):
    """Importing `source` fails with one line that says it, and the vendored files are as they were."""
    before = vendored.contents()
    status, out, err = vendored.run("import", source)
    assert (status, out) == (1, "")
    assert err.startswith("codegen import: ") and err.endswith("\n")
    assert len(err.splitlines()) == 1, err
    for words in says:
        assert words in err
    assert vendored.contents() == before


def refused_document(vendored, tmp_path, source, *says):
    path = tmp_path / "source.json"
    path.write_text(source if isinstance(source, str) else json.dumps(source))
    refused(vendored, path, *says)


# --- files ---


def test_no_file(vendored, tmp_path):
    refused(vendored, tmp_path / "none.json", "none.json cannot be read: No such file")


def test_directory(vendored, tmp_path):
    refused(vendored, tmp_path, "cannot be read: Is a directory")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<html>", "is not JSON"),
        (b"openapi: 3.0.3\n", "is not JSON"),
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
def test_no_json_object(vendored, tmp_path, content, says):
    path = tmp_path / "source.json"
    path.write_bytes(content)
    refused(vendored, path, says)


def test_truncated_download(vendored, tmp_path):
    text = json.dumps(document(), ensure_ascii=False).encode()
    path = tmp_path / "source.json"
    for at in random.Random(2).sample(range(1, len(text)), 100):
        path.write_bytes(text[:at])
        refused(vendored, path, "ends too early: a truncated download?")


def test_truncated_download_of_the_real_document(vendored, tmp_path):
    text = published(NEWEST).read_bytes()
    path = tmp_path / "source.json"
    for at in random.Random(2).sample(range(1, len(text)), 10):
        path.write_bytes(text[:at])
        refused(vendored, path, "ends too early: a truncated download?")


def test_command_ends_with_status_1_and_no_traceback(tree, tmp_path):
    before = (tree / "openapi/portone-v2.json").read_bytes()
    done = run(tree, "-m", "codegen", "import", str(tmp_path / "none.json"))
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    assert (tree / "openapi/portone-v2.json").read_bytes() == before


def test_folder_that_cannot_be_written(vendored, tmp_path):
    vendored.document.with_suffix(".tmp").mkdir()
    path = tmp_path / "source.json"
    path.write_text(json.dumps(document()))
    status, out, err = vendored.run("import", path)
    assert (status, out) == (1, "")
    assert "portone-v2.json cannot be written: Is a directory" in err


# --- URLs ---


@pytest.fixture
def serve():
    """Serve one answer on loopback; gives its URL."""
    with contextlib.ExitStack() as stack:

        def start(status, content=b"", **headers):
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name.replace("_", "-"), value)
                    self.end_headers()
                    self.wfile.write(content)

                def log_message(self, *arguments):
                    pass

            server = stack.enter_context(HTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/openapi.json"

        yield start


def test_url_is_downloaded(vendored, serve):
    assert vendored.run("import", serve(200, json.dumps(document()).encode())).status == 0
    assert json.loads(vendored.document.read_text()) == normalise(document())


@pytest.mark.parametrize("status", [404, 403, 500, 204, 304])
def test_url_that_answers_no_document(vendored, serve, status):
    refused(vendored, serve(status), f"answered {status}")


def test_url_that_answers_a_page(vendored, serve):
    refused(vendored, serve(200, b"<html>not found</html>"), "is not JSON")


def test_url_whose_answer_is_cut(vendored, serve):
    url = serve(200, json.dumps(document()).encode()[:100], Content_Length="5000")
    refused(vendored, url, "cannot be downloaded")


def test_url_that_leads_in_circles(vendored, serve):
    refused(vendored, serve(302, Location="/openapi.json"), "cannot be downloaded")


def test_url_whose_encoding_is_broken(vendored, serve):
    refused(vendored, serve(200, b"no gzip", Content_Encoding="gzip"), "cannot be downloaded")


def test_url_that_is_refused(vendored):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused(vendored, f"http://127.0.0.1:{port}/openapi.json", "cannot be downloaded")


@pytest.mark.parametrize(
    "url", ["http://", "https://", "http://[", "http://a:b/", "http://\x7f/", "http://xn--a--/"]
)
def test_url_that_is_none(vendored, url):
    refused(vendored, url, "cannot be downloaded")


# --- documents ---


def changed(change):
    source = document()
    change(source)
    return source


def schema_says(**keywords):
    return document(Thing=thing() | keywords)


def field_says(**keywords):
    return document(Thing=thing(odd=STRING | keywords))


def of(name, **keywords):
    return changed(lambda source: operation(source, name).update(keywords))


def header(source):
    operation(source, "getThing")["parameters"].append(
        {"name": "X-Trace", "in": "header", "schema": STRING}
    )


def same_id(source):
    operation(source, "getThing")["operationId"] = "createThing"


def no_mapping(source):
    del source["components"]["schemas"]["ThingMore"]["discriminator"]["mapping"]


def one_more_variant(source):
    source["components"]["schemas"]["ThingMore"]["oneOf"].append(ref("Thing"))


def one_more_tag(source):
    mapping = source["components"]["schemas"]["ThingMore"]["discriminator"]["mapping"]
    mapping["HUGE"] = ref("Unreachable")["$ref"]


REFUSALS = [
    ("Swagger 2", {"swagger": "2.0", "paths": {"/": {}}}, ["Swagger 2.0"]),
    ("no version", {"paths": {"/": {}}}, ["OpenAPI 3"]),
    ("version 4", document() | {"openapi": "4.0.0"}, ["OpenAPI 3", "4.0.0"]),
    ("a number as version", document() | {"openapi": 3}, ["OpenAPI 3"]),
    ("no paths", {"openapi": "3.0.3", "info": {}}, ["no paths"]),
    ("empty paths", document() | {"paths": {}}, ["no paths"]),
    ("paths a list", document() | {"paths": [1]}, ["paths must be of type object"]),
    ("no info", changed(lambda s: s.pop("info")), ["has no info"]),
    ("root security", document() | {"security": []}, ["not understood: security"]),
    ("webhooks", document() | {"webhooks": {}}, ["not understood: webhooks"]),
    ("servers an object", document() | {"servers": {}}, ["servers must be of type array"]),
    ("server without url", document() | {"servers": [{}]}, ["servers: has no url"]),
    ("components a list", document() | {"components": []}, ["components must be of type object"]),
    ("no components", changed(lambda s: s.pop("components")), ["dangling", "is not in the document"]),
    ("path null", changed(lambda s: s["paths"].update({"/x": None})), ["/x: an object is needed"]),
    ("path with a reference", changed(lambda s: s["paths"].update({"/x": {"$ref": ""}})), ["/x"]),
    ("operation a list", changed(lambda s: s["paths"]["/things"].update(get=[])), ["/things: get"]),
    ("no operationId", changed(lambda s: operation(s, "getThing").pop("operationId")), ["GET"]),
    ("callbacks", of("getThing", callbacks={}), ["GET /things/{thingId}", "callbacks"]),
    ("servers of its own", of("getThing", servers=[]), ["GET /things/{thingId}", "servers"]),
    ("parameters an object", of("getThing", parameters={}), ["parameters must be of type array"]),
    ("parameter null", of("getThing", parameters=[None]), ["GET /things/{thingId} parameters"]),
    ("parameter a reference", of("getThing", parameters=[ref("Thing")]), ["$ref"]),
    ("parameter without schema", of("getThing", parameters=[{"name": "a", "in": "query"}]), ["a:"]),
    ("responses missing", changed(lambda s: operation(s, "getThing").pop("responses")), ["GET"]),
    ("responses a list", of("getThing", responses=[]), ["responses must be of type object"]),
    ("response null", of("getThing", responses={"200": None}), ["GET /things/{thingId} 200"]),
    ("status of letters", of("getThing", responses={"default": {}}), ["default", "no status"]),
    ("status of nobody", of("getThing", responses={"799": {}}), ["799", "no status"]),
    ("headers", of("getThing", responses={"200": {"headers": {}}}), ["200", "headers"]),
    ("body without content", of("createThing", requestBody={}), ["requestBody: has no content"]),
    ("media null", of("createThing", requestBody={"content": {"text/csv": None}}), ["text/csv"]),
    ("header parameter", changed(header), ["header parameter", "X-Trace"]),
    ("operationId twice", changed(same_id), ["operationId used twice: createThing"]),
    ("dangling reference", document(Thing=thing(a=ref("Nobody"))), ["dangling", "Nobody"]),
    ("dangling mapping", document(ThingMore=union("type", BIG="Nobody")), ["dangling", "Nobody"]),
    ("a file elsewhere", document(Thing=thing(a={"$ref": "other.json#/A"})), ["other.json#/A"]),
    ("reference a number", document(Thing=thing(a={"$ref": 5})), ["not 5"]),
    ("union without mapping", changed(no_mapping), ["ThingMore", "mapping"]),
    ("union without discriminator", document(ThingMore={"oneOf": []}), ["has no discriminator"]),
    ("variant without tag", changed(one_more_variant), ["ThingMore: oneOf and mapping differ", ": Thing"]),
    ("tag without variant", changed(one_more_tag), ["ThingMore: oneOf and mapping differ", "Unr"]),
    ("union of nothing", document(ThingMore=union("type")), ["ThingMore: a union of nothing"]),
    ("union with fields", document(ThingMore=union("type", A="BigThing") | {"properties": {}}), ["properties"]),
    ("union of unions", document(ThingMore=union("type", A="Inner"), Inner=union("type", A="BigThing")), ["Inner"]),
    ("union of enums", document(ThingMore=union("type", A="ThingKind")), ["ThingKind"]),
    ("tag a number", document(BigThing=an_object(type={"type": "integer"})), ["BigThing.type"]),
    ("inline union", document(Thing=thing(a={"oneOf": [ref("BigThing")]})), ["Thing.a", "oneOf"]),
    ("inline enum", field_says(enum=["A"]), ["Thing.odd: an enum without a name"]),
    ("schema null", document(Thing=None), ["Thing: an object is needed, not null"]),
    ("schema a list", document(Thing=[]), ["Thing: an object is needed, not []"]),
    ("field null", document(Thing=thing(a=None)), ["Thing.a: an object is needed, not null"]),
    ("properties a list", schema_says(properties=[]), ["Thing: properties must be of type object"]),
    ("required a string", schema_says(required="id"), ["Thing: required must be of type array"]),
    ("required of numbers", schema_says(required=[1]), ["Thing required: only strings"]),
    ("required of nothing", schema_says(required=["no"]), ["Thing: requires fields that it lacks: no"]),
    ("enum a string", document(ThingKind={"enum": "A"}), ["ThingKind: enum must be of type array"]),
    ("enum of numbers", document(ThingKind={"enum": [1]}), ["ThingKind enum: only strings"]),
    ("enum with null", document(ThingKind={"enum": ["A", None]}), ["ThingKind enum: only strings"]),
    ("type a list", field_says(type=["string", "null"]), ["Thing.odd: type must be of type string"]),
    ("type nobody knows", field_says(type="file"), ["Thing.odd: type file"]),
    ("format a number", field_says(format=5), ["Thing.odd: format must be of type string"]),
    ("items a list", field_says(type="array", items=[STRING]), ["Thing.odd: items must be of type object"]),
    ("status a string", document(ThingNotFoundError=an_object() | {"x-portone-status-code": "404"}), ["x-portone-status-code must be of type integer"]),
    ("status a boolean", document(ThingNotFoundError=an_object() | {"x-portone-status-code": True}), ["x-portone-status-code must be of type integer"]),
    ("half a character", document(ThingKind={"enum": ["\ud83d"]}), ["half a character"]),
    ("half a name", document(Thing=thing(**{"\ud83d": STRING})), ["half a character"]),
]  # fmt: skip
for _keyword in (
    "allOf", "anyOf", "not", "if", "nullable", "patternProperties", "readOnly", "writeOnly",
    "prefixItems", "uniqueItems", "multipleOf", "exclusiveMinimum", "x-portone-new", "$defs",
):  # fmt: skip
    REFUSALS += [
        (f"{_keyword} of a schema", schema_says(**{_keyword: []}), [f"Thing: not understood: {_keyword}"]),
        (f"{_keyword} of a field", field_says(**{_keyword: True}), [f"Thing.odd: not understood: {_keyword}"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "says"), [pytest.param(*rest, id=name) for name, *rest in REFUSALS]
)
def test_document_that_is_not_understood(vendored, tmp_path, source, says):
    refused_document(vendored, tmp_path, source, *says)


def test_whatever_is_malformed_is_refused_by_name():
    refusals = 0
    for path, junk, source in damaged():
        try:
            normalise(source)
        except CodegenError as error:
            refusals += 1
            assert "\n" not in str(error) and len(str(error)) < 300, (path, junk)
        except Exception as error:
            pytest.fail(f"{junk!r} at {path}: {error!r}")
    assert refusals > 1000


def test_whatever_was_imported_is_generated_or_refused_by_name():
    """What an import lets through and the generator meets: the same promise, and sound Python."""
    seen = set()
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
            pytest.fail(f"{junk!r} at {path}: {error!r}")
        generated += 1
        for name, module in modules.items():
            compile(module, name, "exec")
    assert len(seen) > generated > 50
