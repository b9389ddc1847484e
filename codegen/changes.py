"""What changed between two documents of facts, by what it does to a user of the SDK.

PortOne promises, for stable operations:

- inputs: no field or enum value is removed, nothing optional becomes required, only optional fields are added;
- outputs: no field is removed, no required field is dropped; fields, enum values and variants may be added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Final, Literal, cast

from attrs import define, field

from codegen.document import Json, operations, reachable, schema_name

Side = Literal["operations", "input", "output"]
SIDES: Final[tuple[Side, ...]] = ("operations", "input", "output")


class Effect(Enum):
    """What a change does to a user; the value is its heading in the report."""

    BREAK = "Breaks of the promise"
    TYPE = "Compatible changes that alter a generated type"
    ADDITION = "Additions"
    NONE = "Changes that alter no generated type"


@define(frozen=True, order=True)
class Change:
    """One change: where (`Schema.field` or an operationId) and what."""

    where: str
    what: str
    side: Side = field(order=False)
    effect: Effect = field(order=False)
    stable: bool = field(order=False)


def changes(old: Json, new: Json) -> list[Change]:
    """Every change, sorted; one that affects a stable operation is a stable one."""
    comparison = _Comparison(old, new)
    comparison.run()
    return sorted(comparison.changes)


def broken(changes: Sequence[Change]) -> bool:
    """Whether the changes break PortOne's promise."""
    return any(change.stable and change.effect is Effect.BREAK for change in changes)


def report(old: Json, new: Json, changes: Sequence[Change]) -> str:
    """Markdown for a pull request."""
    breaks = sum(change.stable and change.effect is Effect.BREAK for change in changes)
    places = f"{breaks} place{'s' * (breaks > 1)}"
    verdict = f"breaks its promise in {places}" if breaks else "keeps its promise"
    lines = ["# Changes of PortOne's document", ""]
    lines += [
        f"PortOne {verdict}. {_totals(old)} became {_totals(new)}: {len(changes) or 'no'} changes."
    ]
    for stable in (True, False):
        for effect in Effect:
            chosen = [c for c in changes if c.stable is stable and c.effect is effect]
            if chosen:
                which = "" if stable else ": unstable operations, which promise nothing"
                title = effect.value if stable or effect is not Effect.BREAK else "Breaks"
                lines += ["", f"## {title}{which}"]
                lines += _by_side(chosen)
    return "\n".join(lines)


def _by_side(changes: Sequence[Change]) -> Iterator[str]:
    for side in SIDES:
        chosen = [change for change in changes if change.side == side]
        if chosen:
            yield from ("", f"### {side.capitalize()}", "")
            yield from (f"- `{change.where}`: {change.what}" for change in chosen)


def _totals(document: Json) -> str:
    count = sum(1 for _ in operations(document))
    return f"{count} operations with {len(document['components']['schemas'])} schemas"


