"""One change between two documents, as a user of the SDK sees it, and what it does to old code.

PortOne promises, for stable operations:

- inputs: no field or enum value is removed, nothing optional becomes required, only optional fields are added;
- outputs: no field is removed, no required field is dropped; fields, enum values and variants may be added.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from enum import Enum, IntEnum
from typing import Literal

from attrs import define, evolve, field


class Kind(Enum):
    """What happened to something."""

    ADDED = "added"
    WITHHELD = "withheld"
    """The new document lacks it. That is not "removed": PortOne hides things and brings them back."""
    RENAMED = "renamed"
    REUSED = "reused"
    """The name stays and means something else now."""
    CHANGED = "changed"


class Fate(Enum):
    """What becomes in the SDK of what PortOne withholds."""

    KEPT = "kept"
    """It stays for one release, deprecated."""
    REMOVED = "removed"
    """It has stayed for a release."""
    BACK = "back"
    """It was withheld, and PortOne has it again."""


class Subject(Enum):
    """What a change is about."""

    CLIENT = "client"
    FUNCTION = "function"
    ITERATOR = "iterator"
    ARGUMENT = "argument"
    CLASS = "class"
    FIELD = "field"
    VALUE = "enum value"
    VARIANT = "variant"
    ERROR = "error class"


class Effect(IntEnum):
    """What a change amounts to, from the least to the worst; the value is the exit status that it leads to."""

    NOTE = 0
    """Nothing that generated code shows: a limit, a documented status."""
    ADDITION = 1
    TYPES = 2
    BREAK = 3


class Answer(IntEnum):
    """Whether old code still runs, or still type-checks, on an SDK that was generated from the new document."""

    YES = 0
    PERHAPS = 1
    NO = 2


Side = Literal["input", "output"]
YES, PERHAPS, NO = Answer


@define(frozen=True)
class Outcome:
    """What a change does where it is met in one place: as an input, or as an output."""

    runs: Answer = YES
    type_checks: Answer = YES
    breaks: bool = False
    """Whether it is against what PortOne promises for stable operations."""
    alters: bool = False
    """Whether a generated type changes although old code is fine."""

    def worst(self, other: Outcome) -> Outcome:
        """Both outcomes in one."""
        return Outcome(
            max(self.runs, other.runs),
            max(self.type_checks, other.type_checks),
            self.breaks or other.breaks,
            self.alters or other.alters,
        )


FINE = Outcome()
ALTERED = Outcome(alters=True)
GONE = Outcome(NO, NO)
BROKEN = Outcome(NO, NO, breaks=True)
KEPT = Outcome(PERHAPS, YES)
"""PortOne may refuse what the SDK still has."""


@define(frozen=True, kw_only=True)
class Change:
    """One row of the report."""

    kind: Kind
    subject: Subject
    name: str
    """As it is written in Python: `portone.payment.get_payment`, `PaidPayment.paid_at`."""
    json: str
    """As PortOne's document calls it: an operationId, `Schema`, or `Schema.field`."""
    value: str = ""
    """The enum value, or the value of the discriminator that a variant has."""
    what: str = ""
    """What changed, if `kind` alone does not say it: `type`, `required`."""
    before: str = ""
    after: str = ""
    sides: tuple[Side, ...] = ()
    stable: bool = True
    """Whether a stable operation meets it."""
    outcome: Outcome = FINE
    functions: tuple[str, ...] = ()
    """The functions whose arguments, results or errors it concerns."""
    fate: Fate | None = None
    """What becomes of it, if it is or was withheld."""
    classes_added: tuple[str, ...] = ()
    classes_withheld: tuple[str, ...] = ()
    """Classes that come or go together with it."""
    new_names: frozenset[str] = field(factory=frozenset[str], repr=False, eq=False)
    old_names: frozenset[str] = field(factory=frozenset[str], repr=False, eq=False)
    """The classes that what came refers to, and those that what went referred to."""

    @property
    def effect(self) -> Effect:
        """What it amounts to."""
        outcome = self.outcome
        if outcome.breaks:
            return Effect.BREAK
        if outcome.alters or outcome.runs or outcome.type_checks:
            return Effect.TYPES
        return Effect.ADDITION if self.kind is Kind.ADDED else Effect.NOTE

    def with_classes(
        self, went: Iterable[str], came: Iterable[str], kept: Container[str] = ()
    ) -> Change:
        """The same change, and the classes that go or come with it; some that go stay for a release."""
        went, came = tuple(sorted(went)), tuple(sorted(came))
        outcome = self.outcome.worst(FINE if all(name in kept for name in went) else GONE)
        return evolve(self, classes_withheld=went, classes_added=came, outcome=outcome)

    @property
    def order(self) -> tuple[int, bool, int, str, str, str, str]:
        """The worst first, then stable before unstable, then by subject and name."""
        subject = list(Subject).index(self.subject)
        return -self.effect, not self.stable, subject, self.name, self.value, self.what, self.after
