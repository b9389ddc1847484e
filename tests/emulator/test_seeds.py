"""Seeds: what an emulator starts with."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from portone_emulator import Emulator, SeedError
from portone_emulator.document.document import load
from portone_emulator.scenarios.seeds import load_schema
from portone_emulator.state.json_values import parse_datetime
from portone_emulator.web.controls import controls

from .conftest import Shop
from .receiver import receiving
from .test_command import run_failing, running
from .test_controls import Controls

SEED = """
promotions:
  - promotionId: spring-sale
    percent: 10
pgCardPromotions:
  - promotionId: kcp-shinhan
    discountAmount: 3000
checkoutProfiles:
  - profileKey: profile-1
    methods:
      - {paymentMethod: CARD_KR, countries: [KR]}
payments:
  - paymentId: order-1
    totalAmount: 30000
    orderName: Two bags of coffee
    promotionId: spring-sale
    customer: {id: customer1, name: {full: Kim}, phoneNumber: "01012345678"}
    cancellations:
      - amount: 10000
        reason: one bag torn
  - paymentId: order-2
    outcome: virtual_account
    totalAmount: 1000
  - paymentId: order-3
    outcome: failed
    totalAmount: 5
    currency: USD
billingKeys:
  - billingKey: billing-key-1
    customerId: customer1
schedules:
  - paymentId: subscription202612
    billingKey: billing-key-1
    totalAmount: 9900
    afterDays: 30
  - paymentId: subscription2099
    billingKey: billing-key-1
    totalAmount: 9900
    timeToPay: 2099-01-01T00:00:00+09:00
identityVerifications:
  - identityVerificationId: verification1
    customer: {name: {full: Kim}, phoneNumber: "01012345678", birthYear: "1985"}
  - identityVerificationId: verification2
    outcome: ready
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "seed.yaml"
    file.write_text(SEED, encoding="utf-8")
    return file


def test_everything_is_there(emulator: Emulator, shop: Shop, file: Path) -> None:
    now = emulator.now
    emulator.seed(file)
    paid = shop.get_payment("order-1")
    assert (paid["status"], paid["orderName"]) == ("PARTIAL_CANCELLED", "Two bags of coffee")
    assert (paid["amount"]["paid"], paid["amount"]["cancelled"]) == (27000, 10000)
    assert paid["cancellations"][0]["reason"] == "one bag torn"
    assert shop.get_payment("order-2")["status"] == "VIRTUAL_ACCOUNT_ISSUED"
    failed = shop.get_payment("order-3")
    assert (failed["status"], failed["currency"]) == ("FAILED", "USD")
    assert shop.get("/billing-keys/billing-key-1").json()["customer"]["id"] == "customer1"
    query: dict[str, Any] = {"channelKey": "channel-key-emulator", "amount": 1}
    assert shop.get("/payment-gateways/card-promotion", params=query).json()["promotions"]
    query = {"profileKey": "profile-1", "amount": 1, "country": "KR", "currency": "KRW"}
    assert shop.get("/checkout-profiles/evaluate", params=query).json()["methods"]
    period = {"from": now.isoformat(), "until": "2100-01-01T00:00:00Z"}
    listed = shop.send_query("GET", "/payment-schedules", {"filter": period})
    schedules = listed.raise_for_status().json()["items"]
    assert {each["paymentId"]: parse_datetime(each["timeToPay"]) for each in schedules} == {
        "subscription202612": now + timedelta(days=30),
        "subscription2099": parse_datetime("2099-01-01T00:00:00+09:00"),
    }
    verified = shop.get("/identity-verifications/verification1").json()
    assert (verified["status"], verified["verifiedCustomer"]["name"]) == ("VERIFIED", "Kim")
    assert verified["verifiedCustomer"]["birthDate"] == "1985-01-01"
    assert shop.get("/identity-verifications/verification2").json()["status"] == "READY"
    emulator.advance(days=31)
    assert shop.get_payment("subscription202612")["amount"]["paid"] == 9900


