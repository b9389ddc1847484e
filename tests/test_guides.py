"""What docs/facts.md and docs/bulk.md say, in both languages, and where the links of all documents lead."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portone_async import PortOne, UnknownVariant
from portone_emulator import Emulator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
"""Written when the site is built: not in the repository."""
PAYMENT = "order20261130001"
languages = pytest.mark.parametrize("language", ["", ".ko"])


def blocks(document: str) -> Iterator[dict[str, Any]]:
    """Run the blocks of a guide, each by itself, and return the names that it defines."""
    text = (DOCS / document).read_text(encoding="utf-8")
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        found: dict[str, Any] = {"__name__": "guide"}
        exec(compile(code, document, "exec"), found)  # noqa: S102  (our own documents)
        yield found


def names(document: str) -> dict[str, Any]:
    """Run the blocks of a guide, and return the names that they define."""
    return dict(ChainMap(*reversed([*blocks(document)])))


@languages
@pytest.mark.anyio
async def test_yesterday_in_seoul_is_a_korean_day(language: str) -> None:
    facts = names(f"facts{language}.md")
    before = datetime(2026, 11, 28, 14, 59, 59, tzinfo=UTC)  # 23:59:59 in Seoul
    emulator = Emulator(start_at=before)
    async with emulator, PortOne(emulator.secret, base_url=emulator.url) as portone:
        emulator.checkout("the28th", amount=1_000)
        emulator.advance(seconds=2)
        emulator.checkout("early29th", amount=1_000)
        emulator.checkout("failed29th", "failed", amount=1_000)
        emulator.advance(hours=23, minutes=59)
        emulator.checkout("late29th", amount=1_000)
        emulator.advance(minutes=2)
        emulator.checkout("the30th", amount=1_000)

        now = emulator.now
        paid = await facts["paid_yesterday"](portone, now)
        assert {payment.id for payment in paid} == {"early29th", "late29th"}
    start, end = facts["yesterday_in_seoul"](now)
    assert (start.isoformat(), end.isoformat()) == (
        "2026-11-29T00:00:00+09:00",
        "2026-11-30T00:00:00+09:00",
    )


@languages
@pytest.mark.anyio
async def test_calls_lists_and_lookups_of_the_guide(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bulk = names(f"bulk{language}.md")
    emulator = Emulator(start_at=datetime(2026, 11, 30, tzinfo=UTC))
    async with emulator, PortOne(emulator.secret, base_url=emulator.url) as portone:
        emulator.checkout(PAYMENT, amount=1_000)
        await bulk["calls"](portone)
        capsys.readouterr()

        await bulk["lists"](portone)
        assert PAYMENT in capsys.readouterr().out

        (tmp_path / "ids.txt").write_text(f"{PAYMENT}\norder20261130404\n", encoding="utf-8")
        assert await bulk["look_up"](portone, str(tmp_path / "ids.txt")) == 1
        assert PAYMENT in capsys.readouterr().out

        billing_key = emulator.issue_billing_key(customer={"id": "customer1"}).billing_key
        for _ in range(2):
            await bulk["charge"](portone, "subscription202611", billing_key, 9_900)
        assert emulator.payments["subscription202611"]["amount"]["paid"] == 9_900

        payment = await portone.payment.get_payment(PAYMENT)
        assert bulk["load"](bulk["save"](payment)) == payment
        new = UnknownVariant("FROZEN", {"status": "FROZEN", "id": PAYMENT})
        assert bulk["load"](bulk["save"](new)) == new


@languages
def test_the_commands_of_the_guide_exist(language: str) -> None:
    typer = pytest.importorskip("typer")
    from portone_async.cli.app import app  # noqa: PLC0415

    text = (DOCS / f"bulk{language}.md").read_text(encoding="utf-8")
    commands = typer.main.get_command(app).commands
    found = re.findall(r"^\$ portone-async (\w+)(.*)$", text, re.MULTILINE)
    assert {name for name, _ in found} == set(commands)
    for name, rest in found:
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r" (-[-\w]+)", rest)) <= known


@languages
def test_every_payment_id_of_the_documents_is_one_that_the_strictest_take(language: str) -> None:
    """Letters and digits, 40 at most."""
    pages = [ROOT / f"README{language}.md", *DOCS.glob(f"[a-z]*{language}.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"\border[-_]\d[\w-]*", text), page
        for payment_id in re.findall(r"\border\d\w*", text):
            assert len(payment_id) <= 40


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    code = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def documents() -> list[Path]:
    found = {*ROOT.glob("*.md"), *DOCS.rglob("*.md")}
    return sorted(page for page in found if not page.is_relative_to(REFERENCE))


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_a_file_of_the_repository_and_a_heading(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not target.is_relative_to(REFERENCE), link
        assert not anchor or anchor in anchors(target), link


def shape(page: Path) -> tuple[list[str], list[str], int]:
    """The code of a page without its words, the levels of its headings, and how many rows its tables have."""
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return (
        [re.sub(r'#.*|""".*?"""|\s', "", block) for block in code],
        re.findall(r"^#+ ", prose, re.MULTILINE),
        prose.count("\n|"),
    )


# The first page of a site is no guide, and its program prints in the reader's language.
@pytest.mark.parametrize(
    "korean", sorted({*DOCS.glob("*.ko.md")} - {DOCS / "index.ko.md"}), ids=lambda page: page.name
)
def test_both_languages_have_the_same_content(korean: Path) -> None:
    assert shape(korean) == shape(korean.with_name(korean.name.replace(".ko.md", ".md")))
