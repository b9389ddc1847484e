"""HTTP/1.1 as bytes, beside h11: what both read they read alike, and what is cut or odd is never an answer.

Where the reader differs from h11 on purpose, and why, is in response_samples.py.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import h11
import pytest
from attrs import define
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portone_async._errors import RequestInfo
from portone_async._request import Request
from portone_async._transport.direct import http1
from portone_async._transport.direct.http1 import ProtocolError, ResponseReader, encode
from tests.core.transport.direct.judges import FRAMING, Outcome, read_h11, read_ours

TOKENS = "!#$%&'*+-.^_`|~0123456789abcxyzABCXYZ"
many = settings(deadline=None, max_examples=300)


@define
class Sent:
    """A response's bytes and what they answer."""

    method: str
    data: bytes
    ends_with_connection: bool = False
    head: int = 0
    """Where the body begins."""


# Responses

spaces = st.text(" \t", max_size=3)
obs_text = st.characters(codec="latin-1", exclude_categories=("Cc", "Zs"))
words = st.text(obs_text, min_size=1, max_size=8)
values = st.lists(words, max_size=3).map(" \t ".join)
names = (
    st.one_of(
        st.sampled_from(["Set-Cookie", "set-cookie", "X-A", "x-a", "Via"]),
        st.text(TOKENS, min_size=1, max_size=8),
    )
).filter(lambda name: name.lower() not in FRAMING)
fields = st.builds(
    lambda name, before, value, after: f"{name}:{before}{value}{after}",
    names,
    spaces,
    values,
    spaces,
)
reasons = st.one_of(st.just(""), st.just(" "), values.map(" {}".format))


def cased(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name.lower(), name.upper()])


@st.composite
def heads(draw: st.DrawFn, status: int, framing: list[str]) -> str:
    """A head with its framing headers anywhere among others."""
    lines = draw(st.lists(fields, max_size=5)) + framing
    lines = draw(st.permutations(lines))
    version = draw(st.sampled_from(["1.1", "1.1", "1.1", "1.0"]))
    start = f"HTTP/{version} {status}{draw(reasons)}"
    return "\r\n".join([start, *lines, "", ""])


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """A body in chunks of any size, with extensions and trailers."""
    data = b""
    extensions = st.one_of(
        st.just(""), spaces, words.map(";{}".format), words.map(';a="{}";b'.format)
    )
    hexes = st.sampled_from(["{:x}", "{:X}", "{:04x}", "{:015X}"])
    while body:
        size = draw(st.integers(1, len(body)))
        line = draw(hexes).format(size) + draw(extensions)
        data += line.encode("latin-1") + b"\r\n" + body[:size] + b"\r\n"
        body = body[size:]
    end = draw(st.sampled_from(["0", "000"])) + draw(extensions)
    lines = [end, *draw(st.lists(fields, max_size=2)), "", ""]
    return data + "\r\n".join(lines).encode("latin-1")


@st.composite
def responses(draw: st.DrawFn) -> Sent:
    """A valid response, with what announces it."""
    method = draw(st.sampled_from(["GET", "GET", "GET", "POST", "HEAD"]))
    status = draw(st.one_of(st.sampled_from([200, 200, 204, 304, 404]), st.integers(200, 599)))
    body = draw(st.binary(max_size=60))
    kind = draw(st.sampled_from(["length", "chunked", "close"]))
    bodiless = method == "HEAD" or status in (204, 304)
    framing: list[str] = []
    if kind == "length":
        name = draw(cased("Content-Length"))
        size = f"{draw(spaces)}{len(body)}{draw(spaces)}"
        framing = draw(
            st.sampled_from([[f"{name}:{size}"], [f"{name}:{size},{size}"], [f"{name}:{size}"] * 2])
        )
        data = body
    elif kind == "chunked":
        framing = [f"{draw(cased('Transfer-Encoding'))}: {draw(cased('Chunked'))}"]
        data = draw(chunked(body))
    else:
        data = body
    said = draw(st.sampled_from([None, None, "close", "CLOSE ", "keep-alive", "x,\tClose , y"]))
    if said is not None:
        framing.append(f"{draw(cased('Connection'))}: {said}")
    announced = draw(st.lists(st.sampled_from([100, 102, 103, 199]), max_size=2))
    before = "".join(draw(heads(early, [])) for early in announced)
    start = (before + draw(heads(status, framing))).encode("latin-1")
    if bodiless:
        data = b""
    return Sent(method, start + data, kind == "close" and not bodiless, len(start))


