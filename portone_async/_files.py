"""Files that appear complete or not at all."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import anyio
from attrs import define

from portone_async._errors import InvalidArgumentError, PortOneError


@contextmanager
def atomic_write(path: Path, mode: str = "wb", **open_kwargs: Any) -> Generator[IO[Any]]:
    """Open a file beside `path` and move it there when the block ends well; leave nothing when it does not."""
    partial = _beside(path)
    try:
        with partial.open(mode.replace("w", "x"), **open_kwargs) as file:
            yield file
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@define
class PartialFile:
    """The file that a download is written to."""

    stream: anyio.AsyncFile[bytes]

    async def write(self, chunk: bytes) -> None:
        """Write the next bytes."""
        with _disk_errors():
            await self.stream.write(chunk)

    async def restart(self) -> None:
        """Discard what the previous attempt wrote."""
        with _disk_errors():
            await self.stream.seek(0)
            await self.stream.truncate()


@asynccontextmanager
async def download_to(path: Path) -> AsyncGenerator[PartialFile]:
    """Write beside `path` and move the file there when the block ends well; leave nothing when it does not."""
    if path.name == "" or path.is_dir():  # noqa: ASYNC240  (one look at a local path)
        raise InvalidArgumentError("file takes the path of a file to write")
    partial = _beside(path)
    try:
        # Not in a thread: a cancelled wait for one would leave the file behind.
        stream = anyio.wrap_file(partial.open("xb"))
    except OSError as error:
        raise InvalidArgumentError(f"the file cannot be written there: {error.strerror}") from error
    try:
        try:
            yield PartialFile(stream)
            with _disk_errors():
                await stream.flush()
        finally:
            with anyio.CancelScope(shield=True), suppress(OSError):
                await stream.aclose()
        with _disk_errors():
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


@contextmanager
def _disk_errors() -> Generator[None]:
    """Disk errors are not connection errors: another attempt would fill the same disk."""
    try:
        yield
    except OSError as error:
        raise PortOneError(
            f"the response was received, but the file cannot be written: {error.strerror}"
        ) from error
