"""Parameters of kinds that PortOne's document has not yet: lists, numbers, times and headers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from math import inf, nan
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import PortOne, RequestOptions
from portone_async._operation import Operation
from portone_async._request import Request, Settings, build_request
from portone_async.errors import InvalidArgumentError
from tests.core.server import Server, answer

LISTS = Operation[None](
    "getLists",
    "GET",
    "/lists",
    arrays=("ids", "rates"),
    joined=("levels", "weights"),
    numbers=("rate", "rates", "weights", "X-Rate", "X-Rates"),
    headers=("X-Trace-Id", "X-Rate", "X-Rates"),
)


class Grade(Enum):
    A = "a/b"
    HALF = 0.5


class Won(float):
    """A number that is printed for people."""

    def __repr__(self) -> str:
        return f"{float(self):,} won"


def built(
    operation: Operation[Any], options: RequestOptions | None = None, /, **parameters: Any
) -> Request:
    """The request of an operation without path parameters."""
    settings = Settings(base_path="", authorization="PortOne secret")
    return build_request(settings, operation, options or RequestOptions(), {}, parameters, {})


def query(**parameters: Any) -> str:
    """The query, as it is sent."""
    path, _, query = built(LISTS, **parameters).target.partition("?")
    assert path == "/lists"
    return query


def header(name: str, value: Any) -> list[str]:
    """The values of a header, as it is sent."""
    request = built(LISTS, **{name: value})
    assert request.target == "/lists"
    return [text for key, text in request.headers if key == name.lower()]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"ids": ["a", "b&c", "d,e"]}, "ids=a&ids=b%26c&ids=d%2Ce"),
        ({"ids": ("a",)}, "ids=a"),
        ({"levels": [1, 2, 3]}, "levels=1,2,3"),
        ({"levels": ["a,b", "c&d"]}, "levels=a%2Cb,c%26d"),
        ({"levels": (1,)}, "levels=1"),
        ({"ids": [True, 7, Grade.A, date(2026, 1, 2)]}, "ids=true&ids=7&ids=a%2Fb&ids=2026-01-02"),
        ({"page": 1, "ids": ["a"], "levels": [2]}, "page=1&ids=a&levels=2"),
    ],
)
def test_a_list_is_repeated_or_joined_as_the_document_says(
    parameters: dict[str, Any], expected: str
) -> None:
    """A comma inside of an item is escaped, one between items is not."""
    assert query(**parameters) == expected


@given(ids=st.lists(st.text(), min_size=1), levels=st.lists(st.text(), min_size=1))
def test_items_of_lists_arrive_as_given(ids: list[str], levels: list[str]) -> None:
    """However they are separated."""
    pairs = parse_qsl(query(ids=ids), keep_blank_values=True)
    assert pairs == [("ids", each) for each in ids]
    name, _, text = query(levels=levels).partition("=")
    assert name == "levels"
    assert [unquote(each) for each in text.split(",")] == levels


@pytest.mark.parametrize("name", ["ids", "levels", "X-Trace-Id"])
@pytest.mark.parametrize("nothing", [None, [], ()])
def test_an_empty_list_is_not_sent(name: str, nothing: Any) -> None:
    """As it would say: one item without a text."""
    request = built(LISTS, **{name: nothing})
    assert request.target == "/lists"
    assert name.lower() not in dict(request.headers)


@pytest.mark.parametrize("name", ["ids", "levels"])
@pytest.mark.parametrize("value", ["abc", 5, {"a": 1}, {"a"}, b"a"])
def test_a_list_is_a_list(name: str, value: Any) -> None:
    """A text would be taken apart into letters."""
    with pytest.raises(
        InvalidArgumentError, match=f"^{name} takes a list, not {type(value).__name__}$"
    ):
        query(**{name: value})


@pytest.mark.parametrize("name", ["ids", "levels"])
@pytest.mark.parametrize("item", [None, 1.5, ["a"], object()])
def test_items_are_values_that_a_query_carries(name: str, item: Any) -> None:
    """Each of them."""
    with pytest.raises(InvalidArgumentError, match=f"^{name} takes a str, int"):
        query(**{name: ["a", item]})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (-2.0, "-2.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e300, "1e+300"),
        (Won(1000), "1000.0"),
        (Grade.HALF, "0.5"),
        (7, "7"),
    ],
)
def test_a_number_may_be_a_float_where_the_document_has_one(value: Any, text: str) -> None:
    """Written with all its digits, alone, in a list and in a header."""
    assert dict(parse_qsl(query(rate=value))) == {"rate": text}
    assert parse_qsl(query(rates=[value, 1])) == [("rates", text), ("rates", "1")]
    assert unquote(query(weights=[value, 1])) == f"weights={text},1"
    assert header("X-Rate", value) == [text]
    assert header("X-Rates", [value, 1]) == [f"{text}, 1"]


@pytest.mark.parametrize("name", ["page", "X-Trace-Id"])
def test_a_float_is_refused_elsewhere(name: str) -> None:
    """It may be an amount that was divided, or a page that was counted wrong."""
    with pytest.raises(InvalidArgumentError, match=f"{name} takes a str, int.*, not float"):
        built(LISTS, **{name: 2.0})


@pytest.mark.parametrize("name", ["rate", "rates", "weights", "X-Rate", "X-Rates"])
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_nan_and_infinity_are_no_numbers(name: str, value: float) -> None:
    """No two programs write them alike."""
    given_value: Any = [value] if name.endswith("s") else value
    with pytest.raises(InvalidArgumentError, match=f"{name} is NaN or Infinity"):
        built(LISTS, **{name: given_value})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("t 1", ["t 1"]),
        ("a&b=c/%20", ["a&b=c/%20"]),
        ("", [""]),
        (True, ["true"]),
        (5, ["5"]),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), ["2026-01-02T03:04:05Z"]),
        (["a", "b"], ["a, b"]),
        (None, []),
    ],
)
def test_a_header_is_sent_as_it_is(value: Any, expected: list[str]) -> None:
    """Not escaped, and not in the query."""
    assert header("X-Trace-Id", value) == expected


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "\x00", "이름", " a", ["a", "b\n"]])
def test_a_header_holds_only_what_http_carries(value: Any) -> None:
    """A line break would begin another header; the value is not repeated."""
    with pytest.raises(InvalidArgumentError) as caught:
        header("X-Trace-Id", value)
    assert str(caught.value) == "x-trace-id has characters that HTTP cannot carry"


def test_headers_of_the_options_win() -> None:
    """They were given for this call, under whatever case."""
    options = RequestOptions(headers={"x-TRACE-id": "mine"})
    request = built(LISTS, options, **{"X-Trace-Id": "theirs"})
    assert [text for name, text in request.headers if name == "x-trace-id"] == ["mine"]


def test_parameters_of_the_caller_are_not_written_to() -> None:
    """The same mapping may be given again."""
    parameters = {"X-Trace-Id": "a", "ids": ["b"]}
    settings = Settings(base_path="", authorization="PortOne secret", store_id="store-1")
    operation = Operation[None](
        "getLists", "GET", "/lists", headers=("X-Trace-Id",), arrays=("ids",), store="query"
    )
    for _ in range(2):
        request = build_request(settings, operation, RequestOptions(), {}, parameters, {})
        assert request.target == "/lists?ids=b&storeId=store-1"
    assert parameters == {"X-Trace-Id": "a", "ids": ["b"]}


@pytest.mark.anyio
async def test_lists_and_headers_arrive(server: Server, portone: PortOne) -> None:
    """Over a real connection, as they were built."""
    server.plays(answer())
    await portone.call(LISTS, query={"X-Trace-Id": "a, b", "ids": ["가", "b"], "levels": [1, 2]})
    assert server.request.target == "/lists?ids=%EA%B0%80&ids=b&levels=1,2"
    assert server.request.header("x-trace-id") == "a, b"


def path(kind: str, value: Any) -> str:
    """The path that a parameter makes."""
    operation = Operation[None]("get", "GET", "/things/{thingId}", path_types=(("thingId", kind),))
    settings = Settings(base_path="/v2", authorization="PortOne secret")
    request = build_request(settings, operation, RequestOptions(), {"thingId": value}, {}, {})
    return request.target.removeprefix("/v2/things/")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", 5, "5"),
        ("int", -5, "-5"),
        ("float", 0.5, "0.5"),
        ("float", 5, "5"),
        ("bool", True, "true"),
        ("bool", False, "false"),
        ("date", date(2026, 1, 2), "2026-01-02"),
        ("datetime", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03%3A04%3A05Z"),
    ],
)
def test_a_path_parameter_may_be_no_text(kind: str, value: Any, expected: str) -> None:
    """It is written as in a query, and escaped."""
    assert path(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("int", value) for value in ("5", True, 5.0, None, [5])),
        *(("float", value) for value in ("0.5", True, None)),
        *(("bool", value) for value in (1, 0, "true", None)),
        *(("date", value) for value in ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC), None)),
        *(("datetime", value) for value in (date(2026, 1, 2), "2026-01-02T03:04:05Z", None)),
    ],
)
def test_a_path_parameter_of_another_type_is_refused(kind: str, value: Any) -> None:
    """Also of a subclass that means something else: `True` for a number, a time for a day."""
    with pytest.raises(
        InvalidArgumentError, match=f"^thing_id takes an? {kind}, not {type(value).__name__}$"
    ):
        path(kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("float", nan, "thing_id is NaN or Infinity"),
        ("datetime", datetime(2026, 1, 2), "thing_id: a datetime without a time zone"),  # noqa: DTZ001
        ("int", 10**5000, "thing_id has more digits than Python writes"),
    ],
    ids=["nan", "naive", "digits"],
)
def test_a_path_parameter_that_cannot_be_written_is_refused(
    kind: str, value: Any, problem: str
) -> None:
    """With the reason."""
    with pytest.raises(InvalidArgumentError, match=f"^{problem}"):
        path(kind, value)
