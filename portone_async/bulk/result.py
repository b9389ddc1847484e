"""The result of one call."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from attrs import field, frozen

from portone_async._errors import PortOneError

A = TypeVar("A")
T = TypeVar("T")


@frozen(eq=False)
class Result(Generic[A, T]):
    """The result of one call, a value or an error, together with the call's argument.

    The repr does not show the argument: it may be a billing key, with which anyone could charge the customer.

    Attributes:
        index: The argument's position in the input, from 0.
        argument: The argument as it came from the input.
        error: What the call raised; `None` if it succeeded.
    """

    index: int
    argument: A = field(repr=False)
    _value: T | None = field(default=None, repr=False)
    error: PortOneError | None = None

    @property
    def value(self) -> T:
        """What the call returned.

        Raises:
            PortOneError: The call failed; this is its `error`.
        """
        if self.error is not None:
            raise self.error
        return cast("T", self._value)
