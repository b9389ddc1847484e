import shutil
from pathlib import Path

import pytest
from codegen_documents import Outcome, Vendored

from codegen import __main__, importer
from codegen.document import PROVENANCE, ROOT, VENDORED


@pytest.fixture
def vendored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Vendored:
    """A copy of the repository's document: `run` imports into the copy."""
    folder = tmp_path / "openapi"
    folder.mkdir()
    for name, path in (("VENDORED", VENDORED), ("PROVENANCE", PROVENANCE)):
        shutil.copy(path, folder / path.name)
        monkeypatch.setattr(importer, name, folder / path.name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def run(*arguments: object) -> Outcome:
        status = __main__.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Outcome(status, printed.out, printed.err)

    return Vendored(folder / VENDORED.name, folder / PROVENANCE.name, run)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes, to run its commands in."""
    folder = tmp_path / "tree"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("codegen", "openapi", "portone_async"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder
