"""Every exception of this package: those of `portone_async._errors`, and a class per error type of PortOne's."""

from __future__ import annotations

import portone_async._errors as _base
import portone_async.models.errors as _generated
from portone_async._errors import *  # noqa: F403  (its __all__ is the list)
from portone_async.models.errors import *  # noqa: F403  (its __all__ is the list)

__all__: list[str] = []
__all__ += _base.__all__
__all__ += _generated.__all__
