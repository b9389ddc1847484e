"""Responses for each rule by which RFC 9112 says where a response ends, and what ours, h11 and llhttp make of them.

Where the three disagree, the table says why ours does what it does.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import define, evolve

from tests.core.transport.direct.judges import Outcome

Verdict: TypeAlias = Outcome | None
"""`None` is an error, at the latest when the connection ends."""


@define(frozen=True)
class Verdicts:
    """What each reader makes of a response, and if they disagree, why ours does what it does."""

    ours: Verdict
    h11: Verdict
    llhttp: Verdict
    why: str = ""


@define(frozen=True)
class Sample:
    """A response's bytes, behind which the connection ends."""

    section: str
    """Of RFC 9112, unless it names RFC 9110."""
    data: bytes
    verdicts: Verdicts
    method: str


SAMPLES: Final[dict[str, Sample]] = {}


def sample(
    section: str, name: str, data: bytes, found: Verdict | Verdicts, method: str = "GET"
) -> None:
    """Add to the table. One verdict is that of all three."""
    assert name not in SAMPLES
    verdicts = found if isinstance(found, Verdicts) else Verdicts(found, found, found)
    SAMPLES[name] = Sample(section, data, verdicts, method)


_SAME: Final = Outcome(0, {}, b"", reusable=False)


def differ(ours: Verdict, why: str, *, h11: Verdict = _SAME, llhttp: Verdict = _SAME) -> Verdicts:
    """Return verdicts that disagree; who is not named agrees with ours."""
    return Verdicts(ours, ours if h11 is _SAME else h11, ours if llhttp is _SAME else llhttp, why)


def is_read(
    body: bytes = b"12345", *, status: int = 200, reusable: bool = True, **headers: str
) -> Outcome:
    """Return what is read of a complete response."""
    return Outcome(status, headers, body, reusable)


OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH: Final = OK + b"Content-Length: "
READ: Final = is_read()
ONCE: Final = is_read(reusable=False)
"""Nothing else is read from its connection."""
EMPTY: Final = is_read(b"")

# Why ours is as it is, where that is said more than once.
NO_LF: Final = "2.2: a recipient may take LF for CRLF; who does and who does not see different ends"
NO_VERSION: Final = "there is no such version: what else a server that names it does is unknown"
NOT_ASKED: Final = "6.1: a coding that was not asked for must not be sent"
LIST: Final = "RFC 9110, 8.6: a recipient may take the same length, said twice, for one"
BOTH_SAID: Final = "6.3: the coding counts; but something between may have seen the other end"
NO_CONTROL: Final = "RFC 9110, 5.5: no control characters are allowed in text"
NO_FOLD: Final = (
    "5.2: user agents unfold; but no server folds any more, and a fold may hide a field"
)
EARLIER: Final = "what is received before a response may be another one's"
PADDED: Final = "servers pad sizes with spaces"
NOT_READ: Final = "extensions and trailers are passed over, so that nothing in them matters"
BAD_SPACE: Final = "7.1.1: a recipient must parse white space around an extension"
DIGITS: Final = "fifteen digits are enough for any response"
TOO_LONG: Final = "what has no end must not fill the memory"
ITS_USERS: Final = "what follows a response is the business of llhttp's user"

# 2.2 Message parsing

FIVE: Final = b"Content-Length: 5\r\n\r\n12345"