def cuts(data: bytes, places: list[int]) -> list[bytes]:
    """Bytes in pieces that end at some places."""
    bounds = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(bounds)]


places = st.lists(st.integers(0, 1 << 16), max_size=8)


@many
@given(responses(), places)
def test_what_is_valid_is_read_as_h11_reads_it(sent: Sent, where: list[int]) -> None:
    """Status, headers, body, end, and whether the connection may be used again."""
    expected = read_h11(sent.method, [sent.data])
    assert isinstance(expected, Outcome)
    found = read_ours(sent.method, cuts(sent.data, where))
    assert isinstance(found, Outcome)
    assert found.without_framing() == expected.without_framing()


@many
@given(responses())
def test_what_is_cut_is_never_complete(sent: Sent) -> None:
    """At whichever byte; only a body that ends with its connection can end anywhere."""
    for end in range(len(sent.data)):
        reader = ResponseReader(sent.method)
        reader.feed(sent.data[:end])
        assert not reader.complete
        assert not reader.reusable
        if sent.ends_with_connection and end >= sent.head:
            reader.end()
            assert reader.complete
            assert not reader.reusable
            assert reader.content() == sent.data[sent.head : end]
        else:
            with pytest.raises(ProtocolError):
                reader.end()
            assert not reader.complete


@st.composite
def damaged(draw: st.DrawFn) -> Sent:
    """A response in which some bytes are others, missing, doubled or too many."""
    sent = draw(responses())
    data = bytearray(sent.data)
    telling = st.sampled_from([b"\n", b"\r", b"\0", b" ", b"\t", b",", b";", b":", b"0", b"\r\n"])
    for _ in range(draw(st.integers(1, 3))):
        # Most of what matters is in the head and near the end.
        place = draw(st.integers(0, len(data)))
        removed = draw(st.integers(0, 2))
        data[place : place + removed] = draw(st.one_of(telling, st.binary(max_size=2)))
    if draw(st.booleans()):
        data += draw(st.sampled_from([b"\r\n", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]))
    return Sent(sent.method, bytes(data))


def excused(sent: Sent, found: Outcome, error: Exception) -> bool:
    """Whether h11 refuses what our reader passes over on purpose."""
    odd_space = re.search(rb"[0-9A-Fa-f][ \t]+;", sent.data)
    bodiless = sent.method == "HEAD" or found.status in (204, 304)
    announced = re.search(rb"HTTP/1\.[01] 1", sent.data)
    about_length = re.search("Content-Length|Transfer-Encoding", str(error))
    return bool(odd_space or (about_length and (bodiless or announced)))


