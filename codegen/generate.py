"""`python -m codegen generate` and `check`: the vendored document into `portone_async/models` and `api`."""

from __future__ import annotations

import keyword
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final

from codegen import coverage, render_api, render_models
from codegen.decisions import Decisions, load_decisions
from codegen.document import OPENAPI, ROOT, CodegenError, Json, load_vendored
from codegen.model import Api
from codegen.normalise import say_where
from codegen.parse import parse
from codegen.placing import propose
from codegen.prose import Prose, load_prose
from codegen.report import Report
from codegen.text import WIDTH
from codegen.webhooks import load_webhooks, with_webhooks

PACKAGE: Final = ROOT / "portone_async"
FOLDERS: Final = ("api", "models", "blocking/api")
"""What holds generated code, and nothing else."""


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
    """Fail if the tree is not what `generate` writes, if words have no fact, or if too many facts have no words."""
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
    pinned = [name for names in load_namespaces().values() for name in names]
    limits = coverage.load_limits()
    lines = coverage.unknown_enums(api, limits)
    for language in coverage.KINDS:
        words = prose if language == "en" else load_prose(OPENAPI / "prose" / language)
        lines += _check_words(language, words, api, pinned, limits)
    return "\n".join([*lines, "the generated code is up to date"])


def _check_words(
    language: str, prose: Prose, api: Api, pinned: list[str], limits: coverage.Limits
) -> list[str]:
    """Fail if words of a language have no fact, or if too many facts have no words; else report how many have."""
    stray, withheld = prose.stray(api, pinned)
    if stray:
        more = f" and {len(stray) - 10} more" if len(stray) > 10 else ""  # noqa: PLR2004
        raise CodegenError(
            f"openapi/prose ({language}) describes what the document does not have: {', '.join(stray[:10])}{more}"
        )
    found = coverage.find(api, prose, language, limits.open_enums)
    lines = coverage.listed(language, found)
    if withheld:
        lines.append(f"words ({language}) about what is withheld, which are kept: {len(withheld)}")
    return [
        *lines,
        *coverage.hold(language, found, limits),
        coverage.summary(language, found),
    ]


def read_api(document: Json) -> Api:
    """What a document and our webhooks describe, by the decisions about it."""
    return parse(with_webhooks(document, load_webhooks()), None, load_decisions())


def write(
    document: Json, target: Path, namespaces: dict[str, list[str]] | None = None
) -> tuple[Api, Prose]:
    """Write the `FOLDERS` of a document and our webhooks below `target`, formatted."""
    api, prose = read_api(document), load_prose()
    _write(sources(api, prose, namespaces or load_namespaces()), target)
    _format(target)
    return api, prose


def _write(sources: dict[str, str], target: Path) -> None:
    for path, source in sources.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")


def render(document: Json, report: Report, decisions: Decisions) -> dict[str, str]:
    """The source of each file, as far as nothing is refused: that is in the report then.

    Operations that are not placed yet are put somewhere for this, and named in the report with a proposal.
    """
    with report.collecting():
        api = parse(with_webhooks(document, load_webhooks()), report, decisions)
        namespaces = _with_proposals(document, load_namespaces(), report)
        return sources(api, load_prose(), namespaces)
    say_where(document["paths"], document["components"]["schemas"], report)
    return {}


