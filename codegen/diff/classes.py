"""Classes: which were renamed or mean something else, and what became of their fields, values and variants."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from codegen.diff import promise
from codegen.diff.change import (
    BROKEN,
    FINE,
    GONE,
    PERHAPS,
    YES,
    Change,
    Fate,
    Kind,
    Outcome,
    Side,
    Subject,
)
from codegen.diff.facts import Class, Member, below
from codegen.diff.matching import match_members
from codegen.diff.members import compare_member
from codegen.diff.work import Scope, Work, class_name, differences, scope_of, scope_of_one


def compare_classes(work: Work) -> None:
    """Add the rows of all classes that both documents have, under whatever name."""
    _error_types(work)
    for a, b in sorted(work.matching.classes.items()):
        _pair(work, work.old.classes[a], work.new.classes[b])
    for name in work.matching.reused_classes:
        _reused(work, name)


def _error_types(work: Work) -> None:
    """The values of `type` by which an error class is told."""
    before, after = work.old.error_types, work.new.error_types
    for a, b in sorted(work.matching.classes.items()):
        types = before.get(a, set()), after.get(b, set())
        if types[0] != types[1]:
            words = [", ".join(sorted(each)) for each in types]
            kind = Kind.ADDED if types[0] < types[1] else Kind.CHANGED
            outcome = FINE if kind is Kind.ADDED else Outcome(PERHAPS, YES, alters=True)
            _row(work, kind, work.old.classes[a], scope_of(work, a, b), outcome, "types", *words)


def _pair(work: Work, a: Class, b: Class) -> None:
    if a == b and not work.moved:
        return
    scope = scope_of(work, a.name, b.name)
    if a.name != b.name and a.shown:
        _row(work, Kind.RENAMED, a, scope, GONE, "", class_name(a), class_name(b))
    if not a.shown:
        return
    if a.status != b.status:
        outcome = Outcome(PERHAPS, YES, alters=True)
        _row(work, Kind.CHANGED, a, scope, outcome, "status", str(a.status), str(b.status))
    if a.tag != b.tag:
        outcome = scope.outcome(lambda _: Outcome(breaks=True))
        _row(work, Kind.CHANGED, a, scope, outcome, "discriminator", a.tag, b.tag)
    _keywords(work, a, b, scope)
    _values(work, a, b, scope)
    _variants(work, a, b, scope)
    bodies = work.old.bodies(a.name)

    def named(member: Member) -> tuple[str, str]:
        json = f"{a.name}.{member.json_name}"
        if bodies:
            return f"{bodies[0].name}({member.argument}=)", json
        return f"{class_name(a)}.{member.name}", json

    members = [
        {name: m for name, m in one.members.items() if (one.name, name) not in work.moved}
        for one in (a, b)
    ]
    for x, y in match_members(*members):
        compare_member(work, x, y, scope, named)
    if a.item or b.item:
        name = a.name if a.kind == "alias" else f"{a.name}[...]"
        compare_member(work, a.item, b.item, scope, lambda _: (name, f"{a.name}.*"))


def _row(
    work: Work,
    kind: Kind,
    found: Class,
    scope: Scope,
    outcome: Outcome,
    what: str = "",
    before: str = "",
    after: str = "",
    *,
    subject: Subject | None = None,
    value: str = "",
    came: Iterable[str] = (),
    went: Iterable[str] = (),
) -> None:
    """Add a row about a class, or a part of it."""
    default = Subject.ERROR if found.kind == "error" else Subject.CLASS
    work.found.append(
        Change(
            kind=kind,
            subject=subject or default,
            name=class_name(found),
            json=found.name,
            value=value,
            what=what,
            before=before,
            after=after,
            sides=scope.sides,
            stable=any(scope.stable.values()),
            outcome=outcome,
            functions=scope.functions,
            new_names=frozenset(came),
            old_names=frozenset(went),
        )
    )


def _keywords(work: Work, a: Class, b: Class, scope: Scope) -> None:
    for key, before, after in differences(a.keywords, b.keywords):
        outcome = scope.outcome(promise.limiting(key, before, after))
        words = promise.shown(before), promise.shown(after)
        _row(work, Kind.CHANGED, a, scope, outcome, key, *words)


def _values(work: Work, a: Class, b: Class, scope: Scope) -> None:
    for value in sorted(set(b.values) - set(a.values)):
        _row(work, Kind.ADDED, a, scope, FINE, subject=Subject.VALUE, value=value)
    for value in sorted(set(a.values) - set(b.values)):
        _row(
            work,
            Kind.WITHHELD,
            a,
            scope,
            scope.outcome(promise.withheld_value),
            subject=Subject.VALUE,
            value=value,
        )


def _variants(work: Work, a: Class, b: Class, scope: Scope) -> None:
    gone = {tag: name for tag, name in a.variants.items() if tag not in b.variants}
    come = {tag: name for tag, name in b.variants.items() if tag not in a.variants}
    for tag, name in sorted(a.variants.items()):
        other = b.variants.get(tag, name)
        if work.matching.classes.get(name, "") != other and tag in b.variants:
            outcome = scope.outcome(
                _replaced(work, work.old.classes[name], work.new.classes[other])
            )
            _variant(
                work,
                Kind.CHANGED,
                a,
                tag,
                scope,
                outcome,
                "class",
                name,
                other,
                came=[other],
                went=[name],
            )
    for tag, name in sorted(gone.items()):
        same = [t for t, n in come.items() if n == work.matching.classes.get(name)]
        if len(same) == 1:
            outcome = scope.outcome(promise.withheld_value)
            _variant(work, Kind.RENAMED, a, tag, scope, outcome, "", f'"{tag}"', f'"{same[0]}"')
            del come[same[0]]
        else:
            outcome = scope.outcome(
                lambda side, name=name: work.going(name, promise.withheld_variant(side))
            )
            _variant(work, Kind.WITHHELD, a, tag, scope, outcome, "", name, went=[name])
    for tag, name in sorted(come.items()):
        _variant(work, Kind.ADDED, a, tag, scope, FINE, "", "", name, came=[name])


def _variant(
    work: Work,
    kind: Kind,
    union: Class,
    tag: str,
    scope: Scope,
    outcome: Outcome,
    what: str = "",
    before: str = "",
    after: str = "",
    came: Iterable[str] = (),
    went: Iterable[str] = (),
) -> None:
    _row(
        work,
        kind,
        union,
        scope,
        outcome,
        what,
        before,
        after,
        subject=Subject.VARIANT,
        value=tag,
        came=came,
        went=went,
    )


def _reused(work: Work, name: str) -> None:
    a, b = work.old.classes[name], work.new.classes[name]
    if not (a.shown and b.shown):
        return
    scope = scope_of(work, name, name)
    # What it was is found under another name, whose row says what that does to the promise.
    renamed = name in work.matching.classes
    outcome = GONE if renamed else scope.outcome(_replaced(work, a, b))
    words = [_content(one) for one in (a, b)]
    _row(work, Kind.REUSED, a, scope, outcome, "", *words, went=a.held, came=b.held)


def fold_classes(work: Work) -> None:
    """Classes that came or went: with the change that brought or took them, or in a row of their own."""
    matched = work.matching.classes
    reused = set(work.matching.reused_classes)
    gone = {
        n for n, c in work.old.classes.items() if n not in matched and n not in reused and c.shown
    }
    come = {
        n
        for n, c in work.new.classes.items()
        if n not in matched.values() and n not in reused and c.shown
    }
    # An error class has a row already where functions that stay begin or cease to raise it.
    raised = {c.json for c in work.found if c.subject is Subject.ERROR and not c.what}
    gone -= raised
    come -= raised
    held = [{n: c.held for n, c in facts.classes.items()} for facts in (work.old, work.new)]
    work.found.sort(key=lambda change: change.order)
    for index, change in enumerate(work.found):
        went = below(set(change.old_names), held[0]) & gone
        came = below(set(change.new_names), held[1]) & come
        gone -= went
        come -= came
        if went or came:
            kept = {name for name in went if work.fates.get(name) is Fate.KEPT}
            work.found[index] = change.with_classes(went, came, kept)
    for name in sorted(gone):
        outcome = work.going(name, GONE)
        _row(work, Kind.WITHHELD, work.old.classes[name], scope_of_one(work.old, name), outcome)
    for name in sorted(come):
        _row(work, Kind.ADDED, work.new.classes[name], scope_of_one(work.new, name), FINE)


def _replaced(work: Work, old: Class, new: Class) -> Callable[[Side], Outcome]:
    """What it does that another class stands in the place of one."""
    return lambda side: (
        GONE if promise.covers(side, old, new, work.old, work.new, set()) else BROKEN
    )


def _content(found: Class) -> str:
    """A class in a few words: its kind, and what is in it."""
    names = [*found.values, *found.variants, *(m.name for m in found.members.values())]
    more = ", ..." if len(names) > 4 else ""  # noqa: PLR2004
    return f"{found.kind} of {', '.join(names[:4])}{more}"
