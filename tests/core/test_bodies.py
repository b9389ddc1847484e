"""Bodies of kinds that PortOne's document has not yet: forms with files, and bodies that are no objects."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portone_async import PortOne, RequestOptions
from portone_async._forms import encode_form
from portone_async._operation import Operation
from portone_async._request import Request, Settings, build_request
from portone_async.errors import InvalidArgumentError
from tests.core.server import Server, answer
from tests.core.things import Thing

pytestmark = pytest.mark.usefixtures("things")

UPLOAD = Operation[None](
    "upload", "POST", "/upload", body="Form", body_media="multipart/form-data", body_required=True
)
FORM = Operation[None](
    "sendForm", "POST", "/form", body="Form", body_media="application/x-www-form-urlencoded"
)
WHOLE = Operation[None]("sendThings", "PUT", "/things", body="Things", whole_body=True)
REQUIRED = Operation[None](
    "replaceThings", "PUT", "/things", body="Things", whole_body=True, body_required=True
)
FILE = b"%PDF\r\n--\x00\xff\r\n\r\n"


def built(operation: Operation[Any], **body: Any) -> Request:
    """The request of an operation."""
    return build_request(
        Settings(base_path="", authorization="PortOne secret"), operation, RequestOptions(), {}, {}, body
    )  # fmt: skip


def parts_of(content_type: str, content: bytes) -> list[Message[str, str]]:
    """The parts of a form, as Python's own reader of MIME understands them."""
    whole = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content)
    assert whole.is_multipart()
    assert whole.defects == []
    parts: Any = whole.get_payload()
    return parts


def received(request: Request) -> list[tuple[str | None, str | None, bytes]]:
    """Name, name of the file and content of each part."""
    assert request.content is not None
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in parts_of(dict(request.headers)["content-type"], request.content)
    ]  # pyright: ignore[reportReturnType]


def test_a_form_holds_texts_files_and_objects() -> None:
    """Each in a part of its own: a list in several, an object as JSON."""
    request = built(
        UPLOAD, name="이름", file=FILE, files=[b"", b"b"], thing=Thing(must=None, level=2)
    )
    assert received(request) == [
        ("name", None, "이름".encode()),
        ("file", "file", FILE),
        ("files", "files", b""),
        ("files", "files", b"b"),
        ("thing", None, b'{"must":null,"level":2}'),
    ]


@pytest.mark.anyio
async def test_a_form_arrives(server: Server, portone: PortOne) -> None:
    """Over a real connection, with the key of a change."""
    server.plays(answer())
    await portone.call(UPLOAD, body={"name": "a", "file": FILE})
    request = server.request
    assert request.key
    parts = parts_of(request.header("content-type") or "", request.body)
    assert [part.get_payload(decode=True) for part in parts] == [b"a", FILE]


def test_a_file_says_that_it_is_one() -> None:
    """By the type and the file's name, which servers tell files from texts by."""
    request = built(UPLOAD, name="a", file=b"b")
    assert request.content is not None
    text, file = parts_of(dict(request.headers)["content-type"], request.content)
    assert file.get_content_type() == "application/octet-stream"
    assert text.get_content_type() == "text/plain"
    assert text.get_filename() is None


def test_each_form_has_a_boundary_of_its_own() -> None:
    """Which nobody who writes into a file can know."""
    kinds = {dict(built(UPLOAD, name="a").headers)["content-type"] for _ in range(10)}
    assert len(kinds) == 10


@given(contents=st.lists(st.binary() | st.sampled_from([b"--", b"\r\n--", b"\r\n\r\n"])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_files_arrive_as_they_are(contents: list[bytes]) -> None:
    """Whatever is in them."""
    request = built(UPLOAD, name="a", files=contents)
    assert [content for _, _, content in received(request)] == [b"a", *contents]


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ('a"b', b"a%22b"),
        ("a\\b", b"a\\\\b"),
        ('a\r\nX: b"; filename="c', b"a%0D%0AX: b%22; filename=%22c"),
        ("이름", "이름".encode()),
    ],
)
def test_names_of_parts_stay_within_their_quotes(name: str, quoted: bytes) -> None:
    """They are the document's, and no lines of their own."""
    content = encode_form("multipart/form-data", {name: "value", "b": b"c"})
    lines = content.split(b"\r\n")
    assert lines[1] == b'Content-Disposition: form-data; name="%b"' % quoted
    assert lines[2:4] == [b"", b"value"]
    assert lines[4] == lines[0]


