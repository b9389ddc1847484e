"""PortOne's own JavaScript SDK, unmodified, as an independent client of the emulator.

TypeScript checks the scenario (`javascript/`) against the SDK's declarations; what the emulator responded is then
written down as TypeScript and checked in the same way. A field that is missing, unknown or of another type is an error.

The document is newer than version 0.19.0 of the SDK, which knows nothing yet of payment sessions, checkout profiles,
counterparties, payouts by API, the list of banks, Paymentwall, webhooks of tax invoices and the fields in `NEWER`. Its
four functions for "member companies" call paths that the document now calls `counterparty-connect` and
`counterparty-disconnect`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import portone_server_sdk.webhook as official
import pytest
import standardwebhooks
from attrs import frozen

from portone_emulator import Emulator
from tests import npm

from .conftest import START, Shop
from .platform import COUNTERPARTY
from .receiver import Receiver, receiving

SOURCES = Path(__file__).with_name("javascript")
OUTDATED = {
    f"platform.partner.{name}MemberCompany"
    for name in (
        "connectPartner",
        "connectBulkPartner",
        "disconnectPartner",
        "disconnectBulkPartner",
    )
}
# Fields of the document that the SDK's declarations do not have yet, by the functions that return them.
NEWER = {
    "payment": {"origin"},
    "platform.getPlatformSetting": {"manualSettlementPerTransfer"},
    "platform.updatePlatformSetting": {"manualSettlementPerTransfer"},
    "platform.company": {"verificationId"},
    "platform.partnerSettlement": {"statusUpdatedAt", "payoutExcluded"},
    "platform.accountTransfer": {"bankAccount"},
    "b2b": {"counterpartyId", "supplierCounterpartyId", "recipientCounterpartyId"},
}
WEBHOOK_TYPES = {
    *(f"BillingKey.{status}" for status in ("Ready", "Issued", "Failed", "Deleted")),
    *(f"TaxInvoice.{status}" for status in ("Requested", "RequestCancelled", "Refused")),
    *(f"TaxInvoice.{status}" for status in ("Issued", "IssuanceCancelled", "SendingCompleted")),
    *(f"Transaction.{status}" for status in ("Ready", "PayPending", "VirtualAccountIssued")),
    *(f"Transaction.{status}" for status in ("Paid", "Failed", "CancelPending")),
    *(f"Transaction.{status}" for status in ("PartialCancelled", "Cancelled")),
}
Call = dict[str, Any]


@frozen
class Project:
    """The scenario, compiled, and the packages that it uses."""

    folder: Path

    def compile(self) -> str:
        """Return what TypeScript reports."""
        command = [self.folder / "node_modules/.bin/tsc", "--project", "."]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout + done.stderr

    def errors_in(self, values: list[tuple[str, str, Any]]) -> list[str]:
        """Return where values do not fit their types; each value has a name and a type."""
        declarations = [
            f"const {name}: {kind} = {json.dumps(value, ensure_ascii=False, indent=1)};\n"
            for name, kind, value in values
        ]
        source = 'import type * as SDK from "@portone/server-sdk";\n' + "".join(declarations)
        names = ", ".join(name for name, _, _ in values)
        (self.folder / "values.ts").write_text(source + f"export {{ {names} }};\n", "utf-8")
        return [
            re.sub(r"^values\.ts\((\d+),\d+\)", lambda found: place(source, int(found[1])), line)
            for line in self.compile().splitlines()
        ]

    def run(self, script: str, content: object = None, **environ: str) -> Any:
        """Run a compiled script on Node; return the JSON that it prints."""
        done = subprocess.run(
            ["node", f"out/{script}.js"],
            cwd=self.folder,
            input=json.dumps(content),
            env=os.environ | environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def place(source: str, number: int) -> str:
    """Return what is in a line of indented JSON, such as `getPayment.amount.total`."""
    names: dict[int, str] = {}
    for line in source.splitlines()[:number]:
        depth = len(line) - len(line.lstrip())
        name = line.strip().removeprefix("const ").partition(":")[0].strip('"')
        names = {at: outer for at, outer in names.items() if at < depth} | {depth: name}
    return ".".join(name for name in names.values() if name != "{")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    packages = npm.install(SOURCES / "package.json")
    folder = tmp_path_factory.mktemp("official") / "javascript"
    shutil.copytree(SOURCES, folder)
    (folder / "node_modules").symlink_to(packages / "node_modules")
    project = Project(folder)
    assert project.compile() == ""
    return project


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def emulator(receiver: Receiver) -> Iterator[Emulator]:
    with Emulator(start_at=START, webhook_url=receiver.url) as emulator:
        emulator.add_promotion("spring", percent=10)
        with Shop(emulator) as shop:
            # Tax invoices need one, and the SDK cannot create it.
            shop.post("/b2b/counterparties", json={"counterparty": COUNTERPARTY}).raise_for_status()
        yield emulator


@pytest.fixture(scope="module")
def report(project: Project, emulator: Emulator) -> dict[str, Any]:
    """Run the scenario; return its `calls`, and the names of the SDK's `functions`."""
    return project.run(
        "main",
        EMULATOR_URL=emulator.url,
        API_SECRET=emulator.secret,
        STORE_ID=emulator.store_id,
    )


