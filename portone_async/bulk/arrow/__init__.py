"""Payments as Arrow tables, for engines that spread work over processes and machines: Dask, Ray Data, Spark.

```python
payments = arrow.lookup(pa.table({"payment_id": ["order20261130001"]}), rate=20)
```

The functions are what `map_partitions` of Dask, `map_batches` of Ray Data and `mapInArrow` of Spark take. They have no
state but a client for each process, which is opened by the first call and closed at the end of the process. They may
be called in several threads at once and in forked processes.

The API secret comes from the environment variable `PORTONE_API_SECRET` of the process: an argument would be in the
engine's logs and files. The store and the address come from `PORTONE_STORE_ID` and `PORTONE_BASE_URL`, or from arguments.

Needs `pip install 'portone-async[arrow]'`. The guide is docs/clusters.md.
"""

# pyarrow has no types.
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from importlib.util import find_spec

if find_spec("pyarrow") is None:
    raise ModuleNotFoundError(
        "portone_async.bulk.arrow needs pyarrow: pip install 'portone-async[arrow]'", name="pyarrow"
    )

from portone_async.bulk.arrow.exports import export, export_batches, export_schema
from portone_async.bulk.arrow.lookups import lookup, lookup_batches, lookup_schema
from portone_async.bulk.arrow.rows import SCHEMA
from portone_async.bulk.arrow.worker import ClientOptions

__all__ = [
    "SCHEMA",
    "ClientOptions",
    "export",
    "export_batches",
    "export_schema",
    "lookup",
    "lookup_batches",
    "lookup_schema",
]
