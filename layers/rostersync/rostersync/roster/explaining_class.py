"""What one class yields, and for each of its people why (RULES §6), judged by the functions of a sync."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from rostersync.roster import reasons
from rostersync.roster.classes import (
    ClassOutcome,
    ClassRoster,
    Member,
    draft_groups,
    enrolled_on,
    is_teacher_role,
    too_large,
)
from rostersync.roster.discreet import Discreet
from rostersync.roster.explaining import (
    ENROLLMENT_ENDED,
    ENROLLMENT_NOT_BEGUN,
    OTHER_ROLE,
    UNRECOGNISED,
    Who,
    Why,
    because,
    who_is,
    why_no_student,
    why_owns_nothing,
)
from rostersync.roster.records import Enrollment, IsoDate, Person
from rostersync.roster.settings import RosterSettings
from rostersync.roster.terms import Calendar, known_terms


class Case(Discreet, frozen=True, kw_only=True):
    """A class and all that a sync looks at to say what it yields. ``today`` in the tenant's time zone.

    ``people`` and ``owner_of`` as ``draft_groups`` takes them. ``fits`` says whether members can be kept;
    not ``complete``: the enrollments could not, and there are none in ``roster``.
    """

    roster: ClassRoster
    people: Mapping[str, Person]
    owner_of: Mapping[str, str]
    calendar: Calendar
    settings: RosterSettings
    today: IsoDate
    fits: Callable[[Sequence[Member]], bool] = lambda _: True
    complete: bool = True

    def outcome(self) -> ClassOutcome:
        """Return what a sync would make of the class."""
        outcome = draft_groups(
            self.roster, self.people, self.owner_of, self.calendar, self.settings, self.today
        )
        kept = self.complete or outcome.reason != reasons.NO_MEMBERS
        return (
            outcome if kept and all(self.fits(one.members) for one in outcome.drafts) else too_large(outcome)
        )


class ClassExplained(Discreet, frozen=True, kw_only=True):
    """``why`` a class yields no group, ``owners``: why none for an owner enrolled as its teacher.

    ``teachers`` are all who are enrolled otherwise than as students; ``why`` of each says what keeps them
    from having, or from being in, a group of it, whatever becomes of the class.
    """

    why: Why
    owners: Mapping[str, Why]
    teachers: tuple[Who, ...]
    students: tuple[Who, ...]

    @property
    def members(self) -> int:
        """How many students are members, or would be if the class yielded a group."""
        return sum(not one.why.reason for one in self.students)

    @property
    def notes(self) -> tuple[Why, ...]:
        """What else there is to know: how many of them Senso cannot recognise (RULES 3.3)."""
        nameless = sum(not one.why.reason and not one.login for one in self.students)
        if not nameless:
            return ()
        text = f"{nameless} of {self.members} students have no login by which Senso could know them"
        return (Why(UNRECOGNISED, text, counts={UNRECOGNISED: nameless}),)

    def why_not_seen(self, sourced_id: str) -> Why:
        """Return why a student of the class is in no group of it; reason "" for who is."""
        (student,) = (one for one in self.students if one.sourced_id == sourced_id)
        return student.why if student.why.reason else self.why


def explain_class(case: Case) -> ClassExplained:
    """Explain what a class yields today, as a sync of what is stored would find it."""
    outcome = case.outcome()
    learning: dict[str, list[Enrollment]] = defaultdict(list)
    others: dict[str, list[Enrollment]] = defaultdict(list)
    for row in case.roster.enrollments:
        if row.active:
            (learning if row.role == "student" else others)[row.user_id].append(row)
    students = tuple(_as_student(case, one, learning[one]) for one in sorted(learning))
    teachers = tuple(_as_teacher(case, one, others[one]) for one in sorted(others))
    why = _why_class(case, outcome.reason, teachers, students)
    owners = {}
    for draft in outcome.drafts:
        owners[draft.owner_id] = why
        if draft.reason != outcome.reason:
            # It has one record or several here, as a teacher none of them today.
            mine = (one.why for one in teachers if case.owner_of.get(one.sourced_id) == draft.owner_id)
            owners[draft.owner_id] = replace(next(why for why in mine if why.on), reason=draft.reason)
    return ClassExplained(why=why, owners=owners, teachers=teachers, students=students)


def _why_class(case: Case, reason: str, teachers: Sequence[Who], students: Sequence[Who]) -> Why:
    terms = known_terms(case.roster.record, case.calendar)
    match reason:
        case reasons.TERM_NOT_BEGUN:
            return because(reason, min(one.start_date for one in terms if one.start_date > case.today))
        case reasons.TERM_OVER:
            return because(reason, max(one.end_date for one in terms))
        case reasons.NO_MEMBERS:
            return because(reason, people=students)
        case reasons.NO_TEACHER | reasons.NO_OWNER:
            return because(reason, people=teachers)
    return because(reason)


def _as_student(case: Case, sourced_id: str, rows: Sequence[Enrollment]) -> Who:
    person = case.people.get(sourced_id)
    why = why_no_student(person)
    return who_is(
        sourced_id, person, case.settings, why if why.reason else _why_not_enrolled(rows, case.today)
    )


def _as_teacher(case: Case, sourced_id: str, rows: Sequence[Enrollment]) -> Who:
    person = case.people.get(sourced_id)
    teaching = [row for row in rows if is_teacher_role(row.role, case.settings)]
    if not teaching:
        why = because(OTHER_ROLE)
    elif sourced_id not in case.owner_of:
        why = why_owns_nothing(person, case.settings)
    else:
        why = _why_not_enrolled(teaching, case.today)
    return who_is(sourced_id, person, case.settings, why)


def _why_not_enrolled(rows: Sequence[Enrollment], today: IsoDate) -> Why:
    """Return why none of somebody's enrollments on a class counts today; reason "" when one does."""
    if any(enrolled_on(row, today) for row in rows):
        return because("")
    if coming := [row.begin_date for row in rows if row.begin_date > today]:
        return because(ENROLLMENT_NOT_BEGUN, min(coming))
    return because(ENROLLMENT_ENDED, max(row.end_date for row in rows))
