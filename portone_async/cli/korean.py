"""The texts of the command line in Korean, by the English ones.

No particle follows a value in braces, as its form depends on the value's last sound.
"""

from __future__ import annotations

from typing import Final

from portone_async.bulk.columns import COLUMN_NAMES

TEXTS: Final = {
    # The help of the commands.
    "Bulk work with the PortOne V2 payment API. The API secret comes from the environment variable PORTONE_API_SECRET, "
    "the store id from PORTONE_STORE_ID.": (
        "포트원 V2 결제 API로 결제를 대량 조회합니다. API 시크릿은 PORTONE_API_SECRET, 상점 ID는 PORTONE_STORE_ID 환경"
        " 변수에서 읽습니다."
    ),
    "Exit codes: 0 everything is there; 1 something failed, the rest is there; 2 wrong usage; 3 no API secret, or "
    "PortOne refused it; 4 stopped early, after --max-failures or because PortOne could not be reached; 130 "
    "interrupted. After 1, 3, 4 and 130, the same command resumes where it stopped.": (
        "종료 코드: 0 모두 성공, 1 일부 실패(나머지는 저장됨), 2 잘못된 사용법, 3 API 시크릿이 없거나 포트원이 거절함,"
        " 4 --max-failures에 이르렀거나 포트원에 연결할 수 없어 일찍 멈춤, 130 중단됨. 1, 3, 4, 130으로 끝난 뒤 같은"
        " 명령을 다시 실행하면 멈춘 곳부터 이어집니다."
    ),
    "Look up many payments by their ids, and resume after an interruption.": (
        "결제 ID로 많은 결제를 조회하고, 중단된 뒤에는 이어서 조회합니다."
    ),
    'Each line of the .jsonl file is {"id": ..., "payment": ...} with everything that PortOne sent, including personal '
    "data: only its owner may read it. Ids that are in it are not looked up again. Ids that failed are written to the "
    ".errors.jsonl file beside it, and tried again by the next run.": (
        '.jsonl 파일의 각 줄은 {"id": ..., "payment": ...}이며 포트원이 보낸 내용을 개인정보까지 모두 담으므로 소유자만'
        " 읽을 수 있습니다. 이 파일에 있는 결제는 다시 조회하지 않습니다. 실패한 ID는 옆의 .errors.jsonl 파일에 남기고"
        " 다음 실행 때 다시 시도합니다."
    ),
    "Ctrl-C lets the running requests finish, a second one does not.": (
        "Ctrl-C를 누르면 진행 중인 요청까지 끝내고, 한 번 더 누르면 바로 멈춥니다."
    ),
    f"Columns of CSV and Parquet: {', '.join(COLUMN_NAMES)}.": (
        f"CSV와 Parquet의 열: {', '.join(COLUMN_NAMES)}."
    ),
    "Amounts are in the currency's smallest unit, times as PortOne sends them (UTC in Parquet). Personal data is only "
    "in the .jsonl file, and in columns that --columns asks for. CSV is UTF-8 with the byte order mark that Excel "
    "needs; texts that a spreadsheet would take for formulas have an apostrophe in front.": (
        "금액은 통화의 최소 단위, 시각은 포트원이 보낸 그대로입니다(Parquet은 UTC). 개인정보는 .jsonl 파일과 --columns로"
        " 지정한 열에만 있습니다. CSV는 엑셀에서 한글이 깨지지 않도록 BOM이 붙은 UTF-8이며, 스프레드시트가 수식으로"
        " 해석할 텍스트 앞에는 작은따옴표를 붙입니다."
    ),
    "Export every payment of a period, and resume after an interruption.": (
        "기간 안의 모든 결제를 내보내고, 중단된 뒤에는 이어서 내보냅니다."
    ),
    'Each line of the .jsonl file is {"id": ..., "cursor": ..., "payment": ...} with everything that PortOne sent, '
    'including personal data: only its owner may read it; with "storeId" if the store was named. The period is kept in '
    "the .export.json file beside it.": (
        '.jsonl 파일의 각 줄은 {"id": ..., "cursor": ..., "payment": ...}이며, 상점을 지정했다면 "storeId"도 있습니다.'
        " 포트원이 보낸 내용을 개인정보까지 모두 담으므로 소유자만 읽을 수 있습니다. 기간은 옆의 .export.json 파일에"
        " 저장합니다."
    ),
    "An interrupted export is resumed with the end that it started with, even without --until. Payments that are "
    "already in the output stay as they were. If one of several stores fails, CSV and Parquet have the payments of "
    "those that are complete.": (
        "중단된 내보내기는 --until이 없어도 처음 시작할 때의 끝 시각까지 이어집니다. 이미 저장된 결제는 바뀌지 않습니다."
        " 여러 상점 가운데 하나가 실패하면 CSV와 Parquet에는 모두 받은 상점의 결제만 들어갑니다."
    ),
    "Ctrl-C lets the running request finish, a second one does not.": (
        "Ctrl-C를 누르면 진행 중인 요청까지 끝내고, 한 번 더 누르면 바로 멈춥니다."
    ),
    "Print one payment as JSON, as PortOne sent it. In a file or pipe, it is UTF-8.": (
        "결제 하나를 포트원이 보낸 JSON 그대로 출력합니다. 파일이나 파이프에는 UTF-8로 씁니다."
    ),
    "Run an emulator of PortOne on this machine, to develop against without an account.": (
        "이 컴퓨터에서 포트원 에뮬레이터를 실행합니다. 계정 없이 개발할 수 있습니다."
    ),
    "Takes the options of `portone-emulator`; --help lists them.": (
        "옵션은 `portone-emulator`와 같으며 --help에 나와 있습니다(영문)."
    ),
    # The help of the options.
    "A file of payment ids, one per line, or a CSV file with --column; - for stdin.": (
        "결제 ID가 한 줄에 하나씩 있는 파일. CSV 파일이면 --column도 지정하세요. -는 표준 입력."
    ),
    "The file to write: .jsonl, .csv or .parquet. CSV and Parquet are created at the end, from the .jsonl file beside "
    "it, which also makes it possible to resume. A file that this command has not written is never replaced.": (
        "결과 파일: .jsonl, .csv 또는 .parquet. CSV와 Parquet은 옆에 생기는 .jsonl 파일로 마지막에 만듭니다. 이어서"
        " 실행할 때도 .jsonl 파일을 씁니다. 이 명령이 만들지 않은 파일은 덮어쓰지 않습니다."
    ),
    "jsonl, csv or parquet, if it does not follow from the name of FILE.": (
        "FILE의 확장자로 알 수 없을 때의 형식: jsonl, csv 또는 parquet."
    ),
    "The columns of CSV or Parquet, in this order, separated by commas: those listed below, and fields of the "
    "payment's JSON such as amount.total, orderName or customer.name. To change them later, remove the table and run "
    "the command again: payments that are in the .jsonl file are not requested again.": (
        "CSV나 Parquet에 넣을 열을 순서대로, 쉼표로 구분해 적습니다. 아래에 나오는 열과 결제 JSON의 필드(amount.total,"
        " orderName, customer.name 등)를 쓸 수 있습니다. 나중에 바꾸려면 CSV나 Parquet 파일을 지우고 다시 실행하세요."
        " .jsonl 파일에 있는 결제는 다시 조회하지 않습니다."
    ),
    "IDS is a CSV file: the heading of the column with the ids.": (
        "IDS가 CSV 파일일 때 결제 ID가 있는 열의 제목."
    ),
    "The encoding of IDS; cp949 for Excel's Korean files.": (
        "IDS의 인코딩. 한글 엑셀에서 저장한 CSV는 cp949."
    ),
    "How many requests run at once.": "동시에 보낼 요청 수.",
    "How many lookups to start per second at most.": "초당 시작할 조회 수의 상한.",
    "Stop after N ids have failed; 1 for the first. In any case, stop after 10 failures to connect in a row.": (
        "N건이 실패하면 멈춥니다. 1이면 첫 실패에서 멈춥니다. 연결이 10번 연달아 실패하면 언제나 멈춥니다."
    ),
    "Where the API is, such as the emulator's address.": "API 주소. 예: 에뮬레이터의 주소.",
    "Permit a --base-url with http:// on another machine, where everyone in between can read the API secret.": (
        "다른 컴퓨터의 http:// 주소도 --base-url로 허용합니다. 중간에서 누구나 API 시크릿을 볼 수 있습니다."
    ),
    "Payments created from this time on, such as 2026-07-01 or 2026-07-01T09:00+09:00; in Korean time if no time zone "
    "is given.": (
        "이 시각부터 생성된 결제. 예: 2026-07-01, 2026-07-01T09:00+09:00. 시간대가 없으면 한국 시각입니다."
    ),
    "Up to this time; a date means its first moment. Without it, up to now: run again after it is complete, the same "
    "command adds the payments created since.": (
        "이 시각 전까지. 날짜만 적으면 그날 0시입니다. 생략하면 지금까지이며, 끝난 뒤 같은 명령을 다시 실행하면 그동안"
        " 생성된 결제를 더합니다."
    ),
    "How many payments to request at a time, 1000 at most.": ("한 번에 요청할 결제 수. 최대 1000."),
    "The store to export, also several times for several stores; without it that of PORTONE_STORE_ID, or else of the "
    "API secret.": (
        "내보낼 상점의 ID. 상점이 여럿이면 여러 번 적습니다. 생략하면 PORTONE_STORE_ID의 상점, 그것도 없으면 API"
        " 시크릿의 상점입니다."
    ),
    "The payment's id.": "결제 ID.",
    "Print the version.": "버전을 출력합니다.",
    "Show this message and exit.": "이 도움말을 출력합니다.",
    # Typer's own texts.
    "Usage:": "사용법:",
    "[OPTIONS]": "[옵션]",
    "COMMAND [ARGS]...": "명령 [인자]...",
    "Arguments": "인자",
    "Options": "옵션",
    "Commands": "명령",
    "Error": "오류",
    "[required]": "[필수]",
    "[default: {}]": "[기본값: {}]",
    "[env var: {}]": "[환경 변수: {}]",
    "Try [bold]'{command_path} {help_option}'[/] for help.": (
        "도움말: [bold]{command_path} {help_option}[/]"
    ),
    # Errors.
    "The command line needs {missing}: pip install 'portone-async[cli]'": (
        "명령줄 도구에 필요한 패키지가 없습니다({missing}): pip install 'portone-async[cli]'"
    ),
    "the emulator needs its extra: pip install 'portone-async[emulator]'": (
        "에뮬레이터가 설치되어 있지 않습니다: pip install 'portone-async[emulator]'"
    ),
    "Parquet needs polars or pyarrow: pip install 'portone-async[parquet]'": (
        "Parquet에는 polars나 pyarrow가 필요합니다: pip install 'portone-async[parquet]'"
    ),
    "no API secret: set the environment variable PORTONE_API_SECRET": (
        "API 시크릿이 없습니다. PORTONE_API_SECRET 환경 변수에 넣어 주세요"
    ),
    "PortOne refused the API secret ({error})": "포트원이 API 시크릿을 거절했습니다({error})",
    "base_url takes a URL such as https://api.portone.io, without a query or credentials, its path escaped": (
        "--base-url에는 https://api.portone.io 같은 URL을 적어 주세요. 쿼리와 인증 정보는 쓸 수 없고, 경로는"
        " 인코딩되어 있어야 합니다"
    ),
    "base_url is not a valid URL": "--base-url이 올바른 URL이 아닙니다",
    "base_url is http:// to another machine, which would show the API secret to everyone in between: use https://, or "
    "--allow-http if that is what you want": (
        "--base-url이 다른 컴퓨터의 http:// 주소라 중간에서 누구나 API 시크릿을 볼 수 있습니다. https://를 쓰거나,"
        " 그래도 된다면 --allow-http를 붙여 주세요"
    ),
    "there is no column {name!r}{suggestion}; there are: {names}; and fields of the payment's JSON: {keys}, and what "
    "is in them, such as amount.total": (
        "{name!r} 열이 없습니다{suggestion}. 쓸 수 있는 열: {names}. 결제 JSON의 필드: {keys} 및 그 안의 필드(예:"
        " amount.total)"
    ),
    "there is no column {name!r}{suggestion}; there are: {names}": (
        "{name!r} 열이 없습니다{suggestion}. 있는 열: {names}"
    ),
    " (did you mean {name}?)": "(혹시 {name}?)",
    "none": "없음",
    "--columns names {name!r} twice": "--columns에 {name!r} 열이 두 번 있습니다",
    "--columns is for CSV and Parquet: name --output .csv or .parquet": (
        "--columns는 CSV와 Parquet에만 쓸 수 있습니다. --output을 .csv나 .parquet으로 바꿔 주세요"
    ),
    "there are several columns {name!r}": "제목이 {name!r}인 열이 여럿입니다",
    "{path} is a CSV file: name the column with the ids by --column; there are: {names}{hint}": (
        "{path}: CSV 파일입니다. 결제 ID가 있는 열을 --column으로 지정해 주세요. 있는 열: {names}{hint}"
    ),
    ". If that is an id and not a heading, pass the file on stdin": (
        ". 제목이 아니라 결제 ID라면 파일을 표준 입력으로 넘겨 주세요"
    ),
    "{path} is not {encoding}: Excel's Korean files need --encoding {other}": (
        "{path}: {encoding} 인코딩이 아닙니다. 한글 엑셀에서 저장한 파일이면 --encoding {other} 옵션을 붙여 주세요"
    ),
    "unknown encoding {encoding!r}": "알 수 없는 인코딩입니다: {encoding!r}",
    "{path} cannot be read as CSV: {error}": "{path}: CSV로 읽을 수 없습니다({error})",
    "cannot read {path}: {reason}": "{path}: 읽을 수 없습니다({reason})",
    "cannot use {path}: {reason}": "{path}: 읽거나 쓸 수 없습니다({reason})",
    "cannot read or write: {reason}": "읽거나 쓸 수 없습니다({reason})",
    "No such file or directory": "파일이나 폴더가 없음",
    "Is a directory": "폴더임",
    "Permission denied": "권한 없음",
    "No space left on device": "디스크가 가득 참",
    "File too large": "파일이 너무 큼",
    "{path}: name it .jsonl, .csv or .parquet, or give --format": (
        "{path}: 확장자를 .jsonl, .csv, .parquet 중 하나로 하거나 --format을 지정해 주세요"
    ),
    "{path}: directory does not exist": "{path}: 폴더가 없습니다",
    "{path} is a directory": "{path}: 폴더입니다",
    "{path} is the name of the working file: choose another --output": (
        "{path}: 작업 파일이 쓸 이름입니다. 다른 --output을 지정해 주세요"
    ),
    "{path} was not written by this command: choose another --output": (
        "{path}: 이 명령이 만든 파일이 아닙니다. 다른 --output을 지정해 주세요"
    ),
    "line {number} of {path} was not written by this command: choose another --output": (
        "{path}: {number}번째 줄은 이 명령이 쓴 것이 아닙니다. 다른 --output을 지정해 주세요"
    ),
    "the last line of {path} was not written by this command: choose another --output": (
        "{path}: 마지막 줄은 이 명령이 쓴 것이 아닙니다. 다른 --output을 지정해 주세요"
    ),
    "{path} has other columns: remove it to write it again, or choose another --output": (
        "{path}: 열이 다릅니다. 이 파일을 지우고 다시 만들거나 다른 --output을 지정해 주세요"
    ),
    "{path} is the input: choose another --output, it would be overwritten": (
        "{path}: 입력 파일이라 덮어쓰게 됩니다. 다른 --output을 지정해 주세요"
    ),
    "{path} is a symbolic link: choose another --output": (
        "{path}: 심볼릭 링크입니다. 다른 --output을 지정해 주세요"
    ),
    "{path} is not a regular file: choose another --output": (
        "{path}: 일반 파일이 아닙니다. 다른 --output을 지정해 주세요"
    ),
    "{path} is an export: choose another --output": (
        "{path}: export로 만든 파일입니다. 다른 --output을 지정해 주세요"
    ),
    "{path} is not an export: choose another --output": (
        "{path}: export로 만든 파일이 아닙니다. 다른 --output을 지정해 주세요"
    ),
    "{file} is missing, so the period of {path} is unknown: choose another --output": (
        "{path}: 기간을 적어 둔 {file} 파일이 없습니다. 다른 --output을 지정해 주세요"
    ),
    "another run is writing {path}": "{path}: 다른 실행이 쓰고 있습니다",
    "--from must be before --until": "--from은 --until보다 앞서야 합니다",
    "the output has another period or store: choose another --output": (
        "결과 파일의 기간이나 상점이 다릅니다. 다른 --output을 지정해 주세요"
    ),
    "invalid time {text!r}: give a date or time such as 2026-07-01 or 2026-07-01T09:00+09:00": (
        "잘못된 시각입니다: {text!r}. 2026-07-01이나 2026-07-01T09:00+09:00처럼 적어 주세요"
    ),
    "PortOne's response has no payments with ids and cursors": (
        "포트원의 응답에 결제 목록이 없거나, ID나 커서가 없는 결제가 있습니다"
    ),
    "PortOne returned the same cursor twice: this would never end": (
        "포트원이 같은 커서를 두 번 보냈습니다. 계속하면 끝나지 않습니다"
    ),
    "{error}. Run the same command again to resume.": (
        "{error}. 같은 명령을 다시 실행하면 이어집니다."
    ),
    # Progress and results.
    "interrupted": "중단됨",
    "Interrupted.": "중단되었습니다.",
    "Finishing the running request. Press Ctrl-C again to stop now.": (
        "진행 중인 요청을 마치는 중입니다. 바로 멈추려면 Ctrl-C를 한 번 더 누르세요."
    ),
    "Finishing the running requests. Press Ctrl-C again to stop now.": (
        "진행 중인 요청을 마치는 중입니다. 바로 멈추려면 Ctrl-C를 한 번 더 누르세요."
    ),
    "Reading {file}": "{file} 읽는 중",
    "Writing {file}": "{file} 쓰는 중",
    "{done:,} of {total:,}": "{total:,}건 중 {done:,}건",
    "{number:,} failed": "실패 {number:,}건",
    "{time} left": "남은 시간 {time}",
    "Status": "상태",
    "Payments": "결제",
    "Total": "합계",
    "Currency": "통화",
    "Paid": "결제 금액",
    "Cancelled": "취소 금액",
    "Amounts are in the currency's smallest unit.": "금액은 통화의 최소 단위입니다.",
    "Lookup errors": "조회 오류",
    "Ids": "건수",
    "{number:,} payment": "결제 {number:,}건",
    "{number:,} payments": "결제 {number:,}건",
    "Payments created from {start} to {until}.": "생성 시각이 {start}부터 {until}까지인 결제.",
    "{store}: {payments}": "{store}: {payments}",
    "{store}: {payments}, not complete (left out of CSV and Parquet)": (
        "{store}: {payments}, 아직 다 받지 못함(CSV와 Parquet에는 없음)"
    ),
    "{payments} in {path}, {new:,} of them new, in {duration}.": (
        "{path}: {payments}(새로 받은 결제 {new:,}건), 걸린 시간 {duration}."
    ),
    "{number:,} lookup failed, see {path}. Run the same command again to retry.": (
        "{number:,}건을 조회하지 못했습니다({path}). 같은 명령을 다시 실행하면 다시 시도합니다."
    ),
    "{number:,} lookups failed, see {path}. Run the same command again to retry.": (
        "{number:,}건을 조회하지 못했습니다({path}). 같은 명령을 다시 실행하면 다시 시도합니다."
    ),
    "Stopped: too many lookups failed.": "실패가 너무 많아 멈췄습니다.",
    "Stopped: PortOne could not be reached ({error}).": (
        "포트원에 연결할 수 없어 멈췄습니다({error})."
    ),
    "{failed} of {all} stores failed.": "상점 {all}곳 중 {failed}곳이 실패했습니다.",
    "Run the same command again to resume.": "같은 명령을 다시 실행하면 이어집니다.",
}

