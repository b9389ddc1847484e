"""Processes: forked ones, those that end while a call is in progress, and those that never use the client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portone_emulator import Emulator
from tests.blocking.conftest import ORDER

ROOT = Path(__file__).parents[2]
# Python 3.12 and later warn about each fork of a process with threads.
PYTHON = [sys.executable, "-W", "error", "-W", "ignore:This process:DeprecationWarning"]
Run = Callable[[str], str]
BEGIN = f"""
import os, sys, threading
from portone_async import Timeout
from portone_async.blocking import PortOne

portone = PortOne(sys.argv[1], base_url=sys.argv[2], timeout=Timeout(total=20), transport="direct")
ORDER = {ORDER!r}


def ids():
    return [payment.id for payment in portone.payment.iter_payments(size=1)]


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


@pytest.fixture
def run(emulator: Emulator) -> Run:
    """Run a program in a process of its own; what it prints is returned, and it must print no warning."""

    def run(program: str) -> str:
        done = subprocess.run(
            [*PYTHON, "-c", BEGIN + program, emulator.secret, emulator.url],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "emulator")])},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


def test_a_forked_process_has_a_thread_and_connections_of_its_own(
    run: Run, emulator: Emulator
) -> None:
    """Parent and child go on side by side, and so do a grandchild, and a child that closes the client."""
    printed = run("""
def child():
    names = [thread.name for thread in threading.enumerate()]
    found = ids() == [ORDER] and "portone_async.blocking" not in names
    found = found and in_child(lambda: ids() == [ORDER])
    portone.close()
    return found

assert ids() == [ORDER]
print([in_child(child) and ids() == [ORDER] for _ in range(3)])
portone.close()
""")
    assert printed == "[True, True, True]\n"


def test_a_process_forked_in_the_middle_of_calls_makes_calls(run: Run) -> None:
    printed = run("""
from concurrent.futures import ThreadPoolExecutor

stop = threading.Event()

def work():
    while not stop.is_set():
        portone.payment.get_payment(ORDER)

portone.payment.get_payment(ORDER)
with ThreadPoolExecutor(8) as pool:
    calls = [pool.submit(work) for _ in range(8)]
    print({in_child(lambda: portone.payment.get_payment(ORDER).id == ORDER) for _ in range(10)})
    stop.set()
    for call in calls:
        call.result()
portone.close()
""")
    assert printed == "{True}\n"


def test_a_client_that_was_built_before_the_fork_is_used_after_it(run: Run) -> None:
    assert run("print(in_child(lambda: ids() == [ORDER]), threading.active_count())") == "True 1\n"


def test_a_closed_client_stays_closed_after_a_fork(run: Run) -> None:
    printed = run("""
from portone_async.errors import ClientClosedError

def refuses():
    try:
        ids()
    except ClientClosedError:
        return True

ids()
portone.close()
print(in_child(refuses))
""")
    assert printed == "True\n"


def test_an_http_client_cannot_be_used_after_a_fork(run: Run) -> None:
    printed = run("""
import httpx

portone = PortOne(sys.argv[1], base_url=sys.argv[2], http_client=httpx.AsyncClient(trust_env=False))
before = in_child(lambda: ids() == [ORDER])
ids()

def refuses():
    try:
        ids()
    except RuntimeError as error:
        return "build both clients in each process" in str(error)

print(before, in_child(refuses), ids() == [ORDER])
portone.close()
""")
    assert printed == "True True True\n"


def test_where_threads_are_greenlets_it_says_so(run: Run) -> None:
    printed = run("""
import _thread

started = ids()
real = _thread.start_new_thread
_thread.start_new_thread = lambda *args: real(*args)  # as gevent and eventlet do

def refuses():
    try:
        ids()
    except RuntimeError as error:
        return "gevent or eventlet" in str(error)

print(in_child(refuses))  # which needs a thread of its own
_thread.start_new_thread = real
print(in_child(lambda: ids() == started))
""")
    assert printed == "True\nTrue\n"


def test_a_program_ends_although_nobody_closed_its_client(run: Run) -> None:
    assert run("print(ids() == [ORDER])") == "True\n"


def test_a_program_ends_although_a_call_is_in_progress(run: Run, emulator: Emulator) -> None:
    """A call of a thread that the program does not wait for."""
    with emulator.hold("getPayment"):
        printed = run("""
from portone_async import Hooks

sent = threading.Event()
portone = PortOne(sys.argv[1], base_url=sys.argv[2], hooks=Hooks(on_request=lambda _: sent.set()))
portone.payment.get_payment_transactions(ORDER)  # connects: Python 3.12 starts no threads at the end, not even for lookups
sent.clear()
threading.Thread(target=portone.payment.get_payment, args=[ORDER], daemon=True).start()
sent.wait()
print("end")
""")
    assert printed == "end\n"


@pytest.mark.skipif(
    (3, 12) <= sys.version_info < (3, 12, 2), reason="Python starts no threads then (gh-113964)"
)
def test_a_program_waits_for_the_calls_of_threads_that_it_waits_for(
    run: Run, emulator: Emulator
) -> None:
    emulator.fault("cancelPayment", "latency", delay=0.3)
    run("""
def refund():
    threading.main_thread().join()
    portone.payment.cancel_payment(ORDER, amount=1, reason="returned")

threading.Thread(target=refund).start()
""")
    assert emulator.payments[ORDER]["amount"]["cancelled"] == 1


def test_importing_the_package_does_not_import_it() -> None:
    """Nor does importing it load what only some programs need."""
    program = """
import sys
import portone_async
assert not any("blocking" in name for name in sys.modules if name.startswith("portone_async"))
import portone_async.blocking
print(sorted({"httpx", "portone_async.models.payment", "portone_async.api.payment"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
