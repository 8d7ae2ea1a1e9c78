"""Roster records as the domain knows them: OneRoster's, normalised, without what nobody needs.

Absent strings are ``""``, absent lists are ``()``. Dates are ISO ``YYYY-MM-DD`` strings, which compare in
the order of time; ``""`` is open. ``modified`` is the server's ``dateLastModified`` as it was sent: it picks
among repeated rows (RULES 1.1) and is never part of a record's meaning.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

COLLECTIONS: Final = ("orgs", "academicSessions", "courses", "classes", "teachers", "students", "enrollments")
"""OneRoster collections of a pull, in the order they are shown and pulled."""

PEOPLE_COLLECTIONS: Final = ("teachers", "students")

Collection: TypeAlias = Literal[
    "orgs", "academicSessions", "courses", "classes", "teachers", "students", "enrollments"
]
IsoDate: TypeAlias = str


class Org(Struct, frozen=True, kw_only=True, gc=False):
    """A school or another org. ``type`` in lower case."""

    sourced_id: str
    active: bool = True
    modified: str = ""
    name: str = ""
    type: str = ""
    identifier: str = ""
    parent: str = ""


class AcademicSession(Struct, frozen=True, kw_only=True, gc=False):
    """A term, semester, grading period or school year; ``end_date`` is included (RULES 1.5)."""

    sourced_id: str
    active: bool = True
    modified: str = ""
    title: str = ""
    type: str = ""
    start_date: IsoDate = ""
    end_date: IsoDate = ""
    school_year: str = ""
    parent: str = ""


class Course(Struct, frozen=True, kw_only=True, gc=False):
    """A course; ``school_year`` is the sourcedId of an academic session."""

    sourced_id: str
    active: bool = True
    modified: str = ""
    title: str = ""
    course_code: str = ""
    school_year: str = ""
    org: str = ""


class Class(Struct, frozen=True, kw_only=True, gc=False):
    """A class (section). ``course``, ``school`` and ``terms`` are sourcedIds."""

    sourced_id: str
    active: bool = True
    modified: str = ""
    title: str = ""
    class_type: str = ""
    class_code: str = ""
    location: str = ""
    course: str = ""
    school: str = ""
    terms: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()


class Person(Struct, frozen=True, kw_only=True, gc=False):
    """A teacher, a student, or an enrolled teacher read from ``/users/{id}``.

    ``collections`` says where the person was found, sorted: of ``teachers``, ``students``, ``users``.
    ``email`` is trimmed and otherwise as the server sent it; owners compare it normalised (RULES 2.1).
    """

    sourced_id: str
    active: bool = True
    modified: str = ""
    enabled: bool = True
    role: str = ""
    username: str = ""
    identifier: str = ""
    email: str = ""
    given_name: str = ""
    family_name: str = ""
    orgs: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()


class Enrollment(Struct, frozen=True, kw_only=True, gc=False):
    """A person on a class. Counts from ``begin_date`` up to, not including, ``end_date`` (RULES 1.4)."""

    sourced_id: str
    active: bool = True
    modified: str = ""
    class_id: str
    user_id: str
    role: str
    primary: bool = False
    begin_date: IsoDate = ""
    end_date: IsoDate = ""


Record: TypeAlias = Org | AcademicSession | Course | Class | Person | Enrollment


class SetAside(Struct, frozen=True, kw_only=True, gc=False):
    """A row that was not taken, and why. ``field`` and ``reason`` are our words, never the row's values."""

    collection: str
    sourced_id: str
    field: str
    reason: str
