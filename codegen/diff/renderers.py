"""The report as Markdown, as JSON, as one HTML page, and as a draft of the changelog."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from codegen.diff.change import Change, Effect, Fate, Kind, Subject
from codegen.diff.report import ANSWERS, TITLES, Report, Row, code
from codegen.diff.sources import Source

FORMAT: Final = 1
"""The version of the JSON's form."""


def markdown(report: Report) -> str:
    """For a pull request."""
    return _template("report.md.jinja").render(report=report, effects=_effects(report))


def page(report: Report) -> str:
    """One page that needs nothing else."""
    return _template("report.html.jinja").render(report=report, effects=_effects(report))


def as_json(report: Report) -> str:
    """For programs."""
    facts = {
        "format": FORMAT,
        "status": report.status,
        "verdict": report.verdict,
        "old": _source(report.old),
        "new": _source(report.new),
        "changes": [_change(change) for change in report.changes],
    }
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def changelog(report: Report) -> str:
    """A draft: what a user reads in a changelog, in its order."""
    rows = [row for section in report.sections for row in section.rows]
    headings = {
        "Deprecated, as PortOne's document no longer has it": [
            r for r in rows if r.change.fate is Fate.KEPT
        ],
        "Removed": [
            r for r in rows if r.change.kind is Kind.WITHHELD and r.change.fate is not Fate.KEPT
        ],
        "Renamed": [r for r in rows if r.change.kind is Kind.RENAMED],
        "Changed": [
            r
            for r in rows
            if r.change.kind in (Kind.CHANGED, Kind.REUSED) and r.change.effect is not Effect.NOTE
        ],
        "Added": [r for r in rows if r.change.kind is Kind.ADDED],
    }
    sections = {heading: list(_entries(chosen)) for heading, chosen in headings.items() if chosen}
    return _template("changelog.md.jinja").render(report=report, sections=sections)


def _entries(rows: Iterable[Row]) -> Iterable[str]:
    """A line per change; what came to, or went from, one class in one line."""
    members: dict[tuple[str, Kind], list[str]] = {}
    lines: dict[tuple[str, Kind], str] = {}
    for row in rows:
        change = row.change
        owner, _, name = change.name.rpartition("(" if change.subject is Subject.ARGUMENT else ".")
        mark = "" if change.stable else " (unstable)"
        broken = " (breaks PortOne's promise)" if change.effect is Effect.BREAK else ""
        together = (
            change.kind in (Kind.ADDED, Kind.WITHHELD) and owner and change.fate is not Fate.BACK
        )
        if together and change.subject in (Subject.ARGUMENT, Subject.FIELD):
            key = f"{owner}{mark}{broken}", change.kind
            members.setdefault(key, []).append(code(name.rstrip(")").rstrip("=")))
            word = "argument" if change.subject is Subject.ARGUMENT else "field"
            plural = "s" if len(members[key]) > 1 else ""
            lines[key] = f"{code(owner)}: {word}{plural} {', '.join(members[key])}{mark}{broken}"
        else:
            key = f"{change.name}{change.value}{change.what}{mark}{broken}", change.kind
            lines[key] = f"{code(change.name)}{_entry(row)}{mark}{broken}"
    return lines.values()


def _entry(row: Row) -> str:
    """What a line says after the name; its heading has said the verb."""
    change = row.change
    if change.subject is Subject.VALUE:
        return ": " + ", ".join(code(f'"{value}"') for value in row.values)
    if change.kind is Kind.RENAMED and change.subject is not Subject.VARIANT:
        return f" is {code(change.after)} now"
    told = change.subject is Subject.FUNCTION and change.kind is Kind.ADDED and not change.what
    if change.fate in (Fate.KEPT, Fate.REMOVED):
        return f": variant `{change.before}`" if change.subject is Subject.VARIANT else ""
    if change.fate is Fate.BACK:
        return f": {row.phrase}"
    return "" if told or row.phrase in ("added", "withheld") else f": {row.phrase}"


def _effects(report: Report) -> list[tuple[str, str, int, int]]:
    """Each effect: its name, its title, and how many stable and unstable changes it has."""
    return [
        (e.name.lower(), TITLES[e], report.count(e, stable=True), report.count(e, stable=False))
        for e in reversed(Effect)
    ]


def _source(source: Source) -> dict[str, object]:
    return {
        "source": source.label,
        "facts_sha256": source.digest,
        "operations": source.operations,
        "schemas": source.schemas,
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "subject": change.subject.value,
        "name": change.name,
        "json": change.json,
        "value": change.value or None,
        "what": change.what or None,
        "before": change.before or None,
        "after": change.after or None,
        "sides": list(change.sides),
        "stable": change.stable,
        "effect": change.effect.name.lower(),
        "breaks_promise": change.outcome.breaks,
        "old_code_runs": ANSWERS[change.outcome.runs],
        "old_code_type_checks": ANSWERS[change.outcome.type_checks],
        "functions": list(change.functions),
        "classes_added": list(change.classes_added),
        "fate": change.fate.value if change.fate else None,
        "classes_withheld": list(change.classes_withheld),
    }


# --- templates ---


def _template(name: str):  # noqa: ANN202  (Jinja's templates have no public type of use here)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "code": code,
        "cell": _cell,
        "marked": _marked,
        "few": _few,
        "breakable": _breakable,
    }
    return environment.get_template(name)


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def _marked(text: str) -> Markup:
    """What is in backticks as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  (escaped before)


def _breakable(name: str) -> Markup:
    """A long name, which a narrow screen may break between words."""
    return Markup(re.sub(r"([._(])", r"\1<wbr>", str(escape(name))))  # noqa: S704  (escaped before)


def _few(names: Iterable[str], limit: int = 3) -> str:
    """The first names in backticks, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(code, names[:limit])) + more
