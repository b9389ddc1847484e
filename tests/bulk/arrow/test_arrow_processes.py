"""Processes: forked ones, their end, and those that have no pyarrow or do not need it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import PortOne

BEGIN = """
import os, sys, threading
import pyarrow as pa
from portone_async.bulk import arrow

wanted = pa.table({"payment_id": ["order0", "order1"]})

def found():
    return arrow.lookup(wanted, rate=1000)["total"].to_pylist() == [1000, 1001]

def in_child(function):
    "Run a function in a forked process and return whether it returned True."
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if function() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def run(program: str) -> str:
    """Run a program in a process of its own, which must print no warning, and return what it prints."""
    # Python 3.12 and later warn about each fork of a process with threads.
    python = [sys.executable, "-W", "error", "-W", "ignore:This process:DeprecationWarning"]
    done = subprocess.run(
        [*python, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def arrow_run(portone: PortOne) -> PortOne:
    pytest.importorskip("pyarrow")
    portone.sell(2)
    return portone


def test_one_client_per_process_also_after_a_fork(arrow_run: PortOne) -> None:
    printed = run(f"""{BEGIN}
def threads():
    return [thread.name for thread in threading.enumerate()].count("portone_async.blocking")

def child():
    return threads() == 0 and found() and found() and threads() == 1 and in_child(found)

print(found(), found(), threads(), in_child(child), in_child(child), found())
""")
    assert printed == "True True 1 True True True\n"
    assert len(arrow_run.requested) == 2 * (3 + 2 * 3)


def test_the_client_is_closed_at_the_end(arrow_run: PortOne) -> None:
    printed = run(f"""{BEGIN}
import atexit
from portone_async import PortOne

aclose = PortOne.aclose

async def closed(self):
    await aclose(self)
    os.write(1, b"closed")

PortOne.aclose = closed
found()
""")
    assert printed == "closed"


def test_the_base_install_is_unchanged(portone: PortOne) -> None:
    """Nothing but `portone_async.bulk.arrow` imports pyarrow."""
    printed = run("""
import sys, portone_async, portone_async.bulk, portone_async.bulk.columns, portone_async.cli
print("pyarrow" in sys.modules)
""")
    assert printed == "False\n"


def test_without_pyarrow_the_error_names_the_extra(portone: PortOne) -> None:
    printed = run("""
import sys
sys.modules["pyarrow"] = None
try:
    from portone_async.bulk import arrow
except ImportError as error:
    print(error)
""")
    assert printed == "portone_async.bulk.arrow needs pyarrow: pip install 'portone-async[arrow]'\n"
