"""Validation of requests against the OpenAPI document, with jsonschema."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl

import orjson
from attrs import frozen
from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import ValidationError, relevance

from portone_emulator.document.document import Document, Match, Operation, Parameter, name_of
from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject, parse_datetime

# RFC 3339, section 5.6. `datetime.fromisoformat` accepts more than that.
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", flags=re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", flags=re.ASCII)
_JSON_WHITESPACE = b" \t\r\n"
_MAX_LISTED = 20
"""How many values of an enum an error message lists."""

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    if isinstance(value, str):
        parse_datetime(value)
        return _DATE_TIME.fullmatch(value) is not None
    return True


@FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    if isinstance(value, str):
        date.fromisoformat(value)
        return _DATE.fullmatch(value) is not None
    return True


@FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    return _fits(value, 31)


@FORMATS.checks("int64")
def _is_int64(value: object) -> bool:
    return _fits(value, 63)


def _fits(value: object, bits: int) -> bool:
    # JSON Schema accepts 1.0 as an integer; the emulator's amounts are ints.
    return not isinstance(value, float) and (
        not isinstance(value, int) or -(2**bits) <= value < 2**bits
    )


class _Validator(Protocol):
    """The part of jsonschema's validators that is used; its stubs leave their generics open."""

    def iter_errors(self, instance: Any) -> Iterable[ValidationError]: ...


@frozen
class ParsedRequest:
    """The data of a valid request. `body` is the JSON object, from the body or the query."""

    path: dict[str, str]
    query: JsonObject
    body: JsonObject


class RequestValidator:
    """Parses and validates requests by the OpenAPI document. Unknown fields are ignored."""

    def __init__(self, document: Document) -> None:
        self._document = document
        # jsonschema's own keywords make a validator of each part of a schema for each value.
        keywords = {"$ref": self._reference, "properties": self._properties}
        self._validator_class = cast("Any", validators).extend(Draft202012Validator, keywords)
        self._validators: dict[int, _Validator] = {}
        """By the `id()` of the schema, which the validator keeps."""

    def read(self, match: Match, query_string: str, content: bytes) -> ParsedRequest:
        """Validate a request and return its data.

        Raises:
            EmulatedAPIError: INVALID_REQUEST, naming the field.
        """
        operation = match.operation
        for parameter in operation.path_parameters:
            self.check(parameter.schema, match.path[parameter.name], f"path.{parameter.name}")
        parameters = dict(parse_qsl(query_string, keep_blank_values=True))
        return ParsedRequest(
            path=match.path,
            query=self._query(operation, parameters),
            body=self._body(operation, parameters, content),
        )

    def check(self, schema: JsonObject, value: Any, location: str) -> None:
        """Validate a value against a schema of the document.

        Raises:
            EmulatedAPIError: INVALID_REQUEST, naming the field.
        """
        worst = max(self._validator(schema).iter_errors(value), key=relevance, default=None)
        if worst is not None:
            raise invalid(*_explain(worst, location))

    def _validator(self, schema: JsonObject) -> _Validator:
        validator = self._validators.get(id(schema))
        if validator is None:
            validator = cast("_Validator", self._validator_class(schema, format_checker=FORMATS))
            self._validators[id(schema)] = validator
        return validator

    def _reference(
        self, _: _Validator, reference: str, value: Any, __: JsonObject
    ) -> Iterable[ValidationError]:
        return self._validator(self._document.schemas[name_of(reference)]).iter_errors(value)

    def _properties(
        self, _: _Validator, properties: JsonObject, value: Any, __: JsonObject
    ) -> Iterable[ValidationError]:
        if not isinstance(value, dict):
            return
        for name, schema in properties.items():
            if name in value:
                for error in self._validator(schema).iter_errors(value[name]):
                    error.path.appendleft(name)
                    yield error

    def _query(self, operation: Operation, parameters: Mapping[str, str]) -> JsonObject:
        query: JsonObject = {}
        for parameter in operation.query:
            text = parameters.get(parameter.name)
            location = f"query.{parameter.name}"
            if text is None:
                if parameter.required:
                    raise invalid(location, "is required")
            else:
                value = self._scalar(parameter, text)
                self.check(parameter.schema, value, location)
                query[parameter.name] = value
        return query

    def _scalar(self, parameter: Parameter, text: str) -> object:
        """Convert a query parameter to its schema's type; other text is left for validation."""
        kind = self._document.resolve(parameter.schema).get("type")
        if kind == "boolean":
            return {"true": True, "false": False}.get(text, text)
        if kind == "integer" and re.fullmatch(r"-?\d{1,20}", text, flags=re.ASCII):
            return int(text)
        return text

    def _body(
        self, operation: Operation, parameters: Mapping[str, str], content: bytes
    ) -> JsonObject:
        """Return the JSON object of the body; that of a GET or DELETE may be in the query instead.

        A body is JSON in UTF-8 whatever its Content-Type says, as in PortOne: its JavaScript SDK
        sends `text/plain`.
        """
        if operation.body is None:
            return {}
        name = operation.body_parameter
        location = "body" if name is None else f"query.{name}"
        texts: dict[str, str | bytes] = {}
        if name is not None and name in parameters:
            texts[location] = parameters[name]
        in_body = content.removeprefix(codecs.BOM_UTF8).strip(_JSON_WHITESPACE)
        if in_body:
            texts["body"] = in_body
        bodies = [self._json(operation.body, text, place) for place, text in texts.items()]
        if not bodies and operation.body_required:
            raise invalid(location, "is required")
        if len({orjson.dumps(body, option=orjson.OPT_SORT_KEYS) for body in bodies}) > 1:
            raise invalid("body", f"differs from {location}")
        return bodies[0] if bodies else {}

    def _json(self, schema: JsonObject, text: str | bytes, location: str) -> JsonObject:
        value = _parse(text, location)
        self.check(schema, value, location)
        return value


def _parse(text: str | bytes, location: str) -> JsonObject:
    try:
        value = cast("object", orjson.loads(text))
    except orjson.JSONDecodeError:
        raise invalid(location, "is not valid JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise invalid(location, "must be a JSON object")
    return cast("JsonObject", value)


def unmet_rule(name: str, value: Any) -> str:
    """Say what a value must be to fit a rule of JSON Schema."""
    match name:
        case "enum":
            return f"must be one of {', '.join(map(str, value))}"
        case "minimum":
            return f"must be at least {value}"
        case "maximum":
            return f"must be at most {value}"
        case "minLength" | "minItems" if value == 1:
            return "must not be empty"
        case "maxLength":
            return f"must have at most {value} characters"
        case _:
            return f"must fit the rule {name}: {value}"


def _explain(error: ValidationError, location: str) -> tuple[str, str]:
    """Return the location and the problem, without the value."""
    path = [str(step) for step in error.absolute_path]
    rule = cast("Any", error.validator_value)
    match cast("str", error.validator):
        case "required":
            instance = cast("Mapping[str, object]", error.instance)
            path.append(next(name for name in rule if name not in instance))
            problem = "is required"
        case "type":
            problem = f"must be of type {rule}"
        case "enum" if len(rule) > _MAX_LISTED:
            problem = "is not one of the documented values"
        case "format":
            problem = f"must be in the format {rule}"
        case other:
            problem = unmet_rule(other, rule)
    return ".".join([location, *path]), problem
