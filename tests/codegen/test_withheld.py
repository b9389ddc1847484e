"""What PortOne's document lacks stays for one release, deprecated, unless it is dropped or comes back."""

import copy
import shutil
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
    thing,
    union,
)
from diff_documents import line

from codegen.decisions import Decisions
from codegen.diff.report import Report as Comparison
from codegen.diff.report import make_report, report_update
from codegen.diff.sources import Source
from codegen.document import ROOT, CodegenError, Json
from codegen.generate import write
from codegen.keywords import MARK
from codegen.normalise import normalise
from codegen.parse import parse
from codegen.report import Report
from codegen.withheld import Fate, Taken, take_up, without

NEXT = "0.2.0"
INTEGER: Json = {"type": "integer"}


def old() -> Json:
    """A document with something of every kind that a new one may lack."""
    source = document(
        Thing=thing(
            kind=ref("ThingKind"), more=ref("ThingMore"), note=STRING, shape=ref("ThingShape"),
            held=ref("Held"),
        ),
        ThingShape=union("type", ROUND="RoundThing", FLAT="FlatThing"),
        RoundThing=an_object("type", type=STRING, radius=INTEGER),
        FlatThing=an_object("type", type=STRING, inner=ref("Held")),
        Held=an_object("value", value=STRING),
        CreateThingBody=an_object("name", "color", name=STRING, color=ref("ThingColor"), size=INTEGER),
        ThingColor={"type": "string", "enum": ["RED", "BLUE"]},
        GetThingError=union(
            "type", INVALID_REQUEST="InvalidRequestError", THING_NOT_FOUND="ThingNotFoundError",
            THING_GONE="ThingGoneError",
        ),
        ThingGoneError=an_error(410, goneSince=STRING),
        CloseThingBody=an_object(reason=STRING),
        CloseThingResponse=an_object("closed", closed=ref("ClosedThing")),
        ClosedThing=an_object("id", id=STRING),
        CloseThingError=union("type", INVALID_REQUEST="InvalidRequestError", OPEN="ThingOpenError"),
        ThingOpenError=an_error(409),
    )  # fmt: skip
    source["paths"]["/things/{thingId}/close"] = {
        "post": {
            "operationId": "closeThing",
            "security": [{"portOne": []}],
            "parameters": operation(source, "getThing")["parameters"][:1],
            "requestBody": {"required": True, "content": as_json("CloseThingBody")},
            "responses": {
                "200": {"description": "성공", "content": as_json("CloseThingResponse")},
                "409": {"description": "실패", "content": as_json("CloseThingError")},
            },
        }
    }
    return source


def new() -> Json:
    """The same without one of each kind."""
    source = old()
    del source["paths"]["/things/{thingId}/close"]
    operation(source, "getThing")["parameters"].pop()
    schemas = source["components"]["schemas"]
    for name in ("note", "shape", "id"):
        del schemas["Thing"]["properties"][name]
    schemas["Thing"]["required"] = []
    for name in ("color", "size"):
        del schemas["CreateThingBody"]["properties"][name]
    schemas["CreateThingBody"]["required"] = ["name"]
    schemas["GetThingError"] = document()["components"]["schemas"]["GetThingError"]
    schemas["ThingMore"] = union("type", BIG="BigThing")
    return source


LACKING = {
    "closeThing", "getThing.storeId", "Thing.id", "Thing.note", "Thing.shape", "CreateThingBody.color",
    "CreateThingBody.size", "ThingShape", "RoundThing", "FlatThing", "ThingColor", "ThingGoneError", "SmallThing",
    "CloseThingBody", "CloseThingResponse", "ClosedThing", "CloseThingError", "ThingOpenError",
}  # fmt: skip
PLACED = namespaces(old())


def taken(
    source: Json, before: Json | None = None, version: str = NEXT, **drop: str
) -> tuple[Taken, Report]:
    """`source` taken up after facts."""
    report = Report()
    before = normalise(old()) if before is None else before
    decisions = Decisions(drop={name.replace("__", "."): reason for name, reason in drop.items()})
    return take_up(normalise(source), before, version, decisions, report), report


def marks(facts: Any) -> list[str]:
    """Every mark in a document."""
    children = (
        facts.values() if isinstance(facts, dict) else facts if isinstance(facts, list) else []
    )
    own = [facts[MARK]] if isinstance(facts, dict) and MARK in facts else []
    return own + [mark for child in children for mark in marks(child)]


