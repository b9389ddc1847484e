"""The two documents: at a path, at a URL, or the vendored one."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import PurePath
from typing import Final
from urllib.parse import urlsplit

from attrs import define

from codegen.decisions import Decisions
from codegen.document import CodegenError, Json, load_vendored, operations
from codegen.importer import load

VENDORED: Final = "vendored"
"""What stands for the document in `openapi/`."""


@define(frozen=True)
class Source:
    """An imported document, and what to call it."""

    label: str
    document: Json

    @cached_property
    def digest(self) -> str:
        """Of its facts: PortOne's own version number has stood still for years."""
        text = json.dumps(self.document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def operations(self) -> int:
        """How many operations it has."""
        return sum(1 for _ in operations(self.document))

    @property
    def schemas(self) -> int:
        """How many schemas its operations reach."""
        return len(self.document["components"]["schemas"])


def read(source: str, decisions: Decisions | None = None) -> Source:
    """Import a document; an error says which one cannot be compared, and why."""
    try:
        document = load_vendored() if source == VENDORED else load(source, decisions)
    except CodegenError as error:
        name = label(source)
        raise CodegenError(str(error) if name in str(error) else f"{name}: {error}") from None
    return Source(label(source), document)


def label(source: str) -> str:
    """A name without what is of no concern to a reader: the folder, or a URL's query."""
    if source == VENDORED:
        return "openapi/portone-v2.json"
    if "://" in source:
        try:
            url = urlsplit(source)
        except ValueError:
            return source
        return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    return PurePath(source).name