def test_a_form_without_files_is_urlencoded() -> None:
    """Lists repeated, objects as JSON."""
    request = built(FORM, name="a b&c=이", whatever=[1, "d", {"e": None}])
    assert dict(request.headers)["content-type"] == "application/x-www-form-urlencoded"
    assert request.content is not None
    assert parse_qsl(request.content.decode(), strict_parsing=True) == [
        ("name", "a b&c=이"),
        ("whatever", "1"),
        ("whatever", "d"),
        ("whatever", '{"e":null}'),
    ]


@pytest.mark.parametrize("operation", [UPLOAD, FORM], ids=lambda operation: operation.id)
@pytest.mark.parametrize("value", [object(), float("nan"), {"a": {1, 2}}])
def test_what_a_form_cannot_hold_is_refused(operation: Operation[Any], value: Any) -> None:
    """As in JSON."""
    with pytest.raises(InvalidArgumentError, match="an argument cannot be written in a form"):
        built(operation, name="a", whatever=value)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"name": "a", "file": "text"}, "file must be bytes, not a string"),
        ({"name": "a", "files": [b"a", None]}, r"files\[1\] must be bytes, not null"),
        ({"name": 5}, "name must be a string, not an integer"),
        ({"file": b"a"}, "name is missing"),
        ({"name": "a", "thing": {"level": 1}}, "thing.must is missing"),
    ],
)
def test_fields_of_a_form_have_the_documents_types(body: dict[str, Any], problem: str) -> None:
    """As those of every body."""
    with pytest.raises(InvalidArgumentError, match=f"^upload: {problem}; nothing was sent$"):
        built(UPLOAD, **body)


def test_a_form_that_may_be_absent_is() -> None:
    """Without a body there is no type of one."""
    anything = Operation[None](
        "sendAnything", "POST", "/form", body="Untagged", body_media="multipart/form-data"
    )
    request = built(anything)
    assert request.content is None
    assert "content-type" not in dict(request.headers)


def test_a_form_without_fields_is_still_a_form() -> None:
    """Its end, where it must be there."""
    empty = Operation[None](
        "sendNothing", "POST", "/form", body="Untagged", body_media="multipart/form-data", body_required=True
    )  # fmt: skip
    request = built(empty)
    boundary = dict(request.headers)["content-type"].removeprefix("multipart/form-data; boundary=")
    assert boundary
    assert request.content == f"--{boundary}--\r\n".encode()


def test_a_body_may_be_a_list() -> None:
    """Of models, as JSON."""
    request = built(WHOLE, body=[Thing(must="a"), Thing(must=None)])
    assert request.content == b'[{"must":"a"},{"must":null}]'
    assert dict(request.headers)["content-type"] == "application/json"


@pytest.mark.parametrize("operation", [WHOLE, REQUIRED], ids=lambda operation: operation.id)
def test_an_empty_list_is_a_body(operation: Operation[Any]) -> None:
    """It is not nothing: it may say that there shall be no things."""
    assert built(operation, body=[]).content == b"[]"


def test_a_body_that_may_be_absent_is_not_sent() -> None:
    """And has no type."""
    request = built(WHOLE, body=None)
    assert request.content is None
    assert "content-type" not in dict(request.headers)


@pytest.mark.parametrize(
    ("operation", "body", "problem"),
    [
        (WHOLE, 5, "sendThings: body must be an array, not an integer"),
        (WHOLE, [Thing(must="a"), 5], r"sendThings: \[1\] must be an object, not an integer"),
        (WHOLE, [{"level": 1}], r"sendThings: \[0\].must is missing"),
        (REQUIRED, None, "replaceThings: body must be an array, not null"),
    ],
)
def test_a_body_of_another_type_is_refused(
    operation: Operation[Any], body: Any, problem: str
) -> None:
    """By its place."""
    with pytest.raises(InvalidArgumentError, match=f"^{problem}; nothing was sent$"):
        built(operation, body=body)


def test_a_body_that_holds_itself_is_refused() -> None:
    """By its name."""
    body: list[Any] = []
    body.append(body)
    with pytest.raises(InvalidArgumentError, match=r"^body is nested too deeply"):
        built(WHOLE, body=body)


def test_fields_that_may_be_null_are_sent_as_null() -> None:
    """Where the document wants them there, and only those."""
    operation = Operation[None](
        "createThing", "POST", "/things", body="Thing", body_required=True, nulls=("must",)
    )
    assert built(operation, must=None, someNote=None).content == b'{"must":null}'
    assert built(operation, must="a", level=1).content == b'{"must":"a","level":1}'
