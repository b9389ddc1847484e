"""Identifiers, the same for the same seed."""

from __future__ import annotations

from random import Random
from uuid import UUID


class Ids:
    """Makes identifiers. They are not secret: the emulator serves loopback."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.restart()

    def restart(self, run: int = 0) -> None:
        """Begin anew, with the same ids as before: or with others, in a later run on saved state."""
        self.run = run
        suffix = f"/{run}" if run else ""
        self._random = Random(f"{self._seed}/ids{suffix}")  # noqa: S311

    def uuid(self) -> str:
        """Return a UUID of version 4."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def digits(self, count: int) -> str:
        """Return a text of so many digits."""
        return "".join(self._random.choices("0123456789", k=count))
