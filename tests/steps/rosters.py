"""Rosters: a small one to start from, and strategies whose few ids collide, move, repeat and dangle."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from rostersync.roster.records import (
    COLLECTIONS,
    AcademicSession,
    Class,
    Course,
    Enrollment,
    Org,
    Person,
    Record,
    SetAside,
)
from tests.steps.driver import TODAY
from tests.steps.fake_server import FakeRosterServer

Roster: TypeAlias = dict[str, list[Record | SetAside]]
"""The rows of each collection, and under ``users`` those that are only read one by one."""

YEAR: Final = AcademicSession(
    sourced_id="year", title="Year", type="schoolYear", start_date="2026-08-01", end_date="2027-06-30"
)


def teacher(sourced_id: str, email: str | None = None, **fields: Any) -> Person:
    """Return a teacher; without another e-mail one made of the id."""
    return _person(sourced_id, "teacher", email, fields)


def student(sourced_id: str, email: str | None = None, **fields: Any) -> Person:
    """Return a student; without another e-mail one made of the id."""
    return _person(sourced_id, "student", email, fields)


def _person(sourced_id: str, role: str, email: str | None, fields: dict[str, Any]) -> Person:
    address = f"{sourced_id}@hill.example" if email is None else email
    named = {"given_name": "Fictional", "family_name": f"Family {sourced_id}", **fields}
    return Person(sourced_id=sourced_id, role=role, email=address, **named)


def section(sourced_id: str, title: str = "Art", **fields: Any) -> Class:
    """Return a class that is held this year."""
    return Class(sourced_id=sourced_id, title=title, **{"terms": ("year",), "school": "hill", **fields})


def enrolled(class_id: str, user_id: str, role: str = "student", **fields: Any) -> Enrollment:
    """Return an enrollment; without another id one made of class and user."""
    sourced_id = fields.pop("sourced_id", f"{class_id}/{user_id}")
    return Enrollment(sourced_id=sourced_id, class_id=class_id, user_id=user_id, role=role, **fields)


def aside(sourced_id: str, reason: str = "is no date", collection: str = "") -> SetAside:
    """Return a row that is set aside; the server that serves it says of which collection."""
    return SetAside(collection=collection, sourced_id=sourced_id, field="birthDate", reason=reason)


def small_roster() -> Roster:
    """Return a roster of two classes with a teacher and two students each; ``s2`` is on both."""
    return {
        "orgs": [Org(sourced_id="hill", name="Hill", type="school")],
        "academicSessions": [YEAR],
        "courses": [Course(sourced_id="arts", title="Arts", school_year="year")],
        "classes": [section("c1"), section("c2", "Music")],
        "teachers": [teacher("t1"), teacher("t2")],
        "students": [student("s1"), student("s2"), student("s3")],
        "enrollments": [
            enrolled("c1", "t1", "teacher"),
            enrolled("c1", "s1"),
            enrolled("c1", "s2"),
            enrolled("c2", "t2", "teacher"),
            enrolled("c2", "s2"),
            enrolled("c2", "s3"),
        ],
    }


def serve(roster: Roster, **changes: Iterable[Record | SetAside]) -> FakeRosterServer:
    """Return a server of a roster, some of whose collections are other ones."""
    rows = {**roster, **changes}
    users = [row for row in rows.pop("users", ()) if isinstance(row, (Person, SetAside))]
    return FakeRosterServer(rows, users)


# -- Any roster ------------------------------------------------------------------------------------------


def _mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Draw the usual value nine times of ten, so that a roster with many fields still yields groups."""
    return st.sampled_from([usual] * 9 * len(others) + list(others))


_modified = st.sampled_from(["", "2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z"])
_yes = _mostly(True, False)
_TEACHERS: Final = ("t1", "t2", "t3", "x")
_STUDENTS: Final = ("s1", "s2", "s3", "x")
_EMAILS: Final = ("ada@hill.example", "bo@hill.example", "cy@hill.example")
_DATES: Final = ("2026-09-01", TODAY, "2027-01-01")


def _org(sourced_id: str) -> st.SearchStrategy[Record]:
    return st.builds(Org, sourced_id=st.just(sourced_id), name=st.sampled_from(["Hill", "Dale"]))


