"""The events on the bus, as both sides must write them (docs/integration-with-senso.md).

These models are the contract; ``docs/contracts/`` holds the JSON Schemas made of them, and a test keeps the
two in step. They are strict: an unknown field, a number where a text belongs or an id of another shape is
refused. A change that an old consumer would not understand is a new ``schemaVersion``.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from rostersync.errors import InvalidInput
from rostersync.parsing import FIELD, TENANT_ID_PATTERN
from rostersync.roster.identity import OWNER_ID_PATTERN
from rostersync.senso.attention import AttentionReason

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_QUOTING: Final = "union_tag_invalid"

SENSOS: Final = "senso.portal"
"""``source`` of the events that Senso sends."""

USERS_A_PAGE: Final = 500

TenantId = Annotated[str, Field(pattern=TENANT_ID_PATTERN)]
UserId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,99}$", description="Senso's id of a user, for good."),
]
RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+:=@-]{0,99}$")]
"""A run's id is one."""
OwnerId = Annotated[
    str, Field(pattern=OWNER_ID_PATTERN, description="Our id of a teacher; outlives a changed e-mail.")
]
GroupId = Annotated[
    str, Field(pattern=r"^g_[0-9a-f]{24}$", description="One teacher's copy of one class, for good.")
]
Email = Annotated[str, Field(max_length=1_000, description="As it is; compared trimmed and in lower case.")]
"""One over 254 characters is none (RFC 5321), and no reason to refuse a page of users."""

Version = Annotated[int, Field(ge=1, description="Only grows; of two events the greater one counts.")]
Text = Annotated[str, Field(max_length=1_000)]


def _exactly(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        # A literal compares by ==, and to Python True is 1.
        if type(value) is not kind:
            raise ValueError(f"should be of type {kind.__name__}")
        return value

    return check


_RFC_3339: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"


def _time(value: Any) -> datetime:
    # pydantic by itself takes seconds since 1970 for a time too, in a text as well.
    if isinstance(value, str) and re.fullmatch(_RFC_3339, value):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    raise ValueError("should be a time such as 2026-10-05T02:00:00Z")


Time = Annotated[
    AwareDatetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _RFC_3339}),
]


class Contract(BaseModel):
    """Part of an event: camelCase outside, nothing unknown, nothing of another type."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        # Built when it is first read or written: a function knows a few of these, not all.
        defer_build=True,
    )


class Event(Contract):
    """What every event carries."""

    schema_version: Annotated[Literal[1], BeforeValidator(_exactly(int))]
    tenant_id: TenantId


# -- We send ---------------------------------------------------------------------------------------------


class LinkedTo(Contract):
    """The owner's link. The greater ``id`` is the later link; ``userId`` null: the owner has no user."""

    id: Version
    user_id: UserId | None


class MemberOfGroup(Contract):
    """A student. ``login`` is how Senso knows the student, "" when it cannot."""

    sourced_id: Annotated[str, Field(min_length=1, max_length=255)]
    login: Text
    email: Text
    given_name: Text
    family_name: Text


class WholeGroup(Contract):
    """A group, or part ``part`` of ``parts`` of one: the members of all parts together are its members."""

    group_id: GroupId
    version: Version
    removed: Annotated[Literal[False], BeforeValidator(_exactly(bool))]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    name_version: Version
    part: Annotated[int, Field(ge=1)]
    parts: Annotated[int, Field(ge=1)]
    members: Annotated[tuple[MemberOfGroup, ...], Field(strict=False)]


class RemovedGroup(Contract):
    """A group that is no more."""

    group_id: GroupId
    version: Version
    removed: Annotated[Literal[True], BeforeValidator(_exactly(bool))]


class GroupsChanged(Event):
    """One owner's groups, each whole or removed, under one link. At least once and in any order."""

    owner_id: OwnerId
    link: LinkedTo
    groups: Annotated[tuple[WholeGroup | RemovedGroup, ...], Field(strict=False)]


class UsersRequested(Event):
    """Asks for all users of the tenant."""

    request_id: RequestId


