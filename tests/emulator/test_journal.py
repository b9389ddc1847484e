"""A journal keeps all that was answered, even if the emulator is killed at any moment."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from portone_emulator import Emulator
from portone_emulator.state.journal_file import Changes, JournalFile
from portone_emulator.state.snapshots import SnapshotError

from .conftest import START, Shop, check_journal
from .receiver import receiving
from .test_command import SECRET, running
from .test_snapshots import fill

CLIENTS = 4
ANSWERED_BEFORE_THE_KILL = 40
KEY = {"Idempotency-Key": '"0123456789abcdef"'}
PAYMENT = {
    "channelKey": "channel-key-1",
    "orderName": "a book",
    "amount": {"total": 1000},
    "currency": "KRW",
    "method": {
        "card": {"credential": {"number": "4" + "1" * 15, "expiryYear": "30", "expiryMonth": "12"}}
    },
}


class Traffic:
    """Clients that pay, each request with a key, until the server is gone."""

    def __init__(self, url: str) -> None:
        self.answers: dict[str, bytes] = {}
        self.lost: list[str] = []
        self.is_flowing = threading.Event()
        self._url = url

    def pay(self, client: int) -> None:
        with httpx.Client(base_url=self._url, verify=False) as http:
            for number in range(10_000):
                payment_id = f"order-{client}-{number}"
                try:
                    self.answers[payment_id] = pay(http, payment_id)
                except httpx.TransportError:
                    self.lost.append(payment_id)
                    return
                if len(self.answers) >= ANSWERED_BEFORE_THE_KILL:
                    self.is_flowing.set()


def pay(http: httpx.Client, payment_id: str) -> bytes:
    headers = SECRET | {"Idempotency-Key": f'"key-of-payment-{payment_id}"'}
    response = http.post(f"/payments/{payment_id}/instant", json=PAYMENT, headers=headers)
    return response.raise_for_status().content


def test_all_that_was_answered_survives_a_kill(tmp_path: Path) -> None:
    with (
        running("--journal", str(tmp_path / "journal")) as emulator,
        ThreadPoolExecutor(CLIENTS) as threads,
    ):
        traffic = Traffic(emulator.url)
        for client in range(CLIENTS):
            threads.submit(traffic.pay, client)
        assert traffic.is_flowing.wait(30)
        emulator.process.send_signal(signal.SIGKILL)
    assert len(traffic.lost) == CLIENTS
    with (
        running("--journal", str(tmp_path / "journal")) as emulator,
        httpx.Client(base_url=emulator.url, headers=SECRET, verify=False) as http,
    ):
        for payment_id, answer in traffic.answers.items():
            assert http.get(f"/payments/{payment_id}").json()["status"] == "PAID"
            assert pay(http, payment_id) == answer  # replayed
        for payment_id in traffic.lost:
            pay(http, payment_id)  # carried out before the kill or now, and not twice
            transactions = http.get(f"/payments/{payment_id}/transactions").json()["items"]
            assert [each["status"] for each in transactions] == ["PAID"]


def copy(journal: Path, folder: Path) -> Path:
    """Copy the files as they are, as a kill would leave them."""
    for file in journal.parent.glob(f"{journal.name}*"):
        shutil.copy(file, folder)
    return folder / journal.name


@pytest.mark.parametrize("lost_bytes", [1, 4000, 20_000])
def test_torn_end_loses_the_last_changes_only(tmp_path: Path, lost_bytes: int) -> None:
    (tmp_path / "copy").mkdir()
    with Emulator(journal=tmp_path / "journal") as emulator:
        for number in range(20):
            emulator.checkout(f"order-{number}", amount=1000)
        torn = copy(tmp_path / "journal", tmp_path / "copy")
        expected = list(emulator.payments.items())
    log = torn.with_name("journal-wal")
    log.write_bytes(log.read_bytes()[:-lost_bytes])
    with Emulator(journal=torn) as again:
        kept = list(again.payments.items())
    assert kept == expected[: len(kept)]
    assert 10 <= len(kept) < 20


def test_clean_end_and_what_follows_it(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    with Emulator(start_at=START, journal=file) as emulator:
        fill(emulator)
        assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [file]
    with Emulator(start_at=START, journal=file) as again, Shop(again) as shop:
        assert again.payments == emulator.payments
        assert again.deliveries == emulator.deliveries
        shop.post("/payments/order-1/cancel", json={"reason": "x", "amount": 300}, headers=KEY)
        assert shop.get_payment("order-1")["amount"]["cancelled"] == 300
        before = {payment["transactionId"] for payment in again.payments.values()}
        assert again.checkout("order-6", amount=1000).tx_id not in before
        again.advance(days=8)
        assert shop.get_payment("order-5")["status"] == "FAILED"  # declined, as was planned
        assert shop.get_payment("order-3")["status"] == "CANCELLED"
        check_journal(again)


def test_stopped_emulator_starts_again_with_what_it_has(tmp_path: Path) -> None:
    emulator = Emulator(start_at=START, journal=tmp_path / "journal")
    with emulator:
        emulator.checkout("order-1", amount=1000)
    emulator.checkout("order-2", amount=1000)
    with emulator:
        assert list(emulator.payments) == ["order-1", "order-2"]
        check_journal(emulator)


def test_it_replaces_what_was_done_before_the_first_start(tmp_path: Path) -> None:
    with Emulator(journal=tmp_path / "journal") as emulator, Shop(emulator) as shop:
        shop.issue_billing_key()
    again = Emulator(start_at=START, journal=tmp_path / "journal")
    again.checkout("order-1", amount=1000)
    with again:
        assert again.payments == {}
        check_journal(again)


def test_reset_empties_it(tmp_path: Path) -> None:
    with Emulator(journal=tmp_path / "journal") as emulator:
        fill(emulator)
        emulator.reset()
        emulator.checkout("order-9", amount=1000)
        check_journal(emulator)
    with Emulator(journal=tmp_path / "journal") as again:
        assert list(again.payments) == ["order-9"]


def test_pending_webhooks_are_sent_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with receiving() as receiver:
        with Emulator(journal=tmp_path / "journal", webhook_url="http://127.0.0.1:9") as emulator:
            with emulator._state.lock:
                emulator.checkout("order-1", amount=1000)
            left = copy(tmp_path / "journal", tmp_path / "copy")
        with Emulator(journal=left) as again:
            again.checkout("order-2", amount=1000, notice_urls=[receiver.url])
            again.advance(minutes=1)
            again.wait_for_webhooks()
            assert len(again.deliveries) == 4
            assert all(delivery.attempts for delivery in again.deliveries)
        assert receiver.types == ["Transaction.Ready", "Transaction.Paid"]


def test_failed_write_is_an_error_but_nothing_happens_twice(
    emulator: Emulator, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.checkout("order-1", amount=1000)

    def fail(_file: JournalFile, _changes: Changes) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "write", fail)
        body = {"reason": "x", "amount": 300}
        with httpx.Client(base_url=emulator.url, headers=SECRET, verify=False) as http:
            failed = http.post("/payments/order-1/cancel", json=body, headers=KEY)
    assert failed.status_code == 500
    again = shop.post("/payments/order-1/cancel", json=body, headers=KEY)
    assert again.raise_for_status().json()["cancellation"]["totalAmount"] == 300
    assert shop.get_payment("order-1")["amount"]["cancelled"] == 300


def test_full_disk_is_the_reason_and_webhooks_go_on_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def fail(_file: JournalFile, _changes: Changes) -> None:
        if threading.current_thread().name == "portone-webhooks":
            failed.set()
        raise OSError("cannot write the journal: disk is full")

    with (
        receiving() as receiver,
        Emulator(journal=tmp_path / "journal", webhook_url=receiver.url) as emulator,
        httpx.Client(base_url=emulator.url, headers=SECRET, verify=False) as http,
    ):
        with monkeypatch.context() as patch:
            patch.setattr(JournalFile, "write", fail)
            checkout = {"paymentId": "order-1", "totalAmount": 1000}
            for refused in (
                http.post("/_emulator/checkout", json=checkout),
                http.get("/payments/order-1"),
            ):
                assert refused.status_code == 500
                assert "disk is full" in refused.json()["message"]
            assert failed.wait(10)
        assert "disk is full" in str(emulator.requests[-1].error)
        emulator.checkout("order-2", amount=1000)
        emulator.wait_for_webhooks()
        assert sorted(receiver.types) == ["Transaction.Paid"] * 2 + ["Transaction.Ready"] * 2


class TestRefusals:
    def refusal(self, file: Path, store_id: str = "store-emulator") -> str:
        emulator = Emulator(journal=file, store_id=store_id)
        with pytest.raises(SnapshotError) as caught:
            emulator.start()
        return str(caught.value)

    def test_used_by_another(self, emulator: Emulator, tmp_path: Path) -> None:
        assert self.refusal(tmp_path / "journal") == "another emulator uses it"
        emulator.checkout("order-1", amount=1000)

    def test_of_another_store(self, tmp_path: Path) -> None:
        with Emulator(journal=tmp_path / "journal"):
            pass
        assert "belongs to the store" in self.refusal(tmp_path / "journal", "store-1")

    def test_no_folder(self, tmp_path: Path) -> None:
        assert "No such file" in self.refusal(tmp_path / "nowhere" / "journal")

    def test_no_database(self, tmp_path: Path) -> None:
        file = tmp_path / "journal"
        file.write_text("a text, " * 100)
        assert "damaged, or no journal" in self.refusal(file)
        assert file.read_text() == "a text, " * 100

    def test_another_database(self, tmp_path: Path) -> None:
        file = tmp_path / "journal"
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE orders (id TEXT)")
        connection.close()
        assert self.refusal(file) == "it is not an emulator journal"

    def test_damaged_row(self, tmp_path: Path) -> None:
        file = tmp_path / "journal"
        with Emulator(journal=file) as emulator:
            emulator.checkout("order-1", amount=1000)
        connection = sqlite3.connect(file)
        connection.execute("UPDATE portone_emulator SET value = '{' WHERE part = 'payments'")
        connection.commit()
        connection.close()
        assert "damaged" in self.refusal(file)

    def test_command_says_it_in_one_line(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "portone_emulator", "--port", "0", "--journal", tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(f"cannot use the journal {tmp_path}: it cannot be opened")
        assert done.stderr.count("\n") == 1


def test_no_secrets_are_written(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    with Emulator(secret="sesame", journal=file) as emulator, Shop(emulator) as shop:
        tokens = shop.post("/login/api-secret", json={"apiSecret": "sesame"}).json()
        fill(emulator)
    for secret in ("sesame", emulator.webhook_secret, *tokens.values()):
        assert secret.encode() not in file.read_bytes()


def test_is_off_by_default() -> None:
    code = "import portone_emulator, sys; print('sqlite3' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "False\n"