sample("2.2", "CRLF everywhere", OK + FIVE, READ)
sample("2.2", "LF ends the status line", b"HTTP/1.1 200 OK\n" + FIVE, differ(None, NO_LF, h11=READ))
sample(
    "2.2", "LF ends a field", OK + b"Content-Length: 5\n\r\n12345", differ(None, NO_LF, h11=READ)
)
sample(
    "2.2", "LF ends the head", OK + b"Content-Length: 5\r\n\n12345", differ(None, NO_LF, h11=READ)
)
sample(
    "2.2",
    "LF ends every line",
    b"HTTP/1.1 200 OK\nContent-Length: 5\n\n12345",
    differ(None, NO_LF, h11=READ),
)
sample("2.2", "CR ends the status line", b"HTTP/1.1 200 OK\r" + FIVE, None)
sample("2.2", "CR ends a field", OK + b"a: b\r" + FIVE, None)
sample("2.2", "CR ends the head", OK + b"Content-Length: 5\r\n\r12345", None)
sample("2.2", "CR within the reason", b"HTTP/1.1 200 O\rK\r\n" + FIVE, None)
sample("2.2", "CR within a value", OK + b"a: b\rc\r\n" + FIVE, None)
sample("2.2", "CR before CRLF of a field", OK + b"a: b\r\r\n" + FIVE, None)
sample("2.2", "CR before CRLF of the status line", b"HTTP/1.1 200 OK\r\r\n" + FIVE, None)
sample("2.2", "CR before the last CRLF of the head", OK + b"Content-Length: 5\r\n\r\r\n12345", None)
sample(
    "2.2",
    "CRLF before the status line",
    b"\r\n" + OK + FIVE,
    differ(None, EARLIER, llhttp=READ),
)
sample(
    "2.2",
    "LF before the status line",
    b"\n" + OK + FIVE,
    differ(None, EARLIER, llhttp=READ),
)
sample("2.2", "space before the status line", b" " + OK + FIVE, None)
sample("2.2", "byte order mark before the status line", b"\xef\xbb\xbf" + OK + FIVE, None)
sample("2.2", "space before the first field", OK + b" " + FIVE, None)
sample("2.2", "line of a space before the first field", OK + b" \r\n" + FIVE, None)
sample("2.2", "tab before the first field", OK + b"\t" + FIVE, None)
sample("2.2", "nothing", b"", None)
sample("2.2", "nothing but CRLF", b"\r\n\r\n", None)
sample("2.2", "request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", None)
sample("2.2", "TLS alert", b"\x15\x03\x01\x00\x02\x02\x50", None)

# 2.3 HTTP version

for version, verdict in {
    "HTTP/1.0": ONCE,
    "HTTP/1.2": differ(
        None,
        NO_VERSION,
        h11=READ,
    ),
    "HTTP/1.9": differ(
        None,
        NO_VERSION,
        h11=READ,
    ),
    "HTTP/0.9": differ(None, NO_VERSION, h11=ONCE, llhttp=ONCE),
    "HTTP/2.0": differ(None, NO_VERSION, h11=READ, llhttp=ONCE),
    "HTTP/2": None,
    "HTTP/3.0": differ(None, NO_VERSION, h11=READ),
    "HTTP/1": None,
    "HTTP/1.": None,
    "HTTP/.1": None,
    "HTTP/1.10": None,
    "HTTP/01.1": None,
    "HTTP/1,1": None,
    "HTTP/1 .1": None,
    "HTTP /1.1": None,
    "HTTP1.1": None,
    "http/1.1": None,
    "HTTPS/1.1": None,
    "RTSP/1.0": differ(None, "another protocol", llhttp=ONCE),
    "ICY": None,
    "": None,
}.items():
    sample("2.3", f"version {version!r}", version.encode() + b" 200 OK\r\n" + FIVE, verdict)

# 4 Status line

for line, verdict in {
    "200 ": READ,
    "200": READ,
    "200  OK": READ,
    "200 \tOK": READ,
    "200 Long Words, and 7 Signs!": READ,
    "200 \xe9\xff": READ,
    "200 O\0K": differ(None, NO_CONTROL, llhttp=READ),
    "200 O\x01K": differ(None, NO_CONTROL, h11=READ, llhttp=READ),
    "200 O\x7fK": differ(None, NO_CONTROL, h11=READ, llhttp=READ),
    "200 O\vK": differ(None, NO_CONTROL, llhttp=READ),
    " 200 OK": None,
    "\t200 OK": None,
    "200\tOK": None,
    "200OK": None,
    "20 OK": None,
    "2 OK": None,
    "2000 OK": None,
    "0200 OK": None,
    "000 OK": None,
    "099 OK": None,
    "+20 OK": None,
    "-20 OK": None,
    "2x0 OK": None,
    "2\xb20 OK": None,
    "OK": None,
    "": None,
}.items():
    sample("4", f"status {line!r}", b"HTTP/1.1 " + line.encode("latin-1") + b"\r\n" + FIVE, verdict)
