"""The hand-written modules of the SDK that the generator shares.

They are imported without `portone_async/__init__.py`, which imports generated code: that may be missing, or broken by
a merge, on the day the generator is run to write it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final

from codegen.document import ROOT

_PACKAGE: Final = "portone_async"


def _load(*names: str) -> list[ModuleType]:
    if _PACKAGE in sys.modules:
        return [importlib.import_module(f"{_PACKAGE}.{name}") for name in names]
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(ROOT / _PACKAGE)]
    sys.modules[_PACKAGE] = package
    try:
        return [importlib.import_module(f"{_PACKAGE}.{name}") for name in names]
    finally:
        # Whoever imports the SDK afterwards gets the whole of it.
        for name in [n for n in sys.modules if n.partition(".")[0] == _PACKAGE]:
            del sys.modules[name]


if TYPE_CHECKING:
    from portone_async import _errors as errors
    from portone_async import _files as files
    from portone_async import _origin as origin
    from portone_async import _version as version
else:
    errors, files, origin, version = _load("_errors", "_files", "_origin", "_version")

__all__ = ["errors", "files", "origin", "version"]
