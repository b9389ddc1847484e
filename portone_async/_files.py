"""A file that appears whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from attrs import define

from portone_async._errors import InvalidArgumentError


@define
class PartialFile:
    """What is being written."""

    stream: anyio.AsyncFile[bytes]

    async def write(self, piece: bytes) -> None:
        """Write the next bytes."""
        await self.stream.write(piece)

    async def restart(self) -> None:
        """Forget what was written."""
        await self.stream.seek(0)
        await self.stream.truncate()


@asynccontextmanager
async def whole_file(path: Path) -> AsyncGenerator[PartialFile]:
    """Write beside `path`, and move there when the block ends well; leave nothing when it does not."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        stream = await anyio.open_file(partial, "xb")
    except OSError as error:
        raise InvalidArgumentError(f"the file cannot be written there: {error.strerror}") from error
    try:
        try:
            yield PartialFile(stream)
        finally:
            with anyio.CancelScope(shield=True):
                await stream.aclose()
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
