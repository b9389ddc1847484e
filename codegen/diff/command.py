"""The command line of `python -m codegen diff`."""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path
from typing import Final, NoReturn

from codegen.decisions import load_decisions
from codegen.document import CodegenError

NOT_COMPARED: Final = 4
STATUSES: Final = """\
exit status:
  0  nothing changed
  1  additions, and what generated code does not show
  2  generated types change
  3  PortOne's compatibility promise is broken
  4  the documents could not be compared
"""
SUFFIXES: Final = {".md": "markdown", ".json": "json", ".html": "html"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print the usage, and exit: not with argparse's 2, which means something else here."""
        self.print_usage(sys.stderr)
        self.exit(NOT_COMPARED, f"{self.prog}: error: {message}\n")


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m codegen diff",
        usage="%(prog)s [options] [OLD] NEW",
        description="What a document of PortOne's changes for users of the SDK.",
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "documents", metavar="[OLD] NEW", nargs="+",
        help="paths or URLs, or `vendored` for the document in openapi/, which OLD is if it is omitted",
    )  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--format", choices=sorted(SUFFIXES.values()), default="markdown", help="what to print"
    )
    form.add_argument(
        "--changelog", action="store_const", const="changelog", dest="format",
        help="print a draft for CHANGELOG.md",
    )  # fmt: skip
    parser.add_argument(
        "--output", metavar="FILE", action="append", default=[], type=_output,
        help="write the report to a .md, .json or .html file instead; may be given several times",
    )  # fmt: skip
    return parser


def _output(name: str) -> Path:
    if Path(name).suffix not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{name}: .md, .json or .html is needed")
    return Path(name)


def run(arguments: list[str]) -> tuple[int, str]:
    """The exit status, and what to print."""
    parser = _parser()
    chosen = parser.parse_intermixed_args(arguments)
    documents: list[str] = chosen.documents
    if len(documents) > 2:  # noqa: PLR2004
        parser.error("two documents are compared at a time")
    *old, new = documents
    try:
        return _diff(old[0] if old else "vendored", new, chosen.format, chosen.output)
    except CodegenError:
        raise
    except Exception:  # noqa: BLE001  (Python's own status for this, 1, would say "additions only")
        traceback.print_exc()
        return NOT_COMPARED, "The comparison failed: this is a bug."


def _diff(old: str, new: str, form: str, output: list[Path]) -> tuple[int, str]:
    from codegen.diff import renderers  # noqa: PLC0415  (other commands do without Jinja)
    from codegen.diff.report import report_update  # noqa: PLC0415
    from codegen.diff.sources import read  # noqa: PLC0415

    decisions = load_decisions()
    report, _ = report_update(read(old, decisions), read(new, decisions), decisions)
    render = {
        "markdown": renderers.markdown,
        "json": renderers.as_json,
        "html": renderers.page,
        "changelog": renderers.changelog,
    }
    for path in output:
        try:
            path.write_text(render[SUFFIXES[path.suffix]](report), encoding="utf-8")
        except OSError as error:
            raise CodegenError(f"{path} cannot be written: {error.strerror}") from None
    return report.status, report.verdict if output else render[form](report).rstrip("\n")
