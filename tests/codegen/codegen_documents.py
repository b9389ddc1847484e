"""Documents for the generator: PortOne's published ones where they are available, and small ones made here.

This folder is not a package: it would have the name of what it tests, `codegen`.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from codegen.document import ROOT, Json
from codegen.generate import write
from codegen.normalise import normalise

NEWEST = "v2-2026-07-03.openapi.json"
OLDER = "v2-2026-01-21.openapi.json"


def published(name: str) -> Path:
    """One of PortOne's documents. They are PortOne's text, so they are not in this repository."""
    folder = Path(os.environ.get("PORTONE_DOCUMENTS") or ROOT.parent / "shared" / "portone")
    if not (folder / name).is_file():
        pytest.skip(f"PORTONE_DOCUMENTS names no folder with PortOne's published {name}")
    return folder / name


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def an_object(*required: str, **fields: Any) -> Json:
    return {"title": "물건", "type": "object", "required": list(required), "properties": fields}


def union(tag: str, **mapping: str) -> Json:
    return {
        "title": "여럿",
        "oneOf": [ref(name) for name in dict.fromkeys(mapping.values())],
        "discriminator": {
            "propertyName": tag,
            "mapping": {value: ref(name)["$ref"] for value, name in mapping.items()},
        },
    }


def an_error(status: int, /, **fields: Any) -> Json:
    facts = an_object("type", type=STRING, message=STRING, **fields)
    return facts | {"x-portone-status-code": status}


def as_json(name: str) -> Json:
    return {"application/json": {"schema": ref(name)}}


STRING: Json = {"type": "string", "title": "글자", "description": "설명"}

_BASE: Json = {
    "openapi": "3.0.3",
    "info": {"title": "포트원", "version": "1.16.0", "description": "설명"},
    "servers": [{"url": "https://api.portone.io", "description": "운영환경"}],
    "x-portone-categories": [{"id": "thing", "title": "물건", "description": "설명"}],
    "paths": {
        "/things/{thingId}": {
            "get": {
                "operationId": "getThing",
                "summary": "물건",
                "description": "설명",
                "x-portone-category": "thing",
                "security": [{"portOne": []}],
                "parameters": [
                    {"name": "thingId", "in": "path", "required": True, "schema": STRING},
                    {"name": "storeId", "in": "query", "required": False, "schema": STRING},
                ],
                "responses": {
                    "200": {"description": "성공", "content": as_json("Thing")},
                    "400": {"description": "실패", "content": as_json("GetThingError")},
                    "404": {"description": "없음", "content": as_json("GetThingError")},
                },
            }
        },
        "/things": {
            "get": {
                "operationId": "getThings",
                "parameters": [
                    {
                        "name": "requestBody",
                        "in": "query",
                        "required": False,
                        "x-portone-query-or-body": {"enabled": True, "required": False},
                        "content": as_json("GetThingsBody"),
                    }
                ],
                "requestBody": {"required": False, "content": as_json("GetThingsBody")},
                "responses": {
                    "200": {"description": "성공", "content": as_json("GetThingsResponse")},
                    "400": {"description": "실패", "content": as_json("GetThingError")},
                },
                "x-portone-unstable": True,
            },
            "post": {
                "operationId": "createThing",
                "requestBody": {
                    "description": "설명",
                    "required": True,
                    "content": as_json("CreateThingBody"),
                },
                "responses": {
                    "200": {"description": "성공"},
                    "400": {"description": "실패", "content": as_json("GetThingError")},
                },
            },
        },
    },
    "components": {
        "securitySchemes": {
            "portOne": {"type": "http", "scheme": "portone", "description": "열쇠"}
        },
        "schemas": {
            "Thing": an_object("id", id=STRING, kind=ref("ThingKind"), more=ref("ThingMore")),
            "ThingKind": {"title": "종류", "type": "string", "enum": ["RED", "BLUE"]},
            "ThingMore": union("type", BIG="BigThing", SMALL="SmallThing"),
            "BigThing": an_object(
                "type", type=STRING, at={"type": "string", "format": "date-time"}
            ),
            "SmallThing": an_object("type", type=STRING, size={"type": "integer"}),
            "GetThingsBody": an_object(page={"type": "integer", "format": "int32"}),
            "GetThingsResponse": an_object("items", items={"type": "array", "items": ref("Thing")}),
            "CreateThingBody": an_object("name", name=STRING, map=ref("ThingMap")),
            "ThingMap": {"type": "object", "additionalProperties": STRING},
            "GetThingError": union(
                "type", INVALID_REQUEST="InvalidRequestError", THING_NOT_FOUND="ThingNotFoundError"
            ),
            "InvalidRequestError": an_error(400),
            "ThingNotFoundError": an_error(404),
            "Unreachable": an_object(nobody=STRING),
        },
    },
}


def document(**schemas: Any) -> Json:
    """A small document in the form of PortOne's, with these schemas added or replaced."""
    source = copy.deepcopy(_BASE)
    source["components"]["schemas"].update(copy.deepcopy(schemas))
    return source


