"""What a change of one kind does to old code and to PortOne's promise, as an input and as an output."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from codegen.diff.change import (
    ALTERED,
    BROKEN,
    FINE,
    GONE,
    NO,
    PERHAPS,
    YES,
    Outcome,
    Side,
)
from codegen.diff.facts import Class, Facts, Member

PLAIN: Final = frozenset({"bool", "float", "int", "str"})
NULLABLE: Final = " | None"
LOWER: Final = frozenset({"minimum", "minLength", "minItems", "exclusiveMinimum"})
UPPER: Final = frozenset({"maximum", "maxLength", "maxItems", "exclusiveMaximum"})
DEMANDS: Final = LOWER | UPPER | {"pattern", "format", "multipleOf", "uniqueItems"}


def added(side: Side, *, required: bool) -> Outcome:
    """A new field, argument, value or variant."""
    return BROKEN if required and side == "input" else FINE


def withheld_field(side: Side) -> Outcome:  # noqa: ARG001  (the promise is the same for both)
    """A field or argument that the new document lacks."""
    return BROKEN


def withheld_value(side: Side) -> Outcome:
    """An enum value, which stays a string at run time."""
    return Outcome(PERHAPS, NO, breaks=True) if side == "input" else Outcome(YES, NO)


def withheld_variant(side: Side) -> Outcome:
    """A variant of a union: PortOne may send fewer of them, but has to take as many as before."""
    return Outcome(PERHAPS, NO, breaks=True) if side == "input" else Outcome(YES, PERHAPS)


def required_now(side: Side, *, required: bool) -> Outcome:
    """A field that became required, or optional."""
    if side == "input":
        return BROKEN if required else ALTERED
    return ALTERED if required else Outcome(PERHAPS, NO, breaks=True)


def renamed_field(side: Side, *, same_name: bool) -> Outcome:  # noqa: ARG001
    """A field that has another name in JSON: what PortOne took or sent under the old one is gone."""
    return Outcome(breaks=True) if same_name else BROKEN


def limit(side: Side, key: str, before: Any, after: Any) -> Outcome:
    """A keyword that no type shows: against the promise if PortOne takes less than before."""
    if side == "output" or key.rpartition(".")[2] not in DEMANDS or after is None:
        return FINE
    name = key.rpartition(".")[2]
    numbers = isinstance(before, int | float) and isinstance(after, int | float)
    if numbers and ((name in LOWER and after < before) or (name in UPPER and after > before)):
        return FINE
    if (before, after) == ("int32", "int64"):
        return FINE
    return Outcome(PERHAPS, YES, breaks=True)


def read_only(side: Side, *, is_argument: bool, now: bool) -> Outcome:
    """A field that PortOne no longer takes, or takes now: it is no argument where it is `readOnly`."""
    if side == "output":
        return FINE
    if now:
        return BROKEN if is_argument else Outcome(PERHAPS, YES, breaks=True)
    return ALTERED if is_argument else FINE


def limiting(
    key: str, before: object, after: object, *, is_argument: bool = False
) -> Callable[[Side], Outcome]:
    """What the change of a keyword does on a side."""
    if key == "readOnly":
        return lambda side: read_only(side, is_argument=is_argument, now=bool(after))
    if key == "explode":
        # Lists are written in another way, by the SDK and not by its users.
        return lambda _: Outcome(breaks=True)
    return lambda side: limit(side, key, before, after)


def other_type(side: Side, old: Member, new: Member, before: Facts, after: Facts) -> Outcome:
    """A field or argument of another type."""
    if {old.type, new.type} in ({t, t + NULLABLE} for t in (old.type, new.type)):
        return required_now(side, required=not new.type.endswith(NULLABLE))
    kinds = old.json_type, new.json_type
    if kinds == ("integer", "number"):
        return ALTERED if side == "input" else BROKEN
    if kinds == ("number", "integer"):
        return BROKEN if side == "input" else Outcome(YES, PERHAPS)
    if kinds[0] != kinds[1]:
        return BROKEN
    if "object" in kinds[0]:
        return _other_classes(side, old, new, before, after)
    return _other_scalar(side, old, new, before, after)


def _other_scalar(side: Side, old: Member, new: Member, before: Facts, after: Facts) -> Outcome:
    """Texts, dates and enums, which JSON does not tell apart."""
    values = _values(old, before), _values(new, after)
    plain = [re.sub(r"list\[|]", "", member.type) in PLAIN for member in (old, new)]
    # A date is not the text that it is in JSON, and the other way round.
    parsed = any(not (p or v) for p, v in zip(plain, values, strict=True))
    if side == "input":
        narrower = not (plain[1] or (values[0] and values[0] <= values[1]))
        if parsed:
            return Outcome(NO, NO, breaks=narrower)
        return Outcome(PERHAPS, NO, breaks=True) if narrower else ALTERED
    if parsed:
        return GONE
    return ALTERED if values[1] else Outcome(YES, PERHAPS)


def _values(member: Member, facts: Facts) -> set[str]:
    """The values of an enum; none for anything else."""
    return set(facts.classes[member.classes[0]].values) if member.classes else set()


def _other_classes(side: Side, old: Member, new: Member, before: Facts, after: Facts) -> Outcome:
    """Another class in the same place: fine by the promise if it has all that the old one has."""
    if not (old.classes and new.classes):
        # A free-form object on one side: everything fits into it, and nothing is known of what comes out of it.
        narrower = bool(new.classes) if side == "input" else bool(old.classes)
        return Outcome(NO, NO, breaks=narrower)
    pairs = zip(old.classes, new.classes, strict=False)
    fits = all(
        covers(side, before.classes[a], after.classes[b], before, after, set()) for a, b in pairs
    )
    return Outcome(YES if side == "output" and fits else NO, NO, breaks=not fits)


def covers(
    side: Side, old: Class, new: Class, before: Facts, after: Facts, seen: set[tuple[str, str]]
) -> bool:
    """Whether the promise allows `new` where `old` was."""
    if (old.name, new.name) in seen:
        return True
    seen.add((old.name, new.name))
    if old.kind != new.kind:
        return False
    if side == "input" and not (
        set(old.values) <= set(new.values) and old.variants.keys() <= new.variants.keys()
    ):
        return False
    pairs = [
        (old.members.get(n), new.members.get(n)) for n in old.members.keys() | new.members.keys()
    ]
    return all(
        _covers_member(side, a, b, before, after, seen) for a, b in [*pairs, (old.item, new.item)]
    )


def _covers_member(
    side: Side,
    old: Member | None,
    new: Member | None,
    before: Facts,
    after: Facts,
    seen: set[tuple[str, str]],
) -> bool:
    if old is None:
        return new is None or not (new.required and side == "input")
    if new is None:
        return False
    demands = new.required and not old.required, old.required and not new.required
    if old.json_type != new.json_type or demands[side == "output"]:
        return False
    return all(
        covers(side, before.classes[a], after.classes[b], before, after, seen)
        for a, b in zip(old.classes, new.classes, strict=False)
    )


def shown(value: Any) -> str:
    """A keyword's value in a report."""
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)
