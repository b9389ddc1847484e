"""What came of one call."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from attrs import field, frozen

from portone_async._errors import PortOneError

A = TypeVar("A")
T = TypeVar("T")


@frozen(eq=False)
class Result(Generic[A, T]):
    """What came of one call: a value or an error, with the argument that it was made for.

    The repr shows no argument: a billing key is one, and as good as money.
    """

    index: int
    """The argument's place in the input, from 0."""
    argument: A = field(repr=False)
    """The argument as the input gave it."""
    _value: T | None = field(default=None, repr=False)
    error: PortOneError | None = None
    """What the call raised; `None` if it succeeded."""

    @property
    def value(self) -> T:
        """What the call returned.

        Raises:
            PortOneError: `error`, if there is one.
        """
        if self.error is not None:
            raise self.error
        return cast("T", self._value)
