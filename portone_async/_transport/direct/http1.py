"""HTTP/1.1 as bytes (RFC 9112): a request to send, a response to read. No input or output.

The reader is strict where a mistake would cost money: a response is complete or it is an error, and nothing that
follows it on its connection is ever taken for the response to another request.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Final

from portone_async._request import Request

_LONGEST_HEAD: Final = 131_072
_LONGEST_LINE: Final = 4_096
_TEXT: Final = rb"[^\x00-\x08\x0a-\x1f\x7f]*+"
_FIELD: Final = rb"[!#$%%&'*+.^_`|~0-9A-Za-z-]++:%b" % _TEXT
_HEAD: Final = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2}(?: %b)?(?:\r\n%b)*+" % (_TEXT, _FIELD))
_TRAILER: Final = re.compile(_FIELD)
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*+(?:;%b)?" % _TEXT)
_SENDABLE: Final = re.compile(r"[\x20-\x7e\x80-\xff\t\r\n]*+")
_UNSENDABLE: Final = "a request with characters that HTTP cannot carry"
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]++")
_SWITCHING: Final = 101
_FINAL: Final = 200
_BODILESS: Final = (204, 304)


class ProtocolError(Exception):
    """Bytes that are not a complete HTTP/1.1 response."""


def encode(request: Request, authority: str) -> bytes:
    """Return a request's bytes. Raises `ProtocolError`."""
    lines = [f"{request.method} {request.target} HTTP/1.1", f"host: {authority}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    content = request.content or b""
    if request.sends_length:
        lines.append(f"content-length: {len(content)}")
    head = _head(lines)
    if not head.isascii():
        raise ProtocolError(_UNSENDABLE)
    return head.encode("ascii") + content


def encode_raw(
    method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], content: bytes
) -> bytes:
    """Return the bytes of a request whose headers tools may have added to. Raises `ProtocolError`."""
    lengths: list[str] = []
    lines = [f"{method.decode('latin-1')} {target.decode('latin-1')} HTTP/1.1"]
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if not _NAME.fullmatch(name) or name.lower() == "transfer-encoding":
            raise ProtocolError("a request with a header that cannot be sent")
        if name.lower() == "content-length":
            lengths.append(value)
        lines.append(f"{name}: {value}")
    if lengths != [str(len(content))] and (lengths or content):
        # Another request would begin where this one does not end.
        raise ProtocolError("a request whose length is not that of its content")
    return _head(lines).encode("latin-1") + content


def _head(lines: list[str]) -> str:
    head = "\r\n".join([*lines, "", ""])
    has_its_lines = head.count("\r") == head.count("\n") == len(lines) + 1
    if not has_its_lines or lines[0].count(" ") != 2 or not _SENDABLE.fullmatch(head):  # noqa: PLR2004
        raise ProtocolError(_UNSENDABLE)
    return head


