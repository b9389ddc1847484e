"""Every test marked `anyio` runs on both event loops, and no test of random inputs fails because a machine is busy.

Servers are started for the first test that needs one, and their versions are in the summary.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests import servers

settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy machine")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def redis_server() -> Generator[servers.Server]:
    with servers.running(servers.Redis) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Generator[servers.Server]:
    with servers.running(servers.PostgreSQL) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Generator[servers.Server]:
    with servers.running(servers.MariaDB) as server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for version in servers.VERSIONS:
        terminalreporter.write_line(version)