@many
@given(damaged(), places)
@example(Sent("GET", b"HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n\r\n1"), [])
@example(Sent("GET", b"HTTP/1.1 200 OK\r\nA: b\r\n Content-Length: 0\r\n\r\n"), [])
@example(Sent("GET", b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n12"), [])
def test_what_is_damaged_is_an_error_or_what_h11_reads(sent: Sent, where: list[int]) -> None:
    """Never a body that h11 would not give, and never a connection to use again that it would close."""
    found = read_ours(sent.method, cuts(sent.data, where))
    if found is None:
        return
    expected = read_h11(sent.method, [sent.data])
    if isinstance(expected, Exception):
        assert excused(sent, found, expected), expected
    else:
        assert (found.status, found.body) == (expected.status, expected.body)
        assert expected.reusable or not found.reusable


@many
@given(st.one_of(responses(), damaged()), places)
def test_how_bytes_are_cut_never_matters(sent: Sent, where: list[int]) -> None:
    """All at once, in pieces, or one by one: the same answer, or an error each time."""
    at_once = read_ours(sent.method, [sent.data])
    assert read_ours(sent.method, cuts(sent.data, where)) == at_once
    assert read_ours(sent.method, (bytes([byte]) for byte in sent.data)) == at_once


@many
@given(damaged(), responses())
def test_nothing_after_an_error_is_an_answer(sent: Sent, good: Sent) -> None:
    """However good it looks."""
    reader = ResponseReader(sent.method)
    try:
        reader.feed(sent.data)
        if not reader.complete:
            reader.end()
    except ProtocolError:
        for again in (lambda: reader.feed(good.data), lambda: reader.feed(b""), reader.end):
            with pytest.raises(ProtocolError):
                again()
            assert not reader.complete
            assert not reader.reusable


def read(head: str, body: bytes = b"", method: str = "GET") -> ResponseReader:
    """Feed a head, without its last blank line, and what follows it."""
    reader = ResponseReader(method)
    reader.feed(head.encode("latin-1") + b"\r\n\r\n" + body)
    return reader


@pytest.mark.parametrize(
    "value",
    [
        "5",
        " 5 ",
        "\t5",
        "5, 5",
        "5,5",
        "5 ,\t5,5",
        "05",
        "000000000000005",
        "5\r\nContent-Length: 5",
    ],
)
def test_a_length_may_be_said_twice(value: str) -> None:
    """If it is the same."""
    reader = read(f"HTTP/1.1 200 OK\r\nContent-Length:{value}", b"12345")
    assert reader.reusable
    assert reader.content() == b"12345"


@pytest.mark.parametrize(
    "value",
    [
        *["", " ", ",", "5,", ",5", "1,2", "5, 6", "5, 05", "+5", "-5", "-0", "0x5", "5_0", "5.0"],
        *["5e0", "5 5", "5;5", "5\t5", "\xb2", "\xb25", "\u00bd", "five", "1" * 16, "9" * 5_000],
        *["5\r\nContent-Length: 6", "5\r\nContent-Length:", "5\r\ncontent-length: 5, 6"],
    ],
)
def test_a_length_that_is_none_is_an_error(value: str) -> None:
    """It could end the answer in the wrong place."""
    with pytest.raises(ProtocolError):
        read(f"HTTP/1.1 200 OK\r\nContent-Length:{value}", b"12345")


@pytest.mark.parametrize("size", ["5", "0005", "5 ", "5\t", "5;a", "5;a=b;c", "5 ; a", "5;", "5;é"])
def test_a_chunk_may_say_more_than_its_size(size: str) -> None:
    """Extensions are passed over."""
    body = f"{size}\r\n12345\r\n0\r\n\r\n".encode("latin-1")
    reader = read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", body)
    assert reader.reusable
    assert reader.content() == b"12345"


@pytest.mark.parametrize(
    "size",
    [
        *[
            "",
            " ",
            " 5",
            "g",
            "5g",
            "+5",
            "-5",
            "0x5",
            "5_0",
            "5.",
            "5,",
            "5 5",
            "5\r",
            "5\n",
            "\n5",
        ],
        *["\xb2", "5\0", "5;\0", "5;\n", ";5", "5 x;a", "1" * 16, "0" * 16, "5:6"],
    ],
)
def test_a_chunk_with_no_size_is_an_error(size: str) -> None:
    """It could end the answer in the wrong place."""
    body = f"{size}\r\n12345\r\n0\r\n\r\n".encode("latin-1")
    with pytest.raises(ProtocolError):
        read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", body)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\r", b"6\r\n", b"\n\r\n", b"6"])
def test_a_chunk_ends_where_it_says(end: bytes) -> None:
    """With CRLF, right after its bytes."""
    reader = ResponseReader("GET")
    with pytest.raises(ProtocolError):
        reader.feed(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345%b0\r\n\r\n" % end
        )
    assert not reader.complete


@pytest.mark.parametrize(
    "coding",
    [
        "gzip",
        "gzip, chunked",
        "chunked, chunked",
        "identity",
        "",
        "xchunked",
        "chunked;q",
        "\vchunked",
    ],
)
def test_a_coding_that_was_not_asked_for_is_an_error(coding: str) -> None:
    """Its end is unknown."""
    with pytest.raises(ProtocolError):
        read(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}", b"0\r\n\r\n")


@pytest.mark.parametrize("order", [1, -1])
def test_a_length_beside_a_coding_spoils_the_connection(order: int) -> None:
    """The coding counts; something between may have seen another end, so nothing else is read from there."""
    framing = ["Content-Length: 3", "Transfer-Encoding: chunked"][::order]
    reader = read("\r\n".join(["HTTP/1.1 200 OK", *framing]), b"5\r\n12345\r\n0\r\n\r\n")
    assert reader.complete
    assert not reader.reusable
    assert reader.content() == b"12345"


