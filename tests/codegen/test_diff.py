"""`python -m codegen diff OLD NEW`: what a new document does to users, against PortOne's promise."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from codegen_documents import (
    STRING,
    an_error,
    an_object,
    as_json,
    damaged,
    document,
    operation,
    ref,
    thing,
    union,
)
from diff_documents import between, report_on

from codegen.diff import renderers
from codegen.diff.change import Effect
from codegen.document import CodegenError, Json
from codegen.normalise import normalise


def changed(change: Callable[[Json], object], **schemas: Any) -> Json:
    source = document(**schemas)
    change(source)
    return source


def body(*required: str, **fields: Any) -> Json:
    return document(CreateThingBody=an_object(*required, **fields))


def listed(*required: str, **fields: Any) -> Json:
    return document(GetThingsBody=an_object(*required, **fields))


def of(name: str, **keywords: Any) -> Json:
    return changed(lambda source: operation(source, name).update(keywords))


def move(source: Json, old: str, new: str) -> Json:
    source["paths"][new] = source["paths"].pop(old)
    return source


def parameter(source: Json, name: str, index: int, /, **keywords: Any) -> Json:
    operation(source, name)["parameters"][index].update(keywords)
    return source


def with_query(source: Json, name: str, /, **schemas: Any) -> Json:
    parameters = operation(source, name).setdefault("parameters", [])
    parameters += [{"name": key, "in": "query", "schema": value} for key, value in schemas.items()]
    return source


def paged(source: Json) -> Json:
    """`getThings` as a list in numbered pages."""
    source["components"]["schemas"] |= {
        "GetThingsBody": an_object(page=ref("PageInput")),
        "PageInput": an_object(number=INTEGER, size=INTEGER),
    }
    return source


def swapped() -> Json:
    """`getThings` and `createThing` have each other's names."""
    source = document()
    item = source["paths"]["/things"]
    item["get"]["operationId"], item["post"]["operationId"] = "createThing", "getThings"
    return source


INTEGER = {"type": "integer", "format": "int32"}
NUMBER = {"type": "number"}
DATE = {"type": "string", "format": "date"}
FREE = {"type": "object"}
COLOURS = {"type": "string", "enum": ["RED", "BLUE"]}
FEWER = {"type": "string", "enum": ["RED"]}
MORE = {"type": "string", "enum": ["RED", "BLUE", "GREEN"]}
PLACE = an_object("street", street=STRING, city=STRING, zip=STRING)
TWICE = {"home": ref("Place"), "work": ref("Place")}


