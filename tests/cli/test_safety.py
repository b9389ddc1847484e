"""Existing files survive: the input, files that the command has not written, and whatever a link points to."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from portone_async._files import atomic_write
from portone_async.bulk.columns import COLUMN_NAMES
from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.files import open_private
from portone_async.cli.journal import Journal, Record

from .conftest import SECRET, PortOne, Shell

INPUT = b"payment_id,amount\norder-0,1000\n"


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Return the contents of the files in a folder, and where links point to."""
    return {
        path.name: str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() or path.is_symlink()
    }


@pytest.mark.parametrize(
    "output", ["in.csv", "./in.csv", "{folder}/in.csv", "link.csv", "hard.csv"]
)
def test_the_input_is_never_overwritten(portone: PortOne, shell: Shell, output: str) -> None:
    portone.sell(1)
    path = shell.folder / "in.csv"
    path.write_bytes(INPUT)
    (shell.folder / "link.csv").symlink_to("in.csv")
    (shell.folder / "hard.csv").hardlink_to(path)
    before = snapshot(shell.folder)
    output = output.format(folder=shell.folder)
    done = shell.run("lookup", "in.csv", "--column", "payment_id", "-o", output)
    assert (done.returncode, "is the input" in done.stderr) == (2, True)
    assert snapshot(shell.folder) == before
    assert not portone.requested


def test_an_input_that_is_a_link_is_never_overwritten(portone: PortOne, shell: Shell) -> None:
    (shell.folder / "data.csv").write_bytes(INPUT)
    (shell.folder / "in.csv").symlink_to("data.csv")
    done = shell.run("lookup", "in.csv", "--column", "payment_id", "-o", "data.csv")
    assert (done.returncode, "is the input" in done.stderr) == (2, True)
    assert (shell.folder / "data.csv").read_bytes() == INPUT


@pytest.mark.parametrize(
    ("source", "output"), [("a.jsonl", "a.csv"), ("a.errors.jsonl", "a.jsonl"), ("a.csv", "a.csv")]
)
def test_no_file_beside_the_output_overwrites_the_input(
    portone: PortOne, shell: Shell, source: str, output: str
) -> None:
    portone.sell(1)
    (shell.folder / source).write_bytes(b"order-0\n")
    done = shell.run("lookup", source, "-o", output)
    assert (done.returncode, f"{source} is the input" in done.stderr) == (2, True)
    assert snapshot(shell.folder) == {source: b"order-0\n"}


def test_input_on_stdin_is_never_overwritten(portone: PortOne, shell: Shell) -> None:
    portone.sell(1)
    path = shell.folder / "in.csv"
    path.write_bytes(b"order-0\n")
    with (
        path.open("rb") as file,
        shell.start("lookup", "-", "-o", "in.csv", stdin=file) as process,
    ):
        _, err = process.communicate()
    assert (process.returncode, b"is the input" in err) == (2, True)
    assert snapshot(shell.folder) == {"in.csv": b"order-0\n"}


@pytest.mark.parametrize(
    "content",
    [b"id,name\n1,Kim\n", b"\xff\xfe\0", b"\n", b"PAR1", "주문\n".encode("cp949"), b"x" * 20_000],
)
@pytest.mark.parametrize("name", ["mine.csv", "mine.parquet"])
@pytest.mark.parametrize("command", ["lookup", "export"])
def test_a_foreign_table_is_left_alone(
    shell: Shell, portone: PortOne, command: str, name: str, content: bytes
) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("polars")
    (shell.folder / name).write_bytes(content)
    arguments = {"lookup": ["lookup", "-"], "export": ["export", "--from", "2026-01-01"]}[command]
    done = shell.run(*arguments, "-o", name, stdin=b"order-0")
    assert (done.returncode, "was not written by this command" in done.stderr) == (2, True)
    assert snapshot(shell.folder) == {name: content}
    assert not portone.requested


