"""Packages from npm, installed outside the repository into a per-user cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "portone-async-tests"
OPTIONS = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]


def install(package: Path) -> Path:
    """Install what a `package.json` names, unless it is there; return the folder of `node_modules`.

    The test is skipped where that cannot be had; in CI it fails. npm works in a folder of its own that is renamed
    when it is whole, so that neither an interrupted installation nor two at once can leave half of it.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are needed, which are not installed")
    home = CACHE / f"{package.parent.name}-{hashlib.sha256(package.read_bytes()).hexdigest()[:16]}"
    if home.exists():
        return home
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as name:
        partial = Path(name, home.name)
        partial.mkdir()
        shutil.copy(package, partial)
        try:
            subprocess.run(
                [npm, "install", *OPTIONS, "--prefix", str(partial)],
                check=True,
                capture_output=True,
                text=True,
                timeout=300,
            )
        except (subprocess.SubprocessError, OSError) as error:
            said = " ".join(str(getattr(error, "stderr", "") or error).split())
            reason = f"npm could not install what {package.parent.name} needs: {said[:300]}"
            if os.environ.get("CI"):
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)
        try:
            partial.rename(home)
        except OSError:
            assert home.exists(), f"{home} is in the way: remove it"
    return home
