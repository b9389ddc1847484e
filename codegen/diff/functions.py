"""Functions: which came, went, moved or were renamed, and what became of their arguments, results and errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve

from codegen.diff import promise
from codegen.diff.change import (
    ALTERED,
    BROKEN,
    FINE,
    GONE,
    PERHAPS,
    YES,
    Change,
    Kind,
    Outcome,
    Side,
    Subject,
)
from codegen.diff.facts import UNPLACED, Function
from codegen.diff.matching import Pair, match_members
from codegen.diff.members import compare_member
from codegen.diff.work import Scope, Work


def compare_functions(work: Work) -> None:
    """Add the rows of all functions."""
    for f in work.matching.unmatched_functions(work.old, new=False):
        outcome = work.going(f.id, BROKEN)
        _row(work, Kind.WITHHELD, f, outcome, before=f"{f.method} {f.path}", went=_held(f))
    for g in work.matching.unmatched_functions(work.new, new=True):
        _row(work, Kind.ADDED, g, FINE, after=f"{g.method} {g.path}", came=_held(g))
        if g.iterator:
            _iterator(work, Kind.ADDED, g, g.iterator)
    for f, g in work.matching.reused_functions:
        _reused(work, f, g)
    for f, g in work.matching.functions:
        _pair(work, f, g)
    _raised(work)


def _row(
    work: Work,
    kind: Kind,
    f: Function,
    outcome: Outcome,
    what: str = "",
    before: str = "",
    after: str = "",
    *,
    subject: Subject = Subject.FUNCTION,
    name: str = "",
    json: str = "",
    sides: tuple[Side, ...] = (),
    came: Iterable[str] = (),
    went: Iterable[str] = (),
) -> None:
    """Add a row about a function; an unstable one has no promise to break."""
    if f.unstable:
        outcome = evolve(outcome, breaks=False)
    work.found.append(
        Change(
            kind=kind,
            subject=subject,
            name=name or f.name,
            json=json or f.id,
            what=what,
            before=before,
            after=after,
            sides=sides,
            stable=not f.unstable,
            outcome=outcome,
            functions=(f.name,),
            new_names=frozenset(came),
            old_names=frozenset(went),
        )
    )


def _iterator(work: Work, kind: Kind, f: Function, name: str, after: str = "") -> None:
    outcome = FINE if kind is Kind.ADDED else GONE
    before = f.name if kind is Kind.WITHHELD else ""
    name = f"{f.name.rpartition('.')[0]}.{name}"
    _row(work, kind, f, outcome, before=before, after=after, subject=Subject.ITERATOR, name=name)


def _reused(work: Work, f: Function, g: Function) -> None:
    before, after = f"{f.method} {f.path}", f"{g.method} {g.path}"
    renamed = any(pair[0] is f for pair in work.matching.functions)
    # What it was is found under another name, whose row says what that does to the promise.
    outcome = GONE if renamed else BROKEN
    _row(work, Kind.REUSED, f, outcome, "", before, after, went=_held(f), came=_held(g))


def _pair(work: Work, f: Function, g: Function) -> None:
    if not _same_name(f, g):
        _row(work, Kind.RENAMED, f, GONE, "", f.name, g.name)
    elif f.id != g.id:
        _row(work, Kind.CHANGED, f, FINE, "operationId", f.id, g.id)
    if f.place != g.place:
        places = [f"{one.method} {one.path}" for one in (f, g)]
        _row(work, Kind.CHANGED, f, Outcome(breaks=True), "path", *places)
    if f.unstable != g.unstable:
        words = ["unstable" if one.unstable else "stable" for one in (f, g)]
        kind, outcome = (Kind.CHANGED, Outcome(breaks=True)) if g.unstable else (Kind.ADDED, FINE)
        _row(work, kind, f, outcome, "stability", *words)
    if f.deprecated != g.deprecated:
        words = ["deprecated" if one.deprecated else "in use" for one in (f, g)]
        _row(work, Kind.CHANGED, f, FINE, "deprecation", *words)
    if f.security != g.security:
        words = [" or ".join(one.security) or "none" for one in (f, g)]
        allowed = f.security and set(f.security) <= set(g.security)
        outcome = FINE if allowed or not g.security else Outcome(PERHAPS, YES, breaks=True)
        _row(work, Kind.CHANGED, f, outcome, "authentication", *words)
    if f.statuses != g.statuses:
        words = [", ".join(one.statuses) for one in (f, g)]
        _row(work, Kind.CHANGED, f, FINE, "documented statuses", *words)
    if f.headers != g.headers:
        words = [", ".join(one.headers) or "none" for one in (f, g)]
        _row(work, Kind.CHANGED, f, FINE, "documented headers", *words)
    _request(work, f, g)
    _result(work, f, g)
    if f.iterator and not g.iterator:
        _iterator(work, Kind.WITHHELD, f, f.iterator)
    elif g.iterator and not f.iterator:
        _iterator(work, Kind.ADDED, g, g.iterator)


def _request(work: Work, f: Function, g: Function) -> None:
    if f.body and g.body:
        if f.body_in_query != g.body_in_query:
            words = ["query" if one.body_in_query else "body" for one in (f, g)]
            _row(work, Kind.CHANGED, f, Outcome(breaks=True), "place of the body", *words)
        elif f.body_media != g.body_media:
            words = [f.body_media, g.body_media]
            _row(work, Kind.CHANGED, f, BROKEN, "media type of the body", *words)
        if f.body_required != g.body_required:
            words = ["required" if one.body_required else "optional" for one in (f, g)]
            outcome = Outcome(breaks=g.body_required)
            _row(work, Kind.CHANGED, f, outcome, "body", *words)
    scope = Scope(("input",), {"input": not f.unstable}, (f.name,))
    for a, b in _arguments(work, f, g):
        compare_member(
            work, a, b, scope, lambda m: (f"{f.name}({m.argument}=)", f"{f.id}.{m.json_name}")
        )


def _arguments(work: Work, f: Function, g: Function) -> Iterator[Pair]:
    """Path parameters by position, others by name, and fields of a body that came, went or changed places."""
    paths = [[p for p in one.parameters if p.place == "path"] for one in (f, g)]
    rest = [{p.json_name: p for p in one.parameters if p.place != "path"} for one in (f, g)]
    bodies = [
        dict(facts.classes[one.body].members) if one.body else {}
        for one, facts in ((f, work.old), (g, work.new))
    ]
    for here, there, one in ((0, 1, f), (1, 0, g)):
        if not (f.body and g.body):
            rest[here] |= {
                name: evolve(member, classes=(*member.classes, one.body))
                for name, member in bodies[here].items()
            }
        for name in (
            rest[there].keys() & bodies[here].keys() - bodies[there].keys() - rest[here].keys()
        ):
            rest[here][name] = bodies[here][name]
            work.moved.add((one.body, name))
    if len(paths[0]) == len(paths[1]):
        yield from zip(*paths, strict=True)
    else:
        for members, parameters in zip(rest, paths, strict=True):
            members |= {p.json_name: p for p in parameters}
    yield from match_members(*rest)


def _result(work: Work, f: Function, g: Function) -> None:
    types = [one.result.type for one in (f, g)]
    renamed = [work.matching.classes.get(name, "") for name in f.result.classes]
    same_null = len({kind.endswith(promise.NULLABLE) for kind in types}) == 1
    if types[0] == types[1] or (same_null and renamed and renamed == list(g.result.classes)):
        if f.media != g.media:
            _row(
                work,
                Kind.CHANGED,
                f,
                Outcome(PERHAPS, YES, breaks=True),
                "media type",
                f.media,
                g.media,
                sides=("output",),
            )
        return
    kind, outcome = Kind.CHANGED, BROKEN
    if types[0] == "None":
        kind, outcome = Kind.ADDED, FINE
    elif f.result.classes and g.result.classes:
        outcome = promise.other_type("output", f.result, g.result, work.old, work.new)
    _row(
        work,
        kind,
        f,
        outcome,
        "result",
        *types,
        sides=("output",),
        went=f.result.classes,
        came=g.result.classes,
    )


def _raised(work: Work) -> None:
    """What functions raise: one row for each error class, with all the functions that it concerns."""
    rows: dict[tuple[str, Kind], list[Function]] = {}
    for f, g in work.matching.functions:
        before = {work.matching.classes.get(name, f"-{name}") for name in f.errors.values()}
        after = set(g.errors.values())
        for name in sorted(after - before):
            rows.setdefault((name, Kind.ADDED), []).append(g)
        for name in sorted(before - after):
            rows.setdefault((name.removeprefix("-"), Kind.WITHHELD), []).append(f)
    for (name, kind), functions in sorted(rows.items(), key=lambda row: row[0][0]):
        added = kind is Kind.ADDED
        known = name in (work.matching.classes.values() if added else work.matching.classes)
        what = "raised" if known else ""
        work.found.append(
            Change(
                kind=kind,
                subject=Subject.ERROR,
                name=f"errors.{name}",
                json=name,
                what=what,
                sides=("output",),
                stable=not all(f.unstable for f in functions),
                outcome=FINE if added else ALTERED if known else work.going(name, GONE),
                functions=tuple(sorted(f.name for f in functions)),
                new_names=frozenset([name] if added else []),
                old_names=frozenset([] if added else [name]),
            )
        )


def _same_name(f: Function, g: Function) -> bool:
    """Whether they are called alike; where an operation lives that is in no namespace is not known."""
    names = [one.name.rpartition(".") for one in (f, g)]
    known = all(UNPLACED not in name[0] for name in names)
    return names[0][2] == names[1][2] and (not known or f.name == g.name)


def _held(f: Function) -> set[str]:
    return f.roots("input") | f.roots("output")
