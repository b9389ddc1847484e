"""`python -m codegen diff OLD NEW`: what a new document does to users, against PortOne's promise."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from codegen_documents import (
    NEWEST,
    OLDER,
    STRING,
    an_error,
    an_object,
    as_json,
    damaged,
    document,
    operation,
    published,
    ref,
    thing,
    union,
)

from codegen.__main__ import main
from codegen.changes import Effect, broken, changes, report
from codegen.document import VENDORED, CodegenError, Json, operations
from codegen.normalise import normalise

BREAK, TYPE, ADDITION, NONE = Effect


Row = tuple[str, str, str, Effect, bool]


def between(old: Json, new: Json) -> list[Row]:
    """Every change as (where, what, side, effect, stable)."""
    found = changes(normalise(old), normalise(new))
    return [(c.where, c.what, c.side, c.effect, c.stable) for c in found]


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


INTEGER = {"type": "integer", "format": "int32"}
DATE = {"type": "string", "format": "date"}
COLOURS = {"type": "string", "enum": ["RED", "BLUE"]}
FEWER = {"type": "string", "enum": ["RED"]}

# What was, what is, and each change that this is.
CASES: dict[str, tuple[Json, Json, list[Row] | None]] = {
    "an input field goes": (
        body("name", name=STRING, a=STRING), body("name", name=STRING),
        [("CreateThingBody.a", "removed", "input", BREAK, True)],
    ),
    "an optional input field comes": (
        body(), body(a=STRING), [("CreateThingBody.a", "added", "input", ADDITION, True)],
    ),
    "a required input field comes": (
        body(), body("a", a=STRING),
        [("CreateThingBody.a", "added, required", "input", BREAK, True)],
    ),
    "an input becomes required": (
        body(a=STRING), body("a", a=STRING),
        [("CreateThingBody.a", "is required now", "input", BREAK, True)],
    ),
    "an input becomes optional": (
        body("a", a=STRING), body(a=STRING),
        [("CreateThingBody.a", "is optional now", "input", TYPE, True)],
    ),
    "an input's type changes": (
        body(a=STRING), body(a=INTEGER),
        [("CreateThingBody.a", "was of type string, is of type integer now", "input", BREAK, True)],
    ),
    "an input's format changes": (
        body(a=STRING), body(a=DATE),
        [("CreateThingBody.a", "format was not set, is date now", "input", TYPE, True)],
    ),
    "an integer's size changes": (
        body(a=INTEGER), body(a=INTEGER | {"format": "int64"}),
        [("CreateThingBody.a", "format was int32, is int64 now", "input", NONE, True)],
    ),
    "a value of an input goes": (
        document(Colour=COLOURS, CreateThingBody=an_object(a=ref("Colour"))),
        document(Colour=FEWER, CreateThingBody=an_object(a=ref("Colour"))),
        [("Colour", "`BLUE` removed", "input", BREAK, True)],
    ),
    "a value of an input comes": (
        document(Colour=FEWER, CreateThingBody=an_object(a=ref("Colour"))),
        document(Colour=COLOURS, CreateThingBody=an_object(a=ref("Colour"))),
        [("Colour", "`BLUE` added", "input", ADDITION, True)],
    ),
    "an input of text becomes an enum": (
        document(Colour=COLOURS, CreateThingBody=an_object(a=STRING)),
        document(Colour=COLOURS, CreateThingBody=an_object(a=ref("Colour"))),
        [("CreateThingBody.a", "was of type string, is of type enum now", "input", BREAK, True)],
    ),
    "an output field goes": (
        document(Thing=thing(a=STRING)), document(Thing=thing()),
        [("Thing.a", "removed", "output", BREAK, True)],
    ),
    "an output field comes": (
        document(Thing=thing()), document(Thing=thing(a=STRING)),
        [("Thing.a", "added", "output", ADDITION, True)],
    ),
    "a required output field comes": (
        document(Thing=thing()), document(Thing=an_object("a", "id", id=STRING, a=STRING)),
        [("Thing.a", "added, required", "output", ADDITION, True)],
    ),
    "an output becomes optional": (
        document(Thing=an_object("a", a=STRING)), document(Thing=an_object(a=STRING)),
        [("Thing.a", "is optional now", "output", BREAK, True)],
    ),
    "an output becomes required": (
        document(Thing=an_object(a=STRING)), document(Thing=an_object("a", a=STRING)),
        [("Thing.a", "is required now", "output", TYPE, True)],
    ),
    "an output's type changes": (
        document(Thing=thing(a=STRING)), document(Thing=thing(a={"type": "boolean"})),
        [("Thing.a", "was of type string, is of type boolean now", "output", BREAK, True)],
    ),
    "what an output's list holds changes": (
        document(Thing=thing(a={"type": "array", "items": STRING})),
        document(Thing=thing(a={"type": "array", "items": INTEGER})),
        [("Thing.a[]", "was of type string, is of type integer now", "output", BREAK, True)],
    ),
    "what an output's map holds changes": (
        document(Thing=thing(a=ref("ThingMap"))),
        document(Thing=thing(a=ref("ThingMap")), ThingMap={"type": "object", "additionalProperties": INTEGER}),
        [
            ("ThingMap.*", "was of type string, is of type integer now", "input", BREAK, True),
            ("ThingMap.*", "was of type string, is of type integer now", "output", BREAK, True),
        ],
    ),
    "a value of an output goes": (
        document(Thing=thing(kind=ref("ThingKind"))),
        document(Thing=thing(kind=ref("ThingKind")), ThingKind=FEWER),
        [("ThingKind", "`BLUE` removed", "output", TYPE, True)],
    ),
    "a variant comes": (
        document(Thing=thing(more=ref("ThingMore"))),
        document(
            Thing=thing(more=ref("ThingMore")),
            Huge=an_object(),
            ThingMore=union("type", BIG="BigThing", SMALL="SmallThing", HUGE="Huge"),
        ),
        [("ThingMore", "`HUGE` added", "output", ADDITION, True)],
    ),
    "a variant goes": (
        document(), document(ThingMore=union("type", BIG="BigThing")),
        [
            ("SmallThing", "is no longer used by any operation", "output", TYPE, True),
            ("ThingMore", "`SMALL` removed", "output", TYPE, True),
        ],
    ),
    "a variant changes": (
        document(), document(SmallThing=an_object("type", type=STRING)),
        [("SmallThing.size", "removed", "output", BREAK, True)],
    ),
    "a variant gets another tag": (
        document(), document(ThingMore=union("type", BIG="BigThing", TINY="SmallThing")),
        [
            ("ThingMore", "`SMALL` removed", "output", TYPE, True),
            ("ThingMore", "`TINY` added", "output", ADDITION, True),
        ],
    ),
    "a type of errors comes": (
        document(),
        document(
            GoneError=an_error(410), ThingGoneError=an_error(410),
            GetThingError=union("type", INVALID_REQUEST="InvalidRequestError", THING_NOT_FOUND="ThingNotFoundError", THING_GONE="ThingGoneError"),
        ),
        [("GetThingError", "`THING_GONE` added", "output", ADDITION, True)],
    ),
    "an error gets another status": (
        document(), document(ThingNotFoundError=an_error(410)),
        [("ThingNotFoundError", "x-portone-status-code was 404, is 410 now", "output", TYPE, True)],
    ),
    "a schema gets another name": (
        document(Thing=thing(a=ref("SmallThing"))),
        document(Thing=thing(a=ref("Tiny")), Tiny=an_object(size=STRING)),
        [
            ("Thing.a", "`SmallThing` is `Tiny` now", "output", TYPE, True),
            ("Tiny.size", "was of type integer, is of type string now", "output", BREAK, True),
            ("Tiny.type", "removed", "output", BREAK, True),
        ],
    ),
    "only what unstable operations take": (
        listed(page=INTEGER), listed(),
        [("GetThingsBody.page", "removed", "input", BREAK, False)],
    ),
    "an operation goes": (
        document(), changed(lambda s: s["paths"]["/things"].pop("post")),
        [
            ("CreateThingBody", "is no longer used by any operation", "input", TYPE, True),
            ("ThingMap", "is no longer used by any operation", "input", TYPE, True),
            ("createThing", "removed", "operations", BREAK, True),
        ],
    ),
    "an unstable operation goes": (
        document(), changed(lambda s: s["paths"]["/things"].pop("get")),
        [
            ("GetThingsBody", "is no longer used by any operation", "input", TYPE, False),
            ("GetThingsResponse", "is no longer used by any operation", "output", TYPE, False),
            ("getThings", "removed", "operations", BREAK, False),
        ],
    ),
    "an operation comes": (
        changed(lambda s: s["paths"]["/things"].pop("get")), document(),
        [("getThings", "added", "operations", ADDITION, False)],
    ),
    "an operation gets another name": (
        document(), of("createThing", operationId="makeThing"),
        [("createThing", "is called `makeThing` now", "operations", TYPE, True)],
    ),
    "an operation moves": (
        document(), changed(lambda s: s["paths"].update({"/goods/{thingId}": s["paths"].pop("/things/{thingId}")})),
        [("getThing", "`GET /things/{thingId}` is `GET /goods/{thingId}` now", "operations", BREAK, True)],
    ),
    "an operation becomes unstable": (
        document(), of("createThing", **{"x-portone-unstable": True}),
        [("createThing", "is unstable now", "operations", BREAK, True)],
    ),
    "an operation becomes stable": (
        document(), of("getThings", **{"x-portone-unstable": False}),
        [("getThings", "is stable now", "operations", ADDITION, False)],
    ),
    "an operation needs authentication": (
        document(), of("createThing", security=[{"portOne": []}]),
        [("createThing", "needs authentication now", "operations", BREAK, True)],
    ),
    "a parameter goes": (
        document(), changed(lambda s: operation(s, "getThing")["parameters"].pop()),
        [("getThing.storeId", "removed", "input", BREAK, True)],
    ),
    "a parameter becomes required": (
        document(), changed(lambda s: operation(s, "getThing")["parameters"][1].update(required=True)),
        [("getThing.storeId", "is required now", "input", BREAK, True)],
    ),
    "a reply comes in another form": (
        document(), changed(lambda s: operation(s, "getThing")["responses"]["200"].update(content={"text/csv": {"schema": STRING}}), GetThingsResponse=an_object(items=ref("Thing"))),
        None,
    ),
    "a reply comes where none was": (
        document(), changed(lambda s: operation(s, "createThing")["responses"]["200"].update(content=as_json("Thing"))),
        [("createThing reply", "`application/json` added", "output", ADDITION, True)],
    ),
    "a status of errors comes": (
        document(), changed(lambda s: operation(s, "createThing")["responses"].update({"404": {"content": as_json("GetThingError")}})),
        [("createThing statuses", "`404` added", "output", NONE, True)],
    ),
    "only words change": (
        document(), of("createThing", summary="다른 말", description="다른 말"), [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), CASES.values(), ids=CASES.keys())
def test_effect_of_a_change(old: Json, new: Json, expected: list[Row] | None) -> None:
    found = between(old, new)
    if expected is not None:
        assert found == expected
    assert between(old, old) == between(new, new) == []


def test_change_that_stable_and_unstable_operations_meet_is_a_stable_one() -> None:
    # `Thing` is what the stable getThing answers, and an item of what the unstable getThings does.
    (found,) = between(document(Thing=thing(a=STRING)), document(Thing=thing()))
    assert found == ("Thing.a", "removed", "output", BREAK, True)


def test_schema_that_goes_in_and_out_is_judged_for_both() -> None:
    def both(*required: str) -> Json:
        return document(
            Shared=an_object(*required, a=STRING),
            Thing=thing(shared=ref("Shared")),
            CreateThingBody=an_object(shared=ref("Shared")),
        )

    assert between(both("a"), both()) == [
        ("Shared.a", "is optional now", "input", TYPE, True),
        ("Shared.a", "is optional now", "output", BREAK, True),
    ]


def test_recursion_ends() -> None:
    def recursive(**fields: Any) -> Json:
        return document(Thing=thing(itself=ref("Thing"), **fields))

    assert between(recursive(), recursive(a=STRING)) == [
        ("Thing.a", "added", "output", ADDITION, True)
    ]


def test_media_type_of_a_reply_is_part_of_the_promise() -> None:
    old, new, _ = CASES["a reply comes in another form"]
    assert ("getThing reply", "`application/json` removed", "output", BREAK, True) in between(
        old, new
    )


def test_report_keeps_stable_and_unstable_inputs_and_outputs_apart() -> None:
    old = document(
        Thing=thing(a=STRING),
        GetThingsBody=an_object(b=STRING),
        CreateThingBody=an_object(c=STRING),
    )
    new = document(
        Thing=thing(), GetThingsBody=an_object(), CreateThingBody=an_object("d", d=STRING)
    )
    old, new = normalise(old), normalise(new)
    text = report(old, new, changes(old, new))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Changes of PortOne's document",
        "## Breaks of the promise",
        "### Input",
        "### Output",
        "## Breaks: unstable operations, which promise nothing",
        "### Input",
    ]
    stable, unstable = text.split("## Breaks: unstable operations, which promise nothing")
    assert "PortOne breaks its promise in 3 places." in stable
    assert "- `Thing.a`: removed" in stable.split("### Output")[1]
    assert "- `CreateThingBody.d`: added, required" in stable.split("### Output")[0]
    assert "- `GetThingsBody.b`: removed" in unstable


def test_published_documents() -> None:
    old, new = (normalise(json.loads(published(n).read_bytes())) for n in (OLDER, NEWEST))
    found = changes(old, new)
    assert broken(found)
    breaks = {(c.where, c.what) for c in found if c.stable and c.effect is BREAK}
    assert breaks == {
        ("connectBulkPartnerMemberCompany", "removed"),
        ("connectPartnerMemberCompany", "removed"),
        ("disconnectBulkPartnerMemberCompany", "removed"),
        ("disconnectPartnerMemberCompany", "removed"),
        ("TaxInvoicesSheetField", "`PARTNER_BRN`, `PARTNER_NAME` removed"),
        ("B2bTaxInvoiceCompany.brn", "is optional now"),
        ("B2bTaxInvoiceCompany.contact", "is optional now"),
        ("B2bTaxInvoiceCompany.name", "is optional now"),
        ("B2bTaxInvoiceCompany.representativeName", "is optional now"),
    }
    added = {c.where for c in found if c.side == "operations" and c.effect is ADDITION}
    numbers = [sum(1 for _ in operations(facts)) for facts in (old, new)]
    assert len(added) == numbers[1] - (numbers[0] - 4)
    # By other means: every schema that both have and that differs is spoken of, or was reached by no one before.
    spoken = " ".join(c.where for c in found)
    for name, before in old["components"]["schemas"].items():
        after = new["components"]["schemas"].get(name)
        if after is None:
            assert name in spoken
        elif before != after:
            assert name in spoken, name
    assert changes(old, old) == changes(new, new) == []


# --- the command ---


Diff = Callable[[Json | str, Json | str], tuple[int, str, str]]


@pytest.fixture
def diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Diff:
    def run(old: Json | str, new: Json | str) -> tuple[int, str, str]:
        paths: list[str] = []
        for name, source in (("old.json", old), ("new.json", new)):
            (tmp_path / name).write_text(source if isinstance(source, str) else json.dumps(source))
            paths.append(str(tmp_path / name))
        status = main(["diff", *paths])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_kept_promise_is_status_0(diff: Diff) -> None:
    status, out, err = diff(document(Thing=thing()), document(Thing=thing(a=STRING)))
    assert (status, err) == (0, "")
    assert out.startswith("# Changes of PortOne's document\n\nPortOne keeps its promise. ")
    assert "## Additions\n\n### Output\n\n- `Thing.a`: added\n" in out


def test_no_change_is_status_0(diff: Diff) -> None:
    status, out, _ = diff(document(), document())
    assert status == 0
    assert out.count("\n") == 3
    assert out.endswith(": no changes.\n")


def test_broken_promise_is_status_1(diff: Diff) -> None:
    status, out, err = diff(document(Thing=thing(a=STRING)), document(Thing=thing()))
    assert (status, err) == (1, "")
    assert "## Breaks of the promise\n\n### Output\n\n- `Thing.a`: removed\n" in out


def test_broken_unstable_operation_is_status_0(diff: Diff) -> None:
    assert diff(listed(page=INTEGER), listed())[0] == 0


@pytest.mark.parametrize("bad", ["", "{", "[]", {"swagger": "2.0"}, document(Thing=None)])
def test_bad_input_is_status_2(diff: Diff, bad: Json | str) -> None:
    for old, new in ((bad, document()), (document(), bad)):
        status, out, err = diff(old, new)
        assert (status, out) == (2, "")
        assert err.startswith("codegen diff: ")
        assert len(err.splitlines()) == 1


def test_missing_argument_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["diff", "one.json"])
    assert caught.value.code == 2
    capsys.readouterr()


def test_vendored_document_can_be_compared(capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(VENDORED.read_text(encoding="utf-8"))
    assert normalise(facts) == facts
    assert main(["diff", str(VENDORED), str(VENDORED)]) == 0
    assert "no changes" in capsys.readouterr().out


def test_published_and_vendored_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(published(NEWEST)), str(VENDORED)]) == 0
    assert "no changes" in capsys.readouterr().out


def test_whatever_was_imported_can_be_compared() -> None:
    whole = normalise(document())
    compared = 0
    for path, junk, source in damaged():
        try:
            facts = normalise(source)
        except CodegenError:
            continue
        compared += 1
        try:
            for old, new in ((whole, facts), (facts, whole)):
                report(old, new, changes(old, new))
        except Exception as error:
            raise AssertionError(f"{junk!r} at {path}") from error
    assert compared > 100
