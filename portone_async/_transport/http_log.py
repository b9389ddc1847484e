"""Keeps ids and personal data out of httpx's log.

httpx logs the URL of each request at INFO. PortOne's URLs hold payment ids, and in `requestBody` names and phone
numbers: the log has the path's template in their place. Other requests of the process are logged as ever.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any, Final

_request: ContextVar[tuple[Any, str] | None] = ContextVar("portone_async_request", default=None)


class _TemplateInstead(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        request = _request.get()
        if request is not None and isinstance(record.args, tuple):
            url, template = request
            record.args = tuple(template if arg is url else arg for arg in record.args)
        return True


_FILTER: Final = _TemplateInstead()


def redact_log_of(library: str) -> None:
    """Let the library's logger show templates in place of the URLs given to `logged_as`."""
    logging.getLogger(library).addFilter(_FILTER)


def logged_as(url: Any, template: str) -> None:
    """Have this very URL logged as its template, in the current task."""
    _request.set((url, template))
