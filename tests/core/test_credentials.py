"""The API secret and the access token: where they come from, and that nothing shows them."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async import PortOne
from portone_async._credentials import Credentials
from portone_async.errors import InvalidArgumentError
from tests.core.conftest import SECRET
from tests.core.server import Server, answer


def test_no_secret_is_an_error_of_its_own() -> None:
    """It says where to put one."""
    with pytest.raises(InvalidArgumentError, match="PORTONE_API_SECRET"):
        PortOne()
    with pytest.raises(InvalidArgumentError, match="PORTONE_API_SECRET"):
        PortOne("")
    with pytest.raises(InvalidArgumentError, match="PORTONE_API_SECRET"):
        PortOne(access_token="")
    with pytest.raises(InvalidArgumentError, match="not both"):
        PortOne("a", access_token="b")


@pytest.mark.parametrize("secret", [b"x", 5, ["x"], object()])
def test_a_secret_is_text(secret: Any) -> None:
    """Bytes read from a file, say."""
    name = type(secret).__name__
    with pytest.raises(InvalidArgumentError, match=f"the API secret takes a str, not {name}"):
        PortOne(secret)
    with pytest.raises(InvalidArgumentError, match=f"takes a str, not {name}"):
        PortOne(access_token=secret)


@pytest.mark.parametrize("mark", ["\n", "\r\n", " ", "\t", "\x00", "é", "비밀"])
@pytest.mark.parametrize("pattern", ["{0}{1}", "{1}{0}", "mark{1}{0}er"])
def test_a_secret_that_no_header_carries_is_refused_unrepeated(mark: str, pattern: str) -> None:
    """A line feed read along from a file, say."""
    secret = pattern.format(SECRET, mark)
    for build in (PortOne, lambda token: PortOne(access_token=token)):
        with pytest.raises(InvalidArgumentError) as caught:
            build(secret)
        assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.args!r}"
        assert caught.value.__cause__ is None


def test_nothing_prints_the_secret() -> None:
    """Neither a client, nor its namespaces and settings."""
    portone = PortOne(SECRET)
    shown = f"{portone!r} {portone} {portone.payment!r} {portone._settings!r}"
    assert SECRET not in shown
    assert SECRET not in repr(Credentials(SECRET, None))
    assert SECRET not in repr(Credentials(None, SECRET))


@pytest.mark.anyio
async def test_the_environment_gives_the_secret(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no argument does."""
    monkeypatch.setenv("PORTONE_API_SECRET", "from-the-environment")
    server.always = answer()
    async with (
        PortOne(base_url=server.url) as environments,
        PortOne("given", base_url=server.url) as given,
        PortOne(access_token="token-1", base_url=server.url) as token,
    ):
        for portone in (environments, given, token):
            await portone.payment.get_payment("order-1")
    assert [request.header("authorization") for request in server.requests] == [
        "PortOne from-the-environment",
        "PortOne given",
        "Bearer token-1",
    ]


def test_an_empty_argument_is_not_replaced_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is a mistake of the caller's: another account's secret might be there."""
    monkeypatch.setenv("PORTONE_API_SECRET", "from-the-environment")
    with pytest.raises(InvalidArgumentError, match="no API secret"):
        PortOne("")
