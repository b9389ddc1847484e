"""What changed between two vendored documents, by operation and schema."""

from __future__ import annotations

from typing import Any, cast

from codegen.document import Json, operations


def describe(old: Json | None, new: Json) -> str:
    """A few lines for the person who imports: what came, what went, what is different."""
    totals = f"{len(_operations(new))} operations, {len(_schemas(new))} schemas"
    if old is None:
        return f"imported {totals}"
    lines: list[str] = []
    for kind, before, after in (
        ("operation", _operations(old), _operations(new)),
        ("schema", _schemas(old), _schemas(new)),
    ):
        lines += [f"+ {kind} {name}" for name in sorted(after.keys() - before.keys())]
        lines += [f"- {kind} {name}" for name in sorted(before.keys() - after.keys())]
        for name in sorted(before.keys() & after.keys()):
            lines += [
                f"~ {kind} {name}{where}" for where in _differences(before[name], after[name])
            ]
    return "\n".join([*lines, f"imported {totals}: {len(lines) or 'no'} changes"])


def _operations(document: Json) -> Json:
    return {o["operationId"]: {"path": f"{m} {p}", **o} for p, m, o in operations(document)}


def _schemas(document: Json) -> Json:
    return document.get("components", {}).get("schemas", {})


def _differences(old: Any, new: Any, where: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return _members(cast("Json", old), cast("Json", new), where)
    if isinstance(old, list) and isinstance(new, list):
        before, after = cast("list[Any]", old), cast("list[Any]", new)
        if all(isinstance(value, str) for value in [*before, *after]):
            added = [f"{where} +{value}" for value in after if value not in before]
            return added + [f"{where} -{value}" for value in before if value not in after]
    return [] if old == new else [f"{where} changed"]


def _members(old: Json, new: Json, where: str) -> list[str]:
    found: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            found.append(f"{where}.{key} added")
        elif key not in new:
            found.append(f"{where}.{key} removed")
        else:
            found += _differences(old[key], new[key], f"{where}.{key}")
    return found
