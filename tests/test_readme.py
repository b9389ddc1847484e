"""What README.md and README.ko.md promise: their programs run, and their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest

from portone_async import PortOne, webhooks
from portone_emulator import Emulator

ROOT = Path(__file__).parents[1]
READMES = ["README.md", "README.ko.md"]
PAYMENT = "order20261130001"
pytestmark = pytest.mark.parametrize("name", READMES)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text(name), re.DOTALL)


def names(name: str) -> dict[str, Any]:
    """The names that the blocks after the first program define."""
    found: dict[str, Any] = {"__name__": "readme"}
    for code in blocks(name)[1:]:
        exec(compile(code, name, "exec"), found)  # noqa: S102  (our own document)
    return found


def test_it_can_be_read_at_once(name: str) -> None:
    assert len(text(name).splitlines()) < 200


def test_the_first_program_runs_in_an_empty_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text(blocks(name)[0], encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-W", "error", "first.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert f"`{run.stdout.strip()}`" in text(name)


@pytest.mark.anyio
async def test_the_examples_do_what_they_say(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fastapi")
    readme = names(name)
    async with Emulator() as emulator, PortOne(emulator.secret, base_url=emulator.url) as portone:
        emulator.checkout(PAYMENT, amount=30_000)
        for _ in range(2):  # the same key: refunded once
            await readme["refund"](portone, PAYMENT, 10_000, "refund-of-order20261130001")
        assert emulator.payments[PAYMENT]["amount"]["cancelled"] == 10_000

        emulator.checkout("order20261130002", amount=1_000)
        emulator.fault("cancelPayment", "reset_before", times=3)
        unknown = await readme["cancel"](portone, "order20261130002")
        done = await readme["cancel"](portone, "order20261130002")
        again = await readme["cancel"](portone, "order20261130002")
        not_found = await readme["cancel"](portone, "order20261130404")
        assert len({unknown, done, again, not_found}) == 4

        capsys.readouterr()
        await readme["look_up"](portone, [PAYMENT, "order20261130404"])
        printed = capsys.readouterr().out
        assert f"{PAYMENT} PartialCancelledPayment" in printed
        assert "order20261130404 404 PAYMENT_NOT_FOUND" in printed
        await readme["july"](portone)

        emulator.checkout("order20261130003", amount=1_000)
        app = readme["app"]
        app.dependency_overrides[readme["portone"]] = lambda: portone
        asgi = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=asgi, base_url="http://shop.test") as http:
            response = await http.get("/orders/order20261130003")
        assert response.json() == {"payment": "PaidPayment"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"type": "Transaction.Paid", "data": {"paymentId": "order20261130001"}}', 200),
        ('{"type": "Transaction.Confirm", "data": {"paymentId": "a", "totalAmount": 1}}', 400),
        ('{"payment_id": "a", "tx_id": "b", "total_amount": 1}', 400),
        ('{"type": "Some.Day"}', 200),
    ],
)
def test_its_webhook_handler_approves_nothing(name: str, body: str, status: int) -> None:
    pytest.importorskip("fastapi")
    receive = names(name)["receive"]
    secret = "whsec_dGVzdCBzZWNyZXQgb2YgMjQgYnl0ZXMh"
    assert receive(body.encode(), webhooks.sign(body, secret), secret) == status
    other = webhooks.sign(body, "whsec_b3RoZXIgc2VjcmV0IG9mIDI0IGJ5dGVzIQ==")
    assert receive(body.encode(), other, secret) == 400


def test_its_links_are_absolute_and_lead_to_files_of_this_repository(name: str) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        home = tomllib.load(file)["project"]["urls"]["Homepage"]
    links = re.findall(r"\]\((.*?)\)", text(name))
    assert len(links) > 10
    for link in links:
        assert link.startswith("https://"), link
        if link.startswith(home):
            path = re.sub(rf"{home}/(?:blob|tree)/main/", "", link)
            assert (ROOT / path).exists(), link


def test_its_figures_are_those_of_the_benchmarks(name: str) -> None:
    found = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    [table] = re.findall(r"transport=\"direct\"\)` \|\n(.*?)\n\n", text(name), re.DOTALL)
    # Not the conditions, in the first column, nor the line below the headings.
    cells = [cell for row in table.splitlines()[1:] for cell in row.split("|")[2:]]
    figures = [figure for cell in cells for figure in re.findall(r"\d[\d.,]*", cell)]
    assert len(figures) == 15
    for figure in figures:
        assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d.,])", found), figure


def test_it_tells_how_many_operations_and_error_types_there_are(name: str) -> None:
    operations = (ROOT / "openapi" / "portone-v2.json").read_text().count('"operationId"')
    types = (ROOT / "portone_async" / "models" / "errors.py").read_text().count("\nclass ")
    assert f"{operations}" in text(name)
    assert f"{types}" in text(name)
