"""CSV downloads: a file appears complete or not at all."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from portone_async import PortOne, RequestOptions, errors, with_response
from tests.core.conftest import SECRET, TransportName, Waits
from tests.core.server import (
    PATIENCE,
    Exchange,
    Server,
    Step,
    answer,
    empty,
    error,
    half,
    half_chunked,
    head,
    headers_only,
    html,
    reset,
    reset_unread,
    stalled,
    until_close,
)

pytestmark = pytest.mark.anyio
SHEET = "\ufeff정산,금액\r\n1,1000\r\n".encode() * 10_000
CSV = answer(SHEET, headers={"Content-Type": "text/csv"})

CUT = {
    "half": half(SHEET),
    "half chunked": half_chunked(SHEET),
    "headers only": headers_only(),
    "reset": reset(),
    "reset unread": reset_unread(),
}
STATE = ["absent", "present"]


@pytest.fixture(params=STATE)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where to download to: a path where nothing is, and one where the last download is."""
    target = tmp_path / "sheet.csv"
    if request.param == "present":
        target.write_text("the last download")
    return target


# The event loop of a test may wait for the disk.


def content(path: Path) -> bytes:
    return path.read_bytes()


def names(folder: Path) -> list[str]:
    """The names of everything in a folder and its folders."""
    return sorted(path.name for path in folder.rglob("*"))


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def remove(path: Path) -> None:
    path.unlink()


def untouched(target: Path) -> bool:
    """Whether a folder holds what it held before: no new file, no part of one, no damage."""
    found = {path.name: path.read_text() for path in target.parent.iterdir()}
    return found in ({}, {target.name: "the last download"})


async def test_a_download_is_written_to_a_file(
    server: Server, portone: PortOne, target: Path
) -> None:
    """Byte by byte, and its path returned."""
    server.plays(CSV)
    path = await portone.platform.transfer.download_platform_transfer_sheet(
        file=target, fields=["TRANSFER_ID"], test=True
    )
    assert path == target
    assert content(target) == SHEET
    assert names(target.parent) == [target.name]
    assert server.request.header("accept") == "text/csv"
    assert server.request.query["test"] == "true"
    assert json.loads(server.request.query["requestBody"]) == {"fields": ["TRANSFER_ID"]}


async def test_a_download_takes_a_path_as_text(
    server: Server, portone: PortOne, target: Path
) -> None:
    """Like any function that writes a file; an empty sheet is an empty file."""
    server.plays(answer(b""))
    await portone.platform.transfer.download_platform_transfer_sheet(file=str(target))
    assert content(target) == b""
    assert server.request.query == {"requestBody": "{}"}


async def test_a_download_may_be_compressed_or_chunked(
    server: Server, portone: PortOne, target: Path
) -> None:
    """The file is not."""

    async def chunked(exchange: Exchange) -> None:
        start = head(200, {"Transfer-Encoding": "chunked"})
        await exchange.write(start + b"%x\r\n%b\r\n0\r\n\r\n" % (len(SHEET), SHEET))

    server.plays(answer(gzip.compress(SHEET), headers={"Content-Encoding": "gzip"}), Step(chunked))
    for _ in range(2):
        await _download(portone, target)
        assert content(target) == SHEET
        remove(target)


async def _download(portone: PortOne, target: Path) -> None:
    await portone.platform.transfer.download_platform_transfer_sheet(file=target)


def _parts(target: Path) -> list[Path]:
    return [path for path in target.parent.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
async def test_a_download_that_was_cut_short_leaves_nothing(
    server: Server, portone: PortOne, target: Path, cut: Step
) -> None:
    """It is retried, and then an error of the connection."""
    server.always = cut
    with pytest.raises(errors.APIConnectionError) as caught:
        await _download(portone, target)
    assert caught.value.attempts == 3
    assert len(server.requests) + server.unread == 3
    assert untouched(target)


async def test_a_download_of_no_declared_length_is_refused(
    server: Server, portone: PortOne, target: Path
) -> None:
    """Half of a sheet would look like the whole."""
    server.always = until_close(SHEET)
    with pytest.raises(errors.ResponseError, match="does not declare its length") as caught:
        await _download(portone, target)
    assert caught.value.attempts == 3
    assert untouched(target)


async def test_a_download_beyond_the_limit_is_refused(
    server: Server, target: Path, transport: TransportName
) -> None:
    """`max_response_size` counts what is received and what it is decompressed to."""
    server.plays(CSV, answer(gzip.compress(SHEET), headers={"Content-Encoding": "gzip"}))
    async with PortOne(
        SECRET, base_url=server.url, max_response_size=100_000, transport=transport
    ) as portone:
        for _ in range(2):
            with pytest.raises(errors.APIConnectionError, match="larger than max_response_size"):
                await _download(portone, target)
            assert untouched(target)
    assert len(server.requests) == 2


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
async def test_a_download_that_was_cut_short_begins_again(
    server: Server, portone: PortOne, target: Path, cut: Step
) -> None:
    """Nothing of the first attempt stays in the file, though the second one is shorter."""
    server.plays(cut, empty(503), answer(b"id\r\n1\r\n"))
    await _download(portone, target)
    assert content(target) == b"id\r\n1\r\n"
    assert _parts(target) == []


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (error("UNAUTHORIZED", 401), errors.UnauthorizedError),
        (error("INVALID_REQUEST", 400), errors.InvalidRequestError),
        (html(404), errors.NotFoundError),
        (empty(302, {"Location": "/"}), errors.APIError),
    ],
)
async def test_an_error_is_not_a_file(
    server: Server, portone: PortOne, target: Path, step: Step, kind: type[errors.APIError]
) -> None:
    """The error's body is in the error."""
    server.plays(step)
    with pytest.raises(kind) as caught:
        await _download(portone, target)
    assert caught.value.content or caught.value.status == 302
    assert untouched(target)


