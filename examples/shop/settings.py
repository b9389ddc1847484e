"""What differs between a developer's machine and production."""

from __future__ import annotations

from dataclasses import dataclass, field

from portone_async import PortOne


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Addresses, secrets and intervals. Secrets are not in the repr, and so not in logs."""

    shop_url: str
    """The shop's address as customers' browsers see it."""
    window_url: str
    """The address of the emulator's payment window. PortOne's own is opened by its browser SDK: see window.py."""
    database_url: str = field(repr=False)
    """For SQLAlchemy's async engine: `sqlite+aiosqlite:` or `postgresql+asyncpg:`."""
    api_url: str
    api_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    staff_password: str = field(repr=False)
    redis_url: str | None = field(default=None, repr=False)
    """Where handled webhooks are remembered; in the database if there is none."""
    sweep_seconds: float = 15.0
    """How often to look for unfinished work."""
    refresh_seconds: float = 5.0
    """How often an open page reads the database, for changes made by other processes."""

    def portone(self) -> PortOne:
        """Build a client. In production, leave `base_url` out."""
        return PortOne(self.api_secret, base_url=self.api_url)
