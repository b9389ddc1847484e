"""Warnings about what a later version will not have."""

from __future__ import annotations

import warnings


def warn_withheld(function: str, since: str) -> None:
    """Warn whoever calls a generated function that PortOne's document no longer has its operation."""
    warnings.warn(
        f"{function} is deprecated since {since}: PortOne's document no longer has it, and a later version will not either",
        DeprecationWarning,
        stacklevel=3,
    )