# What was, what is, and each row that this is.
CASES: dict[str, tuple[Json, Json, list[str]]] = {
    "an input field goes": (
        body("name", name=STRING, a=STRING),
        body("name", name=STRING),
        [
            "BREAK in: create_thing(a=) withheld [no]",
        ],
    ),
    "an optional input field comes": (
        body(),
        body(a=STRING),
        [
            "ADDITION in: create_thing(a=) added: str",
        ],
    ),
    "a required input field comes": (
        body(),
        body("a", a=STRING),
        [
            "BREAK in: create_thing(a=) added: str, required [no]",
        ],
    ),
    "an input becomes required": (
        body(a=STRING),
        body("a", a=STRING),
        [
            "BREAK in: create_thing(a=) required now [no]",
        ],
    ),
    "an input becomes optional": (
        body("a", a=STRING),
        body(a=STRING),
        [
            "TYPES in: create_thing(a=) optional now",
        ],
    ),
    "an input's type changes": (
        body(a=STRING),
        body(a=INTEGER),
        [
            "BREAK in: create_thing(a=) type: was str, is int [no]",
        ],
    ),
    "an input's format changes": (
        body(a=STRING),
        body(a=DATE),
        [
            "BREAK in: create_thing(a=) type: was str, is date [no]",
        ],
    ),
    "an integer's size changes": (
        body(a=INTEGER),
        body(a=INTEGER | {"format": "int64"}),
        [
            'NOTE in: create_thing(a=) format: was "int32", is "int64"',
        ],
    ),
    "a value of an input goes": (
        document(Colour=COLOURS, CreateThingBody=an_object(a=ref("Colour"))),
        document(Colour=FEWER, CreateThingBody=an_object(a=ref("Colour"))),
        [
            'BREAK in: Colour withheld: "BLUE" [runs perhaps, checks no] create_thing',
        ],
    ),
    "a value of an input comes": (
        document(Colour=FEWER, CreateThingBody=an_object(a=ref("Colour"))),
        document(Colour=COLOURS, CreateThingBody=an_object(a=ref("Colour"))),
        [
            'ADDITION in: Colour added: "BLUE" create_thing',
        ],
    ),
    "an input of text becomes an enum": (
        document(Colour=COLOURS, CreateThingBody=an_object(a=STRING)),
        document(Colour=COLOURS, CreateThingBody=an_object(a=ref("Colour"))),
        [
            "BREAK in: create_thing(a=) type: was str, is Colour [runs perhaps, checks no] +Colour",
        ],
    ),
    "an output field goes": (
        document(Thing=thing(a=STRING)),
        document(Thing=thing()),
        [
            "BREAK out: Thing.a withheld [no] get_thing get_things",
        ],
    ),
    "an output field comes": (
        document(Thing=thing()),
        document(Thing=thing(a=STRING)),
        [
            "ADDITION out: Thing.a added: str get_thing get_things",
        ],
    ),
    "a required output field comes": (
        document(Thing=thing()),
        document(Thing=an_object("a", "id", id=STRING, a=STRING)),
        [
            "ADDITION out: Thing.a added: str, required get_thing get_things",
        ],
    ),
    "an output becomes optional": (
        document(Thing=an_object("a", a=STRING)),
        document(Thing=an_object(a=STRING)),
        [
            "BREAK out: Thing.a optional now [runs perhaps, checks no] get_thing get_things",
        ],
    ),
    "an output becomes required": (
        document(Thing=an_object(a=STRING)),
        document(Thing=an_object("a", a=STRING)),
        [
            "TYPES out: Thing.a required now get_thing get_things",
        ],
    ),
    "an output's type changes": (
        document(Thing=thing(a=STRING)),
        document(Thing=thing(a={"type": "boolean"})),
        [
            "BREAK out: Thing.a type: was str, is bool [no] get_thing get_things",
        ],
    ),
    "what an output's list holds changes": (
        document(Thing=thing(a={"type": "array", "items": STRING})),
        document(Thing=thing(a={"type": "array", "items": INTEGER})),
        [
            "BREAK out: Thing.a type: was list[str], is list[int] [no] get_thing get_things",
        ],
    ),
    "what an output's map holds changes": (
        document(Thing=thing(a=ref("ThingMap"))),
        document(Thing=thing(a=ref("ThingMap")), ThingMap={"type": "object", "additionalProperties": INTEGER}),
        [
            "BREAK in out: ThingMap[...] type: was str, is int [no] create_thing get_thing get_things",
        ],
    ),
    "the type of all other fields of an output comes": (
        document(Thing=thing()),
        document(Thing=thing() | {"additionalProperties": INTEGER}),
        [
            "ADDITION out: Thing[...] added: int get_thing get_things",
        ],
    ),
    "the type of all other fields of an output changes": (
        document(Thing=thing() | {"additionalProperties": STRING}),
        document(Thing=thing() | {"additionalProperties": INTEGER}),
        [
            "BREAK out: Thing[...] type: was str, is int [no] get_thing get_things",
        ],
    ),
    "a body comes in another form": (
        document(),
        changed(lambda s: operation(s, "createThing")["requestBody"].update(content={"application/x-www-form-urlencoded": {"schema": ref("CreateThingBody")}})),
        [
            "BREAK: create_thing media type of the body: was application/json, is application/x-www-form-urlencoded [no]",
        ],
    ),
    "a reply is created or accepted now": (
        document(),
        changed(lambda s: operation(s, "getThing")["responses"].update({"201": operation(s, "getThing")["responses"].pop("200")})),
        [
            "NOTE: get_thing documented statuses: was 200, 400, 404, is 201, 400, 404",
        ],
    ),
    "a reply has no content any more": (
        document(),
        changed(lambda s: operation(s, "getThing")["responses"].update({"204": (operation(s, "getThing")["responses"].pop("200"), {"description": ""})[1]})),
        [
            "BREAK out: get_thing result: was Thing, is None [no]",
            "NOTE: get_thing documented statuses: was 200, 400, 404, is 204, 400, 404",
        ],
    ),
    "another server beside it": (
        document() | {"servers": [{"url": "https://api.portone.io"}]},
        document() | {"servers": [{"url": "https://api.portone.io"}, {"url": "https://api2.portone.io"}]},
        [
            "TYPES: server was https://api.portone.io, is https://api.portone.io, https://api2.portone.io [runs perhaps, checks yes]",
        ],
    ),
    "a class becomes free-form": (
        document(Place=PLACE, Thing=thing(at=ref("Place"))),
        document(Place=FREE, Thing=thing(at=ref("Place"))),
        [
            "BREAK out: Place.city withheld [no] get_thing get_things",
            "BREAK out: Place.street withheld [no] get_thing get_things",
            "BREAK out: Place.zip withheld [no] get_thing get_things",
        ],
    ),
    "a class that stays is reached from fewer places": (
        document(Place=PLACE, Thing=thing(at=ref("Place")), GetThingsResponse=an_object("items", items={"type": "array", "items": ref("Thing")}, at=ref("Place"))),
        document(Place=PLACE, Thing=thing(at=ref("Place"))),
        [
            "unstable TYPES out: GetThingsResponse.at withheld [no] get_things",
        ],
    ),
    "a value of an output goes": (
        document(Thing=thing(kind=ref("ThingKind"))),
        document(Thing=thing(kind=ref("ThingKind")), ThingKind=FEWER),
        [
            'TYPES out: ThingKind withheld: "BLUE" [runs yes, checks no] get_thing get_things',
        ],
    ),
    "a variant comes": (
        document(Thing=thing(more=ref("ThingMore"))),
        document(
            Thing=thing(more=ref("ThingMore")),
            Huge=an_object(),
            ThingMore=union("type", BIG="BigThing", SMALL="SmallThing", HUGE="Huge"),
        ),
        [
            'ADDITION out: ThingMore variant added: "HUGE", Huge get_thing get_things +Huge',
        ],
    ),
    "a variant goes": (
        document(),
        document(ThingMore=union("type", BIG="BigThing")),
        [
            'TYPES out: ThingMore variant withheld: "SMALL", SmallThing [no] get_thing get_things -SmallThing',
        ],
    ),
    "a variant changes": (
        document(),
        document(SmallThing=an_object("type", type=STRING)),
        [
            "BREAK out: SmallThing.size withheld [no] get_thing get_things",
        ],
    ),
    "a variant gets another tag": (
        document(),
        document(ThingMore=union("type", BIG="BigThing", TINY="SmallThing")),
        [
            'TYPES out: ThingMore the variant that was told by "SMALL" is told by "TINY" [runs yes, checks no] get_thing get_things',
        ],
    ),
    "a type of errors comes": (
        document(),
        document(
            GoneError=an_error(410), ThingGoneError=an_error(410),
            GetThingError=union("type", INVALID_REQUEST="InvalidRequestError", THING_NOT_FOUND="ThingNotFoundError", THING_GONE="ThingGoneError"),
        ),
        [
            "ADDITION out: errors.ThingGoneError added create_thing get_thing get_things",
        ],
    ),
    "an error gets another status": (
        document(),
        document(ThingNotFoundError=an_error(410)),
        [
            "TYPES out: errors.ThingNotFoundError status: was 404, is 410 [runs perhaps, checks yes] create_thing get_thing get_things",
        ],
    ),
    "a schema gets another name": (
        document(Thing=thing(a=ref("SmallThing"))),
        document(Thing=thing(a=ref("Tiny")), Tiny=an_object(size=STRING)),
        [
            "BREAK out: SmallThing.size type: was int, is str [no] get_thing get_things",
            "BREAK out: SmallThing.type withheld [no] get_thing get_things",
            "TYPES out: SmallThing renamed: Tiny [no] get_thing get_things",
        ],
    ),
    "only what unstable operations take": (
        listed(page=INTEGER),
        listed(),
        [
            "unstable TYPES in: get_things(page=) withheld [no]",
        ],
    ),
    "an operation goes": (
        document(),
        changed(lambda s: s["paths"]["/things"].pop("post")),
        [
            "BREAK: create_thing withheld [no] -CreateThingBody -ThingMap",
        ],
    ),
    "an unstable operation goes": (
        document(),
        changed(lambda s: s["paths"]["/things"].pop("get")),
        [
            "unstable TYPES: get_things withheld [no] -GetThingsBody -GetThingsResponse",
        ],
    ),
    "an operation comes": (
        changed(lambda s: s["paths"]["/things"].pop("get")),
        document(),
        [
            "unstable ADDITION: get_things added: GET /things +GetThingsBody +GetThingsResponse",
        ],
    ),
    "an operation gets another name": (
        document(),
        of("createThing", operationId="makeThing"),
        [
            "TYPES: create_thing renamed: portone.thing.make_thing [no]",
        ],
    ),
    "an operation moves": (
        document(),
        changed(lambda s: s["paths"].update({"/goods/{thingId}": s["paths"].pop("/things/{thingId}")})),
        [
            "BREAK: get_thing path: was GET /things/{thingId}, is GET /goods/{thingId}",
        ],
    ),
    "an operation becomes unstable": (
        document(),
        of("createThing", **{"x-portone-unstable": True}),
        [
            "BREAK: create_thing stability: was stable, is unstable",
        ],
    ),
    "an operation becomes stable": (
        document(),
        of("getThings", **{"x-portone-unstable": False}),
        [
            "unstable ADDITION: get_things stability: was unstable, is stable",
        ],
    ),
    "an operation needs authentication": (
        document(),
        of("createThing", security=[{"portOne": []}]),
        [
            "BREAK: create_thing authentication: was none, is portOne [runs perhaps, checks yes]",
        ],
    ),
    "a parameter goes": (
        document(),
        changed(lambda s: operation(s, "getThing")["parameters"].pop()),
        [
            "BREAK in: get_thing(store_id=) withheld [no]",
        ],
    ),
    "a parameter becomes required": (
        document(),
        changed(lambda s: operation(s, "getThing")["parameters"][1].update(required=True)),
        [
            "BREAK in: get_thing(store_id=) required now [no]",
        ],
    ),
    "a reply comes in another form": (
        document(),
        changed(lambda s: operation(s, "getThing")["responses"]["200"].update(content={"text/csv": {"schema": STRING}})),
        [
            "BREAK out: get_thing result: was Thing, is Path [no]",
        ],
    ),
    "a reply may be empty now": (
        document(),
        changed(lambda s: operation(s, "getThing")["responses"].update({"204": {"description": ""}})),
        [
            "BREAK out: get_thing result: was Thing, is Thing | None [runs perhaps, checks no]",
            "NOTE: get_thing documented statuses: was 200, 400, 404, is 200, 204, 400, 404",
        ],
    ),
    "an input is not taken any more": (
        body(a=STRING),
        body(a=STRING | {"readOnly": True}),
        [
            "BREAK in: create_thing(a=) readOnly: was not set, is true [no]",
        ],
    ),
    "an input is taken again": (
        body(a=STRING | {"readOnly": True}),
        body(a=STRING),
        [
            "TYPES in: create_thing(a=) readOnly: was true, is not set",
        ],
    ),
    "a field of an input's class is not taken any more": (
        document(CreateThingBody=an_object(place=ref("Place")), Place=PLACE),
        document(
            CreateThingBody=an_object(place=ref("Place")),
            Place=an_object("street", street=STRING, city=STRING, zip=STRING | {"readOnly": True}),
        ),
        [
            "BREAK in: Place.zip readOnly: was not set, is true [runs perhaps, checks yes] create_thing",
        ],
    ),
    "a parameter is deprecated": (
        document(),
        parameter(document(), "getThing", 1, deprecated=True),
        [
            "NOTE in: get_thing(store_id=) deprecated: was not set, is true",
        ],
    ),
    "a list is written in another way": (
        with_query(document(), "getThing", ids={"type": "array", "items": STRING}),
        parameter(with_query(document(), "getThing", ids={"type": "array", "items": STRING}), "getThing", 2, explode=False),
        [
            "BREAK in: get_thing(ids=) explode: was not set, is false",
        ],
    ),
    "a header is documented": (
        document(),
        changed(lambda s: operation(s, "getThing")["responses"]["200"].update(headers={"X-Count": {"schema": INTEGER}})),
        [
            "NOTE: get_thing documented headers: was none, is 200 X-Count",
        ],
    ),
    "a server's address gains a slash": (
        document(),
        document() | {"servers": [{"url": "https://api.portone.io/"}]},
        [],
    ),
    "a reply comes where none was": (
        document(),
        changed(lambda s: operation(s, "createThing")["responses"]["200"].update(content=as_json("Thing"))),
        [
            "ADDITION out: create_thing result: was None, is Thing",
        ],
    ),
    "a status of errors comes": (
        document(),
        changed(lambda s: operation(s, "createThing")["responses"].update({"404": {"content": as_json("GetThingError")}})),
        [
            "NOTE: create_thing documented statuses: was 200, 400, is 200, 400, 404",
        ],
    ),
    "only words change": (
        document(),
        of("createThing", summary="다른 말", description="다른 말"),
        [],
    ),
    "an input's format goes": (
        body(a=DATE),
        body(a=STRING),
        [
            "TYPES in: create_thing(a=) type: was date, is str [no]",
        ],
    ),
    "an enum of inputs becomes text": (
        document(Colour=COLOURS, CreateThingBody=an_object(a=ref("Colour"))),
        body(a=STRING),
        [
            "TYPES in: create_thing(a=) type: was Colour, is str [no] -Colour",
        ],
    ),
    "an input takes another enum with more values": (
        document(Colour=COLOURS, Thing=thing(a=ref("Colour")), CreateThingBody=an_object(a=ref("Colour"))),
        document(Colour=COLOURS, Shade=MORE, Thing=thing(a=ref("Colour")), CreateThingBody=an_object(a=ref("Shade"))),
        [
            "TYPES in: create_thing(a=) type: was Colour, is Shade +Shade",
        ],
    ),
    "an output's format comes": (
        document(Thing=thing(a=STRING)),
        document(Thing=thing(a=DATE)),
        [
            "TYPES out: Thing.a type: was str, is date [no] get_thing get_things",
        ],
    ),
    "an output's text becomes an enum": (
        document(Thing=thing(a=STRING)),
        document(Thing=thing(a=ref("ThingKind"))),
        [
            "TYPES out: Thing.a type: was str, is ThingKind get_thing get_things +ThingKind",
        ],
    ),
    "an output's enum becomes text": (
        document(Thing=thing(kind=ref("ThingKind"))),
        document(Thing=thing(kind=STRING)),
        [
            "TYPES out: Thing.kind type: was ThingKind, is str [no] get_thing get_things -ThingKind",
        ],
    ),
    "an input's limit becomes narrower": (
        body(a=STRING | {"maxLength": 20}),
        body(a=STRING | {"maxLength": 10}),
        [
            "BREAK in: create_thing(a=) maxLength: was 20, is 10 [runs perhaps, checks yes]",
        ],
    ),
    "an input's limit becomes wider": (
        body(a=STRING | {"maxLength": 10}),
        body(a=STRING | {"maxLength": 20}),
        [
            "NOTE in: create_thing(a=) maxLength: was 10, is 20",
        ],
    ),
    "an input gets a limit": (
        body(a=INTEGER),
        body(a=INTEGER | {"minimum": 1}),
        [
            "BREAK in: create_thing(a=) minimum: was not set, is 1 [runs perhaps, checks yes]",
        ],
    ),
    "an input loses a limit": (
        body(a=INTEGER | {"minimum": 1}),
        body(a=INTEGER),
        [
            "NOTE in: create_thing(a=) minimum: was 1, is not set",
        ],
    ),
    "an output gets a limit": (
        document(Thing=thing(a=STRING)),
        document(Thing=thing(a=STRING | {"maxLength": 10})),
        [
            "NOTE out: Thing.a maxLength: was not set, is 10 get_thing get_things",
        ],
    ),
    "a default changes": (
        body(a=STRING | {"default": "x"}),
        body(a=STRING | {"default": "y"}),
        [
            'NOTE in: create_thing(a=) default: was "x", is "y"',
        ],
    ),
    "a field is deprecated": (
        document(Thing=thing(a=STRING)),
        document(Thing=thing(a=STRING | {"deprecated": True})),
        [
            "NOTE out: Thing.a deprecated: was not set, is true get_thing get_things",
        ],
    ),
    "an enum is deprecated": (
        document(Thing=thing(kind=ref("ThingKind"))),
        document(Thing=thing(kind=ref("ThingKind")), ThingKind={"type": "string", "enum": ["RED", "BLUE"], "deprecated": True}),
        [
            "NOTE out: ThingKind deprecated: was not set, is true get_thing get_things",
        ],
    ),
    "an operation is deprecated": (
        document(),
        of("createThing", deprecated=True),
        [
            "NOTE: create_thing deprecation: was in use, is deprecated",
        ],
    ),
    "a class is renamed": (
        document(Place=PLACE, Thing=thing(**TWICE)),
        document(Spot=PLACE, Thing=thing(home=ref("Spot"), work=ref("Spot"))),
        [
            "TYPES out: Place renamed: Spot [no] get_thing get_things",
        ],
    ),
    "a class is renamed and gets a field": (
        document(Place=PLACE, Thing=thing(at=ref("Place"))),
        document(Spot=an_object("street", street=STRING, city=STRING, zip=STRING, floor=INTEGER), Thing=thing(at=ref("Spot"))),
        [
            "TYPES out: Place renamed: Spot [no] get_thing get_things",
            "ADDITION out: Place.floor added: int get_thing get_things",
        ],
    ),
    "a class that only renamed classes hold is renamed": (
        document(Outer=an_object(place=ref("Place"), n=INTEGER), Place=PLACE, Thing=thing(at=ref("Outer"))),
        document(Outside=an_object(place=ref("Spot"), n=INTEGER), Spot=PLACE, Thing=thing(at=ref("Outside"))),
        [
            "TYPES out: Outer renamed: Outside [no] get_thing get_things",
            "TYPES out: Place renamed: Spot [no] get_thing get_things",
        ],
    ),
    "a class is renamed and is used elsewhere": (
        document(Place=PLACE, Thing=thing(old=ref("Place"))),
        document(Spot=PLACE, Thing=thing(other=ref("Spot"))),
        [
            "BREAK out: Thing.old withheld [no] get_thing get_things",
            "TYPES out: Place renamed: Spot [no] get_thing get_things",
            "ADDITION out: Thing.other added: Spot get_thing get_things",
        ],
    ),
    "a class gives way to one that was there": (
        document(Place=PLACE, Spot=PLACE, Thing=thing(home=ref("Place"), work=ref("Spot"))),
        document(Spot=PLACE, Thing=thing(home=ref("Spot"), work=ref("Spot"))),
        [
            "TYPES out: Thing.home type: was Place, is Spot [no] get_thing get_things -Place",
        ],
    ),
    "three fields get another class that lacks something": (
        document(Place=PLACE, Spot=an_object(street=STRING), Thing=thing(home=ref("Place"), work=ref("Place"), x=ref("Spot"), y=ref("Place"))),
        document(Place=PLACE, Spot=an_object(street=STRING), Thing=thing(home=ref("Spot"), work=ref("Spot"), x=ref("Spot"), y=ref("Place"))),
        [
            "BREAK out: Thing.home type: was Place, is Spot [no] get_thing get_things",
            "BREAK out: Thing.work type: was Place, is Spot [no] get_thing get_things",
        ],
    ),
    "an input gets another class that takes as much": (
        document(Place=PLACE, CreateThingBody=an_object(a=ref("Place"), b=ref("Place"))),
        document(Place=PLACE, Spot=an_object("street", street=STRING, city=STRING, zip=STRING, floor=INTEGER), CreateThingBody=an_object(a=ref("Place"), b=ref("Spot"))),
        [
            "TYPES in: create_thing(b=) type: was Place, is Spot [no] +Spot",
        ],
    ),
    "an error class is renamed": (
        document(),
        document(NoThingError=an_error(404), GetThingError=union("type", INVALID_REQUEST="InvalidRequestError", THING_NOT_FOUND="NoThingError")),
        [
            "TYPES out: errors.ThingNotFoundError renamed: errors.NoThingError [no] create_thing get_thing get_things",
        ],
    ),
    "an error is not raised any more": (
        document(),
        document(GetThingError=union("type", INVALID_REQUEST="InvalidRequestError")),
        [
            "TYPES out: errors.ThingNotFoundError withheld [no] create_thing get_thing get_things",
        ],
    ),
    "an error that others raise already is raised": (
        changed(lambda s: operation(s, "createThing")["responses"].update({"400": {"content": as_json("CreateThingError")}}), CreateThingError=union("type", INVALID_REQUEST="InvalidRequestError")),
        changed(lambda s: operation(s, "createThing")["responses"].update({"400": {"content": as_json("CreateThingError")}}), CreateThingError=union("type", INVALID_REQUEST="InvalidRequestError", THING_NOT_FOUND="ThingNotFoundError")),
        [
            "ADDITION out: errors.ThingNotFoundError raised by more functions create_thing",
        ],
    ),
    "an error gets a field": (
        document(),
        document(ThingNotFoundError=an_error(404, status=STRING)),
        [
            "ADDITION out: errors.ThingNotFoundError.status_ added: str create_thing get_thing get_things",
        ],
    ),
    "an error's type is called otherwise": (
        document(),
        document(GetThingError=union("type", INVALID_REQUEST="InvalidRequestError", THING_GONE="ThingNotFoundError")),
        [
            "TYPES out: errors.ThingNotFoundError types: was THING_NOT_FOUND, is THING_GONE [runs perhaps, checks yes] create_thing get_thing get_things",
        ],
    ),
    "a union gets another discriminator": (
        document(),
        document(ThingMore=union("kind", BIG="BigThing", SMALL="SmallThing")),
        [
            "BREAK out: ThingMore discriminator: was type, is kind get_thing get_things",
            "ADDITION out: BigThing.kind added: str, required get_thing get_things",
            "ADDITION out: SmallThing.kind added: str, required get_thing get_things",
        ],
    ),
    "a variant is another class": (
        document(Huge=an_object(weight=INTEGER)),
        document(Huge=an_object(weight=INTEGER), ThingMore=union("type", BIG="BigThing", SMALL="Huge")),
        [
            'BREAK out: ThingMore variant "SMALL" was SmallThing, is Huge [no] get_thing get_things +Huge -SmallThing',
        ],
    ),
    "a field is renamed": (
        document(Thing=thing(orderName=STRING)),
        document(Thing=thing(name=STRING)),
        [
            "BREAK out: Thing.order_name renamed: name [no] get_thing get_things",
        ],
    ),
    "a field of a class is renamed": (
        document(Place=PLACE, Thing=thing(at=ref("Place"))),
        document(Place=PLACE, Thing=thing(where=ref("Place"))),
        [
            "BREAK out: Thing.at renamed: where [no] get_thing get_things",
        ],
    ),
    "a field goes and another one comes": (
        document(Thing=thing(brn=STRING)),
        document(Thing=thing(phone=STRING)),
        [
            "BREAK out: Thing.brn withheld [no] get_thing get_things",
            "ADDITION out: Thing.phone added: str get_thing get_things",
        ],
    ),
    "a field is written otherwise in JSON": (
        document(Thing=thing(URLOf=STRING)),
        document(Thing=thing(urlOf=STRING)),
        [
            "BREAK out: Thing.url_of renamed: urlOf get_thing get_things",
        ],
    ),
    "the name of a class is used for another enum": (
        document(Thing=thing(kind=ref("ThingKind"))),
        document(Thing=thing(kind=ref("ThingKind")), ThingKind={"type": "string", "enum": ["PAYOUT", "REMIT"]}),
        [
            "TYPES out: ThingKind the name means something else: was enum of RED, BLUE, is enum of PAYOUT, REMIT [no] get_thing get_things",
        ],
    ),
    "the name of a class is used for something of another kind": (
        document(Thing=thing(kind=ref("ThingKind"))),
        document(Thing=thing(kind=ref("ThingKind")), ThingKind=PLACE),
        [
            "BREAK out: ThingKind the name means something else: was enum of RED, BLUE, is object of street, city, zip [no] get_thing get_things",
        ],
    ),
    "the name of a class is used for another class, and its own is new": (
        document(Place=PLACE, Thing=thing(at=ref("Place"))),
        document(Spot=PLACE, Place=an_object(x=INTEGER, y=INTEGER), Thing=thing(at=ref("Spot"), point=ref("Place"))),
        [
            "TYPES out: Place renamed: Spot [no] get_thing get_things",
            "TYPES out: Place the name means something else: was object of street, city, zip, is object of x, y [no] get_thing get_things",
            "ADDITION out: Thing.point added: Place get_thing get_things",
        ],
    ),
    "a free-form input gets a class": (
        document(Place=PLACE, CreateThingBody=an_object(a=FREE)),
        document(Place=PLACE, CreateThingBody=an_object(a=ref("Place"))),
        [
            "BREAK in: create_thing(a=) type: was dict[str, Any], is Place [no] +Place",
        ],
    ),
    "an output of a class becomes free-form": (
        document(Place=PLACE, Thing=thing(a=ref("Place"))),
        document(Thing=thing(a=FREE)),
        [
            "BREAK out: Thing.a type: was Place, is dict[str, Any] [no] get_thing get_things -Place",
        ],
    ),
    "two operations swap their names": (
        document(),
        swapped(),
        [
            "TYPES: create_thing the name means something else: was POST /things, is GET /things [no]",
            "TYPES: create_thing renamed: portone.thing.get_things [no]",
            "unstable TYPES: get_things the name means something else: was GET /things, is POST /things [no]",
            "unstable TYPES: get_things renamed: portone.thing.create_thing [no]",
        ],
    ),
    "the name of an operation is used for another": (
        document(),
        changed(lambda s: (move(s, "/things/{thingId}", "/shops/{shopId}/names"), parameter(s, "getThing", 0, name="shopId"), operation(s, "getThing")["parameters"].pop(), operation(s, "getThing")["responses"]["200"].update(content=as_json("Shop"))), Shop=an_object(a=STRING, b=STRING)),
        [
            "BREAK: get_thing the name means something else: was GET /things/{thingId}, is GET /shops/{shopId}/names [no] +Shop",
        ],
    ),
    "a path's parameter is called otherwise": (
        document(),
        changed(lambda s: (move(s, "/things/{thingId}", "/things/{id}"), parameter(s, "getThing", 0, name="id"))),
        [
            "TYPES in: get_thing(thing_id=) renamed: id [runs perhaps, checks perhaps]",
        ],
    ),
    "a parameter goes from the query into the path": (
        document(),
        changed(lambda s: (move(s, "/things/{thingId}", "/stores/{storeId}/things/{thingId}"), parameter(s, "getThing", 1, **{"in": "path", "required": True}))),
        [
            "BREAK: get_thing path: was GET /things/{thingId}, is GET /stores/{storeId}/things/{thingId}",
            "BREAK in: get_thing(store_id=) required now [no]",
            "BREAK in: get_thing(store_id=) place: was query, is path",
        ],
    ),
    "a parameter goes from the query into the body": (
        changed(lambda s: with_query(s, "createThing", note=STRING)),
        document(CreateThingBody=an_object("name", name=STRING, map=ref("ThingMap"), note=STRING)),
        [
            "BREAK in: create_thing(note=) place: was query, is body",
        ],
    ),
    "a parameter comes": (
        document(),
        changed(lambda s: with_query(s, "createThing", test={"type": "boolean"})),
        [
            "ADDITION in: create_thing(test=) added: bool",
        ],
    ),
    "a body comes": (
        changed(lambda s: operation(s, "createThing").pop("requestBody")),
        document(),
        [
            "BREAK in: create_thing(name=) added: str, required [no] +CreateThingBody +ThingMap",
            "ADDITION in: create_thing(map=) added: ThingMap",
        ],
    ),
    "a body goes": (
        document(),
        changed(lambda s: operation(s, "createThing").pop("requestBody")),
        [
            "BREAK in: create_thing(map=) withheld [no] -CreateThingBody -ThingMap",
            "BREAK in: create_thing(name=) withheld [no]",
        ],
    ),
    "a body is required": (
        changed(lambda s: operation(s, "createThing")["requestBody"].update(required=False)),
        document(),
        [
            "BREAK: create_thing body required now",
        ],
    ),
    "a body is another class": (
        document(),
        changed(lambda s: operation(s, "createThing")["requestBody"].update(content=as_json("MakeThing")), MakeThing=an_object("name", name=STRING, map=ref("ThingMap"))),
        [
            "TYPES in: CreateThingBody renamed: MakeThing [no] create_thing",
        ],
    ),
    "a list comes in pages": (
        document(),
        paged(document()),
        [
            "unstable TYPES in: get_things(page=) type: was int, is PageInput [no] +PageInput",
            "unstable ADDITION: iter_things added",
        ],
    ),
    "a list comes in pages no more": (
        paged(document()),
        document(),
        [
            "unstable TYPES: iter_things withheld [no]",
            "unstable TYPES in: get_things(page=) type: was PageInput, is int [no] -PageInput",
        ],
    ),
    "another way to authenticate": (
        of("createThing", security=[{"portOne": []}]),
        of("createThing", security=[{"portOne": []}, {"bearer": []}]),
        [
            "NOTE: create_thing authentication: was portOne, is bearer or portOne",
        ],
    ),
    "a way to authenticate goes": (
        of("createThing", security=[{"portOne": []}, {"bearer": []}]),
        of("createThing", security=[{"portOne": []}]),
        [
            "BREAK: create_thing authentication: was bearer or portOne, is portOne [runs perhaps, checks yes]",
        ],
    ),
    "no authentication": (
        of("createThing", security=[{"portOne": []}]),
        document(),
        [
            "NOTE: create_thing authentication: was portOne, is none",
        ],
    ),
    "another authentication scheme": (
        document(),
        changed(lambda s: s["components"]["securitySchemes"].update(portOne={"type": "http", "scheme": "bearer"})),
        [
            "TYPES: authentication scheme portOne was scheme: portone, type: http, is scheme: bearer, type: http [runs perhaps, checks yes]",
        ],
    ),
    "a class is used on one side more": (
        document(Place=PLACE, Thing=thing(at=ref("Place"))),
        document(Place=PLACE, Thing=thing(at=ref("Place")), CreateThingBody=an_object("name", name=STRING, map=ref("ThingMap"), at=ref("Place"))),
        [
            "ADDITION in: create_thing(at=) added: Place",
        ],
    ),
    "nothing is promised of what stable operations do not use any more": (
        document(Place=PLACE, Thing=thing(at=ref("Place")), GetThingsResponse=an_object("items", items={"type": "array", "items": ref("Thing")}, at=ref("Place"))),
        document(Place=an_object(street=STRING, city=STRING), Thing=thing(), GetThingsResponse=an_object("items", items={"type": "array", "items": ref("Thing")}, at=ref("Place"))),
        [
            "BREAK out: Thing.at withheld [no] get_thing get_things",
            "unstable TYPES out: Place.street optional now [runs perhaps, checks no] get_things",
            "unstable TYPES out: Place.zip withheld [no] get_things",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), CASES.values(), ids=CASES.keys())
def test_rows_of_a_change(old: Json, new: Json, expected: list[str]) -> None:
    assert between(old, new) == expected
    assert between(old, old) == between(new, new) == []


def test_change_that_stable_and_unstable_operations_meet_is_a_stable_one() -> None:
    # `Thing` is what the stable getThing answers, and an item of what the unstable getThings does.
    (change,) = report_on(document(Thing=thing(a=STRING)), document(Thing=thing())).changes
    assert change.stable
    assert change.effect is Effect.BREAK


def test_schema_that_goes_in_and_out_is_judged_for_both() -> None:
    def both(*required: str) -> Json:
        return document(
            Shared=an_object(*required, a=STRING),
            Thing=thing(shared=ref("Shared")),
            CreateThingBody=an_object(shared=ref("Shared")),
        )

    # Fine as an input, and a break as an output.
    rest = "[runs perhaps, checks no] create_thing get_thing get_things"
    assert between(both("a"), both()) == [f"BREAK in out: Shared.a optional now {rest}"]
    # The other way round.
    rest = "[no] create_thing get_thing get_things"
    assert between(both(), both("a")) == [f"BREAK in out: Shared.a required now {rest}"]


def test_recursion_ends() -> None:
    def recursive(**fields: Any) -> Json:
        return document(Thing=thing(itself=ref("Thing"), **fields))

    assert between(recursive(), recursive(a=STRING)) == [
        "ADDITION out: Thing.a added: str get_thing get_things"
    ]
    other = document(
        Thing=thing(at=ref("Node")), Node=an_object(next=ref("Node"), a=STRING, b=STRING)
    )
    renamed = document(
        Thing=thing(at=ref("Knot")), Knot=an_object(next=ref("Knot"), a=STRING, b=STRING)
    )
    assert between(other, renamed) == ["TYPES out: Node renamed: Knot [no] get_thing get_things"]


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same document in another order: keys of objects, and lists whose order says nothing."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {
            key: chance.sample(value[key], len(value[key]))
            if key in ("required", "enum", "parameters", "oneOf") and isinstance(value[key], list)
            else shuffled(value[key], chance)
            for key in keys
        }
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


