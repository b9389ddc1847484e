"""Python names for what the document names: readable ones, each once, and the same ones every time.

Names that Python or generated code needs get an underscore. Where two things would have one name, the one that is
called so in the document keeps it and the other gets a number; the report says so, and `openapi/decisions.toml` can
give a better one.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache
from typing import Final

from codegen.core import errors
from codegen.decisions import Decisions
from codegen.document import CodegenError
from codegen.report import Report

RESERVED_NAMES: Final = frozenset(
    {
        "additional_properties", "bool", "bytes", "date", "datetime", "dict", "float", "int", "list", "self", "str",
    }
)  # fmt: skip
"""Names that generated code uses itself: a field or argument of such a name gets an underscore."""
RESERVED_VARIABLES: Final = frozenset(
    {"keep_nulls", "mismatch", "new_instance", "raw", "report_scalars", "untyped"}
)
"""Names that a `read` uses itself: the local variable of such a field gets an underscore."""
RESERVED_ARGUMENTS: Final = frozenset({"as_secret", "body", "client", "options", "file"})
RESERVED_FUNCTIONS: Final = frozenset(
    {
        "api",
        "as_secret",
        "blocking",
        "blocking_pages",
        "cached_property",
        "call",
        "warn_withheld",
        "with_response",
    }
)
RESERVED_CLASSES: Final = frozenset(
    {
        "Any", "Awaitable", "Callable", "Caller", "ClassVar", "CursorPages", "File", "Literal", "Model", "Namespace",
        "Namespaces", "NumberedPages", "Operation", "Path", "PathLike", "RequestOptions", "TYPE_CHECKING", "TypeAlias",
        "TypedResponse", "UnknownVariant", "Unrecognized", "UnrecognizedInteger", *errors.__all__,
    }
)  # fmt: skip
"""Names of classes that generated modules use, or export beside their own."""
RESERVED_MODULES: Final = frozenset({"enums", "errors", "list", "map", "scalar_map", "scalars"})
"""Names of modules of another purpose, and those whose `read_…` would be a helper's."""
RESERVED_ERROR_ATTRIBUTES: Final = frozenset(
    {
        "add_note", "args", "attempts", "body", "content", "headers", "may_have_reached", "message", "request",
        "request_id", "status", "text", "type", "types", "with_traceback",
    }
)  # fmt: skip


@cache
def snake(name: str) -> str:
    """`getPayment` and `B2bTaxInvoice` as `get_payment` and `b2b_tax_invoice`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    words = re.sub(r"[\W_]+", "_", unicodedata.normalize("NFKC", words)).lower().strip("_")
    return f"field_{words}".rstrip("_") if not words or not words.isidentifier() else words


def python_name(json_name: str) -> str:
    """The Python name of a field, an argument or a function; a reserved one gets an underscore."""
    name = snake(json_name)
    if not name.isidentifier():
        raise CodegenError(
            f"{json_name!r} gives no name in Python: give it one under [rename] in openapi/decisions.toml"
        )
    return name + "_" if keyword.iskeyword(name) or name in RESERVED_NAMES else name


def argument_name(json_name: str) -> str:
    """The name of a function's argument."""
    name = python_name(json_name)
    return name + "_" if name in RESERVED_ARGUMENTS else name


def function_name(operation_id: str) -> str:
    """The name of an operation's function."""
    name = python_name(operation_id)
    return name + "_" if name in RESERVED_FUNCTIONS else name


@cache
def class_name(component: str) -> str:
    """PortOne's own name where it can be a class's."""
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", component)).strip("_")
    if not name.isidentifier():
        name = f"Model{name}"
    name = name[0].upper() + name[1:]
    return name + "_" if keyword.iskeyword(name) or name in RESERVED_CLASSES else name


def module_name(component: str) -> str:
    """The module of a class: never called as the class, which it would hide in `models`."""
    name = python_name(class_name(component))
    clashes = name in RESERVED_MODULES or name == class_name(component)
    return name + "_" if clashes else name


def error_attribute(name: str) -> str:
    """The name of an exception's attribute."""
    return name + "_" if name in RESERVED_ERROR_ATTRIBUTES else name


class Names:
    """Gives names, each once within its scope."""

    def __init__(self, report: Report, decisions: Decisions) -> None:
        self._report = report
        self._renames = decisions.renames

    def of(
        self, scope: str, wanted: Iterable[tuple[str, str]], taken: Collection[str] = ()
    ) -> dict[str, str]:
        """Original name to Python name, of pairs of an original name and the Python name that it should get."""
        result: dict[str, str] = {}
        used = set(taken)
        pairs = sorted(wanted, key=lambda pair: (pair[1] != pair[0], pair[0]))
        for original, _ in pairs:
            name = self._renames.get(f"{scope}{original}")
            if name is not None:
                if not name.isidentifier() or keyword.iskeyword(name) or name in used:
                    raise CodegenError(
                        f"openapi/decisions.toml: {scope}{original} cannot be called {name}"
                    )
                result[original] = name
                used.add(name)
        for original, name in pairs:
            if original in result:
                continue
            free, number = name, 2
            while free in used:
                free, number = f"{name}_{number}", number + 1
            if free != name:
                self._report.note(
                    "named otherwise, as the name is taken: openapi/decisions.toml can give a better one",
                    f"{scope}{original} is {free}",
                )
            result[original] = free
            used.add(free)
        return result
