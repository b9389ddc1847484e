from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import IO, Any, TypeAlias

import orjson
import pytest

from portone_emulator import Emulator, RequestRecord

COMMAND = [sys.executable, "-m", "portone_async"]
SECRET = "a-secret-to-look-for"
PATIENCE = 300  # seconds after which something hangs, even on a busy machine
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LANGUAGE_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
TERMINAL_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


class PortOne(Emulator):
    """An emulator that counts the requests per payment, and lets tests wait for a number of them."""

    def __init__(self, *, sub_store_ids: Sequence[str] = ()) -> None:
        super().__init__(secret=SECRET, on_request=self._count, sub_store_ids=sub_store_ids)
        self.requested = Counter[str]()
        self._waiting: list[tuple[int, Event]] = []

    def _count(self, record: RequestRecord) -> None:
        self.requested[record.path.rpartition("/")[2]] += 1
        for number, event in self._waiting:
            if self.requested.total() >= number:
                event.set()

    def wait_for_requests(self, number: int) -> None:
        """Wait until this many requests have arrived in total."""
        event = Event()
        self._waiting.append((number, event))
        if self.requested.total() >= number:
            event.set()
        assert event.wait(PATIENCE)

    def sell(self, count: int) -> list[str]:
        """Create this many paid payments, and return their ids."""
        ids = [f"order-{number}" for number in range(count)]
        for number, payment_id in enumerate(ids):
            self.checkout(payment_id, amount=1_000 + number)
        return ids


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the language of the developer."""
    for name in LANGUAGE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def portone() -> Iterator[PortOne]:
    with PortOne() as emulator:
        yield emulator


class Shell:
    """Runs the command in an empty folder."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def start(
        self,
        *arguments: str,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = subprocess.PIPE,
        stderr: int | IO[bytes] | None = subprocess.PIPE,
        preexec_fn: Callable[[], object] | None = None,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            preexec_fn=preexec_fn,  # noqa: PLW1509  (the tests start no threads that fork)
        )

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, stdin=subprocess.PIPE) as process:
            out, err = process.communicate(stdin, timeout=PATIENCE)
        return subprocess.CompletedProcess(
            process.args, process.returncode, out.decode(), err.decode()
        )

    def write(self, name: str, lines: Sequence[str]) -> None:
        (self.folder / name).write_text("".join(f"{line}\n" for line in lines))

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of a JSONL file, which must contain nothing else."""
        content = (self.folder / name).read_bytes()
        assert not content or content.endswith(b"\n")
        return [orjson.loads(line) for line in content.splitlines()]

    def complete_lines(self, name: str) -> list[dict[str, Any]]:
        """Return the complete lines of a JSONL file that a kill may have left incomplete."""
        path = self.folder / name
        content = path.read_bytes() if path.exists() else b""
        return [orjson.loads(line) for line in content.split(b"\n")[:-1]]


MakeShell: TypeAlias = Callable[..., Shell]


@pytest.fixture
def make_shell(tmp_path: Path) -> MakeShell:
    def make(**environment: str) -> Shell:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PORTONE_") and name not in TERMINAL_VARIABLES
        }
        return Shell(tmp_path, kept | environment)

    return make


@pytest.fixture
def shell(make_shell: MakeShell, portone: PortOne) -> Shell:
    return make_shell(PORTONE_API_SECRET=SECRET, PORTONE_BASE_URL=portone.url)


def run_in_terminal(
    shell: Shell, columns: int, *arguments: str, stdout: IO[bytes] | None = None, **environment: str
) -> str:
    """Run the command in a terminal and return its output there; `stdout` may be elsewhere."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    shell.environment |= {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | environment
    out = stdout or terminal
    output = b""
    with shell.start(*arguments, stdin=terminal, stdout=out, stderr=terminal) as process:
        # This end stays open until all is read: Linux may drop what is not read when the last one closes it.
        while True:
            has_ended = process.poll() is not None  # before looking, as it may write until it ends
            ready, _, _ = select.select([main], [], [], 0.1)
            if ready:
                output += os.read(main, 65536)
            elif has_ended:
                break
    os.close(terminal)
    os.close(main)
    return output.decode()
