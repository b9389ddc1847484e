"""JSON values by PortOne's document: valid ones, and ones that do not match it in known places.

Everything is derived from `openapi/portone-v2.json` alone, so that the tests do not ask the SDK what is right.
"""

from __future__ import annotations

import copy
import importlib
import json
import pathlib
import pickle
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

import attrs
import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import portone_async.api
from portone_async import Model, RawResponse, UnknownVariant
from portone_async._operation import Operation
from portone_async.errors import RequestInfo

DOCUMENT: dict[str, Any] = json.loads(
    (pathlib.Path(__file__).parents[2] / "openapi" / "portone-v2.json").read_bytes()
)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
SECRET = "홍길동-SECRET-010-1234-5678"
"""Stands in for a person's data: no log line, repr or message may hold it."""

FEW = settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]  (an enum to Python)
)
MORE = settings(FEW, max_examples=8)


# --- The document -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """What a schema is: its kind, its name if it has one, and its schema without references."""

    kind: str
    name: str | None
    schema: dict[str, Any] = field(hash=False, repr=False)

    @property
    def properties(self) -> dict[str, Shape]:
        return {name: shape(each) for name, each in self.schema.get("properties", {}).items()}

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.schema.get("required", ()))

    @property
    def tag(self) -> str:
        return self.schema["discriminator"]["propertyName"]

    @property
    def variants(self) -> dict[str, Shape]:
        return {
            value: shape({"$ref": target})
            for value, target in self.schema["discriminator"]["mapping"].items()
        }

    @property
    def items(self) -> Shape:
        return shape(self.schema["items"])

    @property
    def values(self) -> Shape:
        return shape(self.schema["additionalProperties"])


def shape(schema: dict[str, Any]) -> Shape:
    """The shape of a schema or of a reference to one."""
    if "$ref" in schema:
        return named(schema["$ref"].rpartition("/")[2])
    return Shape(_kind(schema, is_named=False), None, schema)


@cache
def named(name: str) -> Shape:
    """The shape of a schema of the document."""
    return Shape(_kind(SCHEMAS[name], is_named=True), name, SCHEMAS[name])


def _kind(schema: dict[str, Any], *, is_named: bool) -> str:
    if "oneOf" in schema:
        return "union"
    if "const" in schema:
        return "tag"
    if "enum" in schema:
        return "enum"
    if "additionalProperties" in schema and "properties" not in schema:
        return "map"
    if schema["type"] == "object":
        return "object" if is_named or "properties" in schema else "free"
    if schema["type"] == "array":
        return "list"
    return schema.get("format", "string") if schema["type"] == "string" else schema["type"]


@dataclass(frozen=True)
class Op:
    """One operation of the document, and the SDK's constant for it."""

    id: str
    method: str
    response: str | None
    body: str | None
    errors: dict[str, str]
    """The class of each error type of this operation."""
    sdk: Operation[Any]


def _operations() -> Iterator[Op]:
    constants = _constants()
    for item in DOCUMENT["paths"].values():
        for method, operation in item.items():
            contents = [
                (status, answer.get("content", {}).get("application/json"))
                for status, answer in operation["responses"].items()
            ]
            replies = {_name(c["schema"]) for s, c in contents if s == "200" and c}
            unions = {_name(c["schema"]) for s, c in contents if s != "200" and c}
            bodies = {
                _name(each["content"]["application/json"]["schema"])
                for each in [operation.get("requestBody"), *operation.get("parameters", ())]
                if each and "content" in each
            }
            (union,) = unions
            mapping = SCHEMAS[union]["discriminator"]["mapping"]
            yield Op(
                operation["operationId"],
                method.upper(),
                next(iter(replies), None),
                next(iter(bodies), None),
                {value: target.rpartition("/")[2] for value, target in mapping.items()},
                constants[operation["operationId"]],
            )


def _name(schema: dict[str, Any]) -> str:
    return schema["$ref"].rpartition("/")[2]


def _constants() -> dict[str, Operation[Any]]:
    found: dict[str, Operation[Any]] = {}
    for module in pkgutil.walk_packages(portone_async.api.__path__, "portone_async.api."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Operation):
                found[value.id] = value
    return found


OPERATIONS = list(_operations())
REPLIES = [operation for operation in OPERATIONS if operation.response]
BODIES = [operation for operation in OPERATIONS if operation.body]
ERRORS = sorted({name for operation in OPERATIONS for name in operation.errors.values()})
OBJECTS = sorted(
    name for name in SCHEMAS if named(name).kind == "object" and name not in set(ERRORS)
)
"""Every object that is a model: replies, bodies and what is in them."""


def snake(json_name: str) -> str:
    """A field's attribute."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", json_name).lower()
    return "from_" if name == "from" else name


def response(body: Any, status: int = 200) -> RawResponse:
    """A response that holds `body` as JSON."""
    return RawResponse(status, {}, orjson.dumps(body), RequestInfo("GET", "/test"))


def canonical(value: Any) -> bytes:
    """JSON bytes to compare by: `1`, `1.0` and `true` differ, the order of fields does not matter."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


# --- Valid values -----------------------------------------------------------------------------------------

_TEXT = st.sampled_from(
    ["", "order-1", "홍길동", "a\nb\"'\\", "2024-01-01T00:00:00Z", "null", "💳"]
) | st.text(max_size=5)
_FRACTIONS = st.sampled_from(
    [
        *["", ".120", ".001", ".123456", ".000001", ".123456789", ".000000001"],
        # What a datetime is not written with.
        *[".000", ".5", ".120000", ".000000000", ".100000000"],
    ]
)
_ZONES = st.sampled_from(["Z", "+09:00", "-05:30", "+00:00"])
_DATE_TIMES = st.builds(
    lambda at, fraction, zone: f"{at:%Y-%m-%dT%H:%M:%S}{fraction}{zone}",
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001  (zones come as text)
    _FRACTIONS,
    _ZONES,
)
_DATES = st.dates(date(1000, 1, 1), date(9999, 12, 31)).map(date.isoformat)
_JSON = st.sampled_from(
    [None, True, 0, -1.5, "", SECRET, [], [None, {"a": None}], {}, {"k": {"n": [SECRET, None]}}]
)
_KEYS = st.sampled_from(["height", "회원 등급", "a.b", ""])


def valid(wanted: Shape) -> st.SearchStrategy[Any]:
    """JSON values of this shape."""
    if wanted.name is not None:
        return _valid_named(wanted.name)
    return _valid(wanted)


@cache
def _valid_named(name: str) -> st.SearchStrategy[Any]:
    return _valid(named(name))


def _valid(wanted: Shape) -> st.SearchStrategy[Any]:
    schema = wanted.schema
    match wanted.kind:
        case "object":
            return st.fixed_dictionaries(
                {
                    name: valid(each)
                    for name, each in wanted.properties.items()
                    if name in wanted.required
                },
                optional={
                    name: valid(each)
                    for name, each in wanted.properties.items()
                    if name not in wanted.required
                },
            )
        case "union":
            return st.one_of([valid(each) for each in wanted.variants.values()])
        case "map":
            return st.dictionaries(_KEYS, valid(wanted.values), max_size=2)
        case "list":
            return st.lists(valid(wanted.items), max_size=2)
        case "tag":
            return st.just(schema["const"])
        case "enum":
            return st.sampled_from(schema["enum"])
        case "integer":
            bits = int(schema["format"].removeprefix("int")) - 1
            return st.integers(-(2**bits), 2**bits - 1)
        case "boolean":
            return st.booleans()
        case "date-time":
            return _DATE_TIMES
        case "date":
            return _DATES
        case "free":
            return st.dictionaries(_KEYS, _JSON, max_size=2)
        case "string":
            return _TEXT
        case _:
            raise AssertionError(wanted)


Leaf = Callable[[Shape, str], Any]


def plain(wanted: Shape, name: str) -> Any:
    """A value for a scalar."""
    match wanted.kind:
        case "tag":
            return wanted.schema["const"]
        case "enum":
            return wanted.schema["enum"][-1]
        case "integer":
            return 31_000
        case "boolean":
            return True
        case "date-time":
            return "2024-05-06T07:08:09.123456789Z"
        case "date":
            return "2024-05-06"
        case "free":
            return {"pg": {"depth": [None, SECRET]}}
        case "string":
            return SECRET
        case _:
            raise AssertionError(wanted)


def samples(
    wanted: Shape, leaf: Leaf = plain, name: str = "", *, full: bool = True
) -> Iterator[Any]:
    """A value with every field (or only those that must be there), for each variant of a union."""
    match wanted.kind:
        case "object":
            fields = {
                key: list(samples(each, leaf, key, full=full))
                for key, each in wanted.properties.items()
                if full or key in wanted.required
            }
            for index in range(max([len(each) for each in fields.values()], default=1)):
                yield {key: each[index % len(each)] for key, each in fields.items()}
        case "union":
            for variant in wanted.variants.values():
                yield from samples(variant, leaf, name, full=full)
        case "list":
            yield list(samples(wanted.items, leaf, name, full=full)) if full else []
        case "map":
            yield {"key": next(samples(wanted.values, leaf, "", full=full))} if full else {}
        case _:
            yield leaf(wanted, name)


