"""Contracts, policies and partners: created, found, changed, archived, scheduled for change."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen

from portone_emulator import Emulator
from portone_emulator.document.document import load
from portone_emulator.platform.tables import FILTERS

from .conftest import START, error_of
from .platform import BUSINESS, CONTRACT, PARTNER, Marketplace

LATER = "2026-08-01T00:00:00Z"


@pytest.fixture
def shop() -> Marketplace:
    return Marketplace(Emulator(start_at=START))


@frozen
class Case:
    """A resource: its path, error name, field of responses, and a body and a change of it."""

    path: str
    error: str
    taken: str
    field: str
    body: dict[str, Any]
    change: dict[str, Any]


CASES = [
    Case(
        "/platform/contracts",
        "CONTRACT",
        "PLATFORM_CONTRACT_ALREADY_EXISTS",
        "contract",
        CONTRACT,
        {"name": "another", "platformFee": {"fixedAmount": 500}},
    ),
    Case(
        "/platform/additional-fee-policies",
        "ADDITIONAL_FEE_POLICY",
        "PLATFORM_ADDITIONAL_FEE_POLICY_ALREADY_EXISTS",
        "additionalFeePolicy",
        {"name": "marketing", "fee": {"fixedRate": 5_000}, "vatPayer": "PARTNER"},
        {"fee": {"fixedAmount": 500}, "memo": "changed"},
    ),
    Case(
        "/platform/discount-share-policies",
        "DISCOUNT_SHARE_POLICY",
        "PLATFORM_DISCOUNT_SHARE_POLICY_ALREADY_EXISTS",
        "discountSharePolicy",
        {"name": "coupon", "partnerShareRate": 50_000},
        {"partnerShareRate": 0},
    ),
    Case(
        "/platform/partners",
        "PARTNER",
        "PLATFORM_PARTNER_ID_ALREADY_EXISTS",
        "partner",
        PARTNER,
        {"name": "another", "contact": {"phoneNumber": "01012345678"}},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.field)
class TestResources:
    @pytest.fixture(autouse=True)
    def contract(self, shop: Marketplace) -> None:
        shop.add_contract()

    def create(self, shop: Marketplace, case: Case, record_id: str = "one", **query: Any) -> Any:
        response = shop.post(case.path, json={"id": record_id, **case.body}, params=query)
        return response.raise_for_status().json()[case.field]

    def test_created_is_found(self, shop: Marketplace, case: Case) -> None:
        made = self.create(shop, case)
        assert (made["id"], made["name"], made["isArchived"]) == ("one", case.body["name"], False)
        assert shop.get(f"{case.path}/one").json() == made
        other = shop.post(case.path, json=case.body).json()[case.field]
        assert other["id"] not in {"one", ""}
        assert shop.ids(case.path)[:2] == [other["id"], "one"]
        assert error_of(shop.post(case.path, json={"id": "one", **case.body})) == (409, case.taken)
        assert shop.ids(case.path)[:2] == [other["id"], "one"]

    def test_unknown(self, shop: Marketplace, case: Case) -> None:
        path, not_found = f"{case.path}/none", (404, f"PLATFORM_{case.error}_NOT_FOUND")
        schedule = {"update": case.change, "appliedAt": LATER}
        assert error_of(shop.get(path)) == not_found
        assert error_of(shop.patch(path, json=case.change)) == not_found
        assert error_of(shop.post(f"{path}/archive")) == not_found
        assert error_of(shop.post(f"{path}/recover")) == not_found
        assert error_of(shop.post(f"{path}/schedule", json=schedule)) == not_found
        assert error_of(shop.put(f"{path}/schedule", json=schedule)) == not_found
        assert error_of(shop.get(f"{path}/schedule")) == not_found
        assert error_of(shop.delete(f"{path}/schedule")) == not_found

    def test_test_data_is_apart(self, shop: Marketplace, case: Case) -> None:
        shop.post(
            "/platform/contracts", json={"id": "contract-1", **CONTRACT}, params={"test": "true"}
        )
        made = self.create(shop, case, test="true")
        assert made["isForTest"] is True
        assert error_of(shop.get(f"{case.path}/one")) == (404, f"PLATFORM_{case.error}_NOT_FOUND")
        assert shop.get(f"{case.path}/one", params={"test": "true"}).json() == made
        assert "one" not in shop.ids(case.path)
        assert "one" in shop.ids(case.path, test="true")
        assert self.create(shop, case)["isForTest"] is False

    def test_update(self, shop: Marketplace, case: Case) -> None:
        made = self.create(shop, case)
        shop.emulator.advance(hours=1)
        body = {**case.change, "id": "ignored", "isArchived": True}
        updated = shop.patch(f"{case.path}/one", json=body).json()[case.field]
        assert updated["appliedAt"] > made["appliedAt"]
        changed = {name for name in updated if updated[name] != made.get(name)}
        assert changed == {*case.change, "appliedAt"}
        assert shop.get(f"{case.path}/one").json() == updated

    def test_archive_and_recover(self, shop: Marketplace, case: Case) -> None:
        self.create(shop, case)
        path = f"{case.path}/one"
        assert shop.post(f"{path}/archive").json()[case.field]["isArchived"] is True
        assert "one" not in shop.ids(case.path)
        assert shop.ids(case.path, {"isArchived": True}) == ["one"]
        archived = (409, f"PLATFORM_ARCHIVED_{case.error}")
        assert error_of(shop.patch(path, json=case.change)) == archived
        schedule = {"update": case.change, "appliedAt": LATER}
        assert error_of(shop.post(f"{path}/schedule", json=schedule)) == archived
        assert shop.post(f"{path}/recover").json()[case.field]["isArchived"] is False
        assert "one" in shop.ids(case.path)

    def test_scheduled_update(self, shop: Marketplace, case: Case) -> None:
        before = self.create(shop, case)
        path, schedule = f"{case.path}/one", {"update": case.change, "appliedAt": LATER}
        planned = shop.post(f"{path}/schedule", json=schedule).json()
        [(field, scheduled)] = planned.items()
        assert field == f"scheduled{case.field[0].upper()}{case.field[1:]}"
        assert scheduled["appliedAt"] == "2026-08-01T00:00:00.000000000Z"
        assert shop.get(f"{path}/schedule").json() == scheduled
        assert shop.get(path).json() == before
        assert error_of(shop.post(f"{path}/schedule", json=schedule)) == (
            409,
            f"PLATFORM_{case.error}_SCHEDULE_ALREADY_EXISTS",
        )
        assert error_of(shop.post(f"{path}/archive")) == (
            409,
            f"PLATFORM_CANNOT_ARCHIVE_SCHEDULED_{case.error}",
        )
        shop.emulator.advance(days=40)
        assert shop.get(path).json() == scheduled
        assert error_of(shop.get(f"{path}/schedule"))[0] == 404

    def test_schedule_is_replaced_and_cancelled(self, shop: Marketplace, case: Case) -> None:
        before = self.create(shop, case)
        path = f"{case.path}/one"
        first = {"update": case.change, "appliedAt": LATER}
        shop.post(f"{path}/schedule", json=first).raise_for_status()
        second = {"update": {"memo": "other"}, "appliedAt": "2026-08-02T00:00:00+09:00"}
        replaced = next(iter(shop.put(f"{path}/schedule", json=second).json().values()))
        assert replaced == before | {"memo": "other", "appliedAt": "2026-08-01T15:00:00.000000000Z"}
        assert shop.delete(f"{path}/schedule").json() == {}
        shop.emulator.advance(days=40)
        assert shop.get(path).json() == before

    def test_schedule_in_the_past(self, shop: Marketplace, case: Case) -> None:
        self.create(shop, case)
        schedule = {"update": case.change, "appliedAt": "2026-07-01T00:00:00Z"}
        response = shop.post(f"{case.path}/one/schedule", json=schedule)
        assert error_of(response) == (400, "INVALID_REQUEST")

    def test_keywords_and_pages(self, shop: Marketplace, case: Case) -> None:
        for record_id in ("Apple-1", "apple-2", "pear"):
            self.create(shop, case, record_id)
        assert shop.ids(case.path, {"keyword": {"id": "aPPle"}}) == ["apple-2", "Apple-1"]
        assert shop.ids(case.path, {"keyword": {"name": "nothing"}}) == []
        page = shop.list(
            case.path, {"keyword": {"id": "p"}}, body={"page": {"number": 1, "size": 2}}
        )
        assert [item["id"] for item in page["items"]] == ["Apple-1"]
        assert page["page"] == {"number": 1, "size": 2, "totalCount": 3}

    def test_repeated_request_is_not_repeated(self, shop: Marketplace, case: Case) -> None:
        key = {"Idempotency-Key": '"0123456789abcdef"'}
        body = {"id": "one", **case.body}
        first = shop.post(case.path, json=body, headers=key)
        shop.patch(f"{case.path}/one", json=case.change)
        assert shop.post(case.path, json=body, headers=key).content == first.content


def test_contract_is_what_was_asked_for(shop: Marketplace) -> None:
    made = shop.add_contract(memo="a memo")
    assert made["platformFee"] == {"type": "FIXED_RATE", "rate": 10_000}
    assert made["settlementCycle"] == {
        "lagDays": 2,
        "datePolicy": "HOLIDAY_BEFORE",
        "method": {"type": "MONTHLY", "daysOfMonth": [31]},
    }
    assert (made["platformFeeVatPayer"], made["memo"]) == ("PARTNER", "a memo")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"platformFee": {}},
        {"platformFee": {"unknown": 1}},
        {"platformFee": {"fixedRate": 1, "fixedAmount": 1}},
        {"platformFee": {"fixedRate": 100_001}},
        {"platformFee": {"fixedAmount": -1}},
        {"settlementCycle": {**CONTRACT["settlementCycle"], "lagDays": 11}},
        {"settlementCycle": {**CONTRACT["settlementCycle"], "method": {}}},
        {
            "settlementCycle": {
                **CONTRACT["settlementCycle"],
                "method": {"weekly": {"daysOfWeek": []}},
            }
        },
        {
            "settlementCycle": {
                **CONTRACT["settlementCycle"],
                "method": {"monthly": {"daysOfMonth": [32]}},
            }
        },
        {
            "settlementCycle": {
                **CONTRACT["settlementCycle"],
                "method": {"manualDates": {"dates": [{"month": 2, "day": 30}]}},
            }
        },
    ],
)
def test_invalid_contract(shop: Marketplace, changes: dict[str, Any]) -> None:
    response = shop.post("/platform/contracts", json=CONTRACT | changes)
    assert error_of(response) == (400, "INVALID_REQUEST")
    assert shop.ids("/platform/contracts") == []


def test_filters_of_contracts_and_policies(shop: Marketplace) -> None:
    shop.add_contract("monthly")
    daily = {"lagDays": 1, "datePolicy": "CALENDAR_DAY", "method": {"daily": {}}}
    shop.add_contract("daily", settlementCycle=daily, platformFeeVatPayer="MERCHANT")
    contracts = "/platform/contracts"
    assert shop.ids(contracts, {"cycleTypes": ["DAILY"]}) == ["daily"]
    assert shop.ids(contracts, {"datePolicies": ["HOLIDAY_BEFORE"]}) == ["monthly"]
    assert shop.ids(contracts, {"platformFeePayers": ["MERCHANT", "PARTNER"]}) == [
        "daily",
        "monthly",
    ]
    policies = "/platform/additional-fee-policies"
    for rate in (500, 5_000):
        body = {"id": f"fee-{rate}", "name": "x", "fee": {"fixedRate": rate}, "vatPayer": "PARTNER"}
        shop.post(policies, json=body)
    assert shop.ids(policies, {"keyword": {"fee": "500"}}) == ["fee-500"]
    assert shop.ids(policies, {"vatPayers": ["MERCHANT"]}) == []
    for rate in (0, 70_000):
        body = {"id": f"share-{rate}", "name": "x", "partnerShareRate": rate}
        shop.post("/platform/discount-share-policies", json=body)
    shares = "/platform/discount-share-policies"
    assert shop.ids(shares, {"partnerShareRates": [0, 1]}) == ["share-0"]
    options = "/platform/discount-share-policy-filter-options"
    assert shop.get(options).json() == {"partnerShareRates": [0, 70_000]}
    shop.post(f"{shares}/share-0/archive")
    assert shop.get(options, params={"isArchived": "true"}).json() == {"partnerShareRates": [0]}


class TestPartners:
    @pytest.fixture(autouse=True)
    def contract(self, shop: Marketplace) -> None:
        shop.add_contract()

    def test_partner_is_what_was_asked_for(self, shop: Marketplace) -> None:
        made = shop.add_partner(userDefinedProperties={"grade": {"string": "A"}})
        assert made["account"] == {**PARTNER["account"], "status": "VERIFIED"}
        assert made["contact"] == PARTNER["contact"]
        assert made["type"] == {"type": "NON_WHT_PAYER"}
        assert made["userDefinedProperties"] == {"grade": {"string": "A"}}
        assert (made["tags"], made["status"]) == (["fruit"], "APPROVED")

    def test_contract_must_exist(self, shop: Marketplace) -> None:
        partner = {**PARTNER, "defaultContractId": "none"}
        not_found = (404, "PLATFORM_CONTRACT_NOT_FOUND")
        assert error_of(shop.post("/platform/partners", json=partner)) == not_found
        shop.add_partner()
        change = {"defaultContractId": "none"}
        assert error_of(shop.patch("/platform/partners/partner-1", json=change)) == not_found
        schedule = {"update": change, "appliedAt": LATER}
        assert (
            error_of(shop.post("/platform/partners/partner-1/schedule", json=schedule)) == not_found
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {"tags": ["x"] * 11},
            {"memo": "x" * 257},
            {"type": {}},
            {"type": {"whtPayer": {}, "nonWhtPayer": {}}},
        ],
    )
    def test_invalid(self, shop: Marketplace, changes: dict[str, Any]) -> None:
        response = shop.post("/platform/partners", json=PARTNER | changes)
        assert error_of(response) == (400, "INVALID_REQUEST")

    def test_currency(self, shop: Marketplace) -> None:
        account = {**PARTNER["account"], "currency": "EUR"}
        response = shop.post("/platform/partners", json={**PARTNER, "account": account})
        assert error_of(response) == (400, "PLATFORM_CURRENCY_NOT_SUPPORTED")
        dollars = shop.add_partner(account={**account, "currency": "USD"})
        assert dollars["account"]["status"] == "NOT_VERIFIED"

    def test_verified_account(self, shop: Marketplace) -> None:
        path = "/platform/bank-accounts/SHINHAN/999/holder"
        found = shop.get(path).json()
        account = {
            "bank": "SHINHAN",
            "currency": "KRW",
            "number": "999",
            "holder": found["holderName"],
            "accountVerificationId": found["accountVerificationId"],
        }
        wrong = shop.post(
            "/platform/partners", json={**PARTNER, "account": {**account, "holder": "x"}}
        )
        assert error_of(wrong) == (400, "PLATFORM_ACCOUNT_VERIFICATION_FAILED")
        made = shop.add_partner(account=account)
        assert "accountVerificationId" not in made["account"]
        again = shop.post("/platform/partners", json={**PARTNER, "account": account})
        assert error_of(again) == (409, "PLATFORM_ACCOUNT_VERIFICATION_ALREADY_USED")
        unknown = shop.post(
            "/platform/partners",
            json={**PARTNER, "account": {**account, "accountVerificationId": "none"}},
        )
        assert error_of(unknown) == (404, "PLATFORM_ACCOUNT_VERIFICATION_NOT_FOUND")
        shop.add_partner("kim")
        assert (
            shop.get("/platform/bank-accounts/SHINHAN/110123/holder").json()["holderName"] == "Kim"
        )

    def test_verified_company(self, shop: Marketplace) -> None:
        state = shop.get("/platform/companies/1234567890/state").json()
        business = {
            **BUSINESS["business"],
            "companyVerificationId": state["companyVerificationId"],
        }
        made = shop.add_partner(type={"business": business})
        assert made["type"] == {
            "type": "BUSINESS",
            "companyName": "a company",
            "businessRegistrationNumber": "1234567890",
            "representativeName": "Lee",
            "taxationType": "NORMAL",
            "businessStatus": "IN_BUSINESS",
            "memberCompanyConnectionStatus": "NOT_CONNECTED",
        }
        again = shop.post("/platform/partners", json={**PARTNER, "type": {"business": business}})
        assert error_of(again) == (409, "PLATFORM_COMPANY_VERIFICATION_ALREADY_USED")
        unknown = shop.get("/platform/companies/12/state")
        assert error_of(unknown) == (404, "PLATFORM_COMPANY_NOT_FOUND")

    def test_change_of_type(self, shop: Marketplace) -> None:
        shop.add_partner(type={"whtPayer": {"birthdate": "1990-01-01"}})
        path = "/platform/partners/partner-1"
        assert shop.patch(path, json={"type": {"whtPayer": {}}}).json()["partner"]["type"] == {
            "type": "WHT_PAYER",
            "birthdate": "1990-01-01",
        }
        partial = {"type": {"business": {"companyName": "x"}}}
        assert error_of(shop.patch(path, json=partial)) == (
            400,
            "PLATFORM_INSUFFICIENT_DATA_TO_CHANGE_PARTNER_TYPE",
        )
        shop.patch(path, json={"type": BUSINESS}).raise_for_status()
        changed = shop.patch(path, json=partial).json()["partner"]["type"]
        assert (changed["companyName"], changed["representativeName"]) == ("x", "Lee")

    def test_filters(self, shop: Marketplace) -> None:
        shop.add_contract("contract-2")
        shop.add_partner("person")
        account = {"bank": "KAKAO", "currency": "USD", "number": "777", "holder": "Choi"}
        shop.add_partner(
            "company",
            account=account,
            type=BUSINESS,
            tags=["meat", "fish"],
            memo="big",
            defaultContractId="contract-2",
            contact={"name": "Choi", "email": "choi@shop.kr"},
        )
        partners = "/platform/partners"
        for filters in (
            {"ids": ["company", "none"]},
            {"banks": ["KAKAO"]},
            {"accountCurrencies": ["USD"]},
            {"accountStatuses": ["NOT_VERIFIED"]},
            {"tags": ["fish", "none"]},
            {"contractIds": ["contract-2"]},
            {"types": ["BUSINESS"]},
            {"taxationTypes": ["NORMAL"]},
            {"businessStatuses": ["IN_BUSINESS"]},
            {"memberCompanyConnectionStatuses": ["NOT_CONNECTED"]},
            {"keyword": {"accountNumber": "77"}},
            {"keyword": {"accountHolder": "cho"}},
            {"keyword": {"businessRegistrationNumber": "123"}},
            {"keyword": {"defaultContractId": "t-2"}},
            {"keyword": {"email": "shop.kr"}},
            {"keyword": {"memo": "BIG"}},
        ):
            assert shop.ids(partners, filters) == ["company"], filters
        assert shop.ids(partners, {"ids": []}) == ["company", "person"]
        assert shop.get("/platform/partner-filter-options").json() == {
            "tags": ["fish", "fruit", "meat"],
            "contractSummary": [
                {"id": "contract-1", "name": "ten percent"},
                {"id": "contract-2", "name": "ten percent"},
            ],
        }

    def test_several_at_once(self, shop: Marketplace) -> None:
        batch = "/platform/partners/batch"
        bodies = [{"id": "a", **PARTNER}, {"id": "b", **PARTNER}]
        made = shop.post(batch, json={"partners": bodies}).json()["partners"]
        assert [partner["id"] for partner in made] == ["a", "b"]
        taken = shop.post(batch, json={"partners": [*bodies, {"id": "c", **PARTNER}]})
        assert error_of(taken) == (409, "PLATFORM_PARTNER_IDS_ALREADY_EXISTS")
        assert taken.json()["ids"] == ["a", "b"]
        repeated = shop.post(batch, json={"partners": [{"id": "d", **PARTNER}] * 2})
        assert error_of(repeated) == (400, "PLATFORM_PARTNER_IDS_DUPLICATED")
        missing = shop.post(batch, json={"partners": [{**PARTNER, "defaultContractId": "none"}]})
        assert error_of(missing) == (404, "PLATFORM_CONTRACTS_NOT_FOUND")
        invalid = shop.post(
            batch, json={"partners": [{"id": "e", **PARTNER}, {**PARTNER, "tags": ["x"] * 11}]}
        )
        assert error_of(invalid) == (400, "INVALID_REQUEST")
        assert shop.ids("/platform/partners") == ["b", "a"]

    def test_update_scheduled_for_many(self, shop: Marketplace) -> None:
        for partner_id in ("a", "b", "c"):
            shop.add_partner(partner_id)
        body = {"filter": {"ids": ["a", "b"]}, "update": {"memo": "new"}, "appliedAt": LATER}
        assert shop.post("/platform/partners/schedule", json=body).json() == {}
        again = shop.post("/platform/partners/schedule", json=body | {"filter": {}})
        assert error_of(again) == (409, "PLATFORM_PARTNER_SCHEDULES_ALREADY_EXIST")
        assert again.json()["ids"] == ["b", "a"]
        shop.post("/platform/partners/c/archive")
        archived = shop.post(
            "/platform/partners/schedule", json=body | {"filter": {"isArchived": True}}
        )
        assert error_of(archived) == (409, "PLATFORM_ARCHIVED_PARTNERS_CANNOT_BE_SCHEDULED")
        shop.emulator.advance(days=40)
        assert shop.ids("/platform/partners", {"keyword": {"memo": "new"}}) == ["b", "a"]


def test_setting(shop: Marketplace) -> None:
    before = shop.get("/platform/setting").json()
    assert before["settlementAmountType"] == "GROSS"
    changes = {"deductWht": True, "settlementAmountType": "NET", "defaultDepositMemo": "thanks"}
    changed = shop.patch("/platform/setting", json=changes).json()["setting"]
    assert changed == before | changes
    assert shop.get("/platform/setting").json() == changed
    assert shop.get("/platform/setting", params={"test": "true"}).json() == before | {
        "isForTest": True
    }


def test_banks(shop: Marketplace) -> None:
    banks = {item["bank"]: item["name"]["ko"] for item in shop.get("/banks").json()["items"]}
    assert list(banks) == load().enum("Bank")
    assert banks["SHINHAN"] == "신한은행"


@pytest.mark.parametrize(
    ("schema", "kind", "prefix"),
    [
        ("PlatformContractFilterInput", "contract", ""),
        ("PlatformAdditionalFeePolicyFilterInput", "additionalFeePolicy", ""),
        ("PlatformDiscountSharePolicyFilterInput", "discountSharePolicy", ""),
        ("PlatformPartnerFilterInput", "partner", ""),
        ("PlatformPartnerFilterInputKeyword", "partner", "keyword."),
        ("PlatformTransferFilterInput", "transfer", ""),
        ("PlatformTransferFilterInputKeyword", "transfer", "keyword."),
        ("PlatformPartnerSettlementFilterInput", "partnerSettlement", ""),
        ("PlatformPartnerSettlementFilterKeywordInput", "partnerSettlement", "keyword."),
        ("PlatformPayoutFilterInput", "payout", ""),
        ("PlatformPayoutFilterInputCriteria", "payout", "criteria."),
        ("PlatformBulkPayoutFilterInput", "bulkPayout", ""),
        ("PlatformBulkPayoutFilterInputCriteria", "bulkPayout", "criteria."),
        ("PlatformAccountTransferFilter", "accountTransfer", ""),
        ("PlatformBulkAccountTransferFilterInput", "bulkAccountTransfer", ""),
        ("PlatformBulkAccountTransferFilterInputCriteria", "bulkAccountTransfer", "criteria."),
        ("B2bCounterpartyFilter", "counterparty", ""),
        ("GetB2bTaxInvoicesBodyFilter", "taxInvoice", ""),
        ("GetB2bTaxInvoicesBodyPrimaryFilter", "taxInvoice", "primaryFilter."),
    ],
)
def test_every_filter_of_the_document_is_applied(schema: str, kind: str, prefix: str) -> None:
    # Those that no table has, as they are more than a comparison with a field.
    by_hand = {
        "isArchived",
        "isForTest",
        "keyword",
        "criteria",
        "all",
        "userDefinedProperty",
        "id",
        "primaryFilter",
        "dateFilter",
        "counterpartyId",
        "includeBrnMatch",
        "partnerBrn",
    }
    if kind == "transfer":  # they change with the day, and with settlements
        by_hand |= {"statuses", "payoutId", "partnerSettlementId"}
    names = set(load().schemas[schema]["properties"])
    table = FILTERS[kind]
    all_filtered = {*table.facets, *table.lookups, *table.ranges, *table.texts}
    filtered = {
        name.removeprefix(prefix)
        for name in all_filtered
        # Those with a space are for the emulator itself.
        if name.startswith(prefix) and "." not in name.removeprefix(prefix) and " " not in name
    }
    assert filtered - by_hand <= names
    assert names - filtered <= by_hand
