"""The proxy that the environment names."""

from __future__ import annotations

import sys
import urllib.request

import pytest

from portone_async._proxies import environment_proxy


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://api.portone.io", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.portone.io", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "https://api.portone.io", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://api.portone.io", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://api.portone.io", "http://p:1"),
        ({"ALL_PROXY": "p:1"}, "https://api.portone.io", "http://p:1"),
        ({"HTTPS_PROXY": "p:1", "ALL_PROXY": "q:1"}, "https://api.portone.io", "http://p:1"),
        ({"HTTPS_PROXY": ""}, "https://api.portone.io", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "portone.io"}, "https://api.portone.io", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "io:8443"}, "https://portone.io:8443", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "portone.io"}, "https://portone.io:8443", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "*"}, "https://api.portone.io", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "one.io"}, "https://api.portone.io", "http://p:1"),
    ],
)
def test_which_proxy_a_url_has(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    """By its scheme, else the one for all; NO_PROXY may name a host with its port or without."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(url) == proxy


def test_where_no_variable_names_one_the_systems_settings_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """macOS and Windows have them; elsewhere the question would take time for nothing."""
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"https": "p:1"})
    assert environment_proxy("https://api.portone.io") is None
    for platform in ("darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        assert environment_proxy("https://api.portone.io") == "http://p:1"
