"""Reading an OpenAPI document: references, reachability, and the one error that every step raises."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, unquote

ROOT: Final = Path(__file__).resolve().parent.parent
OPENAPI: Final = ROOT / "openapi"
VENDORED: Final = OPENAPI / "portone-v2.json"
PROVENANCE: Final = OPENAPI / "provenance.json"

PARSER_VERSION: Final = "0.29.1"
"""The openapi-python-client that the generator is written for: its programmatic use is no public API."""

METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
SCHEMA_PREFIX: Final = "#/components/schemas/"

Json = dict[str, Any]


class CodegenError(Exception):
    """Something that a person has to decide or correct; each line says one thing."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines: Final = lines


def unsupported(where: str, what: str, remedy: str) -> CodegenError:
    """The error for a part of the document that the SDK cannot express yet, and what to do about it."""
    return CodegenError(f"{where}: {what} is not supported: {remedy}")


def schema_name(ref: Any, where: str = "the document") -> str:
    """The component name that a `$ref` points at."""
    name = ref.removeprefix(SCHEMA_PREFIX) if isinstance(ref, str) else ""
    # With a slash, it leads to a part of a schema.
    if name in ("", ref) or "/" in name:
        raise unsupported(where, f"$ref {ref!r:.80}", f"only references to {SCHEMA_PREFIX}* are")
    return _pointed_at(name)


@cache
def _pointed_at(name: str) -> str:
    # A JSON pointer in a URI: both have escapes of their own.
    return unquote(name).replace("~1", "/").replace("~0", "~")


def schema_ref(name: str) -> Json:
    """A reference to a component."""
    pointer = name.replace("~", "~0").replace("/", "~1")
    return {"$ref": SCHEMA_PREFIX + re.sub(r"[^\w.~-]", lambda found: quote(found[0]), pointer)}


def references(node: Any) -> list[str]:
    """Names of all schemas that a part of the document refers to, mappings included."""
    found: list[str] = []
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            keywords = cast("Json", node)
            ref = keywords.get("$ref")
            if isinstance(ref, str):
                found.append(schema_name(ref))
            mapping = keywords.get("mapping")
            if isinstance(mapping, dict) and isinstance(keywords.get("propertyName"), str):
                found += [schema_name(target) for target in cast("Json", mapping).values()]
            waiting += [value for value in keywords.values() if value.__class__ in (dict, list)]
        elif isinstance(node, list):
            waiting += cast("list[Any]", node)
    return found


def reachable(roots: Any, schemas: Json) -> list[str]:
    """Names of the schemas that `roots` refers to, directly or through other schemas, sorted."""
    seen: set[str] = set()
    waiting = references(roots)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        if name not in schemas:
            raise CodegenError(f"dangling reference: {SCHEMA_PREFIX}{name} is not in the document")
        seen.add(name)
        waiting.extend(references(schemas[name]))
    return sorted(seen)


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Each operation as (path, METHOD, operation object), in the document's order."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method.upper(), item[method]


@contextmanager
def no_collection() -> Generator[None]:
    """Without the garbage collector, which would walk the growing document again and again: a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def dump(data: Any) -> str:
    """JSON with one fact per line, so that a change of the document reads well in a diff."""
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def load_vendored() -> Json:
    """The vendored document."""
    try:
        return json.loads(VENDORED.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CodegenError(
            f"openapi/{VENDORED.name} is missing: run `python -m codegen import SOURCE` first"
        ) from None
    except ValueError:
        raise CodegenError(
            f"openapi/{VENDORED.name} is not JSON: run `python -m codegen import SOURCE` again"
        ) from None
