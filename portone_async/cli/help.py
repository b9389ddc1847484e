"""Typer's help and usage errors in the user's language. Typer itself has them in English only."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from typer.core import TyperCommand, TyperGroup

from portone_async.cli.language import is_korean, translate


def translate_paragraphs(text: str | None) -> str | None:
    """Translate a text paragraph by paragraph, each of them on one line."""
    if text is None:
        return None
    return "\n\n".join(translate(paragraph) for paragraph in split_paragraphs(text))


def split_paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a docstring, as they are in the table of texts."""
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)]


def translate_usage_error(message: str) -> str:
    """Translate an error message of Typer's; one of a kind that is not known stays English."""
    from portone_async.cli.korean import USAGE_ERRORS  # noqa: PLC0415  (needed in Korean only)

    for pattern, korean in USAGE_ERRORS:
        message = re.sub(pattern, korean, message)
    return message


class Command(TyperCommand):
    """A command whose help is in the user's language."""

    def get_usage(self, ctx: Any) -> str:
        """Return the line of usage."""
        return _translate_usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option --help."""
        return _translate_help(super().get_help_option(ctx))


class Group(TyperGroup):
    """All commands: their help and the errors of their arguments are in the user's language."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in (self, *self.commands.values()):
            command.help = translate_paragraphs(command.help)
            command.epilog = translate_paragraphs(command.epilog)
            for parameter in command.params:
                _translate_help(parameter)

    def get_usage(self, ctx: Any) -> str:
        """Return the line of usage."""
        return _translate_usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option --help."""
        return _translate_help(super().get_help_option(ctx))

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the options before the command."""
        with _translated_errors():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Parse the arguments of the command, and run it."""
        with _translated_errors():
            return super().invoke(ctx)


def _translate_help(parameter: Any) -> Any:
    help_text = getattr(parameter, "help", None)
    if help_text:
        parameter.help = translate(help_text)
    return parameter


def _translate_usage(usage: str) -> str:
    for english in ("Usage:", "[OPTIONS]", "COMMAND [ARGS]..."):
        usage = usage.replace(english, translate(english))
    return usage


@contextmanager
def _translated_errors() -> Generator[None]:
    try:
        yield
    except Exception as error:
        # Of Click's classes for errors or of Typer's own copy of them, depending on its version.
        if hasattr(error, "format_message") and is_korean():
            raised = cast("Any", error)
            message = translate_usage_error(raised.format_message())
            raised.format_message = lambda: message
        raise