@pytest.mark.parametrize(
    "head",
    [
        *["", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 099 A"],
        *["HTTP/1.1  200 OK", " HTTP/1.1 200 OK", "HTTP/1.1 200OK", "http/1.1 200 OK"],
        *[
            "HTTP/2 200 OK",
            "HTTP/1.2 200 OK",
            "HTTP/0.9 200 OK",
            "ICY 200 OK",
            "\r\nHTTP/1.1 200 OK",
        ],
        *["HTTP/1.1 200 O\rK", "HTTP/1.1 200 O\nK", "HTTP/1.1 200 O\0K", "HTTP/1.1 101 Other"],
        *[f"HTTP/1.1 200 OK\r\n{line}" for line in ("a", ":b", "a :b", "é:b", "a\tb:c", " a:b")],
        *[f"HTTP/1.1 200 OK\r\na:{value}" for value in ("b\n", "b\0", "\rb", "b\r\n c", "b\n\nc")],
    ],
)
def test_a_head_that_is_none_is_an_error(head: str) -> None:
    """No guess is made."""
    with pytest.raises(ProtocolError):
        read(head + "\r\nContent-Length: 0")


@pytest.mark.parametrize("extra", [b"\r\n", b"\0", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.parametrize(
    ("head", "body", "method"),
    [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2", b"{}", "GET"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n", "GET"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2", b"", "HEAD"),
        ("HTTP/1.1 204 No", b"", "GET"),
    ],
)
def test_bytes_after_an_answer_spoil_the_connection(
    head: str, body: bytes, method: str, extra: bytes
) -> None:
    """The answer itself is good; nothing else is read from there."""
    assert read(head, body, method).reusable
    reader = read(head, body + extra, method)
    assert reader.complete
    assert not reader.reusable
    assert reader.content() == (b"{}" if body else b"")


def test_a_body_can_be_taken_as_it_comes() -> None:
    """Each byte once."""
    reader = ResponseReader("GET")
    found: list[bytes] = []
    for piece in (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n12", b"34", b"", b"56"):
        reader.feed(piece)
        found.append(reader.content())
    assert found == [b"12", b"34", b"", b"56"]
    assert reader.content() == b""
    assert reader.reusable


# Too much of something

START = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "start": b"HTTP/1.1 200 " + b"x" * 1_000_000,
    "header": b"HTTP/1.1 200 OK\r\na: " + b"x" * 1_000_000,
    "headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200_000,
    "size": START + b"0" * 1_000_000,
    "extension": START + b"5;" + b"x" * 1_000_000,
    "trailer": START + b"0\r\na: " + b"x" * 1_000_000,
    "no end of line": START + b"1\r\n1" + b"x" * 1_000_000,
}


@pytest.mark.parametrize("data", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("step", [1, 1_000, 262_144])
def test_what_has_no_end_is_an_error_soon(data: bytes, step: int) -> None:
    """Before it fills the memory."""
    reader = ResponseReader("GET")
    fed = 0

    def feed() -> None:
        nonlocal fed
        for piece in _pieces(data, step):
            fed += step
            reader.feed(piece)

    with pytest.raises(ProtocolError):
        feed()
    assert fed <= 140_000 + step
    assert not reader.complete


LONG = {
    "start": b"HTTP/1.1 200 %b\r\nContent-Length: 0\r\n\r\n" % (b"x" * 200_000),
    "header": b"HTTP/1.1 200 OK\r\na: %b\r\nContent-Length: 0\r\n\r\n" % (b"x" * 200_000),
    "headers": b"HTTP/1.1 200 OK\r\n%bContent-Length: 0\r\n\r\n" % (b"a: b\r\n" * 40_000),
    "extension": START + b"1;%b\r\n1\r\n0\r\n\r\n" % (b"x" * 8_000),
    "trailer": START + b"0\r\na: %b\r\n\r\n" % (b"x" * 8_000),
}


@pytest.mark.parametrize("data", LONG.values(), ids=LONG)
@pytest.mark.parametrize("step", [1, 3_000, 1_000_000])
def test_what_is_too_long_is_an_error_however_it_comes(data: bytes, step: int) -> None:
    """Whether an answer can be read is not a matter of how the network cuts it."""
    assert read_ours("GET", _pieces(data, step)) is None


class Counting(bytearray):
    """A buffer that counts the bytes that are looked at or copied."""

    work = 0

    def find(self, mark: Any, start: Any = 0, *rest: Any) -> int:
        found = super().find(mark, start, *rest)
        Counting.work += (found if found >= 0 else len(self)) - start + len(mark)
        return found

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        Counting.work += len(found) if isinstance(key, slice) else 1
        return found


def _pieces(data: bytes, step: int) -> Iterator[bytes]:
    return (data[start : start + step] for start in range(0, len(data), step))


@pytest.mark.parametrize(
    "data",
    [
        ENDLESS["header"][:130_000],
        ENDLESS["headers"][:130_001] + b"\r\n\r\n",
        START + b"5;" + b"x" * 4_000 + b"\r\n12345\r\n0\r\n\r\n",
        START + b"1\r\nx\r\n" * 20_000 + b"0\r\n" + b"a: b\r\n" * 10_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000,
    ],
    ids=["header", "headers", "extension", "chunks", "body"],
)
@pytest.mark.parametrize("step", [1, 7, 1_000_000])
def test_the_work_grows_with_the_bytes_and_no_faster(
    data: bytes, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fed byte by byte it is no more than a few looks at each."""
    monkeypatch.setattr(http1, "bytearray", Counting, raising=False)
    Counting.work = 0
    reader = ResponseReader("GET")
    if not isinstance(reader._buffer, Counting):
        pytest.fail("the reader keeps its bytes in something that this test cannot count")
    for piece in _pieces(data, step):
        reader.feed(piece)
    assert len(data) // 8 < Counting.work < 16 * len(data)


# Requests

INFO = RequestInfo("GET", "/", None, None)


def request(
    method: str, target: str, headers: list[tuple[str, str]], content: bytes | None
) -> Request:
    return Request(method, target, headers, content, INFO)


visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
sent_values = st.lists(visible.filter(bool), max_size=3).map(" ".join)
sent_names = st.text(TOKENS.lower().translate({ord(c): None for c in "\"'"}), min_size=1)
targets = visible.map(lambda text: "/" + text)
methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
sent_headers = st.lists(
    st.tuples(
        sent_names.filter(lambda name: name not in (*FRAMING, "host", "expect")), sent_values
    ),
    max_size=6,
)


@many
@given(methods, targets, sent_headers, st.none() | st.binary(max_size=200))
def test_a_request_is_read_as_it_was_meant(
    method: str, target: str, headers: list[tuple[str, str]], content: bytes | None
) -> None:
    """By h11's server, to the last byte."""
    asked = request(method, target, headers, content)
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    server.receive_data(encode(asked, "h:1"))
    head = server.next_event()
    assert isinstance(head, h11.Request)
    assert (head.method.decode(), head.target.decode()) == (method, target)
    found = [(name.decode(), value.decode()) for name, value in head.headers]
    told = [("content-length", str(len(content or b"")))] if asked.sends_length else []
    assert sorted(found) == sorted([("host", "h:1"), *headers, *told])
    body = b""
    while isinstance(event := server.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert body == (content or b"")
    assert server.trailing_data == (b"", False)
    # That nothing more comes is told either way: by a length, or as what has none has no body.
    assert server.their_state is h11.DONE


BAD = ["\r", "\n", "\0", "\r\n", "\x0b", "\x7f", "\x1b", "\x85", "é", "한", "\u2028", "\ud800", "İ"]


@pytest.mark.parametrize("bad", BAD, ids=ascii)
@pytest.mark.parametrize("part", ["method", "target", "name", "value", "authority"])
@pytest.mark.parametrize("place", ["{}ab", "a{}b", "ab{}"])
def test_nothing_that_http_cannot_carry_leaves(bad: str, part: str, place: str) -> None:
    """In no part of a request, so that no value can become a header, or another request."""
    given_ = {"method": "GET", "target": "/", "name": "a", "value": "b", "authority": "h"}
    given_[part] = {"target": "/"}.get(part, "") + place.format(bad)
    asked = request(given_["method"], given_["target"], [(given_["name"], given_["value"])], None)
    with pytest.raises(ProtocolError) as caught:
        encode(asked, given_["authority"])
    assert bad not in str(caught.value)
    assert caught.value.__cause__ is None


@many
@given(st.text(), st.text(), st.text(min_size=1), st.text(), st.text())
def test_what_leaves_is_text_of_one_line_each(
    method: str, target: str, name: str, value: str, authority: str
) -> None:
    """Or it is an error."""
    asked = request(method, f"/{target}", [(name, value)], b"\r\n\0\xff")
    try:
        data = encode(asked, authority)
    except ProtocolError:
        return
    head, _, body = data.partition(b"\r\n\r\n")
    assert body == b"\r\n\0\xff"
    assert len(head.split(b"\r\n")) == 4
    assert re.fullmatch(rb"[\x20-\x7e\t]*", head.replace(b"\r\n", b""))
