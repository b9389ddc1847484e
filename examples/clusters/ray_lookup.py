"""Look up payments with Ray Data, from Parquet to Parquet. Run it again to resume.

    $ export PORTONE_API_SECRET=...   # in the worker processes too; for the emulator, also PORTONE_BASE_URL
    $ python examples/clusters/ray_lookup.py ids payments --rate 20

Each file of the input (column `payment_id`) becomes a folder of the output, which is there when it is complete. Files
whose folder is there are not looked up again. Without `--address`, the cluster is this machine.
"""

# Ray is not among what development installs.
# pyright: basic
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import ray

from portone_async.bulk import arrow


def look_up(ids: Path, output: Path, workers: int, rate: float | None) -> None:
    """Look up the payments of a file, and write them whole or not at all."""
    temporary = output.with_name(f".{output.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    payments = (
        ray.data.read_parquet(str(ids))
        .repartition(workers * 4)
        .map_batches(
            arrow.lookup,
            batch_format="pyarrow",
            batch_size=1_000,
            compute=ray.data.TaskPoolStrategy(size=workers),
            fn_kwargs={"rate": rate and rate / workers},
        )
    )
    payments.write_parquet(str(temporary))
    temporary.rename(output)


def main() -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "ids", type=Path, help="a folder of Parquet files that every worker can read"
    )
    parser.add_argument("output", type=Path, help="a folder that every worker can write to")
    parser.add_argument("--address", help="of a cluster, such as auto or ray://10.0.0.5:10001")
    parser.add_argument("--workers", type=int, default=2, help="how many processes look up")
    parser.add_argument("--rate", type=float, help="lookups per second, of all workers together")
    options = parser.parse_args()
    # On a cluster, the secret and other variables are set where the workers are started: what is passed here is logged.
    ray.init(address=options.address)
    options.output.mkdir(parents=True, exist_ok=True)
    for ids in sorted(options.ids.glob("*.parquet")):
        if not (options.output / ids.stem).exists():
            look_up(
                ids.absolute(), options.output.absolute() / ids.stem, options.workers, options.rate
            )


if __name__ == "__main__":
    main()
