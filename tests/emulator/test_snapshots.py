"""Saving and restoring the state."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from portone_emulator import Emulator
from portone_emulator.state import snapshots
from portone_emulator.state.containers import RecordDict, RecordList
from portone_emulator.state.json_values import parse_datetime
from portone_emulator.state.snapshots import SnapshotError
from portone_emulator.state.state import State

from .conftest import START, Shop
from .receiver import receiving

KEY = {"Idempotency-Key": '"0123456789abcdef"'}


def fill(emulator: Emulator) -> None:
    """Create some state of every kind."""
    with Shop(emulator) as shop:
        billing_key = shop.issue_billing_key()
        shop.post("/payments/order-8/pre-register", json={"totalAmount": 500, "currency": "KRW"})
        shop.pay("order-1", noticeUrls=["http://127.0.0.1:9/hook"])
        shop.post("/payments/order-1/cancel", json={"reason": "x", "amount": 300}, headers=KEY)
        shop.charge("order-2", billing_key)
        emulator.checkout("order-3", "virtual_account", amount=1000)
        emulator.checkout("order-4", "failed", amount=1000)
        emulator.checkout("a/b 결제", "ready", amount=1000)
        payment = {
            "billingKey": billing_key,
            "orderName": "a month",
            "amount": {"total": 1000},
            "currency": "KRW",
        }
        due = (emulator.now + timedelta(days=2)).isoformat()
        shop.post("/payments/order-5/schedule", json={"payment": payment, "timeToPay": due})
        shop.post("/b2b/file-upload-url", json={"fileName": "a.pdf"}).raise_for_status()
        emulator.expect_otp("iv-1", "123456")
        emulator.decline()
    emulator.wait_for_webhooks()


def restarted(emulator: Emulator, file: Path, **options: Any) -> Emulator:
    emulator.save(file)
    again = Emulator(**options)
    again.load(file)
    return again


def test_state_is_restored(emulator: Emulator, tmp_path: Path) -> None:
    fill(emulator)
    again = restarted(emulator, tmp_path / "state", start_at=START)
    assert again.payments == emulator.payments
    assert again.deliveries == emulator.deliveries
    again.save(tmp_path / "again")
    first, second = (json.loads((tmp_path / name).read_text()) for name in ("state", "again"))
    assert second.pop("run") == first.pop("run") + 1
    assert {**second, "secondsAhead": 0} == {**first, "secondsAhead": 0}


def test_restored_emulator_continues(emulator: Emulator, tmp_path: Path) -> None:
    fill(emulator)
    with restarted(emulator, tmp_path / "state", start_at=START) as again, Shop(again) as shop:
        # The first request's response is replayed: nothing is cancelled twice.
        shop.post("/payments/order-1/cancel", json={"reason": "x", "amount": 300}, headers=KEY)
        assert shop.get_payment("order-1")["amount"]["cancelled"] == 300
        assert shop.pay("order-6").status_code == 502  # declined, as was planned
        again.checkout("order-8")
        assert shop.get_payment("order-8")["amount"]["total"] == 500
        again.advance(days=2)
        assert shop.get_payment("order-5")["status"] == "PAID"
        again.advance(days=6)
        assert shop.get_payment("order-3")["status"] == "CANCELLED"


def test_clock_offset_is_restored(tmp_path: Path) -> None:
    emulator = Emulator()
    emulator.advance(days=30)
    again = restarted(emulator, tmp_path / "state")
    ahead = again.now - datetime.now(UTC)
    assert abs(ahead - timedelta(days=30)) < timedelta(minutes=1)


def test_pending_webhooks_are_sent(tmp_path: Path) -> None:
    with receiving() as receiver:
        emulator = Emulator(webhook_url=receiver.url)
        emulator.checkout("order-1", amount=1000)
        with restarted(emulator, tmp_path / "state", webhook_url=receiver.url) as again:
            again.wait_for_webhooks()
            assert all(delivery.is_delivered for delivery in again.deliveries)
        assert receiver.types == ["Transaction.Ready", "Transaction.Paid"]


def test_a_running_emulator_returns_to_a_snapshot() -> None:
    with receiving() as receiver, Emulator(webhook_url=receiver.url) as emulator:
        emulator.checkout("order-1", amount=1000)
        emulator.wait_for_webhooks()
        before = emulator.snapshot()
        emulator.advance(days=1)
        emulator.checkout("order-2", amount=1000)
        emulator.restore(before)
        assert list(emulator.payments) == ["order-1"]
        assert emulator.now - parse_datetime(before["now"]) < timedelta(hours=1)
        emulator.checkout("order-3", amount=1000)
        emulator.wait_for_webhooks()
        assert receiver.types[-2:] == ["Transaction.Ready", "Transaction.Paid"]


def test_save_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "state")
    Emulator().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    Emulator().load(tmp_path / "state")


def test_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state"
    Emulator().save(file)
    before = file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        Emulator().save(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


Damage = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "damage",
    [
        lambda snapshot: snapshot.pop("webhooks"),
        lambda snapshot: snapshot.update(state=[]),
        lambda snapshot: snapshot.update(run="x"),
        lambda snapshot: snapshot.update(secondsAhead="soon", now="soon"),
        lambda snapshot: snapshot["state"].update(unheardOf=1),
        lambda snapshot: snapshot["state"]["payments"].append("x"),
        lambda snapshot: snapshot["state"]["payments"][0][1]["transactions"].clear(),
        lambda snapshot: snapshot["state"]["payments"][0][1]["transactions"][0].update(status="?"),
        lambda snapshot: snapshot["idempotencyKeys"].update(x=1),
    ],
)
def test_damaged_file_changes_nothing(emulator: Emulator, tmp_path: Path, damage: Damage) -> None:
    fill(emulator)
    file = tmp_path / "state"
    emulator.save(file)
    snapshot = json.loads(file.read_text())
    damage(snapshot)
    file.write_text(json.dumps(snapshot))
    again = Emulator(start_at=START)
    with pytest.raises(SnapshotError, match="damaged"):
        again.load(file)
    assert again.payments == {}
    assert again.now == START


def test_file_of_an_earlier_version_with_fewer_fields(tmp_path: Path) -> None:
    file = tmp_path / "state"
    emulator = Emulator()
    emulator.checkout("order-1", amount=1000)
    emulator.save(file)
    snapshot = json.loads(file.read_text())
    del snapshot["state"]["identity_verifications"]
    file.write_text(json.dumps(snapshot))
    again = Emulator()
    again.load(file)
    assert list(again.payments) == ["order-1"]


def test_no_secrets_are_saved(tmp_path: Path) -> None:
    with Emulator(secret="sesame") as emulator, Shop(emulator) as shop:
        tokens = shop.post("/login/api-secret", json={"apiSecret": "sesame"}).json()
        fill(emulator)
        emulator.save(tmp_path / "state")
        written = (tmp_path / "state").read_text()
        for secret in ("sesame", emulator.webhook_secret, *tokens.values()):
            assert secret not in written
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_every_field_of_the_state_is_saved_or_excluded(tmp_path: Path) -> None:
    Emulator().save(tmp_path / "state")
    saved = set(json.loads((tmp_path / "state").read_text())["state"])
    excluded = {
        "document",
        "settings",
        "clock",
        "ids",
        "lock",
        "delivery_queue",
        "skips_webhook",
        "is_seeding",
    }
    assert saved | excluded == {each.name for each in fields(State)}


def test_records_are_kept_where_changes_are_noted() -> None:
    """A plain dictionary would be written as a whole after each change."""
    emulator = Emulator()
    for name, part in snapshots.parts(emulator._state, emulator._keys).items():
        if isinstance(part, dict | list):
            assert isinstance(part, RecordDict | RecordList), name
