"""The wheel and the source distribution, as somebody installs them."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from portone_async import __version__

ROOT = Path(__file__).parents[1]
BASE = ["anyio", "attrs", "cattrs", "httpx", "orjson", "sniffio"]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both distributions, the wheel built from the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


def test_the_wheel_holds_the_package_and_nothing_else(dist: Path) -> None:
    wheel = dist / f"portone_async-{__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {
        "portone_async",
        f"portone_async-{__version__}.dist-info",
    }
    source = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "portone_async").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packaged = {name for name in names if name.startswith("portone_async/")}
    assert packaged == source | {"portone_async/emulator/portone-v2.json"}


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
    wheel = next(dist.glob("*.whl"))
    subprocess.run(
        [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--constraint",
            ROOT / "constraints.txt",
            wheel,
        ],
        check=True,
        timeout=300,
    )
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
    install = [python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    subprocess.run([*install, f"{wheel}[emulator]"], check=True, timeout=300)
    ran = subprocess.run(
        [python, "-W", "error", "first.py"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path / "shop",
        timeout=60,
    )
    assert ran.stdout == "10,000 of 30,000 KRW refunded\n"