sample("4", "status of five hundred", b"HTTP/1.1 500 Sorry\r\n" + FIVE, is_read(status=500))
sample("4", "status of no class", b"HTTP/1.1 999 Odd\r\n" + FIVE, is_read(status=999))
sample("4", "status line of a version alone", b"HTTP/1.1\r\n" + FIVE, None)

# 5 Field syntax

for line, verdict in {
    "A:b": is_read(a="b"),
    "A: \t b \t ": is_read(a="b"),
    "A:": is_read(a=""),
    "A: \t": is_read(a=""),
    "A: b: c": is_read(a="b: c"),
    "A: b\tc  d": is_read(a="b\tc  d"),
    'A: "b, c"': is_read(a='"b, c"'),
    "A: \xe9\xff": is_read(a="\xe9\xff"),
    "A: b\r\na:c": is_read(a="b, c"),
    "A: b\r\nA:": is_read(a="b, "),
    "A_B: c": is_read(a_b="c"),
    "A: b\0c": None,
    "A: \x01": differ(None, NO_CONTROL, h11=is_read(a="\x01")),
    "A: b\x7fc": differ(None, NO_CONTROL, h11=is_read(a="b\x7fc")),
    "A: b\vc": None,
    "A: b\fc": None,
    "A : b": None,
    "A\t: b": None,
    "A B: c": None,
    ": b": None,
    ":": None,
    "A": None,
    "A\xe9: b": None,
    "A(: b": None,
    'A": b': None,
    "A\0: b": None,
    "A: b\r\n c": differ(None, NO_FOLD, h11=is_read(a="b c")),
    "A: b\r\n\tc": differ(None, NO_FOLD, h11=is_read(a="b c")),
    "A: b\r\n ": differ(None, NO_FOLD, h11=is_read(a="b")),
    "A:\r\n b": differ(None, NO_FOLD, h11=is_read(a="b")),
}.items():
    sample("5", f"field {line!r}", OK + line.encode("latin-1") + b"\r\n" + FIVE, verdict)
sample("5.1", "space before the colon of a length", OK + b"Content-Length : 5\r\n\r\n12345", None)
sample(
    "5.2",
    "folded length",
    OK + b"Content-Length:\r\n 5\r\n\r\n12345",
    differ(None, NO_FOLD, h11=READ),
)
sample(
    "5.2",
    "fold that hides a length",
    OK + b"a: b\r\n Content-Length: 1\r\n" + FIVE,
    differ(None, NO_FOLD, h11=is_read(a="b Content-Length: 1")),
)
sample("5", "names in any case", OK + b"cOnTeNt-lEnGtH: 5\r\n\r\n12345", READ)

# 6.1 Transfer-Encoding

LAST: Final = b"5\r\n12345\r\n0\r\n\r\n"
UNTIL_CLOSE: Final = is_read(LAST, reusable=False)
for coding, verdict in {
    "chunked": READ,
    "Chunked": READ,
    "CHUNKED": READ,
    " \tchunked\t ": differ(READ, "white space around a value is none of it", llhttp=UNTIL_CLOSE),
    "chunked, chunked": differ(None, NOT_ASKED, llhttp=READ),
    "chunked\r\nTransfer-Encoding: chunked": differ(None, NOT_ASKED, llhttp=READ),
    "gzip, chunked": differ(None, NOT_ASKED, llhttp=READ),
    "gzip\r\nTransfer-Encoding: chunked": differ(None, NOT_ASKED, llhttp=READ),
    "identity, chunked": differ(None, NOT_ASKED, llhttp=READ),
    "gzip": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "identity": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "chunked, gzip": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "chunked, identity": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "": None,
    ",": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "chunked,": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    ",chunked": differ(None, NOT_ASKED, llhttp=READ),
    "chunked;q=1": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    '"chunked"': differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "xchunked": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "chunkedx": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "chunked chunked": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
    "chunked\v": None,
    "\vchunked": None,
    "chun ked": differ(None, NOT_ASKED, llhttp=UNTIL_CLOSE),
}.items():
    data = OK + f"Transfer-Encoding:{coding}\r\n\r\n".encode("latin-1") + LAST
    sample("6.1", f"coding {coding!r}", data, verdict)