# --- for one release ---


def test_whatever_a_new_document_lacks_is_kept_with_a_mark() -> None:
    found, report = taken(new())
    assert found.fates == dict.fromkeys(LACKING, Fate.KEPT)
    assert marks(found.document) == [NEXT] * len(LACKING)
    (places,) = report.notes.values()
    assert set(places) == LACKING - {"CloseThingError"}
    # Nothing else changes: without what is kept, it is PortOne's document.
    assert without(found.document, LACKING) == found.new == normalise(new())
    assert found.old == normalise(old())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of the new document, with what is kept of the old one."""
    found, _ = taken(new())
    return package(tmp_path_factory.mktemp("withheld"), found.document)


def package(folder: Path, facts: Json) -> Path:
    """The package of a document, in a folder."""
    ignored = shutil.ignore_patterns("api", "models", "emulator", "__pycache__")
    shutil.copytree(ROOT / "portone_async", folder / "portone_async", ignore=ignored)
    write(facts, folder / "portone_async", PLACED)
    return folder


def test_package_has_everything_that_the_old_one_had(folder: Path) -> None:
    assert probe(folder)["functions"]["closeThing"] == "thing.close_thing"
    before = parse(normalise(old()))
    classes = [s.class_name for s in before.schemas.values() if s.kind not in ("error", "errors")]
    assert run_code(
        folder,
        "import json; from portone_async import models, errors\n"
        f"print(json.dumps([[n for n in {classes} if not hasattr(models, n)],"
        " errors.ThingGoneError.types, errors.ThingOpenError.types, errors.ThingGoneError.__mro__[1].__name__]))",
    ) == [[], ["THING_GONE"], ["OPEN"], "GoneError"]


def test_docstrings_say_so(folder: Path) -> None:
    text = f"Deprecated since {NEXT}: PortOne's document no longer has it"
    for name in ("models/round_thing", "models/closed_thing", "models/thing_shape"):
        source = (folder / f"portone_async/{name}.py").read_text()
        assert source.count(text) == 1, name
    # Of three fields: in the class's list of attributes, and under each.
    assert (folder / "portone_async/models/thing.py").read_text().count(text) == 6
    assert (folder / "portone_async/models/held.py").read_text().count(text) == 0
    assert (folder / "portone_async/models/enums.py").read_text().count(text) == 1
    assert (folder / "portone_async/models/errors.py").read_text().count(text) == 2
    api = (folder / "portone_async/api/thing.py").read_text()
    assert " ".join(api.split()).count(text) == 4  # the function, and three arguments
    assert f'warn_withheld("portone.thing.close_thing", "{NEXT}")' in api


CALL = """
import asyncio, json, warnings, httpx
from portone_async import PortOne, errors, models
def answer(request):
    if request.url.path.endswith("close"):
        return httpx.Response(200, json={"closed": {"id": "1"}})
    return httpx.Response(200, json={"id": "1", "kind": "RED", "note": "n", "shape": {"type": "ROUND", "radius": 1}})
