"""What is answered to: why is (not) my class there? (RULES §6).

An answer holds names and e-mails of children: it is for an admin's screen, and its ``repr`` shows none.
``why`` is what a sync of what is stored finds on ``today``, ``group`` what was published; where the two do
not go together the next sync brings them together, and that is ``pending``. ``notes`` are what else there is
to know. ``as_of``: when ClassLink was last asked, in ms since 1970.
"""

from typing import TypeAlias

from msgspec import Struct

from rostersync.roster.discreet import Discreet
from rostersync.roster.explaining import (
    USER_LOST,
    Explanation,
    Who,
    Why,
    because,
    how_delivered,
    how_linked,
)
from rostersync.roster.explaining_class import Case
from rostersync.roster.groups import Group
from rostersync.roster.owners import SHARED_EMAIL
from rostersync.roster.records import IsoDate
from rostersync.roster.settings import RosterSettings
from rostersync.roster.terms import known_terms
from rostersync.steps.stored_roster import StoredOwner


class OwnerState(Discreet, frozen=True, kw_only=True):
    """A teacher as Senso knows them. ``linked_by`` is "" without a user.

    ``wanted`` is "" or how the last request for a user stands, ``refused`` Senso's reason.
    """

    owner_id: str
    given_name: str
    family_name: str
    email: str
    user_id: str
    linked_by: str
    wanted: str
    refused: str


class GroupState(Discreet, frozen=True, kw_only=True):
    """A group. ``delivery``: ``delivered`` to the user as it is now, ``due`` or ``user not linked``.

    ``version`` grows when it changes, by and large the time in ms since 1970 when it last did.
    """

    group_id: str
    name: str
    members: int
    version: int
    delivery: str


class TeachersClass(Discreet, frozen=True, kw_only=True):
    """A class that a teacher is enrolled on. ``members``: of the group, or that one would have."""

    class_id: str
    name: str
    school: str
    why: Why
    group: GroupState | None
    members: int
    pending: bool
    notes: tuple[Why, ...] = ()


class TeacherAnswer(Discreet, frozen=True, kw_only=True):
    """``owner`` is None when nobody has the e-mail; ``people`` are then those who go by it, each with why."""

    why: Explanation
    owner: OwnerState | None
    people: tuple[Who, ...]
    classes: tuple[TeachersClass, ...]
    today: IsoDate
    as_of: int
    notes: tuple[Why, ...] = ()


class Term(Struct, frozen=True, kw_only=True):
    """A session of a class; not ``counts``: unknown, inactive, without dates, or not looked at."""

    sourced_id: str
    title: str
    start_date: IsoDate
    end_date: IsoDate
    counts: bool


class ClassTeacher(Discreet, frozen=True, kw_only=True):
    """Who is enrolled on a class and not as a student, and whose groups it would be in."""

    who: Who
    owner: OwnerState | None
    group: GroupState | None


class ClassAnswer(Discreet, frozen=True, kw_only=True):
    """``members`` are the students who have no ``why``."""

    class_id: str
    why: Why
    today: IsoDate
    as_of: int
    title: str = ""
    class_code: str = ""
    school: str = ""
    active: bool = False
    terms: tuple[Term, ...] = ()
    teachers: tuple[ClassTeacher, ...] = ()
    students: tuple[Who, ...] = ()
    members: int = 0
    pending: bool = False
    notes: tuple[Why, ...] = ()


class StudentsClass(Discreet, frozen=True, kw_only=True):
    """A class that a student is enrolled on; in ``seen_by``'s groups of it the student is a member."""

    class_id: str
    title: str
    school: str
    why: Why
    seen_by: tuple[OwnerState, ...]
    pending: bool
    notes: tuple[Why, ...] = ()


class StudentAnswer(Discreet, frozen=True, kw_only=True):
    """``who.why`` is what keeps the student out of every group."""

    who: Who
    classes: tuple[StudentsClass, ...]
    today: IsoDate
    as_of: int
    notes: tuple[Why, ...] = ()


Answer: TypeAlias = TeacherAnswer | ClassAnswer | StudentAnswer


def owner_state(owner: StoredOwner, settings: RosterSettings) -> OwnerState:
    """Return an owner as an answer shows it; of one who has left only ids are known."""
    found, wanted = owner.found, owner.wanted
    email = found.owner.email if found.owner else ""
    return OwnerState(
        owner_id=found.owner_id,
        given_name=found.owner.given_name if found.owner else "",
        family_name=found.owner.family_name if found.owner else "",
        email=email,
        user_id=found.user_id,
        linked_by=how_linked(email, owner.user_email, settings, by_hand=found.by_hand)
        if found.user_id
        else "",
        wanted=wanted.state if wanted else "",
        refused=wanted.refused if wanted else "",
    )


def group_state(owner: StoredOwner, group: Group) -> GroupState:
    """Return one of an owner's groups, and whether Senso has it."""
    return GroupState(
        group_id=group.group_id,
        name=group.name,
        members=len(group.members),
        version=group.version,
        delivery=how_delivered(group, owner.delivered.due, linked=bool(owner.found.user_id)),
    )


def notes_on(owner: StoredOwner) -> tuple[Why, ...]:
    """Return what an admin should know of an owner (RULES 2.1, 2.4)."""
    shared = owner.found.owner is not None and owner.found.owner.shares_email
    lost = owner.delivered.link is not None and owner.delivered.link.lost
    return tuple(because(one) for one, holds in ((SHARED_EMAIL, shared), (USER_LOST, lost)) if holds)


def terms_of(case: Case) -> tuple[Term, ...]:
    """Return the sessions that a class names, and those that say when it is held."""
    counting = known_terms(case.roster.record, case.calendar)
    ids = dict.fromkeys((*case.roster.record.terms, *(one.sourced_id for one in counting)))
    found = {one: case.calendar.sessions.get(one) for one in ids}
    return tuple(
        Term(
            sourced_id=one,
            title=session.title if session else "",
            start_date=session.start_date if session else "",
            end_date=session.end_date if session else "",
            counts=session in counting,
        )
        for one, session in found.items()
    )