USAGE_ERRORS: Final = (
    (r"^Missing option (.+)\.$", r"필수 옵션이 없습니다: \1"),
    (r"^Missing argument (.+)\.$", r"필수 인자가 없습니다: \1"),
    (r"^Missing command\.$", "명령이 없습니다"),
    (r"^No such option: (\S+)", r"없는 옵션입니다: \1"),
    (r"^No such command (.+?)\.", r"없는 명령입니다: \1"),
    (r" Did you mean (.+)\?$", r" (혹시 \1?)"),
    (r" \(Possible options: (.+)\)$", r" (비슷한 옵션: \1)"),
    (r"^Option (.+) requires an argument\.$", r"옵션에 값이 필요합니다: \1"),
    (r"^Option (.+) does not take a value\.$", r"값을 받지 않는 옵션입니다: \1"),
    (r"^Got unexpected extra arguments? \((.+)\)$", r"필요 없는 인자가 있습니다: \1"),
    (r"^Got unexpected extra argument\(s\) \((.+)\)$", r"필요 없는 인자가 있습니다: \1"),
    (r"^Invalid value for (.+?): ", r"\1의 값이 잘못되었습니다: "),
    (r"(\S+) is not a valid int(?:eger)?(?: range)?\.$", r"정수가 아닙니다(\1)"),
    (r"(\S+) is not a valid float(?: range)?\.$", r"숫자가 아닙니다(\1)"),
    (r"(\S+) is not in the range (.+)\.$", r"\1, 범위는 \2"),
    (r"(\S+) is not one of (.+)\.$", r"\1, 쓸 수 있는 값은 \2"),
)
"""Patterns in Typer's error messages, and what takes their place."""
