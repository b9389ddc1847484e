"""Fault injection: failures of networks and gateways."""

from __future__ import annotations

from collections import deque
from random import Random
from threading import Event
from types import TracebackType
from typing import Literal, Self, TypeAlias, get_args

from attrs import define, field, frozen

from portone_emulator.document.choices import check_choice
from portone_emulator.document.document import Document
from portone_emulator.http.responses import JSON, Response

FaultKind: TypeAlias = Literal[
    "latency", "reset_before", "reset_after", "500", "502_html", "503", "429", "truncated"
]
ANY_OPERATION = "*"
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


@frozen
class Fault:
    """One kind of failure, as injected into a request.

    - `latency`: processing starts after `delay` seconds. The idempotency key is reserved meanwhile.
    - `reset_before`: the connection is reset before the request is processed.
    - `reset_after`: the request is processed, then the connection is reset instead of a response.
    - `truncated`: the request is processed, the response breaks off in the middle of its body.
    - `500` (empty), `502_html`, `503` (plain text), `429` (JSON that is not PortOne's): a gateway
      responds; the request is not processed. `retry_after` is the Retry-After header.
    """

    kind: FaultKind
    delay: float = 0.0
    retry_after: str | None = None

    def gateway_response(self) -> Response | None:
        """Return the gateway's response, for the kinds that have one."""
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        match self.kind:
            case "500":
                return Response(500, headers=headers)
            case "502_html":
                return Response(502, _HTML, "text/html", headers)
            case "503":
                return Response(503, b"Service Unavailable", "text/plain", headers)
            case "429":
                return Response(429, b'{"message":"Too Many Requests"}', JSON, headers)
            case _:
                return None


@define
class _Planned:
    fault: Fault
    times: int | None
    probability: float


@define
class Hold:
    """Requests held before processing, until released or the `with` block ends."""

    _arrived: Event = field(factory=Event, init=False)
    _released: Event = field(factory=Event, init=False)

    def wait(self, timeout: float = 10.0) -> None:
        """Block until a request is held.

        Raises:
            TimeoutError: no request after `timeout` seconds.
        """
        if not self._arrived.wait(timeout):
            raise TimeoutError("no request arrived to be held")

    def release(self) -> None:
        """Let the held requests continue."""
        self._released.set()

    @property
    def is_released(self) -> bool:
        """Whether requests are no longer held."""
        return self._released.is_set()

    def block(self) -> None:
        """Hold the calling thread until `release()`."""
        self._arrived.set()
        self._released.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class Faults:
    """The planned faults and the holds, by operation."""

    def __init__(self, document: Document, seed: int) -> None:
        self._document = document
        self._random = Random(f"{seed}/faults")  # noqa: S311  (not cryptographic)
        self._planned: dict[str, deque[_Planned]] = {}
        self._holds: dict[str, Hold] = {}

    def plan(
        self, operation_id: str, fault: Fault, times: int | None = 1, probability: float = 1.0
    ) -> None:
        """Append a fault to the operation's queue; `times=None` means forever.

        Raises:
            ValueError: the operation or the fault's kind is unknown.
        """
        if operation_id != ANY_OPERATION:
            self._document.operation(operation_id)
        check_choice("kind", fault.kind, get_args(FaultKind))
        planned = self._planned.setdefault(operation_id, deque())
        planned.append(_Planned(fault, times, probability))

    def clear(self) -> None:
        """Cancel all planned faults."""
        self._planned.clear()

    def next_fault(self, operation_id: str) -> Fault | None:
        """Return the fault for the current request, if any."""
        for key in (operation_id, ANY_OPERATION):
            planned = self._planned.get(key)
            if planned and self._random.random() < planned[0].probability:
                return self._pop(planned)
        return None

    def hold(self, operation_id: str) -> Hold:
        """Hold the operation's requests; one that is held already has one hold.

        Raises:
            ValueError: the operation is unknown.
        """
        self._document.operation(operation_id)
        hold = self.current_hold(operation_id)
        if hold is None:
            hold = self._holds[operation_id] = Hold()
        return hold

    def release(self, operation_id: str) -> None:
        """Let the operation's requests continue.

        Raises:
            ValueError: the operation is unknown.
        """
        self._document.operation(operation_id)
        hold = self._holds.pop(operation_id, None)
        if hold is not None:
            hold.release()

    def release_all(self) -> None:
        """Let all held requests continue."""
        for hold in self._holds.values():
            hold.release()
        self._holds.clear()

    def current_hold(self, operation_id: str) -> Hold | None:
        """Return the operation's current hold, if any."""
        hold = self._holds.get(operation_id)
        return None if hold is None or hold.is_released else hold

    @staticmethod
    def _pop(planned: deque[_Planned]) -> Fault:
        first = planned[0]
        if first.times is not None:
            first.times -= 1
            if first.times <= 0:
                planned.popleft()
        return first.fault