class ResponseReader:
    """Reads the response to one request from the bytes of a connection, in pieces of any size."""

    def __init__(self, method: str) -> None:
        self.status = 0
        """0 until the head is complete."""
        self.headers: dict[str, str] = {}
        """Names in lower case."""
        self.size = 0
        """Bytes of the body, as they were received."""
        self.complete = False
        self._method: Final = method
        self._buffer: Final = bytearray()
        self._content = bytearray()  # rather than a list: chunks may be small and many
        self._ended = False
        self._persistent = False
        self._broken: ProtocolError | None = None
        self._parser: Final = self._parse()
        next(self._parser)

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: this response is complete, and nothing follows it."""
        return self.complete and self._persistent and not self._buffer

    def feed(self, data: bytes) -> None:
        """Take received bytes. Raises `ProtocolError`."""
        self._buffer.extend(data)
        self._resume()

    def end(self) -> None:
        """The connection ended. Raises `ProtocolError` if the response did not."""
        self._ended = True
        self._resume()

    def content(self) -> bytes:
        """Return what was received of the body since the last time."""
        content, self._content = self._content, bytearray()
        return bytes(content)

    def _resume(self) -> None:
        if self._broken is not None:
            raise self._broken
        try:
            next(self._parser)
        except StopIteration:
            self.complete = True
        except ProtocolError as error:
            self._broken = error
            raise

    def _parse(self) -> Generator[None]:
        """Each `yield` waits for more bytes, or for the end of the connection."""
        yield
        while self.status < _FINAL:  # 1xx precede the response
            yield from self._head()
            if self.status == _SWITCHING:
                raise ProtocolError("the server changed the protocol")
        coding = self.headers.get("transfer-encoding")
        length = _length(self.headers.get("content-length"))
        if self._method == "HEAD" or self.status in _BODILESS:
            return
        if coding is not None:
            if coding.lower() != "chunked":
                raise ProtocolError("a transfer coding that was not asked for")
            # With a length beside it, something between may have seen another end than we do.
            self._persistent = self._persistent and length is None
            yield from self._chunks()
        elif length is not None:
            yield from self._body(length)
        else:
            self._persistent = False
            while not self._ended:
                self._move(len(self._buffer))
                yield
            self._move(len(self._buffer))

    def _head(self) -> Generator[None]:
        block = yield from self._until(b"\r\n\r\n", _LONGEST_HEAD)
        if not _HEAD.fullmatch(block):
            raise ProtocolError("no HTTP/1.1 head")
        start, *lines = block.decode("latin-1").split("\r\n")
        fields = [line.partition(":") for line in lines]
        headers = joined([(name.lower(), value.strip(" \t")) for name, _, value in fields])
        self.status, self.headers = int(start[9:12]), headers
        options = headers.get("connection", "").lower().split(",")
        self._persistent = start.startswith("HTTP/1.1") and "close" not in map(str.strip, options)

    def _chunks(self) -> Generator[None]:
        while True:
            line = yield from self._until(b"\r\n", _LONGEST_LINE)
            found = _CHUNK.fullmatch(line)
            if not found:
                raise ProtocolError("no chunk")
            size = int(found[1], 16)
            if not size:
                break
            yield from self._body(size)
            if (yield from self._until(b"\r\n", 2)):
                raise ProtocolError("a chunk longer than it says")
        while line := (yield from self._until(b"\r\n", _LONGEST_LINE)):
            if not _TRAILER.fullmatch(line):
                raise ProtocolError("no trailer")

    def _body(self, length: int) -> Generator[None]:
        while length > len(self._buffer):
            length -= len(self._buffer)
            self._move(len(self._buffer))
            yield from self._more()
        self._move(length)

    def _until(self, mark: bytes, longest: int) -> Generator[None, None, bytes]:
        """Return the bytes before a mark, and drop them and it from the buffer."""
        searched = 0
        # Searched no further than the limit, so that the result does not depend on how the bytes are cut.
        while (found := self._buffer.find(mark, searched, longest + len(mark))) < 0:
            if len(self._buffer) >= longest + len(mark):
                raise ProtocolError("a head or line that is too long")
            searched = max(0, len(self._buffer) - len(mark) + 1)
            yield from self._more()
        block = bytes(self._buffer[:found])
        del self._buffer[: found + len(mark)]
        return block

    def _more(self) -> Generator[None]:
        if self._ended:
            raise ProtocolError("the connection ended within the response")
        yield

    def _move(self, size: int) -> None:
        if size:
            self.size += size
            self._content += self._buffer[:size]
            del self._buffer[:size]


def joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name; those that are repeated as one list each (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _length(value: str | None) -> int | None:
    if value is None:
        return None
    # Said twice it is one list, and one length only if they agree.
    lengths = {text.strip(" \t") for text in value.split(",")}
    text = lengths.pop()
    if lengths or not text.isascii() or not text.isdigit() or len(text) > 15:  # noqa: PLR2004
        raise ProtocolError("no length")
    return int(text)