def test_partners_are_created_by_the_api(emulator: Emulator, shop: Shop) -> None:
    partner: dict[str, Any] = {
        "id": "partner1",
        "name": "A roastery",
        "type": {"whtPayer": {}},
        "contact": {"name": "Kim", "email": "kim@shop.example"},
        "account": {"bank": "SHINHAN", "currency": "KRW", "number": "110123", "holder": "Kim"},
        "defaultContractId": "contract1",
        "tags": [],
    }
    contract = {
        "id": "contract1",
        "name": "A contract",
        "platformFee": {"fixedRate": 10000},
        "settlementCycle": {"lagDays": 1, "datePolicy": "HOLIDAY_AFTER", "method": {"daily": {}}},
        "platformFeeVatPayer": "MERCHANT",
        "subtractPaymentVatAmount": False,
    }
    emulator.seed({"contracts": [contract], "partners": [partner]})
    assert shop.get("/platform/contracts/contract1").json()["id"] == "contract1"
    assert shop.get("/platform/partners/partner1").json()["name"] == "A roastery"
    with pytest.raises(SeedError, match=r"partners\[0\]: INVALID_REQUEST: body.account"):
        emulator.seed({"partners": [{**partner, "id": "partner2", "account": 1}]})


def test_no_webhooks_are_sent_but_later_ones_are(file: Path) -> None:
    with receiving() as receiver, Emulator(webhook_url=receiver.url) as emulator:
        emulator.seed(file)
        assert emulator.deliveries == []
        assert emulator.payments["order-1"].get("webhooks", []) == []
        emulator.deposit("order-2")
        emulator.wait_for_webhooks()
        assert receiver.types == ["Transaction.Paid"]


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        (
            {"payment": []},
            "the seed: has the unknown property payment; it may have promotions, pgCard",
        ),
        ({"payments": {}}, "payments: must be of type array"),
        ({"payments": [{"paymentId": "1"}]}, r"payments\[0\]: needs totalAmount"),
        (
            {"payments": [{"paymentId": 1, "totalAmount": 1}]},
            r"payments\[0\].paymentId: must be of type string; in YAML, put it between quotes",
        ),
        (
            {"payments": [{"paymentId": "1", "totalAmount": 1, "outcome": "stolen"}]},
            r"payments\[0\].outcome: must be one of paid, failed, ",
        ),
        (
            {"payments": [{"paymentId": "1", "totalAmount": -1}]},
            r"payments\[0\].totalAmount: must be at least 0",
        ),
        ({"promotions": [{"promotionId": "p"}]}, "needs exactly one of discount, percent"),
        (
            {
                "schedules": [
                    {
                        "paymentId": "1",
                        "billingKey": "b",
                        "totalAmount": 1,
                        "timeToPay": "2026-11-30",
                    }
                ]
            },
            "timeToPay: must be in the format date-time, such as 2026-11-30T09",
        ),
        (
            {"payments": [{"paymentId": "1", "totalAmount": 1, "currency": "XYZ"}]},
            r"payments\[0\]: INVALID_REQUEST: body.currency",
        ),
        (
            {"payments": [{"paymentId": "1", "totalAmount": 1, "customer": {"name": "Kim"}}]},
            r"payments\[0\]: INVALID_REQUEST: body.customer.name",
        ),
        (
            {"payments": [{"paymentId": "1", "totalAmount": 1}] * 2},
            r"payments\[1\]: ALREADY_PAID",
        ),
        (
            {
                "schedules": [
                    {"paymentId": "1", "billingKey": "b", "totalAmount": 1, "afterDays": 1}
                ]
            },
            r"schedules\[0\]: BILLING_KEY_NOT_FOUND",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(
    emulator: Emulator, seed: dict[str, Any], message: str
) -> None:
    with pytest.raises(SeedError, match=message):
        emulator.seed(seed)


def test_a_seed_that_does_not_fit_the_format_adds_nothing(emulator: Emulator) -> None:
    payment = {"paymentId": "order-1", "totalAmount": 1000}
    with pytest.raises(SeedError):
        emulator.seed({"payments": [payment, {}]})
    assert emulator.payments == {}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("seed.json", "{", "it is not JSON"),
        ("seed.yaml", "payments: [", "it is not YAML: line 1, column 12: "),
        ("seed.yaml", "\x00", "it is not YAML"),
        ("seed.yaml", "payments: []\n" * 2, "line 2, column 1: the key payments is there twice"),
        ("seed.yaml", "1: 2", "a value that JSON does not have"),
        ("seed.yaml", "- 1", "the seed: must be of type object"),
        ("seed.json", "[]", "the seed: must be of type object"),
    ],
)
def test_a_file_that_cannot_be_read(
    emulator: Emulator, tmp_path: Path, name: str, content: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(SeedError, match=message):
        emulator.seed(file)


def test_an_empty_file_and_one_in_json(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "seed.yml").write_text("# nothing yet\n")
    emulator.seed(tmp_path / "seed.yml")
    seed = {"payments": [{"paymentId": "order-1", "totalAmount": 1000}]}
    (tmp_path / "seed.json").write_text(json.dumps(seed))
    emulator.seed(str(tmp_path / "seed.json"))
    assert list(emulator.payments) == ["order-1"]


def test_a_file_of_an_editor_that_writes_a_byte_order_mark(
    emulator: Emulator, tmp_path: Path
) -> None:
    for number, name in enumerate(("seed.json", "seed.yaml")):
        seed = {"payments": [{"paymentId": f"order-{number}", "totalAmount": 1000}]}
        (tmp_path / name).write_text(json.dumps(seed), "utf-8-sig")
        emulator.seed(tmp_path / name)
    assert sorted(emulator.payments) == ["order-0", "order-1"]


def test_control(emulator: Emulator) -> None:
    with Controls(emulator) as controls:
        controls.use("seed", payments=[{"paymentId": "order-1", "totalAmount": 1000}])
        code, kind, message = controls.error_of("seed", payments=[{"paymentId": "order-2"}])
    assert (code, kind) == (400, "INVALID_REQUEST")
    assert "payments[0]: needs totalAmount" in message
    assert list(emulator.payments) == ["order-1"]


class TestCommand:
    @pytest.mark.parametrize("option", ["--state-file", "--journal"])
    def test_a_seed_file_fills_an_empty_state_only(
        self, file: Path, tmp_path: Path, option: str
    ) -> None:
        options = ["--seed-file", str(file), option, str(tmp_path / "state")]
        with running(*options) as emulator:
            emulator.use("deposit", paymentId="order-2")
            emulator.stop()
        with running(*options) as emulator:
            assert emulator.get("/payments/order-2")["status"] == "PAID"

    def test_a_mistake_is_told_in_one_line(self, tmp_path: Path) -> None:
        file = tmp_path / "seed.yaml"
        file.write_text("payments: [{}]")
        expected = f"cannot use the seed file {file}: payments[0]: needs paymentId, totalAmount\n"
        assert run_failing("--seed-file", str(file)) == (1, expected)


class TestSchema:
    def test_it_is_a_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(load_schema())

    @pytest.mark.parametrize(
        ("kind", "control", "more"),
        [
            ("promotions", "add-promotion", set[str]()),
            ("pgCardPromotions", "add-pg-card-promotion", set[str]()),
            ("checkoutProfiles", "add-checkout-profile", set[str]()),
            ("payments", "checkout", {"cancellations"}),
            ("billingKeys", "issue-billing-key", set[str]()),
            ("identityVerifications", "verify-identity", set[str]()),
        ],
    )
    def test_an_entry_is_what_its_control_takes(
        self, kind: str, control: str, more: set[str]
    ) -> None:
        properties = load_schema()["properties"][kind]["items"]["properties"]
        of_control = controls(load())[control].properties
        assert set(properties) == set(of_control) | more
        for name in properties.keys() - more:
            if "enum" in properties[name]:
                assert set(properties[name]["enum"]) == set(of_control[name]["enum"])
