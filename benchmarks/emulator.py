"""The emulator: its start, its payments per second, its memory, and the cost of a request by what it holds."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from benchmarks import cores
from benchmarks.section import Section, summarize
from benchmarks.server import free_port, wait_until_listening

COMMAND = (sys.executable, "-m", "portone_emulator")
STARTS = 7
PAYMENTS = 10_000
CONNECTIONS = (1, 20)
PAYMENTS_PER_ROUND = 2_000
ROUNDS = 5
PAGE = 10
"""The items of a page: so many are there at least, so that all lists respond with as much."""
REQUESTS_PER_ROUND = 100
PAYMENT = {
    "channelKey": "channel-key-1",
    "orderName": "a book",
    "amount": {"total": 1000},
    "currency": "KRW",
}
CARD = {"credential": {"number": "4111111111111111", "expiryYear": "30", "expiryMonth": "12"}}
INSTANT = PAYMENT | {"method": {"card": CARD}}
ALL_TIMES = {"from": "2020-01-01T00:00:00Z", "until": "3000-01-01T00:00:00Z"}
CONTRACT: dict[str, object] = {
    "id": "contract-1",
    "name": "ten percent",
    "platformFee": {"fixedRate": 10_000},
    "platformFeeVatPayer": "PARTNER",
    "subtractPaymentVatAmount": False,
    "settlementCycle": {
        "lagDays": 2,
        "datePolicy": "HOLIDAY_BEFORE",
        "method": {"monthly": {"daysOfMonth": [31]}},
    },
}
PARTNER: dict[str, object] = {
    "name": "a partner",
    "contact": {"name": "Kim", "email": "kim@example.com"},
    "account": {"bank": "SHINHAN", "currency": "KRW", "number": "110123", "holder": "Kim"},
    "defaultContractId": "contract-1",
    "tags": ["fruit"],
    "type": {"nonWhtPayer": {}},
}


class Connection:
    """One connection to the emulator, with no more HTTP than it needs."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> Connection:
        """Connect."""
        target = urlsplit(url)
        return cls(*await asyncio.open_connection(target.hostname, target.port))

    async def send(self, method: str, path: str, body: object = None) -> bytes:
        """Send a request and return the body of its response, which must be a success."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: PortOne emulator-secret\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
        response = await self._reader.readuntil(b"\r\n\r\n")
        length = int(response.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        received = await self._reader.readexactly(length)
        if not response.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{method} {path}: {received.decode()}")
        return received

    async def pay(self, payment_id: str, **fields: object) -> None:
        """Pay at once with a card."""
        await self.send("POST", f"/payments/{payment_id}/instant", INSTANT | fields)


@contextmanager
def emulator(*options: str) -> Generator[tuple[str, int]]:
    """Run an emulator on the measured core; give its URL and the ID of its process."""
    port = free_port()
    command = [*COMMAND, "--port", str(port), *options]
    with cores.measured():
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_until_listening(port, process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def start() -> float:
    """Start an emulator, and return the seconds until it says that it serves."""
    with cores.measured():
        started = time.perf_counter()
        process = subprocess.Popen([*COMMAND, "--port", "0"], stdout=subprocess.PIPE)
    with process:
        first_line = process.stdout.readline() if process.stdout else b""
        elapsed = time.perf_counter() - started
        process.terminate()
        process.communicate()
    if not first_line:
        sys.exit("the emulator did not start")
    return elapsed


def memory(pid: int) -> float:
    """Resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


async def pay_all(url: str, ids: Iterable[str], connections: int, **fields: object) -> float:
    """Make payments over several connections, and return how many were made per second."""
    remaining = iter(ids)
    counts = [0] * connections

    async def run(number: int) -> None:
        connection = await Connection.open(url)
        for payment_id in remaining:
            await connection.pay(payment_id, **fields)
            counts[number] += 1

    started = time.perf_counter()
    await asyncio.gather(*(run(number) for number in range(connections)))
    return sum(counts) / (time.perf_counter() - started)


async def read(connection: Connection, path: str, _: str) -> None:
    """Send a GET request."""
    await connection.send("GET", path)


async def issue_billing_key(connection: Connection, customer_id: str) -> str:
    """Issue a billing key."""
    customer = {"id": customer_id}
    body = {"channelKey": "channel-key-1", "method": {"card": CARD}, "customer": customer}
    response = json.loads(await connection.send("POST", "/billing-keys", body))
    billing_key: str = response["billingKeyInfo"]["billingKey"]
    return billing_key


async def schedule(connection: Connection, payment_id: str, billing_key: str) -> None:
    """Schedule a payment for a day far from today."""
    charge = {name: PAYMENT[name] for name in ("orderName", "amount", "currency")}
    body = {"payment": charge | {"billingKey": billing_key}, "timeToPay": "2999-01-01T00:00:00Z"}
    await connection.send("POST", f"/payments/{payment_id}/schedule", body)


async def add_record(connection: Connection, number: int) -> None:
    """Create a billing key, a cash receipt, an identity verification and a partner."""
    await issue_billing_key(connection, f"customer-{number}")
    receipt = {name: PAYMENT[name] for name in ("channelKey", "orderName", "amount", "currency")}
    receipt |= {"paymentId": f"receipt-{number}", "type": "PERSONAL"}
    customer = {"identityNumber": "01012345678"}
    await connection.send("POST", "/cash-receipts", {**receipt, "customer": customer})
    verification = {
        "channelKey": "channel-key-1",
        "customer": {"name": "Kim", "phoneNumber": "01012345678", "ipAddress": "127.0.0.1"},
        "operator": "SKT",
        "method": "APP",
    }
    path = f"/identity-verifications/verification-{number}/send"
    await connection.send("POST", path, verification)
    await connection.send("POST", "/platform/partners", PARTNER | {"id": f"partner-{number}"})


def listing(path: str, **filters: object) -> str:
    """Return the path of a list with a filter."""
    return f"{path}?requestBody={quote(json.dumps({'filter': filters}))}"


async def request_times(url: str, round_number: int) -> dict[str, float]:
    """Return the median time of one request, by operation."""
    connection = await Connection.open(url)
    billing_key = await issue_billing_key(connection, f"customer-of-round-{round_number}")
    operations: dict[str, Callable[[str], Awaitable[object]]] = {
        "getPayment": lambda _: connection.send("GET", "/payments/known"),
        "payInstantly": lambda number: connection.pay(f"pay-{number}"),
        "createPaymentSchedule": lambda number: schedule(connection, f"due-{number}", billing_key),
    }
    cursor = quote(json.dumps({"from": "2998-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z"}))
    reads = {
        "getPayments": listing("/payments"),
        "getPayments, by status": listing("/payments", status=["PAID"]),
        "getPayments, by store and currency": listing(
            "/payments", storeId="store-emulator", currency="KRW", methods=["CARD"]
        ),
        "getAllPaymentsByCursor": f"/payments-by-cursor?requestBody={cursor}",
        "getAllPaymentEventsByCursor": f"/payment-events-by-cursor?requestBody={cursor}",
        "getPaymentSchedules, by status": listing(
            "/payment-schedules", status=["SCHEDULED"], **ALL_TIMES
        ),
        "getBillingKeyInfos, by status": listing("/billing-keys", status=["ISSUED"]),
        "getBillingKeyInfos, by customer": listing("/billing-keys", customerId="customer-1"),
        "getCashReceipts, by status": listing("/cash-receipts", statuses=["ISSUED"]),
        "getIdentityVerifications, by status": listing(
            "/identity-verifications", statuses=["READY"]
        ),
        "getPlatformPartners, by tag": listing("/platform/partners", tags=["fruit"]),
        "a payment's story": "/_emulator/payment?paymentId=known",
    }
    operations |= {name: partial(read, connection, path) for name, path in reads.items()}
    medians: dict[str, float] = {}
    for name, send in operations.items():
        taken: list[float] = []
        for number in range(REQUESTS_PER_ROUND):
            started = time.perf_counter()
            await send(f"{round_number}-{number}")
            taken.append(time.perf_counter() - started)
        medians[name] = statistics.median(taken)
    return medians


