"""The requests of PortOne's browser SDK (V2), and what they mean for the emulator.

The emulator ignores fields that would reach only a payment company, or change how its window looks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone
from typing import Any, Final, cast

import orjson
from attrs import Factory, frozen

from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject, format_datetime, omit_none

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_FLAG: Final = {"type": "boolean"}
_AMOUNT: Final = {"type": "integer"}
_MAX_HOURS: Final = 100_000
_KST: Final = timezone(timedelta(hours=9))
# Enums may have their type's name in front: CURRENCY_KRW is KRW.
_PREFIXES: Final = {
    "currency": "CURRENCY_",
    "country": "COUNTRY_",
    "gender": "GENDER_",
    "easyPayProvider": "EASY_PAY_PROVIDER_",
    "giftCertificateType": "GIFT_CERTIFICATE_TYPE_",
}
# Names that differ between the browser SDK and the API.
_PROVIDERS: Final = {"GCASH": "G_CASH"}
_GIFT_CERTIFICATES: Final = {"CULTURE_GIFT": "CULTUREGIFT"}
# Payment methods of the browser SDK that are easy pay in the API.
_EASY_PAY: Final = {"PAYPAL": "PAYPAL", "ALIPAY": "ALIPAY", "ALIPAY_PLUS": None}


def _object(**properties: object) -> JsonObject:
    return {"type": "object", "properties": properties}


_CUSTOMER_TEXTS: Final = (
    "customerId",
    "fullName",
    "firstName",
    "lastName",
    "phoneNumber",
    "email",
    "zipcode",
    "gender",
    "birthYear",
    "birthMonth",
    "birthDay",
)
_IGNORED_CUSTOMER_TEXTS: Final = ("firstNameKana", "lastNameKana")
_CUSTOMER: Final = _object(
    **dict.fromkeys((*_CUSTOMER_TEXTS, *_IGNORED_CUSTOMER_TEXTS), _TEXT),
    address={"type": "object"},
)
_EASY_PAY_OPTIONS: Final = _object(easyPayProvider=_TEXT)
_WINDOW_TYPE: Final = {"type": "string", "enum": ["IFRAME", "POPUP", "REDIRECTION", "UI"]}
_IGNORED: Final[JsonObject] = {
    "windowType": _object(pc=_WINDOW_TYPE, mobile=_WINDOW_TYPE),  # only the script uses these two
    "forceRedirect": _FLAG,
    "locale": _TEXT,
    "popup": _object(center=_FLAG),
    "iframe": _object(dim=_FLAG),
    "bypass": {"type": "object"},
}
_IGNORED_OF_ORDERS: Final[JsonObject] = {
    "appScheme": _TEXT,
    "offerPeriod": {"type": "object"},
    "productType": _TEXT,
    "storeDetails": {"type": "object"},
    "card": {"type": "object"},
    "mobile": {"type": "object"},
}
_COMMON: Final[JsonObject] = {
    "storeId": _TEXT,
    "channelKey": _TEXT,
    "channelGroupId": _TEXT,
    "customer": _CUSTOMER,
    "customData": {"type": ["object", "array", "string"]},
    "redirectUrl": _TEXT,
}
_ORDER: Final[JsonObject] = {
    "paymentId": _TEXT,
    "orderName": _TEXT,
    "totalAmount": _AMOUNT,
    "taxFreeAmount": _AMOUNT,
    "vatAmount": _AMOUNT,
    "currency": _TEXT,
    "country": _TEXT,
    "isCulturalExpense": _FLAG,
    "products": {"type": "array", "items": {"type": "object"}},
    "noticeUrls": _TEXTS,
}
# Fields that are converted; the others have the same name in the controls.
_CONVERTED: Final = frozenset(
    {
        "customer",
        "customData",
        "redirectUrl",
        "payMethod",
        "billingKeyMethod",
        "billingKeyAndPayMethod",
        "easyPay",
        "alipayPlus",
        "giftCertificate",
        "virtualAccount",
    }
)


@frozen(kw_only=True)
class BrowserRequest:
    """One kind of request of the browser SDK."""

    transaction_type: str
    """The `transactionType` of its result."""
    properties: JsonObject
    required: tuple[str, ...]
    convert_method: Callable[[JsonObject, datetime], JsonObject]
    """Converts what the request says of the payment method."""
    ignored: JsonObject = Factory(dict[str, Any])
    """Further properties, which mean nothing to the emulator."""

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema of the request."""
        return {
            "type": "object",
            "properties": {**_COMMON, **_IGNORED, **self.properties, **self.ignored},
            "required": ["storeId", *self.required],
        }

    def unknown_fields(self, request: JsonObject) -> list[str]:
        """Return the fields that the request does not have in the SDK, such as misspelt ones."""
        properties = self.schema["properties"]
        names = [name for name in request if name not in properties]
        for part in ("customer", "windowType"):
            known = properties[part]["properties"]
            names += [f"{part}.{name}" for name in request.get(part, {}) if name not in known]
        return names

    def convert(self, request: JsonObject, now: datetime) -> JsonObject:
        """Convert a request that fits the schema to the body of the window's control.

        Raises:
            EmulatedAPIError: INVALID_REQUEST.
        """
        if "channelKey" not in request and "channelGroupId" not in request:
            raise invalid("request.channelKey", "is required unless channelGroupId is given")
        names = {**_COMMON, **self.properties}.keys() & request.keys() - _CONVERTED
        return {
            **{name: _enum(request, name) for name in names},
            **omit_none(
                customer=_customer(request.get("customer", {})),
                customData=_custom_data(request.get("customData")),
            ),
            **self.convert_method(request, now),
        }


