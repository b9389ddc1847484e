"""Bodies: models are sent as the document says, and other types are refused before anything is sent."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given

from portone_async import RequestOptions, Unrecognized, models
from portone_async._request import Request, Settings, build_request
from portone_async._validation import check_input
from portone_async.errors import InvalidArgumentError

from .strategies import (
    BODIES,
    FEW,
    MORE,
    SCHEMAS,
    SECRET,
    Mismatched,
    Op,
    Path,
    Place,
    Shape,
    canonical,
    mismatched,
    mismatches,
    named,
    places,
    samples,
    shape,
    snake,
    valid,
)

MAPS = {
    data
    for schema in SCHEMAS.values()
    for data, kind in schema.get("properties", {}).items()
    if "$ref" in kind and shape(kind).kind == "map"
}
every_body = pytest.mark.parametrize("operation", BODIES, ids=lambda op: op.id)
SETTINGS = Settings(base_path="", authorization="PortOne secret")


def as_models(data: Any, wanted: Shape) -> Any:
    """What a user writes for `data`: models built by their constructors, datetimes and dates."""
    match wanted.kind:
        case "object":
            fields = {
                key: as_models(data[key], each)
                for key, each in wanted.properties.items()
                if key in data
            }
            return getattr(models, wanted.name or "")(
                **{snake(key): each for key, each in fields.items()}
            )
        case "list":
            return [as_models(item, wanted.items) for item in data]
        case "map":
            return {key: as_models(item, wanted.values) for key, item in data.items()}
        case "date-time":
            return datetime.fromisoformat(data)
        case "date":
            return date.fromisoformat(data)
        case _:
            return data


def as_sent(data: Any, wanted: Shape) -> Any:
    """`data` with times as fine as a datetime is."""
    match wanted.kind:
        case "object":
            return {key: as_sent(each, wanted.properties[key]) for key, each in data.items()}
        case "list":
            return [as_sent(item, wanted.items) for item in data]
        case "map":
            return {key: as_sent(item, wanted.values) for key, item in data.items()}
        case "date-time":
            return canonical_time(data)
        case _:
            return data


def canonical_time(text: str) -> str:
    """A time with as many digits as a datetime has, in groups of three, and `Z` for UTC."""
    found = re.fullmatch(r"(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    assert found, text
    digits = (found[2] or "").ljust(6, "0")[:6]
    fraction = {"000000": ""}.get(digits, f".{digits}" if digits[3:] != "000" else f".{digits[:3]}")
    return found[1] + fraction + found[3].replace("+00:00", "Z")


def arguments(data: dict[str, Any], body: Shape) -> dict[str, Any]:
    """The fields of a body as a generated function hands them over."""
    return {key: as_models(each, body.properties[key]) for key, each in data.items()}


def built(operation: Op, body: dict[str, Any]) -> Request:
    path = dict.fromkeys(re.findall(r"{(\w+)}", operation.sdk.path), "id")
    return build_request(SETTINGS, operation.sdk, RequestOptions(), path, {}, body)


def sent(operation: Op, body: dict[str, Any]) -> Any:
    request = built(operation, body)
    if operation.sdk.body_in_query:
        assert request.content is None
        query = (
            parse_qs(urlsplit(request.target).query, strict_parsing=True)
            if "?" in request.target
            else {}
        )
        return json.loads(query["requestBody"][0]) if query else None
    return json.loads(request.content) if request.content is not None else None


@every_body
def test_a_body_of_models_is_sent_as_the_document_says(operation: Op) -> None:
    body = named(operation.body or "")

    @FEW
    @given(valid(body))
    def check(data: dict[str, Any]) -> None:
        check_input(data, operation.sdk.body or "", operation.id)
        expected = as_sent(data, body)
        given_ = sent(operation, arguments(data, body))
        if given_ is None:
            assert expected == {}
            assert not operation.sdk.body_required
        else:
            assert canonical(given_) == canonical(expected)

    check()


@every_body
def test_every_field_of_a_body_and_only_those_required_are_sent(operation: Op) -> None:
    body = named(operation.body or "")
    for full in (True, False):
        for data in samples(body, full=full):
            given_ = sent(operation, arguments(data, body))
            assert canonical(given_ or {}) == canonical(as_sent(data, body))


def spelt(path: Path) -> str:
    """How a user spells a place of a body: a key of a map is the merchant's own."""
    text, below_map = "", False
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
            continue
        name = key if below_map else snake(key)
        text += f".{name}" if name.isidentifier() else f"[{name!r}]"
        below_map = not below_map and key in MAPS
    return text.removeprefix(".")


