"""A PortOne on loopback: tests and demos need no account. Needs the extra `emulator`.

`Emulator` is the whole of it; `future` has ready-made changes for `Emulator.future()`.
"""

try:
    from portone_async.emulator import future
    from portone_async.emulator.answers import Answer
    from portone_async.emulator.app import RequestRecord
    from portone_async.emulator.checkout import Checkout, Outcome
    from portone_async.emulator.emulator import Emulator
    from portone_async.emulator.errors import Refusal
    from portone_async.emulator.faults import FaultKind, Hold
    from portone_async.emulator.methods import Method
except ModuleNotFoundError as error:
    if error.name not in {"jsonschema", "referencing", "starlette", "uvicorn"}:
        raise
    message = "the emulator needs its extra: pip install 'portone-async[emulator]'"
    raise ModuleNotFoundError(message, name=error.name) from error

__all__ = [
    "Answer",
    "Checkout",
    "Emulator",
    "FaultKind",
    "Hold",
    "Method",
    "Outcome",
    "Refusal",
    "RequestRecord",
    "future",
]