def attempt(document: Json, report: Report, decisions: Decisions) -> None:
    """Go the whole way to an imported package, in a temporary folder; an error names everything in the way."""
    rendered = render(document, report, decisions)
    report.raise_refusals()
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / PACKAGE.name
        _link(PACKAGE, package)
        _write(rendered, package)
        done = subprocess.run(
            [sys.executable, "-B", "-c", _IMPORT], cwd=folder, env=os.environ | {"PYTHONPATH": folder},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise CodegenError(f"the generated package cannot be imported: {last[0]}")


def _link(source: Path, target: Path) -> None:
    """Link to the hand-written package, without what is generated."""
    target.mkdir()
    generated = [PACKAGE / name for name in FOLDERS]
    for path in source.iterdir():
        if any(path in folder.parents for folder in generated):
            _link(path, target / path.name)
        elif path not in generated and path.name != "__pycache__":
            (target / path.name).symlink_to(path)


_IMPORT: Final = """
import importlib, pkgutil
from portone_async import api, blocking, models
for package in (api, models, blocking):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
"""


def _with_proposals(
    document: Json, namespaces: dict[str, list[str]], report: Report
) -> dict[str, list[str]]:
    """The namespaces with those operations too that are not placed yet, each in the report with a proposal."""
    result = {namespace: list(names) for namespace, names in namespaces.items()}
    for proposal in propose(document, {}, namespaces):
        report.note(
            "to be placed in openapi/namespaces.toml before it can be generated",
            f"{proposal.id} ({proposal.place}; perhaps in {proposal.namespace or 'common'})",
        )
        result.setdefault("unplaced", []).append(proposal.id)
    return result


def load_namespaces() -> dict[str, list[str]]:
    """Namespace to operationIds, as pinned by hand."""
    name = "openapi/namespaces.toml"
    try:
        data = tomllib.loads((OPENAPI / "namespaces.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CodegenError(f"{name} cannot be read: {error}") from None
    for namespace, names in data.items():
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):  # pyright: ignore[reportUnknownVariableType]
            raise CodegenError(f"{name}: {namespace} takes a list of operationIds")
    return data


def place(api: Api, namespaces: dict[str, list[str]]) -> dict[str, list[str]]:
    """Namespace to the operations of this document that it holds; parents without any included.

    An operation that is pinned but not in the document is omitted: what PortOne withholds may come back.
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
    clashes: list[str] = []
    for namespace, names in tree.items():
        children = {c.rpartition(".")[2] for c in tree if c.rpartition(".")[0] == namespace}
        clashes += [
            f"{name}: {namespace}.{functions[name]} is a namespace already: place it elsewhere, or give it another "
            "name under [rename] in openapi/decisions.toml"
            for name in names
            if functions[name] in children
        ]
    if clashes:
        raise CodegenError(*clashes)
    return dict(sorted(tree.items()))


def sources(api: Api, prose: Prose, namespaces: dict[str, list[str]]) -> dict[str, str]:
    """Path to source of each generated file, not yet formatted."""
    sources = {
        "models/__init__.py": render_models.models_index(api),
        "models/enums.py": render_models.enums_module(api, prose),
        "models/errors.py": render_models.errors_module(api, prose),
    }
    modules = {
        "object": render_models.object_module,
        "union": render_models.union_module,
        "map": render_models.alias_module,
        "alias": render_models.alias_module,
    }
    report = Report()
    for schema in api.schemas.values():
        if schema.kind in modules:
            with report.collecting():
                sources[f"models/{schema.module}.py"] = modules[schema.kind](schema, api, prose)
    endpoints = {e.id: e for e in api.endpoints}
    tree: dict[str, list[str]] = {}
    with report.collecting():
        tree = place(api, namespaces)
    for namespace, names in tree.items():
        children = [other for other in tree if other.rpartition(".")[0] == namespace]
        path = namespace.replace(".", "/") + ("/__init__.py" if children else ".py")
        own = [endpoints[name] for name in sorted(names)]
        with report.collecting():
            sources[f"api/{path}"] = render_api.namespace_module(
                namespace, own, children, api, prose
            )
            sources[f"blocking/api/{path}"] = render_api.blocking_module(
                namespace, own, children, api
            )
    report.raise_refusals()
    top = [name for name in tree if "." not in name]
    sources["api/__init__.py"] = render_api.api_index(top)
    sources["blocking/api/__init__.py"] = render_api.blocking_module("", [], top, api)
    return sources


def _format(target: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    # Wider than the hand-written code, and not one item per line: nobody edits it, so fewer lines are better.
    style = (f"line-length={WIDTH}", "format.skip-magic-trailing-comma=true")
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