REFUSED = {"wrong type", "missing", "null"}


@every_body
def test_a_body_of_another_type_is_refused_by_name_and_not_by_value(operation: Op) -> None:
    @MORE
    @given(mismatched(named(operation.body or ""), most=1))
    def check(data: Mismatched) -> None:
        if not data.made or data.made[0].kind not in REFUSED:
            check_input(data.value, operation.sdk.body or "", operation.id)
            return
        with pytest.raises(InvalidArgumentError) as raised:
            check_input(data.value, operation.sdk.body or "", operation.id)
        assert f" {spelt(data.made[0].path)} " in str(raised.value)
        assert operation.id in str(raised.value)
        assert_not_repeated(data.made[0].value, raised.value)

    check()


def assert_not_repeated(value: Any, error: InvalidArgumentError) -> None:
    assert SECRET not in str(error)
    if isinstance(value, str) and len(value) > 2:
        assert value not in str(error)
    assert error.__cause__ is None or SECRET not in str(error.__cause__)


@every_body
def test_each_argument_of_another_type_is_refused_before_anything_is_built(operation: Op) -> None:
    body = named(operation.body or "")
    data = next(samples(body))
    for each in mismatches(data, body):
        if len(each.at) == 1 and each.kind == "wrong type":
            given_ = arguments(data, body)
            given_[str(each.at[0])] = each.value
            with pytest.raises(InvalidArgumentError) as raised:
                built(operation, given_)
            assert f" {spelt(each.path)} " in str(raised.value)
            assert_not_repeated(each.value, raised.value)


@every_body
def test_what_the_document_may_add_is_sent(operation: Op) -> None:
    body = named(operation.body or "")
    for data in samples(body):
        for place in places(data, body):
            if place.shape.kind == "enum":
                _set(data, place, Unrecognized("BRAND_NEW"))
        assert canonical(sent(operation, data) or {}) == canonical(data)


@every_body
def test_times_without_a_zone_are_refused(operation: Op) -> None:
    body = named(operation.body or "")
    naive = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001  (this is what is refused)
    data = next(samples(body))
    for place in [p for p in places(data, body) if p.shape.kind == "date-time"]:
        for value in (naive, "2024-05-06T07:08:09", date(2024, 5, 6)):
            body_ = json.loads(json.dumps(data))
            _set(body_, place, value)
            with pytest.raises(InvalidArgumentError) as raised:
                built(operation, body_)
            assert "07:08:09" not in str(raised.value)
            assert "datetime(2024" not in str(raised.value)
            if value is not naive:
                assert f" {spelt(place.path)} " in str(raised.value)
    for place in [p for p in places(data, body) if p.shape.kind == "date"]:
        body_ = json.loads(json.dumps(data))
        _set(body_, place, datetime.fromisoformat("2024-05-06T07:08:09Z"))
        with pytest.raises(InvalidArgumentError):
            built(operation, body_)


def test_there_are_times_in_bodies() -> None:
    kinds = [
        p.shape.kind
        for op in BODIES
        for w in samples(named(op.body or ""))
        for p in places(w, named(op.body or ""))
    ]
    assert kinds.count("date-time") > 20
    assert kinds.count("date") > 20


def _set(data: Any, place: Place, value: Any) -> None:
    *parents, last = place.path
    for key in parents:
        data = data[key]
    data[last] = value
