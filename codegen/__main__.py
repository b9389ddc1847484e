"""`python -m codegen import | generate | check | diff`."""

from __future__ import annotations

import argparse
import sys

from codegen.document import CodegenError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; print its report, or an error of one line."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    importing = commands.add_parser("import", help="vendor the facts of a published document")
    importing.add_argument("source", metavar="SOURCE", help="path or URL of the published document")
    commands.add_parser("generate", help="write portone_async/models and portone_async/api")
    commands.add_parser("check", help="fail if the generated code is not what generate writes")
    comparing = commands.add_parser(
        "diff", help="what changed for users; exit status 1 if PortOne's promise is broken"
    )
    for name in ("old", "new"):
        comparing.add_argument(name, metavar=name.upper(), help="path or URL of a document")
    chosen = parser.parse_args(arguments)
    status = 0
    try:
        if chosen.command == "import":
            from codegen.importer import import_document  # noqa: PLC0415

            report = import_document(chosen.source)
        elif chosen.command == "generate":
            from codegen.generate import generate  # noqa: PLC0415

            report = generate()
        elif chosen.command == "diff":
            from codegen import changes  # noqa: PLC0415
            from codegen.importer import load  # noqa: PLC0415

            old, new = load(chosen.old), load(chosen.new)
            differences = changes.changes(old, new)
            report = changes.report(old, new, differences)
            status = int(changes.broken(differences))
        else:
            from codegen.generate import check  # noqa: PLC0415

            report = check()
    except CodegenError as error:
        for line in error.lines:
            print(f"codegen {chosen.command}: {' '.join(line.split())}", file=sys.stderr)
        return 2 if chosen.command == "diff" else 1
    print(report)
    return status


if __name__ == "__main__":
    sys.exit(main())