@contextmanager
def silent_shop() -> Generator[str]:
    """Give a URL where a connection is accepted and never answered."""
    with socket.socket() as shop:
        shop.bind(("127.0.0.1", 0))
        shop.listen()
        yield f"http://127.0.0.1:{shop.getsockname()[1]}/"


async def fill(url: str, holding: str, shop: str) -> None:
    """Create what the emulator is to hold."""
    connection = await Connection.open(url)
    await connection.pay("known")
    await connection.send("POST", "/platform/contracts", CONTRACT)
    for number in range(PAGE):
        await add_record(connection, number)
    match holding:
        case "payments_10k" | "payments_100k":
            count = 10_000 if holding == "payments_10k" else 100_000
            await pay_all(url, (f"order-{number}" for number in range(count)), CONNECTIONS[-1])
        case "schedules_10k":
            billing_key = await issue_billing_key(connection, "customer")
            for number in range(10_000):
                await schedule(connection, f"order-{number}", billing_key)
        case "others_10k":
            for number in range(PAGE, 10_000):
                await add_record(connection, number)
        case "webhooks_10k":
            ids = (f"order-{number}" for number in range(10_000))
            await pay_all(url, ids, CONNECTIONS[-1], noticeUrls=[shop])
        case _:
            pass


def measure_starts() -> Section:
    """Start it again and again; a first start, not counted, fills the file cache."""
    taken = [start() for _ in range(STARTS + 1)][1:]
    return Section(
        title="From the start of the emulator's process until it serves",
        unit="s",
        cases={"start": summarize({"emulator": taken})},
    )


def measure_payments() -> tuple[Section, Section]:
    """Make payments without and with a journal, in turns, then all those whose memory counts."""
    rates: dict[int, dict[str, list[float]]] = {
        connections: {"emulator": [], "emulator_journal": []} for connections in CONNECTIONS
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        emulator() as (url, _),
        emulator("--journal", f"{folder}/journal") as (journal_url, _),
    ):
        made = 0
        for connections in CONNECTIONS * ROUNDS:
            ids = [f"order-{number}" for number in range(made, made + PAYMENTS_PER_ROUND)]
            made += len(ids)
            for name, each in (("emulator", url), ("emulator_journal", journal_url)):
                rates[connections][name].append(asyncio.run(pay_all(each, ids, connections)))
    with emulator() as (url, pid):
        before = memory(pid)
        asyncio.run(pay_all(url, (f"order-{number}" for number in range(PAYMENTS)), 1))
        after = memory(pid)
    return (
        Section(
            title="The emulator's payments per second on one core",
            unit="per s",
            cases={
                f"{connections} connection{'s' if connections > 1 else ''}": summarize(
                    found, baseline="emulator"
                )
                for connections, found in rates.items()
            },
        ),
        Section(
            title="The emulator's memory",
            unit="MB",
            cases={
                "at start": summarize({"emulator": [before]}),
                f"after {PAYMENTS:,} payments": summarize({"emulator": [after]}),
            },
        ),
    )


def measure_requests() -> Section:
    """Measure single requests to emulators that hold different things, in turns."""
    holdings = (
        "empty",
        "payments_10k",
        "payments_100k",
        "schedules_10k",
        "webhooks_10k",
        "others_10k",
    )
    rounds: dict[str, dict[str, list[float]]] = {}
    for holding in holdings:
        with silent_shop() as shop, emulator() as (url, _):
            asyncio.run(fill(url, holding, shop))
            for number in range(ROUNDS):
                for operation, taken in asyncio.run(request_times(url, number)).items():
                    rounds.setdefault(operation, {}).setdefault(holding, []).append(taken)
    return Section(
        title="One request to the emulator, by what it holds",
        unit="s",
        cases={
            operation: summarize(found, baseline="empty") for operation, found in rounds.items()
        },
    )


def measure() -> dict[str, Section]:
    """Measure all of it."""
    starts = measure_starts()
    payments, memory_use = measure_payments()
    return {
        "emulator_start": starts,
        "emulator_payments": payments,
        "emulator_memory": memory_use,
        "emulator_requests": measure_requests(),
    }
