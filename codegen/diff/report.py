"""What the comparison came to, as plain values that every form of the report is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import define, evolve

from codegen.core import version
from codegen.decisions import Decisions
from codegen.diff.change import Answer, Change, Effect, Fate, Kind, Subject
from codegen.diff.compare import compare
from codegen.diff.facts import Facts, load_namespaces, read_facts
from codegen.diff.sources import Source
from codegen.document import CodegenError, Json
from codegen.report import Report as Notes
from codegen.withheld import Taken, take_up

TITLES: Final = {
    Effect.BREAK: "Breaks of the promise",
    Effect.TYPES: "Generated types change",
    Effect.ADDITION: "Additions",
    Effect.NOTE: "Other changes",
}
EXPLANATIONS: Final = {
    Effect.BREAK: "What PortOne promises not to do to stable operations.",
    Effect.TYPES: "Within the promise, yet old code may have to change.",
    Effect.ADDITION: "Old code stays as it is.",
    Effect.NOTE: "Limits, documented statuses and the like, which no generated type shows.",
}
FATES: Final = {
    Fate.KEPT: "withheld: stays for one release, deprecated",
    Fate.REMOVED: "removed: it was released as deprecated",
    Fate.BACK: "back, and no longer deprecated",
}
ANSWERS: Final = {Answer.YES: "yes", Answer.PERHAPS: "perhaps", Answer.NO: "no"}


@define(frozen=True)
class Row:
    """Changes that read as one: a change, or several values of one enum that came or went together."""

    change: Change
    values: tuple[str, ...]

    @property
    def phrase(self) -> str:
        """What happened, in words; names and types are in backticks."""
        return _phrase(self.change, self.values)

    @property
    def runs(self) -> str:
        """Whether old code still runs."""
        return ANSWERS[self.change.outcome.runs]

    @property
    def type_checks(self) -> str:
        """Whether old code still type-checks."""
        return ANSWERS[self.change.outcome.type_checks]

    @property
    def elsewhere(self) -> list[str]:
        """The functions that meet it, unless its own name says so; without `portone` and the namespace."""
        named = self.change.name.startswith("portone.") and len(self.change.functions) == 1
        return [] if named else [name.rpartition(".")[2] for name in self.change.functions]


@define(frozen=True)
class Group:
    """Rows of one kind of place: functions, inputs, outputs."""

    title: str
    rows: tuple[Row, ...]


@define(frozen=True)
class Section:
    """Rows of one effect, stable or unstable."""

    effect: Effect
    stable: bool
    groups: tuple[Group, ...]

    @property
    def title(self) -> str:
        """The heading."""
        return TITLES[self.effect] + ("" if self.stable else ": unstable operations")

    @property
    def explanation(self) -> str:
        """What the heading means."""
        promise = "" if self.stable else " Unstable operations promise nothing."
        return EXPLANATIONS[self.effect] + promise

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of all groups."""
        return tuple(row for group in self.groups for row in group.rows)


@define(frozen=True)
class Report:
    """Two documents, and what changed."""

    old: Source
    new: Source
    changes: Sequence[Change]

    @property
    def status(self) -> int:
        """0: nothing, 1: additions and what no type shows, 2: generated types change, 3: the promise is broken."""
        worst = max((change.effect for change in self.changes), default=None)
        return 0 if worst is None else max(worst, Effect.ADDITION)

    @property
    def verdict(self) -> str:
        """One sentence."""
        breaks = self.count(Effect.BREAK, stable=True)
        if breaks:
            return f"PortOne breaks its promise in {breaks} place{'s' if breaks > 1 else ''}."
        return (
            "Nothing changed for users of the SDK.",
            "PortOne keeps its promise, and old code stays as it is.",
            "PortOne keeps its promise, but generated types change.",
        )[self.status]

    @property
    def totals(self) -> str:
        """How large the documents are."""
        old, new = (
            f"{s.operations} operations with {s.schemas} schemas" for s in (self.old, self.new)
        )
        count = len(self.changes)
        return f"{old} became {new}: {count or 'no'} change{'' if count == 1 else 's'}."

    def count(self, effect: Effect, *, stable: bool) -> int:
        """How many changes there are of one effect."""
        return sum(c.effect is effect and c.stable is stable for c in self.changes)

    @property
    def sections(self) -> list[Section]:
        """The changes by effect, the worst first; stable and unstable ones apart."""
        sections: list[Section] = []
        for effect in reversed(Effect):
            for stable in (True, False):
                chosen = [c for c in self.changes if c.effect is effect and c.stable is stable]
                if chosen:
                    sections.append(Section(effect, stable, tuple(_groups(chosen))))
        return sections


