"""What docs/clusters.md shows, in both languages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.test_guides import blocks, languages

from .conftest import PortOne

pa = pytest.importorskip("pyarrow")
dd = pytest.importorskip("dask.dataframe")

import pandas as pd  # noqa: E402  (Dask needs it)

from portone_async.bulk import arrow  # noqa: E402


@languages
def test_tables_of_the_guide(portone: PortOne, language: str) -> None:
    look_up, export, *_ = blocks(f"clusters{language}.md")
    portone.sell(2)
    assert look_up["look_up"](["order1", "order0"])["total"].to_pylist() == [1_001, 1_000]
    today = datetime.now(export["SEOUL"]).replace(hour=0, minute=0, second=0, microsecond=0)
    table = export["export_day"](None, today.replace(tzinfo=None))
    assert sorted(table["id"].to_pylist()) == ["order0", "order1"]


@languages
def test_map_partitions_of_the_guide(portone: PortOne, language: str) -> None:
    _, _, dask, *_ = blocks(f"clusters{language}.md")
    wanted = portone.sell(4)
    ids = dd.from_pandas(pd.DataFrame({"payment_id": wanted}), npartitions=2)
    payments = dask["payments"](ids)
    found = payments.compute(scheduler="threads")
    assert found["total"].tolist() == [1_000, 1_001, 1_002, 1_003]
    assert found.dtypes.to_dict() == payments.dtypes.to_dict()
    assert len(portone.requested) == 4


class Engine:
    """What the other engines call, as their documents say."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def map_batches(
        self, function: Any, *, batch_format: str, batch_size: int, fn_kwargs: dict[str, Any]
    ) -> Any:
        assert (batch_format, batch_size) == ("pyarrow", 1_000)
        return function(self.table, **fn_kwargs)

    def mapInArrow(self, function: Any, schema: Any) -> Any:  # noqa: N802
        return pa.Table.from_batches(function(iter(self.table.to_batches())), schema)


@languages
def test_the_other_engines_of_the_guide(portone: PortOne, language: str) -> None:
    *_, ray, spark = blocks(f"clusters{language}.md")
    portone.sell(2)
    ids = pa.table({"payment_id": ["order1", "order0"]})
    expected = arrow.lookup(ids)
    assert ray["look_up"](Engine(ids)) == expected
    assert spark["look_up"](Engine(ids), arrow.lookup_schema(ids.schema)) == expected
