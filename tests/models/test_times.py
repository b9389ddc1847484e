"""Times are plain datetimes, and are written back in the very text that they were read from."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import Model, RequestOptions
from portone_async._decoding import read_response
from portone_async._registry import model_reader
from portone_async._request import Settings, build_request
from portone_async._validation import field_types
from portone_async._writing import write
from portone_async.converter import converter
from portone_async.models import PaidPayment, PlatformSettlementCycle

from .strategies import BODIES, MORE, OPERATIONS, named, pickled, response, samples, valid

NANOSECONDS = "2024-05-06T07:08:09.123456789Z"
SEOUL = timezone(timedelta(hours=9))
# Texts that `write_datetime` would not write.
TEXTS = [
    NANOSECONDS,
    "2024-05-06T07:08:09.000Z",
    "2024-05-06T07:08:09.5Z",
    "2024-05-06T07:08:09.120000Z",
    "2024-05-06T07:08:09.000000000+09:00",
    "2024-05-06T07:08:09+00:00",
    "2024-05-06T07:08:09.123456789-05:30",
    "2024-05-06T07:08Z",
]
every_text = pytest.mark.parametrize("text", TEXTS)


def payment(**fields: Any) -> PaidPayment:
    data: dict[str, Any] = next(samples(named("PaidPayment")))
    return model_reader("PaidPayment")({**data, **fields})


def rewritten(value: Any) -> Any:
    return orjson.loads(orjson.dumps(write(value)))


Copy = Callable[[Any], Any]
COPIES: list[Copy] = [
    copy.copy,
    copy.deepcopy,
    *(partial(pickled, protocol=protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
    attrs.evolve,
    lambda value: attrs.evolve(attrs.evolve(value)),
    lambda value: pickled(attrs.evolve(copy.copy(value))),
]


@every_text
def test_a_time_is_a_plain_datetime(text: str) -> None:
    read = payment(paidAt=text).paid_at
    assert type(read) is datetime
    assert read == datetime.fromisoformat(text)
    # Serializers and databases look at the class.
    assert orjson.dumps(read)


@every_text
@pytest.mark.parametrize("unknown", [{}, {"brandNew": [1, None]}])
@pytest.mark.parametrize("duplicate", COPIES)
def test_a_time_is_written_back_as_it_came_and_so_is_a_copy(
    text: str, unknown: dict[str, Any], duplicate: Copy
) -> None:
    value = payment(paidAt=text, **unknown)
    expected = rewritten(value)
    assert expected["paidAt"] == text
    for again in (duplicate(value), converter.structure(converter.unstructure(value), PaidPayment)):
        assert again == value
        assert again is not value
        assert rewritten(again) == expected


@pytest.mark.parametrize("duplicate", [lambda value: value, *COPIES])
def test_a_time_that_was_changed_is_written_as_it_is_now(duplicate: Copy) -> None:
    value = duplicate(payment(paidAt=NANOSECONDS, requestedAt=NANOSECONDS))
    changed = value.paid_at + timedelta(seconds=1)
    assert (
        rewritten(attrs.evolve(value, paid_at=changed))["paidAt"] == "2024-05-06T07:08:10.123456Z"
    )
    value.paid_at = changed
    assert rewritten(value)["paidAt"] == "2024-05-06T07:08:10.123456Z"
    assert rewritten(value)["requestedAt"] == NANOSECONDS
    value.paid_at = datetime.fromisoformat(NANOSECONDS)
    assert rewritten(value)["paidAt"] == NANOSECONDS
    value.paid_at = value.paid_at.astimezone(SEOUL)
    assert rewritten(value)["paidAt"] == "2024-05-06T16:08:09.123456+09:00"
    value.paid_at = None
    assert "paidAt" not in rewritten(value)


def test_a_time_that_was_not_read_is_written_in_the_usual_form() -> None:
    data = next(samples(named("PlatformSettlementCycle")))
    assert rewritten(model_reader("PlatformSettlementCycle")(data)) == data
    fields: dict[str, Any] = attrs.asdict(payment(), recurse=False)
    fields |= {"paid_at": datetime(2024, 5, 6, tzinfo=SEOUL)}
    fields["additional_properties"] = {}
    built = PaidPayment(**fields)
    assert rewritten(built)["paidAt"] == "2024-05-06T00:00:00+09:00"
    assert rewritten(built)["requestedAt"] == "2024-05-06T07:08:09.123456Z"


@pytest.mark.parametrize("read", [True, False])
def test_the_texts_are_no_fields(read: bool) -> None:
    value = payment(paidAt=NANOSECONDS)
    if not read:
        value = copy.copy(value)
    for place in (repr(value), str(attrs.asdict(value)), str(attrs.fields(PaidPayment))):
        assert "123456789" not in place
        assert "time_texts" not in place
    assert value == payment(paidAt="2024-05-06T07:08:09.123456Z")
    assert value.additional_properties == {}
    with pytest.raises(TypeError):
        PaidPayment(time_texts=())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_what_is_no_time_stays_as_it_came_among_times() -> None:
    for odd in (7, "soon", "2024-05-06T07:08:09", None, [NANOSECONDS]):
        value = payment(paidAt=odd, requestedAt=NANOSECONDS)
        expected = {} if odd is None else {"paidAt": odd}
        assert {key: item for key, item in rewritten(value).items() if key == "paidAt"} == expected
        value.paid_at = datetime.fromisoformat(NANOSECONDS)
        assert rewritten(value)["paidAt"] == "2024-05-06T07:08:09.123456Z"
        assert rewritten(value)["requestedAt"] == NANOSECONDS


def test_a_model_without_times_keeps_none() -> None:
    assert PlatformSettlementCycle.__time_fields__ == ()
    assert PaidPayment.__time_fields__ == (
        "paid_at",
        "requested_at",
        "status_changed_at",
        "updated_at",
    )


@MORE
@given(valid(named("Payment")), st.sampled_from(COPIES))
def test_every_copy_of_a_payment_is_written_alike(data: Any, duplicate: Copy) -> None:
    value = model_reader("Payment")(data)
    assert isinstance(value, Model)
    assert rewritten(duplicate(value)) == rewritten(value) == data


# --- freezegun --------------------------------------------------------------------------------------------


class FakeDateType(type):
    """As freezegun's: instances of the real class count as the fake's."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, date)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, date)


