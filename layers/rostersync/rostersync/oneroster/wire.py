"""The shapes of OneRoster 1.1 and 1.2 as they come, for msgspec: only the fields we need (ONEROSTER §8, §9).

A field that is not named here is skipped by the decoder and never becomes a Python object: passwords, phones
and guardians do not enter the process's memory as values.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

Text: TypeAlias = str | int | float | bool | None
"""Any scalar: identifiers come as numbers, booleans as strings, absent values as ``""`` or null."""


class Reference(Struct, gc=False):
    """A reference to another record. Its ``href`` is never followed, so it is never read."""

    sourcedId: Text = None  # noqa: N815 - OneRoster's name


One: TypeAlias = Reference | Text
Many: TypeAlias = Sequence[One] | Reference | Text
Texts: TypeAlias = Sequence[Text] | Text


class Role(Struct, gc=False):
    """A role of OneRoster 1.2."""

    role: Text = None
    roleType: Text = None  # noqa: N815 - OneRoster's name
    org: One = None


Roles: TypeAlias = Sequence[Role | Text] | Role | Text


class Wired(Struct, rename="camel", gc=False):
    """What every record carries."""

    sourced_id: Text = None
    status: Text = None
    date_last_modified: Text = None


class WiredOrg(Wired, rename="camel"):
    """An org."""

    name: Text = None
    type: Text = None
    identifier: Text = None
    parent: One = None


class WiredSession(Wired, rename="camel"):
    """An academic session."""

    title: Text = None
    type: Text = None
    start_date: Text = None
    end_date: Text = None
    school_year: Text = None
    parent: One = None


class WiredCourse(Wired, rename="camel"):
    """A course."""

    title: Text = None
    course_code: Text = None
    school_year: One = None
    org: One = None


class WiredClass(Wired, rename="camel"):
    """A class."""

    title: Text = None
    class_type: Text = None
    class_code: Text = None
    location: Text = None
    course: One = None
    school: One = None
    terms: Many = None
    periods: Texts = None


class WiredUser(Wired, rename="camel"):
    """A user. ``roles`` and ``primaryOrg`` are 1.2's, ``role`` and ``orgs`` 1.1's; both occur together."""

    enabled_user: Text = None
    role: Text = None
    roles: Roles = None
    username: Text = None
    identifier: Text = None
    email: Text = None
    given_name: Text = None
    family_name: Text = None
    orgs: Many = None
    primary_org: One = None


class WiredEnrollment(Wired, rename="camel"):
    """An enrollment."""

    class_: One = field(default=None, name="class")
    user: One = None
    role: Text = None
    primary: Text = None
    begin_date: Text = None
    end_date: Text = None


WIRED: Final[dict[str, type[Wired]]] = {
    "orgs": WiredOrg,
    "academicSessions": WiredSession,
    "courses": WiredCourse,
    "classes": WiredClass,
    "users": WiredUser,
    "enrollments": WiredEnrollment,
}
"""The shape of each resource."""

RESOURCES: Final = {
    "orgs": "orgs",
    "academicSessions": "academicSessions",
    "courses": "courses",
    "classes": "classes",
    "teachers": "users",
    "students": "users",
    "users": "users",
    "enrollments": "enrollments",
}
"""The envelope's name for each path: the resource's (ONEROSTER §4)."""

_COMMON: Final = ("sourcedId", "status", "dateLastModified")
_USER: Final = ("enabledUser", "username", "identifier", "email", "givenName", "familyName")

_ROLES: Final = ("role", "roles", "orgs")
# Of either version's ways to say who somebody is both are asked for: servers mix them (ONEROSTER §8.5), and a
# guardian must not pass for a student because the role was not among the fields.

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "orgs": (*_COMMON, "name", "type", "identifier", "parent"),
    "academicSessions": (*_COMMON, "title", "type", "startDate", "endDate", "schoolYear", "parent"),
    "courses": (*_COMMON, "title", "courseCode", "schoolYear", "org"),
    "classes": (
        *_COMMON,
        "title",
        "classType",
        "classCode",
        "location",
        "course",
        "school",
        "terms",
        "periods",
    ),
    "teachers": (*_COMMON, *_USER, *_ROLES),
    "students": (*_COMMON, *_USER, *_ROLES),
    "users": (*_COMMON, *_USER, *_ROLES),
    "enrollments": (*_COMMON, "class", "user", "role", "primary", "beginDate", "endDate"),
}
"""What ``fields=`` asks of a OneRoster 1.1 server, for each collection."""

FIELDS_1_2: Final[dict[str, tuple[str, ...]]] = FIELDS | dict.fromkeys(
    ("teachers", "students", "users"), (*_COMMON, *_USER, *_ROLES, "primaryOrg")
)
"""The same for OneRoster 1.2."""
