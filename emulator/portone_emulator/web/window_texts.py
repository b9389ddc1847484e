"""All texts of the windows."""

from __future__ import annotations

from typing import Final

from portone_emulator.web import texts
from portone_emulator.web.language import Text

TITLE: Final = Text("PortOne's window", "포트원 결제창")
NO_MONEY: Final = Text(
    "PortOne emulator · no money moves", "포트원 에뮬레이터 · 실제로 결제되지 않습니다"
)
EMULATOR: Final = Text("PortOne emulator", "포트원 에뮬레이터")
LEAVE: Final = Text("Leave", "나가기")
DONE: Final = Text("Done", "완료")
NO_REDIRECT: Final = Text(
    "No redirect URL was given; you can close this window.",
    "돌아갈 주소가 없습니다. 창을 닫으셔도 됩니다.",
)
BACK: Final = Text("Back to the shop", "상점으로 돌아가기")
AUTHENTICATE: Final = Text("Authenticate, the shop confirms", "인증만 하기 (수동 승인)")

PAYMENT_ERROR: Final = Text("This payment cannot be made", "결제를 진행할 수 없습니다")
PAY: Final = {**texts.OUTCOMES, "authenticated": AUTHENTICATE}
"""The outcomes of the payment window."""

ISSUE_NAME: Final = Text("Store a card", "카드 등록")
ISSUE_ERROR: Final = Text("No card can be stored here", "카드를 등록할 수 없습니다")
ISSUE: Final = {
    "issued": Text("Store the card", "카드 등록하기"),
    "failed": texts.FAIL,
    "authenticated": AUTHENTICATE,
}
"""The outcomes of the billing-key window."""
ISSUE_AND_PAY: Final = {
    "issued": Text("Store and pay", "등록하고 결제"),
    "failed": texts.FAIL,
    "authenticated": AUTHENTICATE,
}
"""The outcomes of the window that issues a billing key and pays with it."""

IDENTITY: Final = Text("Identity verification", "본인인증")
IDENTITY_ERROR: Final = Text("No identity can be verified here", "본인인증을 진행할 수 없습니다")
VERIFY: Final = {"verified": Text("Verify", "인증하기"), "failed": texts.FAIL}
"""The outcomes of the identity-verification window."""
