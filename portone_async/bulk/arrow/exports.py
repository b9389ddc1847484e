"""From a table of stores and periods to a table of payments."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final, Unpack, cast

import pyarrow as pa
from attrs import frozen

from portone_async import PortOne
from portone_async._errors import AuthenticationError, InvalidArgumentError, PaginationError
from portone_async._writing import write
from portone_async.bulk.arrow.rows import (
    Row,
    TableBuilder,
    check_table,
    error_row,
    find_column,
    is_text,
    join,
    payment_row,
    result_schema,
)
from portone_async.bulk.arrow.worker import ClientOptions, get_worker
from portone_async.bulk.lookup import Results
from portone_async.bulk.lookup import lookup as bulk_lookup

_PAGE_SIZE: Final = 1000
"""PortOne's maximum."""


@frozen
class _Period:
    """A row of the input."""

    store_id: str | None
    start: datetime | None
    until: datetime | None


def export(
    periods: pa.Table | pa.RecordBatch,
    *,
    concurrency: int = 4,
    rate: float | None = None,
    max_failures: int | None = None,
    **client: Unpack[ClientOptions],
) -> pa.Table:
    """List the payments that stores have in periods.

    `periods` has the columns `store_id` (a text; null for the client's store), `from` and `until` (timestamps with a
    time zone; PortOne does not say whether `until` itself belongs to the period). The result has a row for each payment,
    in the order of `periods` and then in PortOne's, with the columns of its period and then those of `SCHEMA`, of which
    `store_id` is one.

    A period without payments has no row. One whose list cannot be read to its end has a single row, in which `error` and
    the columns after it say why.

    Args:
        periods: A table or record batch. The payments of all its periods are in memory: about 4 kB per payment.
        concurrency: How many periods of this call are listed at once.
        rate: How many pages of 1,000 payments this process requests per second at most, in all its threads together.
        max_failures: Raise `TooManyFailuresError` after this many periods have failed, and return nothing.
        client: Options of the client, such as `base_url`: see `ClientOptions`.

    Raises:
        InvalidArgumentError: An argument is not valid, or there is no secret. Nothing was sent.
        AuthenticationError: PortOne refused the secret.
        TooManyFailuresError: `max_failures` was reached.
        RuntimeError: An event loop runs in this thread. Nothing was sent.
    """
    return _export(periods, concurrency, rate, max_failures, client)


def export_batches(
    batches: Iterable[pa.RecordBatch],
    *,
    concurrency: int = 4,
    rate: float | None = None,
    max_failures: int | None = None,
    **client: Unpack[ClientOptions],
) -> Iterator[pa.RecordBatch]:
    """List the payments of one period after another, as `mapInArrow` of Spark wants it.

    The arguments are those of `export`. Only the payments of `concurrency` periods are in memory.
    """
    for batch in batches:
        for start in range(0, batch.num_rows, concurrency):
            some = batch.slice(start, concurrency)
            yield from _export(some, concurrency, rate, max_failures, client).to_batches()


def export_schema(periods: pa.Schema) -> pa.Schema:
    """Return the schema that the result of `export` has, for engines that want to know it before.

    Args:
        periods: The schema of the table of periods.

    Raises:
        InvalidArgumentError: A column is missing or has another type, or another one is in `SCHEMA` too.
    """
    if not is_text(find_column(periods, "store_id").type):
        raise InvalidArgumentError("column 'store_id' takes texts")
    for name in ("from", "until"):
        data_type = find_column(periods, name).type
        if not pa.types.is_timestamp(data_type) or data_type.tz is None:
            raise InvalidArgumentError(
                f"column {name!r} takes timestamps with a time zone, not {data_type}: a day ends at another moment "
                "in Seoul than in London"
            )
    return result_schema(periods, replaced="store_id")


def _export(
    periods: pa.Table | pa.RecordBatch,
    concurrency: int,
    rate: float | None,
    max_failures: int | None,
    client: ClientOptions,
) -> pa.Table:
    # First: if there is a secret in the options, no other error may show it.
    worker = get_worker(client)
    table = check_table(periods, "periods")
    schema = export_schema(table.schema)
    columns = (table.column(name).to_pylist() for name in ("store_id", "from", "until"))
    start = partial(
        bulk_lookup,
        partial(_list, worker.client, worker.limiter(rate)),
        [_Period(*values) for values in zip(*columns, strict=True)],
        concurrency=concurrency,
        ordered=True,
        max_failures=max_failures,
    )
    payments, indexes = worker.run(_collect(start))
    return join(table.take(pa.array(indexes, pa.int64())), payments, schema)


async def _list(client: PortOne, wait: Callable[[], Awaitable[None]], period: _Period) -> list[Row]:
    if period.start is None or period.until is None:
        raise InvalidArgumentError("the period has no start or no end")
    pages = client.payment.iter_all_payments_by_cursor(
        from_=period.start, until=period.until, size=_PAGE_SIZE, store_id=period.store_id
    )
    rows = list[Row]()
    while True:
        await wait()
        page = await pages.next_page()
        if page is None:
            return rows
        for item in page.items:
            payment: Any = write(item).get("payment")
            if not isinstance(payment, dict):
                raise PaginationError("an item of the list has no payment")
            rows.append(payment_row(cast("dict[str, Any]", payment)))


async def _collect(
    start: Callable[[], Results[_Period, list[Row]]],
) -> tuple[pa.Table, list[int]]:
    """Return the payments of all periods, and the index of the period of each."""
    table, indexes = TableBuilder(), list[int]()
    async with start() as results:
        async for result in results:
            if isinstance(result.error, AuthenticationError):
                raise result.error
            if result.error is None:
                rows = result.value
            else:
                rows = [error_row(result.error) | {"store_id": result.argument.store_id}]
            for row in rows:
                table.add(row)
            indexes += [result.index] * len(rows)
    return table.build(), indexes
