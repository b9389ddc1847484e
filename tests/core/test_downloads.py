"""CSV downloads: a file appears whole or not at all."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from portone_async import PortOne, RequestOptions, errors, with_response
from tests.core.conftest import SECRET, Waits
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


def untouched(target: Path) -> bool:
    """Whether a folder holds what it held before: no new file, no part of one, no damage."""
    found = {path.name: path.read_text() for path in target.parent.iterdir()}
    return found in ({}, {target.name: "the last download"})


async def test_a_download_is_written_to_a_file(
    server: Server, portone: PortOne, target: Path
) -> None:
    """Byte by byte, and its path returned."""
    server.plays(CSV)
    found = await portone.platform.transfer.download_platform_transfer_sheet(
        file=target, fields=["TRANSFER_ID"], test=True
    )
    assert found == target
    assert target.read_bytes() == SHEET
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert server.request.header("accept") == "text/csv"
    assert server.request.query["test"] == "true"
    assert json.loads(server.request.query["requestBody"]) == {"fields": ["TRANSFER_ID"]}


async def test_a_download_takes_a_path_as_text(
    server: Server, portone: PortOne, target: Path
) -> None:
    """Like any function that writes a file; an empty sheet is an empty file."""
    server.plays(answer(b""))
    await portone.platform.transfer.download_platform_transfer_sheet(file=str(target))
    assert target.read_bytes() == b""
    assert server.request.query == {"requestBody": "{}"}


async def test_a_download_is_streamed(server: Server, portone: PortOne, target: Path) -> None:
    """What has come is in a file beside the target before the rest comes."""
    rest = anyio.Event()

    async def play(exchange: Exchange) -> None:
        await exchange.write(head(200, {"Content-Length": str(len(SHEET))}) + SHEET[:200_000])
        await rest.wait()
        await exchange.write(SHEET[200_000:])

    server.plays(Step(play))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_download, portone, target)
            while not any(path.stat().st_size > 100_000 for path in _parts(target)):
                await anyio.sleep(0.001)
            assert not target.exists() or target.read_text() == "the last download"
            rest.set()
    assert target.read_bytes() == SHEET


async def _download(portone: PortOne, target: Path) -> None:
    await portone.platform.transfer.download_platform_transfer_sheet(file=target)


def _parts(target: Path) -> list[Path]:
    return [path for path in target.parent.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
async def test_a_cut_download_leaves_nothing(
    server: Server, portone: PortOne, target: Path, waits: Waits, cut: Step
) -> None:
    """It is tried again, and then an error of the connection."""
    server.always = cut
    with pytest.raises(errors.APIConnectionError) as caught:
        await _download(portone, target)
    assert caught.value.attempts == 3
    assert len(server.requests) + server.unread == 3
    assert untouched(target)


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
async def test_a_cut_download_begins_again(
    server: Server, portone: PortOne, target: Path, waits: Waits, cut: Step
) -> None:
    """Nothing of the first attempt stays in the file, though the second one is shorter."""
    server.plays(cut, empty(503), answer(b"id\r\n1\r\n"))
    await _download(portone, target)
    assert target.read_bytes() == b"id\r\n1\r\n"
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
async def test_an_error_is_no_file(
    server: Server, portone: PortOne, target: Path, step: Step, kind: type[errors.APIError]
) -> None:
    """The error's body is in the error."""
    server.plays(step)
    with pytest.raises(kind) as caught:
        await _download(portone, target)
    assert caught.value.content or caught.value.status == 302
    assert untouched(target)


async def test_a_timeout_leaves_nothing(
    server: Server, portone: PortOne, target: Path, waits: Waits
) -> None:
    """A server that stalls in the middle."""
    server.always = stalled(SHEET)
    options = RequestOptions(timeout=0.05, max_retries=1)
    with pytest.raises(errors.APITimeoutError):
        await portone.platform.transfer.download_platform_transfer_sheet(
            file=target, options=options
        )
    assert untouched(target)