class UserWanted(Event):
    """Asks for a user with this e-mail, which is its user name too."""

    request_id: RequestId
    owner_id: OwnerId
    email: Email
    given_name: Text
    family_name: Text
    role: Annotated[str, Field(min_length=1, max_length=100)]
    site: Annotated[str, Field(max_length=100)]


class AttentionNeeded(Event):
    """An admin has to look at something, ``needed``, or no more; ``reason`` and ``runId`` say which.

    ``runId`` is the run that found it; of ``stale`` the night's execution.
    """

    reason: AttentionReason
    run_id: RequestId
    needed: Annotated[bool, BeforeValidator(_exactly(bool))]


# -- Senso sends -----------------------------------------------------------------------------------------


class Answers(Contract):
    """The ``User Wanted`` that an event answers."""

    request_id: RequestId
    owner_id: OwnerId


class ListedUser(Contract):
    """One user of a list."""

    user_id: UserId
    email: Email


class UsersListed(Event):
    """Page ``page`` of ``pages`` of all users of the tenant as of one time; the pages in any order."""

    request_id: RequestId
    page: Annotated[int, Field(ge=1)]
    pages: Annotated[int, Field(ge=1, le=10_000)]
    as_of: Time
    users: Annotated[tuple[ListedUser, ...], Field(strict=False, max_length=USERS_A_PAGE)]


class UserAdded(Event):
    """A user came to be. ``at`` is the time of the change at Senso."""

    user_id: UserId
    email: Email
    at: Time
    answers: Answers | None = None


class UserChanged(Event):
    """A user has this e-mail now."""

    user_id: UserId
    email: Email
    at: Time


class UserRemoved(Event):
    """A user is no more."""

    user_id: UserId
    at: Time


class UserRefused(Event):
    """A user that we wanted will not be made; the admin is shown the reason."""

    answers: Answers
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    at: Time


SensosEvent: TypeAlias = UsersListed | UserAdded | UserChanged | UserRemoved | UserRefused

WE_SEND: Final[dict[str, type[Event]]] = {
    "Groups Changed": GroupsChanged,
    "Users Requested": UsersRequested,
    "User Wanted": UserWanted,
    "Attention Needed": AttentionNeeded,
}
"""By detail type."""

SENSO_SENDS: Final[dict[str, type[SensosEvent]]] = {
    "Users Listed": UsersListed,
    "User Added": UserAdded,
    "User Changed": UserChanged,
    "User Removed": UserRemoved,
    "User Refused": UserRefused,
}
"""By detail type."""


E = TypeVar("E", bound=Event)


def read_event(model: type[E], text: str | bytes) -> E:
    """Return an event's detail; raises ``InvalidInput``, which names fields and never shows a value."""
    try:
        detail = json.loads(text)
    except ValueError:
        raise InvalidInput("the event is not valid (it is not JSON)") from None
    try:
        # Not model_validate_json: of a field with an alias it lets the field's own name pass beside it.
        return model.model_validate(detail)
    except ValidationError as error:
        problems = "; ".join(f"{_named(problem['loc'])}: {_said(problem)}" for problem in error.errors())
        raise InvalidInput(f"the event is not valid ({problems})") from None


def _said(problem: "ErrorDetails") -> str:
    """Return pydantic's words for what is wrong, but for those that quote the value."""
    return "Input tag is none of the expected ones" if problem["type"] == _QUOTING else problem["msg"]


def _named(location: tuple[int | str, ...]) -> str:
    """Return a field's path; a key of the sender's own making is shown only if it looks like a field."""
    parts = (str(part) if FIELD.fullmatch(str(part)) else "an unknown field" for part in location)
    return ".".join(parts) or "detail"


def schema_of(detail_type: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an event's detail."""
    model = (WE_SEND | SENSO_SENDS)[detail_type]
    schema = _without_titles(model.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": detail_type, **schema}


def _without_titles(schema: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names; they say nothing more."""
    if isinstance(schema, Mapping):
        return {
            name: _without_titles(value)
            for name, value in schema.items()
            if name != "title" or not isinstance(value, str)
        }
    return [_without_titles(one) for one in schema] if isinstance(schema, list) else schema