sample(
    "6.1",
    "coding in HTTP/1.0",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    ONCE,
)
sample(
    "6.1",
    "coding by an underscore",
    OK + b"Transfer_Encoding: chunked\r\n" + FIVE,
    is_read(transfer_encoding="chunked"),
)

# 6.2 Content-Length

for length, verdict in {
    "5": READ,
    " \t5\t ": READ,
    "05": READ,
    "000000000000005": READ,
    "0000000000000005": differ(None, DIGITS, h11=READ, llhttp=READ),
    "5, 5": differ(READ, LIST, llhttp=None),
    "5,5": differ(READ, LIST, llhttp=None),
    "5\r\nContent-Length: 5": differ(READ, LIST, llhttp=None),
    "5\r\ncontent-length:5": differ(READ, LIST, llhttp=None),
    "5, 6": None,
    "5, 05": None,
    "5\r\nContent-Length: 6": None,
    "6\r\nContent-Length: 5": None,
    "5\r\nContent-Length:": None,
    "": None,
    " ": None,
    ",5": None,
    "5,": None,
    "5,,5": None,
    "+5": None,
    "-5": None,
    "-0": None,
    "0x5": None,
    "5.0": None,
    "5e0": None,
    "5 5": None,
    "5;": None,
    "5_0": None,
    '"5"': None,
    "five": None,
    "\xb2": None,
    "5\0": None,
    "5\v": None,
    "9999999999999999": None,
    "9223372036854775808": None,
    "18446744073709551621": None,
}.items():
    data = OK + f"Content-Length:{length}\r\n\r\n12345".encode("latin-1")
    sample("6.2", f"length {length!r}", data, verdict)

# 6.3 Message body length

sample("6.3", "neither length nor coding", OK + b"\r\n12345", ONCE)
sample("6.3", "neither length nor coding, and nothing", OK + b"\r\n", is_read(b"", reusable=False))
sample("6.3", "neither of them in HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\n12345", ONCE)
sample("6.3", "length of nothing", LENGTH + b"0\r\n\r\n", EMPTY)
sample("6.3", "shorter than its length", LENGTH + b"6\r\n\r\n12345", None)
sample("6.3", "cut behind its head", LENGTH + b"5\r\n\r\n", None)
sample("6.3", "cut within its head", LENGTH + b"5\r\n", None)
BOTH: Final = OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST
sample("6.3", "length, then coding", BOTH, differ(ONCE, BOTH_SAID, h11=READ, llhttp=None))
sample(
    "6.3",
    "coding, then length",
    OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + LAST,
    differ(ONCE, BOTH_SAID, h11=READ, llhttp=None),
)
sample(
    "6.3",
    "coding, and a length that is none",
    OK + b"Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    None,
)
sample("6.3", "HEAD with a length", LENGTH + b"5\r\n\r\n", EMPTY, method="HEAD")
sample("6.3", "HEAD with a coding", CHUNKED, EMPTY, method="HEAD")
sample("6.3", "HEAD with neither", OK + b"\r\n", EMPTY, method="HEAD")
sample("6.3", "HEAD with a body", OK + FIVE, is_read(b"", reusable=False), method="HEAD")
for status in (204, 304):
    start = b"HTTP/1.1 %d None\r\n" % status
    none, once = (is_read(b"", status=status, reusable=reusable) for reusable in (True, False))
    sample("6.3", f"{status}", start + b"\r\n", none)
    sample("6.3", f"{status} with a length", start + b"Content-Length: 5\r\n\r\n", none)
    sample("6.3", f"{status} with a coding", start + b"Transfer-Encoding: chunked\r\n\r\n", none)
    sample(
        "6.3", f"{status} with a length that is none", start + b"Content-Length: x\r\n\r\n", None
    )
    sample("6.3", f"{status} with a body", start + FIVE, differ(once, ITS_USERS, llhttp=none))
    sample("6.3", f"{status} and close", start + b"Connection: close\r\n\r\n", once)
