"""Documents of other days, and documents nobody has published yet: each gives a working package, or a clear error."""

import json
from pathlib import Path
from typing import Any

import pytest
from codegen_documents import (
    OLDER,
    STRING,
    an_error,
    an_object,
    document,
    operation,
    package,
    probe,
    published,
    ref,
    run_code,
    thing,
    union,
)

from codegen.document import CodegenError, Json, operations
from codegen.generate import load_namespaces
from codegen.names import RESERVED_CLASSES, RESERVED_ERROR_ATTRIBUTES
from codegen.normalise import normalise
from portone_async import errors

# Reads `value` as `Thing`, writes it, reads it strictly, and gives what was written and the repr of a part.
READ = """
import importlib, json, logging
logging.raiseExceptions = True
logging.basicConfig(level=logging.ERROR)
from portone_async import _writing
from portone_async._reading import _reported
models = importlib.import_module("portone_async.models")
value = json.loads({value!r})
found = importlib.import_module("portone_async.models.thing").read(value)
print(json.dumps([_writing.write(found), repr({show}), sorted(map(list, _reported))]))
"""


def read(folder: Path, value: Json, show: str = "None") -> str:
    """`show` of `value` read as a `Thing`; it matches the document, and is written back as it was."""
    written, shown, mismatches = run_code(folder, READ.format(value=json.dumps(value), show=show))
    assert written == value
    assert mismatches == []
    return shown


def test_older_document_gives_a_sound_package(tmp_path: Path) -> None:
    source = json.loads(published(OLDER).read_bytes())
    found = probe(package(tmp_path, source, load_namespaces()))
    assert found["file"].startswith(str(tmp_path))
    facts = normalise(source)
    ids = {o["operationId"] for _, _, o in operations(facts)}
    assert found["functions"].keys() == ids
    assert ids == {o["operationId"] for i in source["paths"].values() for o in i.values()}
    assert found["functions"]["getPayment"] == "payment.get_payment"
    assert found["functions"]["connectPartnerMemberCompany"] == (
        "platform.partner.connect_partner_member_company"
    )


def test_small_document_gives_a_sound_package(tmp_path: Path) -> None:
    found = probe(package(tmp_path, document()))
    assert found["file"].startswith(str(tmp_path))
    assert found["functions"] == {
        "getThing": "thing.get_thing",
        "getThings": "thing.get_things",
        "createThing": "thing.create_thing",
    }
    shown = read(
        tmp_path,
        {
            "id": "1",
            "kind": "GREEN",
            "more": {"type": "BIG", "at": "2026-01-02T03:04:05Z"},
            "new": 1,
        },
        "(type(found.more).__name__, found.more.at.year, found.additional_properties)",
    )
    assert shown == "('BigThing', 2026, {'new': 1})"


def test_recursion(tmp_path: Path) -> None:
    source = document(
        Thing=thing(
            itself=ref("Thing"),
            children={"type": "array", "items": ref("Thing")},
            there=ref("There"),
            mapped=ref("Mapped"),
            either=ref("Either"),
        ),
        There=an_object(back=ref("Thing"), onward=ref("Onward")),
        Onward=an_object(there=ref("There"), back={"type": "array", "items": ref("Thing")}),
        Mapped={"type": "object", "additionalProperties": ref("Pair")},
        Pair=an_object(mapped=ref("Mapped"), thing=ref("Thing")),
        Either=union("type", LEFT="Left", RIGHT="Right"),
        Left=an_object("type", type=STRING, either=ref("Either")),
        Right=an_object("type", type=STRING, thing=ref("Thing")),
    )
    folder = package(tmp_path, source)
    probe(folder)
    leaf = {"id": "leaf"}
    value = {
        "id": "1",
        "itself": leaf,
        "children": [leaf, leaf],
        "there": {"back": leaf, "onward": {"there": {}, "back": [leaf]}},
        "mapped": {"a": {"mapped": {"b": {"thing": leaf}}}},
        "either": {"type": "LEFT", "either": {"type": "RIGHT", "thing": leaf}},
    }
    assert read(folder, value, "found.there.onward.back[0].id") == "'leaf'"
    assert read(folder, value, "found.mapped['a'].mapped['b'].thing.id") == "'leaf'"
    assert read(folder, value, "found.either.either.thing.id") == "'leaf'"
    # Whichever module comes first, the others follow.
    for module in ("thing", "there", "onward", "mapped", "pair", "either", "left", "right"):
        run_code(folder, f"import portone_async.models.{module}; print(1)")


