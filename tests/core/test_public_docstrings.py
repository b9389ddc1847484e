"""The docstrings of public classes say what each field means, so that `help()` does."""

from __future__ import annotations

import dataclasses
import dis
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import attrs

from portone_async import CallEnd, Retry
from portone_async._pagination import Page
from portone_async.bulk import Progress, Result
from portone_async.emulator import Delivery
from portone_async.errors import APIError
from portone_async.webhooks import MissingHeaderError, WebhookMessage
from portone_emulator.document.document import Match

MODULES = (
    "",
    ".blocking",
    ".bulk",
    ".bulk.arrow",
    ".converter",
    ".emulator",
    ".errors",
    ".fastapi",
    ".webhooks",
)
RETURNED = (Match, Page)
"""What public functions and attributes return, and no public module exports."""


def public_classes() -> Iterator[type[Any]]:
    yield from RETURNED
    for name in MODULES:
        module = importlib.import_module(f"portone_async{name}")
        yield from (
            each for each in map(vars(module).get, module.__all__) if isinstance(each, type)
        )


def field_names(kind: type[Any]) -> set[str]:
    """The public fields of a class that has fields, and what an exception's `__init__` sets."""
    if attrs.has(kind):
        names = {each.name for each in attrs.fields(kind)}
    elif dataclasses.is_dataclass(kind):
        names = {each.name for each in dataclasses.fields(kind)}
    elif issubclass(kind, Exception) and inspect.isfunction(kind.__init__):
        code = dis.get_instructions(kind.__init__)
        names = {str(each.argval) for each in code if each.opname == "STORE_ATTR"} - {"args"}
    else:
        names = set(getattr(kind, "_fields", ()))
    return {name for name in names if not name.startswith("_")}


def explained(kind: type[Any]) -> set[str]:
    """What the docstring of a class, or of a class that it derives from, has a line about."""
    names: set[str] = set()
    for each in kind.__mro__:
        text = inspect.cleandoc(each.__doc__ or "")
        for section in re.findall(r"^(?:Args|Attributes):\n((?:    .*\n?)+)", text, re.MULTILINE):
            names |= set(re.findall(r"^    (\w+)(?: \(.*?\))?: \S", section, re.MULTILINE))
    return names


def test_classes_of_each_form_have_their_fields_found() -> None:
    found = set(filter(field_names, public_classes()))
    assert found >= {APIError, CallEnd, Delivery, MissingHeaderError, Progress, Retry}
    assert field_names(Result) == {"index", "argument", "error"}
    assert field_names(WebhookMessage) == {"id", "timestamp", "event"}
    assert field_names(MissingHeaderError) == {"header"}


def test_each_field_is_explained() -> None:
    unexplained = {kind: field_names(kind) - explained(kind) for kind in public_classes()}
    assert {kind.__name__: names for kind, names in unexplained.items() if names} == {}
