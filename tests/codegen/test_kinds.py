"""Every kind of schema, parameter, body and response that a document may have: what becomes of it in the SDK."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from codegen_documents import (
    STRING,
    an_error,
    an_object,
    as_json,
    document,
    operation,
    package,
    probe,
    ref,
    run_code,
    union,
)

from codegen.document import Json
from codegen.normalise import normalise
from codegen.parse import parse
from codegen.report import Report

TIME: Json = {"type": "string", "format": "date-time"}
DAY: Json = {"type": "string", "format": "date"}


def array(items: Json) -> Json:
    return {"type": "array", "items": items}


def a_map(values: Json) -> Json:
    return {"type": "object", "additionalProperties": values}


def tagged(tag: str, **fields: Any) -> Json:
    """An object that says itself which variant it is."""
    return an_object("kind", kind={"type": "string", "enum": [tag]}, **fields)


def error_content() -> Json:
    return {"description": "실패", "content": as_json("GetThingError")}


def an_operation(name: str, parameters: list[Json] | None = None, **keywords: Any) -> Json:
    facts: Json = {
        "operationId": name,
        "security": [{"portOne": []}],
        "parameters": parameters or [],
        "responses": {"200": {"description": "성공"}, "400": error_content()},
    }
    return facts | keywords


def parameter(place: str, name: str, schema: Json, **keywords: Any) -> Json:
    return {"name": name, "in": place, "required": place == "path", "schema": schema} | keywords


def successes(**contents: Json | None) -> Json:
    found = {
        status.removeprefix("s"): {"description": "성공"}
        | ({"content": content} if content else {})
        for status, content in contents.items()
    }
    return {"responses": found | {"400": error_content()}}


def body(content: Json, *, required: bool = True) -> Json:
    return {"requestBody": {"required": required, "content": content}}


FIELDS: Json = {
    # numbers and enums
    "rate": {"type": "number", "format": "double"},
    "rates": array({"type": "number"}),
    "level": {"type": "integer", "enum": [1, 2, 3]},
    "levels": array({"type": "integer", "enum": [1, 2, 3]}),
    "color": {"type": "string", "enum": ["RED", "BLUE"]},
    "version": {"type": "string", "const": "V2"},
    # null
    "note": {"type": "string", "nullable": True},
    "must": {"type": "string", "nullable": True},
    "kindOrNull": {"allOf": [ref("ThingKind")], "nullable": True},
    "maybe": ref("Nullable"),
    "seen": array({"type": "string", "nullable": True}),
    # composition
    "both": {"allOf": [ref("Named"), an_object("size", size={"type": "integer"})]},
    "same": {"allOf": [ref("BigThing")], "description": "설명"},
    # inline
    "inline": an_object("a", a=STRING, deeper=an_object(b={"type": "integer"})),
    "inlines": array(an_object(c=TIME)),
    # containers
    "grid": array(array({"type": "integer"})),
    "days": a_map(DAY),
    "times": a_map(array(TIME)),
    "named": a_map(ref("BigThing")),
    "maps": array(ref("ThingMap")),
    "frees": array({"type": "object"}),
    # other names of types
    "text": ref("Text"),
    "texts": ref("Texts"),
    "other": ref("OtherName"),
    # anything
    "whatever": {},
    "several": {"type": "array"},
    "either": {"oneOf": [STRING, {"type": "integer"}]},
    # unions
    "shape": {"oneOf": [ref("Circle"), ref("Square")]},
    "outer": ref("Outer"),
    "loose": ref("Loose"),
    "failure": ref("ThingNotFoundError"),
    # formats, limits, notes
    "uuid": {
        "type": "string",
        "format": "uuid",
        "minLength": 36,
        "x-portone-new": {"since": "2027"},
    },
    "file": {"type": "string", "format": "binary"},
    "old": {"type": "integer", "deprecated": True, "default": 5, "minimum": 1},
    "made": {"type": "string", "readOnly": True},
    "held": ref("ThingKind") | {"deprecated": True},
    "tree": ref("Tree"),
    # as what `read` uses itself
    "raw": STRING,
    "mismatch": STRING,
    "readTree": STRING,
    "untyped": array(STRING),
    "counted": ref("Counted"),
    "labelled": ref("Labelled"),
    # one in the other
    "step": {"type": "number", "enum": [1, 2]},
    "choice": {"allOf": [ref("ThingKind")], "default": "RED"},
    "choices": array({"allOf": [ref("ThingKind")], "nullable": True}),
    "shapes": array({"allOf": [ref("ThingMore")], "nullable": True}),
    "byName": a_map(TIME | {"nullable": True}),
    "timetable": array(array(TIME | {"nullable": True})),
    "colorsByName": a_map(array({"type": "string", "enum": ["RED", "BLUE"]})),
    "merged": union("type", MERGED="Merged", BIG="BigThing"),
    "based": union("type", FIRST="FirstBased", SECOND="SecondBased"),
    "inlineUnion": {
        "oneOf": [tagged("LEFT", x={"type": "integer"}), tagged("RIGHT", y=STRING)],
        "discriminator": {"propertyName": "kind"},
    },
    "node": ref("Node"),
    "dollar": union("$type", A="DollarThing", B="EuroThing"),
    "pgCode": STRING,
    "PgCode": {"type": "integer"},
    "PGCODE": TIME,
}
OPERATIONS: Json = {
    "/sequence/{seq}/{day}": {
        "parameters": [parameter("path", "seq", {"type": "integer"}), parameter("path", "day", DAY)],
        "get": an_operation("getSequence", **successes(s200=as_json("Thing"))),
    },
    "/lists": {
        "get": an_operation(
            "getLists",
            [
                parameter("query", "ids", array(STRING)),
                parameter("query", "levels", array({"type": "integer"}), explode=False),
                parameter("query", "color", {"type": "string", "enum": ["RED", "BLUE"]}),
                parameter("query", "rate", {"type": "number"}),
                parameter("header", "X-Trace-Id", STRING, required=True),
                parameter("header", "Idempotency-Key", STRING),
                {"$ref": "#/components/parameters/Page"},
            ],
            **successes(s200={"application/json": {"schema": array(ref("Thing"))}}),
        )
    },
    "/created": {"post": an_operation("create", **successes(s201=as_json("Thing")), **body(as_json("Inputs")))},
    "/nothing": {"delete": an_operation("deleteNothing", **successes(s204=None))},
    "/maybe": {"get": an_operation("getMaybe", **successes(s200=as_json("Thing"), s204=None))},
    "/count": {"get": an_operation("getCount", **successes(s200={"application/json; charset=utf-8": {"schema": {"type": "integer"}}}))},
    "/pdf": {"get": an_operation("getPdf", **successes(s200={"application/pdf": {"schema": {"type": "string", "format": "binary"}}}))},
    "/upload": {
        "post": an_operation(
            "upload",
            **body({"multipart/form-data": {"schema": an_object("file", "name", file=FIELDS["file"], name=STRING, meta=ref("BigThing"))}}),
        )
    },
    "/form": {"post": an_operation("sendForm", **body({"application/x-www-form-urlencoded": {"schema": an_object(a=STRING, b={"type": "integer"})}}))},
    "/whole": {"post": an_operation("sendWhole", **body(as_json("ThingMore")))},
    "/wholes": {"put": an_operation("sendWholes", **body({"application/json": {"schema": array(ref("BigThing"))}}))},
    "/errors": {
        "get": an_operation(
            "getErrors",
            responses={
                "200": {"description": "성공", "headers": {"X-Count": {"schema": {"type": "integer"}}}},
                "402": {"description": "", "content": as_json("PayFirstError")},
                "4XX": {"description": "", "content": as_json("GetThingError")},
                "410": {"description": "", "content": as_json("GoneThingError")},
                "429": {"description": ""},
                "default": {"$ref": "#/components/responses/Broken"},
            },
        )
    },
    "/clash/{id}": {
        "post": an_operation(
            "clash",
            [parameter("path", "id", STRING), parameter("query", "name", STRING)],
            **body({"application/json": {"schema": an_object(id={"type": "integer"}, name=STRING)}}),
        )
    },
    "/old": {"get": an_operation("get-old.Things", deprecated=True)},
    "/null": {
        "post": an_operation(
            "mirror",
            **successes(s200={"application/json": {"schema": {"allOf": [ref("BigThing")], "nullable": True}}}),
            **body({"application/json": {"schema": {"allOf": [ref("BigThing")], "nullable": True}}}),
        )
    },
    "/both": {"get": an_operation("getBoth", **successes(s200=as_json("Thing") | {"text/csv": {"schema": STRING}}))},
    "/part": {"get": an_operation("getPart", **successes(s200=as_json("Thing"), s206={"application/octet-stream": {"schema": STRING}}))},
    "/any": {"get": an_operation("getAny", **successes(s2XX=as_json("Thing")))},
    "/kinds": {
        "get": an_operation(
            "getKinds",
            [
                parameter("header", "X-Kinds", array({"allOf": [ref("ThingKind")], "nullable": True})),
                parameter("query", "kinds", array(ref("ThingKind")) | {"nullable": True}, required=True),
            ],
        )
    },
    "/kinds/{kind}/{share}/{all}": {
        "parameters": [parameter("query", "q", STRING, required=True)],
        "get": an_operation(
            "getKind",
            [
                parameter("path", "kind", ref("ThingKind")),
                parameter("path", "share", {"type": "number"}),
                parameter("path", "all", {"type": "boolean"}),
                parameter("query", "q", {"type": "integer"}),
            ],
        ),
    },
    "/uploads": {
        "post": an_operation(
            "uploadAll",
            **body({"multipart/form-data": {"schema": an_object(files=array(FIELDS["file"]), days=array(DAY), ok={"type": "boolean"})}}),
        )
    },
    "/forms": {
        "post": an_operation(
            "sendForms",
            **body({"application/x-www-form-urlencoded": {"schema": an_object(names=array(STRING), more=ref("BigThing"), at=TIME, ok={"type": "boolean"}, rate={"type": "number"})}}),
        )
    },
    "/enums": {"put": an_operation("sendEnums", **body({"application/json": {"schema": array({"allOf": [ref("ThingKind")], "nullable": True})}}))},
    "/named/{level}": {
        "get": an_operation(
            "getNamed",
            [
                parameter("path", "level", ref("Level")),
                parameter("query", "texts", ref("Texts")),
                parameter("query", "levels", ref("Levels"), explode=False),
                parameter("query", "shares", array(ref("Share"))),
                parameter("header", "X-Texts", ref("Texts")),
            ],
        )
    },
    "/shared": {"$ref": "#/components/pathItems/Shared"},
    "/things-by-name": {"put": an_operation("sendMap", **body({"application/json": {"schema": a_map(ref("BigThing"))}}))},
}  # fmt: skip


def kinds() -> Json:
    """A document that has one of everything."""
    source = document(
        Thing=an_object("id", "must", "made", id=STRING, **FIELDS),
        Named=an_object("name", name=STRING),
        Nullable=an_object(a=STRING | {"nullable": True}) | {"nullable": True},
        Text=STRING,
        Texts=array(ref("Text")),
        Level={"type": "integer", "enum": [1, 2]},
        Levels=array(ref("Level")),
        Share={"type": "number"},
        OtherName=ref("BigThing"),
        Circle=tagged("CIRCLE", radius={"type": "number"}),
        Square=tagged("SQUARE", side={"type": "number"}),
        Outer=union("type", BIG="BigThing", INNER="Inner"),
        Inner=union("type", MIDDLE="MiddleThing", SMALL="SmallThing"),
        MiddleThing=an_object("type", type=STRING, size={"type": "integer"}),
        Loose={
            "oneOf": [ref("BigThing"), ref("Beside"), ref("Lost")],
            "discriminator": {"propertyName": "type", "mapping": {"BIG": ref("BigThing")["$ref"]}},
        },
        Beside=an_object("type", type={"type": "string", "enum": ["BESIDE"]}, b=STRING),
        Lost=an_object("type", type=STRING),
        Inputs=an_object(
            "must", must={"type": "string", "nullable": True}, rate={"type": "number"},
            level={"type": "integer", "enum": [1, 2]}, more=ref("ThingMore"), mores=array(ref("ThingMore")),
            made={"type": "string", "readOnly": True}, at=TIME, held=ref("Nullable"),
        ),
        PayFirstError=an_error(402, until=TIME),
        ThingNotFoundError=an_error(404, pgCode=STRING, PgCode=STRING, Message=STRING, Type={"type": "integer"}),
        GoneThingError=an_object("type", type={"type": "string", "enum": ["GONE"]}),
        BrokenError=an_object("type", type={"type": "string", "enum": ["BROKEN"]}),
        Merged={"allOf": [ref("Named"), ref("HasTime")]},
        HasTime=an_object("type", type=STRING, at=TIME),
        FirstBased={"allOf": [ref("Based"), an_object(a=STRING)]},
        SecondBased={"allOf": [ref("Based"), an_object(b=STRING)]},
        Based=an_object("type", type={"type": "string", "enum": ["FIRST", "SECOND"]}),
        Node={"allOf": [ref("NodeBase"), an_object(child=ref("Node"), rest=array(ref("Node")))]},
        NodeBase=an_object("value", value=STRING, back=ref("Node")),
        DollarThing=an_object("$type", **{"$type": STRING, "type": {"type": "integer"}}),
        EuroThing=an_object(a=STRING),
        Counted=an_object("total", total={"type": "integer"}) | {"additionalProperties": {"type": "integer"}},
        Labelled=an_object(name=STRING)
        | {"additionalProperties": an_object("a", a=TIME, kind=ref("ThingKind")) | {"nullable": True}},
        Tree=an_object("value", value=STRING, left=ref("Tree"), rest=array(ref("Tree"))),
    )  # fmt: skip
    source["paths"] |= OPERATIONS
    source["components"]["parameters"] = {
        "Page": parameter("query", "page", {"type": "integer"}, deprecated=True)
    }
    source["components"]["pathItems"] = {"Shared": {"delete": an_operation("deleteShared")}}
    source["components"]["responses"] = {
        "Broken": {"description": "", "content": as_json("BrokenError")}
    }
    return source


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package generated from the document of all kinds."""
    placed = {
        "all": [
            o["operationId"]
            for i in kinds()["paths"].values()
            for o in i.values()
            if "operationId" in o
        ]
        + ["deleteShared"]
    }
    return package(tmp_path_factory.mktemp("kinds"), kinds(), placed)


