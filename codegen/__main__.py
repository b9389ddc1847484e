"""`python -m codegen import | generate | check | diff | update`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from codegen.diff import command as diff
from codegen.document import CodegenError, no_collection


def main(arguments: list[str] | None = None) -> int:
    """Run one command; print its report, or an error of one line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["diff"]:
        return _run("diff", lambda: diff.run(arguments[1:]), diff.NOT_COMPARED)
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    importing = commands.add_parser("import", help="vendor the facts of a published document")
    importing.add_argument("source", metavar="SOURCE", help="path or URL of the published document")
    commands.add_parser(
        "generate",
        help="write portone_async/models, portone_async/api and portone_async/blocking/api",
    )
    commands.add_parser("check", help="fail if the generated code is not what generate writes")
    commands.add_parser("diff", help="what a new document changes for users", add_help=False)
    updating = commands.add_parser("update", help="take up a new document, and draft the changelog")
    updating.add_argument("source", metavar="SOURCE", nargs="?", help="PortOne's own if omitted")
    updating.add_argument("--yes", action="store_true", help="place new operations as proposed")
    chosen = parser.parse_args(arguments)
    return _run(chosen.command, lambda: (0, _report(chosen)), 1)


def _report(chosen: argparse.Namespace) -> str:
    """Run a command that has no statuses of its own."""
    if chosen.command == "import":
        from codegen.importer import import_document  # noqa: PLC0415

        return import_document(chosen.source)
    if chosen.command == "update":
        from codegen.update import PUBLISHED, as_proposed, in_terminal, update  # noqa: PLC0415

        return update(
            chosen.source or PUBLISHED, confirm=as_proposed if chosen.yes else in_terminal
        )
    from codegen.generate import check, generate  # noqa: PLC0415

    return generate() if chosen.command == "generate" else check()


def _run(name: str, command: Callable[[], tuple[int, str]], failure: int) -> int:
    try:
        with no_collection():
            status, report = command()
    except CodegenError as error:
        for line in error.lines:
            print(f"codegen {name}: {' '.join(line.split())}", file=sys.stderr)
        return failure
    except KeyboardInterrupt:
        print(f"codegen {name}: interrupted", file=sys.stderr)
        return failure
    _print(report)
    return status


def _print(report: str) -> None:
    """Print; whoever reads may stop early, as `head` does, which changes nothing about the result."""
    try:
        print(report, flush=True)
    except BrokenPipeError:
        # Python flushes once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
