"""Redis, PostgreSQL and MariaDB for tests: started from the machine's programs, each in a temporary folder.

They listen on Unix sockets in their folders, and keep their data there while a test stops and starts them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

VERSIONS: Final[list[str]] = []
"""Of the servers that were started in this run."""
_USER: Final = "nobody"
"""Whom root starts them as: PostgreSQL and MariaDB refuse to run as root."""
_TIMEOUT: Final = 60  # seconds


class Server:
    """A server in a folder of its own."""

    program: ClassVar[str]
    package: ClassVar[str]
    """Debian's."""
    ready_message: ClassVar[str]
    """What its log says when it is ready."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, path: str, folder: Path) -> None:
        self._path, self.folder = path, folder
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where a client connects."""
        raise NotImplementedError

    def options(self) -> Sequence[str]:
        """Return the arguments with which it is started."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Create its files."""

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self._process = subprocess.Popen(
            [self._path, *self.options()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **_as_user(),
        )
        output = self._process.stdout
        assert output is not None
        log: list[str] = []
        ready, ended = threading.Event(), threading.Event()

        def read() -> None:
            with output:
                for line in output:
                    log.append(line)
                    if self.ready_message in line:
                        ready.set()
            ended.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        assert ready.wait(_TIMEOUT), "".join(log)
        assert not ended.is_set(), "".join(log)

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        if self._process is not None:
            self._process.send_signal(self.stop_signal)
            self._process.wait(_TIMEOUT)
            self._process = None

    @contextmanager
    def paused(self) -> Generator[None]:
        """Keep it from responding, with its connections open. PostgreSQL's are served by other processes."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def version(self) -> str:
        """Return what the program says of itself."""
        command = [self._path, "--version"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Redis(Server):
    program = "redis-server"
    package = "redis-server"
    ready_message = "eady to accept connections"  # "Ready" with TCP, "ready" with a Unix socket

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/socket"

    def options(self) -> Sequence[str]:
        listening = ("--port", "0", "--unixsocket", f"{self.folder}/socket")
        return (*listening, "--dir", str(self.folder), "--save", "", "--appendonly", "yes")


class PostgreSQL(Server):
    program = "postgres"
    package = "postgresql"
    ready_message = "database system is ready to accept connections"
    stop_signal = signal.SIGINT  # which closes connections; SIGTERM waits for them

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://shop@/postgres?host={self.folder}"

    def options(self) -> Sequence[str]:
        listening = ("-k", str(self.folder), "-c", "listen_addresses=")
        return ("-D", f"{self.folder}/data", *listening, "-c", "fsync=off")

    def prepare(self) -> None:
        initdb = Path(self._path).resolve().with_name("initdb")
        options = ("--no-sync", "--auth=trust", "--username=shop", "--encoding=UTF8", "--no-locale")
        subprocess.run(
            [initdb, "-D", f"{self.folder}/data", *options],
            check=True,
            capture_output=True,
            timeout=_TIMEOUT,
            **_as_user(),
        )


class MariaDB(Server):
    program = "mariadbd"
    package = "mariadb-server-core"
    ready_message = "ready for connections"

    @property
    def url(self) -> str:
        return f"mysql+aiomysql://root@localhost/shop?unix_socket={self.folder}/socket"

    def options(self) -> Sequence[str]:
        # Without tables of users, it needs no installation: it fills an empty folder by itself.
        listening = (
            f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/pid",
            "--skip-networking",
        )
        files = (f"--datadir={self.folder}", f"--init-file={self.folder}/init.sql")
        small = ("--innodb-flush-method=nosync", "--innodb-log-file-size=4M")
        return ("--no-defaults", *listening, *files, *small, "--skip-grant-tables")

    def prepare(self) -> None:
        (self.folder / "init.sql").write_text("CREATE DATABASE IF NOT EXISTS shop;\n")


@contextmanager
def running(kind: type[Server]) -> Generator[Server]:
    """Run a server until the end of the block, or skip the test where it is not installed."""
    path = _find(kind.program)
    if path is None:
        pytest.skip(f"there is no {kind.program} (Debian's package {kind.package})")
    # Not pytest's own temporary folder, into which only its user can look.
    folder = Path(tempfile.mkdtemp(prefix="portone-"))
    if os.getuid() == 0:
        shutil.chown(folder, _USER)
    server = kind(path, folder)
    try:
        server.prepare()
        server.start()
        VERSIONS.append(server.version())
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _find(program: str) -> str | None:
    """Return the path of a program; Debian does not have all of them in PATH."""
    if os.name != "posix":
        return None
    folders = [str(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin")]
    return shutil.which(program, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *folders]))


def _as_user() -> dict[str, Any]:
    return {"user": _USER, "extra_groups": []} if os.getuid() == 0 else {}