def test_package_is_sound(folder: Path) -> None:
    found = probe(folder)
    assert found["functions"]["get-old.Things"] == "all.get_old_things"
    assert found["functions"]["getSequence"] == "all.get_sequence"


READ = """
import json
from portone_async._reading import _reported
from portone_async._validation import first_mismatch
from portone_async._writing import write
from portone_async.converter import converter
from portone_async.models.thing import read
from portone_async import models
value = json.loads({value!r})
found = read(value)
again = write(converter.structure(converter.unstructure(found), models.Thing))
print(json.dumps([write(found), again, first_mismatch(value, "Thing"), sorted(map(list, _reported)), repr({show})]))
"""
VALUES: list[tuple[str, Any, str, str]] = [
    ("rate", 1.25, "found.rate", "1.25"),
    ("rate", 1, "found.rate", "1"),
    ("rates", [1, 2.5], "found.rates", "[1, 2.5]"),
    ("level", 2, "found.level", "2"),
    ("levels", [1, 3], "found.levels", "[1, 3]"),
    ("color", "BLUE", "found.color", "'BLUE'"),
    ("version", "V2", "found.version", "'V2'"),
    ("note", "a", "found.note", "'a'"),
    ("kindOrNull", "RED", "found.kind_or_null", "'RED'"),
    ("maybe", {"a": "b"}, "found.maybe.a", "'b'"),
    ("seen", ["a", None], "found.seen", "['a', None]"),
    ("both", {"name": "n", "size": 1}, "(found.both.name, found.both.size)", "('n', 1)"),
    ("same", {"type": "BIG"}, "type(found.same).__name__", "'BigThing'"),
    ("inline", {"a": "b", "deeper": {"b": 1}}, "(type(found.inline).__name__, found.inline.deeper.b)", "('ThingInline', 1)"),
    ("inlines", [{"c": "2026-01-02T03:04:05.000Z"}], "found.inlines[0].c.year", "2026"),
    ("grid", [[1, 2], []], "found.grid", "[[1, 2], []]"),
    ("days", {"a": "2026-01-02"}, "found.days['a'].year", "2026"),
    ("times", {"a": ["2026-01-02T03:04:05.000Z"]}, "found.times['a'][0].month", "1"),
    ("named", {"k": {"type": "BIG", "at": "2026-01-02T03:04:05Z"}}, "found.named['k'].at.day", "2"),
    ("maps", [{"a": "b"}, {}], "found.maps[0]['a']", "'b'"),
    ("frees", [{"a": [None]}], "found.frees[0]", "{'a': [None]}"),
    ("text", "a", "found.text", "'a'"),
    ("texts", ["a"], "found.texts", "['a']"),
    ("other", {"type": "BIG"}, "type(found.other).__name__", "'BigThing'"),
    ("whatever", {"a": [1]}, "found.whatever", "{'a': [1]}"),
    ("whatever", 5, "found.whatever", "5"),
    ("several", [1, "a", None], "found.several", "[1, 'a', None]"),
    ("either", 5, "found.either", "5"),
    ("shape", {"kind": "SQUARE", "side": 1.5}, "(type(found.shape).__name__, found.shape.side)", "('Square', 1.5)"),
    ("outer", {"type": "MIDDLE", "size": 1}, "type(found.outer).__name__", "'MiddleThing'"),
    ("outer", {"type": "BIG"}, "type(found.outer).__name__", "'BigThing'"),
    ("loose", {"type": "BESIDE", "b": "c"}, "(type(found.loose).__name__, found.loose.b)", "('Beside', 'c')"),
    ("failure", {"type": "THING_NOT_FOUND", "message": "m"}, "(type(found.failure).__name__, found.failure.message)", "('ThingNotFoundError', 'm')"),
    ("uuid", "0b6bd1b4-3a44-4c5e-8d6c-0a4c6f3b9c11", "len(found.uuid)", "36"),
    ("old", 7, "found.old", "7"),
    ("held", "BLUE", "found.held", "'BLUE'"),
    ("step", 1.5, "found.step", "1.5"),
    ("choice", "BLUE", "found.choice", "'BLUE'"),
    ("choices", ["RED", None], "found.choices", "['RED', None]"),
    ("shapes", [None, {"type": "SMALL", "size": 2}], "(found.shapes[0], found.shapes[1].size)", "(None, 2)"),
    ("byName", {"a": None, "b": "2026-01-02T03:04:05.000Z"}, "(found.by_name['a'], found.by_name['b'].day)", "(None, 2)"),
    ("timetable", [[None, "2026-01-02T03:04:05.120Z"], []], "(found.timetable[0][0], found.timetable[0][1].microsecond)", "(None, 120000)"),
    ("colorsByName", {"a": ["RED"], "b": []}, "found.colors_by_name", "{'a': ['RED'], 'b': []}"),
    ("merged", {"type": "MERGED", "name": "n", "at": "2026-01-02T03:04:05Z"}, "(type(found.merged).__name__, found.merged.name, found.merged.at.hour)", "('Merged', 'n', 3)"),
    ("based", {"type": "SECOND", "b": "c"}, "(type(found.based).__name__, found.based.b)", "('SecondBased', 'c')"),
    ("inlineUnion", {"kind": "RIGHT", "y": "z"}, "(type(found.inline_union).__name__, found.inline_union.y)", "('ThingInlineUnion2', 'z')"),
    ("node", {"value": "a", "child": {"value": "b", "back": {"value": "c"}}, "rest": [{"value": "d"}]}, "(found.node.child.back.value, found.node.rest[0].value)", "('c', 'd')"),
    ("dollar", {"$type": "A", "type": 5}, "(type(found.dollar).__name__, found.dollar.type_2, found.dollar.type)", "('DollarThing', 'A', 5)"),
    ("pgCode", "a", "(found.pg_code_2, found.pg_code, found.pgcode)", "('a', None, None)"),
    ("PgCode", 5, "(found.pg_code_2, found.pg_code, found.pgcode)", "(None, 5, None)"),
    ("PGCODE", "2026-01-02T03:04:05Z", "found.pgcode.minute", "4"),
    ("raw", "a", "found.raw", "'a'"),
    ("mismatch", "a", "found.mismatch", "'a'"),
    ("readTree", "a", "found.read_tree", "'a'"),
    ("untyped", ["a"], "found.untyped", "['a']"),
    ("counted", {"total": 3, "red": 1, "blue": 2}, "(found.counted.total, found.counted.additional_properties)", "(3, {'red': 1, 'blue': 2})"),
    ("labelled", {"name": "n", "x": {"a": "2026-01-02T03:04:05.000Z", "kind": "RED"}, "y": None}, "sorted(found.labelled.additional_properties)", "['x', 'y']"),
    ("tree", {"value": "a", "left": {"value": "b"}, "rest": [{"value": "c"}]}, "found.tree.rest[0].value", "'c'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "show", "shown"), VALUES)
def test_value_is_read_checked_and_written_back(
    folder: Path, name: str, value: Any, show: str, shown: str
) -> None:
    """By reading, by strict validation, and through the converter."""
    whole = {"id": "1", "must": "a", name: value}
    found = run_code(folder, READ.format(value=json.dumps(whole), show=show))
    assert found == [whole, whole, None, [], shown]


def test_null_of_a_required_field_is_written_back(folder: Path) -> None:
    whole = {"id": "1", "must": None}
    assert run_code(folder, READ.format(value=json.dumps(whole), show="found.must")) == [
        whole, whole, None, [], "None",
    ]  # fmt: skip


def test_null_of_an_optional_field_is_written_back_until_the_field_is_set(folder: Path) -> None:
    whole = {"id": "1", "must": "a", "note": None, "kindOrNull": None, "maybe": None}
    found = run_code(folder, READ.format(value=json.dumps(whole), show="(found.note, found.maybe)"))
    assert found == [whole, whole, None, [], "(None, None)"]
    changed = "write((setattr(found, 'note', 'set'), found)[1])"
    shown = run_code(folder, READ.format(value=json.dumps(whole), show=changed))[4]
    assert shown == repr({"id": "1", "must": "a", "note": "set", "kindOrNull": None, "maybe": None})


def test_null_is_sent_where_it_is_asked_for(folder: Path) -> None:
    request, _ = call(
        folder, "create(must='a', held=models.Nullable(additional_properties={'a': None}))"
    )
    assert json.loads(request[3]) == {"must": "a", "held": {"a": None}}


def test_unknown_values_of_open_kinds_are_kept(folder: Path) -> None:
    whole = {
        "id": "1", "must": "a", "level": 9, "color": "GREEN", "shape": {"kind": "STAR"}, "loose": {"type": "LOST"},
        "failure": {"type": "NEW"}, "rate": "many", "grid": [["a"], 5],
    }  # fmt: skip
    written, again, mismatch, reported, shown = run_code(
        folder,
        READ.format(
            value=json.dumps(whole),
            show="(found.level, type(found.shape).__name__, type(found.loose).__name__)",
        ),
    )
    assert written == again == whole
    assert mismatch is not None
    assert sorted(place for place, _ in reported) == ["Thing.grid", "Thing.grid", "Thing.rate"]
    assert shown == "(9, 'UnknownVariant', 'UnknownVariant')"


STRICT = [
    ("rate", "1", "a number"),
    ("level", 9, "enum value"),
    ("levels", ["1"], "an integer"),
    ("seen", [5], "a string"),
    ("grid", [["a"]], "an integer"),
    ("days", {"a": "tomorrow"}, "a date"),
    ("texts", [1], "a string"),
    ("shape", {"kind": "STAR"}, "variant"),
    ("counted", {"total": 3, "red": "1"}, "an integer"),
    ("labelled", {"x": {"kind": "RED"}}, "is missing"),
    ("note", 5, "a string"),
]


@pytest.mark.parametrize(("name", "value", "problem"), STRICT)
def test_strict_clients_find_what_is_not_of_its_kind(
    folder: Path, name: str, value: Any, problem: str
) -> None:
    whole = {"id": "1", "must": "a", name: value}
    _, _, mismatch, _, _ = run_code(folder, READ.format(value=json.dumps(whole), show="None"))
    path, why = mismatch
    assert path.startswith(f"$.{name}")
    assert problem in why


CALL = """
import asyncio, json, httpx, datetime as dt
from portone_async import PortOne, models, errors
from portone_async._writing import write
requests = []
reply = {reply}
def answer(request):
    requests.append(request)
    return reply
async def main():
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
        portone = PortOne("secret", http_client=http_client, max_retries=0)
        try:
            return write(await portone.all.{call})
        except errors.PortOneError as error:
            return [type(error).__name__, type(error).__mro__[1].__name__, str(error)]
value = asyncio.run(main())
request = requests[0] if requests else None
print(json.dumps(request and [request.method, request.url.raw_path.decode(), dict(request.headers), request.content.decode("latin-1")]))
print(json.dumps(value, default=str))
"""


def call(folder: Path, call: str, reply: str = "httpx.Response(200)") -> tuple[Any, Any]:
    """The request that a call makes, and what it returns or raises."""
    code = (
        CALL.format(call=call, reply=reply)
        .replace("print(", "found.append(")
        .replace("import asyncio", "found = []\nimport asyncio", 1)
    )
    request, value = run_code(folder, f"{code}\nprint('[' + ','.join(found) + ']')")
    return request, value


def test_path_parameters_that_are_no_strings(folder: Path) -> None:
    reply = "httpx.Response(200, json={'id': '1', 'must': 'a'})"
    request, value = call(folder, "get_sequence(5, dt.date(2026, 1, 2))", reply)
    assert request[:2] == ["GET", "/sequence/5/2026-01-02"]
    assert value == {"id": "1", "must": "a"}
    for wrong in ("'5', dt.date(2026, 1, 2)", "True, dt.date(2026, 1, 2)", "5, '2026-01-02'"):
        request, (kind, _, text) = call(folder, f"get_sequence({wrong})", reply)
        assert (request, kind) == (None, "InvalidArgumentError")
        assert " takes a" in text


def test_parameters_of_named_types(folder: Path) -> None:
    """What a name stands for counts, in lists too: texts, integers and numbers."""
    arguments = "2, texts=['a', 'b'], levels=[1, 2], shares=[0.5, 1], x_texts=['c', 'd']"
    request, _ = call(folder, f"get_named({arguments})")
    assert request[1] == "/named/2?levels=1,2&shares=0.5&shares=1&texts=a&texts=b"
    assert request[2]["x-texts"] == "c, d"
    request, (kind, _, text) = call(folder, "get_named('2')")
    assert (request, kind, text) == (
        None, "InvalidArgumentError", "level takes an int, not str",
    )  # fmt: skip


def test_operation_of_a_shared_path_item(folder: Path) -> None:
    assert call(folder, "delete_shared()")[0][:2] == ["DELETE", "/shared"]


def test_lists_numbers_enums_and_headers_as_parameters(folder: Path) -> None:
    reply = "httpx.Response(200, json=[{'id': '1', 'must': 'a'}])"
    arguments = "x_trace_id='t 1', ids=['a', 'b&c'], levels=[1, 2], color='RED', rate=0.5, page=3"
    request, value = call(folder, f"get_lists({arguments})", reply)
    assert request[1] == "/lists?color=RED&ids=a&ids=b%26c&levels=1,2&page=3&rate=0.5"
    assert request[2]["x-trace-id"] == "t 1"
    assert "idempotency-key" not in request[2]
    assert value == [{"id": "1", "must": "a"}]
    _, (kind, _, text) = call(folder, "get_lists(x_trace_id='a', ids='a')", reply)
    assert (kind, text) == ("InvalidArgumentError", "ids takes a list, not str")
    _, (kind, _, _) = call(folder, r"get_lists(x_trace_id='a\nb')", reply)
    assert kind == "InvalidArgumentError"


def test_inputs_with_nulls_numbers_and_unions(folder: Path) -> None:
    arguments = (
        "must=None, rate=1.5, level=2, more=models.SmallThing(size=1), mores=[models.BigThing()]"
    )
    request, _ = call(
        folder, f"create({arguments})", "httpx.Response(201, json={'id': '1', 'must': 'a'})"
    )
    assert json.loads(request[3]) == {
        "must": None, "rate": 1.5, "level": 2, "more": {"type": "SMALL", "size": 1}, "mores": [{"type": "BIG"}],
    }  # fmt: skip
    request, (kind, _, text) = call(folder, "create(must='a', rate='much')")
    assert (request, kind) == (None, "InvalidArgumentError")
    assert "rate must be a number, not a string" in text
    _, (_, _, text) = call(folder, "create(must='a', level='2')")
    assert "level must be an integer" in text


def test_successes_other_than_200(folder: Path) -> None:
    assert call(folder, "delete_nothing()", "httpx.Response(204)")[1] is None
    assert call(folder, "get_maybe()", "httpx.Response(204)")[1] is None
    reply = "httpx.Response(200, json={'id': '1', 'must': 'a'})"
    assert call(folder, "get_maybe()", reply)[1] == {"id": "1", "must": "a"}
    assert call(folder, "get_count()", "httpx.Response(200, json=5)")[1] == 5


def test_binary_download(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.pdf"
    reply = r"httpx.Response(200, content=b'%PDF-\xff', headers={'content-length': '6'})"
    request, value = call(folder, f"get_pdf(file={str(target)!r})", reply)
    assert request[2]["accept"] == "application/pdf"
    assert value == str(target)
    assert target.read_bytes() == b"%PDF-\xff"


def test_upload_of_a_form_with_a_file(folder: Path) -> None:
    request, _ = call(folder, r"upload(file_=b'\x00\xff--', name='이름', meta=models.BigThing())")
    kind, _, boundary = request[2]["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    parts = request[3].encode("latin-1").split(b"--" + boundary.encode())
    assert parts[-1] == b"--\r\n"
    found = {
        part.partition(b"\r\n\r\n")[0].decode(): part.partition(b"\r\n\r\n")[2]
        for part in parts[1:-1]
    }
    assert list(found.values()) == [b"\x00\xff--\r\n", "이름\r\n".encode(), b'{"type":"BIG"}\r\n']
    assert 'name="file"; filename="file"' in next(iter(found))
    request, (kind, _, text) = call(folder, "upload(file_='text', name='a')")
    assert (request, kind) == (None, "InvalidArgumentError")
    assert "file must be bytes" in text


def test_form_without_files(folder: Path) -> None:
    request, _ = call(folder, "send_form(a='b c&', b=5)")
    assert request[2]["content-type"] == "application/x-www-form-urlencoded"
    assert request[3] == "a=b+c%26&b=5"


def test_body_that_is_no_object(folder: Path) -> None:
    request, _ = call(folder, "send_whole(body=models.SmallThing(size=2))")
    assert json.loads(request[3]) == {"type": "SMALL", "size": 2}
    request, _ = call(folder, "send_wholes(body=[models.BigThing(), models.BigThing()])")
    assert json.loads(request[3]) == [{"type": "BIG"}, {"type": "BIG"}]
    request, (kind, _, _) = call(folder, "send_wholes(body=5)")
    assert (request, kind) == (None, "InvalidArgumentError")


@pytest.mark.parametrize(
    ("status", "content", "kind", "base"),
    [
        (402, {"type": "PAY_FIRST"}, "APIError", "PortOneError"),
        (404, {"type": "THING_NOT_FOUND"}, "ThingNotFoundError", "NotFoundError"),
        (429, None, "RateLimitError", "APIError"),
        (404, {"type": "GONE"}, "GoneThingError", "GoneError"),
        (503, {"type": "BROKEN"}, "BrokenError", "APIError"),
    ],
)
def test_errors_of_every_status(
    folder: Path, status: int, content: Any, kind: str, base: str
) -> None:
    """By type where the document names one, by status elsewhere."""
    reply = (
        f"httpx.Response({status}, json={content!r})" if content else f"httpx.Response({status})"
    )
    _, value = call(folder, "get_errors()", reply)
    assert value[:2] == [kind, base]


def test_arguments_of_one_name_in_several_places(folder: Path) -> None:
    request, _ = call(folder, "clash('1', body_id=2, name='b', query_name='q')")
    assert request[1] == "/clash/1?name=q"
    assert json.loads(request[3]) == {"id": 2, "name": "b"}


def test_body_and_response_that_may_be_null(folder: Path) -> None:
    null = "httpx.Response(200, content=b'null', headers={'content-type': 'application/json'})"
    request, value = call(folder, "mirror(body=None)", null)
    assert (request[3], value) == ("null", None)
    reply = "httpx.Response(200, json={'type': 'BIG'})"
    request, value = call(folder, "mirror(body=models.BigThing())", reply)
    assert (json.loads(request[3]), value) == ({"type": "BIG"}, {"type": "BIG"})


@pytest.mark.parametrize("name", ["get_both", "get_part", "get_any"])
def test_json_is_what_is_asked_for_where_there_are_several_forms(folder: Path, name: str) -> None:
    reply = "httpx.Response(200, json={'id': '1', 'must': 'a'})"
    request, value = call(folder, f"{name}()", reply)
    assert value == {"id": "1", "must": "a"}
    assert request[2]["accept"] == "application/json"


def test_null_in_a_list_that_has_no_null_in_http_is_refused(folder: Path) -> None:
    request, _ = call(folder, "get_kinds(x_kinds=['RED', 'BLUE'], kinds=['RED', 'BLUE'])")
    assert request[1] == "/kinds?kinds=RED&kinds=BLUE"
    assert request[2]["x-kinds"] == "RED, BLUE"
    request, (kind, _, text) = call(folder, "get_kinds(x_kinds=['RED', None], kinds=None)")
    assert (request, kind) == (None, "InvalidArgumentError")
    assert text == "X-Kinds takes a str, int, bool, date or datetime, not NoneType"


def test_parameter_of_an_operation_comes_before_that_of_its_path(folder: Path) -> None:
    request, _ = call(folder, "get_kind('RED', 0.5, True, q=5)")
    assert request[1] == "/kinds/RED/0.5/true?q=5"
    assert call(folder, "get_kind('RED', 0.5, True)")[0][1] == "/kinds/RED/0.5/true"


def test_lists_in_forms(folder: Path) -> None:
    request, _ = call(
        folder,
        "upload_all(files=[b'1', b'2'], days=[dt.date(2026, 1, 2), dt.date(2026, 1, 3)], ok=True)",
    )
    _, _, boundary = request[2]["content-type"].partition("; boundary=")
    parts = request[3].split("--" + boundary)[1:-1]
    names = [part.partition('name="')[2].partition('"')[0] for part in parts]
    assert names == ["files", "files", "days", "days", "ok"]
    values = [part.partition("\r\n\r\n")[2].strip() for part in parts]
    assert values == ["1", "2", "2026-01-02", "2026-01-03", "true"]
    arguments = "names=['a', 'b c'], more=models.BigThing(), at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC), ok=False, rate=1.5"
    request, _ = call(folder, f"send_forms({arguments})")
    assert dict(parse_qsl(request[3])) == {
        "names": "b c", "more": '{"type":"BIG"}', "at": "2026-01-02T00:00:00Z", "ok": "false", "rate": "1.5",
    }  # fmt: skip
    assert request[3].startswith("names=a&names=b+c&")


def test_bodies_of_lists_and_maps(folder: Path) -> None:
    assert call(folder, "send_enums(body=['RED', None])")[0][3] == '["RED",null]'
    request, _ = call(folder, "send_map(body={'a': models.BigThing()})")
    assert json.loads(request[3]) == {"a": {"type": "BIG"}}


def test_fields_of_an_error_that_differ_only_in_case(folder: Path) -> None:
    raised = "{'type': 'THING_NOT_FOUND', 'message': 'm', 'pgCode': 'a', 'PgCode': 'b', 'Message': 'M', 'Type': 5}"
    code = (
        "import asyncio, json, httpx; from portone_async import PortOne, errors\n"
        "async def main():\n"
        f"    transport = httpx.MockTransport(lambda request: httpx.Response(404, json={raised}))\n"
        "    async with httpx.AsyncClient(transport=transport) as http_client:\n"
        "        try:\n"
        "            await PortOne('secret', http_client=http_client).all.get_thing('1')\n"
        "        except errors.ThingNotFoundError as e:\n"
        "            return [e.type, e.message, e.pg_code, e.pg_code_2, e.message_2, e.type_2]\n"
        "print(json.dumps(asyncio.run(main())))"
    )
    assert run_code(folder, code) == ["THING_NOT_FOUND", "m", "b", "a", "M", 5]


def test_tag_that_a_shared_schema_lists_for_all_variants_is_each_ones_own(folder: Path) -> None:
    shown = run_code(
        folder,
        "import json; from portone_async import models; from portone_async._writing import write\n"
        "print(json.dumps([write(models.FirstBased()), write(models.SecondBased(b='c'))]))",
    )
    assert shown == [{"type": "FIRST"}, {"type": "SECOND", "b": "c"}]


def test_deprecation_is_in_the_docstrings(folder: Path) -> None:
    shown = run_code(
        folder,
        "import json; from portone_async.api.all import get_old_things, get_lists\n"
        "print(json.dumps([get_old_things.__doc__, get_lists.__doc__]))",
    )
    assert "Deprecated: PortOne advises against it." in shown[0]
    assert "Deprecated: PortOne" in shown[1]
    assert "Deprecated" in (folder / "portone_async/models/thing.py").read_text()


def test_every_fact_that_is_not_used_is_reported() -> None:
    report = Report()
    normalise(kinds(), report)
    assert report.refusals == []
    noted = report.notes
    assert noted["kept, not used: minLength"] == ["Thing.uuid"]
    assert noted["kept, not used: minimum"] == ["Thing.old"]
    assert noted["kept, not used: default"] == ["Thing.old", "Thing.choice"]
    assert noted["kept, not used: x-portone-new"] == ["Thing.uuid"]
    assert noted["read as plain JSON: a union that no field tells apart"] == ["Thing.either"]
    assert noted["told apart by this field, as it has no discriminator"] == ["ThingShape.kind"]
    assert noted["in a union without a tag, so no value is read as it"] == ["Loose: Lost"]
    assert noted["generated under the name it stands for"] == ["OtherName"]
    assert noted["optional, as it goes one way only"] == ["Thing.made"]
    assert noted["read as JSON: other fields than the properties"] == ["Labelled", "Counted"]
    assert noted["not used: a header that the client itself sends"] == [
        "GET /lists Idempotency-Key"
    ]
    assert (
        "ThingInlineDeeper (Thing.inline.deeper)"
        in noted["named here, as it has no name in the document"]
    )
    assert noted["kept, not used: response headers (`with_response` has them)"] == [
        "GET /errors 200 X-Count"
    ]


def test_facts_are_kept_where_they_are_not_used() -> None:
    fields = normalise(kinds())["components"]["schemas"]["Thing"]["properties"]
    assert fields["uuid"] == {
        "type": "string", "format": "uuid", "minLength": 36, "x-portone-new": {"since": "2027"},
    }  # fmt: skip
    assert fields["old"] == {"type": "integer", "deprecated": True, "default": 5, "minimum": 1}
    assert fields["held"] == ref("ThingKind") | {"deprecated": True}
    assert fields["kindOrNull"] == {"anyOf": [ref("ThingKind"), {"type": "null"}]}
    assert fields["note"] == {"type": ["string", "null"]}


def test_what_is_sent_or_raised_otherwise_than_expected_is_said() -> None:
    source = document()
    content = operation(source, "createThing")["requestBody"]["content"]
    content["application/merge-patch+json"] = content.pop("application/json")
    operation(source, "getThing")["responses"] = {"302": {"description": ""}}
    report = Report()
    parse(normalise(source, report), report)
    assert report.refusals == []
    assert report.notes["called application/json in requests"] == [
        "POST /things requestBody application/merge-patch+json"
    ]
    assert report.notes["no success in the document: every response but 2XX is raised"] == [
        "getThing"
    ]


def test_extension_that_may_be_prose_is_dropped_and_said() -> None:
    source = document(Thing=an_object(id=STRING | {"x-portone-guide": "결제 안내", "x-flag": True}))
    operation(source, "getThing")["x-portone-hidden"] = {
        "until": "2027-01-01",
        "by": "a whole sentence.",
    }
    report = Report()
    found = normalise(source, report)
    assert found["components"]["schemas"]["Thing"]["properties"]["id"] == {
        "type": "string",
        "x-flag": True,
    }
    assert "x-portone-hidden" not in operation(found, "getThing")
    assert report.notes["dropped, as it may be prose: x-portone-guide"] == ["Thing.id"]
    assert report.notes["dropped, as it may be prose: x-portone-hidden"] == [
        "GET /things/{thingId}"
    ]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_type_arrays_and_nullable_are_one_fact(version: str) -> None:
    ways = (
        {"type": "string", "nullable": True},
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    )
    for way in ways:
        source = document(Thing=an_object(a=way)) | {"openapi": version}
        field = normalise(source)["components"]["schemas"]["Thing"]["properties"]["a"]
        assert field == {"type": ["string", "null"]}


@pytest.mark.parametrize(
    ("version", "expected"), [("3.0.3", ref("BigThing")), ("3.1.0", ref("ThingA"))]
)
def test_shape_beside_a_reference_counts_where_openapi_says_so(
    version: str, expected: Json
) -> None:
    beside = ref("BigThing") | an_object(size={"type": "integer"})
    source = document(Thing=an_object(a=beside)) | {"openapi": version}
    schemas = normalise(source)["components"]["schemas"]
    assert schemas["Thing"]["properties"]["a"] == expected
    if version == "3.1.0":
        assert schemas["ThingA"]["properties"].keys() == {"type", "at", "size"}


def test_extensions_among_paths_and_responses_are_no_operations() -> None:
    source = document()
    source["paths"]["x-portone-order"] = ["things"]
    operation(source, "getThing")["responses"]["x-portone-note"] = "설명"
    report = Report()
    found = normalise(source, report)
    assert found["paths"] == normalise(document())["paths"]
    assert report.notes["not used: x-portone-order"] == ["paths"]
    assert report.notes["not used: x-portone-note"] == ["GET /things/{thingId} responses"]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("not", {"type": "string"}),
        ("if", {}),
        ("patternProperties", {"^x": STRING}),
        ("prefixItems", [STRING]),
        ("$defs", {"A": STRING}),
        ("unevaluatedProperties", False),
    ],
)
def test_schemas_in_keywords_without_a_meaning_are_dropped_and_said(
    keyword: str, value: Any
) -> None:
    report = Report()
    source = document(Thing=an_object(id=STRING, odd={"type": "object", keyword: value}))
    found = normalise(source, report)["components"]["schemas"]["Thing"]["properties"]["odd"]
    assert found == {"type": "object"}
    assert report.notes[f"not used: {keyword}"] == ["Thing.odd"]


@pytest.mark.parametrize("flag", [True, {"since": "2025"}, "yes"])
def test_unstable_operation_may_say_so_in_any_way(flag: Any) -> None:
    source = document()
    operation(source, "getThing")["x-portone-unstable"] = flag
    assert operation(normalise(source), "getThing")["x-portone-unstable"] is True
