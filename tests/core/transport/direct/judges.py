"""Three readers of a response's bytes, side by side: ours, h11, and llhttp as httptools has it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import h11
import httptools
from attrs import define, evolve

from portone_async._transport.direct.http1 import ProtocolError, ResponseReader

FRAMING = ("content-length", "transfer-encoding", "connection")
FINAL = 200
MORE = b"x" * 10_000


@define
class Outcome:
    """What a reader made of a response."""

    status: int
    headers: dict[str, str]
    body: bytes
    reusable: bool
    """Whether the connection may carry another request."""

    def without_framing(self) -> Outcome:
        """Return what readers can be compared by.

        h11 merges repeated lengths and changes the case of codings.
        """
        headers = {name: value for name, value in self.headers.items() if name not in FRAMING}
        return Outcome(self.status, headers, self.body, self.reusable)


def read_ours(method: str, pieces: Iterable[bytes]) -> Outcome | None:
    """Return what our reader makes of a response whose connection ends after the bytes; `None` for an error."""
    reader = ResponseReader(method)
    body = b""
    extra = False
    try:
        for piece in pieces:
            if reader.complete:
                extra = extra or bool(piece)  # which the connection notices
            else:
                reader.feed(piece)
                body += reader.content()
        if not reader.complete:
            reader.end()
        body += reader.content()
    except ProtocolError:
        assert not reader.complete
        return None
    assert reader.complete
    return Outcome(reader.status, reader.headers, body, reader.reusable and not extra)


def read_h11(method: str, pieces: Iterable[bytes]) -> Outcome | Exception:
    """Return what h11 makes of it, or its error."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
    connection.send(h11.EndOfMessage())
    rest = iter(pieces)
    found = Outcome(0, {}, b"", reusable=False)
    ended = False
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            return error
        if event is h11.NEED_DATA:
            assert not ended
            piece = next(filter(None, rest), b"")
            ended = not piece
            connection.receive_data(piece)
        elif isinstance(event, h11.Response):
            found.status = event.status_code
            for name, value in event.headers:
                _add(found.headers, name, value)
        elif isinstance(event, h11.Data):
            found.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            kept = connection.their_state is connection.our_state is h11.DONE and not ended
            found.reusable = kept and not connection.trailing_data[0] and not any(rest)
            return found
        elif not isinstance(event, h11.InformationalResponse):
            return AssertionError(f"h11 says {event}")


class _Response:
    """What llhttp makes of the response to one request; the 1xx before it and bytes behind it are passed over."""

    def __init__(self) -> None:
        self.outcome = Outcome(0, {}, b"", reusable=False)
        self.has_head = self.has_chunks = self.is_complete = False
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        if not self.is_complete:
            self.outcome, self.has_head = Outcome(0, {}, b"", reusable=False), False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # rather than in a trailer
            # llhttp does not remove white space behind a value.
            _add(self.outcome.headers, name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        if not self.is_complete:
            self.has_head, self.outcome.status = True, self.parser.get_status_code()

    def on_chunk_header(self) -> None:
        self.has_chunks = True

    def on_body(self, body: bytes) -> None:
        if not self.is_complete:
            self.outcome.body += body

    def on_message_complete(self) -> None:
        if not self.is_complete and self.outcome.status >= FINAL:
            self.is_complete, self.outcome.reusable = True, self.parser.should_keep_alive()


def read_llhttp(pieces: Iterable[bytes]) -> Outcome | Exception:
    """Return what llhttp makes of it, or its error.

    httptools cannot tell llhttp that the request was a HEAD, nor that the connection ended. So a response is taken to
    end with its connection if whatever else might come would be more of its body.
    """
    response = _Response()
    try:
        for piece in pieces:
            response.parser.feed_data(piece)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
        return response.outcome if response.is_complete else error
    if response.is_complete:
        return response.outcome
    found = evolve(response.outcome)
    # A length or a chunk may be longer than this test.
    if response.has_head and not response.has_chunks and "content-length" not in found.headers:
        with suppress(httptools.HttpParserError):
            response.parser.feed_data(MORE)
            if response.outcome.body == found.body + MORE:
                return found
    return EOFError("the response is not complete")


def _add(headers: dict[str, str], name: bytes, value: bytes) -> None:
    """Add a header as it was sent; what is repeated is one list."""
    key, text = name.decode("latin-1").lower(), value.decode("latin-1")
    headers[key] = f"{headers[key]}, {text}" if key in headers else text
