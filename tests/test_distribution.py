"""The wheel and the source distribution, as somebody installs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import httpx
import pytest

import portone_emulator
from portone_async import __version__

ROOT = Path(__file__).parents[1]
BASE = ["anyio", "attrs", "cattrs", "httpx", "orjson", "sniffio"]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK's and the emulator's distributions, each wheel built from its source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    for project in (ROOT, ROOT / "emulator"):
        subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, project],
            check=True,
            capture_output=True,
            timeout=120,
        )
    return folder


def wheel(dist: Path, name: str) -> Path:
    return dist / f"{name}-{__version__}-py3-none-any.whl"


def files_in(package: Path) -> set[str]:
    return {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def pip_install(python: Path, *arguments: str | Path) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    subprocess.run([*command, *arguments], check=True, timeout=300)


@pytest.mark.parametrize(
    ("package", "added"),
    [
        (ROOT / "portone_async", set[str]()),
        (ROOT / "emulator" / "portone_emulator", {"portone_emulator/document/portone-v2.json"}),
    ],
)
def test_a_wheel_holds_its_package_and_nothing_else(
    dist: Path, package: Path, added: set[str]
) -> None:
    names = set(zipfile.ZipFile(wheel(dist, package.name)).namelist())
    assert {name.split("/")[0] for name in names} == {
        package.name,
        f"{package.name}-{__version__}.dist-info",
    }
    packaged = {name for name in names if name.startswith(f"{package.name}/")}
    assert packaged == files_in(package) | added


def test_both_distributions_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert portone_emulator.__version__ == __version__
    assert project["optional-dependencies"]["emulator"] == [f"portone-emulator=={__version__}"]


def test_the_emulator_runs_without_the_sdk(dist: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    programs = tmp_path / "venv" / "bin"
    pip_install(programs / "python", wheel(dist, "portone_emulator"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    missing = subprocess.run(
        [programs / "python", "-c", "import portone_async"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    assert "No module named 'portone_async'" in missing.stderr
    command = [programs / "portone-emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        url = running.stdout.readline().split()[-1]
        headers = {"Authorization": "PortOne emulator-secret"}
        response = httpx.get(f"{url}/payments/order20261130001", headers=headers, trust_env=False)
        running.terminate()
    assert response.json()["type"] == "PAYMENT_NOT_FOUND"


def test_the_source_distribution_has_what_the_readme_speaks_of(dist: Path) -> None:
    top = f"portone_async-{__version__}/"
    with tarfile.open(dist / f"portone_async-{__version__}.tar.gz") as archive:
        names = {name.removeprefix(top) for name in archive.getnames()}
    assert {
        "README.md",
        "README.ko.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "constraints.txt",
        "requirements-dev.txt",
        "noxfile.py",
        "openapi/portone-v2.json",
        "codegen/__main__.py",
        "docs/architecture.md",
        "examples/demo.py",
    } <= names


def test_it_installs_in_a_clean_environment_with_its_base_dependencies(
    dist: Path, tmp_path: Path
) -> None:
    """A payment is read by the wheel, with nothing installed but what it declares."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip_install(python, wheel(dist, "portone_async"))
    (tmp_path / "program.py").write_text(
        "import anyio, httpx\n"
        "from portone_async import PortOne\n"
        "answer = httpx.MockTransport(lambda _: httpx.Response(200, json={'status': 'PAID', 'id': 'a'}))\n"
        "async def main():\n"
        "    async with httpx.AsyncClient(transport=answer) as client:\n"
        "        payment = await PortOne('x', http_client=client).payment.get_payment('a')\n"
        "        print(type(payment).__name__, payment.id)\n"
        "anyio.run(main)\n"
    )
    ran = subprocess.run(
        [python, "-W", "error", tmp_path / "program.py"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert ran.stdout == "PaidPayment a\n"
    listed = subprocess.run(
        [python, "-m", "pip", "show", "portone-async"], check=True, capture_output=True, text=True
    )
    requires = next(line for line in listed.stdout.splitlines() if line.startswith("Requires:"))
    assert requires.removeprefix("Requires: ").split(", ") == BASE

    # README's first program, in a folder with nothing else, after its command.
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "first.py").write_text(code[1], encoding="utf-8")
    pip_install(
        python, wheel(dist, "portone_emulator"), f"{wheel(dist, 'portone_async')}[emulator]"
    )
    ran = subprocess.run(
        [python, "-W", "error", "first.py"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path / "shop",
        timeout=60,
    )
    assert ran.stdout == "10,000 of 30,000 KRW refunded\n"
