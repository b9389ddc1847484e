"""All texts of the dashboard, as PortOne's console calls things in Korean.

To add a text, add a `Text` here, or in another module of this package whose name ends in `texts`,
and show it with `t(texts.NAME)`, where `t` is the request's `Translator`. A test checks that each
is used, and has the same values in each language.
"""

from __future__ import annotations

from typing import Final

from portone_emulator.web.language import Text

TITLE: Final = Text("PortOne emulator", "포트원 에뮬레이터")
SKIP: Final = Text("Skip to the payments", "결제 내역으로 건너뛰기")

# The header: the clock and what applies to everything.
ADVANCE: Final = Text("Advance the clock", "시계 앞당기기")
PLUS_MINUTE: Final = Text("+1 minute", "+1분")
PLUS_HOUR: Final = Text("+1 hour", "+1시간")
PLUS_DAY: Final = Text("+1 day", "+1일")
PLUS_MONTH: Final = Text("+30 days", "+30일")
DECLINE: Final = Text("Decline next charge", "다음 결제 거절")
DECLINE_SUBJECT: Final = Text("the payment company declines once", "PG사가 한 번 거절합니다")
RESET: Final = Text("Reset", "초기화")
RESET_SUBJECT: Final = Text("discard all state", "모든 상태를 지웁니다")

# What the script says.
DONE: Final = Text("done", "완료")
NO_RESPONSE: Final = Text("The emulator does not respond.", "에뮬레이터가 응답하지 않습니다.")
CONFIRM_RESET: Final = Text("Discard all state?", "모든 상태를 지울까요?")

# The form that simulates a customer.
CUSTOMER: Final = Text("Simulate a customer", "고객 결제 시뮬레이션")
PAYMENT_ID: Final = Text("Payment ID", "결제 ID")
ORDER_NAME: Final = Text("Order name", "주문명")
ORDER_NAME_DEFAULT: Final = Text("An order", "테스트 주문")
AMOUNT: Final = Text("Amount", "금액")
AMOUNT_UNIT: Final = Text(
    "in the currency's smallest unit: 1000 is 1,000 KRW, or 10.00 USD",
    "통화의 최소 단위: 1000은 1,000 KRW 또는 10.00 USD",
)
CURRENCY: Final = Text("Currency", "통화")
METHOD: Final = Text("Method", "결제 수단")
OPEN_ONLY: Final = Text("Open only", "결제창만 열기")
METHODS: Final = {
    "CARD": Text("Card", "카드"),
    "VIRTUAL_ACCOUNT": Text("Virtual account", "가상계좌"),
    "TRANSFER": Text("Transfer", "계좌이체"),
    "MOBILE": Text("Mobile", "휴대폰"),
    "GIFT_CERTIFICATE": Text("Gift certificate", "상품권"),
    "EASY_PAY": Text("Easy pay", "간편결제"),
    "CONVENIENCE_STORE": Text("Convenience store", "편의점"),
    "CRYPTO": Text("Crypto", "가상자산"),
}
"""The payment methods, by the names of PortOne's browser SDK."""

# The buttons of payments and of the payment window.
PAY: Final = Text("Pay", "결제")
FAIL: Final = Text("Fail", "실패")
DEPOSIT: Final = Text("Deposit", "입금")
APPROVE: Final = Text("Approve", "승인")
CANCEL: Final = Text("Cancel", "취소")
WINDOW: Final = Text("Window", "결제창")
OUTCOMES: Final = {
    "paid": PAY,
    "failed": FAIL,
    "virtual_account": Text("Virtual account", "가상계좌 발급"),
    "pay_pending": Text("Pay, pending", "결제 완료 대기"),
}
"""The outcomes of the payment window that the dashboard's form has, too."""

# Sections of tables.
SHOWN: Final = Text("the last {shown} of {count:,}", "{count:,}건 중 최근 {shown}건")
COUNT: Final = Text("{count:,}", "{count:,}건")
SINCE: Final = Text("Since", "변경 시각")
STATUS: Final = Text("Status", "상태")
ACTIONS: Final = Text("Actions", "작업")

PAYMENTS: Final = Text("Payments", "결제 내역")
PAYMENTS_CAPTION: Final = Text("Payments, latest first", "결제 내역, 최신순")
PAYMENTS_EMPTY: Final = Text(
    "No payment yet: simulate a customer above.",
    "아직 결제가 없습니다. 위에서 고객 결제를 시뮬레이션해 보세요.",
)
PAYMENT: Final = Text("Payment", "결제")
CANCELLED_AMOUNT: Final = Text("{amount} cancelled", "{amount} 취소됨")

WEBHOOKS: Final = Text("Webhooks", "웹훅")
WEBHOOKS_CAPTION: Final = Text("Webhooks, latest first", "웹훅, 최신순")
WEBHOOKS_EMPTY: Final = Text(
    "No webhook yet, or no webhook URL is set.",
    "아직 웹훅이 없거나 웹훅 URL이 설정되지 않았습니다.",
)
EVENT: Final = Text("Event", "이벤트")
DELIVERY: Final = Text("Delivery", "전송")
URL: Final = Text("URL", "URL")
BODY: Final = Text("Body", "본문")
SHOW: Final = Text("Show", "보기")
DUE: Final = Text("due", "예정")

REQUESTS: Final = Text("Requests", "API 요청")
REQUESTS_CAPTION: Final = Text("Requests, latest first", "API 요청, 최신순")
REQUESTS_EMPTY: Final = Text("No request yet.", "아직 API 요청이 없습니다.")
REQUEST: Final = Text("Request", "요청")
RESPONSE: Final = Text("Response", "응답")
DURATION: Final = Text("Duration", "소요 시간")
AT: Final = Text("At", "시각")
NO_RESPONSE_SENT: Final = Text("no response", "응답 없음")
FAULT: Final = Text("fault: {kind}", "장애: {kind}")
REPLAY: Final = Text("replay", "멱등 재응답")

PAYMENT_STATUSES: Final = {
    "READY": Text("READY", "결제 대기"),
    "PAID": Text("PAID", "결제 완료"),
    "FAILED": Text("FAILED", "결제 실패"),
    "PARTIAL_CANCELLED": Text("PARTIAL_CANCELLED", "부분 취소"),
    "CANCELLED": Text("CANCELLED", "결제 취소"),
    "VIRTUAL_ACCOUNT_ISSUED": Text("VIRTUAL_ACCOUNT_ISSUED", "가상계좌 발급 완료"),
    "PAY_PENDING": Text("PAY_PENDING", "결제 완료 대기"),
}
