"""A file that appears whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from attrs import define

from portone_async._errors import InvalidArgumentError, PortOneError


@define
class PartialFile:
    """What is being written."""

    stream: anyio.AsyncFile[bytes]

    async def write(self, piece: bytes) -> None:
        """Write the next bytes."""
        try:
            await self.stream.write(piece)
        except OSError as error:
            # Not a fault of the connection: another attempt would fill the same disk.
            raise _unwritable(error) from error

    async def restart(self) -> None:
        """Forget what was written."""
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
        finally:
            with anyio.CancelScope(shield=True):
                await stream.aclose()
        try:
            partial.replace(path)
        except OSError as error:
            raise _unwritable(error) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _unwritable(error: OSError) -> PortOneError:
    return PortOneError(f"the answer came, but the file cannot be written: {error.strerror}")
