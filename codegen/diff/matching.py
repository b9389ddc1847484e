"""Which function, class or field of the old document is which of the new one.

A function is known by its method and path, as its name is only PortOne's word for it; a class by its name, unless that
means something else now, and otherwise by its shape and by where it is used; a field by its name, and otherwise by its
type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import define, field

from codegen.diff.facts import Class, Facts, Function, Member

Pair = tuple[Member | None, Member | None]
ALIKE: Final = 0.5
"""The part of their fields or values that two classes have in common if one is the other renamed."""


@define
class Matching:
    """What belongs together, and what has no counterpart."""

    functions: list[tuple[Function, Function]] = field(factory=list[tuple[Function, Function]])
    reused_functions: list[tuple[Function, Function]] = field(
        factory=list[tuple[Function, Function]]
    )
    """Functions that share nothing but the name."""
    classes: dict[str, str] = field(factory=dict[str, str])
    reused_classes: list[str] = field(factory=list[str])
    """Names that meant another class before."""

    def unmatched_functions(self, facts: Facts, *, new: bool) -> list[Function]:
        """Functions without a counterpart in the other document."""
        pairs = (*self.functions, *self.reused_functions)
        matched = {pair[new].id for pair in pairs}
        return [f for f in facts.functions.values() if f.id not in matched]


def match(old: Facts, new: Facts) -> Matching:
    """Match two documents."""
    matching = Matching()
    _match_functions(old, new, matching)
    _match_classes(old, new, matching)
    return matching


def _match_functions(old: Facts, new: Facts, matching: Matching) -> None:
    at_place = {f.place: f for f in new.functions.values()}
    for f in old.functions.values():
        if f.place in at_place:
            matching.functions.append((f, at_place.pop(f.place)))
    left = {f.id: f for f in at_place.values()}
    moved = {pair[0].id for pair in matching.functions}
    for f in old.functions.values():
        if f.id not in moved and f.id in left:
            same = _same_purpose(f, left[f.id])
            (matching.functions if same else matching.reused_functions).append((f, left[f.id]))
    # The name of a function that is found under another name may stand for another function now.
    for f, g in tuple(matching.functions):
        if f.id != g.id and f.id in new.functions:
            matching.reused_functions.append((f, new.functions[f.id]))


def _same_purpose(old: Function, new: Function) -> bool:
    """Whether a function that has moved is still that function."""
    arguments = [{p.json_name for p in f.parameters} | {f.body} for f in (old, new)]
    return old.result.type == new.result.type or _overlap(*arguments) >= ALIKE


def _match_classes(old: Facts, new: Facts, matching: Matching) -> None:
    both = old.classes.keys() & new.classes.keys()
    reused = {name for name in both if unlike(old.classes[name], new.classes[name])}
    pairs = matching.classes
    pairs.update({name: name for name in sorted(both - reused)})
    free = (
        {name for name in old.classes if name not in pairs},
        {name for name in new.classes if name not in pairs},
    )
    while True:
        found = {
            (likeness(old.classes[a], new.classes[b]), a, b)
            for a, b in _evidence(old, new, matching)
            if a != b and a in free[0] and b in free[1]
        }
        chosen = [one for one in sorted(found, key=lambda f: (-f[0], *f[1:])) if one[0] >= ALIKE]
        if not chosen:
            break
        for _, a, b in chosen:
            if a in free[0] and b in free[1]:
                pairs[a] = b
                free[0].discard(a)
                free[1].discard(b)
    stay = [{pair[i].id for pair in matching.functions} for i in (0, 1)]
    left = [
        {n for n in names if any(facts.users(n, side) & ids for side in ("input", "output"))}
        for facts, names, ids in ((old, free[0], stay[0]), (new, free[1], stay[1]))
    ]
    _match_by_shape(old, new, (left[0], left[1]), pairs)
    matching.reused_classes = sorted(reused)


def _evidence(old: Facts, new: Facts, matching: Matching) -> Iterator[tuple[str, str]]:
    """Pairs of classes that stand in the same place."""
    for f, g in matching.functions:
        if f.body and g.body:
            yield f.body, g.body
        yield from zip(f.result.classes, g.result.classes, strict=False)
        yield from _of_same_key(f.errors, g.errors)
        for p, q in zip(f.parameters, g.parameters, strict=False):
            yield from zip(p.classes, q.classes, strict=False)
    for a, b in tuple(matching.classes.items()):
        x, y = old.classes[a], new.classes[b]
        yield from _of_same_key(x.variants, y.variants)
        if x.item and y.item:
            yield from zip(x.item.classes, y.item.classes, strict=False)
        for key in x.members.keys() & y.members.keys():
            yield from zip(x.members[key].classes, y.members[key].classes, strict=False)


def _of_same_key(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((old[key], new[key]) for key in old.keys() & new.keys())


def _match_by_shape(
    old: Facts, new: Facts, free: tuple[set[str], set[str]], pairs: dict[str, str]
) -> None:
    """Classes that have no place in common, but are equal in all but the name, and are so in one way only.

    Errors are not: most of them hold the same, and it is the name that tells them apart.
    """

    def shapes(facts: Facts, names: Iterable[str]) -> dict[tuple[object, ...], list[str]]:
        result: dict[tuple[object, ...], list[str]] = {}
        for name in sorted(names):
            shape = _shape(facts.classes[name])
            if shape[0] != "error" and len(shape) > 2:  # noqa: PLR2004  (one member is no evidence)
                result.setdefault(shape, []).append(name)
        return result

    before, after = shapes(old, free[0]), shapes(new, free[1])
    for shape in before.keys() & after.keys():
        if len(before[shape]) == len(after[shape]) == 1:
            pairs[before[shape][0]] = after[shape][0]


def _shape(found: Class) -> tuple[object, ...]:
    members = tuple((m.json_name, m.type, m.required) for m in found.members.values())
    return (found.kind, *sorted(members), *sorted(found.values), *sorted(found.variants.items()))


def likeness(old: Class, new: Class) -> float:
    """How much of their fields, values or variants two classes have in common."""
    if old.kind != new.kind:
        return 0.0
    return _overlap(_keys(old), _keys(new)) if _keys(old) or _keys(new) else 1.0


def unlike(old: Class, new: Class) -> bool:
    """Whether two classes of one name have nothing in common."""
    if old.kind != new.kind:
        return True
    keys = _keys(old), _keys(new)
    single = old.kind == "object" and min(map(len, keys)) < 2  # noqa: PLR2004
    return bool(keys[0] and keys[1] and not keys[0] & keys[1] and not single)


def _keys(found: Class) -> set[str]:
    # Every variant of a union has its discriminator, which says nothing.
    fields = {m.json_name for m in found.members.values() if not m.tags}
    return fields | set(found.values) | set(found.variants)


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def match_members(old: Mapping[str, Member], new: Mapping[str, Member]) -> list[Pair]:
    """Fields or arguments: pairs, then what only one document has."""
    pairs: list[Pair] = [(old[name], new[name]) for name in old if name in new]
    gone = [m for name, m in old.items() if name not in new]
    come = [m for name, m in new.items() if name not in old]
    for a in tuple(gone):
        candidates = [b for b in come if _renamed(a, b)]
        rivals = [c for c in gone if any(_renamed(c, b) for b in candidates)]
        if len(candidates) == len(rivals) == 1:
            pairs.append((a, candidates[0]))
            gone.remove(a)
            come.remove(candidates[0])
    return [*pairs, *((a, None) for a in gone), *((None, b) for b in come)]


def _renamed(old: Member, new: Member) -> bool:
    """Whether one field may be the other: of one type, and that a class or the names have a word in common."""
    if old.name == new.name:
        return True
    words = [set(m.name.split("_")) for m in (old, new)]
    same = (old.type, old.place) == (new.type, new.place)
    return same and bool(old.classes or words[0] & words[1])
