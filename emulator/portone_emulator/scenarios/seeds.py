"""Seeds: the payments, billing keys and so on that an emulator starts with."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

import orjson
from attrs import frozen
from jsonschema import Draft202012Validator

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.validation import FORMATS, unmet_rule
from portone_emulator.state.json_values import JsonObject, format_datetime

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from portone_emulator.state.state import State

CallOperation: TypeAlias = Callable[[str, dict[str, str], JsonObject], object]
"""Processes a request of the API: operation ID, path parameters, body."""
RunControl: TypeAlias = Callable[[str, JsonObject], object]
"""Runs a control: name, body."""

_HINTS = {
    "date-time": ", such as 2026-11-30T09:00:00+09:00",
    "string": "; in YAML, put it between quotes",
}


class SeedError(ValueError):
    """A seed does not fit its format, or PortOne's rules. The message names the entry."""


class _Validator(Protocol):
    def iter_errors(self, instance: Any) -> Iterable[ValidationError]: ...


@cache
def load_schema() -> JsonObject:
    """Return the JSON Schema of seeds."""
    return orjson.loads(Path(__file__).with_name("seed.schema.json").read_bytes())


def read_file(path: Path) -> JsonObject:
    """Read a seed file: JSON if it is called so, else YAML.

    Raises:
        OSError: the file cannot be read.
        SeedError: the file is not JSON or YAML, or has values that JSON does not have.
    """
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    if path.suffix == ".json":
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise SeedError(f"it is not JSON: {error}") from None
    return _read_yaml(content)


def add(data: JsonObject, state: State, run_control: RunControl, call: CallOperation) -> None:
    """Add what a seed holds to the state.

    Raises:
        SeedError: the seed does not fit its format, or PortOne's rules. Entries before the one that
            the message names are added.
    """
    _check(data)
    seeder = _Seeder(state, run_control, call)
    with state.lock:
        state.is_seeding = True
        try:
            for name in load_schema()["properties"]:
                seeder.add_all(name, data.get(name, []))
        finally:
            state.is_seeding = False


@frozen
class _Seeder:
    """Adds the entries of a seed, by what buyers do and by requests of shops."""

    state: State
    run_control: RunControl
    call: CallOperation

    def add_all(self, name: str, entries: list[JsonObject]) -> None:
        """Add all entries of one kind."""
        add_entry: Callable[[JsonObject], object] = {
            "promotions": partial(self.run_control, "add-promotion"),
            "pgCardPromotions": partial(self.run_control, "add-pg-card-promotion"),
            "checkoutProfiles": partial(self.run_control, "add-checkout-profile"),
            "payments": self._add_payment,
            "billingKeys": partial(self.run_control, "issue-billing-key"),
            "schedules": self._add_schedule,
            "identityVerifications": partial(self.run_control, "verify-identity"),
            "contracts": partial(self.call, "createPlatformContract", {}),
            "partners": partial(self.call, "createPlatformPartner", {}),
        }[name]
        for index, entry in enumerate(entries):
            try:
                add_entry(entry)
            except EmulatedAPIError as error:
                raise SeedError(f"{name}[{index}]: {error}") from None

    def _add_payment(self, entry: JsonObject) -> None:
        order = {name: value for name, value in entry.items() if name != "cancellations"}
        self.run_control("checkout", order)
        path = {"paymentId": entry["paymentId"]}
        for cancellation in entry.get("cancellations", ()):
            body = {"reason": "cancelled by the seed", **cancellation}
            self.call("cancelPayment", path, body | _pick(entry, "storeId"))

    def _add_schedule(self, entry: JsonObject) -> None:
        time_to_pay = entry.get("timeToPay")
        if time_to_pay is None:
            delay = timedelta(days=entry["afterDays"])
            time_to_pay = format_datetime(self.state.clock.now() + delay)
        payment = {
            "currency": "KRW",
            "orderName": "An order",
            "amount": {"total": entry["totalAmount"]},
            **_pick(entry, "billingKey", "storeId", "currency", "orderName", "customData"),
        }
        path = {"paymentId": entry["paymentId"]}
        self.call("createPaymentSchedule", path, {"payment": payment, "timeToPay": time_to_pay})


def _pick(entry: JsonObject, *names: str) -> JsonObject:
    return {name: entry[name] for name in names if name in entry}


def _check(data: JsonObject) -> None:
    """Check that a seed fits its schema."""
    validator = cast(
        "_Validator",
        cast("Any", Draft202012Validator)(load_schema(), format_checker=FORMATS),
    )
    error = next(iter(validator.iter_errors(data)), None)
    if error is not None:
        raise SeedError(f"{_location(error)}: {_problem(error)}")


def _location(error: ValidationError) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path]
    return "".join(steps).removeprefix(".") or "the seed"


def _problem(error: ValidationError) -> str:
    """Say what to do, without the value: it may be personal data."""
    rule = cast("Any", error.validator_value)
    match cast("str", error.validator):
        case "required":
            instance = cast("Mapping[str, object]", error.instance)
            return f"needs {', '.join(name for name in rule if name not in instance)}"
        case "additionalProperties":
            known = cast("JsonObject", cast("Any", error.schema)["properties"])
            instance = cast("Mapping[str, object]", error.instance)
            unknown = ", ".join(str(name) for name in instance if name not in known)
            return f"has the unknown property {unknown}; it may have {', '.join(known)}"
        case "type":
            return f"must be of type {rule}{_HINTS.get(rule, '')}"
        case "format":
            return f"must be in the format {rule}{_HINTS.get(rule, '')}"
        case "oneOf":
            return f"needs exactly one of {', '.join(each['required'][0] for each in rule)}"
        case other:
            return unmet_rule(other, rule)


def _read_yaml(content: bytes) -> JsonObject:
    import yaml  # noqa: PLC0415  (takes a moment, and most emulators start without a seed)

    class Loader(yaml.SafeLoader):
        """Leaves times as text, as they are in JSON, and refuses a key that is there twice."""

        yaml_implicit_resolvers = {  # noqa: RUF012  (as the class above it has it)
            first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            found: set[str] = set()
            for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
                if key.value in found:
                    problem = f"the key {key.value} is there twice"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                found.add(key.value)
            return super().construct_mapping(node, deep)

    try:
        data = yaml.load(content, Loader)  # noqa: S506  (a SafeLoader)
        return orjson.loads(orjson.dumps({} if data is None else data))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise SeedError(f"it is not YAML: {place}{error.problem}") from None
    except yaml.YAMLError:
        raise SeedError("it is not YAML") from None
    except TypeError as error:
        raise SeedError(f"it has a value that JSON does not have: {error}") from None
