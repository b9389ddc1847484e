"""`python -m codegen import SOURCE`: a published document in, a document of facts out.

Every keyword is used, reported, or dropped as prose; see `codegen/keywords.py`. Nothing is replaced unless the facts
give a package that can be imported.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path

from attrs import define

from codegen.core import files, version
from codegen.decisions import Decisions, load_decisions
from codegen.document import (
    PARSER_VERSION,
    PROVENANCE,
    VENDORED,
    CodegenError,
    Json,
    dump,
    operations,
)
from codegen.normalise import normalise
from codegen.report import Report
from codegen.source import fetch, parse_json
from codegen.withheld import take_up

__all__ = ["Facts", "import_document", "load", "normalise", "read"]


@define(frozen=True)
class Facts:
    """The facts of a document, and what became of the rest of it."""

    document: Json
    report: Report
    """Its `refusals` name what is missing from `document`."""
    sha256: str
    """Of the source."""


def import_document(source: str, content: bytes | None = None) -> str:
    """Replace the vendored document by the facts of `source` (a path or a URL); report what changed.

    `content` is what is there, if it has been fetched already.
    """
    from codegen.diff.renderers import markdown  # noqa: PLC0415  (the comparison imports this module)
    from codegen.diff.report import report_taken  # noqa: PLC0415
    from codegen.generate import attempt  # noqa: PLC0415  (it needs openapi-python-client)

    decisions = load_decisions()
    found = read(source, decisions, content)
    _raise_refusals(found, decisions)
    old = _vendored()
    taken = (
        take_up(found.document, old, version.__version__, decisions, found.report) if old else None
    )
    document = taken.document if taken else found.document
    attempt(document, found.report, decisions)
    changes = (
        markdown(report_taken("old", "new", taken, decisions)).rstrip("\n")
        if taken
        else f"imported {sum(1 for _ in operations(document))} operations"
    )
    text = dump(document).encode()
    before = VENDORED.read_bytes() if VENDORED.is_file() else b""
    result = "\n".join([changes, *_notes(found.report)])
    if before != text or _vendored_from() != found.sha256:
        provenance = {
            "source_sha256": found.sha256,
            "facts_sha256": hashlib.sha256(text).hexdigest(),
            "generator": installed("portone-async"),
            "openapi_python_client": PARSER_VERSION,
            "imported_on": datetime.now(UTC).date().isoformat(),
        }
        _write(VENDORED, text)
        _write(PROVENANCE, dump(provenance).encode())
    return result


def read(source: str, decisions: Decisions | None = None, content: bytes | None = None) -> Facts:
    """The facts of a document at a path or a URL, published or vendored; refusals are in its report.

    `content` is what is there, if it has been fetched already.

    Raises `CodegenError` where there is nothing to compare: no document, or not one of OpenAPI 3.
    """
    content = fetch(source) if content is None else content
    report = Report()
    document = _facts_of(source, parse_json(source, content), report, decisions)
    return Facts(document, report, hashlib.sha256(content).hexdigest())


def load(source: str, decisions: Decisions | None = None, content: bytes | None = None) -> Json:
    """The facts of a document at a path or a URL; an error names everything that is refused."""
    found = read(source, decisions, content)
    _raise_refusals(found, decisions or Decisions())
    return found.document


def _raise_refusals(found: Facts, decisions: Decisions) -> None:
    """If anything is refused, raise it, and what the generator refuses of the rest: so one run names everything."""
    if found.report.refusals:
        from codegen.generate import render  # noqa: PLC0415  (it needs openapi-python-client)

        render(found.document, found.report, decisions)
        found.report.raise_refusals()


def _facts_of(
    source: str, published: Json, report: Report, decisions: Decisions | None = None
) -> Json:
    try:
        document = normalise(published, report, decisions)
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise CodegenError(f"{source} is nested too deeply") from None
    except UnicodeEncodeError as error:
        raise CodegenError(f"{source} contains an unpaired surrogate: {error.reason}") from None
    return document


def _vendored() -> Json | None:
    """The vendored document; nothing if there is none, or a merge broke it."""
    try:
        document = parse_json(VENDORED.name, VENDORED.read_bytes())
        _facts_of(VENDORED.name, document, Report())
    except (OSError, CodegenError):
        return None
    return document


def _notes(report: Report) -> list[str]:
    lines = report.lines()
    return ["", "## To know", "", *(f"- {line}" for line in lines)] if lines else []


def _vendored_from() -> str | None:
    """The hash of the last source that was imported."""
    try:
        return parse_json(PROVENANCE.name, PROVENANCE.read_bytes()).get("source_sha256")
    except (OSError, CodegenError):
        return None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.atomic_write(path) as file:
            file.write(content)
    except OSError as error:
        raise CodegenError(f"{path} cannot be written: {error.strerror}") from None
