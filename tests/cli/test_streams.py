"""stdin, stdout and stderr in any encoding, and closed at any time."""

from __future__ import annotations

import os
from functools import partial

import orjson
import pytest

from .conftest import PATIENCE, PortOne, Shell

ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp949": {"PYTHONIOENCODING": "cp949"},
    "C locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("environment", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_data_is_utf_8_whatever_the_locale(
    portone: PortOne, shell: Shell, environment: dict[str, str]
) -> None:
    portone.checkout("order-1", amount=1_000, order_name="라면 🍜")
    shell.environment |= environment
    path = shell.folder / "payment.json"
    with path.open("wb") as file, shell.start("get", "order-1", stdout=file) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    assert "라면 🍜".encode() in path.read_bytes()
    assert orjson.loads(path.read_bytes()) == portone.payments["order-1"]


@pytest.mark.parametrize("environment", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_messages_are_escaped_where_the_locale_has_no_such_characters(
    portone: PortOne, shell: Shell, environment: dict[str, str]
) -> None:
    portone.sell(1)
    shell.environment |= environment
    with shell.start("lookup", "-", "-o", "🍜.csv", stdin=-1) as process:
        out, err = process.communicate(b"order-0", timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    assert b"PAID" in out
    assert len(shell.lines("🍜.jsonl")) == 1


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_a_stream_that_is_closed_from_the_start_is_no_problem(
    portone: PortOne, shell: Shell, descriptor: int
) -> None:
    """uvloop would abort the process, and messages would be written into the journal."""
    ids = portone.sell(3)
    shell.write("ids", [*ids, "unknown"])
    for arguments, expected in ((("get", "order-0"), 0), (("lookup", "ids", "-o", "out.csv"), 1)):
        with shell.start(*arguments, preexec_fn=partial(os.close, descriptor)) as process:
            out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == expected
        assert b"Traceback" not in out + err
    assert sorted(line["id"] for line in shell.lines("out.jsonl")) == ids


def test_a_reader_that_goes_away_does_not_change_the_result_of_a_lookup(
    portone: PortOne, shell: Shell
) -> None:
    ids = portone.sell(3)
    shell.write("ids", ids)
    with shell.start("lookup", "ids", "-o", "out.csv") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert (shell.folder / "out.csv").read_text(encoding="utf-8-sig").count("\n") == 4
