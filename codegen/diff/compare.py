"""Two documents in, every change out."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from codegen.diff.change import FINE, PERHAPS, YES, Change, Fate, Kind, Outcome, Subject
from codegen.diff.classes import compare_classes, fold_classes
from codegen.diff.facts import Facts
from codegen.diff.functions import compare_functions
from codegen.diff.matching import match
from codegen.diff.work import Work


def compare(old: Facts, new: Facts, fates: Mapping[str, Fate] | None = None) -> list[Change]:
    """Every change, the worst first; `fates` says what becomes of what PortOne withholds."""
    work = Work(old, new, match(old, new), fates or {})
    _settings(work)
    compare_functions(work)
    compare_classes(work)
    fold_classes(work)
    return sorted((_with_fate(work, change) for change in work.found), key=lambda c: c.order)


def _with_fate(work: Work, change: Change) -> Change:
    name = change.json
    if change.subject is Subject.VARIANT:
        name = change.after if change.kind is Kind.ADDED else change.before
    fate = work.fates.get(name) if change.subject is not Subject.VALUE else None
    renamed = change.kind is Kind.RENAMED and change.subject in (Subject.ARGUMENT, Subject.FIELD)
    told = change.kind is (Kind.ADDED if fate is Fate.BACK else Kind.WITHHELD) or (
        renamed and fate is Fate.KEPT
    )
    return evolve(change, fate=fate) if told else change


def _settings(work: Work) -> None:
    before, after = work.old.settings, work.new.settings
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
            work.found.append(
                Change(
                    kind=kind, subject=Subject.CLIENT, name=name, json=name, outcome=outcome,
                    before=before.get(name, ""), after=after.get(name, ""),
                )
            )  # fmt: skip