class FakeDatetimeType(FakeDateType):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, datetime)


class FakeDate(date, metaclass=FakeDateType):
    pass


class FakeDatetime(datetime, FakeDate, metaclass=FakeDatetimeType):  # type: ignore[misc]
    pass


REAL = {datetime: FakeDatetime, date: FakeDate}


@pytest.fixture
def frozen() -> Iterator[Callable[[], None]]:
    """Replaces the classes in every module of the package, as freezegun does; the function returned puts them back."""
    replaced: list[tuple[Any, str, type]] = []
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("portone_async", "attrs", "attr", "cattrs", "typing"):
            for attribute, value in list(vars(module).items()):
                for real, fake in REAL.items():
                    if value is real:
                        setattr(module, attribute, fake)
                        replaced.append((module, attribute, real))
    assert replaced

    def thaw() -> None:
        while replaced:
            setattr(*replaced.pop())

    field_types.cache_clear()
    yield thaw
    thaw()
    field_types.cache_clear()


def call_with_times() -> None:
    """A request with a time and a date in its body, and a response with times, strictly read."""
    operation = next(op for op in BODIES if op.id == "getPlatformPartnerSettlements")
    schedule = next(op for op in BODIES if op.id == "createPaymentSchedule")
    settings = Settings("https://api.portone.test", "PortOne secret")
    now = datetime.fromisoformat("2024-05-06T07:08:09Z")
    for op, body in (
        (operation, {"filter": {"settlementDates": [date.fromisoformat("2024-05-06")]}}),
        (operation, {"filter": {"settlementDates": [FakeDate(2024, 5, 6)]}}),
        (schedule, {"payment": next(samples(named("BillingKeyPaymentInput"))), "timeToPay": now}),
        (
            schedule,
            {
                "payment": next(samples(named("BillingKeyPaymentInput"))),
                "timeToPay": FakeDatetime(2024, 5, 6, tzinfo=UTC),
            },
        ),
    ):
        path = {"paymentId": "a"} if op is schedule else {}
        build_request(settings, op.sdk, RequestOptions(), path, {}, body)
    get_payment = next(op for op in OPERATIONS if op.id == "getPayment")
    data = next(samples(named("PaidPayment")))
    for strict in (False, True):
        read: Any = read_response(get_payment.sdk, response(data), strict=strict)
        assert type(read.paid_at) is datetime
        assert write(read) == data
    day: Any = converter.structure({"at": "2024-05-06", "time": NANOSECONDS}, Days)
    assert type(day.time) is datetime
    assert converter.unstructure(day) == {"at": "2024-05-06", "time": "2024-05-06T07:08:09.123456Z"}


@attrs.define
class Days:
    at: date
    time: datetime


def test_calls_with_times_work_while_the_classes_are_replaced_and_afterwards(
    frozen: Callable[[], None],
) -> None:
    call_with_times()
    frozen()
    call_with_times()


FIRST_IMPORTED = """
import datetime
real = datetime.datetime, datetime.date
class FakeDate(real[1]): pass
class FakeDatetime(real[0], FakeDate): pass
datetime.datetime, datetime.date = FakeDatetime, FakeDate
import portone_async._reading, portone_async._validation, portone_async.converter
from portone_async._registry import model_reader
read = model_reader("BillingKeyInfo")
value = {"status": "DELETED", "issuedAt": "2024-05-06T07:08:09.123456789Z"}
assert type(read(value).issued_at) is real[0]
datetime.datetime, datetime.date = real
assert type(read(value).issued_at) is real[0]
assert type(portone_async.converter.converter.structure("2024-05-06T07:08:09Z", real[0])) is real[0]
assert type(portone_async.converter.converter.structure("2024-05-06", real[1])) is real[1]
assert portone_async._validation.first_mismatch(value, "BillingKeyInfo").path != "$.issuedAt"
"""


def test_times_work_when_the_package_was_first_imported_while_the_classes_were_replaced() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_IMPORTED],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