def test_a_foreign_parquet_file_is_left_alone(portone: PortOne, shell: Shell) -> None:
    polars = pytest.importorskip("polars")
    path = shell.folder / "mine.parquet"
    polars.DataFrame({"id": ["1"]}).write_parquet(path)
    content = path.read_bytes()
    done = shell.run("lookup", "-", "-o", "mine.parquet", stdin=b"order-0")
    assert done.returncode == 2
    assert snapshot(shell.folder) == {"mine.parquet": content}


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_table_of_an_earlier_run_is_replaced(portone: PortOne, shell: Shell, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("polars")
    portone.sell(2)
    assert shell.run("lookup", "-", "-o", name, stdin=b"order-0").returncode == 0
    before = (shell.folder / name).read_bytes()
    assert shell.run("lookup", "-", "-o", name, stdin=b"order-0\norder-1").returncode == 0
    assert (shell.folder / name).read_bytes() != before
    assert len(shell.lines("out.jsonl")) == 2


def test_an_empty_file_may_be_replaced(portone: PortOne, shell: Shell) -> None:
    portone.sell(1)
    (shell.folder / "out.csv").touch()
    assert shell.run("lookup", "-", "-o", "out.csv", stdin=b"order-0").returncode == 0
    assert (shell.folder / "out.csv").read_text(encoding="utf-8-sig").count("\n") == 2


@pytest.mark.parametrize("content", [b"my notes\n", b'{"id":1}\n', b'{"a":1}', b"[1]\n"])
def test_a_foreign_errors_file_is_left_alone(
    portone: PortOne, shell: Shell, content: bytes
) -> None:
    (shell.folder / "out.errors.jsonl").write_bytes(content)
    done = shell.run("lookup", "-", "-o", "out.jsonl", stdin=b"unknown")
    assert (done.returncode, "was not written by this command" in done.stderr) == (2, True)
    assert snapshot(shell.folder) == {"out.errors.jsonl": content}


@pytest.mark.parametrize("content", [b"my notes", b"{}", b"[]", b'{"start": "2026-01-01"}'])
def test_a_foreign_period_file_is_left_alone(
    portone: PortOne, shell: Shell, content: bytes
) -> None:
    (shell.folder / "out.export.json").write_bytes(content)
    done = shell.run("export", "--from", "2026-01-01", "-o", "out.jsonl")
    assert (done.returncode, "was not written by this command" in done.stderr) == (2, True)
    assert snapshot(shell.folder) == {"out.export.json": content}


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.errors.jsonl"])
@pytest.mark.parametrize("exists", [True, False])
def test_links_are_not_followed(portone: PortOne, shell: Shell, name: str, exists: bool) -> None:
    portone.sell(1)
    if exists:
        (shell.folder / "elsewhere").touch()
    (shell.folder / name).symlink_to("elsewhere")
    before = snapshot(shell.folder)
    done = shell.run("lookup", "-", "-o", "out.csv", stdin=b"order-0\nunknown")
    assert (done.returncode, f"{name} is a symbolic link" in done.stderr) == (2, True)
    assert snapshot(shell.folder) == before


def test_a_link_that_appears_after_the_check_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic link"), Journal(tmp_path / "out.jsonl"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_is_not_an_output(shell: Shell) -> None:
    os.mkfifo(shell.folder / "out.csv")
    done = shell.run("lookup", "-", "-o", "out.csv", stdin=b"order-0")
    assert (done.returncode, "is not a regular file" in done.stderr) == (2, True)


def test_private_files_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal(tmp_path / "out.jsonl") as journal:
            journal.add(Record("order-0", {}))
        with atomic_write(tmp_path / "out.csv", opener=open_private) as file:
            (partial,) = tmp_path.glob(".out.csv.*.part")
            assert stat.S_IMODE(partial.stat().st_mode) == 0o600
            file.write(b"x")
    finally:
        os.umask(before)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
@pytest.mark.parametrize("arguments", [("lookup", "-"), ("export", "--from", "2026-01-01")])
def test_a_refused_secret_leaves_no_file(
    portone: PortOne, make_shell: Callable[..., Shell], arguments: tuple[str, ...], name: str
) -> None:
    shell = make_shell(PORTONE_API_SECRET="wrong", PORTONE_BASE_URL=portone.url)
    assert shell.run(*arguments, "-o", name, stdin=b"order-0").returncode == 3
    assert not list(shell.folder.iterdir())


def test_a_refused_secret_keeps_what_earlier_runs_have_written(
    portone: PortOne, shell: Shell
) -> None:
    portone.sell(1)
    shell.run("lookup", "-", "-o", "out.csv", stdin=b"order-0\nunknown")
    before = snapshot(shell.folder)
    assert before.keys() == {"out.csv", "out.jsonl", "out.errors.jsonl"}
    shell.environment["PORTONE_API_SECRET"] = "wrong"
    assert shell.run("lookup", "-", "-o", "out.csv", stdin=b"order-1").returncode == 3
    assert snapshot(shell.folder) == before
    shell.environment["PORTONE_API_SECRET"] = SECRET
    assert shell.run("lookup", "-", "-o", "out.csv", stdin=b"order-0").returncode == 0


def test_an_empty_file_of_the_user_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.touch()
    with pytest.raises(CommandError), Journal(path):
        raise CommandError(ExitCode.FAILED, "")
    assert path.exists()


def test_a_journal_that_was_removed_before_it_was_locked_is_created_again(tmp_path: Path) -> None:
    """One run removes its empty journal while another one has already opened it."""
    path = tmp_path / "out.jsonl"

    class Late(Journal):
        attempts = 0

        def _open(self) -> int:
            file = super()._open()
            self.attempts += 1
            if self.attempts == 1:
                path.unlink()
            return file

    with Late(path) as journal:
        journal.add(Record("order-0", {}))
    assert journal.attempts == 2
    assert path.read_bytes() == Record("order-0", {}).to_line()


def test_column_names_are_unique() -> None:
    """They distinguish a table of this command from a foreign one."""
    assert len(set(COLUMN_NAMES)) == len(COLUMN_NAMES)
