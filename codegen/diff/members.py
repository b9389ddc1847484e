"""Fields and arguments: what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from codegen.diff import promise
from codegen.diff.change import NO, PERHAPS, YES, Change, Kind, Outcome, Side, Subject
from codegen.diff.facts import Member
from codegen.diff.work import Scope, Work, differences


def compare_member(
    work: Work,
    a: Member | None,
    b: Member | None,
    scope: Scope,
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
        work.found.append(
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
            add(
                Kind.WITHHELD,
                lambda side: _going(work, json, a, side, promise.withheld_field(side)),
                before=a.type,
                went=a.classes,
            )
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
                lambda side: _going(
                    work, json, a, side, promise.renamed_field(side, same_name=same)
                ),
                "",
                *names,
            )
    if a.place != b.place:
        add(Kind.CHANGED, lambda _: Outcome(breaks=True), "place", a.place, b.place)
    if a.required != b.required:
        words = ["required" if m.required else "optional" for m in (a, b)]
        required = b.required
        add(Kind.CHANGED, lambda side: promise.required_now(side, required=required), "", *words)
    if _same_type(work, a, b):
        for key, before, after in differences(a.keywords, b.keywords):
            judge = promise.limiting(key, before, after, is_argument=subject is Subject.ARGUMENT)
            add(Kind.CHANGED, judge, key, promise.shown(before), promise.shown(after))
    else:
        add(
            Kind.CHANGED, lambda side: promise.other_type(side, a, b, work.old, work.new), "type",
            a.type, b.type, came=b.classes, went=a.classes,
        )  # fmt: skip


def _going(work: Work, json: str, member: Member, side: Side, at_once: Outcome) -> Outcome:
    """What it does that PortOne has a field or argument no more; `at_once`, if the SDK has it no more either."""
    going = work.going(json, at_once)
    # What was always sent may be None now.
    always = going is not at_once and member.required and side == "output"
    return going.worst(Outcome(YES, NO)) if always else going


def _same_type(work: Work, a: Member, b: Member) -> bool:
    """Whether the type is the same but for the renaming of a class, which has a row of its own."""
    if a.type == b.type:
        return a.json_type == b.json_type or bool(a.classes)
    renamed = [work.matching.classes.get(name) for name in a.classes]
    return bool(renamed) and renamed == list(b.classes) and a.json_type == b.json_type
