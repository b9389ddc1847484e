"""What the parts of a comparison share: the two documents, what matches what, and the rows so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Final

from attrs import define, evolve, field

from codegen.diff.change import FINE, GONE, KEPT, Change, Fate, Outcome, Side
from codegen.diff.facts import Class, Facts, Function
from codegen.diff.matching import Matching

SIDES: Final[tuple[Side, ...]] = ("input", "output")


@define
class Work:
    """A comparison in progress."""

    old: Facts
    new: Facts
    matching: Matching
    fates: Mapping[str, Fate] = field(factory=dict[str, Fate])
    """What becomes of what PortOne withholds, by its name in the document."""
    found: list[Change] = field(factory=list[Change])
    moved: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    """Fields of a body that were, or are now, in the query: class and JSON name."""

    def going(self, name: str, outcome: Outcome) -> Outcome:
        """What it does to old code that the new document lacks something: `outcome`, if it goes at once."""
        match self.fates.get(name):
            case Fate.KEPT:
                return KEPT
            case Fate.REMOVED:
                return GONE
            case _:
                return outcome


@define
class Scope:
    """Who meets the changes of one class: through which functions, and on which side."""

    sides: tuple[Side, ...]
    stable: Mapping[Side, bool]
    functions: tuple[str, ...]

    def outcome(self, judge: Callable[[Side], Outcome]) -> Outcome:
        """What a change does on all sides together. Where no stable operation meets it, no promise is broken."""
        outcomes = (
            judge(side) if self.stable[side] else evolve(judge(side), breaks=False)
            for side in self.sides
        )
        return reduce(Outcome.worst, outcomes, FINE)


def scope_of(work: Work, a: str, b: str) -> Scope:
    """Who meets both a class and what it has become."""
    become = {f.id: g.id for f, g in work.matching.functions}
    sides: list[Side] = []
    stable: dict[Side, bool] = {}
    names: set[str] = set()
    for side in SIDES:
        after = work.new.users(b, side)
        shared = [work.old.functions[f] for f in work.old.users(a, side) if become.get(f) in after]
        if shared:
            sides.append(side)
            stable[side] = not all(f.unstable for f in shared)
            names |= {f.name for f in shared}
    if not sides:
        # No function has it as it had before, so that nothing here is a promise of its own.
        for side in SIDES:
            if work.old.users(a, side):
                sides.append(side)
                stable[side] = False
    return Scope(tuple(sides), stable, tuple(sorted(names)))


def scope_of_one(facts: Facts, name: str) -> Scope:
    """Who meets a class that only one document has."""
    users: dict[Side, list[Function]] = {
        side: [facts.functions[f] for f in sorted(facts.users(name, side))] for side in SIDES
    }
    sides: tuple[Side, ...] = tuple(side for side in SIDES if users[side])
    stable: dict[Side, bool] = {side: not all(f.unstable for f in users[side]) for side in sides}
    names = {f.name for functions in users.values() for f in functions}
    return Scope(sides, stable, tuple(sorted(names)))


def class_name(found: Class) -> str:
    """A class as it is imported."""
    return f"errors.{found.name}" if found.kind == "error" else found.name


def differences(
    old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[tuple[str, object, object]]:
    """Keywords whose values differ: name, old and new."""
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)
