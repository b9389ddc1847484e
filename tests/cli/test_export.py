"""`portone-async export`, over real HTTP."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portone_async.cli.command import CommandError
from portone_async.cli.period import KOREA, OVERLAP, Period, parse_datetime, resolve_periods
from portone_emulator.scenarios.future import json_change

from .conftest import PATIENCE, SECRET, MakeShell, PortOne, Shell


def test_every_payment_of_the_period_is_written(portone: PortOne, shell: Shell) -> None:
    start = portone.now.isoformat()
    ids = portone.sell(25)
    until = portone.now.isoformat()
    portone.advance(hours=1)
    portone.checkout("too-late", amount=1)
    done = shell.run(
        "export", "--from", start, "--until", until, "--page-size", "10", "-o", "out.csv"
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = shell.lines("out.jsonl")
    assert [line["id"] for line in lines] == ids
    assert [line["payment"] for line in lines] == [portone.payments[key] for key in ids]
    assert (shell.folder / "out.csv").read_text().count("\n") == 26


def test_a_killed_export_is_resumed_at_its_cursor(portone: PortOne, shell: Shell) -> None:
    start = (portone.now - timedelta(days=1)).isoformat()
    ids = portone.sell(1_000)
    command = ["export", "--from", start, "--page-size", "10", "-o", "out.jsonl"]
    portone.fault("getAllPaymentsByCursor", "503", None, probability=0.05)
    for _ in range(3):
        before = portone.requested.total()
        with shell.start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            portone.wait_for_requests(before + random.randrange(2, 20))
            process.kill()
    # An interrupted export keeps its end, so a later payment is not part of it.
    portone.advance(hours=1)
    portone.checkout("too-late", amount=1)
    had = len(shell.complete_lines("out.jsonl"))
    before = portone.requested.total()
    for _ in range(5):
        if shell.run(*command).returncode == 0:
            break
    assert [line["id"] for line in shell.lines("out.jsonl")] == ids
    faults = sum(record.fault is not None for record in portone.requests[before:])
    assert portone.requested.total() - before - faults == -(-(len(ids) - had) // 10) + 1


@pytest.mark.parametrize("items", [None, 5, {}, "", "text"])
def test_a_response_without_a_list_is_not_the_end(
    portone: PortOne, shell: Shell, items: Any
) -> None:
    """An export that stopped there would look complete."""
    portone.sell(3)
    start = (portone.now - timedelta(days=1)).isoformat()
    change = json_change(lambda body: body.update(items=items))
    portone.future("getAllPaymentsByCursor", change, times=1)
    done = shell.run("export", "--from", start, "-o", "out.jsonl")
    assert done.returncode != 0
    assert "no payments with ids and cursors" in done.stderr


def test_ctrl_c_lets_the_running_request_finish(portone: PortOne, shell: Shell) -> None:
    start = (portone.now - timedelta(days=1)).isoformat()
    portone.sell(30)
    command = ["export", "--from", start, "--page-size", "10", "-o", "out.jsonl"]
    with portone.hold("getAllPaymentsByCursor") as held, shell.start(*command) as process:
        held.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"Finishing" in process.stderr.readline()
        held.release()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert len(shell.lines("out.jsonl")) == 10
    assert shell.run(*command).returncode == 0
    assert len(shell.lines("out.jsonl")) == 30


def test_another_period_or_kind_of_output_is_refused(portone: PortOne, shell: Shell) -> None:
    portone.sell(1)
    shell.write("ids", ["order-0"])
    start = (portone.now - timedelta(days=1)).isoformat()
    assert shell.run("export", "--from", start, "-o", "out.jsonl").returncode == 0
    for command in (
        ["export", "--from", "2026-01-01", "-o", "out.jsonl"],
        ["export", "--from", start, "--until", "2099-01-01", "-o", "out.jsonl"],
        ["lookup", "ids", "-o", "out.jsonl"],
    ):
        done = shell.run(*command)
        assert done.returncode == 2
        assert "choose another" in done.stderr
    shell.environment["PORTONE_STORE_ID"] = "store-other"
    assert shell.run("export", "--from", start, "-o", "out.jsonl").returncode == 2
    del shell.environment["PORTONE_STORE_ID"]
    shell.run("lookup", "ids", "-o", "looked-up.jsonl")
    done = shell.run("export", "--from", start, "-o", "looked-up.jsonl")
    assert (done.returncode, "not an export" in done.stderr) == (2, True)


def test_after_a_failed_page_the_message_says_how_to_resume(portone: PortOne, shell: Shell) -> None:
    portone.respond_with_error("getAllPaymentsByCursor", "FORBIDDEN")
    done = shell.run("export", "--from", "2026-01-01", "-o", "out.csv")
    assert done.returncode == 1
    assert "403 FORBIDDEN" in done.stderr
    assert "Run the same command again to resume" in done.stderr
    assert not (shell.folder / "out.csv").exists()


def test_a_refused_secret_is_reported_and_leaves_no_file(portone: PortOne, shell: Shell) -> None:
    shell.environment["PORTONE_API_SECRET"] = "wrong"
    assert shell.run("export", "--from", "2026-01-01", "-o", "out.jsonl").returncode == 3
    assert not list(shell.folder.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "yesterday"], "invalid time 'yesterday'"),
        (["--from", "2026-02-01", "--until", "2026-01-01"], "before"),
    ],
)
def test_wrong_periods_are_reported(shell: Shell, arguments: list[str], message: str) -> None:
    done = shell.run("export", *arguments, "-o", "out.jsonl")
    assert done.returncode == 2
    assert message in done.stderr


def test_korean_time_is_used_if_no_time_zone_is_given() -> None:
    assert parse_datetime("2026-07-01").isoformat() == "2026-07-01T00:00:00+09:00"
    assert parse_datetime("2026-07-01T10:00Z").utcoffset() == timedelta()
    with pytest.raises(CommandError, match="such as 2026-07-01"):
        parse_datetime("July")


def test_without_an_end_another_run_adds_what_was_created_since(
    portone: PortOne, shell: Shell
) -> None:
    start = (portone.now - timedelta(days=1)).isoformat()
    ids = portone.sell(25)
    command = ("export", "--from", start, "--page-size", "10", "-o", "out.csv")
    first = shell.run(*command)
    assert "25 payments in out.csv, 25 of them new" in first.stdout
    assert (
        f"Payments created from {parse_datetime(start).astimezone(KOREA):%Y-%m-%d %H:%M}"
        in first.stdout
    )
    for number in range(2):
        portone.checkout(f"later-{number}", amount=1)
    second = shell.run(*command)
    assert "27 payments in out.csv, 2 of them new" in second.stdout
    assert [line["id"] for line in shell.lines("out.jsonl")] == [*ids, "later-0", "later-1"]
    assert (shell.folder / "out.csv").read_text(encoding="utf-8-sig").count("\n") == 28
    third = shell.run(*command)
    assert "27 payments in out.csv, 0 of them new" in third.stdout


def test_an_interrupted_later_listing_is_resumed(portone: PortOne, shell: Shell) -> None:
    start = (portone.now - timedelta(days=1)).isoformat()
    ids = portone.sell(12)
    command = ("export", "--from", start, "-o", "out.jsonl", "--page-size")
    assert shell.run(*command, "10").returncode == 0
    for number in range(15):
        ids.append(f"later-{number}")
        portone.checkout(ids[-1], amount=1)
    # The first page has only known payments, then also a new one, whose cursor is the one to resume at.
    for page_size, expected in (("10", 12), ("13", 13)):
        with (
            portone.hold("getAllPaymentsByCursor") as held,
            shell.start(*command, page_size) as process,
        ):
            held.wait()
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert b"Finishing" in process.stderr.readline()
            held.release()
            process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert [line["id"] for line in shell.lines("out.jsonl")] == ids[:expected]
    before = portone.requested.total()
    assert shell.run(*command, "10").returncode == 0
    assert [line["id"] for line in shell.lines("out.jsonl")] == ids
    assert (
        portone.requested.total() - before == 3
    )  # 14 payments behind the cursor, and an empty page


def test_an_end_that_is_given_stays(portone: PortOne, shell: Shell) -> None:
    start, until = (portone.now - timedelta(days=1)).isoformat(), portone.now.isoformat()
    command = ("export", "--from", start, "--until", until, "-o", "out.jsonl")
    portone.advance(hours=1)
    portone.sell(1)
    for _ in range(2):
        assert shell.run(*command).returncode == 0
        assert shell.lines("out.jsonl") == []


NOON = datetime(2026, 7, 3, 12, tzinfo=UTC)
JULY = "2026-07-01T00:00:00+09:00"


def resolve_stores(saved: list[Period], now: datetime, **changes: Any) -> list[Period]:
    options: dict[str, Any] = {"start": "2026-07-01", "until": None, "payments": {None: 5}}
    by_store = {period.store_id: period for period in saved}
    return resolve_periods(by_store, now=now, **(options | changes))


def resolve(saved: Period | None, now: datetime, **changes: Any) -> Period:
    (period,) = resolve_stores([] if saved is None else [saved], now, **changes)
    return period


def test_the_period_of_a_new_output_ends_now() -> None:
    assert resolve(None, NOON) == Period(JULY, NOON.isoformat(), None, JULY)


def test_an_incomplete_period_keeps_its_end() -> None:
    saved = resolve(None, NOON)
    assert resolve(saved, NOON + timedelta(days=1)) == saved


def test_after_a_complete_period_the_next_listing_overlaps_it() -> None:
    saved = resolve(None, NOON).complete(NOON)
    later = NOON + timedelta(days=1)
    period = resolve(saved, later)
    assert period.until == later.isoformat()
    assert parse_datetime(period.list_from) == NOON - OVERLAP
    assert (period.payments_before, period.listed_until) == (5, None)


def test_an_end_in_the_future_is_not_complete_before_it() -> None:
    saved = resolve(None, NOON, until="2026-08-01").complete(NOON)
    period = resolve(saved, NOON + timedelta(days=1), until="2026-08-01")
    assert parse_datetime(period.until) == parse_datetime("2026-08-01")
    assert parse_datetime(period.list_from) == NOON - OVERLAP


def test_a_listing_never_starts_before_the_period() -> None:
    start = NOON - timedelta(minutes=1)
    saved = resolve(None, NOON, start=start.isoformat()).complete(NOON)
    period = resolve(saved, NOON + OVERLAP, start=start.isoformat())
    assert period.list_from == start.isoformat()


@pytest.mark.parametrize(
    "changes", [{"start": "2026-07-02"}, {"until": "2026-07-03"}, {"payments": {"store-2": 0}}]
)
def test_another_period_or_store_is_refused(changes: dict[str, Any]) -> None:
    saved = resolve(None, NOON).complete(NOON)
    with pytest.raises(CommandError, match="another period or store"):
        resolve(saved, NOON + timedelta(days=1), **changes)


def test_stores_share_the_end_of_an_interrupted_export() -> None:
    """One is complete, one was interrupted, and one could not be listed at all."""
    stores = {"a": 5, "b": 3, "c": 0}
    a, b, _ = resolve_stores([], NOON, payments=stores)
    saved = [a.complete(NOON), b]
    later = NOON + timedelta(days=1)
    resumed = resolve_stores(saved, later, payments=stores)
    assert resumed[:2] == saved
    assert (resumed[2].until, resumed[2].list_from) == (NOON.isoformat(), JULY)


def test_a_store_is_listed_up_to_the_end_at_which_another_was_interrupted() -> None:
    stores = {"a": 5, "b": 3}
    a, b = (period.complete(NOON) for period in resolve_stores([], NOON, payments=stores))
    later = NOON + timedelta(days=1)
    interrupted, _ = resolve_stores([a, b], later, payments=stores)
    again = resolve_stores([interrupted, b], later + timedelta(days=1), payments=stores)
    assert [period.until for period in again] == [later.isoformat()] * 2
    assert again[0] == interrupted
    assert (again[1].listed_until, again[1].payments_before) == (None, 3)


STORES = ("store-a", "store-b")


@pytest.fixture
def two_stores() -> Iterator[PortOne]:
    with PortOne(sub_store_ids=STORES) as emulator:
        for store_id in STORES:
            for number in range(12):
                emulator.checkout(f"order-{number}", amount=1_000, store_id=store_id)
        yield emulator


def store_options(*stores: str) -> list[str]:
    return [text for store_id in stores for text in ("--store", store_id)]


def test_several_stores_go_into_one_output(two_stores: PortOne, make_shell: MakeShell) -> None:
    shell = make_shell(PORTONE_API_SECRET=SECRET, PORTONE_BASE_URL=two_stores.url)
    start = (two_stores.now - timedelta(days=1)).isoformat()
    command = ["export", "--from", start, "--page-size", "5", *store_options(*STORES, *STORES)]
    command += ["--columns", "store_id,id", "-o", "out.csv"]
    done = shell.run(*command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "24 payments in out.csv, 24 of them new" in done.stdout
    assert "store-a: 12 payments\nstore-b: 12 payments\n" in done.stdout
    rows = (shell.folder / "out.csv").read_text(encoding="utf-8-sig").split()
    expected = [f"{store_id},order-{number}" for store_id in STORES for number in range(12)]
    assert rows == ["store_id,id", *expected]
    assert [line["storeId"] for line in shell.lines("out.jsonl")] == [
        store_id for store_id in STORES for _ in range(12)
    ]
    # Another run adds what is new in each, and one without a store does not take its place.
    two_stores.checkout("later", amount=1, store_id="store-a")
    assert "25 payments in out.csv, 1 of them new" in shell.run(*command).stdout
    done = shell.run("export", "--from", start, "-o", "out.csv", "--columns", "store_id,id")
    assert (done.returncode, "another period or store" in done.stderr) == (2, True)


def test_one_store_that_fails_does_not_stop_the_others(
    two_stores: PortOne, make_shell: MakeShell
) -> None:
    shell = make_shell(PORTONE_API_SECRET=SECRET, PORTONE_BASE_URL=two_stores.url)
    start = (two_stores.now - timedelta(days=1)).isoformat()
    command = ["export", "--from", start, "-o", "out.csv"]
    done = shell.run(*command, *store_options("store-a", "unknown", "store-b"))
    assert done.returncode == 1
    assert "portone-async: unknown: 403 FORBIDDEN" in done.stderr
    assert "unknown: 0 payments, not complete (left out of CSV and Parquet)\n" in done.stdout
    assert "24 payments in out.jsonl" in done.stdout
    assert "1 of 3 stores failed. Run the same command again to resume." in done.stdout
    assert (shell.folder / "out.csv").read_text().count("\n") == 25

    # It need not be part of the next run, as nothing of it is in the output.
    assert shell.run(*command, *store_options(*STORES)).returncode == 0
    done = shell.run(*command[:-1], "none.csv", *store_options("unknown", "other"))
    assert (done.returncode, "2 of 2 stores failed" in done.stdout) == (1, True)
    assert not (shell.folder / "none.csv").exists()


def test_a_store_that_is_not_complete_is_not_in_the_table(
    two_stores: PortOne, make_shell: MakeShell
) -> None:
    shell = make_shell(PORTONE_API_SECRET=SECRET, PORTONE_BASE_URL=two_stores.url)
    start = (two_stores.now - timedelta(days=1)).isoformat()
    command = ["export", "--from", start, "--page-size", "5", *store_options(*STORES)]
    command += ["-o", "out.csv"]
    # After four pages of store-a and one of store-b.
    two_stores.future("getAllPaymentsByCursor", json_change(lambda _: None), times=5)
    broken = json_change(lambda body: body.update(items=None))
    two_stores.future("getAllPaymentsByCursor", broken)
    done = shell.run(*command)
    assert done.returncode == 1
    assert "store-b: 5 payments, not complete (left out of CSV and Parquet)\n" in done.stdout
    assert "17 payments in out.jsonl" in done.stdout
    assert (shell.folder / "out.csv").read_text().count("\n") == 13
    assert len(shell.lines("out.jsonl")) == 17

    before = two_stores.requested.total()
    done = shell.run(*command)
    assert (done.returncode, "24 payments in out.csv, 7 of them new" in done.stdout) == (0, True)
    # Only the other two pages of store-b, and the empty one.
    assert two_stores.requested.total() - before == 3


def test_an_output_without_its_period_file_is_refused(portone: PortOne, shell: Shell) -> None:
    start = (portone.now - timedelta(days=1)).isoformat()
    portone.sell(1)
    assert shell.run("export", "--from", start, "-o", "out.jsonl").returncode == 0
    (shell.folder / "out.export.json").unlink()
    done = shell.run("export", "--from", start, "-o", "out.jsonl")
    assert (done.returncode, "out.export.json is missing" in done.stderr) == (2, True)