# --- Places and mismatches --------------------------------------------------------------------------------

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """One value within a JSON value, and what the document says about it."""

    shape: Shape
    path: Path
    where: str
    """How the log calls it: `Class.field`."""
    holder: str
    """`root`, `field` or `item`."""
    required: bool = True
    union: Path | None = None
    """For a variant's tag: the path of the union's object."""


def places(value: Any, wanted: Shape) -> Iterator[Place]:
    """Every place in `value` that the document describes; where they differ, the walk ends."""
    yield from _places(value, Place(wanted, (), wanted.name or "", "root"))


def _places(value: Any, here: Place) -> Iterator[Place]:
    yield here
    kind = here.shape.kind
    if isinstance(value, dict) and kind in ("object", "union"):
        found = here.shape if kind == "object" else variant_of(value, here.shape)
        if found is None:
            return
        for key, each in found.properties.items():
            if key in value:
                is_tag = kind == "union" and key == here.shape.tag
                yield from _places(
                    value[key],
                    Place(
                        each,
                        (*here.path, key),
                        f"{here.shape.name if is_tag else found.name}.{key}",
                        "field",
                        key in found.required,
                        here.path if is_tag else None,
                    ),
                )
    elif isinstance(value, list) and kind == "list":
        for index, item in enumerate(value):
            yield from _places(
                item, Place(here.shape.items, (*here.path, index), here.where, "item")
            )
    elif isinstance(value, dict) and kind == "map":
        for key, item in value.items():
            yield from _places(
                item, Place(here.shape.values, (*here.path, key), here.shape.name or "", "item")
            )


def variant_of(value: dict[str, Any], union: Shape) -> Shape | None:
    """The variant that `value` is by its tag."""
    tag = value.get(union.tag)
    return union.variants.get(tag) if isinstance(tag, str) else None


@dataclass(frozen=True)
class Mismatch:
    """A change to a valid value that the document does not allow."""

    kind: str
    path: Path
    """The place that a strict reading names."""
    reported: str | None
    """What the log says of it when tolerant; `None` if PortOne may do that any day."""
    at: Path
    value: Any = None

    @property
    def json_path(self) -> str:
        return "$" + "".join(
            f".{k}" if isinstance(k, str) and k.isidentifier() else f"[{k!r}]" for k in self.path
        )

    def apply(self, value: Any) -> None:
        *parents, last = self.at
        for key in parents:
            value = value[key]
        if self.kind == "missing":
            del value[last]
        else:
            value[last] = copy.deepcopy(self.value)