async def test_a_timeout_leaves_nothing(server: Server, portone: PortOne, target: Path) -> None:
    """A server that stalls in the middle."""
    server.always = stalled(SHEET)
    options = RequestOptions(timeout=0.05, max_retries=1)
    with pytest.raises(errors.APITimeoutError):
        await portone.platform.transfer.download_platform_transfer_sheet(
            file=target, options=options
        )
    assert untouched(target)


@pytest.fixture
async def single(server: Server, waits: Waits, transport: TransportName) -> AsyncIterator[PortOne]:
    """A client with one connection only, so that a lost one shows."""
    async with PortOne(
        SECRET, base_url=server.url, max_connections=1, retry=waits.policy(), transport=transport
    ) as portone:
        yield portone


async def test_a_cancelled_download_leaves_nothing(
    server: Server, single: PortOne, target: Path
) -> None:
    """In the middle of its body; its connection is closed and the next one opened."""
    server.plays(stalled(SHEET), CSV)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_download, single, target)
            await server.until(lambda: len(server.requests) == 1)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert untouched(target)
        await server.until(lambda: server.open == 0)
        await _download(single, target)
    assert content(target) == SHEET


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_natively_cancelled_download_leaves_nothing(
    server: Server, portone: PortOne, target: Path
) -> None:
    """By `task.cancel()`."""
    server.plays(stalled(SHEET))
    task = asyncio.ensure_future(_download(portone, target))
    await server.until(lambda: len(server.requests) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert untouched(target)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("turns", range(12))
async def test_a_download_cancelled_at_any_moment_leaves_nothing(
    server: Server, portone: PortOne, target: Path, turns: int
) -> None:
    """While it connects, while it sends, while it waits."""
    server.always = CSV
    task = asyncio.ensure_future(_download(portone, target))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert untouched(target)


@pytest.mark.parametrize(
    "path", ["missing/sheet.csv", "", ".", "folder", "..", "/", "sheet\0.csv", "file/sheet.csv"]
)
async def test_a_target_that_cannot_be_written_is_refused(
    server: Server, portone: PortOne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Before anything is sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(errors.InvalidArgumentError, match="file"):
        await portone.platform.transfer.download_platform_transfer_sheet(file=path)
    assert server.untouched
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.parametrize("file", [None, 5, b"sheet.csv", True, ["sheet.csv"]])
async def test_a_target_is_a_path(server: Server, portone: PortOne, file: Any) -> None:
    """Text or an `os.PathLike`; the number of an open file is not one."""
    with pytest.raises(errors.InvalidArgumentError, match="file takes the path of a file"):
        await portone.platform.transfer.download_platform_transfer_sheet(file=file)
    assert server.untouched


@contextmanager
def largest_file(size: int) -> Generator[None]:
    """Have the operating system refuse to write files beyond a size, as a full disk does."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_not_a_failure_of_the_connection(
    server: Server, single: PortOne, target: Path, waits: Waits
) -> None:
    """It is not retried and leaves nothing, and the client goes on working."""
    server.plays(CSV, CSV)
    with (
        largest_file(100_000),
        pytest.raises(errors.PortOneError, match="cannot be written: File too large") as caught,
    ):
        await _download(single, target)
    assert not isinstance(caught.value, errors.APIConnectionError)
    assert len(server.requests) == 1
    assert waits == []
    assert untouched(target)
    with anyio.fail_after(PATIENCE):
        await _download(single, target)
    assert content(target) == SHEET


async def test_a_target_that_became_a_folder_is_an_error_of_this_package(
    server: Server, portone: PortOne, tmp_path: Path
) -> None:
    """And leaves no part behind."""
    target = tmp_path / "sheet.csv"

    async def play(exchange: Exchange) -> None:
        target.mkdir()
        await CSV.play(exchange)

    server.plays(Step(play))
    with pytest.raises(errors.PortOneError, match="cannot be written"):
        await _download(portone, target)
    assert names(tmp_path) == ["sheet.csv"]


async def test_a_download_has_a_response(server: Server, portone: PortOne, target: Path) -> None:
    """With its headers and its body, which is also in the file."""
    server.plays(CSV)
    typed = await with_response(
        portone.platform.transfer.download_platform_transfer_sheet, file=target
    )
    assert typed.value == target
    assert typed.response.headers["content-type"] == "text/csv"
    assert typed.response.content == content(target) == SHEET


async def test_two_downloads_to_one_target_do_not_mix(
    server: Server, portone: PortOne, target: Path
) -> None:
    """Each has a part of its own; the last one stays."""
    server.always = CSV
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(_download, portone, target)
    assert content(target) == SHEET
    assert _parts(target) == []


async def test_a_download_has_the_permissions_of_a_new_file(
    server: Server, portone: PortOne, target: Path
) -> None:
    """By the process's umask, not those of a private temporary file."""
    server.plays(CSV)
    mask = os.umask(0o027)
    try:
        await _download(portone, target)
    finally:
        os.umask(mask)
    assert mode(target) == 0o640


async def test_the_other_download(server: Server, portone: PortOne, target: Path) -> None:
    """Tax invoices come the same way."""
    server.plays(CSV)
    path = await portone.b2b.tax_invoice.download_b2b_tax_invoices_sheet(
        file=target, fields=["STATUS"]
    )
    assert path == target
    assert content(target) == SHEET
    assert server.request.path == "/b2b/tax-invoices-sheet"