def test_names_that_are_reserved(tmp_path: Path) -> None:
    names = ["from", "class", "None", "date", "list", "str", "self", "additionalProperties", "type"]
    names += ["get", "raw", "read", "v", "t1", "newInstance", "unknownFields", "define", "match"]
    names += ["reportMismatch", "jsonNames", "readDatetime", "timeTexts"]
    source = document(
        Thing=thing(**dict.fromkeys(names, STRING), at={"type": "string", "format": "date"}),
        Import=an_object(value=STRING),
        Class=union("type", A="Import"),
        CreateThingBody=an_object(
            *["from", "client"],
            **dict.fromkeys(["from", "client", "options", "file", "self", "list", "date"], STRING),
            when={"type": "array", "items": {"type": "string", "format": "date"}},
            held=ref("Class"),
        ),
    )
    operation(source, "getThing")["operationId"] = "import"
    operation(source, "getThings")["operationId"] = "yield"
    folder = package(tmp_path, source)
    found = probe(folder)
    assert found["functions"]["import"] == "thing.import_"
    assert found["functions"]["yield"] == "thing.yield_"
    value = {name: name for name in names} | {"id": "1", "at": "2026-01-02"}
    shown = read(
        folder, value, "(found.from_, found.class_, found.date_, found.self_, found.at.year)"
    )
    assert shown == "('from', 'class', 'date', 'self', 2026)"
    arguments = run_code(
        folder,
        "import inspect, json; from portone_async.api.thing import create_thing as f\n"
        "print(json.dumps(list(inspect.signature(f).parameters)))",
    )
    assert (arguments[0], arguments[-1]) == ("client", "options")
    assert set(arguments[1:-1]) == {
        *["client_", "date_", "file_", "from_", "held", "list_", "options_", "self_", "when"]
    }


def test_times_are_written_back_as_they_came(tmp_path: Path) -> None:
    time = {"type": "string", "format": "date-time"}
    source = document(Thing=thing(at=time, seen={"type": "array", "items": time}, ended=time))
    folder = package(tmp_path, source)
    probe(folder)
    texts = ["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.123456789+09:00"]
    for value in (
        {"id": "1", "at": texts[0], "seen": texts, "ended": texts[1]},
        {"id": "1", "seen": texts[::-1], "new": 1},
        {"id": "1", "ended": texts[0]},
        {"id": "1", "seen": []},
    ):
        read(folder, value)
    assert read(folder, {"id": "1", "seen": texts}, "found.seen[1].microsecond") == "123456"


def test_names_in_other_scripts_and_odd_ones(tmp_path: Path) -> None:
    names = [
        "금액",
        "결제 금액",
        "größe",
        "ﬁeld",
        "3ds",
        "a-b",
        "@type",
        "$ref",
        "a.b c",
        "URLOf",
        "x1Y2",
    ]
    odd = ['quo"te', "back\\slash", "new\nline", "tab\t", "'", '"""', "{brace}", "\u2028", "%s"]
    source = document(
        Thing=thing(
            **dict.fromkeys(names, STRING), **{f"odd {o}{i}": STRING for i, o in enumerate(odd)}
        ),
    )
    folder = package(tmp_path, source)
    probe(folder)
    value = (
        {"id": "1"} | dict.fromkeys(names, "a") | {f"odd {o}{i}": "b" for i, o in enumerate(odd)}
    )
    shown = read(
        folder, value, "(found.금액, found.결제_금액, found.größe, found.field, found.field_3ds)"
    )
    assert shown == "('a', 'a', 'a', 'a', 'a')"


def test_enum_values_that_are_no_identifiers(tmp_path: Path) -> None:
    values = [
        "3D",
        "a b",
        "금액",
        "",
        "-",
        'quo"te',
        "it's",
        "back\\slash",
        "line\nbreak",
        "None",
        "class",
    ]
    source = document(ThingKind={"type": "string", "enum": [*values, "3D"]})
    folder = package(tmp_path, source)
    probe(folder)
    assert (
        run_code(
            folder,
            "import json, typing; from portone_async.models import ThingKind as k\n"
            "print(json.dumps(typing.get_args(typing.get_args(k)[0])))",
        )
        == values
    )
    read(folder, {"id": "1", "kind": 'quo"te'})


def test_tags_that_are_no_identifiers(tmp_path: Path) -> None:
    tags = ["3D", "a b", 'quo"te', "back\\slash", "line\nbreak", "'"]
    source = document(
        Thing=thing(more=ref("ThingMore")),
        ThingMore=union(
            't"ag', **dict.fromkeys(tags[:3], "BigThing"), **dict.fromkeys(tags[3:], "Other")
        ),
        BigThing=an_object(),
        Other=an_object(**{'t"ag': STRING}),
    )
    folder = package(tmp_path, source)
    probe(folder)
    for tag, name in zip(tags, ["BigThing"] * 3 + ["Other"] * 3, strict=True):
        value = {"id": "1", "more": {'t"ag': tag}}
        assert read(folder, value, "type(found.more).__name__") == repr(name)


def test_union_of_one_variant_stays_open(tmp_path: Path) -> None:
    source = document(
        ThingMore=union("type", BIG="BigThing"),
        GetThingError=union("type", INVALID_REQUEST="InvalidRequestError"),
    )
    folder = package(tmp_path, source)
    probe(folder)
    for tag, name in (("BIG", "BigThing"), ("HUGE", "UnknownVariant")):
        value = {"id": "1", "more": {"type": tag}}
        assert read(folder, value, "type(found.more).__name__") == repr(name)