async def test_a_cancelled_download_leaves_nothing(
    server: Server, portone: PortOne, target: Path
) -> None:
    """In the middle of its body."""
    server.plays(stalled(SHEET), CSV)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_download, portone, target)
            while not any(path.stat().st_size > 100_000 for path in _parts(target)):
                await anyio.sleep(0.001)
            tasks.cancel_scope.cancel()
        assert untouched(target)
        await _download(portone, target)
    assert target.read_bytes() == SHEET


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
    """While the file is opened or emptied in a thread, say."""
    server.always = CSV
    task = asyncio.ensure_future(_download(portone, target))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert untouched(target)


@pytest.mark.parametrize("path", ["missing/sheet.csv", "", ".", "folder"])
async def test_a_target_that_cannot_be_written_is_refused(
    server: Server, portone: PortOne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Before anything is sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(errors.InvalidArgumentError, match="file"):
        await portone.platform.transfer.download_platform_transfer_sheet(file=path)
    assert server.untouched
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


@pytest.fixture
async def single(server: Server) -> AsyncIterator[PortOne]:
    """A client with one lane only, so that a lost one shows."""
    async with PortOne(SECRET, base_url=server.url, max_connections=1) as portone:
        yield portone


async def test_a_full_disk_is_no_fault_of_the_connection(
    server: Server, single: PortOne, target: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not asked again, leaves nothing, and the rest of the answer is not waited for."""

    async def full(stream: object, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    server.plays(stalled(SHEET), CSV)
    with monkeypatch.context() as patch:
        patch.setattr(anyio.AsyncFile, "write", full)
        with pytest.raises(errors.PortOneError, match="cannot be written: No space left") as caught:
            await _download(single, target)
    assert not isinstance(caught.value, errors.APIConnectionError)
    assert len(server.requests) == 1
    assert waits == []
    assert untouched(target)
    with anyio.fail_after(PATIENCE):
        await server.until(lambda: server.open == 0)
        await _download(single, target)
    assert target.read_bytes() == SHEET


async def test_a_download_cancelled_while_it_writes_frees_its_lane(
    server: Server, single: PortOne, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is closed though the task must not wait any more."""
    writing = anyio.Event()

    async def slow(stream: object, data: bytes) -> int:
        writing.set()
        await anyio.sleep_forever()
        raise AssertionError

    server.plays(stalled(SHEET), CSV)
    with anyio.fail_after(PATIENCE):
        with monkeypatch.context() as patch:
            patch.setattr(anyio.AsyncFile, "write", slow)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_download, single, target)
                await writing.wait()
                tasks.cancel_scope.cancel()
        assert untouched(target)
        await server.until(lambda: server.open == 0)
        await _download(single, target)
    assert target.read_bytes() == SHEET


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
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.csv"]


async def test_a_download_has_a_response(server: Server, portone: PortOne, target: Path) -> None:
    """With its headers; the body is in the file."""
    server.plays(CSV)
    reply = await with_response(
        portone.platform.transfer.download_platform_transfer_sheet, file=target
    )
    assert reply.value == target
    assert reply.response.headers["content-type"] == "text/csv"
    assert reply.response.content == b""


async def test_two_downloads_to_one_target_do_not_mix(
    server: Server, portone: PortOne, target: Path
) -> None:
    """Each has a part of its own; the last one stays."""
    server.always = CSV
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(_download, portone, target)
    assert target.read_bytes() == SHEET
    assert _parts(target) == []


async def test_the_other_download(server: Server, portone: PortOne, target: Path) -> None:
    """Tax invoices come the same way."""
    server.plays(CSV)
    found = await portone.b2b.tax_invoice.download_b2b_tax_invoices_sheet(
        file=target, fields=["STATUS"]
    )
    assert found == target
    assert target.read_bytes() == SHEET
    assert server.request.path == "/b2b/tax-invoices-sheet"
