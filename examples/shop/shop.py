"""What every part of the shop needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection  # noqa: TC002  (FastAPI reads it)

from portone_async import PortOne

from .database import Sessions
from .live import Changes
from .settings import Settings

CURRENCY: Final = "KRW"


@dataclass(frozen=True)
class Shop:
    """The open shop."""

    settings: Settings
    portone: PortOne
    sessions: Sessions
    changes: Changes = field(default_factory=Changes)


async def _current(connection: HTTPConnection) -> Shop:
    return connection.app.state.shop


OpenShop = Annotated[Shop, Depends(_current)]
"""A handler's parameter."""
