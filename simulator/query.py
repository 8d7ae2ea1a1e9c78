"""What a request asks of a collection: limit, offset, sort, filter and fields (ONEROSTER §5, §6)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 10_000


class BadQuery(Exception):
    """The request cannot be read."""


@dataclass(frozen=True)
class Collection:
    """Where a collection's rows are, and the name of the array they come in."""

    table: str
    envelope: str
    singular: str
    where: str = "1"


COLLECTIONS: Final = {
    "orgs": Collection("orgs", "orgs", "org"),
    "schools": Collection("orgs", "orgs", "org", "type = 'school'"),
    "academicSessions": Collection("academic_sessions", "academicSessions", "academicSession"),
    "terms": Collection("academic_sessions", "academicSessions", "academicSession", "type = 'term'"),
    "gradingPeriods": Collection(
        "academic_sessions", "academicSessions", "academicSession", "type = 'gradingPeriod'"
    ),
    "courses": Collection("courses", "courses", "course"),
    "classes": Collection("classes", "classes", "class"),
    "users": Collection("users", "users", "user"),
    "teachers": Collection("users", "users", "user", "in_teachers = 1"),
    "students": Collection("users", "users", "user", "in_students = 1"),
    "enrollments": Collection("enrollments", "enrollments", "enrollment"),
}

_COLUMNS: Final = {
    "sourcedId": "sourced_id",
    "status": "status",
    "dateLastModified": "modified",
    "name": "name",
    "type": "type",
    "identifier": "identifier",
    "title": "title",
    "startDate": "start_date",
    "endDate": "end_date",
    "beginDate": "begin_date",
    "courseCode": "course_code",
    "classCode": "class_code",
    "classType": "class_type",
    "location": "location",
    "username": "username",
    "enabledUser": "enabled_user",
    "givenName": "given_name",
    "familyName": "family_name",
    "role": "role",
    "email": "email",
    "primary": "is_primary",
    "parent.sourcedId": "parent",
    "course.sourcedId": "course",
    "school.sourcedId": "school",
    "class.sourcedId": "class_id",
    "user.sourcedId": "user_id",
}
_CONDITION: Final = re.compile(r"\s*([A-Za-z.]+)\s*(!=|>=|<=|=|>|<|~)\s*'([^']*)'\s*")
_JOINT: Final = re.compile(r"(?<=')\s+(AND|OR)\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """A request read: SQL's WHERE with its values, ORDER BY, and the window of rows asked for.

    ``limit`` is as asked, ``fields`` is empty for all of them. A filter that cannot be read finds nothing,
    with status 200, as on real servers.
    """

    limit: int
    offset: int
    where: str
    values: tuple[str, ...]
    order: str
    fields: tuple[str, ...]
    filtered: bool


def read_query(arguments: Mapping[str, str], collection: Collection, columns: tuple[str, ...]) -> Query:
    """Read a request's query; raises ``BadQuery`` for a limit or an offset that is none."""
    text = arguments.get("filter", "")
    where, values = _where(text, columns) if text else ("1", ())
    column = _COLUMNS.get(arguments.get("sort", ""), "")
    # An orderBy that is wrong is ignored, and so is a sort by what is not there.
    direction = "DESC" if arguments.get("orderBy", "").lower() == "desc" else "ASC"
    order = f"{column} {direction}, position {direction}" if column in columns else "position"
    return Query(
        limit=_whole(arguments, "limit", DEFAULT_LIMIT, at_least=1),
        offset=_whole(arguments, "offset", 0, at_least=0),
        where=f"{collection.where} AND ({where})",
        values=values,
        order=order,
        fields=tuple(name.strip() for name in arguments.get("fields", "").split(",") if name.strip()),
        filtered=bool(text),
    )


def _whole(arguments: Mapping[str, str], name: str, default: int, *, at_least: int) -> int:
    text = arguments.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < at_least:
        raise BadQuery(f"{name} is not a number from {at_least}")
    return int(text)


def _where(text: str, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    parts = _JOINT.split(text)
    conditions: list[str] = []
    values: list[str] = []
    for part, joint in zip(parts[::2], [*parts[1::2], ""], strict=True):
        found = _CONDITION.fullmatch(part)
        column = _COLUMNS.get(found[1]) if found else None
        if found is None or column not in columns:
            return "0", ()
        operator, value = found[2], found[3]
        if operator == "~":
            conditions.append(f"instr(lower({column}), lower(?)) > 0")
        else:
            conditions.append(f"{column} {operator} ?")
        conditions.append(joint.upper())
        values.append(value)
    return " ".join(conditions).strip(), tuple(values)
