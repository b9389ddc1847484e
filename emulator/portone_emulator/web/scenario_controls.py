"""The controls of what a test plans, waits for and starts from."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast, get_args

from portone_emulator.document.document import Document
from portone_emulator.errors import EmulatedAPIError
from portone_emulator.scenarios import seeds
from portone_emulator.scenarios.future import ChangeName, named_change
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.web.control import AMOUNT, COUNT, DURATION, TEXT, Control

if TYPE_CHECKING:
    from portone_emulator.actions import Actions

_MAX_COPIES = 100
_TIMEOUT: JsonObject = {"type": "number", "minimum": 0, "maximum": 600}
_MAX_STATE_BYTES = 1_000_000_000


def scenario_controls(document: Document) -> dict[str, Control]:
    """Return the controls by path name."""
    operation: JsonObject = {"type": "string", "enum": list(document.operations)}

    def choice(name: str) -> JsonObject:
        return {"type": "string", "enum": document.enum(name)}

    return {
        "add-promotion": Control(
            description="Start a promotion that runs for thirty days, with an amount or a "
            "percentage off.",
            properties={
                "promotionId": TEXT,
                "discount": COUNT,
                "percent": {"type": "integer", "minimum": 1, "maximum": 100},
                "cardCompany": choice("PromotionCardCompany"),
            },
            required=("promotionId",),
            example={"promotionId": "spring-sale", "percent": 10},
            run=_add_promotion,
        ),
        "add-pg-card-promotion": Control(
            description="Start a card promotion of the payment company KCP, which "
            "getPgCardPromotions lists.",
            properties={
                "promotionId": TEXT,
                "discountAmount": AMOUNT,
                "minimumPaymentAmount": AMOUNT,
                "cardCompany": choice("PgPromotionCardCompany"),
                "channelKey": TEXT,
            },
            required=("promotionId", "discountAmount"),
            example={
                "promotionId": "kcp-shinhan",
                "discountAmount": 3000,
                "minimumPaymentAmount": 30000,
            },
            run=_add_pg_card_promotion,
        ),
        "add-checkout-profile": Control(
            description="Add a checkout profile: payment methods, each with the countries, "
            "currencies and amounts for which evaluateCheckoutProfile offers it.",
            properties={
                "profileKey": TEXT,
                "methods": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["paymentMethod"],
                        "properties": {
                            "paymentMethod": choice("CheckoutPaymentMethod"),
                            "channelKey": TEXT,
                            "countries": {
                                "type": "array",
                                "minItems": 1,
                                "items": choice("Country"),
                            },
                            "currencies": {
                                "type": "array",
                                "minItems": 1,
                                "items": choice("Currency"),
                            },
                            "minAmount": AMOUNT,
                            "maxAmount": AMOUNT,
                        },
                    },
                },
            },
            required=("profileKey", "methods"),
            example={
                "profileKey": "profile-key-1",
                "methods": [
                    {"paymentMethod": "CARD_KR", "countries": ["KR"], "currencies": ["KRW"]},
                    {"paymentMethod": "PAY_PAL", "currencies": ["USD"], "minAmount": 100},
                ],
            },
            run=_add_checkout_profile,
        ),
        "future": Control(
            description="Change the next responses of an operation, as a future PortOne might: "
            "a status, an enum value, a field or an error that no client knows yet.",
            properties={
                "operationId": operation,
                "change": {"type": "string", "enum": list(get_args(ChangeName))},
                "field": TEXT,
                "value": {},
                "at": {"type": "array", "items": {"type": ["string", "integer"]}},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "times": COUNT,
            },
            required=("operationId", "change"),
            example={
                "operationId": "getPayment",
                "change": "unknown_variant",
                "value": "FROZEN",
            },
            run=_future,
        ),
        "hold": Control(
            description="Hold the requests for an operation before they are processed, until "
            "they are released. With a timeout in seconds, wait until one is held.",
            properties={"operationId": operation, "timeout": _TIMEOUT},
            required=("operationId",),
            example={"operationId": "cancelPayment"},
            run=_hold,
        ),
        "release": Control(
            description="Let the held requests for an operation continue, and hold no more.",
            properties={"operationId": operation},
            required=("operationId",),
            example={"operationId": "cancelPayment"},
            run=_release,
        ),
        "duplicate-webhooks": Control(
            description="Deliver each of the next webhooks several times, with one webhook-id.",
            properties={
                "times": COUNT,
                "copies": {"type": "integer", "minimum": 1, "maximum": _MAX_COPIES},
            },
            example={"copies": 3},
            run=_duplicate_webhooks,
        ),
        "delay-webhooks": Control(
            description="Delay each of the next webhooks, on the emulator's clock.",
            properties={
                "times": COUNT,
                **dict.fromkeys(("hours", "minutes", "seconds"), DURATION),
            },
            example={"minutes": 10},
            run=_delay_webhooks,
        ),
        "reorder-webhooks": Control(
            description="Hold back the next webhooks, then deliver them in reverse order.",
            properties={"count": COUNT},
            example={"count": 2},
            run=_reorder_webhooks,
        ),
        "wait-for-webhooks": Control(
            description="Wait until every due webhook was attempted, at most so many seconds.",
            properties={"timeout": _TIMEOUT},
            example={"timeout": 10},
            run=_wait_for_webhooks,
        ),
        "seed": Control(
            description="Add payments, billing keys and so on to the state: the content of a seed "
            "file. No webhooks are sent for it.",
            properties=seeds.load_schema()["properties"],
            example={"payments": [{"paymentId": "order20261130001", "totalAmount": 30000}]},
            max_bytes=_MAX_STATE_BYTES,
            is_checked_by_run=True,
            run=_seed,
        ),
        "snapshot": Control(
            description="Return the whole state, for `restore`.",
            properties={},
            result={"snapshot": {"type": "object"}},
            run=_snapshot,
        ),
        "restore": Control(
            description="Replace the whole state by that of a snapshot.",
            properties={"snapshot": {"type": "object"}},
            required=("snapshot",),
            max_bytes=_MAX_STATE_BYTES,
            run=_restore,
        ),
    }


def _add_promotion(actions: Actions, body: JsonObject) -> JsonObject:
    options = omit_none(
        discount=body.get("discount"),
        percent=body.get("percent"),
        card_company=body.get("cardCompany"),
    )
    actions.add_promotion(body["promotionId"], **options)
    return {}


def _add_pg_card_promotion(actions: Actions, body: JsonObject) -> JsonObject:
    options = omit_none(
        minimum_amount=body.get("minimumPaymentAmount"),
        card_company=body.get("cardCompany"),
        channel_key=body.get("channelKey"),
    )
    actions.add_pg_card_promotion(body["promotionId"], discount=body["discountAmount"], **options)
    return {}


def _add_checkout_profile(actions: Actions, body: JsonObject) -> JsonObject:
    actions.add_checkout_profile(body["profileKey"], body["methods"])
    return {}


def _future(actions: Actions, body: JsonObject) -> JsonObject:
    change = named_change(
        cast("ChangeName", body["change"]),
        field=body.get("field"),
        value=body.get("value"),
        at=tuple(body.get("at", ())),
        status=body.get("status"),
    )
    actions.future(body["operationId"], change, body.get("times", 1))
    return {}


def _hold(actions: Actions, body: JsonObject) -> JsonObject:
    hold = actions.hold(body["operationId"])
    if "timeout" in body:
        with _timeout_as_api_error():
            hold.wait(body["timeout"])
    return {}


def _release(actions: Actions, body: JsonObject) -> JsonObject:
    actions.release(body["operationId"])
    return {}


def _duplicate_webhooks(actions: Actions, body: JsonObject) -> JsonObject:
    actions.webhooks.duplicate(**body)
    return {}


def _delay_webhooks(actions: Actions, body: JsonObject) -> JsonObject:
    actions.webhooks.delay(**body)
    return {}


def _reorder_webhooks(actions: Actions, body: JsonObject) -> JsonObject:
    actions.webhooks.reorder(**body)
    return {}


def _wait_for_webhooks(actions: Actions, body: JsonObject) -> JsonObject:
    with _timeout_as_api_error():
        actions.wait_for_webhooks(**body)
    return {}


def _seed(actions: Actions, body: JsonObject) -> JsonObject:
    actions.seed(body)
    return {}


def _snapshot(actions: Actions, _: JsonObject) -> JsonObject:
    return {"snapshot": actions.snapshot()}


def _restore(actions: Actions, body: JsonObject) -> JsonObject:
    actions.restore(body["snapshot"])
    return {}


@contextmanager
def _timeout_as_api_error() -> Generator[None]:
    try:
        yield
    except TimeoutError as error:
        raise EmulatedAPIError("TIMEOUT", str(error)) from None
