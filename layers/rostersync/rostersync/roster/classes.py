"""What one class yields: a draft of a group for each of its teachers, or the reason why there is none."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from rostersync.roster import reasons
from rostersync.roster.records import Class, Enrollment, IsoDate, Person
from rostersync.roster.settings import RosterSettings
from rostersync.roster.terms import Calendar, has_known_term, term_title, why_not_current

MAX_MEMBERS: Final = 5_000
"""A class with more yields no group: its membership is kept in one item (DESIGN §5)."""

_AIDES: Final = frozenset({"aide", "proctor"})


class ClassRoster(Struct, frozen=True):
    """A class as it is stored: the record and its active enrollments, sorted by sourcedId."""

    record: Class
    enrollments: tuple[Enrollment, ...] = ()


class Member(Struct, frozen=True, gc=False):
    """A student of a group (RULES 3.3). ``login`` is "" when Senso cannot recognise the student."""

    sourced_id: str
    login: str
    email: str
    given_name: str
    family_name: str


class Draft(Struct, frozen=True):
    """What one owner's copy of one class would be, before it is told apart from the owner's others.

    ``reason`` is "" for a draft that becomes a group, and only such a one has members, sorted by sourcedId.
    ``period``, ``location``, ``class_code`` and ``term`` tell classes apart by name and do not depend on
    the date. ``term`` and ``course`` are titles, ``school`` is a sourcedId.
    """

    owner_id: str
    class_id: str
    title: str
    class_code: str = ""
    location: str = ""
    period: str = ""
    term: str = ""
    course: str = ""
    school: str = ""
    reason: str = ""
    members: tuple[Member, ...] = ()


class ClassOutcome(Struct, frozen=True):
    """``reason`` is "" for a class that yields groups, else one of ``reasons.CLASS_REASONS``.

    ``no_term``: it is active and nothing says when it is held. ``dangling`` counts active enrollments whose
    person is not in the roster, ``unrecognised`` the members, of a class that yields groups, without login.
    """

    reason: str
    drafts: tuple[Draft, ...]
    no_term: bool = False
    dangling: int = 0
    unrecognised: int = 0


def enrolled_on(enrollment: Enrollment, today: IsoDate) -> bool:
    """Say whether an enrollment counts: from its begin up to, not including, its end date (RULES 1.4)."""
    return (
        enrollment.active
        and enrollment.begin_date <= today
        and (not enrollment.end_date or today < enrollment.end_date)
    )


def is_teacher_role(role: str, settings: RosterSettings) -> bool:
    """Say whether who is enrolled with this role is a teacher of the class (RULES 1.2)."""
    return role == "teacher" or (settings.aides_own_groups and role in _AIDES)


def login_of(person: Person, settings: RosterSettings) -> str:
    """Return the name by which Senso knows a student, "" when there is none (RULES 3.3)."""
    match settings.login:
        case "email":
            return person.email
        case "username":
            return person.username
        case "identifier":
            return person.identifier
        case "email-local-part":
            return person.email.rpartition("@")[0]
        case _:
            return person.email or person.username


def draft_groups(
    roster: ClassRoster,
    people: Mapping[str, Person],
    owner_of: Mapping[str, str],
    calendar: Calendar,
    settings: RosterSettings,
    today: IsoDate,
) -> ClassOutcome:
    """Draft a group of the class for each owner enrolled on it as teacher, now or at another time.

    ``people`` by sourcedId (who is not in it is unknown), ``owner_of`` maps a teacher's sourcedId to an owner
    id. An owner with several teacher records gets one draft. Who is enrolled as teacher and as student on
    one class is both: an owner by the first, a member by the second if also in ``/students``.
    """
    record = roster.record
    active = [enrollment for enrollment in roster.enrollments if enrollment.active]
    teaching = [enrollment for enrollment in active if is_teacher_role(enrollment.role, settings)]
    students = _students(active, people, today)
    reason = _class_reason(record, calendar, settings, today) or _people_reason(
        students, _teachers_now(teaching, people, today), owner_of
    )
    members = () if reason else tuple(_member(students[key], settings) for key in sorted(students))
    return ClassOutcome(
        reason=reason,
        drafts=_drafts(record, teaching, owner_of, calendar, today, reason, members),
        no_term=record.active and not has_known_term(record, calendar),
        dangling=sum(enrollment.user_id not in people for enrollment in active),
        unrecognised=sum(not member.login for member in members),
    )


def too_large(outcome: ClassOutcome) -> ClassOutcome:
    """Return what a class yields whose members cannot be kept: no group, reason *too large*."""
    return replace(
        outcome,
        reason=reasons.TOO_LARGE,
        drafts=tuple(replace(draft, reason=reasons.TOO_LARGE, members=()) for draft in outcome.drafts),
        unrecognised=0,
    )


def _class_reason(record: Class, calendar: Calendar, settings: RosterSettings, today: IsoDate) -> str:
    if not record.active:
        return reasons.INACTIVE
    if why := why_not_current(record, calendar, settings, today):
        return why
    if not settings.homerooms and record.class_type.lower() == "homeroom":
        return reasons.HOMEROOM
    if record.school and record.school in settings.schools_excluded:
        return reasons.SCHOOL_LEFT_OUT
    return ""


def _people_reason(students: Mapping[str, Person], teachers: set[str], owner_of: Mapping[str, str]) -> str:
    if not students:
        return reasons.NO_MEMBERS
    if len(students) > MAX_MEMBERS:
        return reasons.TOO_LARGE
    if not teachers:
        return reasons.NO_TEACHER
    if not any(teacher in owner_of for teacher in teachers):
        return reasons.NO_OWNER
    return ""


def _students(
    enrollments: list[Enrollment], people: Mapping[str, Person], today: IsoDate
) -> dict[str, Person]:
    """Return who is a member (RULES 1.3): enrolled as student today, and an active student of the roster."""
    students: dict[str, Person] = {}
    for enrollment in enrollments:
        if enrollment.role == "student" and enrolled_on(enrollment, today):
            person = people.get(enrollment.user_id)
            if person is not None and _counts(person) and "students" in person.collections:
                students[person.sourced_id] = person
    return students


def _teachers_now(teaching: list[Enrollment], people: Mapping[str, Person], today: IsoDate) -> set[str]:
    return {
        enrollment.user_id
        for enrollment in teaching
        if enrolled_on(enrollment, today)
        and (person := people.get(enrollment.user_id)) is not None
        and _counts(person)
    }


def _counts(person: Person) -> bool:
    return person.active and person.enabled


def _member(person: Person, settings: RosterSettings) -> Member:
    return Member(
        sourced_id=person.sourced_id,
        login=login_of(person, settings),
        email=person.email,
        given_name=person.given_name,
        family_name=person.family_name,
    )


def _drafts(
    record: Class,
    teaching: list[Enrollment],
    owner_of: Mapping[str, str],
    calendar: Calendar,
    today: IsoDate,
    reason: str,
    members: tuple[Member, ...],
) -> tuple[Draft, ...]:
    teaches_now: dict[str, bool] = {}
    for enrollment in teaching:
        owner = owner_of.get(enrollment.user_id)
        if owner is not None:
            teaches_now[owner] = teaches_now.get(owner, False) or enrolled_on(enrollment, today)
    if not teaches_now:
        return ()
    course = calendar.courses.get(record.course)
    period = ", ".join(record.periods)
    term = term_title(record, calendar)
    drafts = []
    for owner in sorted(teaches_now):
        why = reason or ("" if teaches_now[owner] else reasons.TEACHER_NOT_ENROLLED_NOW)
        drafts.append(
            Draft(
                owner_id=owner,
                class_id=record.sourced_id,
                title=record.title,
                class_code=record.class_code,
                location=record.location,
                period=period,
                term=term,
                course=course.title if course is not None else "",
                school=record.school,
                reason=why,
                members=() if why else members,
            )
        )
    return tuple(drafts)