sample(
    "9110 15.3.6",
    "205",
    b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n",
    is_read(b"", status=205),
)
sample("9110 15.3.6", "205 with a body", b"HTTP/1.1 205 Reset\r\n" + FIVE, is_read(status=205))

# 7.1 Chunked transfer coding

for size, verdict in {
    "5": READ,
    "05": READ,
    "000000000000005": READ,
    "0000000000000005": differ(None, DIGITS, h11=READ, llhttp=READ),
    "5;a": READ,
    "5;a=b": READ,
    '5;a="b c;d"': READ,
    "5;a=b;c": READ,
    "5;": differ(READ, NOT_READ, llhttp=None),
    "5;;": differ(READ, NOT_READ, llhttp=None),
    "5; a = b": differ(READ, BAD_SPACE, llhttp=None),
    "5 ;a": differ(READ, BAD_SPACE, h11=None, llhttp=None),
    "5\t;a": differ(READ, BAD_SPACE, h11=None, llhttp=None),
    "5 ": differ(READ, PADDED, llhttp=None),
    "5\t": differ(READ, PADDED, llhttp=None),
    "5;\xe9": differ(READ, NOT_READ, llhttp=None),
    "": None,
    " 5": None,
    "\t5": None,
    "+5": None,
    "-5": None,
    "0x5": None,
    "5h": None,
    "5 5": None,
    "5,": None,
    "5_0": None,
    "5.0": None,
    "5:": None,
    "x": None,
    ";a": None,
    "\xb2": None,
    "5\0": None,
    "5;a\0": differ(None, NO_CONTROL, h11=READ),
    "5;a\x01": differ(None, NO_CONTROL, h11=READ),
    "5\r": None,
    "5;a\r": differ(None, NO_CONTROL, h11=READ),
    "5;a\rb": differ(None, NO_CONTROL, h11=READ),
    "5;a\nb": None,
    "10000000000000005": None,
    "FFFFFFFFFFFFFFFF": None,
}.items():
    data = CHUNKED + f"{size}\r\n12345\r\n0\r\n\r\n".encode("latin-1")
    sample("7.1", f"chunk {size!r}", data, verdict)