@pytest.fixture(scope="module")
def calls(report: dict[str, Any]) -> list[Call]:
    """The calls that returned something; a few functions return nothing."""
    return [call for call in report["calls"] if "error" in call or "reply" in call]


def type_of(call: Call) -> str:
    """Return the declared type of what a call gave."""
    path: list[str] = call["name"].split(".")
    if "error" in call:
        namespace = ".".join(name[0].upper() + name[1:] for name in path[:-1])
        return f'SDK.{namespace}.{call["error"]}["data"]'
    function = "SDK.PortOneClient" + "".join(f'["{name}"]' for name in path)
    return f"Awaited<ReturnType<{function}>>"


def without_newer(value: Any, function: str) -> Any:
    """Return a value without the fields that the SDK's declarations do not have yet."""
    newer = {
        name for prefix, names in NEWER.items() if function.startswith(prefix) for name in names
    }
    if isinstance(value, list):
        return [without_newer(each, function) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {
            name: without_newer(each, function)
            for name, each in fields.items()
            if name not in newer
        }
    return value


def typed(call: Call, number: int) -> tuple[str, str, Any]:
    name = call["name"].replace(".", "_")
    value = call["data"] if "error" in call else call["reply"]
    return f"{name}_{number}", type_of(call), without_newer(value, call["name"])


def test_every_function_that_the_document_has_is_called(
    report: dict[str, Any], emulator: Emulator
) -> None:
    succeeded = {call["name"] for call in report["calls"] if "error" not in call}
    never = {"b2b.taxInvoice.getB2bBulkTaxInvoice"}  # no function creates one
    assert set(report["functions"]) - succeeded == OUTDATED | never
    operations = {record.operation_id for record in emulator.requests if record.status == 200}
    assert len(operations) >= 120
    refusals = {
        (call["error"], call["data"]["type"]) for call in report["calls"] if "error" in call
    }
    assert len(refusals) >= 30


def test_replies_and_errors_are_as_the_sdk_declares(project: Project, calls: list[Call]) -> None:
    assert project.errors_in([typed(call, number) for number, call in enumerate(calls)]) == []


def test_a_reply_of_another_shape_is_noticed(project: Project, calls: list[Call]) -> None:
    _, kind, paid = next(
        typed(call, number)
        for number, call in enumerate(calls)
        if call["name"] == "payment.getPayment" and call.get("reply", {}).get("status") == "PAID"
    )
    broken = {
        "missing": paid | {"amount": {"total": 1000}},
        "misspelt": paid | {"custommer": {}},
        "of_another_type": paid | {"orderName": 5},
        "unknown_status": paid | {"status": "FROZEN"},
    }
    errors = project.errors_in([(name, kind, value) for name, value in broken.items()])
    assert [error.partition(":")[0] for error in errors if not error.startswith(" ")] == [
        "missing.amount",
        "misspelt.custommer",
        "of_another_type.orderName",
        "unknown_status.status",
    ]


def test_both_sdks_accept_every_webhook(
    project: Project, report: dict[str, Any], emulator: Emulator, receiver: Receiver
) -> None:
    assert report
    emulator.wait_for_webhooks()
    assert {webhook.type for webhook in receiver.received} == WEBHOOK_TYPES
    received = [
        {"body": webhook.content.decode(), "headers": dict(webhook.headers)}
        for webhook in receiver.received
    ]
    accepted = project.run("verify", received, WEBHOOK_SECRET=emulator.webhook_secret)
    assert accepted == [webhook.json for webhook in receiver.received]
    other = standardwebhooks.Webhook(emulator.webhook_secret)
    for webhook in receiver.received:
        body, headers = webhook.content.decode(), dict(webhook.headers)
        official.verify(emulator.webhook_secret, body, headers)
        assert other.verify(body, headers) == webhook.json
    declared = [
        (f"webhook_{number}", "SDK.Webhook.Webhook", webhook)
        for number, webhook in enumerate(accepted)
        if not webhook["type"].startswith("TaxInvoice.")
    ]
    assert project.errors_in(declared) == []
