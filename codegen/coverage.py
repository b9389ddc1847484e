"""How much of the document has words of ours, and the limits that keep it from falling: `openapi/coverage.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from codegen.document import OPENAPI, CodegenError
from codegen.model import Api
from codegen.prose import Prose

_LISTED: Final = 20
"""How many names of a kind are listed."""
COVERAGE: Final = OPENAPI / "coverage.toml"


def missing(api: Api, prose: Prose) -> dict[str, tuple[list[str], int]]:
    """Kind of fact to the names of those without words, and how many there are."""
    shown = [s for s in api.schemas.values() if s.kind not in ("error", "errors")]
    facts: dict[str, list[tuple[str, bool]]] = {
        "operations": [(e.id, bool(prose.summary(e))) for e in api.endpoints],
        "schemas": [(s.name, bool(prose.schemas.get(s.name))) for s in shown],
        "fields": [
            (f"{s.name}.{f.json_name}", bool(prose.field(s.name, f.json_name)))
            for s in shown
            for f in s.fields
        ],
        "values": [
            (f"{s.name}.{value}", f"{s.name}.{value}" in prose.values)
            for s in shown
            for value in s.values
        ],
        "errors": [(name, bool(prose.schemas.get(name))) for name in api.exceptions],
    }
    return {
        kind: ([name for name, has_words in names if not has_words], len(names))
        for kind, names in facts.items()
    }


def listed(found: dict[str, tuple[list[str], int]]) -> list[str]:
    """The names of what is without words, a line for each kind."""
    return [
        f"without words: {kind} {', '.join(names[:_LISTED])}"
        + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
        for kind, (names, _) in found.items()
        if names
    ]


def summary(found: dict[str, tuple[list[str], int]]) -> str:
    """One line: how many of each kind have words."""
    parts = [f"{kind} {total - len(names)} of {total}" for kind, (names, total) in found.items()]
    return f"with words: {', '.join(parts)}"


def hold(found: dict[str, tuple[list[str], int]], path: Path | None = None) -> list[str]:
    """Fail if more is without words than `openapi/coverage.toml` allows; say which limits can be lowered."""
    path = path or COVERAGE
    try:
        limits = tomllib.loads(path.read_text(encoding="utf-8"))["without_words"]
        allowed = {kind: int(limits[kind]) for kind in found}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodegenError(f"openapi/{path.name} cannot be read: {error!r}") from None
    lines = [
        f"{len(names)} {kind} are without words, and openapi/{path.name} allows {allowed[kind]}: "
        f"write them in openapi/prose ({', '.join(names[:3])}, ...)"
        for kind, (names, _) in found.items()
        if len(names) > allowed[kind]
    ]
    if lines:
        raise CodegenError(*lines)
    return [
        f"openapi/{path.name} can be lowered: {kind} = {len(names)}"
        for kind, (names, _) in found.items()
        if len(names) < allowed[kind]
    ]
