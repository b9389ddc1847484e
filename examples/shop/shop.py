"""What every part of the shop needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection  # noqa: TC002  (FastAPI reads it)

from portone_async import PortOne

from .clock import Clock, now
from .database import Sessions
from .events import ChangeNotifier
from .settings import Settings

CURRENCY: Final = "KRW"


@dataclass(frozen=True)
class Shop:
    """The running shop."""

    settings: Settings
    portone: PortOne
    sessions: Sessions
    clock: Clock = now
    changes: ChangeNotifier = field(default_factory=ChangeNotifier)


async def _current(connection: HTTPConnection) -> Shop:
    return connection.app.state.shop


CurrentShop = Annotated[Shop, Depends(_current)]
"""A handler's parameter: the running shop."""