def parse_request(text: str) -> JsonObject:
    """Parse a request. Fields that are null count as omitted, as in the SDK.

    Raises:
        EmulatedAPIError: INVALID_REQUEST.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid("request", "is not valid JSON") from None
    if not isinstance(value, dict):
        raise invalid("request", "must be an object")
    return _without_nulls(value)


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = cast("JsonObject", value).items()
    return {name: _without_nulls(each) for name, each in members if each is not None}


def _payment_method(request: JsonObject, now: datetime) -> JsonObject:
    method: str = request["payMethod"]
    account = request.get("virtualAccount", {})
    return omit_none(
        payMethod="EASY_PAY" if method in _EASY_PAY else method,
        methodDetails=_method_details(request, method),
        accountExpiresAt=_account_expiry(account.get("accountExpiry", {}), now),
    )


def _billing_key_method(request: JsonObject, _: datetime) -> JsonObject:
    method: str = request.get("billingKeyMethod", request.get("billingKeyAndPayMethod", "CARD"))
    return {
        "billingKeyMethod": "EASY_PAY" if method in _EASY_PAY else method,
        "methodDetails": _method_details(request, method),
    }


def _method_details(request: JsonObject, method: str) -> JsonObject:
    """Return the fields of the API's payment method that a request determines."""
    match method:
        case "EASY_PAY":
            provider = _enum(request.get("easyPay", {}), "easyPayProvider")
        case "ALIPAY_PLUS":
            provider = _enum(request.get("alipayPlus", {}), "easyPayProvider") or "ALIPAY"
        case "GIFT_CERTIFICATE":
            kind = _enum(request.get("giftCertificate", {}), "giftCertificateType")
            return omit_none(giftCertificateType=_GIFT_CERTIFICATES.get(kind or "", kind))
        case _:
            provider = _EASY_PAY.get(method)
    return omit_none(provider=_PROVIDERS.get(provider or "", provider))


