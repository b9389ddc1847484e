"""The words of one language: of operations, schemas, fields and values, and of the pages around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import define

from codegen.document import OPENAPI
from codegen.model import Endpoint, Field, Input, Schema
from codegen.prose import Prose, load_prose
from codegen.templating import (
    DEPRECATED,
    FILE,
    SIZE,
    TOKEN_ONLY,
    UNSTABLE,
    WITHHELD,
    WRITTEN,
)

LABELS: Final = {
    "en": {
        "reference": "API reference",
        "reference_about": "Every operation of PortOne's V2 API, by its namespace in the client.",
        "operations": "Operations",
        "models": "Models",
        "models_about": "Import them from `portone_async.models`.",
        "enums": "Enums",
        "enums_about": (
            "Values are plain strings (or integers). One that PortOne has added since this version is read as it is, "
            'and written as `Unrecognized("NEW_VALUE")`.'
        ),
        "errors": "Error types",
        "errors_about": (
            "PortOne's error types, each a class of `portone_async.errors` under the class of its HTTP status."
        ),
        "shared": "shared",
        "arguments": "Arguments",
        "returns": "Returns",
        "raises": "Errors",
        "raised_by": "Raised by",
        "used_by": "Used by",
        "required": "required",
        "deprecated": DEPRECATED,
        "withheld": WITHHELD,
        "unstable": UNSTABLE,
        "token_only": TOKEN_ONLY,
        "safe": "It changes nothing, and may be repeated.",
        "keyed": "It carries an idempotency key: what is sent again under the same key is carried out once.",
        "iterator": "All items, page after page",
        "file": FILE,
        "options": "Time limits, retries and the idempotency key of this call.",
        "size": SIZE,
        "nothing": "Nothing.",
        "written": WRITTEN,
        "one_of": "One of these, told apart by `{tag}`; a variant that this version does not know is an `UnknownVariant`.",
        "map_of": "A mapping of names to",
        "values": "Values",
        "other_values": "Other values",
        "no_errors": "none of its own",
    },
    "ko": {
        "reference": "API 레퍼런스",
        "reference_about": "포트원 V2 API의 모든 오퍼레이션을 클라이언트의 네임스페이스별로 정리했습니다.",
        "operations": "오퍼레이션",
        "models": "모델",
        "models_about": "`portone_async.models`에서 가져옵니다.",
        "enums": "열거형",
        "enums_about": (
            "값은 일반 문자열(또는 정수)입니다. 이 버전 이후에 포트원이 추가한 값도 그대로 읽히며, 보낼 때는 "
            '`Unrecognized("NEW_VALUE")`로 씁니다.'
        ),
        "errors": "오류 타입",
        "errors_about": (
            "포트원의 오류 타입마다 `portone_async.errors`에 클래스가 있고, 각각 HTTP 상태 코드의 클래스를 상속합니다."
        ),
        "shared": "공통",
        "arguments": "인자",
        "returns": "반환",
        "raises": "오류",
        "raised_by": "발생하는 곳",
        "used_by": "쓰이는 곳",
        "required": "필수",
        "deprecated": "지원 중단 예정: 포트원이 사용을 권하지 않습니다.",
        "withheld": "{}부터 지원 중단 예정: 포트원 문서에서 빠졌으며, 이후 버전에서 제거됩니다.",
        "unstable": "불안정: 포트원이 예고 없이 바꿀 수 있습니다.",
        "token_only": "API 시크릿이 아니라 액세스 토큰이 필요합니다: `PortOne(access_token=...)`.",
        "safe": "아무것도 바꾸지 않으므로 반복해도 됩니다.",
        "keyed": "멱등 키를 보냅니다. 같은 키로 다시 보낸 요청은 한 번만 처리됩니다.",
        "iterator": "모든 페이지의 항목을 차례로 읽기",
        "file": "저장할 경로. 파일은 모두 받은 뒤에 생깁니다.",
        "options": "이 호출의 시간 제한, 재시도, 멱등 키.",
        "size": "페이지당 항목 수. 생략하면 포트원의 기본값입니다.",
        "nothing": "없음.",
        "written": "저장한 파일의 경로.",
        "one_of": "`{tag}`로 구분되는 다음 중 하나입니다. 이 버전이 모르는 종류는 `UnknownVariant`입니다.",
        "map_of": "이름에서 다음으로의 매핑:",
        "values": "값",
        "other_values": "그 밖의 값",
        "no_errors": "고유한 오류 없음",
    },
}
LANGUAGES: Final = tuple(LABELS)


@define(frozen=True)
class Words:
    """The words of one language; English where it has none."""

    labels: dict[str, str]
    prose: tuple[Prose, ...]

    def summary(self, endpoint: Endpoint) -> str:
        return _first(prose.summary(endpoint) for prose in self.prose)

    def description(self, endpoint: Endpoint) -> str:
        return _first(prose.description(endpoint) for prose in self.prose)

    def argument(self, endpoint: Endpoint, item: Input) -> str:
        return _line(prose.argument(endpoint, item) for prose in self.prose)

    def field(self, schema: Schema, json_name: str) -> str:
        return _line(prose.field(schema.name, json_name) for prose in self.prose)

    def schema(self, name: str) -> str:
        return _first(prose.schemas.get(name, "") for prose in self.prose)

    def value(self, schema: Schema, value: str | int) -> str:
        return _line(prose.values.get(f"{schema.name}.{value}", "") for prose in self.prose)

    def remarks(self, item: Endpoint | Schema | Field) -> list[str]:
        """What there is to know before one uses it."""
        names = ("unstable", "withheld" if item.withheld else "deprecated", "token_only")
        return [
            self.labels[name].format(item.withheld) for name in names if getattr(item, name, "")
        ]


def load_words(language: str) -> Words:
    """The words of English, or of a language in a folder of its own below `openapi/prose`."""
    english = load_prose()
    own = () if language == "en" else (load_prose(OPENAPI / "prose" / language),)
    return Words(LABELS[language], (*own, english))


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "").strip()


def _line(texts: Iterable[str]) -> str:
    """The first of some texts, as one line of a list."""
    return " ".join(_first(texts).split())