def _session(sourced_id: str) -> st.SearchStrategy[Record]:
    return st.builds(
        AcademicSession,
        sourced_id=st.just(sourced_id),
        active=_yes,
        title=st.sampled_from(["Fall", "Spring"]),
        start_date=_mostly("2026-08-01", "", "2027-02-01"),
        end_date=_mostly("2027-06-30", "", "2026-09-01"),
    )


def _course(sourced_id: str) -> st.SearchStrategy[Record]:
    return st.builds(
        Course, sourced_id=st.just(sourced_id), school_year=st.sampled_from(["", "year", "over"])
    )


def _class(sourced_id: str) -> st.SearchStrategy[Record]:
    return st.builds(
        Class,
        sourced_id=st.just(sourced_id),
        active=_yes,
        modified=_modified,
        title=_mostly("Art", "Music", ""),
        class_code=st.sampled_from(["", "A-1", "A-2"]),
        course=st.sampled_from(["", "arts", "nowhere"]),
        school=st.sampled_from(["", "o1", "o2"]),
        terms=_mostly(("year",), (), ("over",), ("nowhere",), ("over", "year")),
        periods=st.sampled_from([(), ("1",), ("2",)]),
    )


def _somebody(sourced_id: str, usual: str) -> st.SearchStrategy[Record]:
    return st.builds(
        Person,
        sourced_id=st.just(sourced_id),
        active=_yes,
        enabled=_yes,
        modified=_modified,
        username=st.sampled_from(["", "user"]),
        email=_mostly(usual, *_EMAILS, " ADA@hill.example", "", "none"),
        family_name=_mostly("Fictional", "Invented", ""),
    )


def _teacher(sourced_id: str) -> st.SearchStrategy[Record]:
    return _somebody(sourced_id, _EMAILS[ord(sourced_id[-1]) % len(_EMAILS)])


def _student(sourced_id: str) -> st.SearchStrategy[Record]:
    return _somebody(sourced_id, f"{sourced_id}@pupils.example")


def _enrollment(sourced_id: str) -> st.SearchStrategy[Record]:
    number = int(sourced_id[1:])
    usual = "teacher" if number < 3 else "student"
    people = _TEACHERS if number < 3 else _STUDENTS
    return st.builds(
        Enrollment,
        sourced_id=st.just(sourced_id),
        active=_yes,
        modified=_modified,
        class_id=_mostly(f"c{number % 2 + 1}", "c1", "c2", "c3", "nowhere"),
        user_id=_mostly(people[number % 3], *_TEACHERS, *_STUDENTS, "u", "nobody"),
        role=_mostly(usual, "teacher", "student", "aide"),
        primary=st.booleans(),
        begin_date=_mostly("", *_DATES),
        end_date=_mostly("", *_DATES),
    )


_SLOTS: Final[dict[str, tuple[Callable[[str], st.SearchStrategy[Record]], tuple[str, ...]]]] = {
    "orgs": (_org, ("o1", "o2")),
    "academicSessions": (_session, ("year", "over")),
    "courses": (_course, ("arts",)),
    "classes": (_class, ("c1", "c2", "c3")),
    "teachers": (_teacher, _TEACHERS),
    "students": (_student, _STUDENTS),
    "enrollments": (_enrollment, tuple(f"e{number}" for number in range(9))),
    "users": (_teacher, ("u",)),
}


@st.composite
def rosters(draw: st.DrawFn, *, repeats: bool = True) -> Roster:
    """Any small roster, repeated ids among its rows: those cost further pulls when pages are small."""
    roster: Roster = {}
    for collection, (record, ids) in _SLOTS.items():
        roster[collection] = [draw(record(one)) for one in ids if draw(_yes)]
        if repeats and collection != "users":
            again = draw(st.lists(st.sampled_from(ids), max_size=2))
            roster[collection] += [draw(record(one)) for one in again]
    return roster


@st.composite
def dirty_rosters(draw: st.DrawFn) -> Roster:
    """Any small roster, some of whose rows are set aside; some of these have no id."""
    roster = draw(rosters())
    for collection in COLLECTIONS:
        rows = st.builds(
            aside, st.sampled_from(["", *_SLOTS[collection][1]]), st.sampled_from(["is no date", "guardian"])
        )
        roster[collection] += draw(st.lists(rows, max_size=2))
    return roster
