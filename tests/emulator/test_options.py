"""The options of `portone-emulator`, as arguments and as environment variables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portone_emulator import __version__
from portone_emulator.options import OPTIONS, parse

SECRET = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXNob3A="
VALUES: dict[str, tuple[str, Any]] = {
    "--port": ("0", 0),
    "--host": ("::1", "::1"),
    "--allow-host": ("emulator", ["emulator"]),
    "--shop-origin": ("https://shop.example", ["https://shop.example"]),
    "--secret": ("sesame", "sesame"),
    "--store-id": ("store-1", "store-1"),
    "--sub-store": ("store-2", ["store-2"]),
    "--any-store": ("1", True),
    "--channel": ("channel-key-1=KCP_V2", [("channel-key-1", "KCP_V2")]),
    "--webhook-url": ("http://127.0.0.1:9/hook", "http://127.0.0.1:9/hook"),
    "--webhook-secret": (SECRET, SECRET),
    "--webhook-version": ("2024-01-01", "2024-01-01"),
    "--webhook-format": ("form", "form"),
    "--start-at": ("2026-11-30T09:00:00+09:00", datetime(2026, 11, 30, tzinfo=UTC)),
    "--seed": ("7", 7),
    "--otp": ("123456", "123456"),
    "--seed-file": ("seed.yaml", Path("seed.yaml")),
    "--journal": ("state.db", Path("state.db")),
    "--state-file": ("state.json", Path("state.json")),
}
BY_NAME = {option.name: option for option in OPTIONS}


def value(options: Any, name: str) -> Any:
    return getattr(options, name.removeprefix("--").replace("-", "_"))


@pytest.mark.parametrize("name", BY_NAME)
def test_each_option_is_an_argument_and_a_variable(name: str) -> None:
    text, expected = VALUES[name]
    option = BY_NAME[name]
    arguments = [name] if option.kind == "switch" else [name, text]
    assert value(parse([], {}), name) != expected
    assert value(parse(arguments, {}), name) == expected
    assert value(parse([], {option.variable: text}), name) == expected


def test_arguments_override_variables_and_repeatable_ones_add_up() -> None:
    environ = {"PORTONE_EMULATOR_PORT": "1", "PORTONE_EMULATOR_ALLOW_HOST": "a, b,"}
    options = parse(["--port", "2", "--allow-host", "c"], environ)
    assert options.port == 2
    assert options.allow_host == ["a", "b", "c"]
    assert parse([], environ).allow_host == ["a", "b"]


@pytest.mark.parametrize("text", ["", " ", "tcp://10.0.0.1:8000"])
def test_empty_variables_and_those_of_kubernetes_count_as_not_set(text: str) -> None:
    assert parse([], {"PORTONE_EMULATOR_PORT": text}).port == 8000


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("0", False), ("False", False)])
def test_switches(text: str, expected: bool) -> None:
    assert parse([], {"PORTONE_EMULATOR_ANY_STORE": text}).any_store is expected


def test_state_is_in_one_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--journal", "state.db"], {"PORTONE_EMULATOR_STATE_FILE": "state.json"})
    assert "argument --journal: not allowed with --state-file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("PORTONE_EMULATOR_PORT", "http", "PORTONE_EMULATOR_PORT: must be from 0 to 65535"),
        ("PORTONE_EMULATOR_ANY_STORE", "maybe", "PORTONE_EMULATOR_ANY_STORE: must be 1 or 0"),
        ("PORTONE_EMULATOR_SEED", "x", "PORTONE_EMULATOR_SEED: invalid int value"),
        ("PORTONE_EMULATOR_WEBHOOK_SECRET", "sesame", "PORTONE_EMULATOR_WEBHOOK_SECRET: a webhook"),
    ],
)
def test_a_wrong_variable_is_named(
    variable: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse([], {variable: text})
    stderr = capsys.readouterr().err
    assert message in stderr
    assert "sesame" not in stderr


@pytest.mark.parametrize("name", [name for name, each in BY_NAME.items() if each.kind != "switch"])
def test_an_empty_argument_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([name, " "], {})
    assert f"argument {name}: must not be empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--secret", "비밀"], "argument --secret: must be ASCII"),
        (["--secret", "two words"], "argument --secret: must be ASCII without spaces"),
        (["--shop-origin", "shop.example"], "argument --shop-origin: must be an origin"),
        (["--shop-origin", "https://shop.example/checkout"], "--shop-origin: must be an origin"),
    ],
)
def test_a_value_that_could_never_match_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(arguments, {})
    assert message in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["--version"], {})
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"portone-emulator {__version__}\n"
