"""How much of the document has words of ours, and the limits that keep it from falling: `openapi/coverage.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from attrs import define

from codegen.document import OPENAPI, CodegenError
from codegen.model import Api
from codegen.prose import Prose

_LISTED: Final = 20
"""How many names of a kind are listed."""
COVERAGE: Final = OPENAPI / "coverage.toml"
KINDS: Final = {
    "en": ("operations", "parameters", "schemas", "fields", "values", "errors"),
    "ko": ("operations", "parameters", "errors"),
}
"""Language to the kinds of fact that need words in it."""


@define
class Found:
    """The facts of one kind: how many there are, and which of them are without words."""

    missing: list[str]
    total: int


@define
class Limits:
    """What `openapi/coverage.toml` says."""

    without_words: dict[str, dict[str, int]]
    """Language to kind to how many may be without words."""
    open_enums: dict[str, str]
    """The enums whose values need no words, each with the reason."""


def load_limits(path: Path | None = None) -> Limits:
    """Read the limits: for every kind of every language."""
    path = path or COVERAGE
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        limits = {
            language: {kind: int(data["without_words"][language][kind]) for kind in kinds}
            for language, kinds in KINDS.items()
        }
        open_enums = {name: str(reason) for name, reason in data.get("open_enums", {}).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CodegenError(f"openapi/{path.name} cannot be read: {error!r}") from None
    return Limits(limits, open_enums)


def find(
    api: Api, prose: Prose, language: str = "en", open_enums: Collection[str] = ()
) -> dict[str, Found]:
    """Kind of fact to what is without words in a language."""
    shown = [s for s in api.schemas.values() if s.kind not in ("error", "errors")]
    facts: dict[str, list[tuple[str, bool]]] = {
        "operations": [(e.id, bool(prose.summary(e))) for e in api.endpoints],
        "parameters": [
            (f"{e.id}.{i.field.json_name}", bool(prose.argument(e, i)))
            for e in api.endpoints
            for i in e.inputs
        ],
        "schemas": [(s.name, bool(prose.schemas.get(s.name))) for s in shown],
        "fields": [
            (f"{s.name}.{f.json_name}", bool(prose.field(s.name, f.json_name)))
            for s in shown
            for f in s.fields
        ],
        "values": [
            (f"{s.name}.{value}", bool(prose.values.get(f"{s.name}.{value}")))
            for s in shown
            for value in s.values
            if s.name not in open_enums
        ],
        "errors": [(name, bool(prose.schemas.get(name))) for name in api.exceptions],
    }
    return {
        kind: Found([name for name, has_words in facts[kind] if not has_words], len(facts[kind]))
        for kind in KINDS[language]
    }


def unknown_enums(api: Api, limits: Limits) -> list[str]:
    """A line about enums whose values need no words, and which the document does not have."""
    names = sorted(limits.open_enums.keys() - {s.name for s in api.schemas.values() if s.values})
    return [f"openapi/{COVERAGE.name} names what is no enum: {', '.join(names)}"] if names else []


def listed(language: str, found: dict[str, Found]) -> list[str]:
    """The names of what is without words, a line for each kind."""
    return [
        f"without words ({language}): {kind} {', '.join(each.missing[:_LISTED])}"
        + (f" and {len(each.missing) - _LISTED} more" if len(each.missing) > _LISTED else "")
        for kind, each in found.items()
        if each.missing
    ]


def summary(language: str, found: dict[str, Found]) -> str:
    """One line: how many of each kind have words."""
    parts = [
        f"{kind} {each.total - len(each.missing)} of {each.total}" for kind, each in found.items()
    ]
    return f"with words ({language}): {', '.join(parts)}"


def hold(language: str, found: dict[str, Found], limits: Limits) -> list[str]:
    """Fail if more is without words than is allowed; say which limits can be lowered."""
    allowed = limits.without_words[language]
    lines = [
        f"{len(each.missing)} {kind} are without words ({language}), and openapi/{COVERAGE.name} allows "
        f"{allowed[kind]}: write them in openapi/prose ({', '.join(each.missing[:3])}, ...)"
        for kind, each in found.items()
        if len(each.missing) > allowed[kind]
    ]
    if lines:
        raise CodegenError(*lines)
    return [
        f"openapi/{COVERAGE.name} can be lowered: {language}, {kind} = {len(each.missing)}"
        for kind, each in found.items()
        if len(each.missing) < allowed[kind]
    ]
