"""`python -m codegen update`: take up a new document of PortOne's, from the download to a draft of the changelog.

Nothing is written before the whole way has been tried: a document that the importer or the generator refuses, or an
operation without a namespace, leaves everything as it was.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from codegen import coverage
from codegen.decisions import load_decisions
from codegen.diff import renderers
from codegen.diff.report import Report, report_update
from codegen.diff.sources import VENDORED, Source, label, read
from codegen.document import OPENAPI, ROOT, CodegenError, operations
from codegen.generate import check, generate, load_namespaces, render, write
from codegen.importer import fetch, import_document, load
from codegen.model import Api
from codegen.parse import parse
from codegen.placing import Proposal, propose
from codegen.prose import Prose, load_prose
from codegen.report import Report as Notes
from codegen.webhooks import load_webhooks, with_webhooks

PUBLISHED: Final = "https://developers.portone.io/api/schema/v2/openapi.json"
"""Where PortOne publishes its V2 document."""
NAMESPACES: Final = OPENAPI / "namespaces.toml"
CHANGELOG: Final = ROOT / "CHANGELOG.md"

NAMESPACE: Final = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")


Confirm = Callable[[list[Proposal]], dict[str, str]]
"""Says where each new operation goes, or raises an error."""


def update(source: str = PUBLISHED, *, confirm: Confirm) -> str:
    """Import, place new operations, generate, and draft the changelog; report what is left to do."""
    with tempfile.TemporaryDirectory() as folder:
        # The document is downloaded once, so that what is tried is what is imported.
        content = fetch(source)
        decisions, notes = load_decisions(), Notes()
        old, new = read(VENDORED), Source(label(source), load(source, decisions, content))
        refused = Notes()
        render(new.document, refused, decisions)
        refused.raise_refusals()
        chosen = confirm(propose(new.document, _categories(content), load_namespaces()))
        text = placed(NAMESPACES.read_text(encoding="utf-8"), chosen)
        namespaces = tomllib.loads(text)
        report, document = report_update(old, new, decisions, namespaces, notes)
        if document == old.document:
            return f"{new.label} has nothing new"
        api, prose = write(document, Path(folder) / "tried", namespaces)
        NAMESPACES.write_text(text, encoding="utf-8")
        import_document(source, content)
    lines = [report.verdict, *(f"placed {name} in {space}" for name, space in chosen.items())]
    lines += notes.lines()
    lines.append(generate())
    _draft(report)
    lines.append(
        "a draft is in CHANGELOG.md: put it into words, under the version that will have it"
    )
    before = parse(with_webhooks(old.document, load_webhooks()), None, decisions)
    lines += _without_words(before, api, prose, "en")
    lines += _without_words(before, api, load_prose(OPENAPI / "prose" / "ko"), "ko")
    try:
        lines.append(check())
    except CodegenError as error:
        lines += [f"left to do: {line}" for line in error.lines]
    return "\n".join(lines)


def _without_words(old: Api, new: Api, prose: Prose, language: str) -> list[str]:
    """What is new and has no words in a language yet, a line for each kind."""
    open_enums = coverage.load_limits().open_enums
    before, found = (coverage.find(api, prose, language, open_enums) for api in (old, new))
    return [
        f"new, without words ({language}): {kind} {', '.join(names)}"
        for kind, facts in found.items()
        if (names := [name for name in facts.missing if name not in before[kind].missing])
    ]


# --- namespaces ---


def placed(text: str, chosen: Mapping[str, str]) -> str:
    """`namespaces.toml` with these operations added, each in the order of its namespace."""
    for name, space in sorted(chosen.items()):
        section = re.search(
            rf'^"{re.escape(space)}" = \[\n(.*?)^\]', text, re.MULTILINE | re.DOTALL
        )
        line = f'  "{name}",\n'
        if section is None:
            text += f'\n"{space}" = [\n{line}]\n'
        else:
            lines = sorted([*section[1].splitlines(keepends=True), line])
            text = text[: section.start(1)] + "".join(lines) + text[section.end(1) :]
    return text


def as_proposed(proposals: list[Proposal]) -> dict[str, str]:
    """Take every proposal, if there is one for every operation."""
    missing = [str(p) for p in proposals if not p.namespace]
    if missing:
        raise CodegenError(f"place in openapi/namespaces.toml first: {', '.join(missing)}")
    return {p.id: p.namespace for p in proposals}


def in_terminal(proposals: list[Proposal]) -> dict[str, str]:
    """Ask whoever runs the command about each proposal."""
    if proposals and not sys.stdin.isatty():
        listed = "; ".join(f"{p} in {p.namespace or '?'}" for p in proposals)
        raise CodegenError(f"confirm in a terminal, or with --yes: {listed}")
    return {p.id: _answer(p) for p in proposals}


def _answer(proposal: Proposal) -> str:
    while True:
        try:
            answer = input(f"{proposal} goes into [{proposal.namespace}]: ")
        except EOFError:
            raise CodegenError("no answer, so nothing has changed") from None
        answer = answer.strip() or proposal.namespace
        if NAMESPACE.fullmatch(answer):
            return answer
        print("That is not a namespace: `payment.billing_key` is one.")


def _categories(content: bytes) -> dict[str, str]:
    """PortOne's category of each operation, which the importer drops."""
    source: Any = json.loads(content)
    return {
        operation.get("operationId", ""): str(operation.get("x-portone-category", ""))
        for _, _, operation in operations(source)
    }


# --- the changelog ---


def _draft(report: Report) -> None:
    text = CHANGELOG.read_text(encoding="utf-8")
    title, _, rest = text.partition("\n")
    heading = f"## Draft: PortOne's document of {datetime.now(UTC).date().isoformat()}"
    draft = renderers.changelog(report).strip()
    CHANGELOG.write_text(f"{title}\n\n{heading}\n\n{draft}\n{rest}", encoding="utf-8")
