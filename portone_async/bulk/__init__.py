"""Many calls at once, in bounded memory: results stream in as they come, errors as values.

```python
async with bulk.lookup(portone.payment.get_payment, ids, concurrency=50) as results:
    async for result in results:
        if result.error is None:
            print(result.argument, result.value)
```

`lookup` is the whole of it. It runs on asyncio and trio, and leaves no task behind however its block is left.
"""

from __future__ import annotations

from portone_async.bulk.lookup import FailOverError, Results, lookup
from portone_async.bulk.progress import Progress
from portone_async.bulk.result import Result

__all__ = ["FailOverError", "Progress", "Result", "Results", "lookup"]