@define
class _Comparison:
    """Walks both documents from each operation in parallel, so that what was renamed is still compared."""

    old: Json
    new: Json
    changes: list[Change] = field(factory=list[Change])
    stable: bool = True
    seen: set[tuple[str, str, Side]] = field(factory=set[tuple[str, str, Side]])
    renamed: set[str] = field(factory=set[str])

    def run(self) -> None:
        before, after = _by_id(self.old), _by_id(self.new)
        places = {(o["method"], o["path"]): name for name, o in after.items() if name not in before}
        # Stable operations first: a change is listed with the first operation that it affects.
        for name in sorted(before, key=lambda name: (before[name]["unstable"], name)):
            self.stable = not before[name]["unstable"]
            place = before[name]["method"], before[name]["path"]
            if name in after:
                self.operation(name, before[name], after.pop(name))
            elif place in places:
                self.add(name, f"is called `{places[place]}` now", "operations", Effect.TYPE)
                self.operation(name, before[name], after.pop(places[place]))
            else:
                self.add(name, "removed", "operations", Effect.BREAK)
        for name, operation in after.items():
            self.stable = not operation["unstable"]
            self.add(name, "added", "operations", Effect.ADDITION)
        self.gone_classes(before)

    def gone_classes(self, before: dict[str, Json]) -> None:
        """Classes that are no longer generated: users may import any of them by name."""
        old, new = (d["components"]["schemas"] for d in (self.old, self.new))
        stable = [operation for operation in before.values() if not operation["unstable"]]
        by_stable = reachable(stable, old)
        as_input = reachable([operation["inputs"] for operation in before.values()], old)
        for name in sorted(old.keys() - new.keys() - self.renamed):
            self.stable = name in by_stable
            side: Side = "input" if name in as_input else "output"
            self.add(name, "is no longer used by any operation", side, Effect.TYPE)

    def add(self, where: str, what: str, side: Side, effect: Effect) -> None:
        self.changes.append(Change(where, what, side, effect, self.stable))

    def operation(self, name: str, old: Json, new: Json) -> None:
        if (old["method"], old["path"]) != (new["method"], new["path"]):
            moved = f"`{old['method']} {old['path']}` is `{new['method']} {new['path']}` now"
            self.add(name, moved, "operations", Effect.BREAK)
        if old["unstable"] != new["unstable"]:
            effect = Effect.BREAK if new["unstable"] else Effect.ADDITION
            self.add(name, f"is {'un' if new['unstable'] else ''}stable now", "operations", effect)
        if old["secured"] != new["secured"]:
            effect = Effect.BREAK if new["secured"] else Effect.NONE
            needs = "needs" if new["secured"] else "does without"
            self.add(name, f"{needs} authentication now", "operations", effect)
        self.fields(old["inputs"], new["inputs"], name, "input")
        statuses = old["statuses"], new["statuses"]
        if statuses[0] != statuses[1]:
            self.values(*statuses, f"{name} statuses", "output", Effect.NONE, Effect.NONE)
        for kind in ("reply", "errors"):
            self.contents(old[kind], new[kind], f"{name} {kind}", "output")

    def contents(self, old: Json, new: Json, where: str, side: Side) -> None:
        """Media types, each with its schema."""
        self.values(list(old), list(new), where, side, Effect.BREAK, Effect.ADDITION)
        for media in old.keys() & new.keys():
            self.schema(old[media]["schema"], new[media]["schema"], where, side)

    def fields(self, old: Json, new: Json, where: str, side: Side) -> None:
        """Fields of an object, or arguments of an operation: name to whether it is required, and its schema."""
        for name in sorted(old.keys() | new.keys()):
            here = f"{where}.{name}"
            if name not in new:
                self.add(here, "removed", side, Effect.BREAK)
            elif name not in old:
                required = new[name]["required"]
                breaks = required and side == "input"
                effect = Effect.BREAK if breaks else Effect.ADDITION
                self.add(here, f"added{', required' if required else ''}", side, effect)
            else:
                required = new[name]["required"]
                if old[name]["required"] != required:
                    # A break is an input that becomes required, or an output that becomes optional.
                    effect = Effect.BREAK if required == (side == "input") else Effect.TYPE
                    self.add(here, f"is {'required' if required else 'optional'} now", side, effect)
                self.schema(old[name]["schema"], new[name]["schema"], here, side)

    def values(
        self, old: list[str], new: list[str], where: str, side: Side, gone: Effect, come: Effect
    ) -> None:
        for what, values, effect in (
            ("removed", set(old) - set(new), gone),
            ("added", set(new) - set(old), come),
        ):
            if values:
                listed = ", ".join(f"`{value}`" for value in sorted(values))
                self.add(where, f"{listed} {what}", side, effect)

    def schema(self, old: Json, new: Json, where: str, side: Side) -> None:
        names = tuple(schema_name(s["$ref"]) if "$ref" in s else "" for s in (old, new))
        if all(names):
            if (*names, side) in self.seen:
                return
            self.seen.add((names[0], names[1], side))
            if names[0] != names[1]:
                self.renamed.add(names[0])
                self.add(where, f"`{names[0]}` is `{names[1]}` now", side, Effect.TYPE)
            where = names[1]
        old = self.old["components"]["schemas"][names[0]] if names[0] else old
        new = self.new["components"]["schemas"][names[1]] if names[1] else new
        kinds = _kind(old), _kind(new)
        narrower = Effect.BREAK if side == "input" else Effect.TYPE
        if kinds[0] != kinds[1]:
            texts = {"string", "tag", "enum"}
            effect = Effect.BREAK if set(kinds) - texts else Effect.TYPE
            effect = narrower if kinds == ("string", "enum") else effect
            self.add(where, f"was of type {kinds[0]}, is of type {kinds[1]} now", side, effect)
            return
        match kinds[0]:
            case "enum" | "tag":
                values = _values(old), _values(new)
                self.values(*values, where, side, narrower, Effect.ADDITION)
            case "union":
                self.union(old, new, where, side)
            case "array":
                self.schema(old.get("items", {}), new.get("items", {}), f"{where}[]", side)
            case "map":
                items = old["additionalProperties"], new["additionalProperties"]
                self.schema(items[0], items[1], f"{where}.*", side)
            case _:
                self.fields(_fields(old), _fields(new), where, side)
        self.keywords(old, new, where, side)

    def union(self, old: Json, new: Json, where: str, side: Side) -> None:
        tags = [s["discriminator"]["propertyName"] for s in (old, new)]
        if tags[0] != tags[1]:
            self.add(
                where, f"has the discriminator `{tags[1]}`, not `{tags[0]}`", side, Effect.BREAK
            )
        mappings = [cast("Json", s["discriminator"]["mapping"]) for s in (old, new)]
        gone = Effect.BREAK if side == "input" else Effect.TYPE
        self.values(list(mappings[0]), list(mappings[1]), where, side, gone, Effect.ADDITION)
        for tag in sorted(mappings[0].keys() & mappings[1].keys()):
            old, new = ({"$ref": mapping[tag]} for mapping in mappings)
            self.schema(old, new, f"{where} {tag}", side)

    def keywords(self, old: Json, new: Json, where: str, side: Side) -> None:
        """Other keywords: formats, limits, defaults, statuses of errors."""
        known = {
            "type",
            "enum",
            "const",
            "oneOf",
            "discriminator",
            "items",
            "properties",
            "required",
        }
        for key in sorted((old.keys() | new.keys()) - known):
            before, after = old.get(key), new.get(key)
            if before != after and not isinstance(before, dict):
                typed = key == "x-portone-status-code" or (
                    key == "format" and old.get("type") == "string"
                )
                effect = Effect.TYPE if typed else Effect.NONE
                self.add(where, f"{key} was {_shown(before)}, is {_shown(after)} now", side, effect)


