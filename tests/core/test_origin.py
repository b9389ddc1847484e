"""The server that a base URL names."""

from __future__ import annotations

import re
from typing import Any

import pytest

from portone_async import PortOne
from portone_async._origin import Origin, parse_base_url
from portone_async.errors import InvalidArgumentError
from tests.core.conftest import TransportName
from tests.core.server import Server, answer


@pytest.mark.parametrize(
    "url",
    [
        *("", "api.portone.io", "ftp://a", "https://", "https:///payments", "//a", "HTTPS://a"),
        *("https://user:pass@host", "https://a?b=c", "https://a/b?c", "https://a#b", "https://a b"),
        *("https://a/b c", "https://a/가", 'https://a/"', "https://a/{b}", "https://a/b\\c"),
        *("https://a/%", "https://a/%zz", "https://a\n", "https://a/b\n"),
        *("https://a:99999", "https://a:port", "https://[::1", "https://a..b", "https://:443"),
        *("https://1.2.3.999", 'https://a"b', "https://a%20b", "https://[zz]"),
        *(5, b"https://api.portone.io", ["https://api.portone.io"], True),
    ],
)
def test_a_base_url_that_cannot_be_right_is_refused(url: Any) -> None:
    """At once, not with the first call."""
    with pytest.raises(InvalidArgumentError, match="base_url"):
        PortOne("x", base_url=url)


def test_what_a_base_url_takes_is_said() -> None:
    with pytest.raises(InvalidArgumentError, match=re.escape("such as https://api.portone.io")):
        PortOne("x", base_url=5)  # pyright: ignore[reportArgumentType]


def test_the_default_is_portones_own() -> None:
    assert "base_url='https://api.portone.io'" in repr(PortOne("x"))
    assert "base_url='https://api.portone.io'" in repr(PortOne("x", base_url=None))


def test_the_environment_may_name_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """`PORTONE_BASE_URL`, checked as the argument is; the argument goes before it."""
    monkeypatch.setenv("PORTONE_BASE_URL", "http://localhost:8080")
    assert "base_url='http://localhost:8080'" in repr(PortOne("x"))
    assert "base_url='https://a'" in repr(PortOne("x", base_url="https://a"))
    monkeypatch.setenv("PORTONE_BASE_URL", "")
    assert "base_url='https://api.portone.io'" in repr(PortOne("x"))
    monkeypatch.setenv("PORTONE_BASE_URL", "http://portone.example")
    with pytest.raises(InvalidArgumentError, match="base_url is http:// to another machine"):
        PortOne("x")
    monkeypatch.setenv("PORTONE_BASE_URL", "portone.example")
    with pytest.raises(InvalidArgumentError, match="base_url takes a URL"):
        PortOne("x")


@pytest.mark.anyio
async def test_a_base_url_may_have_a_path(server: Server, transport: TransportName) -> None:
    """With or without a slash at its end."""
    server.plays(answer(), answer())
    for url in (f"{server.url}/proxy/v2", f"{server.url}/proxy/v2/"):
        async with PortOne("x", base_url=url, transport=transport) as portone:
            await portone.payment.get_payment("order-1")
    assert [request.path for request in server.requests] == ["/proxy/v2/payments/order-1"] * 2


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://api.portone.io", Origin("https", "api.portone.io", 443), ""),
        ("https://api.portone.io/", Origin("https", "api.portone.io", 443), ""),
        ("https://API.PortOne.io:443/v2/", Origin("https", "api.portone.io", 443), "/v2"),
        ("https://a:8443/b%20c/d", Origin("https", "a", 8443), "/b%20c/d"),
        ("http://127.0.0.1", Origin("http", "127.0.0.1", 80), ""),
        ("http://[::1]:8080/x", Origin("http", "::1", 8080), "/x"),
        ("https://결제.example", Origin("https", "xn--p89a133c.example", 443), ""),
    ],
)
def test_a_base_url_is_an_origin_and_a_path(url: str, origin: Origin, path: str) -> None:
    assert parse_base_url(url, allow_http=False) == (origin, path)


@pytest.mark.parametrize(
    ("origin", "authority", "url"),
    [
        (Origin("https", "a", 443), "a", "https://a"),
        (Origin("https", "a", 80), "a:80", "https://a:80"),
        (Origin("http", "a", 80), "a", "http://a"),
        (Origin("http", "a", 443), "a:443", "http://a:443"),
        (Origin("https", "::1", 443), "[::1]", "https://[::1]"),
        (Origin("https", "::1", 8443), "[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_a_schemes_own_port_is_not_written(origin: Origin, authority: str, url: str) -> None:
    """Neither in a URL nor in the `Host` header."""
    assert (origin.authority, origin.url) == (authority, url)


LOOPBACK = ["localhost", "portone.localhost", "127.0.0.1", "127.1.2.3", "[::1]"]
ELSEWHERE = ["api.portone.io", "10.0.0.1", "[fe80::1]", "localhost.example", "0.0.0.0", "127.1"]  # noqa: S104


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("port", ["", ":8080"])
def test_http_to_this_machine_is_permitted(host: str, port: str) -> None:
    """Nobody else sees what is sent."""
    PortOne("x", base_url=f"http://{host}{port}")


@pytest.mark.parametrize("host", ELSEWHERE)
def test_http_to_another_machine_must_be_allowed(host: str) -> None:
    """Everyone in between would see the secret."""
    with pytest.raises(InvalidArgumentError, match=re.escape("allow_http=True if that is")):
        PortOne("x", base_url=f"http://{host}/v2")
    PortOne("x", base_url=f"http://{host}/v2", allow_http=True)
    PortOne("x", base_url=f"https://{host}/v2")


@pytest.mark.parametrize("value", ["false", 0, 1, None, "yes"])
def test_allow_http_is_true_or_false(value: Any) -> None:
    """A text that was read from a configuration would always be true."""
    with pytest.raises(InvalidArgumentError, match="allow_http takes True or False"):
        PortOne("x", base_url="http://portone.example", allow_http=value)
