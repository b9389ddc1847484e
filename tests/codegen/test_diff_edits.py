"""`python -m codegen diff`: random edits of a document, each of which has to give exactly its own rows."""

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

from codegen_documents import STRING, an_error, an_object, as_json, document, operation, ref, union
from diff_documents import between
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from codegen.document import Json

INTEGER = {"type": "integer"}
THINGS = ("A", "B", "C")
FIELDS = {"name": STRING, "size": INTEGER, "place": ref("Place"), "kind": ref("Kind")}


def whole() -> Json:
    """Three operations with a body, a result, an enum, a union and an error of its own each."""
    source = document()
    schemas = source["components"]["schemas"]
    schemas |= {"Place": an_object(street=STRING, city=STRING), "Kind": {"enum": ["X", "Y"]}}
    for n in THINGS:
        schemas |= {
            f"Body{n}": an_object("name", **FIELDS),
            f"Result{n}": an_object("name", **FIELDS, colour=ref(f"Colour{n}"), either=ref(f"Either{n}")),
            f"Colour{n}": {"type": "string", "enum": ["RED", "BLUE", "GREEN"]},
            f"Either{n}": union("type", LEFT=f"Left{n}", RIGHT=f"Right{n}", MIDDLE=f"Middle{n}"),
            f"Left{n}": an_object("type", type=STRING, left=STRING),
            f"Right{n}": an_object("type", type=STRING, right=STRING),
            f"Middle{n}": an_object("type", type=STRING, middle=STRING),
            f"Broken{n}Error": an_error(400),
            f"Make{n}Error": union("type", BROKEN=f"Broken{n}Error", INVALID_REQUEST="InvalidRequestError"),
        }  # fmt: skip
        source["paths"][f"/{n}/{{id}}"] = {
            "post": {
                "operationId": f"make{n}",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": STRING},
                    {"name": "test", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {"required": True, "content": as_json(f"Body{n}")},
                "responses": {
                    "200": {"content": as_json(f"Result{n}")},
                    "400": {"content": as_json(f"Make{n}Error")},
                },
            }
        }
    return source


class Edit(NamedTuple):
    """A change of a document, and the rows that it has to give, in any order."""

    change: Callable[[Json], object]
    rows: tuple[str, ...]


def schema(source: Json, name: str) -> Json:
    return source["components"]["schemas"][name]


def edits(n: str) -> Iterator[list[Edit]]:
    """Edits of one of the operations; those of one list exclude each other."""
    make, m = f"make{n}", f"make_{n.lower()}"
    body, result = f"Body{n}", f"Result{n}"

    def fields(name: str) -> Callable[[Json], Json]:
        return lambda source: schema(source, name)["properties"]

    yield [
        Edit(lambda s: fields(body)(s).pop("size"), (f"BREAK in: {m}(size=) withheld [no]",)),
        Edit(lambda s: fields(body)(s).update(size=STRING), (f"BREAK in: {m}(size=) type: was int, is str [no]",)),
        Edit(lambda s: fields(body)(s).update(weight=INTEGER), (f"ADDITION in: {m}(weight=) added: int",)),
    ]  # fmt: skip
    yield [
        Edit(lambda s: schema(s, body).pop("required"), (f"TYPES in: {m}(name=) optional now",)),
        Edit(lambda s: schema(s, body)["required"].append("kind"), (f"BREAK in: {m}(kind=) required now [no]",)),
    ]  # fmt: skip
    yield [
        Edit(lambda s: fields(result)(s).pop("size"), (f"BREAK out: {result}.size withheld [no] {m}",)),
        Edit(
            lambda s: fields(result)(s).update(amount_size=fields(result)(s).pop("size")),
            (f"BREAK out: {result}.size renamed: amount_size [no] {m}",),
        ),
        Edit(lambda s: fields(result)(s).update(extra=ref("Place")), (f"ADDITION out: {result}.extra added: Place {m}",)),
    ]  # fmt: skip
    yield [
        Edit(lambda s: schema(s, result).pop("required"), (f"BREAK out: {result}.name optional now [runs perhaps, checks no] {m}",)),
        Edit(lambda s: schema(s, result)["required"].append("place"), (f"TYPES out: {result}.place required now {m}",)),
    ]  # fmt: skip
    yield [
        Edit(lambda s: schema(s, f"Colour{n}")["enum"].pop(), (f'TYPES out: Colour{n} withheld: "GREEN" [runs yes, checks no] {m}',)),
        Edit(lambda s: schema(s, f"Colour{n}")["enum"].append("PINK"), (f'ADDITION out: Colour{n} added: "PINK" {m}',)),
        Edit(
            lambda s: (
                s["components"]["schemas"].update({f"Shade{n}": s["components"]["schemas"].pop(f"Colour{n}")}),
                fields(result)(s).update(colour=ref(f"Shade{n}")),
            ),
            (f"TYPES out: Colour{n} renamed: Shade{n} [no] {m}",),
        ),
    ]  # fmt: skip

    def variant_goes(source: Json) -> None:
        either = schema(source, f"Either{n}")
        del either["discriminator"]["mapping"]["RIGHT"]
        either["oneOf"].remove(ref(f"Right{n}"))

    def variant_comes(source: Json) -> None:
        source["components"]["schemas"][f"Other{n}"] = an_object("type", type=STRING)
        either = schema(source, f"Either{n}")
        either["discriminator"]["mapping"]["OTHER"] = ref(f"Other{n}")["$ref"]
        either["oneOf"].append(ref(f"Other{n}"))

    yield [
        Edit(variant_goes, (f'TYPES out: Either{n} variant withheld: "RIGHT", Right{n} [no] {m} -Right{n}',)),
        Edit(variant_comes, (f'ADDITION out: Either{n} variant added: "OTHER", Other{n} {m} +Other{n}',)),
        Edit(lambda s: fields(f"Right{n}")(s).pop("right"), (f"BREAK out: Right{n}.right withheld [no] {m}",)),
    ]  # fmt: skip

    def error_goes(source: Json) -> None:
        errors = schema(source, f"Make{n}Error")
        del errors["discriminator"]["mapping"]["BROKEN"]
        errors["oneOf"].remove(ref(f"Broken{n}Error"))

    def error_comes(source: Json) -> None:
        source["components"]["schemas"][f"Gone{n}Error"] = an_error(410)
        errors = schema(source, f"Make{n}Error")
        errors["discriminator"]["mapping"][f"GONE_{n}"] = ref(f"Gone{n}Error")["$ref"]
        errors["oneOf"].append(ref(f"Gone{n}Error"))

    yield [
        Edit(error_goes, (f"TYPES out: errors.Broken{n}Error withheld [no] {m}",)),
        Edit(error_comes, (f"ADDITION out: errors.Gone{n}Error added {m}",)),
        Edit(
            lambda s: schema(s, f"Broken{n}Error").update({"x-portone-status-code": 404}),
            (f"TYPES out: errors.Broken{n}Error status: was 400, is 404 [runs perhaps, checks yes] {m}",),
        ),
    ]  # fmt: skip
    yield [
        Edit(lambda s: operation(s, make)["parameters"].pop(), (f"BREAK in: {m}(test=) withheld [no]",)),
        Edit(lambda s: operation(s, make)["parameters"][1].update(required=True), (f"BREAK in: {m}(test=) required now [no]",)),
        Edit(
            lambda s: operation(s, make)["parameters"].append({"name": "storeId", "in": "query", "schema": STRING}),
            (f"ADDITION in: {m}(store_id=) added: str",),
        ),
    ]  # fmt: skip
    yield [
        Edit(lambda s: operation(s, make).update(deprecated=True), (f"NOTE: {m} deprecation: was in use, is deprecated",)),
        Edit(
            lambda s: s["paths"].update({f"/v2/{n}/{{id}}": s["paths"].pop(f"/{n}/{{id}}")}),
            (f"BREAK: {m} path: was POST /{n}/{{id}}, is POST /v2/{n}/{{id}}",),
        ),
    ]  # fmt: skip


EDITS = [group for n in THINGS for group in edits(n)]


def applied(chosen: list[Edit]) -> tuple[Json, list[str]]:
    source = whole()
    for edit in chosen:
        edit.change(source)
    return source, sorted(row for edit in chosen for row in edit.rows)


def test_each_edit_alone_gives_its_rows() -> None:
    wrong: list[tuple[list[str], list[str]]] = []
    for group in EDITS[: len(EDITS) // len(THINGS)]:
        for edit in group:
            source, rows = applied([edit])
            found = sorted(between(whole(), source))
            if found != rows:
                wrong.append((rows, found))
    assert wrong == []


# A dozen edits read well enough: making them fewer would take minutes.
@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(st.lists(st.sampled_from(range(len(EDITS))), unique=True, max_size=12), st.data())
def test_edits_together_give_the_rows_of_each(groups: list[int], data: st.DataObject) -> None:
    chosen = [data.draw(st.sampled_from(EDITS[group])) for group in groups]
    source, rows = applied(chosen)
    untouched = copy.deepcopy(source)
    assert sorted(between(whole(), source)) == rows
    assert source == untouched


def test_whole_operations_come_and_go_as_one_row() -> None:
    source = whole()
    del source["paths"]["/B/{id}"]
    names = ["BodyB", "BrokenBError", "ColourB", "EitherB", "LeftB", "MiddleB", "ResultB", "RightB"]
    went = " ".join(f"-{name}" for name in names)
    came = went.replace("-", "+")
    assert between(whole(), source) == [f"BREAK: make_b withheld [no] {went}"]
    assert between(source, whole()) == [f"ADDITION: make_b added: POST /B/{{id}} {came}"]
