"""Two documents in, every change out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce

from attrs import define, evolve, field

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
from codegen.diff.facts import Class, Facts, Function, Member, below
from codegen.diff.matching import Matching, Pair, match, match_members

SIDES: tuple[Side, ...] = ("input", "output")


def compare(old: Facts, new: Facts) -> list[Change]:
    """Every change, the worst first."""
    comparison = _Comparison(old, new, match(old, new))
    comparison.run()
    return sorted(comparison.found, key=lambda change: change.order)


@define
class _Scope:
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


@define
class _Comparison:
    old: Facts
    new: Facts
    matching: Matching
    found: list[Change] = field(factory=list[Change])
    moved: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    """Fields of a body that were, or are now, in the query: class and JSON name."""

    def run(self) -> None:
        self._settings()
        for f in self.matching.unmatched_functions(self.old, new=False):
            self._function(Kind.WITHHELD, f, BROKEN, before=f"{f.method} {f.path}", went=_held(f))
        for g in self.matching.unmatched_functions(self.new, new=True):
            self._function(Kind.ADDED, g, FINE, after=f"{g.method} {g.path}", came=_held(g))
            if g.iterator:
                self._iterator(Kind.ADDED, g, g.iterator)
        for f, g in self.matching.reused_functions:
            self._reused_function(f, g)
        for f, g in self.matching.functions:
            self._functions(f, g)
        self._raised()
        self._error_types()
        for a, b in sorted(self.matching.classes.items()):
            self._classes(self.old.classes[a], self.new.classes[b])
        for name in self.matching.reused_classes:
            self._reused_class(name)
        self._unmatched_classes()

    def _settings(self) -> None:
        before, after = self.old.settings, self.new.settings
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                kind = (
                    Kind.ADDED
                    if name not in before
                    else Kind.WITHHELD
                    if name not in after
                    else Kind.CHANGED
                )
                # Generated code names neither, so that only a person can tell what follows.
                outcome = FINE if kind is Kind.ADDED else Outcome(PERHAPS, YES)
                self.found.append(
                    Change(
                        kind=kind, subject=Subject.CLIENT, name=name, json=name, outcome=outcome,
                        before=before.get(name, ""), after=after.get(name, ""),
                    )
                )  # fmt: skip

    # --- functions ---

    def _function(
        self,
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
        self.found.append(
            Change(
                kind=kind, subject=subject, name=name or f.name, json=json or f.id, what=what, before=before,
                after=after, sides=sides, stable=not f.unstable, outcome=outcome, functions=(f.name,),
                new_names=frozenset(came), old_names=frozenset(went),
            )
        )  # fmt: skip

    def _iterator(self, kind: Kind, f: Function, name: str, after: str = "") -> None:
        outcome = FINE if kind is Kind.ADDED else GONE
        before = f.name if kind is Kind.WITHHELD else ""
        name = f"{f.name.rpartition('.')[0]}.{name}"
        self._function(
            kind, f, outcome, before=before, after=after, subject=Subject.ITERATOR, name=name
        )

    def _reused_function(self, f: Function, g: Function) -> None:
        before, after = f"{f.method} {f.path}", f"{g.method} {g.path}"
        renamed = any(pair[0] is f for pair in self.matching.functions)
        # What it was is found under another name, whose row says what that does to the promise.
        outcome = GONE if renamed else BROKEN
        self._function(Kind.REUSED, f, outcome, "", before, after, went=_held(f), came=_held(g))

    def _functions(self, f: Function, g: Function) -> None:
        if f.name != g.name:
            self._function(Kind.RENAMED, f, GONE, "", f.name, g.name)
        elif f.id != g.id:
            self._function(Kind.CHANGED, f, FINE, "operationId", f.id, g.id)
        if f.place != g.place:
            places = [f"{one.method} {one.path}" for one in (f, g)]
            self._function(Kind.CHANGED, f, Outcome(breaks=True), "path", *places)
        if f.unstable != g.unstable:
            words = ["unstable" if one.unstable else "stable" for one in (f, g)]
            kind, outcome = (
                (Kind.CHANGED, Outcome(breaks=True)) if g.unstable else (Kind.ADDED, FINE)
            )
            self._function(kind, f, outcome, "stability", *words)
        if f.deprecated != g.deprecated:
            words = ["deprecated" if one.deprecated else "in use" for one in (f, g)]
            self._function(Kind.CHANGED, f, FINE, "deprecation", *words)
        if f.security != g.security:
            words = [" or ".join(one.security) or "none" for one in (f, g)]
            allowed = f.security and set(f.security) <= set(g.security)
            outcome = FINE if allowed or not g.security else Outcome(PERHAPS, YES, breaks=True)
            self._function(Kind.CHANGED, f, outcome, "authentication", *words)
        if f.statuses != g.statuses:
            words = [", ".join(one.statuses) for one in (f, g)]
            self._function(Kind.CHANGED, f, FINE, "documented statuses", *words)
        self._request(f, g)
        self._result(f, g)
        if f.iterator and not g.iterator:
            self._iterator(Kind.WITHHELD, f, f.iterator)
        elif g.iterator and not f.iterator:
            self._iterator(Kind.ADDED, g, g.iterator)

    def _request(self, f: Function, g: Function) -> None:
        if f.body and g.body:
            if f.body_in_query != g.body_in_query:
                words = ["query" if one.body_in_query else "body" for one in (f, g)]
                self._function(Kind.CHANGED, f, Outcome(breaks=True), "place of the body", *words)
            elif f.body_media != g.body_media:
                words = [f.body_media, g.body_media]
                self._function(Kind.CHANGED, f, BROKEN, "media type of the body", *words)
            if f.body_required != g.body_required:
                words = ["required" if one.body_required else "optional" for one in (f, g)]
                outcome = Outcome(breaks=g.body_required)
                self._function(Kind.CHANGED, f, outcome, "body", *words)
        scope = _Scope(("input",), {"input": not f.unstable}, (f.name,))
        for a, b in self._arguments(f, g):
            self._member(
                a, b, scope, lambda m: (f"{f.name}({m.argument}=)", f"{f.id}.{m.json_name}")
            )

    def _arguments(self, f: Function, g: Function) -> Iterator[Pair]:
        """Path parameters by position, others by name, and fields of a body that came, went or changed places."""
        paths = [[p for p in one.parameters if p.place == "path"] for one in (f, g)]
        rest = [{p.json_name: p for p in one.parameters if p.place == "query"} for one in (f, g)]
        bodies = [
            dict(facts.classes[one.body].members) if one.body else {}
            for one, facts in ((f, self.old), (g, self.new))
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
                self.moved.add((one.body, name))
        if len(paths[0]) == len(paths[1]):
            yield from zip(*paths, strict=True)
        else:
            for members, parameters in zip(rest, paths, strict=True):
                members |= {p.json_name: p for p in parameters}
        yield from match_members(*rest)

    def _result(self, f: Function, g: Function) -> None:
        types = [one.result.type for one in (f, g)]
        renamed = [self.matching.classes.get(name, "") for name in f.result.classes]
        if types[0] == types[1] or (renamed and renamed == list(g.result.classes)):
            if f.media != g.media:
                self._function(
                    Kind.CHANGED, f, Outcome(PERHAPS, YES, breaks=True), "media type", f.media, g.media,
                    sides=("output",),
                )  # fmt: skip
            return
        kind, outcome = Kind.CHANGED, BROKEN
        if types[0] == "None":
            kind, outcome = Kind.ADDED, FINE
        elif f.result.classes and g.result.classes:
            outcome = promise.other_type("output", f.result, g.result, self.old, self.new)
        self._function(
            kind, f, outcome, "result", *types, sides=("output",),
            went=f.result.classes, came=g.result.classes,
        )  # fmt: skip

    def _raised(self) -> None:
        """What functions raise: one row for each error class, with all the functions that it concerns."""
        rows: dict[tuple[str, Kind], list[Function]] = {}
        for f, g in self.matching.functions:
            before = {self.matching.classes.get(name, f"-{name}") for name in f.errors.values()}
            after = set(g.errors.values())
            for name in sorted(after - before):
                rows.setdefault((name, Kind.ADDED), []).append(g)
            for name in sorted(before - after):
                rows.setdefault((name.removeprefix("-"), Kind.WITHHELD), []).append(f)
        for (name, kind), functions in sorted(rows.items(), key=lambda row: row[0][0]):
            added = kind is Kind.ADDED
            known = name in (self.matching.classes.values() if added else self.matching.classes)
            what = "raised" if known else ""
            self.found.append(
                Change(
                    kind=kind, subject=Subject.ERROR, name=f"errors.{name}", json=name, what=what,
                    sides=("output",), stable=not all(f.unstable for f in functions),
                    outcome=FINE if added else ALTERED if known else GONE, functions=tuple(sorted(f.name for f in functions)),
                    new_names=frozenset([name] if added else []),
                    old_names=frozenset([] if added else [name]),
                )
            )  # fmt: skip

    def _error_types(self) -> None:
        """The values of `type` by which an error class is told."""
        before, after = (
            {
                name: {
                    t for f in facts.functions.values() for t, n in f.errors.items() if n == name
                }
                for name in facts.classes
            }
            for facts in (self.old, self.new)
        )
        for a, b in sorted(self.matching.classes.items()):
            if before[a] != after[b]:
                words = [", ".join(sorted(types)) for types in (before[a], after[b])]
                kind = Kind.ADDED if before[a] < after[b] else Kind.CHANGED
                outcome = FINE if kind is Kind.ADDED else Outcome(PERHAPS, YES, alters=True)
                self._class(kind, self.old.classes[a], self._scope(a, b), outcome, "types", *words)

    # --- classes ---

    def _scope(self, a: str, b: str) -> _Scope:
        """Who meets both a class and what it has become."""
        become = {f.id: g.id for f, g in self.matching.functions}
        sides: list[Side] = []
        stable: dict[Side, bool] = {}
        names: set[str] = set()
        for side in SIDES:
            after = self.new.users(b, side)
            shared = [
                self.old.functions[f] for f in self.old.users(a, side) if become.get(f) in after
            ]
            if shared:
                sides.append(side)
                stable[side] = not all(f.unstable for f in shared)
                names |= {f.name for f in shared}
        if not sides:
            # No function has it as it had before, so that nothing here is a promise of its own.
            for side in SIDES:
                if self.old.users(a, side):
                    sides.append(side)
                    stable[side] = False
        return _Scope(tuple(sides), stable, tuple(sorted(names)))

    def _classes(self, a: Class, b: Class) -> None:
        scope = self._scope(a.name, b.name)
        if a.name != b.name and a.shown:
            self._class(Kind.RENAMED, a, scope, GONE, "", _name(a), _name(b))
        if not a.shown:
            return
        if a.status != b.status:
            outcome = Outcome(PERHAPS, YES, alters=True)
            self._class(Kind.CHANGED, a, scope, outcome, "status", str(a.status), str(b.status))
        if a.tag != b.tag:
            outcome = scope.outcome(lambda _: Outcome(breaks=True))
            self._class(Kind.CHANGED, a, scope, outcome, "discriminator", a.tag, b.tag)
        self._keywords(a, b, scope)
        self._values(a, b, scope)
        self._variants(a, b, scope)
        bodies = self.old.bodies(a.name)

        def named(member: Member) -> tuple[str, str]:
            json = f"{a.name}.{member.json_name}"
            if bodies:
                return f"{bodies[0].name}({member.argument}=)", json
            return f"{_name(a)}.{member.name}", json

        members = [
            {name: m for name, m in one.members.items() if (one.name, name) not in self.moved}
            for one in (a, b)
        ]
        for x, y in match_members(*members):
            self._member(x, y, scope, named)
        if a.item and b.item:
            self._member(a.item, b.item, scope, lambda _: (f"{a.name}[...]", f"{a.name}.*"))

    def _class(
        self,
        kind: Kind,
        found: Class,
        scope: _Scope,
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
        self.found.append(
            Change(
                kind=kind, subject=subject or default, name=_name(found), json=found.name, value=value, what=what,
                before=before, after=after, sides=scope.sides, stable=any(scope.stable.values()),
                outcome=outcome, functions=scope.functions, new_names=frozenset(came), old_names=frozenset(went),
            )
        )  # fmt: skip

    def _keywords(self, a: Class, b: Class, scope: _Scope) -> None:
        for key, before, after in _differences(a.keywords, b.keywords):
            outcome = scope.outcome(lambda side: promise.limit(side, key, before, after))  # noqa: B023
            words = promise.shown(before), promise.shown(after)
            self._class(Kind.CHANGED, a, scope, outcome, key, *words)

    def _values(self, a: Class, b: Class, scope: _Scope) -> None:
        for value in sorted(set(b.values) - set(a.values)):
            self._class(
                Kind.ADDED, a, scope, FINE, subject=Subject.VALUE, value=value
            )  # fmt: skip
        for value in sorted(set(a.values) - set(b.values)):
            self._class(
                Kind.WITHHELD, a, scope, scope.outcome(promise.withheld_value), subject=Subject.VALUE, value=value
            )  # fmt: skip

    def _variants(self, a: Class, b: Class, scope: _Scope) -> None:
        gone = {tag: name for tag, name in a.variants.items() if tag not in b.variants}
        come = {tag: name for tag, name in b.variants.items() if tag not in a.variants}
        for tag, name in sorted(a.variants.items()):
            other = b.variants.get(tag, name)
            if self.matching.classes.get(name, "") != other and tag in b.variants:
                outcome = scope.outcome(
                    lambda side: Outcome(
                        runs=GONE.runs,
                        type_checks=GONE.type_checks,
                        breaks=not promise.covers(
                            side, self.old.classes[name], self.new.classes[other], self.old, self.new, set()  # noqa: B023
                        ),
                    )
                )  # fmt: skip
                self._variant(
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
            same = [t for t, n in come.items() if n == self.matching.classes.get(name)]
            if len(same) == 1:
                outcome = scope.outcome(promise.withheld_value)
                self._variant(Kind.RENAMED, a, tag, scope, outcome, "", f'"{tag}"', f'"{same[0]}"')
                del come[same[0]]
            else:
                outcome = scope.outcome(promise.withheld_variant)
                self._variant(Kind.WITHHELD, a, tag, scope, outcome, "", name, went=[name])
        for tag, name in sorted(come.items()):
            self._variant(Kind.ADDED, a, tag, scope, FINE, "", "", name, came=[name])

    def _variant(
        self,
        kind: Kind,
        union: Class,
        tag: str,
        scope: _Scope,
        outcome: Outcome,
        what: str = "",
        before: str = "",
        after: str = "",
        came: Iterable[str] = (),
        went: Iterable[str] = (),
    ) -> None:
        self._class(
            kind, union, scope, outcome, what, before, after, subject=Subject.VARIANT, value=tag,
            came=came, went=went,
        )  # fmt: skip

    def _member(
        self,
        a: Member | None,
        b: Member | None,
        scope: _Scope,
        named: Callable[[Member], tuple[str, str]],
    ) -> None:
        """Compare a field or an argument with what it has become."""
        one = a or b
        if one is None:
            return
        name, json = named(one)
        subject = Subject.ARGUMENT if name.endswith("=)") else Subject.FIELD

        def add(
            kind: Kind,
            judge: Callable[[Side], Outcome],
            what: str = "",
            before: str = "",
            after: str = "",
            came: Iterable[str] = (),
            went: Iterable[str] = (),
        ) -> None:
            self.found.append(
                Change(
                    kind=kind, subject=subject, name=name, json=json, what=what, before=before, after=after,
                    sides=scope.sides, stable=any(scope.stable.values()), outcome=scope.outcome(judge),
                    functions=scope.functions, new_names=frozenset(came), old_names=frozenset(went),
                )
            )  # fmt: skip

        if a is None or b is None:
            if b is not None:
                required = b.required
                add(
                    Kind.ADDED, lambda side: promise.added(side, required=required), "required" if required else "",
                    after=b.type, came=b.classes,
                )  # fmt: skip
            elif a is not None:
                add(Kind.WITHHELD, promise.withheld_field, before=a.type, went=a.classes)
            return
        if a.json_name != b.json_name:
            if a.place == "path":
                # Only the template names it: callers give it by position, or by this name.
                add(Kind.RENAMED, lambda _: Outcome(PERHAPS, PERHAPS), "", a.argument, b.argument)
            else:
                names = (a.name, b.name) if a.name != b.name else (a.json_name, b.json_name)
                same = a.name == b.name
                add(
                    Kind.RENAMED,
                    lambda side: promise.renamed_field(side, same_name=same),
                    "",
                    *names,
                )
        if a.place != b.place:
            add(Kind.CHANGED, lambda _: Outcome(breaks=True), "place", a.place, b.place)
        if a.required != b.required:
            words = ["required" if m.required else "optional" for m in (a, b)]
            required = b.required
            add(
                Kind.CHANGED, lambda side: promise.required_now(side, required=required), "", *words
            )
        if self._same_type(a, b):
            for key, before, after in _differences(a.keywords, b.keywords):
                judge = _limit(key, before, after)
                add(Kind.CHANGED, judge, key, promise.shown(before), promise.shown(after))
        else:
            add(
                Kind.CHANGED, lambda side: promise.other_type(side, a, b, self.old, self.new), "type",
                a.type, b.type, came=b.classes, went=a.classes,
            )  # fmt: skip

    def _same_type(self, a: Member, b: Member) -> bool:
        """Whether the type is the same but for the renaming of a class, which has a row of its own."""
        if a.type == b.type:
            return a.json_type == b.json_type or bool(a.classes)
        renamed = [self.matching.classes.get(name) for name in a.classes]
        return bool(renamed) and renamed == list(b.classes) and a.json_type == b.json_type

    def _reused_class(self, name: str) -> None:
        a, b = self.old.classes[name], self.new.classes[name]
        if not (a.shown and b.shown):
            return
        scope = self._scope(name, name)
        renamed = name in self.matching.classes

        def judge(side: Side) -> Outcome:
            fits = renamed or promise.covers(side, a, b, self.old, self.new, set())
            return GONE if fits else BROKEN

        words = [_content(one) for one in (a, b)]
        self._class(
            Kind.REUSED, a, scope, scope.outcome(judge), "", *words, went=a.held, came=b.held
        )

    def _unmatched_classes(self) -> None:
        """Classes that came or went: with the change that brought or took them, or in a row of their own."""
        matched = self.matching.classes
        reused = set(self.matching.reused_classes)
        gone = {
            n
            for n, c in self.old.classes.items()
            if n not in matched and n not in reused and c.shown
        }
        come = {
            n
            for n, c in self.new.classes.items()
            if n not in matched.values() and n not in reused and c.shown
        }
        # An error class has a row already where functions that stay begin or cease to raise it.
        raised = {c.json for c in self.found if c.subject is Subject.ERROR and not c.what}
        gone -= raised
        come -= raised
        held = [{n: c.held for n, c in facts.classes.items()} for facts in (self.old, self.new)]
        self.found.sort(key=lambda change: change.order)
        for index, change in enumerate(self.found):
            went = below(set(change.old_names), held[0]) & gone
            came = below(set(change.new_names), held[1]) & come
            gone -= went
            come -= came
            if went or came:
                self.found[index] = change.with_classes(went, came)
        for name in sorted(gone):
            self._class(
                Kind.WITHHELD, self.old.classes[name], self._any_scope(self.old, name), GONE
            )
        for name in sorted(come):
            self._class(Kind.ADDED, self.new.classes[name], self._any_scope(self.new, name), FINE)

    def _any_scope(self, facts: Facts, name: str) -> _Scope:
        sides = tuple(side for side in SIDES if facts.users(name, side))
        users = {f for side in sides for f in facts.users(name, side)}
        functions = [facts.functions[f] for f in sorted(users)]
        stable = {
            side: any(not facts.functions[f].unstable for f in facts.users(name, side))
            for side in sides
        }
        return _Scope(sides, stable, tuple(f.name for f in functions))


def _limit(key: str, before: object, after: object) -> Callable[[Side], Outcome]:
    return lambda side: promise.limit(side, key, before, after)


def _held(f: Function) -> set[str]:
    return f.roots("input") | f.roots("output")


def _name(found: Class) -> str:
    return f"errors.{found.name}" if found.kind == "error" else found.name


def _content(found: Class) -> str:
    """A class in a few words: its kind, and what is in it."""
    names = [*found.values, *found.variants, *(m.name for m in found.members.values())]
    more = ", ..." if len(names) > 4 else ""  # noqa: PLR2004
    return f"{found.kind} of {', '.join(names[:4])}{more}"


def _differences(
    old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[tuple[str, object, object]]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)