def test_order_says_nothing() -> None:
    source = paged(
        document(Place=PLACE, CreateThingBody=an_object("name", name=STRING, at=ref("Place")))
    )
    for seed in range(20):
        assert between(source, shuffled(source, random.Random(seed))) == []


def test_whatever_was_imported_is_compared_or_refused_by_name() -> None:
    """Any change of a fact makes a row; the version alone is none, as PortOne's has stood still for years."""
    whole = normalise(document())
    compared = 0
    silent: list[str] = []
    refusals: list[str] = []
    for path, junk, source in damaged():
        try:
            facts = normalise(source)
        except CodegenError:
            continue
        if facts | {"info": None} == whole | {"info": None}:
            continue
        if junk is ... and path[:2] == ("components", "schemas") and path[3:] == ("type",):
            continue  # the type of a component that is left out is the one that its other keywords imply
        if "responses" in path and path[-1] != "responses" and junk in ({}, ...):
            continue  # the errors of one status, which those of the other name too: only their types count
        try:
            for old, new in ((document(), source), (source, document())):
                if not between(old, new):
                    silent.append(f"{junk!r} at {path}")
        except CodegenError as error:
            refusals.append(str(error))
        except Exception as error:
            raise AssertionError(f"{junk!r} at {path}") from error
        else:
            compared += 1
    assert not silent, "\n".join(silent)
    assert compared > 100
    assert len(refusals) > 10
    assert [text for text in refusals if not text.startswith(("old: ", "new: "))] == []


def test_no_word_of_portone_is_repeated() -> None:
    words = {"물건", "설명", "글자", "여럿", "포트원", "종류", "열쇠"}
    for old, new, _ in CASES.values():
        report = report_on(old, new)
        texts = [renderers.markdown(report), renderers.page(report), renderers.as_json(report)]
        for text in [*texts, renderers.changelog(report)]:
            assert not [word for word in words if word in text]
