"""Look up payments on a Dask cluster, from Parquet to Parquet. Run it again to resume.

    $ export PORTONE_API_SECRET=...   # in the worker processes too; for the emulator, also PORTONE_BASE_URL
    $ python examples/clusters/dask_lookup.py ids.parquet payments --rate 20

Each row group of the input (column `payment_id`) is a partition, and a file of the output. A partition whose file is
there is not looked up again. Without `--scheduler`, the cluster is this machine.
"""

# Dask and pyarrow have few types.
# pyright: basic

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from uuid import uuid4

import dask.dataframe as dd
import pandas as pd  # noqa: TC002  (Dask looks at the annotations)
import pyarrow as pa
from dask.delayed import delayed
from dask.distributed import Client, LocalCluster, progress
from pyarrow import parquet

from portone_async.bulk import arrow


def look_up(frame: pd.DataFrame, path: Path, rate: float | None) -> tuple[int, int]:
    """Look up the payments of a partition and write them, whole or not at all; return how many rows failed, and all."""
    # Dask runs a task again where a worker died that had its result, however long ago it wrote the file.
    if not path.exists():
        payments = arrow.lookup(pa.Table.from_pandas(frame, preserve_index=False), rate=rate)
        # A name of its own: a worker that only seems to be dead may write the same partition.
        temporary = path.with_name(f".{path.name}.{uuid4().hex}")
        parquet.write_table(payments, temporary, compression="zstd")
        temporary.replace(path)
    errors = parquet.read_table(path, columns=["error"])["error"]
    return len(errors) - errors.null_count, len(errors)


def run(client: Client, ids: Path, output: Path, rate: float | None) -> list[tuple[int, int]]:
    """Look up what is not in the output yet; return what `look_up` returned for each partition of that."""
    split: Any = True  # Dask's annotation knows "infer" only
    frame = dd.read_parquet(ids, split_row_groups=split, dtype_backend="pyarrow")
    workers = len(client.scheduler_info(n_workers=-1)["workers"])
    output.mkdir(parents=True, exist_ok=True)
    tasks = [
        delayed(look_up)(part, path, rate and rate / workers)
        for number, part in enumerate(frame.to_delayed())
        if not (path := output / f"part-{number:06}.parquet").exists()
    ]
    futures: Any = client.compute(tasks)
    progress(futures)
    return [future.result() for future in futures]


def main() -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "ids", type=Path, help="a Parquet file, or a folder of them, that every worker can read"
    )
    parser.add_argument("output", type=Path, help="a folder that every worker can write to")
    parser.add_argument("--scheduler", help="of a cluster, such as tcp://10.0.0.5:8786")
    parser.add_argument(
        "--workers", type=int, default=2, help="processes on this machine, without --scheduler"
    )
    parser.add_argument("--rate", type=float, help="lookups per second, of all workers together")
    options = parser.parse_args()
    cluster = options.scheduler or LocalCluster(n_workers=options.workers, threads_per_worker=1)
    with Client(cluster) as client:
        counts = run(client, options.ids, options.output, options.rate)
    failed, rows = (sum(count) for count in zip(*counts, strict=True)) if counts else (0, 0)
    print(f"\n{len(counts)} partitions with {rows:,} ids, of which {failed:,} failed")


if __name__ == "__main__":
    main()