def _customer(customer: JsonObject) -> JsonObject:
    """Convert the SDK's `Customer` to the API's `CustomerInput`."""
    names = [customer[name] for name in ("lastName", "firstName") if name in customer]
    name = customer.get("fullName", " ".join(names))
    address: JsonObject | None = customer.get("address")
    same = ("phoneNumber", "email", "zipcode", "gender", "birthYear", "birthMonth", "birthDay")
    return {each: _enum(customer, each) for each in same if each in customer} | omit_none(
        id=customer.get("customerId"),
        name={"full": name} if name else None,
        address=None if address is None else {each: _enum(address, each) for each in address},
    )


def _custom_data(data: object) -> str | None:
    return data if data is None or isinstance(data, str) else orjson.dumps(data).decode()


def _account_expiry(expiry: JsonObject, now: datetime) -> str | None:
    """Return when a virtual account closes: after so many hours, or at a time in Korea."""
    if "validHours" in expiry:
        return format_datetime(now + timedelta(hours=expiry["validHours"]))
    if "dueDate" not in expiry:
        return None
    text: str = expiry["dueDate"]
    try:
        if len(text) == len("YYYYMMDDHHmmss"):
            due = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_KST)
        else:
            due = datetime.fromisoformat(text).replace(tzinfo=_KST)
    except ValueError:
        raise invalid("request.virtualAccount.accountExpiry.dueDate", "is not a date") from None
    is_day = len(text) <= len("YYYY-MM-DD")  # all of it
    return format_datetime(datetime.combine(due, time.max, _KST) if is_day else due)


def _enum(holder: JsonObject, name: str) -> Any:
    """Return a field without the prefix that its enum may have."""
    value = holder.get(name)
    return value.removeprefix(_PREFIXES.get(name, "")) if isinstance(value, str) else value


PAYMENT: Final = BrowserRequest(
    transaction_type="PAYMENT",
    properties={
        **_ORDER,
        "payMethod": _TEXT,
        "promotionId": _TEXT,
        "isEscrow": _FLAG,
        "easyPay": _EASY_PAY_OPTIONS,
        "alipayPlus": _EASY_PAY_OPTIONS,
        "giftCertificate": _object(giftCertificateType=_TEXT),
        "virtualAccount": _object(
            accountExpiry=_object(
                validHours={"type": "number", "minimum": 0, "maximum": _MAX_HOURS}, dueDate=_TEXT
            )
        ),
    },
    required=("paymentId", "orderName", "totalAmount", "currency", "payMethod"),
    convert_method=_payment_method,
    ignored={
        **_IGNORED_OF_ORDERS,
        "orderDetail": _TEXT,
        "confirmUrl": _TEXT,
        "shippingAddress": {"type": "object"},
        "merpayCategoryId": _TEXT,
        "transfer": {"type": "object"},
        "paypal": {"type": "object"},
        "alipay": {"type": "object"},
        "convenienceStore": {"type": "object"},
    },
)
ISSUE: Final = BrowserRequest(
    transaction_type="ISSUE_BILLING_KEY",
    properties={
        "noticeUrls": _TEXTS,
        "billingKeyMethod": _TEXT,
        "issueId": _TEXT,
        "issueName": _TEXT,
        "easyPay": _EASY_PAY_OPTIONS,
    },
    required=(),
    convert_method=_billing_key_method,
    ignored={
        **_IGNORED_OF_ORDERS,
        "displayAmount": {"type": "number"},
        "currency": _TEXT,
        "paypal": {"type": "object"},
    },
)
ISSUE_AND_PAY: Final = BrowserRequest(
    transaction_type="ISSUE_BILLING_KEY_AND_PAY",
    properties={**_ORDER, "billingKeyAndPayMethod": _TEXT},
    required=("paymentId", "orderName", "totalAmount", "currency", "billingKeyAndPayMethod"),
    convert_method=_billing_key_method,
    ignored=_IGNORED_OF_ORDERS,
)
VERIFY_IDENTITY: Final = BrowserRequest(
    transaction_type="IDENTITY_VERIFICATION",
    properties={"identityVerificationId": _TEXT},
    required=("identityVerificationId",),
    convert_method=lambda _request, _now: {},
)