def thing(**fields: Any) -> Json:
    """The schema that `getThing` returns, with these fields added."""
    return an_object("id", id=STRING, **fields)


def operation(source: Json, name: str) -> Json:
    return next(
        o for item in source["paths"].values() for o in item.values() if o["operationId"] == name
    )


def namespaces(source: Json) -> dict[str, list[str]]:
    return {"thing": [o["operationId"] for i in source["paths"].values() for o in i.values()]}


Place = tuple[str | int, ...]


def nodes(value: Json | list[Any], *path: str | int) -> Iterator[Place]:
    """The path of every value below the root."""
    children = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, child in children:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from nodes(child, *path, key)


JUNK: list[Any] = [None, True, 5, 0.5, "", "junk", "#/components/schemas/Thing", [], [None], ["junk"], {}, {"junk": None}, {"type": "string"}]  # fmt: skip


def damaged() -> Iterator[tuple[Place, Any, Json]]:
    """The small document with one of its values replaced or removed, for every value and every kind of junk."""
    whole = document()
    for path in nodes(whole):
        for junk in [*JUNK, ...]:
            source = copy.deepcopy(whole)
            holder: Any = source
            for key in path[:-1]:
                holder = holder[key]
            if junk is ...:
                del holder[path[-1]]
            else:
                holder[path[-1]] = junk
            yield path, junk, source


class Outcome(NamedTuple):
    """What a command did: its exit status, and what it printed."""

    status: int
    out: str
    err: str


class Vendored(NamedTuple):
    """A vendored document of a test's own, and the command that replaces it."""

    document: Path
    provenance: Path
    run: Callable[..., Outcome]

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.document.parent.iterdir()}


def package(folder: Path, source: Json, placed: dict[str, list[str]] | None = None) -> Path:
    """A folder with a `portone_async` generated from `source` beside the hand-written core."""
    target = folder / "portone_async"
    ignored = shutil.ignore_patterns("api", "models", "emulator", "__pycache__")
    shutil.copytree(ROOT / "portone_async", target, ignore=ignored)
    write(normalise(source), target, placed or namespaces(source))
    return folder


def run(
    folder: Path, *arguments: str, timeout: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Python in `folder`, which comes first on its path; warnings are errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_code(folder: Path, code: str) -> Any:
    """What `code` prints as JSON."""
    done = run(folder, "-c", code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# Imports every module, evaluates every annotation, builds a client and walks its namespaces.
PROBE = """
import importlib, inspect, json, os, pathlib, pkgutil, typing
from datetime import date, datetime
import portone_async
from portone_async import PortOne, blocking, models
from portone_async._model import Model, UnknownVariant
from portone_async._caller import Caller, Namespace
from portone_async._options import RequestOptions

packages = (models, *map(importlib.import_module, ("portone_async.api", "portone_async.blocking.api")))
modules = [m.name for p in packages for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
for module in modules:
    importlib.import_module(module)

names = {name: getattr(models, name) for name in models.__all__}
names |= {"date": date, "datetime": datetime, "Any": typing.Any, "Caller": Caller,
          "RequestOptions": RequestOptions, "PathLike": os.PathLike, "Path": pathlib.Path}
fields = 0
for kind in names.values():
    if isinstance(kind, type) and issubclass(kind, Model):
        hints = typing.get_type_hints(kind, localns=names)
        fields += len(hints) - len(typing.get_type_hints(Model))

functions = {}
def walk(node, twin, path):
    for name in dir(type(node)):
        found = inspect.getattr_static(node, name)
        if name.startswith("_") or name == "call":
            continue
        if inspect.iscoroutinefunction(inspect.unwrap(found)) and isinstance(node, Namespace):
            module = importlib.import_module(type(node).__module__)
            assert getattr(module, name) is found, name
            typing.get_type_hints(found, localns=names)
            constant = getattr(module, "_" + name.upper())
            functions[constant.id] = f"{path}.{name}"
            assert inspect.getattr_static(twin, name).__wrapped__ is found, name
        elif isinstance(child := getattr(node, name), Namespace):
            walk(child, getattr(twin, name), f"{path}.{name}".lstrip("."))
        elif isinstance(node, Namespace):
            assert inspect.getattr_static(twin, name).__wrapped__ is found, name
walk(PortOne("secret"), blocking.PortOne("secret"), "")
print(json.dumps({"file": portone_async.__file__, "modules": len(modules), "fields": fields,
                  "models": len(models.__all__), "functions": functions}))
"""


def probe(folder: Path) -> Json:
    return run_code(folder, PROBE)