def _by_id(document: Json) -> dict[str, Json]:
    """What is compared of each operation, by operationId."""
    result: dict[str, Json] = {}
    for path, method, operation in operations(document):
        inputs: Json = {}
        for parameter in operation.get("parameters", []):
            required = parameter.get("required", False)
            inputs[parameter["name"]] = {"required": required, "schema": _schema(parameter)}
        body = operation.get("requestBody")
        if body:
            inputs["requestBody"] = {"required": body["required"], "schema": _schema(body)}
        responses: Json = operation["responses"]
        success = [status for status in responses if status.startswith("2")]
        failure = [status for status in responses if not status.startswith("2")]
        result[operation["operationId"]] = {
            "path": path,
            "method": method,
            "unstable": operation.get("x-portone-unstable", False),
            "secured": bool(operation.get("security")),
            "inputs": inputs,
            "statuses": list(responses),
            "reply": _contents(responses, success),
            "errors": _contents(responses, failure),
        }
    return result


def _schema(node: Json) -> Json:
    """The schema of a parameter or a body, directly or under its one media type."""
    content: Json = node.get("content", {})
    media: Json = next(iter(content.values()), node)
    return media.get("schema", {})


def _contents(responses: Json, statuses: list[str]) -> Json:
    return {
        media: content
        for status in statuses
        for media, content in responses[status].get("content", {}).items()
    }


def _shown(value: Any) -> str:
    return (
        "not set"
        if value is None
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def _kind(schema: Json) -> str:
    if "oneOf" in schema:
        return "union"
    if "const" in schema:
        return "tag"
    if "enum" in schema:
        return "enum"
    if isinstance(schema.get("additionalProperties"), dict):
        return "map"
    kind: Any = schema.get("type", "object")
    return " or ".join(cast("list[str]", kind)) if isinstance(kind, list) else kind


def _values(schema: Json) -> list[str]:
    return [schema["const"]] if "const" in schema else schema["enum"]


def _fields(schema: Json) -> Json:
    required: list[Any] = schema.get("required", [])
    return {
        name: {"required": name in required, "schema": value}
        for name, value in schema.get("properties", {}).items()
    }
