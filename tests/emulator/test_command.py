"""`python -m portone_emulator`."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from portone_async import webhooks
from portone_emulator import Emulator, RequestRecord
from portone_emulator.__main__ import main
from portone_emulator.document.document import load
from portone_emulator.http.request_log import format_request

from .conftest import Shop
from .receiver import receiving

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "portone_emulator", "--port", "0"]
SECRET = {"Authorization": "PortOne emulator-secret"}


class Running:
    """An emulator in a subprocess."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.banner = ""
        while not self.banner.endswith("Press Ctrl+C to stop.\n"):
            read = process.stdout.readline()
            assert read, process.stderr and process.stderr.read()
            self.banner += read
        self.url = self.banner.splitlines()[0].split()[-1]

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def use(self, control: str, **body: Any) -> dict[str, Any]:
        response = httpx.post(f"{self.url}/_emulator/{control}", json=body, verify=False)
        return response.raise_for_status().json()

    def get(self, path: str) -> dict[str, Any]:
        return httpx.get(self.url + path, headers=SECRET, verify=False).raise_for_status().json()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Return the exit code and the rest of stdout and stderr."""
        os.kill(self.process.pid, number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


@contextmanager
def running(*options: str, **environ: str) -> Generator[Running]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, *options],
        cwd=ROOT,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env=os.environ | environ,
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def run_failing(*options: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_signalled_and_exits_quietly(number: int) -> None:
    with running("--secret", "sesame", "--store-id", "store-1") as emulator:
        headers = {"Authorization": "PortOne sesame"}
        response = httpx.get(f"{emulator.url}/payments/order-1", headers=headers, verify=False)
        assert response.status_code == 404
        assert re.fullmatch(
            r"\d\d:\d\d:\d\d  GET     /payments/order-1  getPayment  404  \d+ms  PAYMENT_NOT_FOUND: .+",
            emulator.line(),
        )
        assert "store-1" in emulator.banner
        assert "sesame" not in emulator.banner
        assert f"{emulator.url}/\n" in emulator.banner
        assert re.search(
            rf"^  operations  {len(load().operations)}\b", emulator.banner, re.MULTILINE
        )
        assert emulator.stop(number) == (0, "", "")


def test_webhooks_are_signed() -> None:
    secret = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXNob3A="
    with (
        receiving() as receiver,
        running("--webhook-url", receiver.url, "--webhook-secret", secret) as emulator,
    ):
        arrived = threading.Event()
        receiver.on_webhook = lambda _: arrived.set()
        emulator.use("checkout", paymentId="order-1", totalAmount=1000)
        assert arrived.wait(10)
        assert secret not in emulator.banner
    [first, *_] = receiver.received
    webhooks.verify(first.content, dict(first.headers), secret)


def test_stops_while_requests_are_held() -> None:
    with running() as emulator:
        emulator.use("hold", operationId="getBankInfos")

        def get() -> None:
            with suppress(httpx.HTTPError):
                emulator.get("/banks")

        client = threading.Thread(target=get)
        client.start()
        emulator.use("hold", operationId="getBankInfos", timeout=10)
        assert emulator.stop()[0] == 0
        client.join(10)


def test_options_and_variables_reach_the_emulator() -> None:
    environ = {"PORTONE_EMULATOR_CHANNEL": "channel-key-1=KCP_V2"}
    options = ["--sub-store", "store-2", "--start-at", "2026-11-30T09:00:00+09:00"]
    with running(*options, **environ) as emulator:
        assert emulator.use("advance")["now"] == "2026-11-30T00:00:00.000000000Z"
        emulator.use("checkout", paymentId="order-1", totalAmount=1000, storeId="store-2")
        payment = emulator.get("/payments/order-1?storeId=store-2")
        assert payment["channel"]["pgProvider"] == "KCP_V2"
        with pytest.raises(httpx.HTTPStatusError):
            emulator.use("checkout", paymentId="order-1", totalAmount=1000, storeId="store-3")


def test_same_seed_same_ids() -> None:
    ids = []
    for _ in range(2):
        with running("--seed", "7") as emulator:
            ids.append(emulator.use("checkout", paymentId="order-1", totalAmount=1000)["txId"])
    assert ids[0] == ids[1]


def test_code_of_identity_verifications() -> None:
    path = "/identity-verifications/iv-1"
    customer = {
        "name": "Kim",
        "phoneNumber": "01012345678",
        "identityNumber": "9503152",
        "ipAddress": "127.0.0.1",
    }
    body = {"channelKey": "c", "customer": customer, "operator": "SKT", "method": "SMS"}
    with (
        running("--otp", "123456") as emulator,
        httpx.Client(base_url=emulator.url, headers=SECRET, verify=False) as shop,
    ):
        shop.post(f"{path}/send", json=body).raise_for_status()
        assert shop.post(f"{path}/confirm", json={"otp": "000000"}).status_code == 502
        assert shop.post(f"{path}/confirm", json={"otp": "123456"}).is_success


class TestErrors:
    def test_port_is_taken(self, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
        port = emulator.url.rpartition(":")[2]
        before = signal.getsignal(signal.SIGINT)
        assert main(["--port", port]) == 1
        stderr = capsys.readouterr().err
        assert stderr == f"cannot serve on 127.0.0.1, port {port}: Address already in use\n"
        assert signal.getsignal(signal.SIGINT) is before

    @pytest.mark.parametrize(
        ("options", "code", "expected"),
        [
            (["--port", "65536"], 2, "--port"),
            (["--port", "http"], 2, "--port"),
            (["--webhook-url", "localhost:3000"], 2, "--webhook-url"),
            (["--webhook-secret", "whsec_sesame!"], 2, "--webhook-secret"),
            (["--channel", "key"], 2, "--channel"),
            (["--channel", "key=NOBODY"], 1, "--channel: unknown PgProvider"),
            (["--webhook-version", "2023-01-01"], 2, "--webhook-version"),
            (["--start-at", "2026-11-30T09:00:00"], 2, "--start-at: must be a date-time with"),
            (["--seed-file", "/nowhere/at/all.yaml"], 1, "No such file"),
            (["--host", "192.0.2.1"], 1, "cannot serve on 192.0.2.1"),
            (["--state-file", "/nowhere/at/all.json"], 1, "no such folder"),
        ],
    )
    def test_bad_option_is_named_in_one_line(
        self, options: list[str], code: int, expected: str
    ) -> None:
        exit_code, stderr = run_failing(*options)
        assert exit_code == code
        assert expected in stderr
        assert "Traceback" not in stderr
        assert "sesame" not in stderr


class TestStateFile:
    def test_is_restored(self, tmp_path: Path) -> None:
        file = tmp_path / "state.json"
        with running("--state-file", str(file)) as emulator:
            emulator.use("checkout", paymentId="order-1", totalAmount=1000)
            emulator.use("advance", days=3)
            before = emulator.get("/payments/order-1")
            assert not file.exists()
            assert emulator.stop()[0] == 0
        assert list(tmp_path.iterdir()) == [file]
        with running("--state-file", str(file)) as emulator:
            assert emulator.get("/payments/order-1") == before
            later = emulator.use("checkout", paymentId="order-2", totalAmount=1000)
            assert later["txId"] != before["transactionId"]
            assert emulator.use("advance")["now"] > before["paidAt"]

    def test_folder_that_cannot_be_written_is_told_at_the_start(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
        file = tmp_path / "state.json"
        assert main(["--port", "0", "--state-file", str(file)]) == 1
        expected = f"cannot keep state in {file}: its folder cannot be written\n"
        assert capsys.readouterr().err == expected

    def test_is_unchanged_after_kill(self, tmp_path: Path) -> None:
        file = tmp_path / "state.json"
        with running("--state-file", str(file)) as emulator:
            emulator.use("checkout", paymentId="order-1", totalAmount=1000)
            emulator.stop()
        before = file.read_bytes()
        with running("--state-file", str(file)) as emulator:
            emulator.use("checkout", paymentId="order-2", totalAmount=1000)
            assert emulator.stop(signal.SIGKILL)[0] == -signal.SIGKILL
        assert file.read_bytes() == before
        assert list(tmp_path.iterdir()) == [file]

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b'{"format": "portone-async emulator sta', "damaged"),
            (b"", "damaged"),
            (b"[]", "not an emulator state file"),
            (b'{"some": "thing"}', "not an emulator state file"),
        ],
    )
    def test_damaged_file_is_left_unchanged(
        self, tmp_path: Path, content: bytes, expected: str
    ) -> None:
        file = tmp_path / "state.json"
        file.write_bytes(content)
        code, stderr = run_failing("--state-file", str(file))
        assert code == 1
        assert expected in stderr
        assert str(file) in stderr
        assert stderr.count("\n") == 1
        assert file.read_bytes() == content

    def test_of_another_store(self, tmp_path: Path) -> None:
        file = tmp_path / "state.json"
        with Emulator(store_id="store-1") as emulator:
            emulator.save(file)
        code, stderr = run_failing("--state-file", str(file))
        assert code == 1
        assert "'store-1'" in stderr

    def test_of_another_version(self, tmp_path: Path) -> None:
        file = tmp_path / "state.json"
        Emulator().save(file)
        file.write_text(json.dumps(json.loads(file.read_text()) | {"version": 2}))
        code, stderr = run_failing("--state-file", str(file))
        assert code == 1
        assert "version 2; this emulator reads version 1" in stderr


class TestRequestLog:
    def lines(self, **options: Any) -> list[str]:
        records: list[RequestRecord] = []
        with Emulator(on_request=records.append) as emulator, Shop(emulator) as shop:
            shop.pay("order-1")
            for _ in range(2):
                shop.post(
                    "/payments/order-1/cancel",
                    json={"reason": "x"},
                    headers={"Idempotency-Key": '"0123456789abcdef"'},
                )
            emulator.fault("getPayments", "latency", delay=0)
            shop.get("/payments")
            shop.get("/billing-keys/billing-key-secret")
            shop.get("/platform/bank-accounts/SHINHAN/110123456789/holder")
            shop.get("/nothing/110123456789", params={"token": "110123456789"})
            shop.get("/payments/a%0A%1B%5B31mb")
        return [format_request(record, **options) for record in records]

    def test_shows_ids_faults_and_replays_but_no_secrets(self) -> None:
        paid, cancelled, again, listed, key, _, unknown, control_characters = self.lines()
        assert "POST    /payments/order-1/instant  payInstantly  200  " in paid
        assert "replay" not in cancelled
        assert again.endswith("ms  replay")
        assert listed.endswith("ms  fault=latency")
        assert "/billing-keys/...  getBillingKeyInfo  404" in key
        assert key.endswith("ms  BILLING_KEY_NOT_FOUND: this store has no such billing key")
        assert "(unknown path or method)  404" in unknown
        assert r"/payments/a\n\x1b[31mb  getPayment" in control_characters
        text = "\n".join(self.lines())
        assert "secret" not in text
        assert "110123456789" not in text
        assert "\x1b" not in text

    def test_colour_does_not_change_the_text(self) -> None:
        coloured = self.lines(in_colour=True)
        assert "\x1b[1m200\x1b[0m" in coloured[0]
        plain = [re.sub(r"\x1b\[\d+m|\d+:\d+:\d+|\d+ms", "", each) for each in coloured]
        assert plain == [re.sub(r"\d+:\d+:\d+|\d+ms", "", each) for each in self.lines()]

    @pytest.mark.parametrize(
        ("no_color", "is_coloured"), [(None, True), ("", True), ("1", False), ("0", False)]
    )
    def test_terminal_gets_colour_unless_no_color_is_set(
        self, no_color: str | None, is_coloured: bool
    ) -> None:
        env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        if no_color is not None:
            env["NO_COLOR"] = no_color
        terminal_fd, process_fd = pty.openpty()
        with (
            subprocess.Popen(COMMAND, cwd=ROOT, stdout=process_fd, env=env) as process,
            os.fdopen(terminal_fd, "r") as terminal,
        ):
            os.close(process_fd)
            url = terminal.readline().split()[-1]
            while "Ctrl+C" not in terminal.readline():
                pass
            httpx.get(f"{url}/banks", verify=False)
            shown = terminal.readline()
            process.terminate()
            assert process.wait(10) == 0
        assert "getBankInfos" in shown
        assert ("\x1b[" in shown) == is_coloured
