"""What differs between a developer's machine and production."""

from __future__ import annotations

from dataclasses import dataclass, field

from portone_async import PortOne


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where things are. Secrets stay out of the repr, and so out of logs."""

    shop_url: str
    """Where a customer's browser finds this shop."""
    window_url: str
    """Where the emulator's payment window is. PortOne's own is opened by its browser SDK: see window.py."""
    database_url: str
    api_url: str
    api_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    staff_password: str = field(repr=False)
    sweep_seconds: float = 15.0
    """How often to look for what was left unfinished."""

    def portone(self) -> PortOne:
        """Make a client. In production: without `base_url`."""
        return PortOne(self.api_secret, base_url=self.api_url)