TEN: Final = b"123456789a"
for name, body, verdict in (
    ("chunks", b"5\r\n12345\r\n5\r\n6789a\r\n0\r\n\r\n", is_read(TEN)),
    ("hex in lower case", b"a\r\n123456789a\r\n0\r\n\r\n", is_read(TEN)),
    ("hex in upper case", b"A\r\n123456789a\r\n0\r\n\r\n", is_read(TEN)),
    ("no chunk but the last", b"0\r\n\r\n", EMPTY),
    ("last chunk of many zeros", b"5\r\n12345\r\n000\r\n\r\n", READ),
    ("last chunk with an extension", b"5\r\n12345\r\n0;a=b\r\n\r\n", READ),
    ("bytes that look like the last chunk", b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", is_read(b"\r\n0\r\n\r\n")),
    ("LF behind a size", b"5\n12345\r\n0\r\n\r\n", None),
    ("LF behind an extension", b"5;a\n12345\r\n0\r\n\r\n", None),
    ("CR behind a size", b"5\r12345\r\n0\r\n\r\n", None),
    ("LF behind a chunk", b"5\r\n12345\n0\r\n\r\n", None),
    ("CR behind a chunk", b"5\r\n12345\r0\r\n\r\n", None),
    ("nothing behind a chunk", b"5\r\n123450\r\n\r\n", None),
    ("two bytes behind a chunk", b"5\r\n12345xx0\r\n\r\n", None),
    ("space behind a chunk", b"5\r\n12345 \r\n0\r\n\r\n", None),
    ("empty line behind a chunk", b"5\r\n12345\r\n\r\n0\r\n\r\n", None),
    ("chunk longer than its size", b"5\r\n123456\r\n0\r\n\r\n", None),
    ("chunk shorter than its size", b"5\r\n1234\r\n0\r\n\r\n", None),
    ("LF behind the last chunk", b"5\r\n12345\r\n0\n\r\n", None),
    ("LF at the end", b"5\r\n12345\r\n0\r\n\n", differ(None, NO_LF, h11=READ)),
    ("cut within a chunk", b"5\r\n123", None),
    ("cut behind a chunk", b"5\r\n12345\r\n", None),
    ("cut behind the last size", b"5\r\n12345\r\n0\r\n", None),
    ("cut within the last CRLF", b"5\r\n12345\r\n0\r\n\r", None),
):  # fmt: skip
    sample("7.1", name, CHUNKED + body, verdict)
for trailer, verdict in {
    "A: b": READ,
    "A: b\r\nC:": READ,
    "Content-Length: 1": differ(READ, NOT_READ, llhttp=None),
    "Transfer-Encoding: gzip": differ(READ, NOT_READ, h11=None, llhttp=ONCE),
    "Connection: close": differ(READ, NOT_READ, llhttp=ONCE),
    "A": None,
    ": b": None,
    "A : b": None,
    " A: b": None,
    "A: b\r\n c": differ(None, NO_FOLD, h11=READ),
    "A: b\0": None,
    "A: b\rc": None,
    "A: b\nc: d": differ(None, NO_LF, h11=READ),
    "A\xe9: b": None,
}.items():
    data = CHUNKED + f"5\r\n12345\r\n0\r\n{trailer}\r\n\r\n".encode("latin-1")
    sample("7.1.2", f"trailer {trailer!r}", data, verdict)
sample("7.1.2", "trailer that is cut", CHUNKED + b"5\r\n12345\r\n0\r\nA: b\r\n", None)

# 9 Connection management

for option, verdict in {
    "keep-alive": READ,
    "close": ONCE,
    "Close": ONCE,
    "CLOSE": ONCE,
    " \tclose\t": ONCE,
    "keep-alive, close": ONCE,
    "close, keep-alive": ONCE,
    "a,\tclose ,b": ONCE,
    ", close": ONCE,
    "keep-alive\r\nConnection: close": ONCE,
    "closed": READ,
    "not-close": READ,
    "close;q": READ,
    '"close"': READ,
    "": READ,
    "upgrade": READ,
}.items():
    sample(
        "9.6", f"Connection: {option!r}", OK + f"Connection:{option}\r\n".encode() + FIVE, verdict
    )
OLD: Final = b"HTTP/1.0 200 OK\r\n"
sample(
    "9.3",
    "HTTP/1.0 that keeps alive",
    OLD + b"Connection: keep-alive\r\n" + FIVE,
    differ(ONCE, "9.3: a recipient need not honor it", llhttp=READ),
)
sample("9.3", "HTTP/1.0 that closes", OLD + b"Connection: close\r\n" + FIVE, ONCE)
PROXY: Final = Outcome(200, {"proxy-connection": "close"}, b"12345", reusable=True)
sample(
    "9.3",
    "Proxy-Connection",
    OK + b"Proxy-Connection: close\r\n" + FIVE,
    differ(PROXY, "no standard defines it", llhttp=evolve(PROXY, reusable=False)),
)
sample("9.3", "CRLF behind a response", OK + FIVE + b"\r\n", differ(ONCE, ITS_USERS, llhttp=READ))
sample("9.3", "byte behind a response", OK + FIVE + b"6", differ(ONCE, ITS_USERS, llhttp=READ))
sample("9.3", "NUL behind a response", OK + FIVE + b"\0", differ(ONCE, ITS_USERS, llhttp=READ))
sample(
    "9.3", "response behind a response", OK + FIVE + OK + FIVE, differ(ONCE, ITS_USERS, llhttp=READ)
)
sample(
    "9.3",
    "response behind chunks",
    CHUNKED + LAST + OK + FIVE,
    differ(ONCE, ITS_USERS, llhttp=READ),
)
sample("9.3", "CRLF behind chunks", CHUNKED + LAST + b"\r\n", differ(ONCE, ITS_USERS, llhttp=READ))
sample(
    "9.3", "last chunk twice", CHUNKED + LAST + b"0\r\n\r\n", differ(ONCE, ITS_USERS, llhttp=READ)
)

# RFC 9110, 15.2: Informational

EARLY: Final = b"HTTP/1.1 100 Continue\r\n"
sample("9110 15.2", "100", EARLY + b"\r\n" + OK + FIVE, READ)
sample("9110 15.2", "100 twice", (EARLY + b"\r\n") * 2 + OK + FIVE, READ)
sample("9110 15.2", "102", b"HTTP/1.1 102 Processing\r\n\r\n" + OK + FIVE, READ)
sample("9110 15.2", "103 with fields", b"HTTP/1.1 103 Early\r\nA: b\r\n\r\n" + OK + FIVE, READ)
sample("9110 15.2", "199", b"HTTP/1.1 199 Odd\r\n\r\n" + OK + FIVE, READ)
sample(
    "9110 15.2",
    "100 in HTTP/1.0",
    b"HTTP/1.0 100 Odd\r\n\r\n" + OK + FIVE,
    differ(READ, "the response behind it counts", llhttp=None),
)
sample(
    "9110 15.2",
    "100 that closes",
    EARLY + b"Connection: close\r\n\r\n" + OK + FIVE,
    differ(READ, "the response behind it counts", llhttp=None),
)
sample("9110 15.2", "100 with a length", EARLY + b"Content-Length: 0\r\n\r\n" + OK + FIVE, READ)
sample(
    "9110 15.2",
    "100 with a coding",
    EARLY + b"Transfer-Encoding: chunked\r\n\r\n" + OK + FIVE,
    READ,
)
sample("9110 15.2", "100 with a body", EARLY + FIVE + OK + FIVE, None)
sample("9110 15.2", "100 and nothing", EARLY + b"\r\n", None)
sample(
    "9110 15.2",
    "100 behind the response",
    OK + FIVE + EARLY + b"\r\n",
    differ(ONCE, ITS_USERS, llhttp=READ),
)
sample("9110 15.2", "101", b"HTTP/1.1 101 Switching\r\n\r\n" + OK + FIVE, None)
sample(
    "9110 15.2",
    "101 with Upgrade",
    b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n" + OK + FIVE,
    None,
)
sample(
    "9110 7.8",
    "200 with Upgrade",
    OK + b"Connection: upgrade\r\nUpgrade: h2c\r\n" + FIVE,
    is_read(upgrade="h2c"),
)

# RFC 9110, 5.4: Limits

sample("9110 5.4", "a thousand fields", OK + b"A:\r\n" * 1_000 + FIVE, is_read(a=", " * 999))
sample(
    "9110 5.4",
    "field of 60 KiB",
    OK + b"A: " + b"b" * 61_440 + b"\r\n" + FIVE,
    is_read(a="b" * 61_440),
)
sample(
    "9110 5.4",
    "head of more than 128 KiB",
    OK + b"A: " + b"b" * 131_072 + b"\r\n" + FIVE,
    differ(None, TOO_LONG, h11=is_read(a="b" * 131_072), llhttp=is_read(a="b" * 131_072)),
)
sample("7.1.1", "extension of 4 KB", CHUNKED + b"5;" + b"a" * 4_000 + LAST[1:], READ)
sample(
    "7.1.1",
    "extension of more than 4 KiB",
    CHUNKED + b"5;" + b"a" * 4_096 + LAST[1:],
    differ(None, TOO_LONG, h11=READ, llhttp=READ),
)
sample(
    "7.1.2",
    "trailer of more than 4 KiB",
    CHUNKED + LAST[:-2] + b"a:" + b"b" * 4_096 + b"\r\n\r\n",
    differ(None, TOO_LONG, h11=READ, llhttp=READ),
)
