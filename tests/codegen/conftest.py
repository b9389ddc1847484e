import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from codegen import __main__, importer
from codegen.document import PROVENANCE, ROOT, VENDORED


class Outcome(NamedTuple):
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


@pytest.fixture
def vendored(tmp_path, monkeypatch, capsys):
    """The repository's document, copied: `run` imports into the copy."""
    folder = tmp_path / "openapi"
    folder.mkdir()
    for name, path in (("VENDORED", VENDORED), ("PROVENANCE", PROVENANCE)):
        shutil.copy(path, folder / path.name)
        monkeypatch.setattr(importer, name, folder / path.name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def run(*arguments: object) -> Outcome:
        status = __main__.main([str(argument) for argument in arguments])
        return Outcome(status, *capsys.readouterr())

    return Vendored(folder / VENDORED.name, folder / PROVENANCE.name, run)


@pytest.fixture
def tree(tmp_path):
    """A copy of what the generator reads and writes, to run its commands in."""
    folder = tmp_path / "tree"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("codegen", "openapi", "portone_async"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder
