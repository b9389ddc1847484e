"""The container's files, as far as they can be tested without a builder of images."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from portone_emulator import Emulator
from portone_emulator.options import OPTIONS, parse

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "emulator" / "Dockerfile").read_text("utf-8").replace("\\\n", "")
VARIABLES = {option.variable for option in OPTIONS}


def instructions(name: str) -> list[str]:
    return re.findall(rf"^ *{name} +(.*)$", DOCKERFILE, re.MULTILINE)


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "emulator" / "compose.yaml").read_text("utf-8"))
    [service] = compose["services"].values()
    return service


def without_interpolation(environment: dict[str, str]) -> dict[str, str]:
    """The values if no variable of the host is set."""
    return {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in environment.items()
    }


def of_the_image() -> dict[str, str]:
    return dict(each.split("=", 1) for line in instructions("ENV") for each in line.split())


def check_variables(environment: dict[str, str]) -> None:
    assert {name for name in environment if name.startswith("PORTONE_")} <= VARIABLES


def test_the_image_starts_with_options_that_exist() -> None:
    program, *arguments = json.loads(instructions("ENTRYPOINT")[0])
    assert program == "portone-emulator"
    check_variables(of_the_image())
    options = parse(arguments, of_the_image())
    assert options.host == "0.0.0.0"  # noqa: S104
    assert options.allow_host == ["localhost", "127.0.0.1"]
    assert str(options.port) in instructions("EXPOSE")


def test_compose_starts_with_options_that_exist(service: dict[str, Any]) -> None:
    environment = without_interpolation(service["environment"])
    check_variables(environment)
    entrypoint = json.loads(instructions("ENTRYPOINT")[0])[1:]
    options = parse([*entrypoint, *service["command"]], of_the_image() | environment)
    assert "portone" in options.allow_host
    Emulator(webhook_url=options.webhook_url, webhook_secret=options.webhook_secret)
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in service["volumes"]}
    assert (ROOT / "emulator" / mounted[str(options.seed_file)]).is_file()
    assert str(options.journal.parent) in mounted


def test_nothing_runs_as_root() -> None:
    *_, after = DOCKERFILE.split("\nFROM ")
    user = re.search(r"^USER (\w+)$", after, re.MULTILINE)
    assert user is not None
    assert user[1] != "root"
    assert after.index("ENTRYPOINT") > user.start()
    assert f"--owner {user[1]} /state" in after


def test_health_is_checked_by_a_program_that_works(service: dict[str, Any]) -> None:
    check = re.search(r"CMD (\[.*\])", instructions("HEALTHCHECK")[0])
    assert check is not None
    command = json.loads(check[1])
    assert service["healthcheck"]["test"] == ["CMD", *command]
    assert command[:2] == ["python", "-c"]
    with Emulator() as emulator:
        program = command[2].replace("http://127.0.0.1:8000", emulator.url)
        assert program != command[2]
        healthy = subprocess.run([sys.executable, "-c", program], check=False, timeout=30)
    gone = subprocess.run(
        [sys.executable, "-c", program], check=False, timeout=30, capture_output=True
    )
    assert (healthy.returncode, gone.returncode) == (0, 1)


def test_what_the_image_copies_is_enough_to_build_it(tmp_path: Path) -> None:
    for line in instructions("COPY"):
        if line.startswith("--from"):
            continue
        *sources, target = line.split()
        for source in sources:
            to = (
                tmp_path
                / target
                / ("" if target.endswith(Path(source).name) else Path(source).name)
            )
            to.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copyfile
            copy(ROOT / source, to)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", tmp_path / "emulator"]
    subprocess.run([*command, "--outdir", tmp_path], check=True, capture_output=True, timeout=120)
    [wheel] = tmp_path.glob("*.whl")
    assert "portone_emulator/document/portone-v2.json" in zipfile.ZipFile(wheel).namelist()


def test_a_build_without_the_document_is_refused(tmp_path: Path) -> None:
    shutil.copy(ROOT / "emulator" / "hatch_build.py", tmp_path)
    load = "import sys; from hatch_build import DocumentHook as Hook"
    build = "Hook(sys.argv[1], {}, None, None, '', 'wheel').initialize('standard', {})"
    command = [sys.executable, "-c", f"{load}; {build}", tmp_path / "emulator"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "portone-v2.json is missing: build from a clone" in done.stderr


def test_the_seed_of_the_example_fits() -> None:
    emulator = Emulator()
    emulator.seed(ROOT / "emulator" / "examples" / "seed.yaml")
    statuses = {payment["status"] for payment in emulator.payments.values()}
    assert statuses == {"PARTIAL_CANCELLED", "VIRTUAL_ACCOUNT_ISSUED", "FAILED"}
