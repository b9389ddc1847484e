"""From a table of payment ids to a table of payments."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Unpack

import pyarrow as pa  # noqa: TC002  (engines look at the annotations)

from portone_async import PortOne, with_response
from portone_async._errors import AuthenticationError, InvalidArgumentError
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


def lookup(
    ids: pa.Table | pa.RecordBatch,
    *,
    column: str = "payment_id",
    concurrency: int = 50,
    rate: float | None = None,
    max_failures: int | None = None,
    **client: Unpack[ClientOptions],
) -> pa.Table:
    """Look up payments by their ids.

    The result has a row for each row of `ids`, in its order, with its columns and then those of `SCHEMA`. An id that
    stands there twice is looked up twice. An id that fails, a null among them, is a row in which `error` and the
    columns after it say why, and the others are null.

    Args:
        ids: A table or record batch. All of it and its payments are in memory: about 4 kB per payment.
        column: The column with the ids, which are texts. It may be `id`, of which the result has one then.
        concurrency: How many lookups of this call run at once. At most `max_connections` of the client do in a process.
        rate: How many lookups this process starts per second at most, evenly spaced, in all its threads together. With
            16 processes, 20 a second in all are `rate=20 / 16`. Retries are not counted.
        max_failures: Raise `TooManyFailuresError` after this many have failed, and return nothing.
        client: Options of the client, such as `store_id`: see `ClientOptions`.

    Raises:
        InvalidArgumentError: An argument is not valid, or there is no secret. Nothing was sent.
        AuthenticationError: PortOne refused the secret.
        TooManyFailuresError: `max_failures` was reached.
        RuntimeError: An event loop runs in this thread. Nothing was sent.
    """
    return _lookup(ids, column, concurrency, rate, max_failures, client)


def lookup_batches(
    batches: Iterable[pa.RecordBatch],
    *,
    column: str = "payment_id",
    concurrency: int = 50,
    rate: float | None = None,
    max_failures: int | None = None,
    **client: Unpack[ClientOptions],
) -> Iterator[pa.RecordBatch]:
    """Look up the payments of one record batch after another, as `mapInArrow` of Spark wants it.

    `frame.mapInArrow(partial(lookup_batches, rate=20), schema)`. The arguments are those of `lookup`.
    """
    for batch in batches:
        yield from _lookup(batch, column, concurrency, rate, max_failures, client).to_batches()


def lookup_schema(ids: pa.Schema, *, column: str = "payment_id") -> pa.Schema:
    """Return the schema that the result of `lookup` has, for engines that want to know it before.

    Args:
        ids: The schema of the table of ids.
        column: The column with the ids.

    Raises:
        InvalidArgumentError: There is no such column of texts, or another one is in `SCHEMA` too.
    """
    data_type = find_column(ids, column).type
    if not is_text(data_type):
        raise InvalidArgumentError(f"column {column!r} takes ids, which are texts, not {data_type}")
    return result_schema(ids, replaced="id" if column == "id" else "")


def _lookup(
    ids: pa.Table | pa.RecordBatch,
    column: str,
    concurrency: int,
    rate: float | None,
    max_failures: int | None,
    client: ClientOptions,
) -> pa.Table:
    # First: if there is a secret in the options, no other error may show it.
    worker = get_worker(client)
    table = check_table(ids, "ids")
    schema = lookup_schema(table.schema, column=column)
    start = partial(
        bulk_lookup,
        partial(_get, worker.client, worker.limiter(rate)),
        table.column(column).to_pylist(),
        concurrency=concurrency,
        ordered=True,
        max_failures=max_failures,
    )
    return join(table, worker.run(_collect(start)), schema)


async def _get(client: PortOne, wait: Callable[[], Awaitable[None]], payment_id: str | None) -> Row:
    if payment_id is None:
        raise InvalidArgumentError("the id is null")
    await wait()
    response = (await with_response(client.payment.get_payment, payment_id)).response
    payment = response.json()
    if not isinstance(payment, dict):
        raise response.unreadable("is not an object")
    return payment_row(payment)


async def _collect(start: Callable[[], Results[str | None, Row]]) -> pa.Table:
    table = TableBuilder()
    async with start() as results:
        async for result in results:
            if isinstance(result.error, AuthenticationError):
                raise result.error
            row = result.value if result.error is None else error_row(result.error)
            table.add(row | {"id": result.argument})
    return table.build()
