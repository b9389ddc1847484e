"""What we decided about PortOne's document, each with its reason: `openapi/decisions.toml`.

`[leave_out]` has operations that are not generated, as operationId or `"GET /path"`. `[drop]` has what PortOne's
document lacks and the SDK is not to keep for a release. `[rename]` has Python names for what would otherwise get a clumsy
one. In both, a name is that of a component (`Any`), a field (`Component.field`), an operation (`getThing`) or an argument
(`getThing.name`).

    [leave_out]
    getStatistics = "its numbers have a format of their own: to be supported"

    [drop]
    getOldThing = "it has returned nothing but errors since March"

    [rename]
    "Thing.foo_bar" = { to = "foo_bar_text", reason = "fooBar is foo_bar already" }
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final, cast

from attrs import define, field

from codegen.document import METHODS, OPENAPI, CodegenError, Json
from codegen.report import Report

DECISIONS: Final = OPENAPI / "decisions.toml"


@define
class Decisions:
    """The decisions of one file."""

    leave_out: dict[str, str] = field(factory=dict[str, str])
    renames: dict[str, str] = field(factory=dict[str, str])
    drop: dict[str, str] = field(factory=dict[str, str])

    def without_left_out(self, path: str, item: Json, report: Report) -> Json:
        """A path's item without the operations that are left out."""
        kept = dict(item)
        for method in METHODS:
            operation = kept.get(method)
            facts = cast("Json", operation) if isinstance(operation, dict) else {}
            name: Any = facts.get("operationId")
            key = self.left_out_as(name if isinstance(name, str) else "", method, path)
            if key and method in kept:
                report.note(f"left out ({self.leave_out[key]})", key)
                del kept[method]
        return kept

    def left_out_as(self, operation_id: str, method: str, path: str) -> str | None:
        """The line of `[leave_out]` that is about an operation, if there is one."""
        keys = (operation_id, f"{method.upper()} {path}")
        return next((key for key in keys if key in self.leave_out), None)


def load_decisions(path: Path | None = None) -> Decisions:
    """Read the file; there are no decisions if it is missing."""
    path = path or DECISIONS
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Decisions()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CodegenError(f"openapi/{path.name}: {error}") from None
    unknown = sorted(data.keys() - {"leave_out", "rename", "drop"})
    if unknown:
        raise CodegenError(
            f"openapi/{path.name}: [{unknown[0]}] is not a table: leave_out, drop and rename are"
        )
    renames: dict[str, str] = {}
    for key, value in _table(data, "rename", path).items():
        entry = cast("Json", value) if isinstance(value, dict) else {}
        texts: list[Any] = [entry.get("to"), entry.get("reason")]
        if not all(isinstance(text, str) and text for text in texts):
            raise CodegenError(
                f"openapi/{path.name}: rename {key} takes {{ to = ..., reason = ... }}"
            )
        renames[key] = texts[0]
    return Decisions(_reasons(data, "leave_out", path), renames, _reasons(data, "drop", path))


def _reasons(data: dict[str, Any], name: str, path: Path) -> dict[str, str]:
    table = _table(data, name, path)
    for key, reason in table.items():
        if not isinstance(reason, str) or not reason:
            raise CodegenError(f"openapi/{path.name}: {name} {key} takes a reason")
    return table


def _table(data: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise CodegenError(f"openapi/{path.name}: [{name}] must be a table")
    return cast("dict[str, Any]", table)