def test_tag_that_only_the_mapping_knows(tmp_path: Path) -> None:
    source = document(BigThing=an_object(size={"type": "integer"}), SmallThing={"type": "object"})
    folder = package(tmp_path, source)
    probe(folder)
    read(folder, {"id": "1", "more": {"type": "BIG", "size": 1}})
    read(folder, {"id": "1", "more": {"type": "SMALL"}})


def test_deep_nesting(tmp_path: Path) -> None:
    depth = 60
    levels = {f"Level{i}": an_object(next=ref(f"Level{i + 1}")) for i in range(depth)}
    source = document(
        Thing=thing(next=ref("Level0")), **levels, **{f"Level{depth}": {"type": "object"}}
    )
    folder = package(tmp_path, source)
    probe(folder)
    value: Json = {"id": "1"}
    level: dict[str, Any] = value
    for _ in range(depth + 1):
        level["next"] = {}
        level = level["next"]
    read(folder, value)


def test_objects_without_fields(tmp_path: Path) -> None:
    source = document(
        Thing=thing(
            empty=ref("Empty"),
            free=ref("Free"),
            bypass={"type": "object", "properties": {}},
            many={"type": "array", "items": ref("Empty")},
        ),
        Empty={"type": "object", "properties": {}, "required": []},
        Free={"type": "object", "additionalProperties": True},
        CreateThingBody={"type": "object"},
    )
    folder = package(tmp_path, source)
    probe(folder)
    read(
        folder,
        {
            "id": "1",
            "empty": {},
            "free": {"a": [1, None]},
            "bypass": {"b": {"c": 1}},
            "many": [{}, {"d": 1}],
        },
    )


def test_fields_of_errors_named_like_attributes_of_exceptions(tmp_path: Path) -> None:
    names = [
        "status",
        "args",
        "body",
        "headers",
        "request",
        "requestId",
        "content",
        "text",
        "types",
    ]
    source = document(
        ThingNotFoundError=an_error(404, **dict.fromkeys(names, STRING), why=ref("BigThing"))
    )
    folder = package(tmp_path, source)
    probe(folder)
    shown = run_code(
        folder,
        "import json; from portone_async._errors import RequestInfo\n"
        "from portone_async.errors import ThingNotFoundError\n"
        "e = ThingNotFoundError(status=404, request=RequestInfo('GET', '/'),"
        " body={'type': 'THING_NOT_FOUND', 'status': 'a', 'requestId': 'b', 'why': {'type': 'BIG'}})\n"
        "print(json.dumps([e.status, e.status_, e.request_id, e.request_id_, e.type, e.why.type]))",
    )
    assert shown == [404, "a", None, "b", "THING_NOT_FOUND", "BIG"]


def test_every_attribute_of_errors_is_reserved() -> None:
    error = errors.APIError(status=404, request=errors.RequestInfo("GET", "/"))
    assert {name for name in dir(error) if not name.startswith("_")} <= RESERVED_ERROR_ATTRIBUTES


def test_every_name_of_the_errors_module_is_reserved() -> None:
    ours = set(errors.__all__) - set(errors._generated.__all__)
    assert ours <= RESERVED_CLASSES


def test_error_types_without_fields_of_their_own(tmp_path: Path) -> None:
    probe(package(tmp_path, document(InvalidRequestError=an_error(400))))


def test_path_that_is_odd(tmp_path: Path) -> None:
    source = document()
    source["paths"]['/a"b\\c/{client}/{thing-id}'] = source["paths"].pop("/things/{thingId}")
    parameters = operation(source, "getThing")["parameters"]
    parameters[0]["name"] = "client"
    parameters[1] = {"name": "thing-id", "in": "path", "required": True, "schema": STRING}
    folder = package(tmp_path, source)
    probe(folder)
    shown = run_code(
        folder,
        "import json; from portone_async.api import thing\nimport inspect\n"
        "f = thing._GET_THING; print(json.dumps([f.path, list(inspect.signature(thing.get_thing).parameters)]))",
    )
    assert shown == ['/a"b\\c/{client}/{thing-id}', ["client", "client_", "thing_id", "options"]]


def test_namespaces_in_namespaces(tmp_path: Path) -> None:
    placed = {"thing": ["getThing"], "thing.deep.deeper": ["getThings"], "other": ["createThing"]}
    found = probe(package(tmp_path, document(), placed))
    assert found["functions"] == {
        "getThing": "thing.get_thing",
        "getThings": "thing.deep.deeper.get_things",
        "createThing": "other.create_thing",
    }


def test_namespace_that_is_a_keyword_is_refused(tmp_path: Path) -> None:
    placed = {"class": ["getThing", "getThings", "createThing"]}
    with pytest.raises(CodegenError, match="class is not a name in Python"):
        package(tmp_path, document(), placed)
