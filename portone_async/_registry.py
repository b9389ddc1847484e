"""Generated classes by name, imported when they are first asked for.

Importing the package loads no model, so whatever a response, a union or an annotation names is looked up here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final, TypeAlias, cast

from portone_async._errors import APIError
from portone_async._model import Model

_MODELS: Final = "portone_async.models"
Reader: TypeAlias = Callable[[Any], Any]
"""Makes a model of a JSON object."""


@cache
def model_type(name: str) -> Any:
    """The model, union, map or enum of this name; `KeyError` if there is none."""
    return getattr(_module(name), name)


def model_class(name: str) -> type[Model]:
    """The model of this name."""
    return cast("type[Model]", model_type(name))


@cache
def model_reader(name: str) -> Reader:
    """The function that reads a model, union or map from JSON."""
    return _module(name).read


@cache
def error_classes(names: tuple[str, ...] | None) -> dict[str, type[APIError]]:
    """The classes of these names by the error types that they stand for; all generated ones for `None`."""
    errors = import_module(f"{_MODELS}.errors")
    classes: dict[str, type[APIError]] = {}
    for name in errors.__all__ if names is None else names:
        kind: type[APIError] = getattr(errors, name)
        for error_type in kind.types:
            classes.setdefault(error_type, kind)
    return classes


def _module(name: str) -> ModuleType:
    modules: dict[str, str] = import_module(_MODELS)._MODULES  # noqa: SLF001  (the package's index of its own)
    return import_module(f"{_MODELS}.{modules[name]}")
