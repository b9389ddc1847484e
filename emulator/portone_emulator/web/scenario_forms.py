"""The forms of what the next requests meet, and of the clock."""

from __future__ import annotations

from portone_emulator.document.document import load
from portone_emulator.web import texts
from portone_emulator.web.buttons import button
from portone_emulator.web.fields import choice, number_field, text_field
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator

_OPERATIONS = "operations"


def scenarios(t: Translator) -> Html:
    """Render the forms, to be opened."""
    forms = [
        _form(
            t,
            "faults",
            texts.FAULT_FORM,
            [
                _operation(t, texts.OPERATION_OR_ANY, value="*"),
                choice(t, texts.FAULT_KIND, "kind", texts.FAULT_KINDS),
                number_field(t, texts.DELAY, "delay", required=False, min=0, step="any"),
                _times(t),
            ],
            button("clear-faults", t(texts.CLEAR_FAULTS), subject=t(texts.CLEAR_FAULTS_SUBJECT)),
        ),
        _form(
            t,
            "refuse",
            texts.ERROR_FORM,
            [_operation(t, texts.OPERATION), text_field(t, texts.ERROR_TYPE, "type"), _times(t)],
        ),
        _form(
            t,
            "future",
            texts.FUTURE_FORM,
            [
                _operation(t, texts.OPERATION),
                choice(t, texts.CHANGE, "change", texts.CHANGES),
                text_field(t, texts.FIELD, "field", required=False),
                text_field(t, texts.VALUE, "value", required=False),
                _times(t),
            ],
        ),
        _form(
            t,
            "decline",
            texts.DECLINE_FORM,
            [
                text_field(t, texts.PG_CODE, "pgCode", required=False),
                text_field(t, texts.PG_MESSAGE, "pgMessage", required=False),
                _times(t),
            ],
        ),
        _form(t, "pend-cancellations", texts.PEND_FORM, [_times(t)]),
        _form(
            t,
            "advance",
            texts.CLOCK_FORM,
            [
                _step(t, texts.DAYS, "days"),
                _step(t, texts.HOURS, "hours"),
                _step(t, texts.MINUTES, "minutes"),
            ],
            submit=texts.ADVANCE_BUTTON,
        ),
    ]
    operations = [element("option", value=name) for name in ("*", *load().operations)]
    return element(
        "section",
        element(
            "details",
            element("summary", element("h2", t(texts.SCENARIOS))),
            element("datalist", operations, id=_OPERATIONS),
            element("div", forms, class_="forms"),
        ),
        class_="panel",
    )


def _form(
    t: Translator,
    control: str,
    title: Text,
    fields: list[Html],
    beside: Html | None = None,
    *,
    submit: Text = texts.ADD,
) -> Html:
    """Render a form for a control, with another button beside it."""
    label = f"{t(submit)}: {t(title)}"
    form_id = f"form-{control}"
    sent = element("button", t(submit), form=form_id, class_="primary", aria_label=label)
    return element(
        "div",
        element("h3", t(title)),
        element(
            "form",
            fields,
            id=form_id,
            method="post",
            action=f"/_emulator/{control}",
            class_="fields",
        ),
        element("div", sent, beside, class_="row"),
    )


def _operation(t: Translator, label: Text, value: str | None = None) -> Html:
    return text_field(t, label, "operationId", list=_OPERATIONS, value=value)


def _times(t: Translator) -> Html:
    return number_field(t, texts.TIMES, "times", min=1, value=1)


def _step(t: Translator, label: Text, name: str) -> Html:
    return number_field(t, label, name, required=False, min=0, step="any")
