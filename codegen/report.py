"""What a run found: facts that the SDK does not use, and everything that it refuses, each with its place."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from attrs import define, field

from codegen.document import CodegenError

_SHOWN: Final = 5
"""How many places are listed."""


@define
class Report:
    """Collects notes and refusals of all steps, so that one run names everything."""

    notes: dict[str, list[str]] = field(factory=dict[str, list[str]])
    """What was noted, and where."""
    refusals: list[str] = field(factory=list[str])

    def note(self, what: str, where: str) -> None:
        """Say that something is not used as the document has it."""
        places = self.notes.setdefault(what, [])
        if where not in places:
            places.append(where)

    @contextmanager
    def collecting(self) -> Generator[None]:
        """Keep an error of the block for the end of the run, so that the next part is looked at too."""
        try:
            yield
        except CodegenError as error:
            self.refusals += error.lines

    def raise_refusals(self) -> None:
        """Raise one error that names everything that was refused, if anything was."""
        if self.refusals:
            raise CodegenError(*dict.fromkeys(self.refusals))

    def lines(self) -> list[str]:
        """The notes as text, one line for each."""
        return [f"{what}: {listed(places)}" for what, places in sorted(self.notes.items())]


def listed(places: Sequence[str]) -> str:
    """The first of some places, and how many more there are."""
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more
