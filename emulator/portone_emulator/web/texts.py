"""All texts of the dashboard, as PortOne's console calls things in Korean.

To add a text, add a `Text` here, or in another module of this package whose name ends in `texts`,
and show it with `t(texts.NAME)`, where `t` is the request's `Translator`. A test checks that each
is used, and has the same values in each language.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from portone_emulator.web.language import Text

Statuses: TypeAlias = dict[str, Text]
"""The texts of statuses, by their names in the API."""


def _statuses(**korean: str) -> Statuses:
    """Return the texts of statuses, which in English are called as in the API."""
    return {status: Text(status, text) for status, text in korean.items()}


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
NAVIGATION: Final = Text("Sections", "섹션")
LATEST_FIRST: Final = Text("{title}, latest first", "{title}, 최신순")
SHOWN: Final = Text("the last {shown} of {count:,}", "{count:,}건 중 최근 {shown}건")
COUNT: Final = Text("{count:,}", "{count:,}건")
SINCE: Final = Text("Since (KST)", "변경 시각 (KST)")
AT: Final = Text("At (KST)", "시각 (KST)")
STATUS: Final = Text("Status", "상태")
ACTIONS: Final = Text("Actions", "작업")

PAYMENTS: Final = Text("Payments", "결제 내역")
PAYMENTS_EMPTY: Final = Text(
    "No payment yet: simulate a customer above.",
    "아직 결제가 없습니다. 위에서 고객 결제를 시뮬레이션해 보세요.",
)
PAYMENT: Final = Text("Payment", "결제")
CANCELLED_AMOUNT: Final = Text("{amount} cancelled", "{amount} 취소됨")

SCHEDULES: Final = Text("Payment schedules", "예약 결제")
SCHEDULES_EMPTY: Final = Text("No payment is scheduled.", "예약된 결제가 없습니다.")
KEY_AND_SCHEDULE: Final = Text("Billing key, schedule ID", "빌링키, 예약 ID")
TIME_TO_PAY: Final = Text("To be paid at (KST)", "결제 예정 시각 (KST)")

BILLING_KEYS: Final = Text("Billing keys", "빌링키")
BILLING_KEYS_EMPTY: Final = Text("No billing key was issued.", "발급된 빌링키가 없습니다.")
BILLING_KEY: Final = Text("Billing key", "빌링키")
CUSTOMER_ID: Final = Text("Customer ID", "고객 ID")
PG: Final = Text("Payment company", "PG사")

CASH_RECEIPTS: Final = Text("Cash receipts", "현금영수증")
CASH_RECEIPTS_EMPTY: Final = Text("No cash receipt was issued.", "발급된 현금영수증이 없습니다.")
PURPOSE: Final = Text("Type", "발급 용도")
CASH_RECEIPT_TYPES: Final = {
    "PERSONAL": Text("Personal", "소득공제용"),
    "CORPORATE": Text("Corporate", "지출증빙용"),
}

IDENTITY_VERIFICATIONS: Final = Text("Identity verifications", "본인인증")
IDENTITY_VERIFICATIONS_EMPTY: Final = Text(
    "No identity verification was requested.", "요청된 본인인증이 없습니다."
)
IDENTITY_VERIFICATION: Final = Text("Identity verification", "본인인증 ID")
VERIFICATION_METHOD: Final = Text("Method", "인증 방식")
OPERATOR: Final = Text("Carrier", "통신사")

PLATFORM: Final = Text("Partner settlement", "파트너 정산")
PLATFORM_EMPTY: Final = Text(
    "No partner, contract or tax invoice was created.",
    "등록된 파트너, 계약, 세금계산서가 없습니다.",
)
PARTNERS: Final = Text("Partners", "파트너")
PARTNER: Final = Text("Partner", "파트너")
PARTNER_TYPE: Final = Text("Type", "유형")
PARTNER_TYPES: Final = {
    "BUSINESS": Text("Business", "사업자"),
    "WHT_PAYER": Text("Withholding tax payer", "원천징수 대상자"),
    "NON_WHT_PAYER": Text("Not a withholding tax payer", "원천징수 비대상자"),
}
CONTRACT: Final = Text("Default contract", "기본 계약")
APPLIED_AT: Final = Text("Since (KST)", "적용 시각 (KST)")
ARCHIVED: Final = Text("archived", "보관됨")
TEST_DATA: Final = Text("test data", "테스트 데이터")

CONTRACTS: Final = Text("Contracts", "계약")
CONTRACT_NAME: Final = Text("Contract", "계약")
PLATFORM_FEE: Final = Text("Platform fee", "중개수수료")
SETTLEMENT_CYCLE: Final = Text("Settled", "정산 주기")
CYCLES: Final = {
    "DAILY": Text("Daily", "매일"),
    "WEEKLY": Text("Weekly", "매주"),
    "MONTHLY": Text("Monthly", "매월"),
    "MANUAL_DATES": Text("On dates", "지정일"),
}

POLICIES: Final = Text("Policies", "정책")
POLICY: Final = Text("Policy", "정책")
POLICY_TYPE: Final = Text("Type", "유형")
ADDITIONAL_FEE: Final = Text("Additional fee", "추가수수료")
DISCOUNT_SHARE: Final = Text("Partner's share of discounts", "할인 분담")
RATE: Final = Text("Rate", "요율")

TRANSFERS: Final = Text("Transfers", "정산건")
TRANSFER: Final = Text("Transfer", "정산건")
SETTLEMENT_TYPE: Final = Text("Type", "유형")
SETTLEMENT_TYPES: Final = {
    "ORDER": Text("Order", "주문 정산"),
    "ORDER_CANCEL": Text("Order cancellation", "주문 취소 정산"),
    "MANUAL": Text("Manual", "수기 정산"),
}
SETTLEMENT_DATE: Final = Text("Settlement date", "정산일")
PARTNER_SETTLEMENTS: Final = Text("Partner settlements", "정산내역")
PARTNER_SETTLEMENT: Final = Text("Partner settlement", "정산내역")

PAYOUTS: Final = Text("Payouts", "지급내역")
PAYOUT: Final = Text("Payout", "지급내역")
PAYOUT_METHOD: Final = Text("Method", "지급 방식")
PAYOUT_METHODS: Final = {
    "AGENCY": Text("Payout agency", "송금대행"),
    "DIRECT": Text("By the merchant", "직접 지급"),
}

TAX_INVOICES: Final = Text("Tax invoices", "세금계산서")
TAX_INVOICE: Final = Text("Tax invoice", "세금계산서")
ISSUANCE_TYPES: Final = {
    "NORMAL": Text("Issued by the supplier", "정발행"),
    "REVERSE": Text("Issued in reverse", "역발행"),
}
PARTIES: Final = Text("Parties", "당사자")
WRITE_DATE: Final = Text("Written on", "작성일")

WEBHOOKS: Final = Text("Webhooks", "웹훅")
WEBHOOKS_EMPTY: Final = Text(
    "No webhook yet, or no webhook URL is set.",
    "아직 웹훅이 없거나 웹훅 URL이 설정되지 않았습니다.",
)
EVENT: Final = Text("Event", "이벤트")
DELIVERY: Final = Text("Delivery (KST)", "전송 (KST)")
URL: Final = Text("URL", "URL")
BODY: Final = Text("Body", "본문")
SHOW: Final = Text("Show body", "본문 보기")
DUE: Final = Text("due", "전송 예정")
RESEND: Final = Text("Resend", "재전송")
RESENT: Final = Text("resent by hand", "수동 재전송")

REQUESTS: Final = Text("API requests", "API 요청")
REQUESTS_EMPTY: Final = Text("No request yet.", "아직 API 요청이 없습니다.")
REQUEST: Final = Text("Request", "요청")
RESPONSE: Final = Text("Response", "응답")
DURATION: Final = Text("Duration", "소요 시간")
NO_RESPONSE_SENT: Final = Text("no response", "응답 없음")
FAULT: Final = Text("fault: {kind}", "장애: {kind}")
REPLAY: Final = Text("replay", "멱등 재응답")

# Statuses, by their names in the API.
PAYMENT_STATUSES: Final = _statuses(
    READY="결제 대기",
    PAID="결제 완료",
    FAILED="결제 실패",
    PARTIAL_CANCELLED="부분 취소",
    CANCELLED="결제 취소",
    VIRTUAL_ACCOUNT_ISSUED="가상계좌 발급 완료",
    PAY_PENDING="결제 완료 대기",
)
SCHEDULE_STATUSES: Final = _statuses(
    SCHEDULED="결제 예정",
    STARTED="결제 시작",
    PENDING="결제 완료 대기",
    SUCCEEDED="결제 성공",
    FAILED="결제 실패",
    REVOKED="예약 취소",
)
BILLING_KEY_STATUSES: Final = _statuses(ISSUED="발급 완료", DELETED="삭제 완료")
CASH_RECEIPT_STATUSES: Final = _statuses(
    ISSUED="발급 완료", CANCELLED="발급 취소", ISSUE_FAILED="발급 실패"
)
IDENTITY_VERIFICATION_STATUSES: Final = _statuses(
    READY="인증 대기", VERIFIED="인증 완료", FAILED="인증 실패"
)
PARTNER_STATUSES: Final = _statuses(PENDING="승인 대기", APPROVED="승인 완료", REJECTED="승인 거절")
TRANSFER_STATUSES: Final = _statuses(
    SCHEDULED="정산 예약", IN_PROCESS="정산 중", SETTLED="정산 완료", PAID_OUT="지급 완료"
)
SETTLEMENT_STATUSES: Final = _statuses(
    PAYOUT_PREPARED="지급 예정",
    PAYOUT_FAILED="지급 실패",
    PAID_OUT="지급 완료",
)
PAYOUT_STATUSES: Final = _statuses(SUCCEEDED="지급 완료", FAILED="지급 실패")
TAX_INVOICE_STATUSES: Final = _statuses(
    DRAFTED="임시저장",
    REQUESTED="역발행 요청",
    REQUEST_CANCELLED="요청 취소",
    REQUEST_REFUSED="발행 거부",
    ISSUED="발행 완료",
    ISSUANCE_CANCELLED="발행 취소",
    SENDING_COMPLETED="전송 완료",
)
CANCELLATION_STATUSES: Final = _statuses(
    REQUESTED="취소 요청", SUCCEEDED="취소 완료", FAILED="취소 실패"
)

DELIVERY_STATUSES: Final = _statuses(
    ORDER_PLACED="주문 접수", ORDER_SHIPPED="배송 중", DELIVERED="배송 완료"
)

# The forms of scenarios.
SCENARIOS: Final = Text(
    "Scenarios: faults, errors, the future, time", "시나리오: 장애·오류·미래 응답·시간"
)
OPERATION: Final = Text("Operation", "API 오퍼레이션")
OPERATION_OR_ANY: Final = Text("Operation (* is any)", "API 오퍼레이션 (*는 전체)")
TIMES: Final = Text("Times", "횟수")
ADD: Final = Text("Add", "적용")
FAULT_FORM: Final = Text("Network fault", "네트워크 장애")
FAULT_KIND: Final = Text("Kind", "종류")
FAULT_KINDS: Final = {
    "latency": Text("Latency", "지연"),
    "reset_before": Text("Connection reset before processing", "처리 전 연결 끊김"),
    "reset_after": Text("Connection reset after processing", "처리 후 연결 끊김"),
    "500": Text("500, empty", "500, 빈 응답"),
    "502_html": Text("502, HTML", "502, HTML"),
    "503": Text("503, plain text", "503, 텍스트"),
    "429": Text("429, too many requests", "429, 요청 과다"),
    "truncated": Text("Truncated response", "잘린 응답"),
}
DELAY: Final = Text("Delay in seconds", "지연 시간(초)")
CLEAR_FAULTS: Final = Text("Clear all faults", "장애 모두 해제")
CLEAR_FAULTS_SUBJECT: Final = Text("no request fails any more", "예약된 장애를 모두 지웁니다")
ERROR_FORM: Final = Text("API error", "API 오류")
ERROR_TYPE: Final = Text("Error type", "오류 유형")
FUTURE_FORM: Final = Text("Response of a future API version", "미래 버전의 API 응답")
CHANGE: Final = Text("Change", "변경 내용")
CHANGES: Final = {
    "unknown_variant": Text("Unknown status", "알 수 없는 상태값"),
    "unknown_enum": Text("Unknown enum value", "알 수 없는 열거형 값"),
    "unknown_field": Text("Unknown field", "알 수 없는 필드"),
    "unknown_error": Text("Unknown error type", "알 수 없는 오류 유형"),
}
FIELD: Final = Text("Field", "필드")
VALUE: Final = Text("Value", "값")
DECLINE_FORM: Final = Text("Declined charges", "결제 거절")
PG_CODE: Final = Text("Payment company's code", "PG사 코드")
PG_MESSAGE: Final = Text("Payment company's message", "PG사 메시지")
PEND_FORM: Final = Text("Pending cancellations", "취소 보류")
CLOCK_FORM: Final = Text("Clock", "시계")
DAYS: Final = Text("Days", "일")
HOURS: Final = Text("Hours", "시간")
MINUTES: Final = Text("Minutes", "분")
ADVANCE_BUTTON: Final = Text("Advance", "앞당기기")

# The story of a payment.
STORY: Final = Text("The story of {payment_id}", "{payment_id} 이력")
STORY_EMPTY: Final = Text("Nothing is known of this payment.", "이 결제에 대한 기록이 없습니다.")
BACK: Final = Text("All payments", "전체 결제 내역")
SUMMARY: Final = Text("Summary", "요약")
STORY_EVENTS: Final = Text("What happened", "시간순 이력")
STORE_ID: Final = Text("Store ID", "상점 ID")
TRANSACTION_ID: Final = Text("Transaction ID", "결제 시도 ID")
ATTEMPT: Final = Text("Payment attempt", "결제 시도")
CANCELLATION: Final = Text("Cancellation", "결제 취소")
CASH_RECEIPT: Final = Text("Cash receipt", "현금영수증")
PAYMENTWALL_DELIVERY: Final = Text("Delivery", "배송 정보")
WEBHOOK: Final = Text("Webhook", "웹훅")

# Errors of the controls, by type. In English they have the control's message.
ERRORS: Final = {
    error_type: Text("{message}", korean)
    for error_type, korean in {
        "ALREADY_PAID": "이미 결제된 결제 ID입니다.",
        "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT": "취소할 수 있는 금액이 없습니다. 남은 금액은 취소 진행 중입니다.",
        "CHANNEL_NOT_FOUND": "이 에뮬레이터에 없는 채널 키입니다.",
        "FORBIDDEN": "이 에뮬레이터의 상점 ID가 아닙니다.",
        "INFORMATION_MISMATCH": "사전 등록한 결제 정보와 다릅니다.",
        "PAYMENT_ALREADY_CANCELLED": "이미 전액 취소된 결제입니다.",
        "PAYMENT_CANCELLATION_NOT_PENDING": "진행 중인 취소가 없습니다.",
        "PAYMENT_NOT_FOUND": "해당 결제 ID의 결제가 없습니다.",
        "PAYMENT_NOT_PAID": "결제 완료 상태가 아닙니다.",
        "PAYMENT_NOT_WAITING_FOR_DEPOSIT": "입금을 기다리는 결제가 아닙니다.",
        "WEBHOOK_NOT_FOUND": "해당 웹훅이 없습니다.",
        "INVALID_REQUEST": "잘못된 입력입니다: {message}",
    }.items()
}
