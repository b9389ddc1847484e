"""Our words in generated code: what a developer reads in an editor and in `help()`."""

import ast
import inspect
from typing import Any

import pytest
from codegen_documents import STRING, an_error, as_json, document, namespaces, union

from codegen import text
from codegen.document import Json
from codegen.generate import sources
from codegen.normalise import normalise
from codegen.parse import parse
from codegen.prose import Prose
from portone_async import models
from portone_async.errors import PgProviderError


def source() -> Json:
    """The small document, with an operation that has an error of its own."""
    changed = document()
    changed["components"]["schemas"] |= {
        "BreakThingError": union(
            "type", INVALID_REQUEST="InvalidRequestError", THING_BROKEN="ThingBrokenError"
        ),
        "ThingBrokenError": an_error(409, pieces=STRING),
    }
    failed = {"description": "실패", "content": as_json("BreakThingError")}
    responses = {"200": {"description": "성공"}, "400": failed, "409": failed}
    changed["paths"]["/broken"] = {"post": {"operationId": "breakThing", "responses": responses}}
    return changed


def written(path: str, prose: Prose) -> str:
    """A generated file of that document, in these words."""
    return sources(parse(normalise(source())), prose, namespaces(source()))[path]


def docstring_of(path: str, name: str, prose: Prose) -> str:
    """The docstring of a function or class of that file."""
    for node in ast.walk(ast.parse(written(path, prose))):
        if isinstance(node, ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return ast.get_docstring(node) or ""
    raise AssertionError(name)


def raises(prose: Prose) -> list[str]:
    found = docstring_of("api/thing.py", "break_thing", prose).partition("Raises:\n")[2]
    return [line.strip() for line in found.splitlines()]


# --- errors ---


def test_an_operation_says_why_it_raises_its_errors() -> None:
    prose = Prose(schemas={"ThingBrokenError": "It broke, e.g. on\nthe floor. It was v2.1. More."})
    assert raises(prose) == [
        "ThingBrokenError: It broke, e.g. on the floor.",
        "APIError: Any other error, such as InvalidRequestError.",
    ]


def test_an_error_without_words_has_its_type_and_status() -> None:
    assert raises(Prose())[0] == "ThingBrokenError: `THING_BROKEN`, status 409."


def test_an_operation_without_documented_errors_may_raise_any() -> None:
    changed = source()
    changed["paths"]["/broken"]["post"]["responses"] = {"200": {"description": "성공"}}
    shown = sources(parse(normalise(changed)), Prose(), namespaces(changed))["api/thing.py"]
    assert "APIError: Any error.\n" in shown.partition("async def break_thing")[2]


def test_an_error_class_has_its_reason_its_type_and_its_fields() -> None:
    prose = Prose(
        schemas={"ThingBrokenError": "It broke. Glue it."},
        fields={"ThingBrokenError.pieces": "How many."},
    )
    assert docstring_of("models/errors.py", "ThingBrokenError", prose) == (
        "It broke. Glue it.\n\n`THING_BROKEN`, status 409.\n\nAttributes:\n    pieces: How many."
    )


def test_help_shows_the_fields_of_an_error() -> None:
    assert "\n    pg_code: " in (inspect.getdoc(PgProviderError) or "")


# --- models ---


def test_a_class_has_the_words_of_its_fields_and_so_has_each_field() -> None:
    prose = Prose(
        schemas={"BigThing": "A big one."},
        fields={"BigThing.at": f"When {'very ' * 30}long\n\nago.", "BigThing.type": ""},
    )
    shown = docstring_of("models/big_thing.py", "BigThing", prose)
    head, _, attributes = shown.partition("\n\nAttributes:\n")
    assert head == "A big one."
    first, second = attributes.splitlines()
    assert first.startswith("    at: When very ")
    assert second.startswith("        very ")
    assert second.endswith("long ago.")
    assert '"""When very ' in written("models/big_thing.py", prose)


def test_a_class_without_words_about_fields_has_no_list_of_them() -> None:
    prose = Prose(schemas={"BigThing": "A big one."})
    assert docstring_of("models/big_thing.py", "BigThing", prose) == "A big one."


@pytest.mark.parametrize("name", ["PaidPayment", "PaymentAmount", "CancelPaymentResponse"])
def test_help_shows_every_field_of_a_model(name: str) -> None:
    kind: Any = getattr(models, name)
    shown = inspect.getdoc(kind) or ""
    assert kind.__attrs_attrs__
    for each in kind.__attrs_attrs__:
        if each.init and each.name != "additional_properties":
            assert f"\n    {each.name}: " in shown


# --- enums ---


def test_an_enum_lists_what_its_values_mean() -> None:
    prose = Prose(
        schemas={"ThingKind": "A kind."},
        values={"ThingKind.RED": f"As a {'very ' * 30}red rose.", "ThingKind.BLUE": "As the sky."},
    )
    shown = written("models/enums.py", prose).partition('"""')[2]
    lines = shown.partition('"""')[0].splitlines()
    assert lines[:2] == ["A kind.", ""]
    assert lines[2].startswith("- `RED`: As a very ")
    assert lines[3].startswith("  very ")
    assert lines[4] == "- `BLUE`: As the sky."


def test_values_without_words_come_after_those_with_words() -> None:
    prose = Prose(schemas={"ThingKind": "A kind."}, values={"ThingKind.BLUE": "As the sky."})
    assert '"""A kind.\n\n- `BLUE`: As the sky.\n- `RED`\n"""' in written("models/enums.py", prose)


def test_an_enum_without_words_about_values_lists_none() -> None:
    prose = Prose(schemas={"ThingKind": "A kind."})
    assert '"""A kind."""' in written("models/enums.py", prose)


# --- text ---


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("One. Two.", "One."),
        ("One.", "One."),
        ("No stop", "No stop"),
        ("As in e.g. this one. Two.", "As in e.g. this one."),
        ("Version 2.1 of it. `TWO` is next.", "Version 2.1 of it."),
        ("Is it? Yes.", "Is it?"),
        ("One\nline. Two.", "One line."),
    ],
)
def test_first_sentence(words: str, first: str) -> None:
    assert text.first_sentence(words) == first


def test_text_in_a_docstring_is_escaped_and_fits() -> None:
    shown = text.docstring('A \\ and """ in ' + "a word " * 30, 4)
    value = ast.literal_eval(shown.strip())
    assert value.startswith("A \\ and ''' in a word ")
    assert max(len(line) for line in shown.splitlines()) <= text.WIDTH