async def main():
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
        portone = PortOne("secret", http_client=http_client, strict=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            thing = await portone.thing.get_thing("1", store_id="s")
            quiet = len(caught)
            closed = await portone.thing.close_thing("1", reason="why")
        (warning,) = caught
        shown = [warning.category.__name__, str(warning.message), warning.filename]
        return [quiet, shown, closed.closed.id, type(thing.shape).__name__, thing.note]
print(json.dumps(asyncio.run(main())))
"""


REASON = "PortOne's document no longer has it, and a later version will not either"


def test_function_warns_whoever_calls_it_and_works(folder: Path) -> None:
    quiet, warned, *values = run_code(folder, CALL)
    assert quiet == 0
    assert warned == [
        "DeprecationWarning",
        f"portone.thing.close_thing is deprecated since {NEXT}: {REASON}",
        "<string>",
    ]
    assert values == ["1", "RoundThing", "n"]


CALL_AT_A_LINE = """
import asyncio, json, warnings
from portone_async import PortOne, blocking
def shown(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call()
        except Exception as error:
            assert "did not receive" in str(error), error
    return [[w.filename, w.lineno] for w in caught if w.category is DeprecationWarning]
options = {"base_url": "http://127.0.0.1:1", "max_retries": 0}
def in_a_task():
    async def main():
        async with PortOne("secret", **options) as portone:
            await asyncio.create_task(
                portone.thing.close_thing("1", reason="why")
            )
    asyncio.run(main())
def plain():
    with blocking.PortOne("secret", **options) as portone:
        portone.thing.close_thing("1", reason="why")
def with_response():
    with blocking.PortOne("secret", **options) as portone:
        blocking.with_response(portone.thing.close_thing, "1", reason="why")
print(json.dumps([shown(call) for call in (in_a_task, plain, with_response)]))
"""


def test_warning_names_the_callers_line_wherever_the_call_runs(folder: Path) -> None:
    """Not the task's, nor one of the thread in which the blocking client makes calls."""
    lines = [
        number
        for number, line in enumerate(CALL_AT_A_LINE.split("\n"), 1)
        if "thing.close_thing" in line
    ]
    assert run_code(folder, CALL_AT_A_LINE) == [[["<string>", line]] for line in lines]


def test_field_that_is_not_sent_any_more_is_no_mismatch(folder: Path) -> None:
    code = (
        "import json; from portone_async import models\n"
        "from portone_async._validation import first_mismatch\n"
        "from portone_async.models.thing import read\n"
        "body = models.CreateThingBody(name='n')\n"
        "from portone_async._writing import write\n"
        "print(json.dumps([first_mismatch({'kind': 'RED'}, 'Thing'), read({}).id, write(body)]))"
    )
    assert run_code(folder, code) == [None, None, {"name": "n"}]


def test_kept_variant_is_still_read(folder: Path) -> None:
    """PortOne may go on sending what its document hides."""
    code = (
        "import json; from portone_async.models.thing import read\n"
        "found = read({'more': {'type': 'SMALL', 'size': 3}})\n"
        "print(json.dumps([type(found.more).__name__, found.more.size]))"
    )
    assert run_code(folder, code) == ["SmallThing", 3]


def paged() -> Json:
    source = document(
        GetThingsBody=an_object(page=ref("PageInput")),
        PageInput=an_object(number=INTEGER, size=INTEGER),
    )
    operation(source, "getThings")["parameters"][0]["content"] = as_json("GetThingsBody")
    return source


PAGES = """
import json, warnings
from portone_async import blocking
options = {"base_url": "http://127.0.0.1:1", "max_retries": 0}
with warnings.catch_warnings(record=True) as caught, blocking.PortOne("secret", **options) as portone:
    warnings.simplefilter("always")
    things = portone.thing.iter_things()
    try:
        next(things)
    except Exception as error:
        assert "did not receive" in str(error), error
print(json.dumps([[w.filename, w.lineno, str(w.message).split()[0]] for w in caught]))
"""


def test_iterator_warns_once_where_it_is_made(tmp_path: Path) -> None:
    """Its pages warn no more."""
    source = paged()
    del source["paths"]["/things"]["get"]
    found, _ = taken(source, normalise(paged()))
    folder = package(tmp_path, found.document)
    api = (folder / "portone_async/api/thing.py").read_text()
    assert 'warn_withheld("portone.thing.iter_things", "0.2.0")' in api
    line = PAGES.split("\n").index("    things = portone.thing.iter_things()") + 1
    assert run_code(folder, PAGES) == [["<string>", line, "portone.thing.iter_things"]]


def write_into(folder: Path, facts: Json) -> str:
    write(facts, folder, PLACED)
    return (folder / "api/thing.py").read_text()


def test_whole_body_that_goes_stays_optional(tmp_path: Path) -> None:
    source = document()
    del operation(source, "createThing")["requestBody"]
    found, _ = taken(source, normalise(document()))
    assert found.fates["createThing.name"] is found.fates["CreateThingBody"] is Fate.KEPT
    api = write_into(tmp_path, found.document)
    assert "name: str | None = None" in api
    assert 'body={"name": name, "map": map}' in " ".join(api.split())
    source = document()
    del operation(source, "getThings")["parameters"]
    del operation(source, "getThings")["requestBody"]
    found, _ = taken(source, normalise(document()))
    assert found.fates["getThings.page"] is found.fates["getThings.requestBody"] is Fate.KEPT
    assert "page: int | None = None" in write_into(tmp_path / "query", found.document)


# --- and then? ---


def test_what_comes_back_loses_its_mark() -> None:
    first, _ = taken(new())
    again, report = taken(old(), first.document)
    assert again.document == normalise(old())
    assert again.fates == dict.fromkeys(LACKING, Fate.BACK)
    assert set(report.notes["back, and no longer deprecated"]) == LACKING


def test_the_same_document_again_changes_nothing_before_a_release() -> None:
    first, _ = taken(new())
    again, report = taken(new(), first.document)
    assert again.document == first.document
    assert again.old == again.new
    assert report.notes == {}


def test_what_was_released_as_deprecated_goes() -> None:
    first, _ = taken(new())
    again, report = taken(new(), first.document, "0.3.0")
    assert again.document == normalise(new())
    assert again.fates == dict.fromkeys(LACKING, Fate.REMOVED)
    assert set(report.notes["removed, as it was withheld in 0.2.0"]) == LACKING


def test_each_symbol_has_a_release_of_its_own() -> None:
    """A class that follows later: what went before does not stay with it."""
    first, _ = taken(new())
    later = new()
    del later["components"]["schemas"]["Thing"]["properties"]["held"]
    again, _ = taken(later, first.document, "0.3.0")
    assert {name for name, fate in again.fates.items() if fate is Fate.KEPT} == {
        "Thing.held",
        "Held",
    }
    assert again.document["components"]["schemas"]["Thing"]["properties"].keys() == {
        "kind", "more", "held",
    }  # fmt: skip
    assert set(marks(again.document)) == {"0.3.0"}


def test_kept_marks_survive_an_import_of_the_facts_themselves() -> None:
    first, _ = taken(new())
    again, _ = take_up(first.document, first.document, NEXT, Decisions()), None
    assert again.document == first.document


# --- dropped by decision ---


def test_dropped_symbol_goes_at_once_with_its_reason() -> None:
    found, report = taken(new(), None, NEXT, Thing__note="never sent", RoundThing="x", FlatThing="x", ThingShape="x", Thing__shape="x")  # fmt: skip
    assert "note" not in found.document["components"]["schemas"]["Thing"]["properties"]
    assert report.notes["dropped (never sent)"] == ["Thing.note"]
    assert "Thing.note" not in found.fates
    # What is kept already goes with the next import.
    first, _ = taken(new())
    again, _ = taken(new(), first.document, NEXT, Thing__note="never sent")
    assert "note" not in again.document["components"]["schemas"]["Thing"]["properties"]


def test_what_is_kept_holds_what_it_refers_to() -> None:
    with pytest.raises(
        CodegenError, match="ClosedThing cannot be dropped, as what is kept refers to it"
    ):
        taken(new(), None, NEXT, ClosedThing="why")
    found, _ = taken(
        new(), None, NEXT, ClosedThing="why", closeThing="why", CloseThingResponse="why"
    )
    assert "ClosedThing" not in found.document["components"]["schemas"]


# --- what is not kept ---


def test_name_in_python_that_the_new_document_has_is_not_lacking() -> None:
    source = document(Thing=thing(fooBar=STRING))
    before = document(Thing=thing(foo_bar=STRING))
    assert set(taken(source, normalise(before))[0].fates) & {"Thing.foo_bar"} == set()
    moved = document(CreateThingBody=an_object(map=ref("ThingMap")))
    operation(moved, "createThing")["parameters"] = [
        {"name": "name", "in": "query", "schema": STRING}
    ]
    assert taken(moved, normalise(document()))[0].fates == {}


def test_class_that_means_something_else_keeps_no_fields() -> None:
    source = document(SmallThing=an_object("type", type=STRING, a=STRING, b=STRING))
    before = document(SmallThing=an_object("type", type=STRING, c=STRING, d=STRING))
    assert taken(source, normalise(before))[0].fates == {}
    kind = document(ThingKind=an_object(a=STRING))
    assert taken(kind, normalise(document()))[0].fates == {}


def test_body_of_several_media_types_is_looked_at_where_it_has_fields() -> None:
    source = document(CreateThingBody=an_object("name", name=STRING))
    contents = operation(source, "createThing")["requestBody"]["content"]
    contents["application/octet-stream"] = {"schema": STRING}
    found, _ = taken(source, normalise(document()))
    assert set(found.fates) == {"CreateThingBody.map", "ThingMap"}


def test_operation_that_is_renamed_is_reported() -> None:
    source = document()
    operation(source, "getThing")["operationId"] = "fetchThing"
    found, report = taken(source, normalise(document()))
    assert found.fates == {}
    (places,) = [where for what, where in report.notes.items() if "[rename]" in what]
    assert places == ["getThing is fetchThing"]


def test_tag_that_a_union_no_longer_uses_is_not_sent_unasked() -> None:
    source = document(
        ThingMore=union("form", BIG="BigThing", SMALL="SmallThing"),
        BigThing=an_object("form", form=STRING, at=STRING),
        SmallThing=an_object("form", form=STRING, size=INTEGER),
    )
    found, _ = taken(source, normalise(document()))
    assert found.document["components"]["schemas"]["BigThing"]["properties"]["type"] == {
        "type": "string", MARK: NEXT,
    }  # fmt: skip


# --- diff ---


def compared(
    source: Json, before: Json, monkeypatch: pytest.MonkeyPatch, version: str = NEXT
) -> Comparison:
    monkeypatch.setattr("codegen.core.version.__version__", version)
    both = Source("old", before), Source("new", normalise(source))
    return report_update(*both, Decisions(), PLACED)[0]


def rows(report: Comparison) -> list[str]:
    return [line(row) for section in report.sections for row in section.rows]


STAYS = "withheld: stays for one release, deprecated"


def test_diff_calls_it_withheld_and_no_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = make_report(Source("old", normalise(old())), Source("new", normalise(new())), PLACED)
    assert at_once.status == 3
    report = compared(new(), normalise(old()), monkeypatch)
    assert report.status == 2
    assert report.verdict == "PortOne keeps its promise, but generated types change."
    shown = rows(report)
    assert f"TYPES: close_thing {STAYS} [runs perhaps, checks yes] -CloseThingBody -CloseThingResponse -ClosedThing -ThingOpenError" in shown  # fmt: skip
    assert f"TYPES out: Thing.note {STAYS} [runs perhaps, checks yes] get_thing get_things" in shown
    assert f"TYPES out: Thing.id {STAYS} [runs perhaps, checks no] get_thing get_things" in shown
    assert f"TYPES in: create_thing(color=) {STAYS} [runs perhaps, checks yes] -ThingColor" in shown
    assert f"TYPES in: get_thing(store_id=) {STAYS} [runs perhaps, checks yes]" in shown
    assert f"TYPES out: errors.ThingGoneError {STAYS} [runs perhaps, checks yes] create_thing get_thing get_things" in shown  # fmt: skip


def test_diff_is_silent_about_what_is_withheld_still(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = taken(new())
    assert rows(compared(new(), first.document, monkeypatch)) == []


def test_diff_names_what_goes_after_its_release_and_what_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, _ = taken(new())
    report = compared(new(), first.document, monkeypatch, "0.3.0")
    assert report.status == 2
    gone = "removed: it was released as deprecated"
    assert (
        f"TYPES: close_thing {gone} [no] -CloseThingBody -CloseThingResponse -ClosedThing -ThingOpenError"
        in rows(report)
    )
    assert f"TYPES out: Thing.note {gone} [no] get_thing get_things" in rows(report)
    report = compared(old(), first.document, monkeypatch)
    assert "ADDITION: close_thing back, and no longer deprecated +CloseThingBody +CloseThingResponse +ClosedThing +ThingOpenError" in rows(report)  # fmt: skip
    # A required argument that comes back asks for more than before.
    assert [row for row in rows(report) if row.startswith("BREAK")] == [
        "BREAK in: create_thing(color=) back, and no longer deprecated: required [no] +ThingColor"
    ]
    assert report.status == 3


def test_facts_are_not_changed_in_place() -> None:
    before, source = normalise(old()), normalise(new())
    copies = copy.deepcopy((before, source))
    take_up(source, before, NEXT, Decisions())
    assert (before, source) == copies


def test_warning_can_be_an_error(folder: Path) -> None:
    """As in the tests of whoever uses it."""
    code = (
        "import asyncio; from portone_async import PortOne\n"
        "asyncio.run(PortOne('secret').thing.close_thing('1', reason='r'))"
    )
    done = run(folder, "-c", code)
    assert "DeprecationWarning: portone.thing.close_thing is deprecated since 0.2.0" in done.stderr
