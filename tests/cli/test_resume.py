"""A killed run resumes where it stopped: nothing is lost, written twice or requested twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async.cli.command import CommandError
from portone_async.cli.journal import Journal, Record, read_records

from .conftest import PATIENCE, PortOne, Shell

IDS = 20_000 if os.environ.get("PORTONE_TESTS_EXHAUSTIVE") else 6_000
KILLS = 3


@pytest.mark.parametrize("has_faults", [False, True])
def test_every_payment_is_there_once_however_often_the_run_is_killed(
    portone: PortOne, shell: Shell, has_faults: bool
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201  (to repeat a failure)
    generator = random.Random(seed)
    ids = portone.sell(IDS)
    shell.write("ids", ids)
    if has_faults:
        portone.fault("getPayment", "503", None, probability=0.03)
        portone.fault("*", "truncated", None, probability=0.02)
    command = ["lookup", "ids", "-o", "out.jsonl"]

    had: dict[str, int] = {}
    for kill in range(KILLS):
        before = portone.requested.total()
        with shell.start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            portone.wait_for_requests(before + generator.randrange(1, IDS // (2 * KILLS)))
            process.kill()
        assert process.returncode == -signal.SIGKILL, kill
        there = [line["id"] for line in shell.complete_lines("out.jsonl")]
        assert len(set(there)) == len(there)
        assert all(portone.requested[key] == count for key, count in had.items())
        had = {key: portone.requested[key] for key in there}
        assert len(had) < IDS

    code = 1
    for _ in range(5):  # an id may fail three times in a row, and is then left to the next run
        code = shell.run(*command).returncode
        if code == 0:
            break
    assert code == 0
    assert sorted(line["id"] for line in shell.lines("out.jsonl")) == sorted(ids)
    assert all(portone.requested[key] == count for key, count in had.items())
    assert not (shell.folder / "out.errors.jsonl").exists()
    if not has_faults:
        # Only requests that were running at a kill were sent again.
        assert portone.requested.total() <= IDS + KILLS * 50


def test_ctrl_c_lets_running_requests_finish(portone: PortOne, shell: Shell) -> None:
    ids = portone.sell(100)
    shell.write("ids", ids)
    command = ["lookup", "ids", "--concurrency", "5", "-o", "out.csv"]
    with portone.hold("getPayment") as held, shell.start(*command) as process:
        held.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"Finishing" in process.stderr.readline()
        held.release()
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Run the same command again to resume" in out
    written = shell.lines("out.jsonl")
    assert 1 <= len(written) <= 5
    assert sorted(portone.requested) == sorted(line["id"] for line in written)
    assert not (shell.folder / "out.csv").exists()

    assert shell.run(*command).returncode == 0
    assert dict(portone.requested) == dict.fromkeys(ids, 1)
    assert (shell.folder / "out.csv").exists()


def test_a_second_ctrl_c_stops_at_once(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(100))
    with (
        portone.hold("getPayment") as held,
        shell.start("lookup", "ids", "-o", "out.jsonl") as process,
    ):
        held.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"Finishing" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert err == b""  # neither a traceback nor "Finishing" again
    assert shell.lines("out.jsonl") == []


def test_sigterm_works_like_ctrl_c(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(10))
    with (
        portone.hold("getPayment") as held,
        shell.start("lookup", "ids", "-o", "out.jsonl", "--concurrency", "2") as process,
    ):
        held.wait()
        process.terminate()
        assert process.stderr is not None
        assert b"Finishing" in process.stderr.readline()
        held.release()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(deadline=None)
@given(data=st.data(), payments=st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS), max_size=5))
def test_a_journal_cut_anywhere_keeps_its_complete_lines(
    data: st.DataObject,
    payments: dict[str, dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("cut") / "out.jsonl"
    written = [Record(key, payment) for key, payment in payments.items()]
    with Journal(path) as journal:
        for record in written:
            journal.add(record)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    zeros = data.draw(st.integers(0, 3)) if cut < len(content) else 0
    if cut and content[cut - 1 : cut] == b"\n":
        zeros = data.draw(st.integers(0, 3))
    path.write_bytes(content[:cut] + b"\0" * zeros)
    kept = written[: content[:cut].count(b"\n")]

    with Journal(path) as journal:
        assert journal.stores[None].ids == {record.id for record in kept}
        assert journal.totals.payments == len(kept)
        journal.add(Record("one more", {}))
    assert list(read_records(path)) == [*kept, Record("one more", {})]


@pytest.mark.parametrize(
    "content", [b"\n", b"[]\n", b'{"id":1,"payment":{}}\n', b"id,status", b"\0x"]
)
def test_a_file_that_is_not_a_journal_is_refused_unchanged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="choose another"), Journal(path):
        pass
    assert path.read_bytes() == content
