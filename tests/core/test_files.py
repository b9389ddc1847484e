"""Files that appear complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from portone_async._files import atomic_download, atomic_write
from portone_async.errors import InvalidArgumentError, PortOneError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_its_block_ends(tmp_path: Path) -> None:
    """Until then the old one is there."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_text_is_written_too(tmp_path: Path) -> None:
    """With what `open` takes."""
    path = tmp_path / "file"
    with atomic_write(path, "w", encoding="utf-16", newline="") as file:
        file.write("가\r\n")
    assert path.read_bytes().decode("utf-16") == "가\r\n"


class Stopped(BaseException):
    """As a cancellation is."""


@pytest.mark.parametrize("kind", [ValueError, Stopped])
def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path, kind: type[BaseException]) -> None:
    """And nothing beside it."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail() -> NoReturn:
        with atomic_write(path) as file:
            file.write(b"new")
            raise kind

    with pytest.raises(kind):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_folder_that_is_missing_is_an_argument_that_is_not_valid(tmp_path: Path) -> None:
    """Nothing was sent yet."""
    with (
        pytest.raises(InvalidArgumentError, match="the file cannot be written there: No such"),
        atomic_download(tmp_path / "missing" / "file"),
    ):
        raise AssertionError


def test_a_disk_that_fails_is_an_error_of_this_package(tmp_path: Path) -> None:
    """The response was received; what became of it is the error's cause."""

    def fail() -> None:
        with atomic_download(tmp_path / "file") as file:
            file.write(b"new")
            os.close(file.fileno())

    with pytest.raises(PortOneError, match=r"the response was received, but .*cannot be") as caught:
        fail()
    assert isinstance(caught.value.__cause__, OSError)
    assert not isinstance(caught.value, InvalidArgumentError)
    assert names(tmp_path) == []


def test_another_failure_passes(tmp_path: Path) -> None:
    """The call's error, say."""
    with pytest.raises(PortOneError, match="of the call"), atomic_download(tmp_path / "file"):
        raise PortOneError("of the call")
    assert names(tmp_path) == []
