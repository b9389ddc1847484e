"""One Prism for the whole session, installed from npm into a per-user cache."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from tests import npm

from .document import closed

PACKAGE = Path(__file__).with_name("package.json")
LISTENING = re.compile(r"Prism is listening on (http://\S+)")


@pytest.fixture
def anyio_backend() -> str:
    """One event loop will do: what is judged here is what is said, not how it is carried."""
    return "asyncio"


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a running Prism; the test is skipped where Prism cannot be had."""
    script = npm.install(PACKAGE) / "node_modules/@stoplight/prism-cli/dist/index.js"
    served = tmp_path_factory.mktemp("prism") / "served.json"
    # Prism lets fields pass that no schema names, and makes some up: an argument under a wrong name would go
    # unseen, and strict reading refuse the replies. So it serves the document with its objects closed.
    served.write_text(json.dumps(closed()))
    command = ["node", str(script), "mock", "--errors", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(
        [*command, str(served)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        log = Log(process)
        try:
            yield log.url()
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            log.thread.join()


class Log:
    """Reads what Prism prints, so that its pipe never fills, and finds its address there."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self.ready = Event()
        self.thread = Thread(target=self._read, args=[process.stdout], daemon=True)
        self.thread.start()

    def _read(self, stdout: Iterator[str]) -> None:
        for line in stdout:
            if not self.ready.is_set():
                self.lines.append(line)
                if LISTENING.search(line):
                    self.ready.set()
        self.ready.set()

    def url(self) -> str:
        assert self.ready.wait(60), "Prism did not start within a minute"
        found = LISTENING.search(self.lines[-1] if self.lines else "")
        assert found, "Prism did not start:\n" + "".join(self.lines[-20:])
        return found[1]
