"""The examples for Dask: on a real cluster of processes, of which one is killed, and run again."""

from __future__ import annotations

import math
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from .conftest import PortOne

pa = pytest.importorskip("pyarrow")
distributed = pytest.importorskip("dask.distributed")
pytest.importorskip("dask.dataframe")

from pyarrow import dataset, parquet  # noqa: E402

from examples.clusters import dask_export, dask_lookup  # noqa: E402

IS_EXHAUSTIVE = os.environ.get("PORTONE_TESTS_EXHAUSTIVE") == "1"
COUNT = 200_000 if IS_EXHAUSTIVE else 5_000
PARTITIONS = 20
PATIENCE = 3_600 if IS_EXHAUSTIVE else 300  # seconds after which something hangs

pytestmark = [
    pytest.mark.load,
    # A worker that is killed leaves its connections, and Dask's event loop its own, to the garbage collector.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture
def cluster(portone: PortOne) -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        yield cluster


def memory() -> float:
    """Return the most memory that this process has had, in MB; on Linux only."""
    # Not `ru_maxrss`, which a process that is started inherits from its parent.
    status = Path("/proc/self/status")
    if not status.exists():
        return math.nan
    (line,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
    return int(line) * 1024 / 1e6


def test_every_id_is_there_once_although_a_worker_is_killed(
    portone: PortOne, cluster: Any, tmp_path: Path
) -> None:
    wanted = portone.sell(COUNT)
    ids, output = tmp_path / "ids.parquet", tmp_path / "payments"
    parquet.write_table(pa.table({"payment_id": wanted}), ids, row_group_size=COUNT // PARTITIONS)
    is_half_done = Event()

    def look() -> None:
        if len(portone.requested) == COUNT // 2:
            is_half_done.set()

    def kill() -> None:
        assert is_half_done.wait(PATIENCE)
        os.kill(cluster.workers[0].process.pid, signal.SIGKILL)

    portone.after_each = look
    killer = Thread(target=kill)
    with distributed.Client(cluster) as client:
        killer.start()
        started = time.monotonic()
        counts = dask_lookup.run(client, ids, output, None)
        elapsed = time.monotonic() - started
        killer.join()
        assert counts == [(0, COUNT // PARTITIONS)] * PARTITIONS
        peaks = client.run(memory).values()

        found = dataset.dataset(output, exclude_invalid_files=True).to_table(
            columns=["payment_id", "status", "total"]
        )
        assert found["payment_id"].to_pylist() == wanted
        assert found["total"].to_pylist() == list(range(1_000, 1_000 + COUNT))
        assert len(list(output.glob("part-*.parquet"))) == PARTITIONS
        # What the killed worker had not written yet was looked up again, and nothing else.
        twice = len(portone.requested) - COUNT
        assert 0 <= twice <= COUNT // PARTITIONS

        # Run again, it looks up nothing but what is not there.
        portone.requested.clear()
        (output / "part-000003.parquet").unlink()
        assert dask_lookup.run(client, ids, output, None) == [(0, COUNT // PARTITIONS)]
        part = slice(3 * COUNT // PARTITIONS, 4 * COUNT // PARTITIONS)
        assert sorted(portone.requested) == sorted(wanted[part])
    size = sum(path.stat().st_size for path in output.glob("part-*.parquet"))
    print(  # noqa: T201  (the figures of docs/clusters.md: run it with `-s`)
        f"\n{COUNT:,} ids in {elapsed:,.0f} s: {COUNT / elapsed:,.0f} per second; {twice:,} looked up twice; "
        f"{max(peaks):,.0f} MB per worker at most; {size / COUNT:,.0f} bytes of Parquet per payment"
    )


def test_an_export_skips_the_days_that_are_there(
    portone: PortOne, cluster: Any, tmp_path: Path
) -> None:
    portone.sell(30)
    portone.checkout("other", amount=1, store_id="store-b")
    now = datetime.now(UTC)
    # As if today were over.
    year, tomorrow = now.astimezone(dask_export.SEOUL).year, now + timedelta(days=1)
    with distributed.Client(cluster) as client:
        stores = [None, "store-b", "unknown"]
        counts = dask_export.run(client, year, tmp_path, stores, None, tomorrow)
        days = len(counts) // 3
        assert [sum(map(int, counts[part : part + days])) for part in (0, days)] == [30, 1]
        today = f"{now.astimezone(dask_export.SEOUL):%Y-%m-%d}"
        problem = "403 FORBIDDEN in response to GET /payments-by-cursor"
        assert counts[-1] == f"unknown-{today}.parquet: {problem}"
        portone.requested.clear()
        (tmp_path / f"store-{year}-01-01.parquet").unlink()
        assert dask_export.run(client, year, tmp_path, [None], None, tomorrow) == [0]
        assert len(portone.requested) == 1
    files = list(tmp_path.glob("*.parquet"))
    assert len(files) == 2 * days
    assert dataset.dataset(files).count_rows() == 31
