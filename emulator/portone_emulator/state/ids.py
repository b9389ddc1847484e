"""Generated IDs, the same for the same seed."""

from __future__ import annotations

from random import Random
from uuid import UUID


class Ids:
    """Generates IDs. They are predictable, which is fine on loopback."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.restart()

    def restart(self, run: int = 0) -> None:
        """Restart the sequence of a run; a later run on saved state gets other IDs."""
        self.run = run
        suffix = f"/{run}" if run else ""
        self._random = Random(f"{self._seed}/ids{suffix}")  # noqa: S311  (not cryptographic)

    def uuid(self) -> str:
        """Return a version 4 UUID."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def digits(self, count: int) -> str:
        """Return a string of `count` digits."""
        return "".join(self._random.choices("0123456789", k=count))
