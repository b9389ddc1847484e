"""What docs/moving.md, errors.md and testing.md say is so."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portone_async import PortOne, errors
from portone_async.emulator import Emulator

pytestmark = pytest.mark.anyio
DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = ["", ".ko"]
GUIDES = [
    f"{name}{language}.md" for name in ("moving", "errors", "testing") for language in LANGUAGES
]
CALL = r"`client\.([a-z0-9_.]+)_async\((.*?)\)`.*?portone\.([a-z0-9_.]+)\("


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def run(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for code in re.findall(r"```python\n(.*?)```", text(name), re.DOTALL):
        names: dict[str, Any] = {"__name__": "guide"}
        exec(compile(code, name, "exec"), names)
        found.append(names)
    return found


def named(found: list[dict[str, Any]], name: str) -> Any:
    return next(names[name] for names in found if name in names)


def official(client: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    for name in dir(client):
        value = None if name.startswith("_") else getattr(client, name)
        if inspect.ismethod(value) and name.endswith("_async"):
            yield place + name.removesuffix("_async"), value
        elif type(value).__module__.startswith("portone_server_sdk"):
            yield from official(value, f"{place}{name}.")


def ours(place: str) -> Any:
    value: Any = PortOne("secret")
    for name in place.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_names_calls_that_there_are(language: str) -> None:
    sdk = pytest.importorskip("portone_server_sdk")
    theirs = dict(official(sdk.PortOneClient(secret="secret")))
    rows = re.findall(CALL, text(f"moving{language}.md"))
    assert len(rows) == 21
    for place, arguments, replacement in rows:
        known = inspect.signature(theirs[place]).parameters
        assert set(re.findall(r"(\w+)=", arguments)) <= set(known)
        assert replacement in {place, place.replace(".get_", ".iter_")}
        ours(replacement)


def test_every_call_of_the_official_sdk_has_its_place_and_arguments_here() -> None:
    sdk = pytest.importorskip("portone_server_sdk")
    renamed = set()
    theirs = dict(official(sdk.PortOneClient(secret="secret")))
    for place, call in theirs.items():
        missing = set(inspect.signature(call).parameters) - set(
            inspect.signature(ours(place)).parameters
        )
        if "options" in inspect.signature(call).parameters:
            assert "options_" in inspect.signature(ours(place)).parameters
            renamed.add(place.rpartition(".")[2])
        assert missing <= {"options"}, place
    assert renamed == {"create_b2b_counterparty", "update_b2b_counterparty"}
    for language in LANGUAGES:
        assert f"{len(theirs)}" in text(f"moving{language}.md")
        assert all(f"`{name}`" in text(f"moving{language}.md") for name in renamed)


def test_every_model_and_error_of_the_official_sdk_is_here_by_its_name() -> None:
    sdk_errors = pytest.importorskip("portone_server_sdk.errors")
    names = {name for name in sdk_errors.__all__ if name.endswith("Error")} - {
        "PortOneError",
        "UnknownError",
    }
    assert {name for name in names if not hasattr(errors, name)} == set()


@pytest.mark.parametrize("name", GUIDES)
async def test_the_guides_code_runs(name: str) -> None:
    for names in run(name):
        for test in [value for key, value in names.items() if key.startswith("test_")]:
            await test()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_errors_are_what_the_guide_takes_them_for(language: str) -> None:
    give_back = named(run(f"errors{language}.md"), "give_back")
    send_refund = named(run(f"errors{language}.md"), "send_refund")
    refund = {
        "id": "refund-of-order-1-line-2",
        "order_id": "order-1",
        "amount": 400,
        "before": 1_000,
    }
    async with (
        Emulator() as emulator,
        PortOne(emulator.secret, base_url=emulator.url, max_retries=0) as portone,
    ):
        emulator.checkout("order-1", amount=1_000)
        emulator.fault("cancelPayment", "reset_after")
        with pytest.raises(errors.APIConnectionError):
            await send_refund(portone, refund)
        await send_refund(portone, refund)
        emulator.advance(hours=4)
        with pytest.raises(errors.CancellableAmountConsistencyBrokenError):
            await send_refund(portone, refund)
        assert emulator.payments["order-1"]["amount"]["cancelled"] == 400

        emulator.refuse("cancelPayment", "PG_PROVIDER", pgCode="X", pgMessage="no")
        assert await give_back(portone, "order-1", 100) == "declined: X"
        assert (
            await give_back(portone, "order-1", 601)
            == "not now: CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT"
        )
        emulator.fault("cancelPayment", "reset_before")
        assert await give_back(portone, "order-1", 100) == "unknown"
        emulator.fault("cancelPayment", "503")
        assert (await give_back(portone, "order-1", 100)).startswith("not known: 503")
        assert await give_back(portone, "order-1", 600) == "done"
        assert await give_back(portone, "order-1", 1) == "nothing is left"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_paid_is_what_the_guide_takes_for_paid(language: str) -> None:
    [names] = run(f"moving{language}.md")
    async with Emulator() as emulator, PortOne(emulator.secret, base_url=emulator.url) as portone:
        assert not await names["is_paid"](portone, "order-1")
        emulator.checkout("order-1", "failed", amount=1_000)
        assert not await names["is_paid"](portone, "order-1")
        emulator.checkout("order-1", amount=1_000)
        assert await names["is_paid"](portone, "order-1")


@pytest.mark.parametrize("name", [name for name in GUIDES if ".ko" not in name])
def test_both_languages_have_the_same_code(name: str) -> None:
    def code(file: str) -> list[str]:
        blocks = re.findall(r"```python\n(.*?)```", text(file), re.DOTALL)
        return [re.sub(r'#.*|""".*?"""|\s', "", block) for block in blocks]

    assert code(name) == code(name.replace(".md", ".ko.md"))
