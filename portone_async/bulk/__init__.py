"""Run one operation for many arguments: concurrently, in bounded memory, with errors as values.

```python
async with bulk.lookup(portone.payment.get_payment, ids, concurrency=50) as results:
    async for result in results:
        if result.error is None:
            print(result.argument, result.value)
```

`lookup` runs on asyncio and trio. However its block is left, no task is left running.
"""

from __future__ import annotations

from portone_async.bulk.lookup import Results, TooManyFailuresError, lookup
from portone_async.bulk.progress import Progress
from portone_async.bulk.result import Result

__all__ = ["Progress", "Result", "Results", "TooManyFailuresError", "lookup"]
