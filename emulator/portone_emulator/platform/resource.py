"""Records that the API creates, changes, archives and schedules for change, from a description."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import Factory, frozen

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.platform import filters
from portone_emulator.platform.records import choose_id, graphql_id, is_for_test, records
from portone_emulator.state.containers import RecordsOfKind
from portone_emulator.state.index import Period, Selection
from portone_emulator.state.json_values import JsonObject, format_datetime, parse_datetime
from portone_emulator.state.state import State

Converter = Callable[[Any, str], Any]
"""Checks a value of a request and converts it to the record's. Takes its location for errors."""


@frozen(kw_only=True)
class Resource:
    """A kind of record: how its operations, fields and errors are called.

    `name` and `plural` are as in operation IDs, such as `Contract`, `error_name` as in error types.
    `converters` are for the fields that a record has in another form than a request.
    """

    name: str
    plural: str
    error_name: str
    id_taken: str
    converters: Mapping[str, Converter] = Factory(dict[str, Converter])

    @property
    def field(self) -> str:
        """The field of responses that has the record; also the kind of the records."""
        return self.name[0].lower() + self.name[1:]

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of the resource's operations."""
        name, scheduled = self.name, f"scheduled{self.name}"
        return {
            f"createPlatform{name}": lambda state, request: {
                self.field: self.create(state, request.body, test=is_for_test(request))
            },
            f"getPlatform{name}": self._get,
            f"getPlatform{self.plural}": self._list,
            f"updatePlatform{name}": self._update,
            f"archivePlatform{name}": self._archive,
            f"recoverPlatform{name}": self._recover,
            f"getPlatform{name}Schedule": self._get_schedule,
            f"cancelPlatform{name}Schedule": self._cancel_schedule,
            f"schedule{name}": lambda state, request: {scheduled: self._schedule(state, request)},
            f"reschedule{name}": lambda state, request: {
                scheduled: self._reschedule(state, request)
            },
        }

    def find(self, state: State, record_id: str, *, test: bool) -> JsonObject:
        """Return a record as it is now.

        Raises:
            EmulatedAPIError: PLATFORM_..._NOT_FOUND.
        """
        self._apply_schedule(state, record_id, test=test)
        record = records(state, self.field, test=test).get(record_id)
        if record is None:
            raise EmulatedAPIError(
                f"PLATFORM_{self.error_name}_NOT_FOUND", "there is none of this ID"
            )
        return record

    def exists(self, state: State, record_id: str, *, test: bool) -> bool:
        """Whether there is a record with this ID."""
        return record_id in records(state, self.field, test=test)

    def select(self, state: State, wanted: JsonObject, *, test: bool) -> Selection[str, JsonObject]:
        """Select the records that match filters; the archived only if asked for."""
        due = self._schedules(state, test=test).index.select(
            {}, Period("appliedAt", "", state.now())
        )
        for record_id in due.keys("appliedAt", is_ascending=True):
            self._apply_schedule(state, record_id, test=test)
        return filters.select(state, self.field, {"isArchived": False, **wanted}, test=test)

    def matching(self, state: State, wanted: JsonObject, *, test: bool) -> list[JsonObject]:
        """Return the records that match filters, the newest first."""
        selection = self.select(state, wanted, test=test)
        return filters.newest_first(state, self.field, selection, test=test)

    def create(self, state: State, body: JsonObject, *, test: bool) -> JsonObject:
        """Create a record.

        Raises:
            EmulatedAPIError: the ID is taken, or a value is invalid.
        """
        record_id = choose_id(state, self.field, body.get("id"))
        if self.exists(state, record_id, test=test):
            raise EmulatedAPIError(self.id_taken, "the ID is taken")
        record: JsonObject = {
            "id": record_id,
            "graphqlId": graphql_id(self.field, record_id),
            "isArchived": False,
            "isForTest": test,
            "appliedAt": state.now(),
            **self.convert(state, body, None, test=test),
        }
        self.save(state, record, body, test=test)
        return record

    def convert(
        self, state: State, body: JsonObject, current: JsonObject | None, *, test: bool
    ) -> JsonObject:
        """Return the fields that a request gives a record; `current` is what it changes, if any.

        Raises:
            EmulatedAPIError: a value is invalid.
        """
        del current, test
        given = state.document.pick(f"UpdatePlatform{self.name}Body", body)
        return {
            name: self.converters[name](value, f"body.{name}") if name in self.converters else value
            for name, value in given.items()
        }

    def save(self, state: State, record: JsonObject, body: JsonObject, *, test: bool) -> None:
        """Keep a record that is new or changed; `body` is the request's."""
        del body
        records(state, self.field, test=test)[record["id"]] = record

    def check_update(self, record: JsonObject, changes: JsonObject) -> None:
        """Check further rules of an update.

        Raises:
            EmulatedAPIError: the record cannot be changed like that.
        """

    def check_archive(self, state: State, record: JsonObject, *, test: bool) -> None:
        """Check further rules of archiving.

        Raises:
            EmulatedAPIError: the record cannot be archived.
        """

    def check_schedule(self, record: JsonObject) -> None:
        """Check further rules of scheduling.

        Raises:
            EmulatedAPIError: changes of the record cannot be scheduled.
        """

    def is_scheduled(self, state: State, record_id: str, *, test: bool) -> bool:
        """Whether an update is scheduled."""
        self._apply_schedule(state, record_id, test=test)
        return record_id in self._schedules(state, test=test)

    def plan_changes(
        self, state: State, record: JsonObject, body: JsonObject, *, test: bool
    ) -> JsonObject:
        """Return the scheduled changes of a request, with the time that they come into force.

        Raises:
            EmulatedAPIError: INVALID_REQUEST if the time is past, or a value is invalid.
        """
        applied_at = parse_datetime(body["appliedAt"])
        if applied_at <= state.clock.now():
            raise invalid("body.appliedAt", "must be in the future")
        changes = self.convert(state, body["update"], record, test=test)
        self.check_update(record, changes)
        return {**changes, "appliedAt": format_datetime(applied_at)}

    def put_schedules(
        self, state: State, schedules: Iterable[tuple[str, JsonObject]], *, test: bool
    ) -> None:
        """Keep scheduled changes, by the record's ID."""
        kept = self._schedules(state, test=test)
        for record_id, schedule in schedules:
            kept[record_id] = schedule

    def _schedules(self, state: State, *, test: bool) -> RecordsOfKind:
        return records(state, f"{self.field} schedule", test=test)

    def _apply_schedule(self, state: State, record_id: str, *, test: bool) -> None:
        """Apply a scheduled update that is due."""
        schedules = self._schedules(state, test=test)
        changes = schedules.get(record_id)
        if changes is not None and changes["appliedAt"] <= state.now():
            del schedules[record_id]
            record = records(state, self.field, test=test)[record_id]
            self.save(state, record | changes, {}, test=test)

    def _get(self, state: State, request: ParsedRequest) -> JsonObject:
        return self.find(state, request.path["id"], test=is_for_test(request))

    def _list(self, state: State, request: ParsedRequest) -> JsonObject:
        test = is_for_test(request)
        found = self.select(state, request.body.get("filter", {}), test=test)
        items, page = filters.page(state, self.field, found, request.body, test=test)
        return {"items": items, "page": page}

    def _find_active(self, state: State, request: ParsedRequest) -> JsonObject:
        record = self._get(state, request)
        if record["isArchived"]:
            raise EmulatedAPIError(f"PLATFORM_ARCHIVED_{self.error_name}", "it is archived")
        return record

    def _update(self, state: State, request: ParsedRequest) -> JsonObject:
        test = is_for_test(request)
        record = self._find_active(state, request)
        changes = self.convert(state, request.body, record, test=test)
        self.check_update(record, changes)
        updated = record | changes | {"appliedAt": state.now()}
        self.save(state, updated, request.body, test=test)
        return {self.field: updated}

    def _archive(self, state: State, request: ParsedRequest) -> JsonObject:
        test = is_for_test(request)
        record = self._get(state, request)
        if self.is_scheduled(state, record["id"], test=test):
            raise EmulatedAPIError(
                f"PLATFORM_CANNOT_ARCHIVE_SCHEDULED_{self.error_name}", "an update is scheduled"
            )
        self.check_archive(state, record, test=test)
        return self._set_archived(state, record, value=True, test=test)

    def _recover(self, state: State, request: ParsedRequest) -> JsonObject:
        record = self._get(state, request)
        return self._set_archived(state, record, value=False, test=is_for_test(request))

    def _set_archived(
        self, state: State, record: JsonObject, *, value: bool, test: bool
    ) -> JsonObject:
        changed = record | {"isArchived": value}
        records(state, self.field, test=test)[record["id"]] = changed
        return {self.field: changed}

    def _schedule(self, state: State, request: ParsedRequest) -> JsonObject:
        record = self._find_active(state, request)
        if self.is_scheduled(state, record["id"], test=is_for_test(request)):
            raise EmulatedAPIError(
                f"PLATFORM_{self.error_name}_SCHEDULE_ALREADY_EXISTS", "an update is scheduled"
            )
        return self._put_schedule(state, request, record)

    def _reschedule(self, state: State, request: ParsedRequest) -> JsonObject:
        self._get_schedule(state, request)
        return self._put_schedule(state, request, self._get(state, request))

    def _put_schedule(self, state: State, request: ParsedRequest, record: JsonObject) -> JsonObject:
        test = is_for_test(request)
        self.check_schedule(record)
        changes = self.plan_changes(state, record, request.body, test=test)
        self.put_schedules(state, [(record["id"], changes)], test=test)
        return record | changes

    def _get_schedule(self, state: State, request: ParsedRequest) -> JsonObject:
        """Return the record as it is going to be."""
        record = self._get(state, request)
        changes = self._schedules(state, test=is_for_test(request)).get(record["id"])
        if changes is None:
            raise EmulatedAPIError(
                f"PLATFORM_{self.error_name}_NOT_FOUND", "no update of it is scheduled"
            )
        return record | changes

    def _cancel_schedule(self, state: State, request: ParsedRequest) -> JsonObject:
        scheduled = self._get_schedule(state, request)
        del self._schedules(state, test=is_for_test(request))[scheduled["id"]]
        return {}