WRONG: dict[str, list[Any]] = {
    "string": [7, False, 1.5, [SECRET], {"a": SECRET}],
    "enum": [7, True, [SECRET], {"a": SECRET}],
    "tag": [7, True, 0.5, [SECRET], {"a": SECRET}],
    "integer": [SECRET, 1.5, 1.0, True, "1", [], {"a": SECRET}],
    "boolean": [SECRET, 0, 1, "true", [SECRET]],
    "date-time": [7, SECRET, "", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01", {}],
    "date": [7, SECRET, "", "2024-02-30", "2024-01-01T00:00:00Z", "20-1-1", []],
    "object": [SECRET, 7, [], [{"a": SECRET}], True],
    "union": [SECRET, 7, [], [{"type": SECRET}], True],
    "list": [SECRET, 7, {}, {"0": SECRET}, True],
    "map": [SECRET, 7, [], [SECRET], True],
    "free": [SECRET, 7, [], True],
}


def mismatches(value: Any, wanted: Shape) -> list[Mismatch]:
    """What can be done to `value` so that it does not match the document, a few of a kind at each place."""
    return [
        each
        for place in places(value, wanted)
        for each in _mismatches(_at(value, place.path), place)
    ]


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _mismatches(value: Any, place: Place) -> Iterator[Mismatch]:
    kind, path = place.shape.kind, place.path
    named_by_strict = path if place.union is None else place.union
    if kind in ("object", "union") and isinstance(value, dict):
        for key, new in (("brandNew", SECRET), ("새 필드", {"n": [None, SECRET]}), ("x_y", None)):
            if kind == "object" or variant_of(value, place.shape):
                yield Mismatch("unknown field", (*path, key), None, (*path, key), new)
    if place.holder == "root":
        return
    if kind == "enum":
        yield Mismatch("unknown enum value", path, None, path, "BRAND_NEW")
    if kind == "tag":
        yield Mismatch("unknown tag", named_by_strict, None, path, "BRAND_NEW")
    for wrong in WRONG[kind]:
        yield Mismatch("wrong type", named_by_strict, place.where, path, wrong)
    if place.holder == "field" and place.required:
        yield Mismatch("missing", named_by_strict, place.where, path)
    reported = place.where if place.required else None
    yield Mismatch("null", named_by_strict, reported, path, None)


@dataclass
class Mismatched:
    """A value with mismatches, in the order in which they were made."""

    value: Any
    made: list[Mismatch]


@st.composite
def mismatched(draw: st.DrawFn, wanted: Shape, most: int = 3) -> Mismatched:
    """Values that do not match the document in one to `most` places (none if there is nothing to change)."""
    value = copy.deepcopy(draw(valid(wanted)))
    made: list[Mismatch] = []
    for _ in range(draw(st.integers(1, most))):
        possible = mismatches(value, wanted)
        if not possible:
            break
        by_kind = sorted({each.kind for each in possible})
        kind = draw(st.sampled_from(by_kind))
        chosen = draw(st.sampled_from([each for each in possible if each.kind == kind]))
        chosen.apply(value)
        made.append(chosen)
    return Mismatched(value, made)


def written_back(value: Any, wanted: Shape) -> Any:
    """What must come back of `value`: all of it, but for nulls in known fields."""
    match wanted.kind:
        case "object" | "union" if isinstance(value, dict):
            found = wanted if wanted.kind == "object" else variant_of(value, wanted)
            if found is None:
                return value
            known = found.properties
            return {
                key: written_back(each, known[key]) if key in known else each
                for key, each in value.items()
                if not (key in known and each is None)
            }
        case "list" if isinstance(value, list):
            return [written_back(item, wanted.items) for item in value]
        case "map" if isinstance(value, dict):
            return {key: written_back(each, wanted.values) for key, each in value.items()}
        case _:
            return value


# --- What was read ----------------------------------------------------------------------------------------


def assert_reads_as(read: Any, data: Any, wanted: Shape) -> None:
    """`read` is what the document makes of the valid value `data`: classes, attributes, times and all."""
    match wanted.kind:
        case "object" | "union":
            found = wanted if wanted.kind == "object" else wanted.variants[data[wanted.tag]]
            assert type(read).__name__ == found.name
            assert isinstance(read, Model)
            assert read.additional_properties == {}
            assert_fields(read, data, found)
        case "list":
            assert isinstance(read, list)
            assert len(read) == len(data)
            for each, item in zip(read, data, strict=True):
                assert_reads_as(each, item, wanted.items)
        case "map":
            assert read.keys() == data.keys()
            for key, each in read.items():
                assert_reads_as(each, data[key], wanted.values)
        case "date-time":
            assert isinstance(read, datetime)
            assert read.utcoffset() is not None
            # Python's own reading of the same text; more than six digits are beyond a datetime.
            assert read == datetime.fromisoformat(data)
        case "date":
            assert type(read) is date
            assert read.isoformat() == data
        case _:
            assert canonical(read) == canonical(data)


def assert_fields(read: Any, data: dict[str, Any], found: Shape) -> None:
    """Each field is an attribute."""
    for key, each in found.properties.items():
        value = getattr(read, snake(key))
        if key in data:
            assert_reads_as(value, data[key], each)
        else:
            assert value is None, key


def pickled(value: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> Any:
    """A copy by way of `pickle`."""
    return pickle.loads(pickle.dumps(value, protocol))  # noqa: S301  (what the test itself wrote)


def attributes(model: type[Model]) -> list[str]:
    """The names of a model's fields, `additional_properties` included."""
    return [attribute.name for attribute in attrs.fields(model)]


def parts(value: Any) -> Iterator[Any]:
    """`value` and everything within it that the SDK made."""
    yield value
    if isinstance(value, Model):
        for name in attributes(type(value)):
            yield from parts(getattr(value, name))
    elif isinstance(value, UnknownVariant):
        return
    elif isinstance(value, list):
        for item in value:
            yield from parts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts(item)
