"""The client without `await`, for programs that are not asynchronous: Django, Flask, Celery, scripts."""

from __future__ import annotations

from portone_async.blocking._client import PortOne, with_response
from portone_async.blocking._pages import Pages, Prefetched

__all__ = ["Pages", "PortOne", "Prefetched", "with_response"]
