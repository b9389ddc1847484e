"""Look up payments with Spark, from Parquet to Parquet. Run it again to resume.

    $ export PORTONE_API_SECRET=...   # in the executors too; for the emulator, also PORTONE_BASE_URL
    $ python examples/clusters/spark_lookup.py ids payments --rate 20

Each file of the input (column `payment_id`) becomes a folder of the output, in which Spark writes `_SUCCESS` when it is
complete. Files with a complete folder are not looked up again. Without `--master`, the cluster is this machine.
"""

# Spark is not among what development installs.
# pyright: basic
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from portone_async.bulk import arrow


def look_up(spark: SparkSession, ids: Path, output: Path, workers: int, rate: float | None) -> None:
    """Look up the payments of a file."""
    frame = spark.read.parquet(str(ids))
    schema = from_arrow_schema(arrow.lookup_schema(to_arrow_schema(frame.schema)))
    look_up_batches = partial(arrow.lookup_batches, rate=rate and rate / workers)
    payments = frame.repartition(workers * 4).mapInArrow(look_up_batches, schema)
    payments.write.mode("overwrite").parquet(str(output))


def main() -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "ids", type=Path, help="a folder of Parquet files that every worker can read"
    )
    parser.add_argument("output", type=Path, help="a folder that every worker can write to")
    parser.add_argument("--master", help="of a cluster, such as spark://10.0.0.5:7077")
    parser.add_argument("--workers", type=int, default=2, help="how many tasks Spark runs at once")
    parser.add_argument("--rate", type=float, help="lookups per second, of all workers together")
    options = parser.parse_args()
    if options.master is None:
        # Otherwise Spark takes the `python3` of the PATH, which may be another one.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = (
        SparkSession.builder.master(options.master or f"local[{options.workers}]")
        .appName("portone lookup")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    for ids in sorted(options.ids.glob("*.parquet")):
        output = options.output / ids.stem
        if not (output / "_SUCCESS").exists():
            look_up(spark, ids.absolute(), output.absolute(), options.workers, options.rate)
    spark.stop()


if __name__ == "__main__":
    main()
