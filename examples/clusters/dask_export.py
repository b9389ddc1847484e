"""Export a year of payments on a Dask cluster: a Parquet file for each store and day. Run it again to resume.

    $ export PORTONE_API_SECRET=...   # in the worker processes too; for the emulator, also PORTONE_BASE_URL
    $ python examples/clusters/dask_export.py 2026 payments

A day whose file is there is not listed again; one that fails has no file, and the others go on. Days are Korean ones.
Without `--scheduler`, the cluster is this machine.
"""

# Dask and pyarrow have few types.
# pyright: basic

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pyarrow as pa
from dask.distributed import Client, LocalCluster, progress
from pyarrow import parquet

from portone_async.bulk import arrow

SEOUL = ZoneInfo("Asia/Seoul")
DAY = timedelta(days=1)
SCHEMA = pa.schema([
    ("store_id", pa.string()),
    ("from", pa.timestamp("us", "Asia/Seoul")),
    ("until", pa.timestamp("us", "Asia/Seoul")),
])  # fmt: skip


def export_day(store_id: str | None, day: datetime, path: Path, rate: float | None) -> int | str:
    """Write a day's payments, whole or not at all; return how many they are, or why there is no file."""
    if path.exists():
        # Dask runs a task again where a worker died that had its result, however long ago it wrote the file.
        return parquet.read_metadata(path).num_rows
    periods = pa.table([[store_id], [day], [day + DAY]], schema=SCHEMA)
    payments = arrow.export(periods, rate=rate)
    errors = payments["error_message"].drop_null().to_pylist()
    if errors:
        return f"{path.name}: {errors[0]}"
    # A name of its own: a worker that only seems to be dead may write the same day.
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    parquet.write_table(payments, temporary, compression="zstd")
    temporary.replace(path)
    return payments.num_rows


def run(
    client: Client,
    year: int,
    output: Path,
    stores: list[str | None],
    rate: float | None,
    now: datetime | None = None,
) -> list[int | str]:
    """Export the days that have ended and are not in the output yet; return what `export_day` did, in their order."""
    first, last = datetime(year, 1, 1, tzinfo=SEOUL), datetime(year + 1, 1, 1, tzinfo=SEOUL)
    last = min(last, now or datetime.now(SEOUL))
    days = [first + DAY * number for number in range((last - first) // DAY)]
    workers = len(client.scheduler_info(n_workers=-1)["workers"])
    output.mkdir(parents=True, exist_ok=True)
    futures = [
        client.submit(export_day, store_id, day, path, rate and rate / workers)
        for store_id in stores
        for day in days
        if not (path := output / f"{store_id or 'store'}-{day:%Y-%m-%d}.parquet").exists()
    ]
    progress(futures)
    return [future.result() for future in futures]


def main() -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("year", type=int)
    parser.add_argument("output", type=Path, help="a folder that every worker can write to")
    parser.add_argument(
        "--store",
        action="append",
        help="a store id, also several times; the secret's own if omitted",
    )
    parser.add_argument("--scheduler", help="of a cluster, such as tcp://10.0.0.5:8786")
    parser.add_argument(
        "--workers", type=int, default=2, help="processes on this machine, without --scheduler"
    )
    parser.add_argument("--rate", type=float, help="pages per second, of all workers together")
    options = parser.parse_args()
    cluster = options.scheduler or LocalCluster(n_workers=options.workers, threads_per_worker=1)
    with Client(cluster) as client:
        done = run(client, options.year, options.output, options.store or [None], options.rate)
    exported = [count for count in done if isinstance(count, int)]
    print(f"\n{len(exported)} days with {sum(exported):,} payments")
    for problem in done:
        if isinstance(problem, str):
            print(problem)


if __name__ == "__main__":
    main()
