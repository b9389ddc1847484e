"""A file that appears whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import anyio
from attrs import define

from portone_async._errors import InvalidArgumentError, PortOneError


@define
class PartialFile:
    """What is being written."""

    stream: anyio.AsyncFile[bytes]

    async def write(self, piece: bytes) -> None:
        """Write the next bytes."""
        with _a_disks_faults():
            await self.stream.write(piece)

    async def restart(self) -> None:
        """Forget what was written."""
        with _a_disks_faults():
            await self.stream.seek(0)
            await self.stream.truncate()


@asynccontextmanager
async def whole_file(path: Path) -> AsyncGenerator[PartialFile]:
    """Write beside `path`, and move there when the block ends well; leave nothing when it does not."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # Not in a thread: a cancelled wait for one would leave the file behind.
        stream = anyio.wrap_file(partial.open("xb"))
    except OSError as error:
        raise InvalidArgumentError(f"the file cannot be written there: {error.strerror}") from error
    try:
        try:
            yield PartialFile(stream)
            with _a_disks_faults():
                await stream.flush()
        finally:
            with anyio.CancelScope(shield=True), suppress(OSError):
                await stream.aclose()
        with _a_disks_faults():
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_write(path: Path, mode: str = "wb", **open_kwargs: Any) -> Generator[IO[Any]]:
    """Write to a new file beside `path`, and move it to `path` when the block succeeds.

    Until then `path` keeps its old content. If anything fails, the new file is removed. `open_kwargs` go to `open`:
    an `opener` decides about permissions, for example.

    Raises:
        OSError: The file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        # Not Path.open, which takes no opener.
        with open(partial, mode.replace("w", "x"), **open_kwargs) as file:  # noqa: PTH123
            yield file
            file.flush()
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def _a_disks_faults() -> Generator[None]:
    """They are none of the connection: another attempt would fill the same disk."""
    try:
        yield
    except OSError as error:
        raise PortOneError(
            f"the answer came, but the file cannot be written: {error.strerror}"
        ) from error
