"""The checks, each in an environment of its own: `nox`, or `nox -s tests-3.12`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
nox.options.sessions = ["tests", "lint", "types", "generated"]
nox.options.reuse_existing_virtualenvs = True

if "PYENV_VERSION" not in os.environ and shutil.which("pyenv"):
    # pyenv's python3.12 starts only when its version is selected: select the newest of each that is there.
    listed = subprocess.run(
        ["pyenv", "versions", "--bare"],  # noqa: S607  (wherever it is)
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    newest = {v.rpartition(".")[0]: v for v in listed.split() if re.fullmatch(r"\d+\.\d+\.\d+", v)}
    os.environ["PYENV_VERSION"] = ":".join(newest[python] for python in PYTHONS if python in newest)


def install(session: nox.Session) -> None:
    """Install the package and its tools, as pinned."""
    session.install("--constraint", "constraints.txt", "--requirement", "requirements-dev.txt")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests."""
    install(session)
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
        return
    parallel = ["--numprocesses", "auto", "--dist", "worksteal"]
    session.run("python", "-m", "pytest", *parallel, "-m", "not load")
    session.run("python", "-m", "pytest", "-m", "load")


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Run ruff over everything."""
    install(session)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session(python="3.11")
def types(session: nox.Session) -> None:
    """Check the types of everything, generated code included."""
    install(session)
    session.run("basedpyright", "--pythonpath", f"{session.bin}/python")


@nox.session(python="3.11")
def generated(session: nox.Session) -> None:
    """Check that the generated code is what the generator writes."""
    install(session)
    session.run("python", "-m", "codegen", "check")


@nox.session(python="3.11")
def mutation(session: nox.Session) -> None:
    """Change the core in small ways, one at a time: the tests must fail for nine in ten of them."""
    install(session)
    session.install("mutmut==3.8.1")
    shutil.rmtree("mutants", ignore_errors=True)
    session.run("mutmut", "run")
    session.run("mutmut", "results")
    session.run("mutmut", "export-cicd-stats")
    found = json.loads(Path("mutants/mutmut-cicd-stats.json").read_text())
    killed = found["killed"] + found["timeout"]
    session.log(f"{killed} of {found['total']} were noticed")
    if killed < 0.9 * found["total"]:
        session.error("too few: `mutmut show NAME` shows one that was not")


@nox.session(python="3.11")
def audit(session: nox.Session) -> None:
    """Look for known vulnerabilities in what development and CI install; needs the package index's advisories."""
    session.install("pip-audit")
    session.run("pip-audit", "--requirement", "constraints.txt", "--no-deps", "--disable-pip")
