"""What the tests of `python -m codegen diff` compare, and how they read the result."""

from codegen.diff.report import Report, Row, make_report
from codegen.diff.sources import Source
from codegen.document import Json, operations
from codegen.importer import normalise


def report_on(old: Json, new: Json) -> Report:
    """The report on two published documents; each operation is in the namespace `thing`."""
    sources = Source("old", normalise(old)), Source("new", normalise(new))
    every = [o["operationId"] for s in sources for _, _, o in operations(s.document)]
    return make_report(*sources, {"thing": every})


def between(old: Json, new: Json) -> list[str]:
    """Every row as one line, the worst first."""
    return [line(row) for section in report_on(old, new).sections for row in section.rows]


def line(row: Row) -> str:
    """`BREAK in: Colour withheld: "BLUE" [runs perhaps, checks no] create_thing +New -Old`."""
    change = row.change
    stable = "" if change.stable else "unstable "
    sides = " ".join({"input": "in", "output": "out"}[side] for side in change.sides)
    name = change.name.removeprefix("portone.thing.")
    parts = [
        f"{stable}{change.effect.name} {sides}".rstrip()
        + f": {name} {row.phrase}".replace("`", ""),
        f"[runs {row.runs}, checks {row.type_checks}]",
        *row.elsewhere,
        *(f"+{name}" for name in change.classes_added),
        *(f"-{name}" for name in change.classes_withheld),
    ]
    text = " ".join(parts)
    return text.replace(" [runs yes, checks yes]", "").replace("[runs no, checks no]", "[no]")