def report_update(
    old: Source,
    new: Source,
    decisions: Decisions,
    namespaces: Mapping[str, Sequence[str]] | None = None,
    notes: Notes | None = None,
) -> tuple[Report, Json]:
    """What it does to users that `new` is taken up after `old`, and the document that the SDK has then."""
    taken = take_up(new.document, old.document, version.__version__, decisions, notes)
    return report_taken(old.label, new.label, taken, decisions, namespaces), taken.document


def report_taken(
    old: str,
    new: str,
    taken: Taken,
    decisions: Decisions,
    namespaces: Mapping[str, Sequence[str]] | None = None,
) -> Report:
    """What a document changes that was taken up; `old` and `new` are what to call the two."""
    sources = Source(old, taken.old), Source(new, taken.new)
    return make_report(*sources, namespaces, decisions, taken.fates)


def make_report(
    old: Source,
    new: Source,
    namespaces: Mapping[str, Sequence[str]] | None = None,
    decisions: Decisions | None = None,
    fates: Mapping[str, Fate] | None = None,
) -> Report:
    """Compare two documents; an error says which of them the generator refuses, and why.

    `namespaces` says where operations live in the client: as `openapi/namespaces.toml` has it if it is not given. `fates`
    says what becomes of what the new document lacks; without them, it goes at once.
    """
    if old.document == new.document:
        return Report(old, new, ())
    namespaces = load_namespaces() if namespaces is None else namespaces
    facts = [_facts(source, namespaces, decisions) for source in (old, new)]
    return Report(old, new, compare(facts[0], facts[1], fates))


def _facts(
    source: Source, namespaces: Mapping[str, Sequence[str]], decisions: Decisions | None
) -> Facts:
    try:
        return read_facts(source.document, namespaces, decisions)
    except CodegenError as error:
        raise CodegenError(*(f"{source.label}: {line}" for line in error.lines)) from None


def _groups(changes: Sequence[Change]) -> Iterable[Group]:
    titles = ("Client and functions", "Inputs", "Outputs", "Inputs and outputs")
    keys = ((), ("input",), ("output",), ("input", "output"))
    for title, key in zip(titles, keys, strict=True):
        rows = _rows([c for c in changes if c.sides == key])
        if rows:
            yield Group(title, tuple(rows))


def _rows(changes: Iterable[Change]) -> list[Row]:
    """One row per change, but one for all values of an enum to which the same happened."""
    rows: list[Row] = []
    together: dict[Change, int] = {}
    for change in changes:
        key = evolve(change, value="")
        if change.subject is Subject.VALUE and key in together:
            index = together[key]
            rows[index] = evolve(rows[index], values=(*rows[index].values, change.value))
        else:
            together[key] = len(rows)
            rows.append(Row(change, (change.value,) if change.value else ()))
    return rows


def code(text: str) -> str:
    """A name, type or value in backticks."""
    quoted = text.replace("`", "'").replace("\n", "\\n")
    return f"`{quoted}`" if text else "nothing"


def _phrase(change: Change, values: tuple[str, ...]) -> str:
    listed = ", ".join(code(f'"{value}"') for value in values)
    before, after = code(change.before), code(change.after)
    match change.subject, change.kind:
        case Subject.VARIANT, _ if change.fate:
            return f"variant {listed} {FATES[change.fate]}"
        case _, Kind.RENAMED if change.fate:
            return f"renamed: {after}; the old name stays for one release, deprecated"
        case _, _ if change.fate:
            return FATES[change.fate] + (f": {change.what}" if change.what else "")
        case Subject.VALUE, kind:
            return f"{kind.value}: {listed}"
        case Subject.VARIANT, Kind.ADDED:
            return f"variant added: {listed}, {after}"
        case Subject.VARIANT, Kind.WITHHELD:
            return f"variant withheld: {listed}, {before}"
        case Subject.VARIANT, Kind.RENAMED:
            return f"the variant that was told by {before} is told by {after}"
        case Subject.VARIANT, _:
            return f"variant {listed} was {before}, is {after}"
        case Subject.ERROR, Kind.ADDED if change.what == "raised":
            return "raised by more functions"
        case Subject.ERROR, Kind.WITHHELD if change.what:
            return "raised by fewer functions"
        case Subject.ARGUMENT | Subject.FIELD, Kind.ADDED:
            return f"added: {after}{', ' + change.what if change.what else ''}"
        case _, Kind.ADDED if change.before:
            return f"{change.what}: was {before}, is {after}"
        case _, Kind.ADDED:
            return f"added: {after}" if change.after else "added"
        case _, Kind.WITHHELD:
            return "withheld"
        case _, Kind.RENAMED:
            return f"renamed: {after}"
        case _, Kind.REUSED:
            return f"the name means something else: was {before}, is {after}"
        case _, _ if change.after in ("required", "optional"):
            return f"{change.what} {change.after} now".lstrip()
        case _:
            what = f"{change.what}: " if change.what else ""
            return f"{what}was {before}, is {after}"
