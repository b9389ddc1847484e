"""One card payment of about 2 kB, as `GET /payments/{paymentId}` answers."""

import json

PAYMENT = {
    "status": "PAID",
    "id": "order-20240101-000001",
    "transactionId": "018cc251-f400-7000-8000-000000000001",
    "merchantId": "merchant-00000000",
    "storeId": "store-00000000-0000-0000-0000-000000000000",
    "method": {
        "type": "PaymentMethodCard",
        "card": {
            "publisher": "SHINHAN_CARD",
            "issuer": "SHINHAN_CARD",
            "brand": "MASTER",
            "type": "CREDIT",
            "ownerType": "PERSONAL",
            "bin": "532700",
            "name": "신용카드",
            "number": "532700******1234",
        },
        "approvalNumber": "00000001",
        "installment": {"month": 0, "isInterestFree": False},
        "pointUsed": False,
    },
    "channel": {
        "type": "LIVE",
        "id": "channel-id-00000000",
        "key": "channel-key-00000000",
        "name": "card",
        "pgProvider": "TOSSPAYMENTS",
        "pgMerchantId": "merchant",
    },
    "version": "V2",
    "webhooks": [
        {
            "paymentStatus": "PAID",
            "id": "webhook-1",
            "status": "SUCCEEDED",
            "url": "https://shop.example/webhooks/portone",
            "isAsync": False,
            "currentExecutionCount": 1,
            "maxExecutionCount": 5,
            "trigger": "MANUAL",
            "request": {"header": "{}", "body": "{}", "requestedAt": "2024-01-01T00:00:02.500Z"},
            "response": {
                "code": "200",
                "header": "{}",
                "body": "ok",
                "respondedAt": "2024-01-01T00:00:03Z",
            },
            "triggeredAt": "2024-01-01T00:00:02Z",
        }
    ],
    "requestedAt": "2024-01-01T00:00:00.123Z",
    "updatedAt": "2024-01-01T00:00:02.123456Z",
    "statusChangedAt": "2024-01-01T00:00:02.123456Z",
    "orderName": "커피 두 봉지",
    "amount": {
        "total": 30000,
        "taxFree": 0,
        "vat": 2727,
        "supply": 27273,
        "discount": 0,
        "paid": 30000,
        "cancelled": 0,
        "cancelledTaxFree": 0,
    },
    "currency": "KRW",
    "customer": {
        "id": "customer-1",
        "name": "홍길동",
        "birthYear": "1990",
        "gender": "FEMALE",
        "email": "customer@shop.example",
        "phoneNumber": "010-0000-0000",
        "address": {"type": "ONE_LINE", "oneLine": "서울특별시"},
        "zipcode": "00000",
    },
    "origin": {
        "url": "https://shop.example/orders/1",
        "platformType": "PC",
        "ipAddress": "203.0.113.7",
    },
    "isCulturalExpense": False,
    "products": [
        {"id": "p-1", "name": "커피", "tag": "coffee", "code": "C1", "amount": 15000, "quantity": 2}
    ],
    "customData": '{"cart":1}',
    "country": "KR",
    "paidAt": "2024-01-01T00:00:02Z",
    "pgTxId": "pg-00000000000000000001",
    "pgResponse": '{"resultCode":"0000","resultMessage":"ok","card":{"acquirer":"41","issuer":"41"}}',
    "receiptUrl": "https://receipt.example/1",
    "disputes": [],
}
CONTENT = json.dumps(PAYMENT, ensure_ascii=False, separators=(",", ":")).encode()
