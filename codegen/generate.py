"""`python -m codegen generate` and `check`: the vendored document into `portone_async/models` and `api`."""

from __future__ import annotations

import keyword
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final

from codegen import render
from codegen.document import OPENAPI, ROOT, CodegenError, Json, load_vendored
from codegen.parse import Api, parse
from codegen.prose import Prose, load_prose
from codegen.webhooks import load_webhooks, with_webhooks

PACKAGE: Final = ROOT / "portone_async"
FOLDERS: Final = ("api", "models")


def generate() -> str:
    """Replace the generated folders; report how many files and lines there are."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        api, _ = write(load_vendored(), target)
        for name in FOLDERS:
            _replace(PACKAGE / name, target / name)
        files = [path for name in FOLDERS for path in (target / name).rglob("*.py")]
        lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    return f"generated {len(api.endpoints)} operations: {len(files)} files, {lines} lines"


def check() -> str:
    """Fail if the tree is not what `generate` writes, or if prose has no fact; list the facts without prose."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        api, prose = write(load_vendored(), target)
        drift = [
            f"{name}/{path}" for name in FOLDERS for path in _drift(target / name, PACKAGE / name)
        ]
    if drift:
        more = f" and {len(drift) - 10} more" if len(drift) > 10 else ""  # noqa: PLR2004
        raise CodegenError(
            f"run `python -m codegen generate`: {', '.join(drift[:10])}{more} differ"
        )
    stray = prose.stray(api)
    if stray:
        raise CodegenError(
            f"openapi/prose describes what the document does not have: {', '.join(stray)}"
        )
    missing = prose.missing(api)
    return "\n".join(
        [*(f"without prose: {name}" for name in missing), "the generated code is up to date"]
    )


def write(
    document: Json, target: Path, namespaces: dict[str, list[str]] | None = None
) -> tuple[Api, Prose]:
    """Write `api` and `models` of a document and our webhooks below `target`, formatted."""
    api = parse(with_webhooks(document, load_webhooks()))
    prose = load_prose()
    for path, source in sources(api, prose, namespaces or load_namespaces()).items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    _format(target)
    return api, prose


def load_namespaces() -> dict[str, list[str]]:
    """Namespace to operationIds, as pinned by hand."""
    return tomllib.loads((OPENAPI / "namespaces.toml").read_text(encoding="utf-8"))


def place(api: Api, namespaces: dict[str, list[str]]) -> dict[str, list[str]]:
    """Namespace to the operations of this document that it holds; parents without any included.

    An operation that is pinned but not in the document is omitted: PortOne hides operations and shows them again.
    """
    known = {e.id for e in api.endpoints}
    placed = [name for names in namespaces.values() for name in names]
    unplaced = sorted(known - set(placed))
    if unplaced:
        raise CodegenError(f"place in openapi/namespaces.toml first: {', '.join(unplaced)}")
    twice = sorted({name for name in placed if placed.count(name) > 1})
    if twice:
        raise CodegenError(f"placed twice in openapi/namespaces.toml: {', '.join(twice)}")
    for namespace in namespaces:
        if any(keyword.iskeyword(n) or not n.isidentifier() for n in namespace.split(".")):
            raise CodegenError(f"openapi/namespaces.toml: {namespace} is not a name in Python")
    tree = {namespace: [n for n in names if n in known] for namespace, names in namespaces.items()}
    for namespace in list(tree):
        while "." in namespace:
            namespace = namespace.rpartition(".")[0]  # noqa: PLW2901
            tree.setdefault(namespace, [])
    functions = {e.id: e.name for e in api.endpoints}
    for namespace, names in tree.items():
        reserved = {
            "call",
            *(c.rpartition(".")[2] for c in tree if c.rpartition(".")[0] == namespace),
        }
        for name in names:
            if functions[name] in reserved:
                raise CodegenError(
                    f"{name}: {namespace}.{functions[name]} is a namespace or a method already"
                )
    return dict(sorted(tree.items()))


def sources(api: Api, prose: Prose, namespaces: dict[str, list[str]]) -> dict[str, str]:
    """Path to source of each generated file, not yet formatted."""
    sources = {
        "models/__init__.py": render.models_index(api),
        "models/enums.py": render.enums_module(api, prose),
        "models/errors.py": render.errors_module(api, prose),
    }
    modules = {
        "object": render.object_module,
        "union": render.union_module,
        "map": render.map_module,
    }
    for schema in api.schemas.values():
        if schema.kind in modules:
            if schema.module in ("enums", "errors"):
                raise CodegenError(
                    f"{schema.name}: its module would be {schema.module}.py, which is reserved"
                )
            sources[f"models/{schema.module}.py"] = modules[schema.kind](schema, api, prose)
    endpoints = {e.id: e for e in api.endpoints}
    tree = place(api, namespaces)
    for namespace, names in tree.items():
        children = [other for other in tree if other.rpartition(".")[0] == namespace]
        path = namespace.replace(".", "/") + ("/__init__.py" if children else ".py")
        own = [endpoints[name] for name in sorted(names)]
        sources[f"api/{path}"] = render.namespace_module(namespace, own, children, api, prose)
    sources["api/__init__.py"] = render.api_index([name for name in tree if "." not in name])
    return sources


def _format(target: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    # Wider than the hand-written code, and not one item per line: nobody edits it, so fewer lines are better.
    style = (f"line-length={render.WIDTH}", "format.skip-magic-trailing-comma=true")
    # Without it, ruff sorts the imports of a module that is new to the tree differently.
    own = 'lint.isort.known-first-party=["portone_async"]'
    config = ["--quiet", "--no-cache", "--isolated", "--config", own, str(target)]
    config += [option for setting in style for option in ("--config", setting)]
    for command in (["check", "--select", "I", "--fix"], ["format"]):
        try:
            subprocess.run(
                [*ruff, *command, *config], check=True, cwd=ROOT, capture_output=True, text=True
            )
        except subprocess.CalledProcessError as error:
            raise CodegenError(
                f"ruff {command[0]} refuses the generated code: {error.stdout}{error.stderr}"
            ) from None


def _replace(folder: Path, wanted: Path) -> None:
    """Make `folder` equal to `wanted`, changing only files that differ: a program may be importing them."""
    for path in _drift(wanted, folder):
        source, target = wanted / path, folder / path
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        else:
            target.unlink()


def _drift(expected: Path, actual: Path) -> list[str]:
    """Paths of the files that differ, are missing, or should not be there."""

    def files(folder: Path) -> dict[str, bytes]:
        return {
            p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*"))
            if p.is_file() and p.parent.name != "__pycache__"
        }

    wanted, existing = files(expected), files(actual)
    return sorted(
        path for path in wanted.keys() | existing.keys() if wanted.get(path) != existing.get(path)
    )
