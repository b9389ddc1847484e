"""Snapshots: the emulator's state as JSON, for state files."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, get_args, get_origin

from attrs import fields, resolve_types
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from portone_emulator.http.idempotency import Entry, IdempotencyKeys
from portone_emulator.payments import payments
from portone_emulator.state.containers import RecordDict, RecordList
from portone_emulator.state.json_values import JsonObject, format_datetime, parse_datetime
from portone_emulator.state.records import Payment
from portone_emulator.state.state import State
from portone_emulator.webhooks.delivery import Delivery
from portone_emulator.webhooks.queue import DeliveryQueue

FORMAT = "portone-async emulator state"
VERSION = 1
# Not saved: configuration, transient values, and what can be derived from the rest.
_NOT_SAVED = frozenset(
    {
        "document",
        "settings",
        "clock",
        "ids",
        "lock",
        "delivery_queue",
        "skips_webhook",
        "is_seeding",
    }
)
_STATE_TYPES: dict[str, Any] = {
    each.name: each.type for each in fields(resolve_types(State)) if each.name not in _NOT_SAVED
}
_WEBHOOKS, _KEYS = "webhooks", "idempotencyKeys"
PART_TYPES: dict[str, Any] = _STATE_TYPES | {
    _WEBHOOKS: RecordList[Delivery],
    _KEYS: RecordDict[str, Entry],
}
"""The types of all that is saved."""


class SnapshotError(ValueError):
    """The snapshot cannot be restored."""


def take(state: State, keys: IdempotencyKeys) -> JsonObject:
    """Return a snapshot of the state.

    Tokens are omitted: they are secrets, and easily requested again. Planned faults, errors and
    response changes are omitted, too: they belong to the test that planned them.
    """
    convert = new_converter().unstructure
    with state.lock:
        values = parts(state, keys)
        return assemble(
            header(state),
            {name: convert(value, PART_TYPES[name]) for name, value in values.items()},
        )


def parts(state: State, keys: IdempotencyKeys) -> dict[str, object]:
    """Return all that is saved, by name; `PART_TYPES` has the types."""
    return {
        **{name: getattr(state, name) for name in _STATE_TYPES},
        _WEBHOOKS: state.delivery_queue.deliveries,
        _KEYS: keys.finished,
    }


def header(state: State) -> JsonObject:
    """Return what a snapshot tells of itself and of the clock."""
    now = state.clock.now()
    return {
        "format": FORMAT,
        "version": VERSION,
        "storeId": state.settings.store_id,
        "now": format_datetime(now),
        "secondsAhead": (now - datetime.now(UTC)).total_seconds(),
        "run": state.ids.run,
    }


def assemble(header: JsonObject, parts: JsonObject) -> JsonObject:
    """Put a snapshot together from its header and the JSON of its parts."""
    rest = dict(parts)
    webhooks, keys = rest.pop(_WEBHOOKS, []), rest.pop(_KEYS, {})
    return {**header, "state": rest, _WEBHOOKS: webhooks, _KEYS: keys}


def restore(snapshot: JsonObject, state: State, keys: IdempotencyKeys) -> None:
    """Replace the state and the time by those of a snapshot, unless it cannot be read.

    Raises:
        SnapshotError: the snapshot is damaged, of another version or of another store.
    """
    _check(snapshot, state.settings.store_id)
    convert = _new_reader(state).structure
    try:
        # What is not saved, by an earlier version for example, is as in a new state.
        new = State(state.document, state.settings, state.clock, state.ids, state.lock)
        values = {name: getattr(new, name) for name in _STATE_TYPES} | {
            name: convert(each, _STATE_TYPES[name]) for name, each in snapshot["state"].items()
        }
        deliveries = convert(snapshot[_WEBHOOKS], PART_TYPES[_WEBHOOKS])
        delivery_queue = DeliveryQueue(deliveries=deliveries)
        entries = convert(snapshot[_KEYS], PART_TYPES[_KEYS])
        now = _now(snapshot, is_running=state.clock.is_running)
        run = int(snapshot["run"]) + 1
    except Exception as error:  # a damaged file can fail in any way
        raise SnapshotError(f"it is damaged ({type(error).__name__})") from error
    with state.lock:
        state.clear()
        for name, value in values.items():
            setattr(state, name, value)
        state.delivery_queue = delivery_queue
        state.clock.reset()
        state.clock.move_to(now)
        state.ids.restart(run)
        keys.restore(entries)


def _check(snapshot: JsonObject, store_id: str) -> None:
    if snapshot.get("format") != FORMAT:
        raise SnapshotError("it is not an emulator state file")
    if snapshot.get("version") != VERSION:
        raise SnapshotError(
            f"it has version {snapshot.get('version')!r}; this emulator reads version {VERSION}"
        )
    if snapshot.get("storeId") != store_id:
        raise SnapshotError(
            f"it belongs to the store {snapshot.get('storeId')!r}, not {store_id!r}"
        )


def _now(snapshot: JsonObject, *, is_running: bool) -> datetime:
    if is_running:
        return datetime.now(UTC) + timedelta(seconds=snapshot["secondsAhead"])
    return parse_datetime(snapshot["now"])


def new_converter(*, copies: bool = True) -> Converter:
    """Return a converter between the parts and their JSON.

    Without `copies`, JSON objects in the state are not copied: write them before it changes.
    """
    converter = Converter(unstruct_collection_overrides={deque: list})
    if not copies:
        converter.register_unstructure_hook_func(
            lambda kind: kind == JsonObject, lambda value: value
        )
    converter.register_unstructure_hook(datetime, format_datetime)
    converter.register_structure_hook(datetime, lambda text, _: parse_datetime(text))
    converter.register_unstructure_hook(bytes, lambda content: base64.b64encode(content).decode())
    converter.register_structure_hook(bytes, lambda text, _: base64.b64decode(text, validate=True))
    for base, writer, reader in (
        (RecordDict, _dict_writer, _dict_reader),
        (RecordList, _list_writer, _list_reader),
    ):
        converter.register_unstructure_hook_factory(
            partial(_is_a, base), partial(writer, converter)
        )
        converter.register_structure_hook_factory(partial(_is_a, base), partial(reader, converter))
    # A payment's view is derived from its attempts.
    converter.register_unstructure_hook(
        Payment, make_dict_unstructure_fn(Payment, converter, view=override(omit=True))
    )
    return converter


def _new_reader(state: State) -> Converter:
    """Return a converter that rebuilds the views of payments."""
    converter = new_converter()
    read = make_dict_structure_fn(Payment, converter)

    def read_payment(values: Any, kind: Any) -> Payment:
        payment = read(values, kind)
        payments.rebuild_view(state, payment)
        return payment

    converter.register_structure_hook(Payment, read_payment)
    return converter


def _is_a(base: type, kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, base)


def record_types(kind: Any) -> tuple[Any, ...]:
    """Return the type arguments of `RecordDict[...]`, `RecordList[...]` or a subclass of such."""
    return get_args(kind) or get_args(kind.__orig_bases__[0])


def _dict_writer(converter: Converter, kind: Any) -> Callable[[Any], object]:
    """Write a JSON object. Its keys are strings, so with tuples for keys it is a list of pairs."""
    key_type, value_type = record_types(kind)
    if key_type is str:
        return lambda values: {
            key: converter.unstructure(value, value_type) for key, value in values.items()
        }
    return lambda values: [
        [list(key), converter.unstructure(value, value_type)] for key, value in values.items()
    ]


def _dict_reader(converter: Converter, kind: Any) -> Callable[[Any, Any], object]:
    key_type, value_type = record_types(kind)

    def read(values: Any, _: object) -> object:
        records: RecordDict[Any, Any] = (get_origin(kind) or kind)()
        for key, value in values.items() if key_type is str else values:
            records[converter.structure(key, key_type)] = converter.structure(value, value_type)
        return records

    return read


def _list_writer(converter: Converter, kind: Any) -> Callable[[Any], object]:
    (value_type,) = record_types(kind)
    return lambda values: [converter.unstructure(value, value_type) for value in values]


def _list_reader(converter: Converter, kind: Any) -> Callable[[Any, Any], object]:
    (value_type,) = record_types(kind)
    new = get_origin(kind) or kind
    return lambda values, _: new([converter.structure(each, value_type) for each in values])
